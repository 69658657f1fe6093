// SPDX-License-Identifier: MIT
/*
 * One statement runs at a time over each table, and stacks are visited in the order of
 * their key, so nothing is sorted or kept: memory does not grow with the profile.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/text.h"
#include "database/db.h"

#include "database/profile.h"

/* Where each module was in the first process that had it; no process had all. */
#define MAPPINGS                                                                         \
	"(SELECT module, min(process), start, end, bias FROM process_modules"            \
	" GROUP BY module) pm"
#define FRAME_COLUMNS                                                                    \
	"f.frame, f.address + ifnull(pm.bias, 0), ifnull(f.module, 0),"                  \
	" f.inline_depth = 0, f.sym, f.file, ifnull(f.line, 0) "
#define FRAME_PLACES " LEFT JOIN " MAPPINGS " ON pm.module = f.module"

struct profile {
	sqlite3 *db;
	const char *path;
};

static sqlite3_stmt *prepare(struct profile *p, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(p->db, sql, -1, &statement, NULL) != SQLITE_OK)
		db_die(p->db, "read", p->path);
	return statement;
}

static bool step(struct profile *p, sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		db_die(p->db, "read", p->path);
	return result == SQLITE_ROW;
}

/* A column as UTF-8, for the caller to free; NULL is NULL. */
static char *get_text(sqlite3_stmt *statement, int column)
{
	const char *bytes = (const char *)sqlite3_column_text(statement, column);
	char *text;

	if (!bytes && sqlite3_column_type(statement, column) == SQLITE_NULL)
		return NULL;
	text = bytes ? text_utf8(bytes, (size_t)sqlite3_column_bytes(statement, column))
		     : NULL;
	if (!text)
		die("read the database: out of memory");
	return text;
}

struct profile *profile_open(const char *path)
{
	struct profile *p = calloc(1, sizeof(*p));

	if (!p)
		die("open %s: out of memory", path);
	p->path = path;
	p->db = db_open(path);
	return p;
}

void profile_close(struct profile *p)
{
	sqlite3_close(p->db);
	free(p);
}

static void visit_frame(sqlite3_stmt *statement,
			void (*visit)(void *, const struct profile_frame *),
			void *context)
{
	char *sym = get_text(statement, 4), *file = get_text(statement, 5);

	visit(context, &(struct profile_frame){
			       .frame = sqlite3_column_int64(statement, 0),
			       .address = (uint64_t)sqlite3_column_int64(statement, 1),
			       .module = sqlite3_column_int64(statement, 2),
			       .innermost = sqlite3_column_int(statement, 3),
			       .sym = sym ? sym : "",
			       .file = file,
			       .line = sqlite3_column_int64(statement, 6),
		       });
	free(sym);
	free(file);
}

static void visit_stack(struct profile *p, const struct profile_visitor *visitor,
			sqlite3_stmt *statement, sqlite3_stmt *frames)
{
	char *function = get_text(statement, 2);
	struct profile_stack stack = {
		.stack = sqlite3_column_int64(statement, 0),
		.truncated = sqlite3_column_int(statement, 1),
		.function = function,
	};

	for (int i = 0; i < N_PROFILE_VALUES; i++)
		stack.values[i] = sqlite3_column_int64(statement, 3 + i);
	visitor->stack(visitor->context, &stack);
	sqlite3_bind_int64(frames, 1, stack.stack);
	while (step(p, frames))
		visit_frame(frames, visitor->frame, visitor->context);
	sqlite3_reset(frames);
	visitor->end(visitor->context, &stack);
	free(function);
}

