// SPDX-License-Identifier: MIT
/*
 * A hash table from what makes a lot to its number; a row notes the number. Sorting is
 * then counting: one more pass over the rows.
 *
 * A program that allocates from half a million stacks in turn has one block of each in a
 * batch: then a lot of one block costs more than the block. So batches are put together
 * until lots are large, or as long as memory may serve.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/pair.h"
#include "common/array.h"

#include "database/lots.h"

#define KEY_SIZE offsetof(struct lot, n_rows)
#define FIRST_SLOTS 4096
#define ROWS_OF_LOT 32 /* on average, from which on what they share costs little */
#define MAX_ROWS ((size_t)1 << 24)
#define TOGETHER 16

void lots_fini(struct lots *l)
{
	free(l->lots);
	free(l->rows);
	free(l->row_lots);
	free(l->order);
	free(l->slots);
}

static uint64_t hash_lot(const struct lot *lot)
{
	uint64_t words[KEY_SIZE / 8];
	uint64_t hash = 0;

	static_assert(KEY_SIZE % 8 == 0, "no padding in the key");
	memcpy(words, lot, KEY_SIZE);
	for (size_t i = 0; i < KEY_SIZE / 8; i++)
		hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ hash >> 29;
	return hash ^ hash >> 32;
}

/* The slot of a lot, or the free one where it goes. */
static uint64_t *find_slot(const struct lots *l, const struct lot *lot, uint64_t hash)
{
	size_t mask = l->n_slots - 1;
	uint64_t mark = hash & UINT64_C(0xffffffff00000000);
	size_t i = hash & mask;

	while (l->slots[i] &&
	       ((l->slots[i] ^ mark) > UINT32_MAX ||
		memcmp(&l->lots[(uint32_t)l->slots[i] - 1], lot, KEY_SIZE) != 0))
		i = (i + 1) & mask;
	return &l->slots[i];
}

static int set_slots(struct lots *l, size_t n)
{
	uint64_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(l->slots);
	l->slots = slots;
	l->n_slots = n;
	for (size_t i = 0; i < l->n_lots; i++) {
		uint64_t hash = hash_lot(&l->lots[i]);

		*find_slot(l, &l->lots[i], hash) =
			(hash & UINT64_C(0xffffffff00000000)) | (i + 1);
	}
	return 0;
}

/* The lot's number from 0 into *number. */
static int find_lot(struct lots *l, const struct lot *key, uint64_t hash,
		    uint32_t *number)
{
	uint64_t *slot = find_slot(l, key, hash);

	if (*slot) {
		*number = (uint32_t)*slot - 1;
		return 0;
	}
	if (array_grow((void **)&l->lots, &l->n_lots_max, l->n_lots + 1,
		       sizeof(*l->lots)))
		return -ENOMEM;
	*number = (uint32_t)l->n_lots;
	l->lots[l->n_lots++] = *key;
	*slot = (hash & UINT64_C(0xffffffff00000000)) | l->n_lots;
	return l->n_lots > l->n_slots / 2 ? set_slots(l, l->n_slots * 2) : 0;
}

static struct lot make_key(const struct pair_row *row, bool sampled)
{
	bool ended = row->lifetime_ns >= 0 && row->end != BLOCK_RELEASED;

	return (struct lot){
		.sampled_size = sampled ? row->size + 1 : 0,
		.free_size = row->free_size != row->size ? row->free_size : 0,
		.stack = row->stack,
		.free_stack = ended ? row->free_stack : 0,
		.alloc_thread = row->alloc_thread,
		.free_thread = ended ? row->free_thread : 0,
		.leak_owner = row->leak_owner,
		.inside = row->inside,
		.end = row->end,
		.ended = ended,
		.temporary = row->temporary,
		.leak = row->leak,
	};
}

