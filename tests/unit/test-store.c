// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "analysis/pair.h"
#include "analysis/scopes.h"
#include "database/rows.h"
#include "database/tables.h"
#include "database/terms.h"
#include "loading/load.h"
#include "tests/unit/trace-writer.h"

static const char *trace, *database;
static struct trace_writer writer;

static int begin(void **state)
{
	(void)state;
	if (!trace) {
		trace = test_path("trace.bin");
		database = test_path("it's a \"database\".db");
	}
	unlink(database);
	writer_init(&writer, 128);
	return 0;
}

static int end(void **state)
{
	(void)state;
	writer_fini(&writer);
	return 0;
}

/* Two threads, 20 call stacks; odd blocks leak. */
static void write_example(void)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);

	writer_blob(&writer, r, RHP_BLOB_THREAD, 1, 100, "ma\xffin", 5);
	writer_module(&writer, r, 1, 0x400000, "/nonexistent/program");
	writer_blob(&writer, r, RHP_BLOB_FUNCTION, 1, 0, "malloc\0heap", 11);
	writer_blob(&writer, r, RHP_BLOB_MARK, 1, 500, "a mark", 6);
	for (uint32_t i = 1; i <= 20; i++) {
		writer_node(&writer, r, RHP_FRAME, i, i - 1, 0x400000 + i * 16, i % 2, 0);
		writer_node(&writer, r, RHP_CALL, 100 + i, i, 1, 0, 0);
	}
	for (uint32_t i = 1; i <= 20; i++) {
		writer_event(&writer, r,
			     (struct writer_event){RHP_ALLOC, i * 4096, i * 10, i * 100,
						   100 + i});
		if (i % 2 == 0)
			writer_event(&writer, r,
				     (struct writer_event){RHP_FREE, i * 4096, i * 10 + 5,
							   0, 101});
	}
	writer_save(&writer, trace);
}

/* The process of the one trace. */
static struct load_process load(bool replace)
{
	struct load_result result = load_traces(&(struct load_options){
		.traces = &trace,
		.n_traces = 1,
		.database = database,
		.replace = replace,
		.symbolize = true,
	});
	struct load_process process = result.processes[0];

	assert_int_equal(result.n_processes, 1);
	load_result_fini(&result);
	return process;
}

/* Load in a child, which may die: its exit code. */
static int try_load(bool replace)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		load(replace);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int n_files(void)
{
	char directory[512];
	struct dirent *entry;
	DIR *listing;
	int n = 0;

	snprintf(directory, sizeof(directory), "%s", trace);
	*strrchr(directory, '/') = 0;
	listing = opendir(directory);
	assert_non_null(listing);
	while ((entry = readdir(listing)))
		n += entry->d_name[0] != '.';
	closedir(listing);
	return n;
}

/* The result of a query as "a|b\nc|d\n"; valid until the next one. */
static const char *query(const char *sql)
{
	static char text[8192];
	sqlite3_stmt *statement;
	sqlite3 *db;
	size_t n = 0;

	text[0] = 0;
	assert_int_equal(sqlite3_open_v2(database, &db, SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const unsigned char *value = sqlite3_column_text(statement, i);

			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
					      i ? "|" : "",
					      value ? (const char *)value : "NULL");
		}
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\n");
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return text;
}

static void the_top_call_sites_are_found(void **state)
{
	(void)state;
	write_example();
	load(false);
	assert_string_equal(query("SELECT bt, sum(size) FROM allocations GROUP BY bt"
				  " ORDER BY sum(size) DESC LIMIT 3"),
			    "20|2000\n19|1900\n18|1800\n");
	assert_string_equal(
		query("SELECT bt, count(0), sum(size) FROM allocations where"
		      " dealloc_after NOT NULL AND dealloc_after - alloc_after"
		      " < 10000 GROUP BY bt ORDER BY sum(size) DESC LIMIT 2"),
		"20|1|2000\n18|1|1800\n");
}

static void a_backtrace_is_found_by_a_text_id(void **state)
{
	(void)state;
	write_example();
	load(false);
	assert_string_equal(
		query("select frame_no, sym from backtraces where id = '17' limit 3"),
		"0|program+0x110\n1|0x400100\n2|program+0xf0\n");
	assert_string_equal(query("select count(*) from backtraces where id = '17'"),
			    "17\n");
}

