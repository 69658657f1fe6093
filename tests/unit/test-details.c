// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/details.h"

static struct arena arena;

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void details_are_what_no_plain_name_has(void **state)
{
	static const struct {
		const char *sym, *details;
	} rows[] = {
		{"", ""},
		{"make", ""},
		{"ns::make", ""},
		{"make(int)", "(int)"},
		{"ns::make(unsigned long, char const*)", "(unsigned long,char const*)"},
		{"A::get() const", "() const"},
		{"A::get() const &", "() const &"},
		{"(anonymous namespace)::A::get(char*)", "(char*)"},
		{"f((anonymous namespace)::A*)", "(A*)"},
		{"void* make<int>(long)", "<int>(long)"},
		{"std::vector<int> f<long>(std::map<int, A> const&)",
		 "<long>(std::map<int,A> const&)"},
		{"f(int)::L::grow(char)", "(int)(char)"},
		{"f(int)::L::grow[#2](char)", "(int)[#2](char)"},
		{"void t<g()::Q[#2]>(g()::Q[#2])", "<g()::Q[#2]>(g()::Q[#2])"},
		{"A::operator()(int) const", "(int) const"},
		{"A::operator<(B const&)", "(B const&)"},
		{"A::operator B<int>() const", "<int>() const"},
		{"operator new(unsigned long)", "(unsigned long)"},
		{"myoperator(int)", "(int)"},
		{"operator()", ""},
		{"main::L::grow()", "()"},
		{"<T as Trait>::f", "<T as Trait>"},
		{"app::grow::<u8>", "<u8>"},
		{"<app::G<u8>>::m", "<app::G<u8>>"},
		{"app::grow::<Vec<u8>, fn(u8) -> u8>", "<Vec<u8>,fn(u8) -> u8>"},
		{"g<A<int> >::<lambda()>", "<A><lambda>"},
		{"app::main::{{closure}}", ""},
		{"libx.so+0x12", ""},
		{"f(int)+0x12", ""},
		{"0x12", ""},
		{"f<\xe2\x80\xa6>::g", ""},
		{"f(int", "(int"},
		{"f)>(", "("},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(details_of(&arena, rows[i].sym), rows[i].details);
}

static void numbers_of_lambdas_are_behind_them(void **state)
{
	static const struct {
		const char *sym, *details;
	} rows[] = {
		{"main::{lambda(int)#2}::operator()(int) const", "(int) const #2"},
		{"main::$_1::operator()(int) const", "(int) const $1"},
		{"auto f(int)::{lambda(auto:1)#3}::operator()<int>(int) const",
		 "(int)<int>(int) const #3"},
		{"void g<main::{lambda()#1}>(main::{lambda()#1})",
		 "<main::{}>(main::{}) #1 #1"},
		{"void g<main::$_0>(main::$_0)", "<main::{}>(main::{}) $0 $0"},
		{"app::run::{closure#1}", "{} #1"},
		{"app::run::{closure#1}::<u8>", "<u8> #1"},
		{"app::run::<app::main::{closure#2}>", "<app::main::{}> #2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(details_of(&arena, rows[i].sym), rows[i].details);
}

static enum details_order compare(const char *a, const char *b)
{
	const char *x = details_of(&arena, a), *y = details_of(&arena, b);
	enum details_order order = details_compare(x, strlen(x), y, strlen(y));

	assert_int_equal(details_compare(y, strlen(y), x, strlen(x)), order);
	return order;
}

#define LONG "a_class_with_a_name_so_long_that_a_line_of_it_is_full"

/* What compilers, their versions and options add, and which of them knows less. */
static void builds_of_one_function_agree(void **state)
{
	static const struct {
		const char *a, *b;
		enum details_order order;
	} rows[] = {
		{"f(int)", "f(int) [clone .constprop.0]", DETAILS_SAME},
		{"f(int)", "f(int) [clone .isra.0] [clone .cold]", DETAILS_SAME},
		{"f(std::__cxx11::list<int>)", "f(std::__1::list<int>)", DETAILS_SAME},
		{"f[abi:cxx11](A[abi:v1])", "f(A)", DETAILS_SAME},
		{"f<long unsigned int>", "f<unsigned long>", DETAILS_SAME},
		{"f<ns::A*, 3>", "f<ns::A *, 3U>", DETAILS_SAME},
		{"f<std::list<int> >", "f<std::list<int, std::allocator<int>>>",
		 DETAILS_SAME},
		{"f", "f(int)", DETAILS_UNKNOWN},
		{"main::{{closure}}", "main::{closure#1}", DETAILS_UNKNOWN},
		{"main::{closure#0}", "main::{closure#1}", DETAILS_OTHER},
		{"f<int>", "void f<int>(int)", DETAILS_UNKNOWN},
		{"f<int>", "void f<long>(int)", DETAILS_UNKNOWN},
		{"main::{lambda()#1}::operator()() const",
		 "main::$_7::operator()() const", DETAILS_NUMBERED},
		{"main::$_0::operator()() const", "main::$_7::operator()() const",
		 DETAILS_SHIFTED},
		{"f(" LONG ", " LONG ")", "f(" LONG ", " LONG ")", DETAILS_SAME},
		{"f(" LONG ", " LONG ")", "f", DETAILS_UNKNOWN},
		{"f(" LONG ", " LONG ")", "f<" LONG ", " LONG ">", DETAILS_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (compare(rows[i].a, rows[i].b) != rows[i].order)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

static void others_do_not(void **state)
{
	static const char *const rows[][2] = {
		{"f(int)", "f(long)"},
		{"f(int)", "f()"},
		{"void f<A>()", "void f<B>()"},
		{"f<A>", "f<B>"},
		{"A::get()", "A::get() const"},
		{"f(int)::L::grow()", "f(long)::L::grow()"},
		{"f(int)::L::grow()", "f(int)::L::grow[#2]()"},
		{"f(int)::L::grow[#3]()", "f(int)::L::grow[#2]()"},
		{"void t<g()::Q>(g()::Q)", "void t<g()::Q[#2]>(g()::Q[#2])"},
		{"main::{lambda()#1}::operator()() const",
		 "main::{lambda()#2}::operator()() const"},
		{"main::{lambda(int)#1}::operator()(int) const",
		 "main::$_0::operator()(long) const"},
		{"f(" LONG ", " LONG ")", "f(" LONG ", " LONG "*)"},
		{"f(" LONG ", " LONG ")", "f(int)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (compare(rows[i][0], rows[i][1]) != DETAILS_OTHER)
			fail_msg("%s and %s", rows[i][0], rows[i][1]);
	}
}

static void names_of_any_length_have_short_details(void **state)
{
	size_t n = 100000;
	char *name = malloc(n + 1);

	(void)state;
	for (int first = 1; first < 128; first++) {
		memset(name, first, n);
		memcpy(name, "f(", 2);
		name[n - 1] = ')';
		name[n] = 0;
		assert_true(strlen(details_of(&arena, name)) < 600);
	}
	for (size_t i = 0; i + 4 <= n; i += 4)
		memcpy(name + i, ":$_1", 4);
	assert_true(strlen(details_of(&arena, name)) < 600);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(details_are_what_no_plain_name_has, tear_down),
		cmocka_unit_test_teardown(numbers_of_lambdas_are_behind_them, tear_down),
		cmocka_unit_test_teardown(builds_of_one_function_agree, tear_down),
		cmocka_unit_test_teardown(others_do_not, tear_down),
		cmocka_unit_test_teardown(names_of_any_length_have_short_details,
					  tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
