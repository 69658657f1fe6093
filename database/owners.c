// SPDX-License-Identifier: MIT
/*
 * Numbers of stacks and frames come from outside: they are looked up, and do not index
 * anything. What the database says of itself is not believed either: an owner that is not
 * a frame of its stack is the innermost one.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/libraries.h"
#include "analysis/owner.h"
#include "analysis/tree.h"
#include "common/array.h"
#include "common/cli.h"
#include "common/map.h"
#include "database/db.h"
#include "database/rows.h"

#include "database/owners.h"

struct entry {
	int64_t frame_no;
	uint32_t chain; /* index of the names that the table has for chains */
};

struct owner_table {
	struct map numbers; /* stack -> index of entries */
	struct entry *entries;
	size_t n_entries, n_entries_max;
	struct names chains;
};

static _Noreturn void die_of_memory(const struct database *d)
{
	die("read the owners of %s: out of memory", d->name);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void add_entry(struct owner_table *t, const struct database *d, int64_t stack,
		      int64_t frame_no, const char *chain)
{
	uint32_t number = names_number(&t->chains, chain);

	if (number == MAP_NONE || t->n_entries >= MAP_NONE ||
	    array_grow((void **)&t->entries, &t->n_entries_max, t->n_entries + 1,
		       sizeof(*t->entries)) ||
	    map_put(&t->numbers, (uint64_t)stack, (uint32_t)t->n_entries))
		die_of_memory(d);
	t->entries[t->n_entries++] = (struct entry){frame_no, number};
}

struct stored_row {
	int64_t stack, frame_no;
	const char *chain;
};

static const struct row_column stored_columns[] = {
	ROW_COLUMN(stored_row, stack, "s.stack"),
	ROW_COLUMN(
		stored_row, frame_no,
		"iif(s.owner_frame_no BETWEEN 0 AND s.depth - 1, s.owner_frame_no, 0)"),
	ROW_COLUMN(stored_row, chain, "c.text"),
};

static void read_stored(struct owner_table *t, const struct database *d)
{
	static const struct row_list list = ROW_LIST(stored_columns);
	struct rows *rows = rows_open(d, &list,
				      "FROM stacks s LEFT JOIN owner_chains c"
				      " ON c.owner_chain = s.owner_chain");
	struct stored_row row;

	while (rows_next(rows, &row))
		add_entry(t, d, row.stack, row.frame_no, or_empty(row.chain));
	rows_close(rows);
}

/* What is needed to find owners anew. */
struct finder {
	const struct database *database;
	struct owners *owners;
	struct names names;
	struct map frames;   /* frame -> number of owner.h */
	uint32_t *functions; /* of these */
	size_t n_functions_max, n_frames;
	int64_t *stack; /* frames of the stack in hand */
	size_t n_stack, n_stack_max;
	struct rows *stack_frames;
};

struct frame_facts {
	int64_t frame, module, line;
	const char *function, *module_path;
};

static const struct row_column frame_columns[] = {
	ROW_COLUMN(frame_facts, frame, "f.frame"),
	ROW_COLUMN(frame_facts, module, "m.module"),
	ROW_COLUMN(frame_facts, line, "f.line"),
	ROW_COLUMN(frame_facts, function, "f.function"),
	ROW_COLUMN(frame_facts, module_path, "m.path"),
};

static void add_frame(struct finder *f, const struct frame_facts *row, uint32_t module)
{
	struct owner_frame frame = {
		.name = or_empty(row->function),
		.module = module,
		.module_path = row->module_path,
		.line = row->line,
	};

	frame.function = names_number(&f->names, frame.name);
	if (frame.function == MAP_NONE ||
	    map_put(&f->frames, (uint64_t)row->frame, (uint32_t)++f->n_frames) ||
	    array_grow((void **)&f->functions, &f->n_functions_max, f->n_frames + 1,
		       sizeof(*f->functions)) ||
	    owners_add_frame(f->owners, &frame))
		die_of_memory(f->database);
	f->functions[f->n_frames] = frame.function;
}

/* Frames of one module follow each other, so that numbers from outside need no map. */
static void read_frames(struct finder *f)
{
	static const struct row_list list = ROW_LIST(frame_columns);
	struct rows *rows = rows_open(f->database, &list,
				      "FROM frames f LEFT JOIN modules m USING (module)"
				      " ORDER BY m.module, f.frame");
	struct frame_facts row;
	int64_t last = 0;
	uint32_t module = 0;

	while (rows_next(rows, &row)) {
		module += row.module_path && (module == 0 || row.module != last);
		last = row.module;
		add_frame(f, &row, row.module_path ? module : 0);
	}
	rows_close(rows);
}

struct frame_row_of_stack {
	int64_t frame;
};

static const struct row_column stack_frame_columns[] = {
	ROW_COLUMN(frame_row_of_stack, frame, "frame"),
};

/* The frames of a stack, as far as the database has them. */
static void read_stack(struct finder *f, int64_t stack)
{
	struct frame_row_of_stack row;

	rows_set(f->stack_frames, 1, stack);
	f->n_stack = 0;
	while (rows_next(f->stack_frames, &row)) {
		uint32_t number = map_get(&f->frames, (uint64_t)row.frame);

		if (number == MAP_NONE)
			break;
		if (array_grow((void **)&f->stack, &f->n_stack_max, f->n_stack + 1,
			       sizeof(*f->stack)))
			die_of_memory(f->database);
		f->stack[f->n_stack++] = number;
	}
}

struct stack_facts {
	int64_t stack, blocks, bytes;
	const char *allocator;
};

static const struct row_column stack_columns[] = {
	ROW_COLUMN(stack_facts, stack, "s.stack"),
	ROW_COLUMN(stack_facts, blocks, "total(t.allocations)"),
	ROW_COLUMN(stack_facts, bytes, "total(t.allocated_bytes)"),
	ROW_COLUMN(stack_facts, allocator, "a.name"),
};

static struct rows *select_stacks(const struct database *d)
{
	static const struct row_list list = ROW_LIST(stack_columns);

	return rows_open(d, &list,
			 "FROM stacks s LEFT JOIN stack_totals t ON t.stack = s.stack"
			 " LEFT JOIN allocators a ON a.allocator = s.allocator"
			 " GROUP BY s.stack ORDER BY s.stack");
}

static void add_stacks(struct finder *f)
{
	struct rows *rows = select_stacks(f->database);
	struct stack_facts row;

	while (rows_next(rows, &row)) {
		read_stack(f, row.stack);
		if (owners_add_stack(f->owners, f->stack, f->n_stack, (double)row.blocks,
				     (double)row.bytes))
			die_of_memory(f->database);
	}
	rows_close(rows);
}

static void format_chain(struct finder *f, const char *allocator, size_t frame_no,
			 char *text)
{
	uint32_t links[OWNER_MAX_LINKS];
	const char *names[OWNER_MAX_LINKS];
	size_t n = f->n_stack ? owners_links(f->owners, f->stack, frame_no, links) : 0;

	for (size_t i = 0; i < n; i++)
		names[i] = f->names.texts[links[i]];
	owners_format_chain(allocator, names, n, text);
}

static void take_owners(struct finder *f, struct owner_table *t)
{
	struct rows *rows = select_stacks(f->database);
	struct stack_facts row;
	char text[OWNER_CHAIN_SIZE];

	for (size_t i = 0; rows_next(rows, &row); i++) {
		size_t frame_no = owners_frame_no(f->owners, i);

		read_stack(f, row.stack);
		format_chain(f, row.allocator, frame_no, text);
		add_entry(t, f->database, row.stack, (int64_t)frame_no, text);
	}
	rows_close(rows);
}

static void find_anew(struct owner_table *t, const struct database *d,
		      const char *const *globs, size_t n_globs)
{
	static const struct row_list list = ROW_LIST(stack_frame_columns);
	struct finder f = {.database = d, .owners = owners_new(globs, n_globs)};

	if (!f.owners)
		die_of_memory(d);
	f.stack_frames = rows_open(d, &list,
				   "FROM stack_frames WHERE stack = ? ORDER BY frame_no");
	read_frames(&f);
	add_stacks(&f);
	if (owners_find(f.owners))
		die_of_memory(d);
	take_owners(&f, t);
	rows_close(f.stack_frames);
	owners_free(f.owners);
	names_fini(&f.names);
	map_fini(&f.frames);
	free(f.functions);
	free(f.stack);
}

struct owner_table *owner_table_new(const struct database *d, const char *const *globs,
				    size_t n_globs)
{
	struct owner_table *t = calloc(1, sizeof(*t));

	if (!t)
		die_of_memory(d);
	if (n_globs)
		find_anew(t, d, globs, n_globs);
	else
		read_stored(t, d);
	return t;
}

void owner_table_free(struct owner_table *t)
{
	if (!t)
		return;
	map_fini(&t->numbers);
	names_fini(&t->chains);
	free(t->entries);
	free(t);
}

static const struct entry *find_entry(const struct owner_table *t, int64_t stack)
{
	uint32_t number = map_get(&t->numbers, (uint64_t)stack);

	return number == MAP_NONE ? NULL : &t->entries[number];
}

int64_t owner_table_frame_no(const struct owner_table *t, int64_t stack)
{
	const struct entry *entry = find_entry(t, stack);

	return entry ? entry->frame_no : 0;
}

const char *owner_table_chain(const struct owner_table *t, int64_t stack)
{
	const struct entry *entry = find_entry(t, stack);

	return entry ? t->chains.texts[entry->chain] : "";
}

bool owner_is_library(const char *function, const char *module_path)
{
	return library_has_module(module_path) || library_has_function(function);
}