static void the_small_tables_say_what_the_trace_is(void **state)
{
	struct load_process result;

	(void)state;
	write_example();
	result = load(false);
	assert_int_equal(result.live_blocks, 10);
	assert_int_equal(result.lost, 0);
	assert_string_equal(
		query("SELECT pid, executable, started_at, capture, ending FROM "
		      "processes"),
		"4711|/usr/bin/example|2023-11-14T22:13:20.123Z|process|exited\n");
	assert_string_equal(query("SELECT * FROM threads"), "1|1|1|100|ma\\xffin\n");
	assert_string_equal(query("SELECT * FROM markers"), "1|1|0.0005|1|a mark\n");
	assert_string_equal(query("SELECT sum(count) FROM losses"), "0\n");
	assert_string_equal(query("SELECT count(*), sum(bytes) FROM leaks"),
			    "10|10000\n");
	assert_string_equal(query("SELECT alloc_after, dealloc_after, size, alloc_thread,"
				  " free_stack FROM allocations WHERE bt = 2"),
			    "2.0e-05|2.5e-05|200|1|1\n");
	assert_string_equal(query("PRAGMA integrity_check"), "ok\n");
}

/* Names may come in other streams, and before the thread. */
static void a_thread_has_the_name_that_it_had_last(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	size_t other = writer_region(&writer, 1, RHP_REGION_WINDOW, 0);

	(void)state;
	writer_blob(&writer, r, RHP_BLOB_NAME, 2, 50, "second", 6);
	writer_blob(&writer, r, RHP_BLOB_NAME, 2, 70, "la\xffst", 5);
	writer_blob(&writer, r, RHP_BLOB_NAME, 2, 60, "third", 5);
	writer_blob(&writer, r, RHP_BLOB_NAME, 9, 60, "nobody's", 8);
	writer_blob(&writer, r, RHP_BLOB_THREAD, 1, 100, "one", 3);
	writer_blob(&writer, other, RHP_BLOB_THREAD, 2, 101, "two", 3);
	writer_save(&writer, trace);
	load(false);
	assert_string_equal(query("SELECT number, name FROM threads"),
			    "1|one\n2|la\\xffst\n");
	assert_string_equal(
		query("SELECT count FROM losses WHERE reason = 'damaged_records'"),
		"1\n");
}

static void labels_have_names_that_differ(void **state)
{
	static const char texts[] = "version=1.2\0commit=3f\xff\0version=2\0=x\0none\0"
				    "empty=\0equals=a=b";
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);

	(void)state;
	writer_blob(&writer, r, RHP_BLOB_THREAD, 1, 100, "one", 3);
	writer_blob(&writer, r, RHP_BLOB_LABELS, 0, 0, texts, sizeof(texts) - 1);
	writer_save(&writer, trace);
	load(false);
	assert_string_equal(
		query("SELECT process, name, value FROM build_labels ORDER BY name"),
		"1|commit|3f\\xff\n1|empty|\n1|equals|a=b\n1|version|1.2\n");
	assert_string_equal(
		query("SELECT count FROM losses WHERE reason = 'damaged_records'"),
		"3\n");
}

static void labels_beyond_thirty_are_damage(void **state)
{
	char texts[1024];
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0), n = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		n += (size_t)snprintf(texts + n, sizeof(texts) - n, "n%d=1%c", i, 0);
	writer_blob(&writer, r, RHP_BLOB_LABELS, 0, 0, texts, n);
	writer_save(&writer, trace);
	load(false);
	assert_string_equal(query("SELECT count(*) FROM build_labels"), "30\n");
	assert_string_equal(
		query("SELECT count FROM losses WHERE reason = 'damaged_records'"),
		"70\n");
}

static void begin_scope(size_t r, uint64_t thread, uint64_t number, uint64_t at,
			const char *name)
{
	writer_blob(&writer, r, RHP_BLOB_BEGIN, number << 32 | thread, at, name,
		    strlen(name));
}

static void end_scope(size_t r, uint64_t thread, uint64_t number, uint64_t at)
{
	writer_blob(&writer, r, RHP_BLOB_END, number << 32 | thread, at, "", 0);
}

