// SPDX-License-Identifier: MIT
/*
 * A hash table from what makes a lot to its number in the batch; a row notes the
 * number. Sorting is then counting: one more pass over the rows.
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

void lots_fini(struct lots *l)
{
	free(l->lots);
	free(l->rows);
	free(l->row_lots);
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
static int find_lot(struct lots *l, const struct lot *key, uint32_t *number)
{
	uint64_t hash = hash_lot(key);
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
	bool ended = row->lifetime_ns >= 0;

	return (struct lot){
		.sampled_size = sampled ? row->size + 1 : 0,
		.free_size = row->free_size != row->size ? row->free_size : 0,
		.stack = row->stack,
		.free_stack = ended ? row->free_stack : 0,
		.alloc_thread = row->alloc_thread,
		.free_thread = ended ? row->free_thread : 0,
		.leak_owner = row->leak_owner,
		.end = row->end,
		.ended = ended,
		.temporary = row->temporary,
		.leak = row->leak,
	};
}

static int count_rows(struct lots *l, const struct pair_row *rows, size_t n_rows,
		      bool sampled)
{
	for (size_t i = 0; i < n_rows; i++) {
		struct lot key = make_key(&rows[i], sampled);
		uint32_t number;

		if (find_lot(l, &key, &number))
			return -ENOMEM;
		l->lots[number].n_rows++;
		l->lots[number].bytes += rows[i].size;
		l->row_lots[i] = number;
	}
	return 0;
}

static int place_rows(struct lots *l, const struct pair_row *rows)
{
	uint32_t *next = calloc(l->n_lots + 1, sizeof(*next));

	if (!next)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_lots; i++)
		next[i + 1] = next[i] + l->lots[i].n_rows;
	for (size_t i = 0; i < l->n_rows; i++) {
		l->rows[next[l->row_lots[i]]++] = (struct lot_row){
			.alloc_ns = rows[i].alloc_ns,
			.lifetime_ns = rows[i].lifetime_ns,
			.size = rows[i].size,
			.address = rows[i].address,
		};
	}
	free(next);
	return 0;
}

int lots_sort(struct lots *l, const struct pair_row *rows, size_t n_rows, bool sampled)
{
	l->n_lots = 0;
	l->n_rows = n_rows;
	if (array_grow((void **)&l->rows, &l->n_rows_max, n_rows, sizeof(*l->rows)) ||
	    array_grow((void **)&l->row_lots, &l->n_row_lots_max, n_rows,
		       sizeof(*l->row_lots)) ||
	    set_slots(l, l->n_slots ? l->n_slots : FIRST_SLOTS) ||
	    count_rows(l, rows, n_rows, sampled))
		return -ENOMEM;
	return place_rows(l, rows);
}
