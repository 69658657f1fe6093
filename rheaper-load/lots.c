// SPDX-License-Identifier: MIT
/*
 * A hash table from what makes a lot to its number in the batch; a row notes the
 * number. Sorting is then counting: one pass over the rows.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/map.h"

#include "rheaper-load/lots.h"

#define KEY_SIZE offsetof(struct lot, n_rows)

struct lots {
	struct batch_row *rows;
	uint32_t *row_lots;
	size_t n_rows;
	struct lot *lots;
	size_t n_lots, n_lots_max;
	struct chain *chains;
	size_t n_chains, n_chains_max;
	uint32_t *slots; /* 1 + lot, or 0 */
	size_t n_slots;  /* a power of two */
};

struct lots *lots_new(void)
{
	struct lots *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->n_slots = 1024;
	l->rows = malloc(BATCH_MAX_ROWS * sizeof(*l->rows));
	l->row_lots = malloc(BATCH_MAX_ROWS * sizeof(*l->row_lots));
	l->slots = calloc(l->n_slots, sizeof(*l->slots));
	if (!l->rows || !l->row_lots || !l->slots) {
		lots_free(l);
		return NULL;
	}
	return l;
}

void lots_free(struct lots *l)
{
	if (!l)
		return;
	free(l->rows);
	free(l->row_lots);
	free(l->lots);
	free(l->chains);
	free(l->slots);
	free(l);
}

static size_t hash_lot(const struct lot *lot)
{
	uint64_t words[KEY_SIZE / 8];
	uint64_t hash = 0;

	static_assert(KEY_SIZE % 8 == 0, "no padding in the key");
	memcpy(words, lot, KEY_SIZE);
	for (size_t i = 0; i < KEY_SIZE / 8; i++)
		hash = (hash ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ hash >> 29;
	return (size_t)(hash ^ hash >> 32);
}

static uint32_t *find_slot(const struct lots *l, const struct lot *lot)
{
	size_t mask = l->n_slots - 1;
	size_t i = hash_lot(lot) & mask;

	while (l->slots[i] && memcmp(&l->lots[l->slots[i] - 1], lot, KEY_SIZE) != 0)
		i = (i + 1) & mask;
	return &l->slots[i];
}

static int grow_slots(struct lots *l)
{
	uint32_t *slots = calloc(l->n_slots * 2, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(l->slots);
	l->slots = slots;
	l->n_slots *= 2;
	for (size_t i = 0; i < l->n_lots; i++)
		*find_slot(l, &l->lots[i]) = (uint32_t)i + 1;
	return 0;
}

/* The lot's number from 0 into *number. */
static int find_lot(struct lots *l, const struct lot *key, uint32_t *number)
{
	uint32_t *slot = find_slot(l, key);

	if (*slot) {
		*number = *slot - 1;
		return 0;
	}
	if (array_grow((void **)&l->lots, &l->n_lots_max, l->n_lots + 1,
		       sizeof(*l->lots)))
		return -ENOMEM;
	*number = (uint32_t)l->n_lots;
	l->lots[l->n_lots++] = *key;
	*slot = *number + 1;
	return l->n_lots > l->n_slots / 2 ? grow_slots(l) : 0;
}

int lots_add(struct lots *l, const struct pair_row *row, bool sampled)
{
	bool ended = row->lifetime_ns >= 0;
	struct lot key = {
		.sampled_size = sampled ? row->size + 1 : 0,
		.free_size = row->free_size != row->size ? row->free_size : 0,
		.stack = row->stack,
		.free_stack = ended ? row->free_stack : 0,
		.alloc_thread = row->alloc_thread,
		.free_thread = ended ? row->free_thread : 0,
		.end = row->end,
		.ended = ended,
		.temporary = row->temporary,
	};
	uint32_t number;

	if (find_lot(l, &key, &number))
		return -ENOMEM;
	l->lots[number].n_rows++;
	l->lots[number].bytes += row->size;
	l->row_lots[l->n_rows] = number;
	l->rows[l->n_rows++] = (struct batch_row){
		.alloc_ns = row->alloc_ns,
		.lifetime_ns = row->lifetime_ns,
		.size = row->size,
		.address = row->address,
	};
	return 0;
}

int lots_add_chain(struct lots *l, const struct chain *chain)
{
	if (array_grow((void **)&l->chains, &l->n_chains_max, l->n_chains + 1,
		       sizeof(*l->chains)))
		return -ENOMEM;
	l->chains[l->n_chains++] = *chain;
	return 0;
}

bool lots_is_full(const struct lots *l)
{
	return l->n_rows == BATCH_MAX_ROWS;
}

#define SWAP(a, b)                                                                       \
	do {                                                                             \
		__typeof__(a) swapped = a;                                               \
		a = b;                                                                   \
		b = swapped;                                                             \
	} while (0)

int lots_move(struct lots *l, struct batch *batch)
{
	uint32_t *next = calloc(l->n_lots + 1, sizeof(*next));

	if (!batch->rows)
		batch->rows = malloc(BATCH_MAX_ROWS * sizeof(*batch->rows));
	if (!next || !batch->rows) {
		free(next);
		return -ENOMEM;
	}
	for (size_t i = 0; i < l->n_lots; i++)
		next[i + 1] = next[i] + l->lots[i].n_rows;
	for (size_t i = 0; i < l->n_rows; i++)
		batch->rows[next[l->row_lots[i]]++] = l->rows[i];
	free(next);
	batch->n_rows = l->n_rows;
	batch->n_lots = l->n_lots;
	batch->n_chains = l->n_chains;
	SWAP(batch->lots, l->lots);
	SWAP(batch->n_lots_max, l->n_lots_max);
	SWAP(batch->chains, l->chains);
	SWAP(batch->n_chains_max, l->n_chains_max);
	l->n_rows = l->n_lots = l->n_chains = 0;
	memset(l->slots, 0, l->n_slots * sizeof(*l->slots));
	return 0;
}

void batch_fini(struct batch *batch)
{
	free(batch->rows);
	free(batch->lots);
	free(batch->chains);
}
