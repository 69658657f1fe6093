// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "symbols/demangle.h"
#include "symbols/signature.h"

static void names_of_each_language_are_read(void **state)
{
	static const char *const names[][2] = {
		{"_Z3fooi", "foo(int)"},
		{"_ZN1a1bIcEEvT_", "void a::b<char>(char)"},
		{"_RNvC6_123foo3bar", "123foo::bar"},
		{"_ZN3foo3bar17h05af221e174051e9E", "foo::bar"},
		{"_D7program4workFmZv", "program.work"},
		{"_Znot a name", "_Znot a name"},
		{"_Z", "_Z"},
		{"main", "main"},
		{"", ""},
	};
	char *owned;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_string_equal(demangle(names[i][0], &owned), names[i][1]);
		assert_int_equal(!owned, strcmp(names[i][0], names[i][1]) == 0);
		free(owned);
	}
}

/* As gcc 12 and clang 14 call them. The last three only look as if they had a number. */
static void local_names_have_their_numbers(void **state)
{
	static const char *const names[][2] = {
		{"_ZZ1fiEN1L4growEi", "f(int)::L::grow(int)"},
		{"_ZZ1fiEN1L4growE_0i", "f(int)::L::grow[#2](int)"},
		{"_ZZ1fiEN1L4growE_1i", "f(int)::L::grow[#3](int)"},
		{"_ZZ1fiEN1L4growE__12_i", "f(int)::L::grow[#14](int)"},
		{"_ZZ1fiENK1L1mE_0v", "f(int)::L::m[#2]() const"},
		{"_ZZ1fiEN1LC1E_0v", "f(int)::L::L[#2]()"},
		{"_ZZ1fiEN1LcviE_0v", "f(int)::L::operator int[#2]()"},
		{"_ZZZ1fiEN1L1M4deepE_1vEN1L1zEv", "f(int)::L::M::deep[#3]()::L::z()"},
		{"_ZZZ1fiEN1L1mE_0vEN1K1zE_1v", "f(int)::L::m[#2]()::K::z[#3]()"},
		{"_Z1tIZ1gvE1Q_0EvT_", "void t<g()::Q[#2]>(g()::Q[#2])"},
		{"_ZZ1fvE1x_0", "f()::x[#2]"},
		{"_ZZ1fvE4SIZE_0", "f()::SIZE[#2]"},
		{"_Z1tIZ1gvE4NODE_0EvT_", "void t<g()::NODE[#2]>(g()::NODE[#2])"},
		{"_ZZ1fvEN4NODE4MAKEE_0v", "f()::NODE::MAKE[#2]()"},
		{"_ZZ1fvEN1L4growE_0RK3a_1RK3a_2RK3a_3RK3a_4RK3a_5RK3a_6RK3a_7RK3a_8RK3a_"
		 "9"
		 "RK3b_1RK3b_2RK3b_3RK3b_4RK3b_5RK3b_6RK3b_7RK3b_8",
		 "f()::L::grow[#2](a_1 const&, a_2 const&, a_3 const&, a_4 const&, "
		 "a_5 const&, a_6 const&, a_7 const&, a_8 const&, a_9 const&, b_1 "
		 "const&, "
		 "b_2 const&, b_3 const&, b_4 const&, b_5 const&, b_6 const&, b_7 "
		 "const&, "
		 "b_8 const&)"},
		{"_ZZ1fvEN1L4growE_0R6[abi:#", "f()::L::grow[#2]([abi:#&)"},
		{"_ZTVZ1fiE1L_0", "vtable for f(int)::L[#2]"},
		{"_ZZ1fiEN1L4growE_0i.isra.0",
		 "f(int)::L::grow[#2](int) [clone .isra.0]"},
		{"_ZZ1fvENUlvE_4_FUNEv", "f()::{lambda()#1}::_FUN()"},
		{"_ZZ1fA3_iEN1L2_0E", "f(int [3])::L::_0"},
		{"_ZZ1fvE3_00", "f()::_00"},
	};
	char *owned;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_string_equal(demangle(names[i][0], &owned), names[i][1]);
		free(owned);
	}
}

