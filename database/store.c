// SPDX-License-Identifier: MIT
/*
 * Blocks are most of a database, so they do not go through a statement each:
 * they are the rows of a virtual table (block-rows.c), and one INSERT ...
 * SELECT copies a batch. SQLite then appends to the b-tree without being told rows
 * one by one. What blocks have in common is in their lot; they come sorted by lot, so
 * totals by call stack need no index on blocks: the lots of a stack are ranges.
 *
 * A database that is not finished is thrown away, so it is written without a
 * journal and without syncs; one fsync comes before the rename. Rows are only
 * ever appended, so a small page cache is enough.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "analysis/chains.h"
#include "analysis/pair.h"
#include "analysis/tally.h"
#include "common/cli.h"
#include "config.h"
#include "database/db.h"
#include "database/lots.h"
#include "database/rows.h"
#include "database/store-file.h"
#include "database/store-parts.h"

#include "database/store.h"

#define APPLICATION_ID 0x72686561 /* schema.sql */

/* Columns are named to leave the number out: SQLite then appends, and does not look
 * whether it is taken. */
static const char insert_blocks[] =
	"INSERT INTO blocks (" BLOCK_ROWS_COLUMNS ") SELECT " BLOCK_ROWS_COLUMNS
	" FROM " BLOCK_ROWS_TABLE;

void store_die(struct store *s, const char *what)
{
	const char *message = sqlite3_errmsg(s->db);

	if (sqlite3_system_errno(s->db) && sqlite3_errcode(s->db) != SQLITE_NOMEM) {
		errno = sqlite3_system_errno(s->db);
		die("%s %s: %s:", what, s->path, message);
	}
	die("%s %s: %s", what, s->path, message);
}

void store_execute(struct store *s, const char *sql, const char *what)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		store_die(s, what);
}

int64_t store_ask(struct store *s, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK)
		store_die(s, "read");
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		value = sqlite3_column_int64(statement, 0);
		break;
	case SQLITE_DONE:
		break;
	default:
		store_die(s, "read");
	}
	sqlite3_finalize(statement);
	return value;
}

/* The database to be continued: is it one of ours, of this version, and whole? */
static void check_old(struct store *s)
{
	int64_t version;

	if (store_ask(s, "PRAGMA application_id") != APPLICATION_ID)
		die("append to %s: it is not a database of rheaper-load", s->path);
	version = store_ask(s, "PRAGMA user_version");
	if (version != RHEAPER_SCHEMA_VERSION)
		die("append to %s: its schema has version %d, but this program writes "
		    "version %d; load the traces again into a new database",
		    s->path, (int)version, RHEAPER_SCHEMA_VERSION);
}

/* Nothing else is trusted to take rows. */
static void check_schema(struct store *s)
{
	if (!db_has_our_schema(s->db, s->path))
		die("append to %s: its schema was changed; load the traces again into a "
		    "new database",
		    s->path);
}

/* db_stack(n): the number in the database of stack n of the trace. */
static void find_db_stack(sqlite3_context *result, int n_values, sqlite3_value **values)
{
	const struct store *s = sqlite3_user_data(result);
	int64_t stack = sqlite3_value_int64(values[0]);

	(void)n_values;
	if (sqlite3_value_type(values[0]) != SQLITE_NULL)
		sqlite3_result_int64(result, s->catalog->stacks[stack].number);
}

static void prepare_connection(struct store *s)
{
	store_execute(s,
		      "PRAGMA page_size = 8192;"
		      "PRAGMA journal_mode = OFF;"
		      "PRAGMA synchronous = OFF;"
		      "PRAGMA locking_mode = EXCLUSIVE;"
		      "PRAGMA trusted_schema = OFF;"
		      "PRAGMA cell_size_check = ON;"
		      "PRAGMA cache_size = -1000;"
		      "PRAGMA mmap_size = 0;"
		      "BEGIN",
		      "create");
	if (block_rows_register(s->db, &s->rows) != SQLITE_OK ||
	    sqlite3_create_function(s->db, "db_stack", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
				    s, find_db_stack, NULL, NULL) != SQLITE_OK)
		store_die(s, "create");
}