void profile_each_stack(struct profile *p, const struct profile_visitor *visitor)
{
	static const char stacks_sql[] =
		"SELECT t.stack, s.truncated, n.name, sum(t.allocations), sum(t.bytes),"
		" sum(t.live_blocks), sum(t.live_bytes), sum(t.peak_bytes)"
		" FROM stack_totals t LEFT JOIN stacks s ON s.stack = t.stack"
		" LEFT JOIN functions n ON n.function = s.function"
		" GROUP BY t.stack ORDER BY t.stack";
	static const char frames_sql[] =
		"SELECT " FRAME_COLUMNS
		"FROM stack_frames sf JOIN frames f USING (frame)" FRAME_PLACES
		" WHERE sf.stack = ? ORDER BY sf.frame_no %s";
	char *inner = sqlite3_mprintf(frames_sql, visitor->outermost_first ? "DESC" : "");
	sqlite3_stmt *stacks, *frames;

	if (!inner)
		die("read %s: out of memory", p->path);
	stacks = prepare(p, stacks_sql);
	frames = prepare(p, inner);
	while (step(p, stacks))
		visit_stack(p, visitor, stacks, frames);
	sqlite3_finalize(stacks);
	sqlite3_finalize(frames);
	sqlite3_free(inner);
}

void profile_each_frame(struct profile *p,
			void (*visit)(void *context, const struct profile_frame *frame),
			void *context)
{
	sqlite3_stmt *frames =
		prepare(p, "SELECT " FRAME_COLUMNS "FROM frames f" FRAME_PLACES
			   " ORDER BY f.frame");

	while (step(p, frames))
		visit_frame(frames, visit, context);
	sqlite3_finalize(frames);
}

void profile_each_module(struct profile *p,
			 void (*visit)(void *context,
				       const struct profile_module *module),
			 void *context)
{
	sqlite3_stmt *modules = prepare(
		p, "SELECT m.module, pm.start, pm.end, m.path, m.build_id,"
		   " ifnull(max(f.sym NOT LIKE '%+0x%'), 0), ifnull(max(f.line > 0), 0)"
		   " FROM modules m LEFT JOIN " MAPPINGS " ON pm.module = m.module"
		   " LEFT JOIN frames f ON f.module = m.module"
		   " GROUP BY m.module"
		   " ORDER BY m.path IN (SELECT executable FROM processes) DESC, 1");

	while (step(p, modules)) {
		char *path = get_text(modules, 3), *build_id = get_text(modules, 4);

		visit(context,
		      &(struct profile_module){
			      .module = sqlite3_column_int64(modules, 0),
			      .start = (uint64_t)sqlite3_column_int64(modules, 1),
			      .end = (uint64_t)sqlite3_column_int64(modules, 2),
			      .path = path ? path : "",
			      .build_id = build_id ? build_id : "",
			      .has_functions = sqlite3_column_int(modules, 5),
			      .has_lines = sqlite3_column_int(modules, 6),
		      });
		free(path);
		free(build_id);
	}
	sqlite3_finalize(modules);
}

void profile_each_process(struct profile *p,
			  void (*visit)(void *context,
					const struct profile_process *process),
			  void *context)
{
	sqlite3_stmt *processes = prepare(
		p, "SELECT executable, ending, sample_bytes,"
		   " CAST(duration_ms * 1e6 AS INTEGER),"
		   " ifnull(strftime('%s', started) * 1000000000"
		   "  + CAST(substr(strftime('%f', started), 4) AS INTEGER) * 1000000, 0)"
		   " FROM processes ORDER BY process");

	while (step(p, processes)) {
		char *executable = get_text(processes, 0),
		     *ending = get_text(processes, 1);

		visit(context, &(struct profile_process){
				       .executable = executable ? executable : "",
				       .ending = ending ? ending : "",
				       .sample_bytes = sqlite3_column_int64(processes, 2),
				       .duration_ns = sqlite3_column_int64(processes, 3),
				       .started_ns = sqlite3_column_int64(processes, 4),
			       });
		free(executable);
		free(ending);
	}
	sqlite3_finalize(processes);
}

void profile_each_loss(struct profile *p,
		       void (*visit)(void *context, const char *reason, int64_t count),
		       void *context)
{
	sqlite3_stmt *losses =
		prepare(p, "SELECT reason, sum(count) FROM losses WHERE count > 0"
			   " GROUP BY reason ORDER BY 1");

	while (step(p, losses)) {
		char *reason = get_text(losses, 0);

		visit(context, reason ? reason : "", sqlite3_column_int64(losses, 1));
		free(reason);
	}
	sqlite3_finalize(losses);
}

