// SPDX-License-Identifier: MIT
/*
 * Open addressing with linear probing, at most 2/3 full, no tombstones: taking
 * a block out moves the ones behind it up. A free slot has address 0.
 */
#include <errno.h>
#include <stdlib.h>

#include "rheaper-load/live.h"

static size_t home_slot(const struct live *live, uint64_t address)
{
	return (size_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> live->shift);
}

/* The slot of an address, or the free one where it would go. */
static size_t find_slot(const struct live *live, uint64_t address)
{
	size_t i = home_slot(live, address);

	while (live->slots[i].address != 0 && live->slots[i].address != address)
		i = (i + 1) & (live->n_slots - 1);
	return i;
}

static int live_grow(struct live *live)
{
	struct live grown = {.n_slots = 1024, .shift = 54, .n_blocks = live->n_blocks};

	if (live->n_slots) {
		grown.n_slots = live->n_slots * 2;
		grown.shift = live->shift - 1;
	}
	grown.slots = calloc(grown.n_slots, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (size_t i = 0; i < live->n_slots; i++) {
		if (live->slots[i].address)
			grown.slots[find_slot(&grown, live->slots[i].address)] =
				live->slots[i];
	}
	free(live->slots);
	*live = grown;
	return 0;
}

int live_put(struct live *live, const struct live_block *block, struct live_block *old)
{
	size_t i;
	int taken;

	if (live->n_blocks >= live->n_slots / 3 * 2) {
		int error = live_grow(live);

		if (error)
			return error;
	}
	i = find_slot(live, block->address);
	taken = live->slots[i].address != 0;
	if (taken)
		*old = live->slots[i];
	live->slots[i] = *block;
	live->n_blocks += !taken;
	return taken;
}

/* Close the gap at slot i: a block may move there unless that is before its
 * home slot. */
static void close_gap(struct live *live, size_t i)
{
	size_t mask = live->n_slots - 1;

	for (size_t j = (i + 1) & mask; live->slots[j].address; j = (j + 1) & mask) {
		size_t home = home_slot(live, live->slots[j].address);

		if (((j - home) & mask) >= ((j - i) & mask)) {
			live->slots[i] = live->slots[j];
			i = j;
		}
	}
	live->slots[i].address = 0;
}

bool live_take(struct live *live, uint64_t address, struct live_block *block)
{
	size_t i;

	if (live->n_blocks == 0)
		return false;
	i = find_slot(live, address);
	if (live->slots[i].address == 0)
		return false;
	*block = live->slots[i];
	close_gap(live, i);
	live->n_blocks--;
	return true;
}

static int compare_blocks(const void *left, const void *right)
{
	const struct live_block *a = left, *b = right;

	if (a->alloc_ns != b->alloc_ns)
		return a->alloc_ns < b->alloc_ns ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

struct live_block *live_sort(struct live *live, size_t *n_blocks)
{
	size_t n = 0;

	for (size_t i = 0; i < live->n_slots; i++) {
		if (live->slots[i].address)
			live->slots[n++] = live->slots[i];
	}
	if (n)
		qsort(live->slots, n, sizeof(*live->slots), compare_blocks);
	live->n_blocks = 0;
	*n_blocks = n;
	return live->slots;
}

void live_fini(struct live *live)
{
	free(live->slots);
	*live = (struct live){0};
}
