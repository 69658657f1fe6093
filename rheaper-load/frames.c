// SPDX-License-Identifier: MIT
/*
 * Stacks share nodes, and nodes share addresses. So the nodes in use are
 * collected once and sorted by module and address: each address is looked up
 * once, and one module at a time is open. A node then knows its location, the
 * consecutive frames (inlined functions) that are written for its address.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "rheaper-load/catalog.h"
#include "rheaper-load/demangle.h"
#include "rheaper-load/store.h"
#include "rheaper-load/symbolize.h"

#include "rheaper-load/frames.h"

#define MAX_DEPTH 4096 /* of a stack, whatever the trace says */

/* During the collection one per node, after it one per address. */
struct location {
	uint64_t address;
	uint32_t module;
	uint32_t node;
	int64_t first_frame;
	uint32_t n_frames;
	bool exact;
};

struct frames {
	const struct catalog *catalog;
	struct store *store;
	struct location *locations;
	size_t n_locations, n_locations_max;
	const struct catalog_module *module;    /* whose symbols are open */
	struct symbols *symbols;                /* NULL: there are none */
	const struct symbol_settings *settings; /* NULL: no symbols are wanted */
	uint32_t max_depth;
	int64_t next_frame;
	struct frames_result result;
};

/* The node if it is a frame, or NULL. */
static struct catalog_node *get_frame(const struct catalog *catalog, uint32_t id)
{
	if (id == 0 || id >= catalog->n_nodes || catalog->nodes[id].code != RHP_FRAME)
		return NULL;
	return &catalog->nodes[id];
}

static const struct catalog_node *get_call(const struct catalog *catalog, uint32_t id)
{
	return catalog->nodes[id].code == RHP_CALL ? &catalog->nodes[id] : NULL;
}

/* From a stack's top outwards, up to a node that another stack has shown. */
static void collect_stack(struct frames *f, uint32_t id)
{
	struct catalog_node *node;

	for (; (node = get_frame(f->catalog, id)) && !node->location; id = node->parent) {
		if (array_grow((void **)&f->locations, &f->n_locations_max,
			       f->n_locations + 1, sizeof(*f->locations)))
			die("write stacks: out of memory");
		f->locations[f->n_locations++] = (struct location){
			.address = node->address,
			.module = node->module,
			.node = id,
			.exact = node->flags & RHP_NODE_EXACT_PC,
		};
		node->location = (uint32_t)f->n_locations;
	}
}

static int compare_places(const struct location *a, const struct location *b)
{
	if (a->module != b->module)
		return a->module < b->module ? -1 : 1;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (int)a->exact - (int)b->exact;
}

static int compare_locations(const void *left, const void *right)
{
	const struct location *a = left, *b = right;
	int order = compare_places(a, b);

	return order ? order : a->node < b->node ? -1 : a->node > b->node;
}

static void warn_module(const struct catalog_module *m, int problem)
{
	if (problem == SYMBOLS_OTHER_BUILD)
		warn("read symbols of %s: it is not the file that was traced (another"
		     " build-id); its functions are shown as offsets",
		     m->path);
	else if (problem == SYMBOLS_NO_FILE && m->path[0] == '/')
		warn("read symbols of %s: no such file now; its functions are shown as"
		     " offsets",
		     m->path);
	else if (problem == SYMBOLS_NOT_ELF)
		warn("read symbols of %s: not an object file; its functions are shown as"
		     " offsets",
		     m->path);
}

static void open_module(struct frames *f, uint32_t number)
{
	const struct catalog_module *m = catalog_module(f->catalog, number);
	int problem;

	if (m == f->module)
		return;
	symbols_close(f->symbols);
	f->symbols = NULL;
	f->module = m;
	if (!m || !f->settings)
		return;
	problem = symbols_open(&f->symbols, f->settings, m->path, m->build_id,
			       m->build_id_size);
	if (problem < 0)
		die("read symbols of %s: out of memory", m->path);
	warn_module(m, problem);
}

/* A name for code of which nothing is known. */
static void format_offset(const struct frames *f, uint64_t address, char *name,
			  size_t size)
{
	const char *base;

	if (!f->module) {
		snprintf(name, size, "0x%llx", (unsigned long long)address);
		return;
	}
	base = strrchr(f->module->path, '/');
	snprintf(name, size, "%.200s+0x%llx", base ? base + 1 : f->module->path,
		 (unsigned long long)(address - f->module->bias));
}

