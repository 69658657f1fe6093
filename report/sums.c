// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/map.h"
#include "report/memory.h"

#include "report/sums.h"

static struct sum *find_slot(const struct sums *s, uint64_t key)
{
	size_t i = map_hash(key) & (s->n_slots - 1);

	while (s->slots[i].blocks > 0 && s->slots[i].key != key)
		i = (i + 1) & (s->n_slots - 1);
	return &s->slots[i];
}

static void grow(struct sums *s)
{
	struct sum *old = s->slots;
	size_t n_old = s->n_slots;

	s->n_slots = n_old ? n_old * 2 : 256;
	s->slots = memory_new(s->n_slots, sizeof(*s->slots));
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].blocks > 0)
			*find_slot(s, old[i].key) = old[i];
	}
	free(old);
}

void sums_add(struct sums *s, uint64_t key, double blocks, double bytes)
{
	struct sum *slot;

	if (s->n * 3 >= s->n_slots * 2)
		grow(s);
	slot = find_slot(s, key);
	s->n += !(slot->blocks > 0);
	slot->key = key;
	slot->blocks += blocks;
	slot->bytes += bytes;
}

static int compare_keys(const void *left, const void *right)
{
	const struct sum *a = left, *b = right;

	return (a->key > b->key) - (a->key < b->key);
}

struct sum *sums_sort(struct sums *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_slots; i++) {
		if (s->slots[i].blocks > 0)
			s->slots[n++] = s->slots[i];
	}
	if (n)
		qsort(s->slots, n, sizeof(*s->slots), compare_keys);
	return s->slots;
}

static bool is_before(const void *element, const void *key)
{
	return ((const struct sum *)element)->key < *(const uint64_t *)key;
}

const struct sum *sums_find(const struct sums *s, uint64_t key)
{
	size_t i = array_lower_bound(s->slots, s->n, sizeof(*s->slots), &key, is_before);

	return i < s->n && s->slots[i].key == key ? &s->slots[i] : NULL;
}

void sums_fini(struct sums *s)
{
	free(s->slots);
}
