// SPDX-License-Identifier: MIT
/*
 * A database that is to be continued, back into the registry. It may come from
 * anywhere: every number is compared with what has been read before it is used.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/registry.h"
#include "common/array.h"
#include "common/cli.h"
#include "database/store-parts.h"
#include "loading/frames.h"

#include "database/store.h"

struct old {
	struct store *store;
	struct registry *registry;
	struct frames *frames;
	uint32_t *locations; /* by frame: 1 + location, if that begins there */
	size_t n_frames, n_frames_max;
	sqlite3_stmt *stack_frames;
};

static _Noreturn void die_damaged(const struct old *o, const char *table)
{
	die("append to %s: its table %s is damaged", o->store->path, table);
}

static void check_memory(int error)
{
	if (error)
		die("read the database: out of memory");
}

static const char *get_text(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text ? text : "";
}

static void take_module(struct old *o, sqlite3_stmt *row)
{
	const char *hex = get_text(row, 2);
	uint8_t build_id[64];
	uint32_t number;
	size_t n;

	for (n = 0; n < sizeof(build_id) && isxdigit((unsigned char)hex[2 * n]) &&
		    isxdigit((unsigned char)hex[2 * n + 1]);
	     n++) {
		char byte[3] = {hex[2 * n], hex[2 * n + 1], 0};

		build_id[n] = (uint8_t)strtoul(byte, NULL, 16);
	}
	check_memory(
		registry_module(o->registry, get_text(row, 1), build_id, n, &number));
	if (number != sqlite3_column_int64(row, 0))
		die_damaged(o, "modules");
}

static void take_function(struct old *o, sqlite3_stmt *row)
{
	uint32_t number;

	check_memory(registry_function(o->registry, get_text(row, 1), get_text(row, 2),
				       &number));
	if (number != sqlite3_column_int64(row, 0))
		die_damaged(o, "functions");
}

static void take_frame(struct old *o, sqlite3_stmt *row)
{
	struct registry *l = o->registry;
	int64_t module = sqlite3_column_int64(row, 3);
	struct registry_location location = {
		.address = (uint64_t)sqlite3_column_int64(row, 1),
		.exact = sqlite3_column_int(row, 2),
		.module = (uint32_t)module,
		.first_frame = sqlite3_column_int64(row, 0),
	};
	size_t n_before = l->n_locations;
	uint32_t index;

	check_memory(array_grow((void **)&o->locations, &o->n_frames_max, o->n_frames + 2,
				sizeof(*o->locations)));
	o->n_frames++;
	if (location.first_frame != (int64_t)o->n_frames || module < 0 ||
	    module > (int64_t)l->n_modules)
		die_damaged(o, "frames");
	if (sqlite3_column_int64(row, 4) == 0) {
		check_memory(registry_location(l, &location, &index));
		if (index != n_before)
			die_damaged(o, "frames");
		o->locations[o->n_frames] = index + 1;
	}
	if (l->n_locations == 0)
		die_damaged(o, "frames");
	l->locations[l->n_locations - 1].n_frames++;
	frames_know_frame(o->frames, get_text(row, 5));
}

static uint32_t read_chain(struct old *o, int64_t stack)
{
	uint32_t node = 0;
	int result;

	sqlite3_bind_int64(o->stack_frames, 1, stack);
	while ((result = sqlite3_step(o->stack_frames)) == SQLITE_ROW) {
		int64_t frame = sqlite3_column_int64(o->stack_frames, 0);

		if (frame < 1 || frame > (int64_t)o->n_frames)
			die_damaged(o, "stack_frames");
		if (o->locations[frame])
			check_memory(registry_node(o->registry, node,
						   o->locations[frame] - 1, &node));
	}
	if (result != SQLITE_DONE)
		store_die(o->store, "read");
	sqlite3_reset(o->stack_frames);
	return node;
}

static void take_stack(struct old *o, sqlite3_stmt *row)
{
	static const uint8_t incomplete[] = {0, STACK_INCOMPLETE,
					     STACK_INCOMPLETE | STACK_DAMAGED};
	int64_t function = sqlite3_column_int64(row, 1);
	int64_t grade = sqlite3_column_int64(row, 3);
	struct registry_stack stack;
	uint32_t number;

	if (function < 0 || function > (int64_t)o->registry->n_functions || grade < 0 ||
	    grade > 2)
		die_damaged(o, "stacks");
	stack = (struct registry_stack){
		.node = read_chain(o, sqlite3_column_int64(row, 0)),
		.function = (uint32_t)function,
		.flags = incomplete[grade],
	};
	stack.flags |= sqlite3_column_int(row, 2) ? STACK_TRUNCATED : 0;
	stack.flags |= sqlite3_column_int(row, 4) ? STACK_UNSAMPLED : 0;
	check_memory(registry_stack(o->registry, &stack, &number));
	if (number != sqlite3_column_int64(row, 0))
		die_damaged(o, "stacks");
}

static void take_top_down(struct old *o, sqlite3_stmt *row)
{
	frames_know_top_down(o->frames, (uint32_t)sqlite3_column_int64(row, 0),
			     get_text(row, 1));
}

static void take_bottom_up(struct old *o, sqlite3_stmt *row)
{
	frames_know_bottom_up(o->frames, (uint32_t)sqlite3_column_int64(row, 0),
			      get_text(row, 1));
}

/* In this order: each needs those before it. */
static const struct {
	const char *sql;
	void (*take)(struct old *old, sqlite3_stmt *row);
} tables[] = {
	{"SELECT module, path, build_id FROM modules ORDER BY module", take_module},
	{"SELECT function, name, family FROM functions ORDER BY function", take_function},
	{"SELECT frame, address, exact, ifnull(module, 0), inline_depth, sym FROM frames"
	 " ORDER BY frame",
	 take_frame},
	{"SELECT stack, function, truncated, incomplete, unsampled FROM stacks"
	 " WHERE stack <> 0 ORDER BY stack",
	 take_stack},
	{"SELECT parent, sym FROM top_down WHERE node > 0 ORDER BY node", take_top_down},
	{"SELECT parent, sym FROM bottom_up WHERE node > 0 ORDER BY node",
	 take_bottom_up},
};

static sqlite3_stmt *prepare(struct store *s, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK)
		store_die(s, "read");
	return statement;
}

void store_read_registry(struct store *s, struct registry *registry,
			 struct frames *frames)
{
	struct old old = {.store = s, .registry = registry, .frames = frames};

	old.stack_frames = prepare(s, "SELECT frame FROM stack_frames WHERE stack = ?"
				      " ORDER BY frame_no DESC");
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		sqlite3_stmt *rows = prepare(s, tables[i].sql);
		int result;

		while ((result = sqlite3_step(rows)) == SQLITE_ROW)
			tables[i].take(&old, rows);
		if (result != SQLITE_DONE)
			store_die(s, "read");
		sqlite3_finalize(rows);
	}
	sqlite3_finalize(old.stack_frames);
	free(old.locations);
	frames_know_registry(frames);
}
