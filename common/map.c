// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "common/map.h"

struct map_slot {
	uint64_t key;
	uint32_t value; /* MAP_NONE: the slot is free */
};

static struct map_slot *find_slot(const struct map *map, uint64_t key)
{
	size_t mask = map->n_slots - 1;
	size_t i = map_hash(key) & mask;

	while (map->slots[i].value != MAP_NONE && map->slots[i].key != key)
		i = (i + 1) & mask;
	return &map->slots[i];
}

static int map_rehash(struct map *map, size_t n_slots)
{
	struct map grown = {.n_slots = n_slots, .n_used = map->n_used};

	grown.slots = reallocarray(NULL, n_slots, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (size_t i = 0; i < n_slots; i++)
		grown.slots[i].value = MAP_NONE;
	for (size_t i = 0; i < map->n_slots; i++) {
		if (map->slots[i].value != MAP_NONE)
			*find_slot(&grown, map->slots[i].key) = map->slots[i];
	}
	free(map->slots);
	*map = grown;
	return 0;
}

uint32_t map_get(const struct map *map, uint64_t key)
{
	return map->n_slots ? find_slot(map, key)->value : MAP_NONE;
}

int map_put(struct map *map, uint64_t key, uint32_t value)
{
	struct map_slot *slot;
	int error;

	if (map->n_used >= map->n_slots / 4 * 3) {
		error = map_rehash(map, map->n_slots ? map->n_slots * 2 : 64);
		if (error)
			return error;
	}
	slot = find_slot(map, key);
	map->n_used += slot->value == MAP_NONE;
	slot->key = key;
	slot->value = value;
	return 0;
}

void map_fini(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}
