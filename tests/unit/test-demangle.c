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

static void names_of_each_language_are_read(void **state)
{
	static const char *const names[][2] = {
		{"_Z3fooi", "foo(int)"},
		{"_ZN1a1bIcEEvT_", "void a::b<char>(char)"},
		{"_RNvC6_123foo3bar", "123foo::bar"},
		{"_ZN3foo3bar17h05af221e174051e9E", "foo::bar"},
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

/* f(A<int, int>, B<A, A>, B<B, B>, ...): each argument is twice as long. */
static void write_doubling_name(char *name, int n_doublings)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char number[3] = "0";

	name += sprintf(name, "_Z1f1AIiiE");
	for (int i = 0; i < n_doublings; i++) {
		name += sprintf(name, "1BIS%s_S%s_E", number, number);
		if (i < 17)
			sprintf(number, "%c", digits[2 * (i + 1)]);
		else
			sprintf(number, "%c%c", digits[2 * (i + 1) / 36],
				digits[2 * (i + 1) % 36]);
	}
}

static void a_name_that_grows_without_end_stays_as_it_is(void **state)
{
	char name[2000];
	char *owned;

	(void)state;
	write_doubling_name(name, 3);
	assert_int_equal(strncmp(demangle(name, &owned), "f(A<int, int>, B<A<int", 22),
			 0);
	free(owned);
	write_doubling_name(name, 60);
	assert_ptr_equal(demangle(name, &owned), name);
	assert_null(owned);
}

static void a_name_that_takes_forever_stays_as_it_is(void **state)
{
	char name[512] = "_ZN";
	char *owned;

	(void)state;
	for (int i = 0; i < 60; i++)
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

static void a_name_is_demangled_once(void **state)
{
	const char *const name = "_Z3fooi", *const plain = "main";
	struct demangled demangled = {0};
	const char *found = demangled_get(&demangled, name);

	(void)state;
	assert_string_equal(found, "foo(int)");
	assert_ptr_equal(demangled_get(&demangled, plain), plain);
	assert_ptr_equal(demangled_get(&demangled, name), found);
	assert_ptr_equal(demangled_get(&demangled, plain), plain);
	assert_int_equal(demangled.n_texts, 2);
	demangled_fini(&demangled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_each_language_are_read),
		cmocka_unit_test(a_name_that_grows_without_end_stays_as_it_is),
		cmocka_unit_test(a_name_that_takes_forever_stays_as_it_is),
		cmocka_unit_test(a_name_of_ten_megabytes_is_read_or_left),
		cmocka_unit_test(a_name_is_demangled_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
