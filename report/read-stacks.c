// SPDX-License-Identifier: MIT
/*
 * Modules, frames and stacks. A frame of the report is a line of a function, whatever its
 * address; a site is the frame that owns stacks. All stacks of the database are read, for
 * the handle of a site is the number of its first stack; the tree has those of the
 * process.
 */
#include <stdlib.h>

#include "database/callers.h"
#include "database/db.h"
#include "database/owners.h"
#include "database/rows.h"
#include "report/memory.h"
#include "symbols/short-name.h"
#include "symbols/signature.h"

#include "report/read-parts.h"

#define NO_SITE UINT32_MAX

struct stack_facts {
	int64_t number;
	uint32_t allocator;
	struct caller_totals totals;
};

/* What is known while stacks are read. */
struct stacks {
	struct reading *r;
	struct owner_table *owners;
	struct map functions;            /* full name -> function */
	struct map files, lines, frames; /* numbers of pairs: add_frame */
	struct map sites;                /* frame -> site */
	struct stack_facts *facts;       /* of each of reading->stacks */
	size_t n_facts_max;
	uint32_t *path; /* frames of the present stack, the innermost first */
	size_t depth, depth_max;
};

static void put(struct map *map, uint64_t key, uint32_t value)
{
	if (map_put(map, key, value) != 0)
		memory_fail();
}

/* The number of a pair: the next one, if the pair is new. */
static uint32_t number_pair(struct map *map, uint32_t a, uint32_t b)
{
	uint64_t key = pair_key(a, b);
	uint32_t number = map_get(map, key);

	if (number != MAP_NONE)
		return number;
	number = (uint32_t)map->n_used;
	put(map, key, number);
	return number;
}

static void read_modules(struct stacks *s)
{
	struct report *report = s->r->report;
	struct rows *rows = callers_select_modules(s->r->database);
	struct caller_module row;

	while (rows_next(rows, &row)) {
		report->modules =
			memory_grow(report->modules, report->n_modules,
				    &report->n_modules_max, sizeof(*report->modules));
		put(&s->r->module_numbers, (uint64_t)row.module,
		    (uint32_t)report->n_modules);
		report->modules[report->n_modules++] = (struct report_module){
			memory_text(row.path ? row.path : ""),
			memory_text(row.build_id ? row.build_id : ""),
			module_symbols_find(row.symbols), row.has_functions,
			row.has_lines};
	}
	rows_close(rows);
}

static uint32_t add_function(struct stacks *s, const char *name)
{
	struct report *report = s->r->report;
	uint32_t full = strings_add(&report->strings, name);
	uint32_t number = map_get(&s->functions, full);
	char text[SHORT_NAME_SIZE];

	if (number != MAP_NONE)
		return number;
	number = (uint32_t)report->n_functions;
	put(&s->functions, full, number);
	report->functions =
		memory_grow(report->functions, report->n_functions,
			    &report->n_functions_max, sizeof(*report->functions));
	short_name(name, text, sizeof(text));
	report->functions[report->n_functions++] =
		(struct report_function){strings_add(&report->strings, text), full};
	return number;
}

/* Frames are equal if function, file, line, module and flags are. */
static uint32_t add_frame(struct stacks *s, struct report_frame frame)
{
	struct report *report = s->r->report;
	uint32_t place = number_pair(&s->files, frame.function, frame.file);
	uint32_t line = number_pair(&s->lines, place, frame.line);
	uint32_t number = number_pair(&s->frames, line, frame.module << 4 | frame.flags);

	if (number < report->n_frames)
		return number;
	report->frames = memory_grow(report->frames, report->n_frames,
				     &report->n_frames_max, sizeof(frame));
	report->frames[report->n_frames++] = frame;
	return number;
}

static uint32_t module_of(const struct stacks *s, int64_t module)
{
	uint32_t index = map_get(&s->r->module_numbers, (uint64_t)module);

	return index == MAP_NONE ? 0 : index + 1;
}

