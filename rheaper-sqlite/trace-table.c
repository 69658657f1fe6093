// SPDX-License-Identifier: MIT
/*
 * A trace as a table that SQLite asks for rows: rheaper_trace('FILE'). Events are read as
 * they are asked for, so nothing is kept, and a LIMIT ends the reading. Only who asks for
 * what is in stacks has the whole file read for that first.
 *
 * This runs in somebody else's program: nothing is printed, nothing exits, errors are
 * SQLite's. The program may be given a database by a stranger, so the table cannot be
 * used by what stands in a schema (SQLITE_VTAB_DIRECTONLY).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3ext.h>

#include "analysis/catalog.h"
#include "analysis/later.h"
#include "common/json.h"
#include "common/path.h"
#include "rheaper-sqlite/events.h"
#include "trace/reader.h"

#include "rheaper-sqlite/trace-table.h"

SQLITE_EXTENSION_INIT1

/* Of a stack and of a module's name, whatever the trace says */
#define MAX_DEPTH 4096
#define MAX_NAME 200

enum column {
	COLUMN_EVENT,
	COLUMN_AT_NS,
	COLUMN_KIND,
	COLUMN_THREAD,
	COLUMN_ADDRESS,
	COLUMN_SIZE,
	COLUMN_STACK,
	COLUMN_FUNCTION,
	COLUMN_BACKTRACE,
	COLUMN_STREAM,
	COLUMN_STAMP,
	COLUMN_TRACE,
};

#define TABLE                                                                            \
	"CREATE TABLE x (event INTEGER, at_ns INTEGER, kind TEXT, thread INTEGER,"       \
	" address INTEGER, size INTEGER, stack INTEGER, allocator TEXT, backtrace TEXT," \
	" stream INTEGER, stamp INTEGER, trace TEXT HIDDEN)"

/* The plan that xBestIndex makes for xFilter */
#define WITH_CATALOG 1
#define NEEDS_CATALOG (UINT64_C(1) << COLUMN_FUNCTION | UINT64_C(1) << COLUMN_BACKTRACE)

struct cursor {
	sqlite3_vtab_cursor base;
	struct events events;
	char *path;
	int64_t number; /* of the event, from 1 */
};

static int connect(sqlite3 *db, void *context, int n_arguments,
		   const char *const *arguments, sqlite3_vtab **table, char **message)
{
	(void)context, (void)n_arguments, (void)arguments, (void)message;
	*table = sqlite3_malloc64(sizeof(**table));
	if (!*table)
		return SQLITE_NOMEM;
	memset(*table, 0, sizeof(**table));
	sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	return sqlite3_declare_vtab(db, TABLE);
}

