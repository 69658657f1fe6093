// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "common/array.h"
#include "trace/reader.h"

#include "analysis/scan.h"

/* Blocks come by address: where they begin anew another scan was left unfinished. */
static bool begins_anew(const struct scan_blocks *blocks, uint64_t address)
{
	return blocks->n_blocks &&
	       address <= blocks->blocks[blocks->n_blocks - 1].address;
}

int scan_take_leak(struct scan *s, const struct rhp_record *record)
{
	uint64_t kind = record->c & 0xff;

	if (array_grow((void **)&s->begun.blocks, &s->begun.n_max, s->begun.n_blocks + 1,
		       sizeof(*s->begun.blocks)))
		return -ENOMEM;
	if (begins_anew(&s->begun, rhp_address(record)))
		s->begun.n_blocks = 0;
	if (kind >= RHP_N_LEAK_KINDS)
		kind = RHP_LEAK_UNKNOWN;
	s->begun.blocks[s->begun.n_blocks++] = (struct scan_block){
		.address = rhp_address(record),
		.kind = kind,
		.owner = kind == RHP_LEAK_INDIRECT ? record->c >> 8 : 0,
	};
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct scan_block *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

void scan_take_end(struct scan *s, const struct reader_blob *blob)
{
	struct scan_blocks spare = s->whole;
	int error = (int)(blob->b >> 32 & UINT16_MAX);

	/* A failure is said in another stream, so the order is that of the clock. */
	if (error && blob->c >= s->failed_ticks) {
		s->failed_ticks = blob->c;
		s->error = error;
	}
	if (!error)
		s->flags |= (uint32_t)(blob->b >> 48);
	if (error || blob->c < s->ticks)
		return;
	/* The program writes them in this order; who knows who wrote this trace? */
	if (s->begun.n_blocks)
		qsort(s->begun.blocks, s->begun.n_blocks, sizeof(*s->begun.blocks),
		      compare);
	s->whole = s->begun;
	s->begun = spare;
	s->begun.n_blocks = 0;
	s->ticks = blob->c ? blob->c : 1;
	s->other_threads = (uint32_t)blob->b;
}

int scan_failure(const struct scan *s)
{
	return s->failed_ticks >= s->ticks ? s->error : 0;
}

static bool is_below(const void *block, const void *address)
{
	return ((const struct scan_block *)block)->address < *(const uint64_t *)address;
}

const struct scan_block *scan_find(const struct scan *s, uint64_t address)
{
	size_t low = array_lower_bound(s->whole.blocks, s->whole.n_blocks,
				       sizeof(*s->whole.blocks), &address, is_below);

	return low < s->whole.n_blocks && s->whole.blocks[low].address == address
		       ? &s->whole.blocks[low]
		       : NULL;
}

void scan_fini(struct scan *s)
{
	free(s->whole.blocks);
	free(s->begun.blocks);
}
