// SPDX-License-Identifier: MIT
/*
 * The database may come from anywhere: every number is compared with what has been read
 * before it is used.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/inferred.h"
#include "analysis/registry.h"
#include "common/array.h"
#include "common/cli.h"
#include "database/rows.h"
#include "database/store.h"
#include "loading/frames.h"

#include "loading/resume.h"

#define INFERRED UINT32_MAX

struct resume {
	struct store *store;
	const char *path;
	struct registry *registry;
	struct frames *frames;
	uint32_t *locations; /* by frame: 1 + location, if that begins there */
	size_t n_frames, n_frames_max;
	struct rows *stack_frames;
	int64_t *inferred; /* of the stack in hand, innermost first */
	size_t n_inferred, n_inferred_max;
};

static _Noreturn void die_damaged(const struct resume *r, const char *table)
{
	die("append to %s: the table %s is damaged; load the traces again into a new "
	    "database",
	    r->path, table);
}

static void check_memory(int error)
{
	if (error)
		die("read the database: out of memory");
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static size_t parse_build_id(const char *hex, uint8_t *build_id, size_t size)
{
	size_t n;

	for (n = 0; n < size && isxdigit((unsigned char)hex[2 * n]) &&
		    isxdigit((unsigned char)hex[2 * n + 1]);
	     n++) {
		char byte[3] = {hex[2 * n], hex[2 * n + 1], 0};

		build_id[n] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n;
}

static void take_module(struct resume *r, const void *row)
{
	const struct module_row *m = row;
	uint8_t build_id[64];
	size_t n = parse_build_id(or_empty(m->build_id), build_id, sizeof(build_id));
	uint32_t number;

	check_memory(
		registry_module(r->registry, or_empty(m->path), build_id, n, &number));
	if (number != m->module)
		die_damaged(r, "modules");
}

static void take_allocator(struct resume *r, const void *row)
{
	const struct allocator_row *a = row;
	uint32_t number;

	check_memory(registry_function(r->registry, or_empty(a->name),
				       or_empty(a->family), &number));
	if (number != a->allocator)
		die_damaged(r, "allocators");
}

static void take_frame(struct resume *r, const void *row)
{
	const struct frame_row *f = row;
	struct registry *l = r->registry;
	struct registry_location location = {
		.address = (uint64_t)f->address,
		.exact = f->exact,
		.module = (uint32_t)f->module,
		.first_frame = f->frame,
	};
	size_t n_before = l->n_locations;
	uint32_t index;

	check_memory(array_grow((void **)&r->locations, &r->n_frames_max, r->n_frames + 2,
				sizeof(*r->locations)));
	r->n_frames++;
	if (f->frame != (int64_t)r->n_frames || f->module < 0 ||
	    f->module > (int64_t)l->n_modules)
		die_damaged(r, "frames");
	if (f->inferred) { /* it belongs to no location */
		frames_know_frame(r->frames, f, or_empty(f->function));
		r->locations[r->n_frames] = INFERRED;
		return;
	}
	if (f->inline_depth == 0) {
		check_memory(registry_location(l, &location, &index));
		if (index != n_before)
			die_damaged(r, "frames");
		r->locations[r->n_frames] = index + 1;
	}
	if (l->n_locations == 0)
		die_damaged(r, "frames");
	l->locations[l->n_locations - 1].n_frames++;
	frames_know_frame(r->frames, f, or_empty(f->function));
}

/* The inferred frames that were read last came between a call and what it entered. */
static void take_inferred(struct resume *r, struct inferred_pair *pair)
{
	if (r->n_inferred && pair->outer != MAP_NONE)
		frames_know_inferred(r->frames, pair, r->inferred, r->n_inferred);
	r->n_inferred = 0;
}

/* They come with the outermost first, and are kept the other way round. */
static void add_inferred(struct resume *r, int64_t frame)
{
	check_memory(array_grow((void **)&r->inferred, &r->n_inferred_max,
				r->n_inferred + 1, sizeof(*r->inferred)));
	memmove(r->inferred + 1, r->inferred, r->n_inferred * sizeof(*r->inferred));
	r->inferred[0] = frame;
	r->n_inferred++;
}

static uint32_t read_chain(struct resume *r, int64_t stack, uint32_t allocator)
{
	struct inferred_pair pair = {.outer = MAP_NONE};
	struct stack_frame_row row;
	uint32_t node = 0;

	rows_set(r->stack_frames, 1, stack);
	r->n_inferred = 0;
	while (rows_next(r->stack_frames, &row)) {
		if (row.frame < 1 || row.frame > (int64_t)r->n_frames)
			die_damaged(r, "stack_frames");
		if (r->locations[row.frame] == INFERRED) {
			add_inferred(r, row.frame);
		} else if (r->locations[row.frame]) {
			pair.inner = r->locations[row.frame] - 1;
			take_inferred(r, &pair);
			check_memory(registry_node(r->registry, node, pair.inner, &node));
			pair.outer = pair.inner;
		}
	}
	pair.inner = INFERRED_ALLOCATOR;
	pair.allocator = allocator;
	take_inferred(r, &pair);
	return node;
}

static void take_stack(struct resume *r, const void *row)
{
	const struct stack_row *s = row;
	struct registry_stack stack;
	uint32_t number;

	if (s->allocator < 0 || s->allocator > (int64_t)r->registry->n_functions)
		die_damaged(r, "stacks");
	stack = (struct registry_stack){
		.node = read_chain(r, s->stack, (uint32_t)s->allocator),
		.function = (uint32_t)s->allocator,
	};
	stack.flags |= s->incomplete ? STACK_INCOMPLETE : 0;
	stack.flags |= s->damaged ? STACK_DAMAGED : 0;
	stack.flags |= s->truncated ? STACK_TRUNCATED : 0;
	stack.flags |= s->unsampled ? STACK_UNSAMPLED : 0;
	check_memory(registry_stack(r->registry, &stack, &number));
	if (number != s->stack)
		die_damaged(r, "stacks");
}

/* Whether a row can be a node: the ones before it are there. */
static bool is_node(const struct resume *r, const struct node_row *n)
{
	return n->parent >= 0 && n->parent < n->node && n->frame >= 1 &&
	       n->frame <= (int64_t)r->n_frames;
}

static void take_top_down(struct resume *r, const void *row)
{
	const struct node_row *n = row;

	if (!is_node(r, n) ||
	    frames_know_top_down(r->frames, (uint32_t)n->parent, n->frame) != n->node)
		die_damaged(r, "top_down_nodes");
}

static void take_bottom_up(struct resume *r, const void *row)
{
	const struct node_row *n = row;

	if (!is_node(r, n) ||
	    frames_know_bottom_up(r->frames, (uint32_t)n->parent, n->frame) != n->node)
		die_damaged(r, "bottom_up_nodes");
}

/* In this order: each needs those before it. */
static const struct {
	enum table table;
	const char *rest;
	void (*take)(struct resume *resume, const void *row);
} parts[] = {
	{TABLE_MODULES, "ORDER BY module", take_module},
	{TABLE_ALLOCATORS, "ORDER BY allocator", take_allocator},
	{TABLE_FRAMES, "ORDER BY frame", take_frame},
	{TABLE_STACKS, "WHERE stack <> 0 ORDER BY stack", take_stack},
	{TABLE_TOP_DOWN, "WHERE node > 0 ORDER BY node", take_top_down},
	{TABLE_BOTTOM_UP, "WHERE node > 0 ORDER BY node", take_bottom_up},
};

union any_row {
	struct module_row module;
	struct allocator_row allocator;
	struct frame_row frame;
	struct stack_row stack;
	struct node_row node;
};

void resume_read(struct store *store, const char *path, struct registry *registry,
		 struct frames *frames)
{
	struct resume resume = {
		.store = store, .path = path, .registry = registry, .frames = frames};

	resume.stack_frames = store_select(store, TABLE_STACK_FRAMES,
					   "WHERE stack = ? ORDER BY frame_no DESC");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct rows *rows = store_select(store, parts[i].table, parts[i].rest);
		union any_row row;

		while (rows_next(rows, &row))
			parts[i].take(&resume, &row);
		rows_close(rows);
	}
	rows_close(resume.stack_frames);
	free(resume.locations);
	free(resume.inferred);
	frames_know_registry(frames);
}