static int add_row(struct lots *l, const struct pair_row *row, const struct lot *key,
		   uint64_t hash)
{
	uint32_t number;

	if (find_lot(l, key, hash, &number))
		return -ENOMEM;
	l->lots[number].n_rows++;
	l->lots[number].bytes += row->size;
	l->row_lots[l->n_rows] = number;
	l->rows[l->n_rows++] = (struct lot_row){
		.alloc_ns = row->alloc_ns,
		.lifetime_ns = row->lifetime_ns,
		.size = row->size,
		.address = row->address,
	};
	return 0;
}

/* Where there are many lots, each look-up waits for memory: so some wait together. */
static int add_some(struct lots *l, const struct pair_row *rows, size_t n, bool sampled)
{
	struct lot keys[TOGETHER];
	uint64_t hashes[TOGETHER];

	for (size_t i = 0; i < n; i++) {
		keys[i] = make_key(&rows[i], sampled);
		hashes[i] = hash_lot(&keys[i]);
		__builtin_prefetch(&l->slots[hashes[i] & (l->n_slots - 1)]);
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t number = (uint32_t)l->slots[hashes[i] & (l->n_slots - 1)];

		if (number)
			__builtin_prefetch(&l->lots[number - 1], 1);
	}
	for (size_t i = 0; i < n; i++) {
		if (add_row(l, &rows[i], &keys[i], hashes[i]))
			return -ENOMEM;
	}
	return 0;
}

int lots_add(struct lots *l, const struct pair_row *rows, size_t n_rows, bool sampled)
{
	if (array_reserve((void **)&l->rows, &l->n_rows_max, l->n_rows + n_rows,
			  sizeof(*l->rows)) ||
	    array_reserve((void **)&l->row_lots, &l->n_row_lots_max, l->n_rows + n_rows,
			  sizeof(*l->row_lots)) ||
	    (!l->slots && set_slots(l, FIRST_SLOTS)))
		return -ENOMEM;
	for (size_t i = 0; i < n_rows; i += TOGETHER) {
		size_t n = n_rows - i < TOGETHER ? n_rows - i : TOGETHER;

		if (add_some(l, rows + i, n, sampled))
			return -ENOMEM;
	}
	return 0;
}

bool lots_are_full(const struct lots *l)
{
	return l->n_rows >= ROWS_OF_LOT * l->n_lots || l->n_rows >= MAX_ROWS;
}

static int compare_lots(const void *left, const void *right, void *context)
{
	const struct lot *lots = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (lots[a].stack != lots[b].stack)
		return lots[a].stack < lots[b].stack ? -1 : 1;
	return a < b ? -1 : 1;
}

/* Put the lots into the order of their stacks, as an index has them; set places[i] to
 * where the rows of what was lot i begin. */
static int sort_lots(struct lots *l, uint32_t *places)
{
	uint32_t *numbers = calloc(l->n_lots + 1, sizeof(*numbers));
	struct lot *sorted = calloc(l->n_lots + 1, sizeof(*sorted));
	uint32_t place = 0;

	if (!numbers || !sorted) {
		free(numbers);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < l->n_lots; i++)
		numbers[i] = (uint32_t)i;
	qsort_r(numbers, l->n_lots, sizeof(*numbers), compare_lots, l->lots);
	for (size_t i = 0; i < l->n_lots; i++) {
		sorted[i] = l->lots[numbers[i]];
		places[numbers[i]] = place;
		place += sorted[i].n_rows;
	}
	free(numbers);
	free(l->lots);
	l->lots = sorted;
	l->n_lots_max = l->n_lots + 1;
	return 0;
}

int lots_sort(struct lots *l)
{
	uint32_t *places = calloc(l->n_lots + 1, sizeof(*places));
	int error = -ENOMEM;

	if (places && !array_reserve((void **)&l->order, &l->n_order_max, l->n_rows + 1,
				     sizeof(*l->order)))
		error = sort_lots(l, places);
	for (size_t i = 0; i < l->n_rows && !error; i++)
		l->order[places[l->row_lots[i]]++] = (uint32_t)i;
	free(places);
	return error;
}

void lots_clear(struct lots *l)
{
	l->n_lots = l->n_rows = 0;
	if (l->slots)
		memset(l->slots, 0, l->n_slots * sizeof(*l->slots));
}
