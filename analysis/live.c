// SPDX-License-Identifier: MIT
/*
 * Open addressing with linear probing, no tombstones: taking a block out moves the ones
 * behind it up. Memory is what a load needs most, so a slot is packed, and the map is 64
 * maps, by the hash: each grows a little at a time, and while one is copied only that is
 * there twice.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "analysis/live.h"

#define FIRST_SLOTS 16

/* Of a struct live_block; address 0: the slot is free. */
struct live_slot {
	uint64_t address : 56;
	uint64_t thread_high : 8;
	uint64_t size : 48;
	uint64_t thread_low : 16;
	int64_t alloc_ns;
	uint32_t stack, chain;
};

#define MAX_SIZE ((UINT64_C(1) << 48) - 1)
#define MAX_THREAD ((UINT32_C(1) << 24) - 1)

static_assert(sizeof(struct live_slot) == 32, "two on a cache line");

static struct live_slot pack(const struct live_block *block)
{
	uint32_t thread = block->thread <= MAX_THREAD ? block->thread : 0;

	return (struct live_slot){
		.address = block->address & ((UINT64_C(1) << 56) - 1),
		.thread_high = thread >> 16,
		.thread_low = thread & 0xffff,
		.size = block->size <= MAX_SIZE ? block->size : MAX_SIZE,
		.alloc_ns = block->alloc_ns,
		.stack = block->stack,
		.chain = block->chain,
	};
}

static struct live_block unpack(const struct live_slot *slot)
{
	return (struct live_block){
		.address = slot->address,
		.size = slot->size,
		.alloc_ns = slot->alloc_ns,
		.stack = slot->stack,
		.thread = (uint32_t)slot->thread_high << 16 | slot->thread_low,
		.chain = slot->chain,
	};
}

static uint64_t hash_address(uint64_t address)
{
	return address * UINT64_C(0x9e3779b97f4a7c15);
}

static size_t part_of(uint64_t hash)
{
	return hash >> 58;
}

/* The hash's lower bits, scaled to the number of slots: that is any number. */
static size_t home_slot(const struct live_part *part, uint64_t hash)
{
	return (size_t)((hash >> 26 & UINT32_MAX) * part->n_slots >> 32);
}

static size_t next_slot(const struct live_part *part, size_t i)
{
	return i + 1 == part->n_slots ? 0 : i + 1;
}

/* The slot of an address, or the free one where it would go. */
static size_t find_slot(const struct live_part *part, uint64_t hash, uint64_t address)
{
	size_t i = home_slot(part, hash);

	while (part->slots[i].address != 0 && part->slots[i].address != address)
		i = next_slot(part, i);
	return i;
}