/* Of a link that is added to, what it leads to. */
static char *final_path(const char *path, enum store_mode mode)
{
	char *final = mode == STORE_APPEND ? realpath(path, NULL) : strdup(path);

	if (!final && mode == STORE_APPEND)
		die("append to %s:", path);
	if (!final)
		die("create %s: out of memory", path);
	return final;
}

struct store *store_open(const char *path, enum store_mode mode)
{
	struct store *s = calloc(1, sizeof(*s));

	if (!s)
		die("create %s: out of memory", path);
	s->path = final_path(path, mode);
	s->mode = mode;
	if (sqlite3_open_v2(store_file_begin(s->path, mode), &s->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		store_die(s, "create");
	if (mode == STORE_APPEND)
		check_old(s);
	prepare_connection(s);
	if (mode == STORE_APPEND)
		check_schema(s);
	else
		store_execute(s, db_schema, "create the tables of");
	s->n_blocks = store_ask(s, "SELECT max(block) FROM blocks");
	return s;
}

struct store_numbers store_numbers(struct store *s)
{
	return (struct store_numbers){
		.run = store_ask(s, "SELECT max(run) FROM runs") + 1,
		.process = store_ask(s, "SELECT max(process) FROM processes") + 1,
		.threads = store_ask(s, "SELECT max(thread) FROM threads"),
	};
}

bool store_has_trace(struct store *s, const struct rhp_file_header *h)
{
	char *sql = sqlite3_mprintf("SELECT 1 FROM processes WHERE pid = %u AND"
				    " started_unix_ns = %lld AND started_ticks = %lld",
				    h->pid, (long long)h->start_realtime_ns,
				    (long long)h->start_ticks);
	bool found;

	if (!sql)
		die("read %s: out of memory", s->path);
	found = store_ask(s, sql);
	sqlite3_free(sql);
	return found;
}

static sqlite3_stmt *prepare(struct store *s, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
			       NULL) != SQLITE_OK)
		store_die(s, "write to");
	return statement;
}

static void run_statement(struct store *s, sqlite3_stmt *statement)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		store_die(s, "write to");
	sqlite3_reset(statement);
}

static sqlite3_stmt *get_insert(struct store *s, enum table table)
{
	char *sql;

	if (s->inserts[table])
		return s->inserts[table];
	sql = table_insert_sql(table);
	if (!sql)
		die("write to %s: out of memory", s->path);
	s->inserts[table] = prepare(s, sql);
	sqlite3_free(sql);
	return s->inserts[table];
}

void store_insert(struct store *s, enum table table, const void *row)
{
	sqlite3_stmt *statement = get_insert(s, table);

	rows_bind(statement, table_columns(table), row);
	run_statement(s, statement);
}

struct rows *store_select(struct store *s, enum table table, const char *rest)
{
	char *from = sqlite3_mprintf("FROM %s %s", table_name(table), rest);
	struct rows *rows;

	if (!from)
		die("read %s: out of memory", s->path);
	rows = rows_open(&(struct database){s->db, s->path}, table_columns(table), from);
	sqlite3_free(from);
	return rows;
}

struct rows *store_select_totals(struct store *s)
{
	static const struct row_column columns[] = {
		ROW_COLUMN(store_total, stack, "stack"),
		ROW_COLUMN(store_total, allocations, "allocations"),
		ROW_COLUMN(store_total, allocated_bytes, "allocated_bytes"),
	};
	static const struct row_list list = ROW_LIST(columns);

	return rows_open(&(struct database){s->db, s->path}, &list, "FROM stack_totals");
}

void store_trace_begin(struct store *s, struct store_trace *trace)
{
	trace->first_lot = store_ask(s, "SELECT max(rowid) FROM lots") + 1;
	trace->first_inner_lot = store_ask(s, "SELECT max(rowid) FROM inner_lots") + 1;
	trace->first_chain = store_ask(s, "SELECT max(rowid) FROM realloc_chains") + 1;
}

static int64_t clamp(uint64_t value)
{
	return value < INT64_MAX ? (int64_t)value : INT64_MAX;
}

static int64_t thread_number(const struct store_trace *trace, uint64_t number)
{
	return number ? trace->threads + (int64_t)number : 0;
}

