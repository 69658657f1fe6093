// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/glob.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"
#include "rheaper-check/pattern.h"
#include "rheaper-check/suppress.h"

static void patterns_fit_as_a_whole(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "abc", true},
		{"a*", "abc", true},
		{"*c", "abc", true},
		{"*b", "abc", false},
		{"a?c", "abc", true},
		{"?", "", false},
		{"a*b*c", "axbxbxc", true},
		{"a*b*c", "axbxbx", false},
		{"**a**", "bab", true},
		{"operator new[]*", "operator new[](unsigned long)", true},
		{"[a]", "a", false},
		{"\\*", "\\x", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (glob_fits(rows[i].pattern, rows[i].text) != rows[i].fits)
			fail_msg("%s: %s", rows[i].pattern, rows[i].text);
	}
}

/* What a naive search would need years for */
static void a_hostile_pattern_takes_no_time(void **state)
{
	char pattern[200], text[4000];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(pattern); i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[sizeof(pattern) - 2] = 'b';
	pattern[sizeof(pattern) - 1] = 0;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	assert_false(glob_fits(pattern, text));
}

/* The list of defaults is read, and takes what libc keeps of a measure, no more. */
static void defaults_take_what_libc_keeps(void **state)
{
	const struct measure_frame buffer = {.sym = "__GI__IO_file_doallocate",
					     .plain = "__GI__IO_file_doallocate",
					     .module = "/lib/libc.so.6"},
				   own = {.sym = "main",
					  .plain = "main",
					  .module = "/bin/app"};
	const struct measure_frame *frames[] = {&buffer, &own};
	struct measure_site rows[] = {
		{.key = "app\nx",
		 .stack = &(struct measure_stack){.function = "malloc",
						  .frames = frames,
						  .n_frames = 2},
		 .amounts = {1, 4096}},
		{.key = "app\ny",
		 .stack = &(struct measure_stack){.function = "malloc",
						  .frames = frames + 1,
						  .n_frames = 1},
		 .amounts = {2, 5}},
		{.key = "app",
		 .stack = &(struct measure_stack){.function = "",
						  .frames = NULL,
						  .n_frames = 0},
		 .amounts = {1, 1}},
	};
	struct measure measure = {.site_rows = rows, .n_site_rows = 3};
	struct suppressions suppressions;
	struct arena arena = {0};

	(void)state;
	suppress_init(&suppressions, &arena);
	suppress_defaults(&suppressions);
	assert_true(suppressions.n > 20);
	suppress_apply(&suppressions, &measure);
	assert_int_equal(rows[0].amounts[AMOUNT_LEAK_BLOCKS], 0);
	assert_int_equal(rows[0].amounts[AMOUNT_LEAK_BYTES], 0);
	assert_int_equal(rows[1].amounts[AMOUNT_LEAK_BYTES], 5);
	assert_int_equal(rows[2].amounts[AMOUNT_LEAK_BYTES], 1);
	assert_int_equal(suppressions.n_bytes, 4096);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_fit_as_a_whole),
		cmocka_unit_test(a_hostile_pattern_takes_no_time),
		cmocka_unit_test(defaults_take_what_libc_keeps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
