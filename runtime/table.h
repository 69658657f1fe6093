/* SPDX-License-Identifier: MIT */
/*
 * A hash table that is read without a lock, grows, and never forgets: keys of
 * two words to values of two words. Readers may run in a signal handler on top
 * of a writer. Used for unwind rules, and by the tree of stacks (nodes.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "contract/format.h"
#include "runtime/os-lock.h"

struct rhp_table_entry {
	rhp_u64 key[2]; /* key[0] is never 0 in use, and is written last */
	uint64_t value[2];
};

struct rhp_slots;

struct rhp_table {
	struct rhp_slots *slots; /* acquire to read, release to replace */
	struct rhp_lock lock;    /* for writers; the callers take it */
};

/* Copies the value of a key. False if the key is not there, and perhaps if the table grew
 * meanwhile: a caller to whom it matters asks again under the lock. Async-signal-safe. */
HIDDEN bool rhp_table_find(const struct rhp_table *t, const uint64_t key[2],
			   uint64_t value[2]);

/* Empties the table. Nobody may read or write it meanwhile. */
HIDDEN void rhp_table_clear(struct rhp_table *t);

/*
 * Adds a key that is not there; the caller holds t->lock. When the table must
 * grow, entries with key[1] < oldest are dropped. Returns 0, or -ENOMEM with
 * the table as it was.
 */
HIDDEN int rhp_table_add(struct rhp_table *t, const uint64_t key[2],
			 const uint64_t value[2], uint64_t oldest);