/* And from the names of older compilers, with the lengths of templates. */
static void a_name_of_d_has_no_types(void **state)
{
	static const char *const names[][2] = {
		{"_Dmain", "D main"},
		{"_D3std5array__T8AppenderTAyaZQo3putMFNaNbNfQqZv",
		 "std.array.Appender.Appender.put"},
		{"_D8demangle10__T3fooTaZ3fooFZv", "demangle.foo.foo"},
		{"_D8demangle9__T3fooTaZ3fooFZv", "_D8demangle9__T3fooTaZ3fooFZv"},
		{"_D1a1S6__ctorMFNcNjiZS1a1S", "a.S.this"},
		{"_D1a1S6__dtorMFZv", "a.S.~this"},
		{"_D1a1S6__initZ", "a.S.__init"},
		{"_D1a5outerFiZ5innerMFNfZv", "a.outer.inner"},
		{"_D1a5outerFS1a1SYv", "a.outer"},
		{"_D1a5outerFS1a1SMAyaZv", "a.outer"},
		{"_D1a1fFDFNaiZvHkAaG3PxiBlmZNgC1b1CZNn", "a.f"},
		{"_D1a__T1fVAyaa3_616263ViN5VdeNINFVS1a1SS2i1nS_D1a1gMFZvZ1fFZv",
		 "a.f.f"},
		{"_D1a1gFiZv.isra.0", "a.g [clone .isra.0]"},
		{"_D1a4__S11fFZv", "a.f"},
		{"_Do_something", "_Do_something"},
		{"_D1a", "_D1a"},
		{"_D9a", "_D9a"},
		{"_D1aQcFZv", "a.a"},
		{"_D1aQAAAAAAAAAAAAAAz1b", "_D1aQAAAAAAAAAAAAAAz1b"},
		{"_D99999999999999999999a", "_D99999999999999999999a"},
	};
	char *owned;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_string_equal(demangle(names[i][0], &owned), names[i][1]);
		free(owned);
	}
}

/* A thousand functions in each other, or as many types. */
static void a_name_of_d_may_be_deep(void **state)
{
	static const char *const parts[] = {"1aFS", "DFZ"};
	char name[4097];
	char *owned;

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		strcpy(name, "_D1a1fF");
		while (strlen(name) + strlen(parts[i]) < sizeof(name))
			strcat(name, parts[i]);
		assert_ptr_equal(demangle(name, &owned), name);
	}
}

/* A<int, int>, B<A, A>, B<B, B>, ...: each is twice as long. Parts of names have numbers
 * to the base of 36, and n_before those that come before these. */
static char *write_doubling(char *name, int n_doublings, int n_before)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	name = stpcpy(name, "1AIiiE");
	for (int i = 0; i < n_doublings; i++) {
		int part = n_before + 2 * i;
		char number[3] = {digits[part / 36], digits[part % 36]};
		const char *digit = number + (part < 36);
		char type[32];

		snprintf(type, sizeof(type), "1BIS%s_S%s_E", digit, digit);
		name = stpcpy(name, type);
	}
	return name;
}

/* Replaces the # of a pattern by such types. */
static void write_pattern(char *name, const char *pattern, int n_doublings, int n_before)
{
	size_t n = strcspn(pattern, "#");

	memcpy(name, pattern, n);
	name = write_doubling(name + n, n_doublings, n_before);
	strcpy(name, pattern + n + 1);
}

static const char *signature_of(const char *name, char *plain, size_t size)
{
	plain[signature_name(name, plain, size)] = 0;
	return plain;
}

/* And keeps what names it: one argument more is no other function. */
static void a_name_that_grows_is_cut(void **state)
{
	static const struct {
		const char *pattern, *cut;
		int n_before;
	} rows[] = {
		{"_Z1f#", "f", 0},
		{"_ZN2ns1fE#", "ns::f", 1},
		{"_ZN2ns1fIJ#EEEvT_", "ns::f<\u2026>", 2},
		{"_ZNK2ns1tIJ#EE3getEv", "ns::t<\u2026>::get", 2},
		{"_ZN2nsneIJ#EEEbT_", "ns::operator!=<\u2026>", 2},
		{"_ZN2nsltIJ#EEEbT_", "ns::operator< <\u2026>", 2},
		{"_ZN2ns1tIJ#EEC1Ev", "ns::t<\u2026>::t", 2},
		{"_ZZN2ns1fE#ENKUlvE_clEv", "ns::f::{lambda()#1}::operator()", 1},
		{"_ZZ4mainENKUl#E_clEv", "main::{lambda()#1}::operator()", 0},
		{"_ZN2ns1fB5cxx11E#", "ns::f[abi:cxx11]", 1},
		{"_ZN2ns1fE#.isra.0", "ns::f [clone .isra.0]", 1},
	};
	char name[2000], cut[256], whole[256];
	char *owned;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		write_pattern(name, rows[i].pattern, 12, rows[i].n_before);
		assert_string_equal(demangle(name, &owned), rows[i].cut);
		signature_of(owned, cut, sizeof(cut));
		free(owned);
		write_pattern(name, rows[i].pattern, 2, rows[i].n_before);
		assert_non_null(strstr(demangle(name, &owned), "B<A<int, int>, A<int"));
		assert_string_equal(signature_of(owned, whole, sizeof(whole)), cut);
		free(owned);
	}
}