/* Thread 1 is in two streams, 9 in no trace. */
static void scopes_are_paired_by_thread_and_number(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	size_t other = writer_region(&writer, 1, RHP_REGION_WINDOW, 0);

	(void)state;
	writer_blob(&writer, r, RHP_BLOB_THREAD, 1, 100, "one", 3);
	writer_blob(&writer, other, RHP_BLOB_THREAD, 2, 101, "two", 3);
	begin_scope(r, 1, 8, 30, "left");
	begin_scope(r, 1, 7, 20, "ended"); /* a handler's record came before it */
	end_scope(other, 1, 7, 50);
	begin_scope(other, 2, 7, 40, "open");
	end_scope(r, 1, 8, 60); /* has ended */
	end_scope(r, 2, 9, 60); /* never began */
	begin_scope(r, 9, 1, 70, "nobody's");
	begin_scope(r, 1, 9, 70, "");
	end_scope(r, 1, 9, 70);
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 64, 80, 8, 0});
	writer_save(&writer, trace);
	load(false);
	assert_string_equal(query("SELECT * FROM scopes"),
			    "1|1|1|ended|NULL|0|20|50|0\n2|1|1|left|1|1|30|50|1\n"
			    "3|1|1||NULL|0|70|70|0\n4|1|2|open|NULL|0|40|81|2\n");
	assert_string_equal(query("SELECT * FROM scope_changes"),
			    "1|20|1\n1|30|2\n1|50|NULL\n1|70|NULL\n2|40|4\n");
	assert_string_equal(
		query("SELECT count FROM losses WHERE reason = 'unpaired_scope_end'"),
		"3\n");
}

/* As if longjmp had left each of them. */
static void scopes_are_not_deeper_than_the_limit(void **state)
{
	size_t r;

	(void)state;
	writer_fini(&writer);
	writer_init(&writer, 2000);
	r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	writer_blob(&writer, r, RHP_BLOB_THREAD, 1, 100, "one", 3);
	for (uint64_t i = 1; i <= 300; i++)
		begin_scope(r, 1, i, 10 * i, "deeper");
	end_scope(r, 1, 1, 4000);
	writer_save(&writer, trace);
	load(false);
	assert_string_equal(query("SELECT max(depth), count(*) FROM scopes"),
			    "255|300\n");
	assert_string_equal(query("SELECT ending, end_ns - begin_ns, parent FROM scopes"
				  " WHERE scope IN (256, 299) "),
			    "1|10|255\n1|10|255\n");
	assert_string_equal(query("SELECT ending, count(*), max(end_ns) FROM scopes"
				  " GROUP BY ending"),
			    "0|1|4000\n1|299|4000\n");
}

static void a_cycle_of_frames_ends(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);

	(void)state;
	writer_node(&writer, r, RHP_FRAME, 1, 2, 0x400000, 0, 0);
	writer_node(&writer, r, RHP_FRAME, 2, 1, 0x400010, 0, 0);
	writer_node(&writer, r, RHP_FRAME, 3, 3, 0x400020, 0, 0);
	writer_node(&writer, r, RHP_CALL, 4, 2, 1, 0, 0);
	writer_node(&writer, r, RHP_CALL, 5, 3, 1, 0, 0);
	writer_node(&writer, r, RHP_CALL, 6, 77, 1, 0, 0);
	writer_node(&writer, r, RHP_CALL, 7, 4, 1, 0, 0);
	for (uint32_t i = 4; i <= 8; i++)
		writer_event(&writer, r,
			     (struct writer_event){RHP_ALLOC, i * 64, i, 8, i});
	writer_save(&writer, trace);
	load(false);
	assert_string_equal(query("SELECT count(*), sum(incomplete), sum(damaged), "
				  "max(depth) FROM stacks"),
			    "4|4|3|64\n");
	assert_string_equal(
		query("SELECT count FROM losses WHERE reason = 'damaged_stacks'"), "5\n");
}