static char *format_blob(sqlite3_stmt *statement, int column)
{
	const unsigned char *bytes = sqlite3_column_blob(statement, column);
	int n = sqlite3_column_bytes(statement, column);
	char *text = malloc(2 * (size_t)n + 1);

	if (!text)
		die("read the database: out of memory");
	text[0] = 0;
	for (int i = 0; i < n; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return text;
}

/* The text is for the caller to free. */
static struct profile_cell get_cell(sqlite3_stmt *statement, int column)
{
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_FLOAT:
		if (!isfinite(sqlite3_column_double(statement, column)))
			break;
		/* fall through */
	case SQLITE_INTEGER:
		return (struct profile_cell){PROFILE_NUMBER, get_text(statement, column)};
	case SQLITE_BLOB:
		return (struct profile_cell){PROFILE_TEXT,
					     format_blob(statement, column)};
	case SQLITE_TEXT:
		return (struct profile_cell){PROFILE_TEXT, get_text(statement, column)};
	}
	return (struct profile_cell){PROFILE_NULL, NULL};
}

static void visit_rows(struct profile *p, sqlite3_stmt *statement,
		       const struct profile_rows *rows)
{
	int n = sqlite3_column_count(statement);
	struct profile_cell *cells = calloc((size_t)n, sizeof(*cells));
	char **names = calloc((size_t)n, sizeof(*names));

	if (!cells || !names)
		die("read %s: out of memory", p->path);
	for (int i = 0; i < n; i++) {
		const char *name = sqlite3_column_name(statement, i);

		names[i] = name ? text_utf8(name, strlen(name)) : NULL;
		if (!names[i])
			die("read %s: out of memory", p->path);
	}
	rows->header(rows->context, (const char *const *)names, (size_t)n);
	while (step(p, statement)) {
		for (int i = 0; i < n; i++)
			cells[i] = get_cell(statement, i);
		rows->row(rows->context, cells, (size_t)n);
		for (int i = 0; i < n; i++)
			free((char *)cells[i].text);
	}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	free(cells);
}

/* A query asks: it attaches, changes and sets nothing. */
static int allow_only_questions(void *context, int action, const char *a, const char *b,
				const char *database, const char *trigger)
{
	(void)context, (void)a, (void)b, (void)database, (void)trigger;
	return action == SQLITE_SELECT || action == SQLITE_READ ||
			       action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE
		       ? SQLITE_OK
		       : SQLITE_DENY;
}

void profile_query(struct profile *p, const char *sql, const struct profile_rows *rows)
{
	sqlite3_stmt *statement, *next;
	const char *rest;

	sqlite3_set_authorizer(p->db, allow_only_questions, NULL);
	if (sqlite3_prepare_v2(p->db, sql, -1, &statement, &rest) != SQLITE_OK)
		db_die(p->db, "ask", p->path);
	if (!statement || sqlite3_column_count(statement) == 0)
		die("ask %s: the query is empty", p->path);
	if (sqlite3_prepare_v2(p->db, rest, -1, &next, NULL) != SQLITE_OK)
		db_die(p->db, "ask", p->path);
	if (next)
		die("ask %s: only one query at a time can be answered", p->path);
	visit_rows(p, statement, rows);
	sqlite3_finalize(statement);
	sqlite3_set_authorizer(p->db, NULL, NULL);
}

void profile_view(struct profile *p, const char *name, const struct profile_rows *rows)
{
	sqlite3_stmt *statement =
		prepare(p, "SELECT 1 FROM sqlite_schema"
			   " WHERE name = ? AND type IN ('table', 'view')");
	char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", name);

	if (!sql)
		die("read %s: out of memory", p->path);
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	if (!step(p, statement))
		die("read %s: it has no table or view %s", p->path, name);
	sqlite3_finalize(statement);
	profile_query(p, sql, rows);
	sqlite3_free(sql);
}