static void a_name_that_takes_long_stays_as_it_is(void **state)
{
	char name[512] = "_ZN";
	char *owned;

	(void)state;
	for (int i = 0; i < 9; i++)
		strcat(name, i ? "NcvT_I" : "cvT_I");
	assert_ptr_equal(demangle(name, &owned), name);
	assert_string_equal(demangle("_ZN1acvT_IiEEv", &owned), "a::operator int<int>()");
	free(owned);
}

static void a_name_of_ten_megabytes_is_read_or_left(void **state)
{
	const size_t size = 10 << 20;
	char *name = malloc(size + 1);
	char *owned;

	(void)state;
	for (int start = 0; start < 3; start++) {
		memset(name, start == 0 ? 'P' : start == 1 ? 'N' : '_', size);
		memcpy(name, start == 1 ? "_R" : "_Z", 2);
		name[size] = 0;
		assert_ptr_equal(demangle(name, &owned), name);
		free(owned);
	}
	free(name);
}

#define LEGACY(parts) "_ZN" parts "17h0123456789abcdefE"
#define CLOSURE "28_$u7b$$u7b$closure$u7d$$u7d$"

static void a_name_is_demangled_once(void **state)
{
	const char *const name = "_Z3fooi", *const plain = "main";
	struct demangled demangled = {0};
	const char *found = demangled_get(&demangled, name, NULL);

	(void)state;
	assert_string_equal(found, "foo(int)");
	assert_ptr_equal(demangled_get(&demangled, plain, NULL), plain);
	assert_ptr_equal(demangled_get(&demangled, name, NULL), found);
	assert_ptr_equal(demangled_get(&demangled, plain, NULL), plain);
	assert_int_equal(demangled.n_texts, 2);
	demangled_fini(&demangled);
}

static void names_of_rust_are_completed(void **state)
{
	static const struct {
		const char *name, *given, *expected;
	} rows[] = {
		{LEGACY("3app4grow"), "grow<u8>", "app::grow::<u8>"},
		{LEGACY("3app4grow"), "grow", "app::grow"},
		{LEGACY("3app4grow"), "row<u8>", "app::grow"},
		{LEGACY("3app4grow"), "other<u8>", "app::grow"},
		{LEGACY("3app4grow"), "", "app::grow::h0123456789abcdef"},
		{LEGACY("3app4grow"), NULL, "app::grow"},
		{"_ZN3app4growE", "", "app::grow"},
		{LEGACY("4grow"), "grow<u8>", "grow"},
		{LEGACY("3app4main" CLOSURE), "{closure#1}", "app::main::{closure#1}"},
		{LEGACY("3app4main" CLOSURE), "{closure#1}<u8>",
		 "app::main::{closure#1}::<u8>"},
		{LEGACY("3app4main" CLOSURE), "{async_block#2}",
		 "app::main::{closure#2}"},
		{LEGACY("3app4main" CLOSURE), "{async_fn#0}<u8>",
		 "app::main::{closure#0}::<u8>"},
		{LEGACY("3app4main" CLOSURE), "{closure}", "app::main::{{closure}}"},
		{LEGACY("3app4main" CLOSURE), "main", "app::main::{{closure}}"},
		{LEGACY("3app4main"), "{closure#1}", "app::main"},
		{"_ZN3app4growE", "grow<u8>", "app::grow"},
		{"_RNvCsjrHSEGnQ3l9_3app4grow", "grow<u8>", "app::grow"},
		{"_ZN3app4growIiEEvv", "grow<int>", "void app::grow<int>()"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct demangled demangled = {0};

		assert_string_equal(
			demangled_get(&demangled, rows[i].name, rows[i].given),
			rows[i].expected);
		demangled_fini(&demangled);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_each_language_are_read),
		cmocka_unit_test(local_names_have_their_numbers),
		cmocka_unit_test(a_name_of_d_has_no_types),
		cmocka_unit_test(a_name_of_d_may_be_deep),
		cmocka_unit_test(a_name_that_grows_is_cut),
		cmocka_unit_test(a_name_that_takes_long_stays_as_it_is),
		cmocka_unit_test(a_name_of_ten_megabytes_is_read_or_left),
		cmocka_unit_test(a_name_is_demangled_once),
		cmocka_unit_test(names_of_rust_are_completed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
