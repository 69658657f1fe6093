// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/pair.h"
#include "analysis/scan.h"
#include "common/array.h"
#include "common/text.h"
#include "contract/packed.h"
#include "trace/reader.h"

#include "analysis/heap.h"

static void forget(struct heap_snapshot *s)
{
	free(s->name);
	free(s->blocks);
	free(s->first);
	free(s->targets);
	free(s->offsets);
	free(s->roots);
	*s = (struct heap_snapshot){0};
}

/* Records without a GRAPH: its child was killed, and the program says so elsewhere. */
static void drop_begun(struct heap *h)
{
	forget(&h->begun);
	h->source = 0;
	h->base = 0;
	h->is_damaged = false;
}

static int copy_blocks(struct heap_snapshot *s, const struct scan *scan)
{
	const struct scan_blocks *scanned = &scan->whole;

	s->blocks = calloc(scanned->n_blocks + 1, sizeof(*s->blocks));
	s->first = calloc(scanned->n_blocks + 2, sizeof(*s->first));
	if (!s->blocks || !s->first)
		return -ENOMEM;
	s->n_blocks = scanned->n_blocks;
	s->ticks = scan->ticks;
	for (size_t i = 0; i < s->n_blocks; i++)
		s->blocks[i] = (struct heap_block){
			.address = scanned->blocks[i].address,
			.alloc_ns = INT64_MAX,
			.stack = HEAP_NO_STACK,
			.leak = (uint8_t)scanned->blocks[i].kind,
		};
	return 0;
}

/* The records of another scan may follow those that a kill cut short. */
static int begin(struct heap *h, const struct scan *scan)
{
	if (h->begun.blocks && h->begun.ticks != scan->ticks)
		drop_begun(h);
	return h->begun.blocks ? 0 : copy_blocks(&h->begun, scan);
}

/* Sources come in their order, each perhaps more than once. */
static void take_source(struct heap *h, const struct rhp_record *record)
{
	struct heap_snapshot *s = &h->begun;
	uint64_t source = rhp_address(record);

	if (source >= s->n_blocks || source < h->source) {
		h->is_damaged = true;
		return;
	}
	while (h->source < source)
		s->first[++h->source] = s->n_edges;
	h->base = record->b;
}

static int take_edge(struct heap *h, uint32_t target, uint64_t offset)
{
	struct heap_snapshot *s = &h->begun;
	uint64_t units = (h->base + offset) / RHP_EDGE_UNIT;

	if (array_grow((void **)&s->targets, &s->n_targets_max, s->n_edges + 1,
		       sizeof(*s->targets)) ||
	    array_grow((void **)&s->offsets, &s->n_offsets_max, s->n_edges + 1,
		       sizeof(*s->offsets)))
		return -ENOMEM;
	s->targets[s->n_edges] = target;
	s->offsets[s->n_edges++] = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
	return 0;
}

static int take_root(struct heap *h, uint32_t target, const struct rhp_record *record)
{
	struct heap_snapshot *s = &h->begun;
	uint64_t kind = record->b >> 60;

	if (array_grow((void **)&s->roots, &s->n_roots_max, s->n_roots + 1,
		       sizeof(*s->roots)))
		return -ENOMEM;
	s->roots[s->n_roots++] = (struct heap_root){
		.address = record->b & ((UINT64_C(1) << 60) - 1),
		.code = record->c,
		.target = target,
		.tid = (uint32_t)(record->a >> 40 & 0x3fffff),
		.kind = kind < RHP_N_ROOT_KINDS ? (enum rhp_root_kind)kind
						: RHP_ROOT_MEMORY,
	};
	return 0;
}

