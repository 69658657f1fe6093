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
	assert_int_equal(suppressions.taken[AMOUNT_LEAK_BYTES], 4096);
	arena_fini(&arena);
}

/* Of a frame, whether the defaults take a block of a kind that it allocated. */
static bool defaults_take(const struct measure_frame *frame, enum leak_kind kind)
{
	const struct measure_frame *frames[] = {frame};
	const struct measure_stack stack = {
		.function = "malloc", .frames = frames, .n_frames = 1};
	struct suppressions suppressions;
	struct arena arena = {0};
	bool takes;

	suppress_init(&suppressions, &arena);
	suppress_defaults(&suppressions);
	takes = suppress_takes(&suppressions, "app", &stack, NULL, kind);
	arena_fini(&arena);
	return takes;
}

static void defaults_take_what_is_reachable(void **state)
{
	const struct measure_frame buffer = {.sym = "_IO_file_doallocate",
					     .plain = "_IO_file_doallocate",
					     .module = "/lib/libc.so.6"};

	(void)state;
	assert_true(defaults_take(&buffer, LEAK_UNKNOWN)); /* there was no scan */
	assert_true(defaults_take(&buffer, LEAK_REACHABLE));
	assert_false(defaults_take(&buffer, LEAK_DEFINITE));
	assert_false(defaults_take(&buffer, LEAK_INDIRECT));
	assert_false(defaults_take(&buffer, LEAK_POSSIBLE));
}

/* As a name, and as the beginning and the end of one. */
static void defaults_know_whose_a_function_is(void **state)
{
	static const struct {
		const char *sym, *module;
		unsigned int linked;
		bool takes;
	} rows[] = {
		{"setlocale", "/lib/libc.so.6", 0, true},
		{"setlocale", "/usr/bin/app", 0, false},
		{"setlocale", "/usr/lib/liblibc.so.6", 0, false},
		{"setlocale", "/usr/bin/app", 1u << LIBRARY_C, true},
		{"setlocale", "/usr/bin/app", 1u << LIBRARY_CXX, false},
		{"my_setlocale", "/lib/libc.so.6", 0, false},
		{"setlocale_all", "/lib/libc.so.6", 0, false},
		{"getpwnam", "/lib/libc.so.6", 0, true},
		{"getpwnam", "/usr/bin/app", 1u << LIBRARY_C, false},
		{"getpwnam_cached", "/lib/libc.so.6", 0, false},
		{"std::locale::_Impl::_Impl", "/lib/libstdc++.so.6", 0, true},
		{"std::locale::_Impl::_Impl", "/lib/libc.so.6", 0, false},
		{"anything", "/lib64/ld-linux-x86-64.so.2", 0, true},
		{"anything", "/opt/ld-linux-own.so", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct measure_frame frame = {.sym = rows[i].sym,
						    .plain = rows[i].sym,
						    .module = rows[i].module,
						    .linked = rows[i].linked};

		if (defaults_take(&frame, LEAK_UNKNOWN) != rows[i].takes)
			fail_msg("%s of %s", rows[i].sym, rows[i].module);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_fit_as_a_whole),
		cmocka_unit_test(a_hostile_pattern_takes_no_time),
		cmocka_unit_test(defaults_take_what_libc_keeps),
		cmocka_unit_test(defaults_take_what_is_reachable),
		cmocka_unit_test(defaults_know_whose_a_function_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
