/* SPDX-License-Identifier: MIT */
/*
 * Sums of blocks and bytes under 64-bit keys: the cells of a cube, of a matrix of
 * threads, of a map of sizes and lifetimes. Dies if memory runs out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sum {
	uint64_t key;
	double blocks, bytes;
};

/* A zeroed struct sums is empty. */
struct sums {
	struct sum *slots; /* those without blocks are free */
	size_t n_slots;    /* a power of two, or 0 */
	size_t n;          /* sums that it has */
};

/* Add to the sum of a key. More than 0 blocks. */
void sums_add(struct sums *sums, uint64_t key, double blocks, double bytes);

/* Move the sums to the front of `slots`, sorted by key, and return them: sums->n in all.
 * Nothing can be added any more. */
struct sum *sums_sort(struct sums *sums);

/* Find a sum after sums_sort. Returns NULL if there is none. */
const struct sum *sums_find(const struct sums *sums, uint64_t key);

void sums_fini(struct sums *sums);