static void write_location(struct frames *f, struct location *l)
{
	const struct symbol *found = NULL;
	uint64_t lookup =
		l->address - !l->exact; /* a return address may be past the end */
	char offset[256];
	size_t n = 0;

	if (f->symbols)
		n = symbols_find(f->symbols, lookup - f->module->bias, &found);
	format_offset(f, l->address, offset, sizeof(offset));
	l->first_frame = f->next_frame;
	l->n_frames = n ? (uint32_t)n : 1;
	for (uint32_t i = 0; i < l->n_frames; i++) {
		struct store_frame frame = {
			.frame = f->next_frame++,
			.address = l->address,
			.module = f->module ? l->module : 0,
			.inline_depth = (int)i,
			.sym = n && found[i].name ? found[i].name : offset,
			.file = n ? found[i].file : NULL,
			.line = n ? found[i].line : 0,
		};
		store_frame(f->store, &frame);
	}
}

static void write_locations(struct frames *f)
{
	size_t n = 0;

	if (f->n_locations)
		qsort(f->locations, f->n_locations, sizeof(*f->locations),
		      compare_locations);
	for (size_t i = 0; i < f->n_locations; i++) {
		struct location *l = &f->locations[i];

		if (n == 0 || compare_places(&f->locations[n - 1], l) != 0) {
			open_module(f, l->module);
			write_location(f, l);
			f->locations[n++] = *l;
		}
		f->catalog->nodes[l->node].location = (uint32_t)n;
	}
	symbols_close(f->symbols);
	f->symbols = NULL;
}

/* The frames of a stack; its depth. *cut: the chain of nodes did not end. */
static uint32_t write_stack_frames(struct frames *f, uint32_t stack, uint32_t id,
				   bool *cut)
{
	const struct catalog_node *node;
	uint32_t depth = 0, n_nodes = 0;

	for (; (node = get_frame(f->catalog, id)) && n_nodes < f->max_depth;
	     id = node->parent) {
		const struct location *l = &f->locations[node->location - 1];

		for (uint32_t i = 0; i < l->n_frames; i++)
			store_stack_frame(f->store, stack, depth++, l->first_frame + i);
		n_nodes++;
	}
	*cut = id != 0;
	return depth;
}

static void write_stack(struct frames *f, uint32_t number)
{
	const struct catalog_stack *stack = &f->catalog->stacks[number];
	const struct catalog_node *call = get_call(f->catalog, stack->node);
	struct store_stack row = {
		.stack = number,
		.incomplete = true,
		.allocations = stack->allocations,
		.bytes = stack->bytes,
		.live_blocks = stack->live_blocks,
		.live_bytes = stack->live_bytes,
	};
	bool cut = false;

	if (call) {
		row.function = call->address;
		row.depth = write_stack_frames(f, number, call->parent, &cut);
		row.truncated = call->flags & RHP_NODE_TRUNCATED;
		row.incomplete = cut || (call->flags & RHP_NODE_INCOMPLETE);
	}
	f->result.damaged += !call || cut;
	f->result.incomplete += row.incomplete;
	store_stack(f->store, &row);
}

static void write_names(const struct catalog *c, struct store *store)
{
	for (size_t i = 0; i < c->n_modules; i++) {
		const struct catalog_module *m = &c->modules[i];
		char build_id[2 * 64 + 1] = "";

		for (size_t k = 0; k < m->build_id_size && k < 64; k++)
			sprintf(build_id + 2 * k, "%02x", m->build_id[k]);
		store_module(store, m->number, m->path, build_id, m->start, m->end,
			     m->bias);
	}
	for (size_t i = 0; i < c->n_functions; i++) {
		char *owned;
		const char *name = demangle(c->functions[i].name, &owned);

		store_function(store, c->functions[i].number, name,
			       c->functions[i].family);
		free(owned);
	}
}

struct frames_result frames_write(const struct catalog *catalog, struct store *store,
				  uint32_t max_depth,
				  const struct symbol_settings *settings)
{
	struct frames f = {
		.catalog = catalog,
		.store = store,
		.settings = settings,
		.max_depth = max_depth && max_depth < MAX_DEPTH ? max_depth : MAX_DEPTH,
		.next_frame = 1,
	};

	write_names(catalog, store);
	for (size_t i = 1; i < catalog->n_stacks; i++) {
		const struct catalog_node *call =
			get_call(catalog, catalog->stacks[i].node);

		if (call)
			collect_stack(&f, call->parent);
	}
	write_locations(&f);
	for (uint32_t i = 1; i < catalog->n_stacks; i++)
		write_stack(&f, i);
	store_stack(store, &(struct store_stack){
				   .stack = 0,
				   .incomplete = true,
				   .allocations = catalog->stacks[0].allocations,
				   .bytes = catalog->stacks[0].bytes,
				   .live_blocks = catalog->stacks[0].live_blocks,
				   .live_bytes = catalog->stacks[0].live_bytes,
			   });
	f.result.n_stacks = catalog->n_stacks - 1;
	f.result.n_frames = (uint64_t)f.next_frame - 1;
	free(f.locations);
	return f.result;
}
