// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/names.h"

static struct arena arena;

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* What compilers, their versions and options make of names that people gave. */
static void names_are_plain(void **state)
{
	static const struct {
		const char *sym, *plain;
	} rows[] = {
		{"parse", "parse"},
		{"parse.isra.0", "parse"},
		{"parse.constprop.0.isra.1", "parse"},
		{"parse.part.1.cold", "parse"},
		{"parse(char const*) [clone .cold]", "parse"},
		{"void ns::f<int, A<B> >(unsigned long)", "ns::f"},
		{"(anonymous namespace)::f(int)", "::f"},
		{"main::{lambda(int)#2}::operator()(int) const",
		 "main::{lambda}::operator()"},
		{"main::$_0::operator()(int) const", "main::{lambda}::operator()"},
		{"std::ostream& std::operator<< <char>(char)", "std::operator<<"},
		{"core::f::h0123456789abcdef", "core::f"},
		{"libx.so.1+0x12ab", "libx.so.1"},
		{"0x12ab", ""},
		{"start", "start"},
		{"two\nlines\x01", "two\\x0alines\\x01"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(names_plain(&arena, rows[i].sym), rows[i].plain);
}

static void a_key_ends_with_main(void **state)
{
	static const char *const functions[] = {"a", "", "b", "b", "b", "a", "main", "x"};

	(void)state;
	assert_string_equal(names_key(&arena, "p", functions, 8), "p\na\nb\na\nmain");
	assert_string_equal(names_key(&arena, "p", functions, 0), "p");
	assert_int_equal(names_program("prog\na"), 4);
	assert_int_equal(names_program("prog"), 4);
}

static void a_key_has_a_greatest_length(void **state)
{
	const char *functions[2 * NAMES_MAX_FRAMES];
	size_t n = sizeof(functions) / sizeof(*functions), lines = 0;
	const char *key;

	(void)state;
	for (size_t i = 0; i < n; i++)
		functions[i] = i % 2 ? "odd" : "even";
	key = names_key(&arena, "p", functions, n);
	for (const char *c = key; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, NAMES_MAX_FRAMES);
	assert_true(names_exceed(functions, n));
	assert_true(names_exceed(functions, NAMES_MAX_FRAMES + 1));
	assert_false(names_exceed(functions, NAMES_MAX_FRAMES));
	functions[NAMES_MAX_FRAMES] = ""; /* of no account */
	assert_false(names_exceed(functions, NAMES_MAX_FRAMES + 1));
	functions[NAMES_MAX_FRAMES - 1] = "main";
	assert_false(names_exceed(functions, n));
}

static bool related(const char *a, const char *b)
{
	struct names_shape a_shape = names_shape(a), b_shape = names_shape(b);

	return names_related(a, &a_shape, b, &b_shape);
}

static void callers_may_be_lost(void **state)
{
	(void)state;
	assert_true(related("p\na\nb\nmain", "p\na\nmain"));
	assert_true(related("p\na\nmain", "p\na\nb\nmain"));
	assert_true(related("p\na\nb\nmain", "p\nb\nmain"));
	assert_true(related("p\na\nb", "p\na"));
}

static void namespaces_may_be_lost(void **state)
{
	(void)state;
	assert_true(related("p\nlib::buffer::make\nmain", "p\nmake\nmain"));
	assert_true(related("p\nmake\nmain", "p\nlib::buffer::make\nmain"));
	assert_true(related("p\n::get\nmain", "p\nget\nmain"));
	assert_true(related("p\na::get\nb\nmain", "p\nget\nc::b\nmain"));
	assert_true(related("p\na::get\nb\nc\nmain", "p\nget\nc\nmain"));
	assert_false(related("p\na::get\nmain", "p\nb::get\nmain"));
	assert_false(related("p\nget\nmain", "p\na::forget\nmain"));
	assert_false(related("p\nget\nmain", "p\na::set\nmain"));
	assert_false(related("p\nmake\nmain", "q\nlib::make\nmain"));
}

static void other_places_are_not_related(void **state)
{
	(void)state;
	assert_false(related("p\na\nb\nmain", "q\na\nmain"));
	assert_false(related("p\na\nb\nmain", "pp\na\nmain"));
	assert_false(related("p\na\nb\nmain", "p\na\nc\nmain"));
	assert_false(related("p\na\nb\nmain", "p\nb\na"));
	assert_false(related("p\na\nmain", "p\nb\nmain"));
	assert_false(related("p\nab\nmain", "p\na"));
	/* More was lost than is left */
	assert_false(related("p\na\nb\nmain", "p\nmain"));
	assert_false(related("p\na", "p"));
	assert_false(related("p", "p"));
}

/* All that main or a thread's function calls has that one in common. */
static void the_leaking_function_is_in_both(void **state)
{
	(void)state;
	assert_false(related("p\nmain", "p\nleaky\nmain"));
	assert_false(related("p\nleaky\nmain", "p\nmain"));
	assert_false(related("p\nworker\nlibc.so.6", "p\nleaky\nworker\nlibc.so.6"));
	assert_false(related("p\nstd::sort\nmain", "p\nless\nstd::sort\nmain"));
	assert_false(related("p\nmain", "p\nx+0x12 [0a]\nmain"));
	assert_true(related("p\na", "p\na\nmain"));
	assert_true(related("p\nmain", "p\nstd::string::string\nmain"));
	assert_true(related("p\nmain", "p\nlibstdc++.so.6+0x12 [0a]\nmain"));
	assert_true(related("p\nstd::sort\nmain", "p\nstd::sort\nstd::__f\nmain"));
	assert_true(related("p\nstd::a", "p\nstd::a\nstd::b"));
	assert_false(related("p\nstd::b", "p\nstd::a\nstd::b"));
	/* Its act may be the call of malloc alone, a jump */
	assert_true(related("p\nparse\nmain", "p\nmake\nparse\nmain"));
}

static void keys_are_told_with_arrows(void **state)
{
	(void)state;
	assert_string_equal(names_joined(&arena, "p\na\nmain"), "a \xe2\x86\x90 main");
	assert_string_equal(names_joined(&arena, "p"), "[unknown]");
	assert_string_equal(names_joined(&arena, "p\na\tx.c\nb\nmain\ty.c"),
			    "a \xe2\x86\x90 b \xe2\x86\x90 main");
	assert_string_equal(names_joined_in_full(&arena, "p\na\tx.c\nb\nmain\ty.c"),
			    "a (x.c) \xe2\x86\x90 b \xe2\x86\x90 main (y.c)");
	assert_string_equal(names_joined_in_full(&arena, "p\na\tx.cc\t(int)\nb\t\t<A>"),
			    "a(int) (x.cc) \xe2\x86\x90 b<A>");
	assert_string_equal(names_joined_in_full(&arena, "p"), "[unknown]");
	assert_string_equal(names_bare(&arena, "p\na\tx.c\t(int)\nmain\ty.c"),
			    "p\na\nmain");
}

static void functions_have_files(void **state)
{
	const char *functions[] = {"f\ta.c", "f\ta.c", "f\tb.c", "main\tm.c", "x"};

	(void)state;
	assert_string_equal(names_line(&arena, "f", "src/a.c", true, ""), "f\tsrc/a.c");
	assert_string_equal(names_line(&arena, "f", "/usr/src/a.c", false, ""), "f\ta.c");
	assert_string_equal(names_line(&arena, "f", NULL, false, ""), "f");
	assert_string_equal(names_line(&arena, "", "a.c", true, "(int)"), "");
	assert_string_equal(names_line(&arena, "f", "a.cc", true, "(int)"),
			    "f\ta.cc\t(int)");
	assert_string_equal(names_line(&arena, "f", NULL, false, "(int)"), "f\t\t(int)");
	assert_string_equal(names_key(&arena, "p", functions, 5),
			    "p\nf\ta.c\nf\tb.c\nmain\tm.c");
	assert_true(names_exceed((const char *[]){"f\ta.c"}, 1) == false);
}

/* Where a file was named from another root, or is not known, nobody can say more. */
static void files_tell_functions_of_one_name_apart(void **state)
{
	static const struct {
		const char *a, *b;
		bool alike, related;
	} rows[] = {
		{"p\nf\ta.c\nmain", "p\nf\ta.c\nmain", true, true},
		{"p\nf\ta.c\nmain", "p\nf\nmain\tm.c", true, true},
		{"p\nf\tsrc/a.c\nmain", "p\nf\ta.c\nmain", true, true},
		{"p\nf\tsrc/a.c\nmain", "p\nf\tmy/src/a.c\nmain", true, true},
		{"p\nf\ta.c\nmain", "p\nf\tb.c\nmain", false, false},
		{"p\nf\tx/a.c\nmain", "p\nf\ty/a.c\nmain", false, true},
		{"p\nf\tba.c\nmain", "p\nf\ta.c\nmain", false, false},
		{"p\nf\ta.c\nmain\tm.c", "p\nf\ta.c\nmain\tn.c", false, false},
		{"p\nf\ta.c\nmain", "p\nf\ta.c\ng\nmain", false, true},
		{"p\nf\ta.c\nmain", "p\nf\tb.c\ng\nmain", false, false},
		{"p\nn::f\ta.c\nmain", "p\nf\ta.c\nmain", false, true},
		{"p\nf\ta.c", "q\nf\ta.c", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(names_alike(rows[i].a, rows[i].b), rows[i].alike);
		assert_int_equal(names_alike(rows[i].b, rows[i].a), rows[i].alike);
		assert_int_equal(related(rows[i].a, rows[i].b), rows[i].related);
		assert_int_equal(related(rows[i].b, rows[i].a), rows[i].related);
	}
	assert_true(names_have_same_functions("p\nf\ta.c\nmain", "p\nf\tb.c\nmain"));
	assert_false(names_have_same_functions("p\nf\ta.c\nmain", "p\nf\ta.c"));
}

static void details_tell_functions_of_one_file_apart(void **state)
{
	static const struct {
		const char *a, *b;
		bool alike, related;
		enum names_gap gap;
	} rows[] = {
		{"p\nf\ta.cc\t(int)\nmain", "p\nf\ta.cc\t(int)\nmain", true, true,
		 GAP_NONE},
		{"p\nf\ta.cc\t(int)\nmain", "p\nf\ta.cc\nmain", true, true, GAP_DETAILS},
		{"p\nf\t\t(int)\nmain", "p\nf\ta.cc\t(int)\nmain", true, true, GAP_FILES},
		{"p\nf\ta.cc\t(int)", "p\nf\tb.cc\t(int)", false, false, GAP_NONE},
		{"p\nf\ta.cc\t(int)", "p\nf\ta.cc\t(long)", false, false, GAP_NONE},
		{"p\nf\t\t(int)", "p\nf\t\t(long)", false, false, GAP_NONE},
		{"p\nf\ta.cc\t() #1", "p\nf\ta.cc\t() #2", false, false, GAP_NONE},
		{"p\nf\ta.cc\t() #1", "p\nf\ta.cc\t() $2", true, true, GAP_LAMBDAS},
		{"p\nf\ta.cc\t() $1", "p\nf\ta.cc\t() $2", false, true, GAP_NONE},
		{"p\nn::f\ta.cc\t()\nmain", "p\nf\ta.cc\nmain", false, true, GAP_DETAILS},
		{"p\nf\t\t(int)\nmain", "p\nf\t\t(int)\ng\nmain", false, true, GAP_NONE},
		{"p\nf\t\t(int)\nmain", "p\nf\t\t(long)\ng\nmain", false, false,
		 GAP_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(names_alike(rows[i].a, rows[i].b), rows[i].alike);
		assert_int_equal(names_alike(rows[i].b, rows[i].a), rows[i].alike);
		assert_int_equal(related(rows[i].a, rows[i].b), rows[i].related);
		assert_int_equal(related(rows[i].b, rows[i].a), rows[i].related);
		if (rows[i].alike)
			assert_int_equal(names_gap(rows[i].a, rows[i].b), rows[i].gap);
	}
	assert_true(names_have_same_files("p\nf\ta.cc\t(int)", "p\nf\ta.cc\t(long)"));
	assert_false(names_have_same_files("p\nf\ta.cc\t(int)", "p\nf\tb.cc\t(int)"));
}

/* Offsets say something about one build only. */
static void unnamed_code_is_related_in_other_builds(void **state)
{
	(void)state;
	assert_string_equal(names_unnamed(&arena, "l.so+0x12", "0123456789abcdef0123"),
			    "l.so+0x12 [0123456789abcdef]");
	assert_string_equal(names_unnamed(&arena, "l.so+0x12", ""), "l.so+0x12");
	assert_string_equal(names_unnamed(&arena, "libc.so.6+0x12", "01"), "libc.so.6");
	assert_string_equal(names_unnamed(&arena, "libc-2.35.so+0x12", "01"),
			    "libc-2.35.so");
	assert_string_equal(names_unnamed(&arena, "ld-linux-x86-64.so.2+0x12", "01"),
			    "ld-linux-x86-64.so.2");
	/* Other people's */
	assert_string_equal(names_unnamed(&arena, "libc-client.so.2007e+0x12", "01"),
			    "libc-client.so.2007e+0x12 [01]");
	assert_string_equal(names_unnamed(&arena, "ld-linux-tool+0x12", "01"),
			    "ld-linux-tool+0x12 [01]");
	assert_true(related("p\nl.so+0x12 [0a]\nf\nmain", "p\nl.so+0x34 [0b]\nf\nmain"));
	assert_true(related("p\nl.so+0x12 [0a]\nmain", "p\nl.so+0x12 [0a]\nmain"));
	assert_false(related("p\nl.so+0x12 [0a]\nf\nmain", "p\nl.so+0x34 [0a]\nf\nmain"));
	assert_false(related("p\nl.so+0x12 [0a]\nf\nmain", "p\nk.so+0x34 [0b]\nf\nmain"));
	assert_false(related("p\nl.so+0x12\nmain", "p\nl.so+0x34\nmain"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(names_are_plain, tear_down),
		cmocka_unit_test_teardown(a_key_ends_with_main, tear_down),
		cmocka_unit_test_teardown(a_key_has_a_greatest_length, tear_down),
		cmocka_unit_test(callers_may_be_lost),
		cmocka_unit_test_teardown(unnamed_code_is_related_in_other_builds,
					  tear_down),
		cmocka_unit_test(namespaces_may_be_lost),
		cmocka_unit_test(other_places_are_not_related),
		cmocka_unit_test(the_leaking_function_is_in_both),
		cmocka_unit_test_teardown(keys_are_told_with_arrows, tear_down),
		cmocka_unit_test_teardown(functions_have_files, tear_down),
		cmocka_unit_test(files_tell_functions_of_one_name_apart),
		cmocka_unit_test(details_tell_functions_of_one_file_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