static void read_frames(struct stacks *s)
{
	struct strings *strings = &s->r->report->strings;
	struct rows *rows = callers_select_frames(s->r->database);
	struct report_frame frame = {.function = add_function(s, "(stack unknown)")};
	struct caller_frame row;

	add_frame(s, frame);
	while (rows_next(rows, &row)) {
		const char *name = row.function ? row.function : "";

		frame = (struct report_frame){
			.function = add_function(s, name),
			.file = strings_add(strings, row.file),
			.line = row.line > 0 && row.line < INT32_MAX ? (uint32_t)row.line
								     : 0,
			.module = module_of(s, row.module),
			.flags = (row.inline_depth > 0 ? FRAME_INLINED : 0) |
				 (row.inferred ? FRAME_INFERRED : 0) |
				 (signature_is_startup(name) ? FRAME_STARTUP : 0)};
		put(&s->r->frame_numbers, (uint64_t)row.frame, add_frame(s, frame));
	}
	rows_close(rows);
}

static void add_stack(struct stacks *s, struct stack_facts facts)
{
	struct reading *r = s->r;

	r->stacks =
		memory_grow(r->stacks, r->n_stacks, &r->n_stacks_max, sizeof(*r->stacks));
	s->facts = memory_grow(s->facts, r->n_stacks, &s->n_facts_max, sizeof(*s->facts));
	r->stacks[r->n_stacks].site = NO_SITE;
	r->stacks[r->n_stacks].number = facts.number;
	s->facts[r->n_stacks] = facts;
	if (facts.number)
		put(&r->stack_numbers, (uint64_t)facts.number, (uint32_t)r->n_stacks);
	r->n_stacks++;
}

uint32_t reading_stack(const struct reading *r, int64_t stack)
{
	uint32_t index = map_get(&r->stack_numbers, (uint64_t)stack);

	return index == MAP_NONE ? 0 : index;
}

static void read_stacks(struct stacks *s)
{
	struct strings *strings = &s->r->report->strings;
	struct rows *rows = callers_select_stacks(s->r->database);
	struct caller_stack row;

	add_stack(s, (struct stack_facts){0});
	while (rows_next(rows, &row)) {
		if (!row.stack)
			continue;
		add_stack(s, (struct stack_facts){
				     .number = row.stack,
				     .allocator = strings_add(strings, row.allocator)});
		s->r->stacks[s->r->n_stacks - 1].family =
			strings_add(strings, row.family);
	}
	rows_close(rows);
}

static void read_totals(struct stacks *s)
{
	struct rows *rows = callers_select_totals(s->r->database);
	struct caller_totals row;
	uint32_t index;

	rows_set(rows, 1, s->r->report->process.process);
	while (rows_next(rows, &row)) {
		index = reading_stack(s->r, row.stack);
		s->facts[index].totals = row;
		s->r->stacks[index].is_used = true;
		s->r->stacks[index].peak_blocks = (double)row.peak_blocks;
		s->r->stacks[index].peak_bytes = (double)row.peak_bytes;
	}
	rows_close(rows);
}

static uint32_t site_of(struct stacks *s, uint32_t frame)
{
	struct report *report = s->r->report;
	uint32_t site = map_get(&s->sites, frame);

	if (site != MAP_NONE)
		return site;
	site = (uint32_t)report->n_sites;
	put(&s->sites, frame, site);
	report->sites = memory_grow(report->sites, report->n_sites, &report->n_sites_max,
				    sizeof(*report->sites));
	report->sites[report->n_sites++] =
		(struct report_site){.frame = frame, .merged = 1};
	return site;
}

static void add_to_site(struct stacks *s, const struct stack_facts *facts,
			struct report_site *site, uint32_t node)
{
	const struct caller_totals *t = &facts->totals;
	const double values[N_REPORT_VALUES] = {
		[VALUE_BLOCKS] = (double)t->allocations,
		[VALUE_BYTES] = (double)t->allocated_bytes,
		[VALUE_LIVE_BLOCKS] = (double)t->live_blocks,
		[VALUE_LIVE_BYTES] = (double)t->live_bytes,
		[VALUE_PEAK_BLOCKS] = (double)t->peak_blocks,
		[VALUE_PEAK_BYTES] = (double)t->peak_bytes,
		[VALUE_TEMPORARY] = (double)t->temporary_blocks,
	};

