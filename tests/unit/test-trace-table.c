// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "rheaper-sqlite/trace-table.h"
#include "tests/unit/trace-writer.h"

static const char *trace;
static struct trace_writer writer;
static sqlite3 *db;
static char text[1 << 20]; /* the last answer: cells with |, rows with ; */

static int begin(void **state)
{
	(void)state;
	if (!trace)
		trace = test_path("trace.bin");
	writer_init(&writer, 64);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_rheapertrace_init(db, NULL, NULL), SQLITE_OK);
	return 0;
}

static int end(void **state)
{
	(void)state;
	writer_fini(&writer);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return 0;
}

static int add_row(void *context, int n, char **cells, char **names)
{
	char **out = context;

	(void)names;
	for (int i = 0; i < n && *out < text + sizeof(text) - 5000; i++)
		*out += sprintf(*out, "%.4900s%s", cells[i] ? cells[i] : "-",
				i == n - 1 ? ";" : "|");
	return 0;
}

/* The answer, or SQLite's error. */
static const char *ask(const char *format, ...)
{
	va_list arguments;
	char *out = text;
	char *sql;

	va_start(arguments, format);
	sql = sqlite3_vmprintf(format, arguments);
	va_end(arguments);
	text[0] = 0;
	if (sqlite3_exec(db, sql, add_row, &out, NULL) != SQLITE_OK)
		snprintf(text, sizeof(text), "error: %s", sqlite3_errmsg(db));
	sqlite3_free(sql);
	return text;
}

/* A thread's block, freed by another thread, whose stream has the stacks. */
static void write_example(void)
{
	size_t a = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);
	size_t b = writer_region(&writer, 1, RHP_REGION_WINDOW, 0);

	writer_blob(&writer, a, RHP_BLOB_THREAD, 1, 100, "one", 3);
	writer_event(&writer, a, (struct writer_event){RHP_ALLOC, 0x1000, 10, 77, 4});
	writer_event(&writer, a, (struct writer_event){RHP_ALLOC, 0x2000, 40, 1, 99});
	writer_blob(&writer, b, RHP_BLOB_THREAD, 2, 101, "two", 3);
	writer_event(&writer, b, (struct writer_event){RHP_FREE, 0x1000, 20, 0, 0});
	writer_event(&writer, b,
		     (struct writer_event){RHP_REALLOC_BEGIN, 0x2000, 50, 0, 0});
	writer_event(&writer, b,
		     (struct writer_event){RHP_REALLOC_END, 0x3000, 60, 2, 5});
	writer_module(&writer, b, 1, 0x400000, "/bin/it's \"\xc3\xb6\xff\n\\");
	writer_blob(&writer, b, RHP_BLOB_FUNCTION, 1, 0, "malloc\0heap", 11);
	writer_blob(&writer, b, RHP_BLOB_FUNCTION, 2, 0, "realloc\0heap", 12);
	writer_node(&writer, b, RHP_FRAME, 1, 0, 0x400010, 1, 0);
	writer_node(&writer, b, RHP_FRAME, 2, 1, 0x500020, 0, 0);
	writer_node(&writer, b, RHP_CALL, 4, 2, 1, 0, 0);
	writer_node(&writer, b, RHP_CALL, 5, 0, 2, 0, 0);
}

static void events_come_in_order(void **state)
{
	(void)state;
	write_example();
	writer_save(&writer, trace);
	assert_string_equal(ask("SELECT event, at_ns, kind, thread, address, size, stack"
				" FROM rheaper_trace(%Q)",
				trace),
			    "1|10|alloc|1|4096|77|4;"
			    "2|20|free|2|4096|-|-;"
			    "3|40|alloc|1|8192|1|99;"
			    "4|50|realloc_begin|2|8192|-|-;"
			    "5|60|realloc_end|2|12288|2|5;");
	assert_string_equal(ask("SELECT rowid, stream FROM rheaper_trace(%Q)"
				" WHERE thread = 2 ORDER BY event DESC LIMIT 1",
				trace),
			    "5|1;");
	assert_string_equal(ask("SELECT count(*), trace = %Q FROM rheaper_trace"
				" WHERE trace = %Q",
				trace, trace),
			    "5|1;");
}

static void a_stack_is_known_before_its_record_comes(void **state)
{
	(void)state;
	write_example();
	writer_save(&writer, trace);
	assert_string_equal(
		ask("SELECT allocator, backtrace, json_array_length(backtrace)"
		    " FROM rheaper_trace(%Q)",
		    trace),
		"malloc|[\"0x500020\",\"it's "
		"\\\"\xc3\xb6\\\\xff\\u000a\\\\+0x10\"]|2;"
		"-|-|-;-|-|-;-|-|-;realloc|[]|0;");
}