static void an_existing_database_stays_without_force(void **state)
{
	struct stat before, after;

	(void)state;
	write_example();
	load(false);
	assert_int_equal(stat(database, &before), 0);
	assert_int_equal(try_load(false), 2);
	assert_int_equal(stat(database, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(try_load(true), 0);
	assert_int_equal(stat(database, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(n_files(), 2);
}

static void a_trace_that_is_none_leaves_no_database(void **state)
{
	(void)state;
	write_example();
	writer_header(&writer)->version++;
	writer_save(&writer, trace);
	assert_int_equal(try_load(false), 2);
	writer_save_part(&writer, trace, 0);
	assert_int_equal(try_load(false), 2);
	assert_int_equal(n_files(), 1);
}

static void a_killed_program_has_a_database_with_its_losses(void **state)
{
	(void)state;
	write_example();
	writer_take_stamp(&writer, 64);
	writer_header(&writer)->state = RHP_STATE_RUNNING;
	writer_save(&writer, trace);
	assert_int_equal(try_load(false), 0);
	assert_string_equal(query("SELECT ending FROM processes"), "unknown\n");
	assert_string_equal(query("SELECT count FROM losses WHERE reason = 'unwritten'"),
			    "1\n");
}

/* Each has no name, so strerror() makes one, in the same place. */
static void errors_without_a_name_keep_apart(void **state)
{
	size_t r;

	(void)state;
	write_example();
	r = writer_region(&writer, 0, RHP_REGION_CHUNK, 1);
	writer_blob(&writer, r, RHP_BLOB_SCAN, (uint64_t)54321 << 32, 1000, "", 0);
	writer_header(&writer)->state = RHP_STATE_FAILED;
	writer_header(&writer)->stop_errno = 60929;
	writer_save(&writer, trace);
	assert_int_equal(try_load(false), 0);
	assert_string_equal(
		query("SELECT ending_error, leak_scan, leak_scan_error FROM processes"),
		"Unknown error 60929|failed|Unknown error 54321\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* So that no column is forgotten in an INSERT, which its default would hide. */
static void each_table_has_one_list_of_all_its_columns(void **state)
{
	(void)state;
	write_example();
	load(false);
	for (int table = 0; table < N_TABLES; table++) {
		const struct row_list *list = table_columns((enum table)table);
		char sql[256], listed[2048] = "";
		size_t used = 0;

		/* A marker's number is the next one. */
		snprintf(sql, sizeof(sql),
			 "SELECT name FROM pragma_table_info('%s') WHERE NOT"
			 " ('%s' = 'markers' AND name = 'marker')",
			 table_name((enum table)table), table_name((enum table)table));
		for (size_t i = 0; i < list->n; i++)
			used += (size_t)snprintf(listed + used, sizeof(listed) - used,
						 "%s\n", list->columns[i].sql);
		assert_string_equal(query(sql), listed);
	}
}

static void codes_have_their_names(void **state)
{
	static const struct {
		const char *table;
		int code;
		const char *name;
	} rows[] = {
		{"block_endings", BLOCK_FREED, "freed"},
		{"block_endings", BLOCK_REALLOC, "resized"},
		{"block_endings", BLOCK_LIVE, "live"},
		{"block_endings", BLOCK_UNSEEN, "unseen"},
		{"block_endings", BLOCK_IN_REALLOC, "in_realloc"},
		{"block_endings", BLOCK_RELEASED, "released"},
		{"block_endings", BLOCK_COLLECTED, "collected"},
		{"leak_kinds", RHP_LEAK_UNKNOWN, "not scanned"},
		{"leak_kinds", RHP_LEAK_DEFINITE, "definitely lost"},
		{"leak_kinds", RHP_LEAK_INDIRECT, "indirectly lost"},
		{"leak_kinds", RHP_LEAK_POSSIBLE, "possibly lost"},
		{"leak_kinds", RHP_LEAK_REACHABLE, "still reachable"},
		{"scope_endings", SCOPE_ENDED, "ended"},
		{"scope_endings", SCOPE_LEFT, "left"},
		{"scope_endings", SCOPE_OPEN, "open"},
	};
	char sql[128], expected[64];

	(void)state;
	write_example();
	load(false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(sql, sizeof(sql), "SELECT name FROM %s LIMIT 1 OFFSET %d",
			 rows[i].table, rows[i].code);
		snprintf(expected, sizeof(expected), "%s\n", rows[i].name);
		assert_string_equal(query(sql), expected);
	}
	for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
		snprintf(sql, sizeof(sql),
			 "SELECT name FROM leak_kinds WHERE leak_kind = %d", kind);
		snprintf(expected, sizeof(expected), "%s\n", leak_kind_names[kind]);
		assert_string_equal(query(sql), expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_top_call_sites_are_found),
		CASE(a_backtrace_is_found_by_a_text_id),
		CASE(the_small_tables_say_what_the_trace_is),
		CASE(each_table_has_one_list_of_all_its_columns),
		CASE(codes_have_their_names),
		CASE(a_thread_has_the_name_that_it_had_last),
		CASE(labels_have_names_that_differ),
		CASE(labels_beyond_thirty_are_damage),
		CASE(scopes_are_paired_by_thread_and_number),
		CASE(scopes_are_not_deeper_than_the_limit),
		CASE(a_cycle_of_frames_ends),
		CASE(an_existing_database_stays_without_force),
		CASE(a_trace_that_is_none_leaves_no_database),
		CASE(a_killed_program_has_a_database_with_its_losses),
		CASE(errors_without_a_name_keep_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