static int part_grow(struct live_part *part)
{
	struct live_part grown = {
		.n_slots = part->n_slots + part->n_slots / 4 + FIRST_SLOTS,
		.n_blocks = part->n_blocks,
	};

	if (grown.n_slots > UINT32_MAX)
		return -ENOMEM;
	grown.slots = calloc(grown.n_slots, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (size_t i = 0; i < part->n_slots; i++) {
		uint64_t address = part->slots[i].address;

		if (address)
			grown.slots[find_slot(&grown, hash_address(address), address)] =
				part->slots[i];
	}
	free(part->slots);
	*part = grown;
	return 0;
}

void live_expect(const struct live *live, uint64_t address)
{
	uint64_t hash = hash_address(address);
	const struct live_part *part = &live->parts[part_of(hash)];

	if (part->n_slots)
		__builtin_prefetch(&part->slots[home_slot(part, hash)], 1);
}

uint32_t live_guess_stack(const struct live *live, uint64_t address)
{
	uint64_t hash = hash_address(address);
	const struct live_part *part = &live->parts[part_of(hash)];

	return part->n_slots ? part->slots[home_slot(part, hash)].stack : 0;
}

int live_put(struct live *live, const struct live_block *block, struct live_block *old)
{
	uint64_t hash = hash_address(block->address);
	struct live_part *part = &live->parts[part_of(hash)];
	size_t i;
	int taken;

	/* 70 % full at the most, 56 % when it has just grown */
	if (part->n_blocks * 10 >= part->n_slots * 7) {
		int error = part_grow(part);

		if (error)
			return error;
	}
	i = find_slot(part, hash, block->address);
	taken = part->slots[i].address != 0;
	if (taken)
		*old = unpack(&part->slots[i]);
	part->slots[i] = pack(block);
	part->n_blocks += !taken;
	return taken;
}

static size_t distance(const struct live_part *part, size_t from, size_t to)
{
	return to >= from ? to - from : to + part->n_slots - from;
}

/* Close the gap at slot i: a block may move there unless that is before its
 * home slot. */
static void close_gap(struct live_part *part, size_t i)
{
	for (size_t j = next_slot(part, i); part->slots[j].address;
	     j = next_slot(part, j)) {
		size_t home = home_slot(part, hash_address(part->slots[j].address));

		if (distance(part, home, j) >= distance(part, i, j)) {
			part->slots[i] = part->slots[j];
			i = j;
		}
	}
	part->slots[i].address = 0;
}

bool live_take(struct live *live, uint64_t address, struct live_block *block)
{
	uint64_t hash = hash_address(address);
	struct live_part *part = &live->parts[part_of(hash)];
	size_t i;

	if (part->n_blocks == 0)
		return false;
	i = find_slot(part, hash, address);
	if (part->slots[i].address == 0)
		return false;
	*block = unpack(&part->slots[i]);
	close_gap(part, i);
	part->n_blocks--;
	return true;
}

bool live_find(const struct live *live, uint64_t address, struct live_block *block)
{
	uint64_t hash = hash_address(address);
	const struct live_part *part = &live->parts[part_of(hash)];
	size_t i;

	if (part->n_blocks == 0)
		return false;
	i = find_slot(part, hash, address);
	if (part->slots[i].address == 0)
		return false;
	*block = unpack(&part->slots[i]);
	return true;
}

bool live_walk(const struct live *live, struct live_cursor *at, struct live_block *block)
{
	for (; at->part < LIVE_PARTS; at->part++, at->slot = 0) {
		const struct live_part *part = &live->parts[at->part];

		while (at->slot < part->n_slots) {
			const struct live_slot *slot = &part->slots[at->slot++];

			if (slot->address) {
				*block = unpack(slot);
				return true;
			}
		}
	}
	return false;
}

static int compare_slots(const void *left, const void *right)
{
	const struct live_slot *a = left, *b = right;

	if (a->alloc_ns != b->alloc_ns)
		return a->alloc_ns < b->alloc_ns ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

/* Put the blocks of a part at its start, sorted. */
static void sort_part(struct live_part *part)
{
	size_t n = 0;

	for (size_t i = 0; i < part->n_slots; i++) {
		if (part->slots[i].address)
			part->slots[n++] = part->slots[i];
	}
	if (n)
		qsort(part->slots, n, sizeof(*part->slots), compare_slots);
	part->n_slots = n;
}

void live_sort(struct live *live)
{
	for (size_t i = 0; i < LIVE_PARTS; i++)
		sort_part(&live->parts[i]);
}

bool live_next(struct live *live, struct live_block *block)
{
	struct live_part *first = NULL;

	for (size_t i = 0; i < LIVE_PARTS; i++) {
		struct live_part *part = &live->parts[i];

		if (part->n_taken < part->n_slots &&
		    (!first || compare_slots(&part->slots[part->n_taken],
					     &first->slots[first->n_taken]) < 0))
			first = part;
	}
	if (first)
		*block = unpack(&first->slots[first->n_taken++]);
	return first;
}

void live_fini(struct live *live)
{
	for (size_t i = 0; i < LIVE_PARTS; i++)
		free(live->parts[i].slots);
	*live = (struct live){0};
}