static int disconnect(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

static int fail(sqlite3_vtab *table, const char *path, const char *why)
{
	sqlite3_free(table->zErrMsg);
	table->zErrMsg = path ? sqlite3_mprintf("rheaper_trace: read %s: %s", path, why)
			      : sqlite3_mprintf("rheaper_trace: %s", why);
	return SQLITE_ERROR;
}

/* 0, -errno or an enum reader_problem as a result of SQLite's. */
static int check(sqlite3_vtab *table, const char *path, int result)
{
	if (result == 0)
		return SQLITE_OK;
	if (result == -ENOMEM)
		return SQLITE_NOMEM;
	return fail(table, path, reader_explain(result));
}

/* The name of the trace is an argument of each query. */
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	bool unusable = false;

	for (int i = 0; i < info->nConstraint; i++) {
		if (info->aConstraint[i].iColumn != COLUMN_TRACE ||
		    info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		if (!info->aConstraint[i].usable) {
			unusable = true;
			continue;
		}
		info->aConstraintUsage[i].argvIndex = 1;
		info->aConstraintUsage[i].omit = 1;
		info->idxNum = info->colUsed & NEEDS_CATALOG ? WITH_CATALOG : 0;
		info->orderByConsumed = info->nOrderBy == 1 &&
					info->aOrderBy[0].iColumn <= (int)COLUMN_EVENT &&
					!info->aOrderBy[0].desc;
		info->estimatedCost = 1e6;
		info->estimatedRows = 1000000;
		return SQLITE_OK;
	}
	if (unusable)
		return SQLITE_CONSTRAINT;
	return fail(table, NULL,
		    "it needs the name of a trace, as in rheaper_trace('trace.bin')");
}

static int cursor_open(sqlite3_vtab *table, sqlite3_vtab_cursor **result)
{
	struct cursor *c = calloc(1, sizeof(*c));

	(void)table;
	if (!c)
		return SQLITE_NOMEM;
	*result = &c->base;
	return SQLITE_OK;
}

static struct cursor *cursor_of(sqlite3_vtab_cursor *base)
{
	return (struct cursor *)(void *)base;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
	struct cursor *c = cursor_of(base);

	events_close(&c->events);
	free(c->path);
	free(c);
	return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
	struct cursor *c = cursor_of(base);

	c->number++;
	return check(base->pVtab, c->path, events_next(&c->events));
}

/* The program that loaded this may have asked SQLite for its log. */
static void log_later(void *context, const char *sentence)
{
	(void)context;
	sqlite3_log(SQLITE_WARNING, "rheaper_trace: %s", sentence);
}

/* A join asks for one trace again and again. */
static void look_for_later(const char *path, const char *last)
{
	if (!last || strcmp(path, last) != 0)
		later_tell(&path, 1, log_later, NULL);
}

static int filter(sqlite3_vtab_cursor *base, int plan, const char *name, int n_values,
		  sqlite3_value **values)
{
	struct cursor *c = cursor_of(base);
	const char *path = (const char *)sqlite3_value_text(values[0]);
	int result;

	(void)name, (void)n_values;
	events_close(&c->events);
	c->number = 0;
	if (!path || strlen(path) != (size_t)sqlite3_value_bytes(values[0]))
		return fail(base->pVtab, NULL, "the name of the trace is no text");
	look_for_later(path, c->path);
	free(c->path);
	c->path = strdup(path);
	result = c->path ? events_open(&c->events, path, plan == WITH_CATALOG) : -ENOMEM;
	return result ? check(base->pVtab, path, result) : cursor_next(base);
}

static int at_end(sqlite3_vtab_cursor *base)
{
	return !cursor_of(base)->events.event;
}

/* "program+0x1234": where an address lies in its file, as far as that is known. */
static void put_place(struct json *json, const struct events *events,
		      const struct catalog_node *node)
{
	const struct catalog_module *module =
		catalog_module(&events->catalog, node->module);
	char place[MAX_NAME + 32];

	if (module)
		snprintf(place, sizeof(place), "%.*s+0x%" PRIx64, MAX_NAME,
			 path_base(module->path), node->address - module->bias);
	else
		snprintf(place, sizeof(place), "0x%" PRIx64, node->address);
	json_text(json, place);
}

/* An array of places, the innermost call first. NULL: out of memory. */
static char *format_backtrace(const struct events *events,
			      const struct catalog_node *node)
{
	struct json_memory memory;

	if (!json_memory_begin(&memory))
		return NULL;
	json_begin_array(&memory.json);
	for (int depth = 0; (node = events_caller(events, node)) && depth < MAX_DEPTH;
	     depth++)
		put_place(&memory.json, events, node);
	json_end_array(&memory.json);
	return json_memory_end(&memory);
}

static void return_backtrace(const struct events *events, sqlite3_context *result)
{
	const struct catalog_node *call = events_call(events);
	char *text = call ? format_backtrace(events, call) : NULL;

	if (text)
		sqlite3_result_text(result, text, -1, free);
	else if (call)
		sqlite3_result_error_nomem(result);
}

/* What is not known is NULL, as every column is before something is returned. */
static void return_number(sqlite3_context *result, bool known, uint64_t number)
{
	if (known)
		sqlite3_result_int64(result, number < INT64_MAX ? (sqlite3_int64)number
								: INT64_MAX);
}

static void return_text(sqlite3_context *result, const char *text)
{
	if (text)
		sqlite3_result_text(result, text, -1, SQLITE_TRANSIENT);
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *result, int number)
{
	const struct cursor *c = cursor_of(base);
	const struct reader_event *e = c->events.event;

	switch (number) {
	case COLUMN_EVENT:
		return_number(result, true, (uint64_t)c->number);
		break;
	case COLUMN_AT_NS:
		return_number(result, true,
			      (uint64_t)reader_ns(c->events.reader, e->ticks));
		break;
	case COLUMN_KIND:
		return_text(result, events_kind(&c->events));
		break;
	case COLUMN_THREAD:
		return_number(result, e->thread != 0, e->thread);
		break;
	case COLUMN_ADDRESS:
		return_number(result, true, e->address);
		break;
	case COLUMN_SIZE:
		return_number(result, events_has_size(&c->events), e->size);
		break;
	case COLUMN_STACK:
		return_number(result, e->node != 0, e->node);
		break;
	case COLUMN_FUNCTION:
		return_text(result, events_function(&c->events));
		break;
	case COLUMN_BACKTRACE:
		return_backtrace(&c->events, result);
		break;
	case COLUMN_STREAM:
		return_number(result, true, e->stream);
		break;
	case COLUMN_STAMP:
		return_number(result, true, e->stamp);
		break;
	case COLUMN_TRACE:
		return_text(result, c->path);
		break;
	}
	return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *result)
{
	*result = cursor_of(base)->number;
	return SQLITE_OK;
}

/* SQLite makes the name from that of the file. */
__attribute__((visibility("default"))) int
sqlite3_rheapertrace_init(sqlite3 *db, char **message,
			  const struct sqlite3_api_routines *api)
{
	static const sqlite3_module module = {
		.xConnect = connect,
		.xDisconnect = disconnect,
		.xBestIndex = best_index,
		.xOpen = cursor_open,
		.xClose = cursor_close,
		.xFilter = filter,
		.xNext = cursor_next,
		.xEof = at_end,
		.xColumn = column,
		.xRowid = rowid,
	};

	(void)message;
	SQLITE_EXTENSION_INIT2(api);
	return sqlite3_create_module(db, "rheaper_trace", &module, NULL);
}