static void a_list_of_traces_is_joined(void **state)
{
	(void)state;
	write_example();
	writer_save(&writer, trace);
	ask("CREATE TABLE traces (path)");
	ask("INSERT INTO traces VALUES (%Q), (%Q)", trace, trace);
	assert_string_equal(ask("SELECT count(*), sum(size) FROM traces,"
				" rheaper_trace(path) WHERE kind = 'alloc'"),
			    "4|156;");
}

static void what_is_no_trace_is_an_error_with_a_reason(void **state)
{
	(void)state;
	assert_non_null(strstr(ask("SELECT * FROM rheaper_trace"), "needs the name"));
	assert_non_null(strstr(ask("SELECT * FROM rheaper_trace('/nonexistent')"),
			       "read /nonexistent: No such file"));
	assert_non_null(strstr(ask("SELECT * FROM rheaper_trace('/dev/zero')"),
			       "not a rheaper trace"));
	assert_non_null(strstr(ask("SELECT * FROM rheaper_trace('/')"), "directory"));
	assert_non_null(strstr(ask("SELECT * FROM rheaper_trace(NULL)"), "no text"));
	assert_non_null(strstr(ask("SELECT * FROM rheaper_trace(x'6100')"), "no text"));
	assert_non_null(strstr(ask("SELECT * FROM rheaper_trace(1, 2)"), "too many"));
}

static void a_schema_cannot_make_it_read(void **state)
{
	(void)state;
	write_example();
	writer_save(&writer, trace);
	ask("CREATE VIEW v AS SELECT * FROM rheaper_trace(%Q)", trace);
	assert_non_null(strstr(ask("SELECT * FROM v"), "unsafe"));
}

static void stacks_without_an_end_are_cut(void **state)
{
	size_t r = writer_region(&writer, 0, RHP_REGION_WINDOW, 0);

	(void)state;
	writer_node(&writer, r, RHP_FRAME, 1, 2, 16, 0, 0);
	writer_node(&writer, r, RHP_FRAME, 2, 1, 32, 0, 0);
	writer_node(&writer, r, RHP_CALL, 3, 1, 1, 0, 0);
	writer_node(&writer, r, RHP_CALL, 4, 4, 1, 0, 0);
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 0x1000, 10, 7, 3});
	writer_event(&writer, r, (struct writer_event){RHP_ALLOC, 0x2000, 10, 7, 4});
	writer_event(&writer, r,
		     (struct writer_event){RHP_ALLOC, 0x3000, 10, 7, RHP_STACK_MAX});
	writer_save(&writer, trace);
	assert_string_equal(ask("SELECT json_array_length(backtrace)"
				" FROM rheaper_trace(%Q)",
				trace),
			    "4096;0;-;");
}

/* Either rows or an error, and the same connection goes on. */
static void ask_of_damage(void)
{
	ask("SELECT *, allocator, backtrace FROM rheaper_trace(%Q) LIMIT 1000", trace);
	assert_string_equal(ask("SELECT 1"), "1;");
}

static void damage_of_any_byte_is_no_crash(void **state)
{
	static const size_t header = 256;
	size_t regions;

	(void)state;
	write_example();
	regions = writer_header(&writer)->first_region;
	for (size_t at = 0; at < writer.size; at++) {
		char byte = writer.bytes[at];

		if (at == header)
			at = regions;
		for (int bits = 1; bits < 256; bits *= 128) {
			writer.bytes[at] = (char)(writer.bytes[at] ^ bits);
			writer_save(&writer, trace);
			ask_of_damage();
			writer.bytes[at] = byte;
		}
	}
}

static void a_trace_cut_anywhere_gives_what_there_is(void **state)
{
	size_t regions;

	(void)state;
	write_example();
	regions = writer_header(&writer)->first_region;
	for (size_t size = 0; size < writer.size; size += size < regions ? 4093 : 5) {
		writer_save_part(&writer, trace, size);
		ask_of_damage();
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(events_come_in_order),
		CASE(a_stack_is_known_before_its_record_comes),
		CASE(a_list_of_traces_is_joined),
		CASE(what_is_no_trace_is_an_error_with_a_reason),
		CASE(a_schema_cannot_make_it_read),
		CASE(stacks_without_an_end_are_cut),
		CASE(damage_of_any_byte_is_no_crash),
		CASE(a_trace_cut_anywhere_gives_what_there_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
