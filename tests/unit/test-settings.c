/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/settings.h"

static struct rhp_settings settings;

/* Reads one variable and RHEAPER_TRACE, and what was said on stderr. */
static size_t read_one(const char *entry, char *said, size_t size)
{
	char copy[8192], trace[] = "RHEAPER_TRACE=t";
	char *environment[] = {trace, copy, NULL};
	int ends[2], saved = dup(2);
	snprintf(copy, sizeof(copy), "%s", entry);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], 2);
	rhp_settings_read(&settings, environment);
	dup2(saved, 2);
	close(saved);
	close(ends[1]);
	ssize_t n = read(ends[0], said, size - 1);
	close(ends[0]);
	said[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

static void assert_quiet(const char *entry)
{
	char said[8192];
	assert_int_equal(read_one(entry, said, sizeof(said)), 0);
}

/* One line, and it repeats what it complains of. */
static void assert_refused(const char *entry)
{
	char said[8192];
	size_t n = read_one(entry, said, sizeof(said));
	assert_true(n > 0);
	assert_non_null(strstr(said, entry));
	assert_ptr_equal(strchr(said, '\n'), said + n - 1);
}

static void nothing_asked_for_is_off_with_defaults(void **state)
{
	(void)state;
	assert_quiet("PATH=/bin");
	assert_int_equal(settings.stack_depth, 64);
	assert_int_equal(settings.max_trackers, 200);
	assert_int_equal(settings.event_buffer, 5000);
	assert_int_equal(settings.max_bytes, 0);
	assert_int_equal(settings.sample_bytes, 0);
	assert_int_equal(settings.sample_ppm, 1000000);
}

static void symbols_are_kept_or_not(void **state)
{
	(void)state;
	assert_quiet("PATH=/bin");
	assert_int_equal(settings.keep_symbols, 0);
	assert_int_equal(settings.symbols_bytes, UINT64_C(1) << 30);
	assert_quiet("RHEAPER_SYMBOLS=keep");
	assert_int_equal(settings.keep_symbols, 1);
	assert_quiet("RHEAPER_SYMBOLS_BYTES=5M");
	assert_int_equal(settings.symbols_bytes, 5 << 20);
	assert_quiet("RHEAPER_SYMBOLS_DIR=anything");
	assert_refused("RHEAPER_SYMBOLS=");
	assert_refused("RHEAPER_SYMBOLS=1");
	assert_refused("RHEAPER_SYMBOLS=keeper");
	assert_int_equal(settings.keep_symbols, 0);
	assert_refused("RHEAPER_SYMBOLS_BYTES=-1");
	assert_int_equal(settings.leak_scan, 0);
	assert_quiet("RHEAPER_LEAK_SCAN=1");
	assert_int_equal(settings.leak_scan, 1);
	assert_quiet("RHEAPER_LEAK_SCAN=graph");
	assert_int_equal(settings.leak_scan, 2);
	assert_refused("RHEAPER_LEAK_SCAN=2");
	assert_refused("RHEAPER_LEAK_SCAN=graphs");
	assert_refused("RHEAPER_LEAK_SCAN=");
	assert_int_equal(settings.leak_scan, 0);
}

static void shares_are_read_to_the_millionth(void **state)
{
	static const struct {
		const char *entry;
		uint64_t ppm;
	} rows[] = {
		{"RHEAPER_SAMPLE_RATE=0", 0},
		{"RHEAPER_SAMPLE_RATE=1", 1000000},
		{"RHEAPER_SAMPLE_RATE=1.000", 1000000},
		{"RHEAPER_SAMPLE_RATE=0.", 0},
		{"RHEAPER_SAMPLE_RATE=0.25", 250000},
		{"RHEAPER_SAMPLE_RATE=0.0000019", 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_quiet(rows[i].entry);
		assert_int_equal(settings.sample_ppm, rows[i].ppm);
	}
	assert_refused("RHEAPER_SAMPLE_RATE=");
	assert_refused("RHEAPER_SAMPLE_RATE=1.0000019");
	assert_refused("RHEAPER_SAMPLE_RATE=-0.5");
	assert_refused("RHEAPER_SAMPLE_RATE=1e-3");
	assert_int_equal(settings.sample_ppm, 1000000);
}

static void without_a_trace_nothing_is_read_and_nothing_said(void **state)
{
	(void)state;
	char entry[] = "RHEAPER_STACK_DEPTH=0";
	char *environment[] = {entry, NULL};
	rhp_settings_read(&settings, environment);
	assert_string_equal(settings.path, "");
}

static void patterns_of_the_path_are_expanded(void **state)
{
	(void)state;
	char expected[64];
	assert_quiet("RHEAPER_TRACE=%p");
	assert_string_equal(settings.path, "%p");
	rhp_settings_expand_path(&settings, "/tmp/%e.%p.%%.%x%");
	snprintf(expected, sizeof(expected), "/tmp/test-settings.%d.%%.%%x%%", getpid());
	assert_string_equal(settings.path, expected);
	rhp_settings_expand_path(&settings, "%t");
	assert_true(strtoull(settings.path, NULL, 10) > 1700000000);
}

static void a_path_too_long_is_cut_not_overrun(void **state)
{
	(void)state;
	char entry[8000] = "RHEAPER_TRACE=";
	memset(entry + strlen(entry), 'x', 7000);
	char *environment[] = {entry, NULL};
	rhp_settings_read(&settings, environment);
	assert_int_equal(strlen(settings.path), RHP_PATH_SIZE - 1);
	rhp_settings_expand_path(&settings, entry);
	assert_int_equal(strlen(settings.path), RHP_PATH_SIZE - 1);
}

static void numbers_take_units(void **state)
{
	(void)state;
	assert_quiet("RHEAPER_MAX_BYTES=3G");
	assert_int_equal(settings.max_bytes, UINT64_C(3) << 30);
	assert_quiet("RHEAPER_STACK_DEPTH=12");
	assert_int_equal(settings.stack_depth, 12);
}

static void bad_values_are_named_and_the_default_stands(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"RHEAPER_STACK_DEPTH=-1",
		"RHEAPER_STACK_DEPTH=0",
		"RHEAPER_STACK_DEPTH=2000000000",
		"RHEAPER_STACK_DEPTH=",
		"RHEAPER_STACK_DEPTH=x",
		"RHEAPER_STACK_DEPTH=12x",
		"RHEAPER_STACK_DEPTH=1e3",
		"RHEAPER_STACK_DEPTH=99999999999999999999",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_refused(bad[i]);
		assert_int_equal(settings.stack_depth, 64);
	}
}

static void a_suffix_goes_after_the_path(void **state)
{
	(void)state;
	char path[RHP_PATH_SIZE] = "trace.bin";
	rhp_settings_append_suffix(path, 9, 1);
	assert_string_equal(path, "trace.bin.1");
	rhp_settings_append_suffix(path, 9, 12);
	assert_string_equal(path, "trace.bin.12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_asked_for_is_off_with_defaults),
		cmocka_unit_test(symbols_are_kept_or_not),
		cmocka_unit_test(shares_are_read_to_the_millionth),
		cmocka_unit_test(without_a_trace_nothing_is_read_and_nothing_said),
		cmocka_unit_test(patterns_of_the_path_are_expanded),
		cmocka_unit_test(a_path_too_long_is_cut_not_overrun),
		cmocka_unit_test(numbers_take_units),
		cmocka_unit_test(bad_values_are_named_and_the_default_stands),
		cmocka_unit_test(a_suffix_goes_after_the_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
