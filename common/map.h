/* SPDX-License-Identifier: MIT */
/*
 * A map from 64-bit keys to 32-bit values, for numbers that come from outside
 * and so cannot index an array. Open addressing; nothing is ever removed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MAP_NONE UINT32_MAX

struct map {
	struct map_slot *slots;
	size_t n_slots; /* a power of two, or 0 */
	size_t n_used;
};

/* Return the value of a key, or MAP_NONE. A zeroed struct map is empty. */
uint32_t map_get(const struct map *map, uint64_t key);

/* Set the value of a key, which must not be MAP_NONE. Returns 0 or -ENOMEM. */
int map_put(struct map *map, uint64_t key, uint32_t value);

void map_fini(struct map *map);

/* Return a hash of an integer. All bits of it are equally good. */
static inline uint64_t map_hash(uint64_t key)
{
	key ^= key >> 32;
	key *= UINT64_C(0xd6e8feb86659fd93);
	key ^= key >> 32;
	key *= UINT64_C(0xd6e8feb86659fd93);
	return key ^ key >> 32;
}
