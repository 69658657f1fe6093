/* SPDX-License-Identifier: MIT */
/*
 * The pointers that a scan followed, each with its place: once more through all that
 * rhp_leak_mark looks into, which is quicker than to remember them. It comes after the
 * verdict, and takes no memory but a buffer: a child that is killed here, or a disk that
 * is full, costs nothing but the graph.
 */
#include <errno.h>
#include <string.h>

#include "contract/packed.h"
#include "runtime/leak-parts.h"
#include "runtime/os-memory.h"
#include "runtime/trace-file.h"
#include "runtime/trace-write.h"

#define NO_SOURCE SIZE_MAX

struct leak_graph {
	uint64_t *units; /* a chunk's */
	size_t n, most;
	size_t source; /* the block that is looked into, or NO_SOURCE */
	uint64_t base; /* of its EDGE records, in EDGES units; UINT64_MAX: not said yet */
	uint64_t n_records;
	int error;
};

static void flush(struct leak_scan *s)
{
	struct leak_graph *g = s->graph;
	if (g->error || g->n == 0)
		return;
	g->error = rhp_trace_append_scan(s->shared->sequence, g->units,
					 g->n * sizeof(*g->units));
	s->shared->sequence += g->error == 0;
	memset(g->units, 0, g->n * sizeof(*g->units));
	g->n = 0;
}

/* Room for a record, the largest. */
static uint64_t *make_room(struct leak_scan *s)
{
	if (s->graph->n + RHP_WIDE_UNITS > s->graph->most)
		flush(s);
	return s->graph->units + s->graph->n;
}

static bool is_variable(const struct leak_scan *s, uintptr_t descriptor, uintptr_t at)
{
	return descriptor &&
	       at - (descriptor - s->variables) < s->variables + LEAK_DESCRIPTOR;
}

struct place {
	enum rhp_root_kind kind;
	uintptr_t code;
	int tid;
};

static struct place find_place(const struct leak_scan *s, uintptr_t at)
{
	if (at == LEAK_AT_WORD)
		return (struct place){.kind = RHP_ROOT_WORD};
	if (at == LEAK_AT_MOVING)
		return (struct place){.kind = RHP_ROOT_MOVING};
	const struct leak_stack *stack = rhp_leak_stack(s, at);
	const struct leak_region *r = rhp_leak_region(s, at);
	if (stack && is_variable(s, stack->descriptor, at))
		return (struct place){RHP_ROOT_TLS, stack->descriptor, stack->tid};
	if (stack || (r && r->is_stack))
		return (struct place){RHP_ROOT_STACK, rhp_leak_frame(s, at),
				      stack ? stack->tid : (int)rhp_trace_header()->pid};
	if (is_variable(s, s->main_descriptor, at))
		return (struct place){RHP_ROOT_TLS, s->main_descriptor,
				      (int)rhp_trace_header()->pid};
	bool is_heap = r && r->is_heap && !rhp_leak_is_data(s, r, at);
	return (struct place){.kind = is_heap ? RHP_ROOT_ALLOCATOR : RHP_ROOT_MEMORY};
}

static void write_root(struct leak_scan *s, uintptr_t at, size_t target, bool is_possible)
{
	struct place p = find_place(s, at);
	rhp_pack_root(make_room(s), target, is_possible, (uint32_t)p.tid, at, p.kind,
		      p.code);
	s->graph->n += RHP_WIDE_UNITS;
}

static void write_edge(struct leak_scan *s, uintptr_t at, size_t target, bool is_possible)
{
	struct leak_graph *g = s->graph;
	uint64_t offset = at - s->blocks[g->source].address;
	uint64_t *to = make_room(s);
	if (offset / RHP_EDGES_UNIT != g->base) {
		g->base = offset / RHP_EDGES_UNIT;
		*to++ = rhp_pack_edges(g->source, offset);
		g->n++;
	}
	*to = rhp_pack_edge(target, is_possible, offset);
	g->n++;
}

static void take_pointer(struct leak_scan *s, uintptr_t at, size_t target,
			 bool is_possible)
{
	if (s->graph->source == NO_SOURCE)
		write_root(s, at, target, is_possible);
	else
		write_edge(s, at, target, is_possible);
	s->graph->n_records++;
}

/* A GRAPH blob and its text. */
static void write_end(struct leak_scan *s)
{
	const char *name = s->shared->name;
	size_t n = strlen(name);
	uint64_t head = RHP_BLOB | RHP_BLOB_GRAPH << 8 | (uint64_t)n << 32;
	s->graph->n += rhp_pack(make_room(s), RHP_BLOB, head >> 8, s->graph->n_records,
				s->shared->ticks);
	for (size_t done = 0; done < n; done += RHP_PACKED_TEXT_BYTES) {
		uint64_t unit = RHP_TEXT;
		size_t left = n - done;
		memcpy((char *)&unit + 1, name + done,
		       left < RHP_PACKED_TEXT_BYTES ? left : RHP_PACKED_TEXT_BYTES);
		*make_room(s) = unit;
		s->graph->n++;
	}
	flush(s);
}

int rhp_leak_write_graph(struct leak_scan *s)
{
	size_t size = rhp_trace_header()->head_offset;
	struct leak_graph g = {
		.units = rhp_os_alloc(size),
		.most = size / sizeof(*g.units),
		.source = NO_SOURCE,
	};
	if (!g.units)
		return -ENOMEM;
	s->graph = &g;
	g.error = rhp_leak_find_frames(s);
	s->take_pointer = take_pointer;
	if (s->n_blocks > 0 && g.error == 0)
		rhp_leak_visit_roots(s);
	for (size_t i = 0; i < s->n_blocks && g.error == 0; i++) {
		g.source = i;
		g.base = UINT64_MAX;
		rhp_leak_visit_block(s, i);
	}
	write_end(s);
	s->take_pointer = NULL;
	rhp_os_release(g.units, size);
	return g.error;
}
