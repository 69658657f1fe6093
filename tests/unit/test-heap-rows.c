// SPDX-License-Identifier: MIT
/*
 * What a heap snapshot becomes in a database, where the trace has less than all of it, or
 * the machine too little memory: the linker hands heap_memory() to the test (--wrap).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "contract/packed.h"
#include "heap/facts.h"
#include "loading/load.h"
#include "tests/unit/trace-writer.h"

#define NODE 10
#define TICKS 100 /* of the scan */

uint64_t __real_heap_memory(uint64_t n_nodes, uint64_t n_edges);
uint64_t __wrap_heap_memory(uint64_t n_nodes, uint64_t n_edges);

static bool is_scarce;
static const char *trace, *database;
static struct trace_writer writer;
static size_t events, scan;

uint64_t __wrap_heap_memory(uint64_t n_nodes, uint64_t n_edges)
{
	return is_scarce ? UINT64_MAX - 1 : __real_heap_memory(n_nodes, n_edges);
}

static void put_root(uint64_t target, enum rhp_root_kind kind, uint64_t address)
{
	uint64_t units[RHP_WIDE_UNITS];

	rhp_pack_root(units, target, 0, 0, address, kind, 0);
	for (size_t i = 0; i < RHP_WIDE_UNITS; i++)
		writer_unit(&writer, scan, units[i]);
}

/* Three blocks, of which the trace has two; 0x1000 points to the others. */
static int begin(void **state)
{
	(void)state;
	is_scarce = false;
	trace = test_path("trace.bin");
	database = test_path("profile.db");
	unlink(database);
	writer_init(&writer, 64);
	events = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	scan = writer_region(&writer, RHP_SCAN_STREAM, RHP_REGION_CHUNK, 0);
	writer_blob(&writer, events, RHP_BLOB_THREAD, 1, 7, "main", 4);
	for (uint64_t i = 1; i <= 2; i++)
		writer_event(&writer, events,
			     (struct writer_event){RHP_ALLOC, i * 0x1000, 10 * i, 100 * i,
						   NODE});
	for (uint64_t i = 1; i <= 3; i++)
		writer_put(&writer, scan, (i * 0x1000) << 8 | RHP_LEAK, 0,
			   RHP_LEAK_REACHABLE);
	writer_blob(&writer, scan, RHP_BLOB_SCAN, 0, TICKS, NULL, 0);
	put_root(0, RHP_ROOT_MEMORY, 0x7000);
	put_root(0, RHP_ROOT_MEMORY, 0x7ff8);
	put_root(1, RHP_ROOT_MEMORY, 0x9000);
	put_root(0, RHP_ROOT_WORD, 1);
	writer_unit(&writer, scan, rhp_pack_edges(0, 0));
	writer_unit(&writer, scan, rhp_pack_edge(1, 1, 8));
	writer_unit(&writer, scan, rhp_pack_edge(2, 0, 16));
	return 0;
}

static int end(void **state)
{
	(void)state;
	writer_fini(&writer);
	return 0;
}

static void end_graph(uint64_t n_records, uint64_t error)
{
	writer_blob(&writer, scan, RHP_BLOB_GRAPH, n_records | error << 48, TICKS, "it",
		    2);
}

static void load(void)
{
	const char *traces[] = {trace};
	struct load_result result;

	writer_save(&writer, trace);
	result = load_traces(&(struct load_options){
		.traces = traces, .n_traces = 1, .database = database});
	load_result_fini(&result);
}

/* Fail if the first column of the first row is not this; NULL is SQL's. */
static void check(const char *sql, const char *want)
{
	sqlite3_stmt *statement;
	const char *text;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	text = (const char *)sqlite3_column_text(statement, 0);
	if (want)
		assert_string_equal(text, want);
	else
		assert_null(text);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

/* Nothing else is missing: the blocks are there, and what the scan found of them. */
static void check_no_graph(const char *error)
{
	check("SELECT error FROM heap_snapshots", error);
	check("SELECT (SELECT count(*) FROM heap_blocks) + (SELECT count(*) FROM "
	      "heap_roots)"
	      " + (SELECT count(*) FROM heap_edges) + (SELECT count(*) FROM heap_groups)",
	      "0");
	check("SELECT group_concat(leak_kind) FROM allocations",
	      "still reachable,still reachable");
	check("SELECT leak_scan FROM processes", "made");
}

static void a_whole_graph_has_all_rows(void **state)
{
	(void)state;
	end_graph(6, 0);
	load();
	check("SELECT error FROM heap_snapshots", NULL);
	check("SELECT blocks || ' ' || bytes || ' ' || edges || ' ' || possible_edges || "
	      "' '"
	      " || roots || ' ' || at_ns FROM heap_snapshots",
	      "3 300 6 1 3 100");
	check("SELECT group_concat(source || '+' || offset || '>' || target) FROM "
	      "heap_edges",
	      "1+8>2,1+16>3,4+0>1,4+4088>1,5+0>2,6+0>1");
	check("SELECT group_concat(kind || ' ' || ifnull(address, '-')) FROM heap_roots",
	      "memory 28672,memory 36864,register -");
	check("SELECT group_concat(dominator || ' ' || retained_bytes) FROM heap_blocks",
	      "0 100,0 200,1 0");
}

/* Of which the trace does not have the allocation */
static void a_block_may_be_unknown(void **state)
{
	(void)state;
	end_graph(6, 0);
	load();
	check("SELECT size || ' ' || stack FROM heap_blocks WHERE node = 3", "0 0");
	check("SELECT count(*) FROM pragma_foreign_key_check", "0");
}

static void what_failed_in_the_program_is_said(void **state)
{
	(void)state;
	end_graph(0, ENOSPC);
	load();
	check_no_graph(strerror(ENOSPC));
}

static void a_missing_pointer_is_said(void **state)
{
	(void)state;
	end_graph(7, 0);
	load();
	check_no_graph("pointers are missing in the trace");
}

static void too_little_memory_is_said(void **state)
{
	(void)state;
	is_scarce = true;
	end_graph(6, 0);
	load();
	check_no_graph("there is not enough memory to find what holds its blocks");
	check("SELECT blocks || ' ' || edges || ' ' || possible_edges FROM "
	      "heap_snapshots",
	      "3 6 1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_whole_graph_has_all_rows),         CASE(a_block_may_be_unknown),
		CASE(what_failed_in_the_program_is_said), CASE(a_missing_pointer_is_said),
		CASE(too_little_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