int heap_take_pointer(struct heap *h, const struct scan *scan,
		      const struct rhp_record *record)
{
	uint32_t target = (uint32_t)(record->a >> 8);
	int error = begin(h, scan);

	if (error)
		return error;
	if (rhp_code(record) == RHP_EDGES) {
		take_source(h, record);
		return 0;
	}
	if ((target & ~HEAP_POSSIBLE) >= h->begun.n_blocks) {
		h->is_damaged = true;
		return 0;
	}
	return rhp_code(record) == RHP_ROOT ? take_root(h, target, record)
					    : take_edge(h, target, record->b);
}

static int add_snapshot(struct heap *h)
{
	if (array_grow((void **)&h->snapshots, &h->n_snapshots_max, h->n_snapshots + 1,
		       sizeof(*h->snapshots)))
		return -ENOMEM;
	h->snapshots[h->n_snapshots++] = h->begun;
	h->begun = (struct heap_snapshot){0};
	drop_begun(h);
	return 0;
}

static int take_failure(struct heap *h, uint64_t ticks, const char *name, size_t n,
			int error)
{
	drop_begun(h);
	h->begun.ticks = ticks;
	h->begun.error = error;
	h->begun.name = text_utf8(name, n);
	return h->begun.name ? add_snapshot(h) : -ENOMEM;
}

int heap_take_end(struct heap *h, const struct scan *scan, const struct reader_blob *blob)
{
	uint64_t n_records = blob->b & ((UINT64_C(1) << 48) - 1);
	int failure = (int)(blob->b >> 48);
	struct heap_snapshot *s = &h->begun;
	/* Those that nobody took are missing */
	int error = failure || (n_records && !s->blocks) ? 0 : begin(h, scan);

	if (error)
		return error;
	if (!failure && (!s->blocks || h->is_damaged || s->ticks != blob->c ||
			 n_records != s->n_edges + s->n_roots))
		failure = EBADMSG;
	if (failure)
		return take_failure(h, blob->c, blob->text, blob->text_size, failure);
	while (h->source < s->n_blocks)
		s->first[++h->source] = s->n_edges;
	s->name = text_utf8(blob->text, blob->text_size);
	return s->name ? add_snapshot(h) : -ENOMEM;
}

int heap_finish(struct heap *h)
{
	uint64_t ticks = h->begun.ticks;

	if (!h->begun.blocks)
		return 0;
	for (size_t i = 0; i < h->n_snapshots; i++)
		if (h->snapshots[i].error && h->snapshots[i].ticks >= ticks) {
			drop_begun(h);
			return 0;
		}
	return take_failure(h, ticks, "", 0, ENODATA);
}

static bool is_below(const void *block, const void *address)
{
	return ((const struct heap_block *)block)->address < *(const uint64_t *)address;
}

/* Of the blocks that an address had, the one that was there at that time: the last that
 * was allocated before, or the first after it, for the copy of memory was made a little
 * later. One that ended before it was not. */
static void take_row(struct heap_snapshot *s, int64_t ns, const struct pair_row *row)
{
	size_t i = array_lower_bound(s->blocks, s->n_blocks, sizeof(*s->blocks),
				     &row->address, is_below);
	struct heap_block *b = &s->blocks[i];

	if (i == s->n_blocks || b->address != row->address ||
	    row->inside != PAIR_NOT_INSIDE ||
	    (row->lifetime_ns >= 0 && row->alloc_ns + row->lifetime_ns < ns) ||
	    (b->stack != HEAP_NO_STACK && row->alloc_ns > ns))
		return;
	b->size = row->size;
	b->alloc_ns = row->alloc_ns;
	b->stack = row->stack;
}

void heap_take_row(struct heap *h, const struct reader *reader,
		   const struct pair_row *row)
{
	for (size_t i = 0; i < h->n_snapshots; i++)
		if (h->snapshots[i].n_blocks)
			take_row(&h->snapshots[i],
				 reader_ns(reader, h->snapshots[i].ticks), row);
}

void heap_fini(struct heap *h)
{
	for (size_t i = 0; i < h->n_snapshots; i++)
		forget(&h->snapshots[i]);
	forget(&h->begun);
	free(h->snapshots);
}