	for (int i = 0; i < N_REPORT_VALUES; i++)
		site->values[i] += values[i];
	if (site->stacks++ == 0 || values[VALUE_BYTES] > site->largest) {
		site->largest = values[VALUE_BYTES];
		site->allocator = facts->allocator;
		site->node = node;
		site->chain = strings_add(&s->r->report->strings,
					  owner_table_chain(s->owners, facts->number));
	}
}

static uint32_t add_path(struct stacks *s, uint32_t site)
{
	struct nodes *tree = &s->r->report->tree;
	uint32_t node = 0;

	for (size_t i = s->depth; i-- > 0;)
		node = nodes_child(tree, node, s->path[i]);
	tree->nodes[node].site = site + 1;
	return node;
}

/* All frames of a stack are in the path. */
static void end_stack(struct stacks *s, uint32_t index)
{
	struct report *report = s->r->report;
	struct read_stack *stack = &s->r->stacks[index];
	const struct stack_facts *facts = &s->facts[index];
	struct report_site *site;
	int64_t owner = owner_table_frame_no(s->owners, facts->number);

	if (s->depth == 0) { /* unknown */
		s->path = memory_grow(s->path, 0, &s->depth_max, sizeof(*s->path));
		s->path[s->depth++] = 0;
	}
	if (owner < 0 || (size_t)owner >= s->depth)
		owner = 0;
	for (int64_t i = 0; i < owner; i++)
		report->frames[s->path[i]].flags |= FRAME_SKIPPED;
	stack->owner = s->path[owner] + 1;
	stack->site = site_of(s, s->path[owner]);
	site = &report->sites[stack->site];
	if (!site->number || (facts->number && facts->number < site->number))
		site->number = facts->number;
	if (stack->is_used) {
		stack->node = add_path(s, stack->site);
		add_to_site(s, facts, site, stack->node);
	}
	s->depth = 0;
}

static void read_paths(struct stacks *s)
{
	struct rows *rows = callers_select_places(s->r->database);
	struct caller_place row;
	uint32_t present = 0, index, frame;

	while (rows_next(rows, &row)) {
		index = reading_stack(s->r, row.stack);
		if (index != present && s->depth)
			end_stack(s, present);
		present = index;
		if (!index) /* of no stack: they would be one path */
			continue;
		frame = map_get(&s->r->frame_numbers, (uint64_t)row.frame);
		s->path = memory_grow(s->path, s->depth, &s->depth_max, sizeof(*s->path));
		s->path[s->depth++] = frame == MAP_NONE ? 0 : frame;
	}
	if (s->depth)
		end_stack(s, present);
	rows_close(rows);
	for (size_t i = 0; i < s->r->n_stacks; i++) { /* those without frames */
		if (s->r->stacks[i].site == NO_SITE)
			end_stack(s, (uint32_t)i);
	}
}

/* Leave out the sites of other processes. */
static void drop_unused_sites(struct stacks *s)
{
	struct report *report = s->r->report;
	uint32_t *moved = memory_new(report->n_sites, sizeof(*moved));
	size_t n = 0;

	for (size_t i = 0; i < report->n_sites; i++) {
		moved[i] = (uint32_t)n;
		if (report->sites[i].stacks)
			report->sites[n++] = report->sites[i];
	}
	report->n_sites = n;
	for (size_t i = 0; i < s->r->n_stacks; i++)
		s->r->stacks[i].site = moved[s->r->stacks[i].site];
	for (size_t i = 0; i < report->tree.n; i++) {
		if (report->tree.nodes[i].site)
			report->tree.nodes[i].site =
				moved[report->tree.nodes[i].site - 1] + 1;
	}
	free(moved);
}

void reading_take_stacks(struct reading *r)
{
	struct stacks s = {.r = r};

	strings_init(&r->report->strings);
	nodes_init(&r->report->tree);
	read_modules(&s);
	read_frames(&s);
	s.owners = owner_table_new(r->database, r->options->wrappers,
				   r->options->n_wrappers);
	read_stacks(&s);
	read_totals(&s);
	read_paths(&s);
	drop_unused_sites(&s);
	map_fini(&s.functions);
	map_fini(&s.files);
	map_fini(&s.lines);
	map_fini(&s.frames);
	map_fini(&s.sites);
	owner_table_free(s.owners);
	free(s.facts);
	free(s.path);
}