static void insert_lot(struct store *s, const struct store_trace *trace,
		       const struct lot *lot)
{
	int64_t first = s->n_blocks + 1;

	s->n_blocks += lot->n_rows;
	store_insert(
		s, lot->inside == PAIR_NOT_INSIDE ? TABLE_LOTS : TABLE_INNER_LOTS,
		&(struct lot_record){
			.process = trace->process,
			.stack = lot->stack,
			.alloc_thread = thread_number(trace, lot->alloc_thread),
			.free_thread =
				lot->ended ? thread_number(trace, lot->free_thread) : 0,
			.free_stack = lot->ended ? (int64_t)lot->free_stack : LOT_NONE,
			.ending = lot->end,
			.temporary = lot->temporary,
			.free_size = clamp(lot->free_size),
			.weight = lot->sampled_size ? tally_weight(trace->sample_bytes,
								   lot->sampled_size - 1)
						    : 1,
			.first_block = first,
			.last_block = s->n_blocks,
			.bytes = clamp(lot->bytes),
			.leak_kind = lot->end == BLOCK_LIVE ? lot->leak : LOT_NONE,
			.leak_owner = lot->leak_owner == PAIR_NO_OWNER
					      ? LOT_NONE
					      : (int64_t)lot->leak_owner,
			.outer_stack = lot->inside,
		});
}

void store_lots(struct store *s, const struct store_trace *trace, const struct lots *lots)
{
	s->rows.lots = lots;
	if (!s->insert_blocks)
		s->insert_blocks = prepare(s, insert_blocks);
	run_statement(s, s->insert_blocks);
	for (size_t i = 0; i < lots->n_lots; i++)
		insert_lot(s, trace, &lots->lots[i]);
}

void store_chain(struct store *s, const struct store_trace *trace, const struct chain *c)
{
	store_insert(s, TABLE_REALLOC_CHAINS,
		     &(struct realloc_chain_row){
			     .process = trace->process,
			     .first_stack = c->first_stack,
			     .last_stack = c->last_stack,
			     .reallocs = c->steps,
			     .moves = c->moves,
			     .copied_bytes = clamp(c->copied),
			     .first_size = clamp(c->first_size),
			     .final_size = clamp(c->final_size),
		     });
}

void store_trace_end(struct store *s, const struct store_trace *trace,
		     const struct catalog *catalog)
{
	char *sql;
	size_t n = 0;

	while (n < catalog->n_stacks && catalog->stacks[n].number == n)
		n++;
	if (n == catalog->n_stacks)
		return;
	s->catalog = catalog;
	sql = sqlite3_mprintf(
		"UPDATE lots SET stack = db_stack(stack), free_stack ="
		" db_stack(free_stack), leak_owner = db_stack(leak_owner)"
		" WHERE rowid >= %lld;"
		"UPDATE inner_lots SET stack = db_stack(stack), free_stack ="
		" db_stack(free_stack), leak_owner = db_stack(leak_owner),"
		" outer_stack = db_stack(outer_stack) WHERE rowid >= %lld;"
		"UPDATE realloc_chains SET first_stack = db_stack(first_stack),"
		" last_stack = db_stack(last_stack) WHERE rowid >= %lld",
		(long long)trace->first_lot, (long long)trace->first_inner_lot,
		(long long)trace->first_chain);
	if (!sql)
		die("write to %s: out of memory", s->path);
	store_execute(s, sql, "write to");
	sqlite3_free(sql);
	s->catalog = NULL;
}

uint64_t store_finish(struct store *s)
{
	uint64_t size;

	store_execute(s, "COMMIT", "write");
	size = (uint64_t)store_ask(s, "SELECT page_count * page_size FROM"
				      " pragma_page_count, pragma_page_size");
	for (int i = 0; i < N_TABLES; i++)
		sqlite3_finalize(s->inserts[i]);
	sqlite3_finalize(s->insert_blocks);
	sqlite3_finalize(s->update_owner);
	if (sqlite3_close(s->db) != SQLITE_OK)
		store_die(s, "close");
	store_file_finish(s->path, s->mode);
	free(s->path);
	free(s);
	return size;
}
