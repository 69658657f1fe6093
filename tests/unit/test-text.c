// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/text.h"

static void nothing_printable_commands_a_terminal(void **state)
{
	static const struct {
		const char *text, *printable;
	} cases[] = {
		{"operator new", "operator new"},
		{"\033]0;x\a", "\\x1b]0;x\\x07"},
		{"a\tb\n\177", "a\\x09b\\x0a\\x7f"},
		{"\302\23331m\302\237", "\\xc2\\x9b31m\\xc2\\x9f"}, /* U+009B */
		{"\302\240\303\233\342\230\203", "\302\240\303\233\342\230\203"},
		{"\23331m\377", "\\x9b31m\\xff"},
		{"a\342\200\256b\342\200\254\357\273\277", /* U+202E, U+202C, U+FEFF */
		 "a\\xe2\\x80\\xaeb\\xe2\\x80\\xac\\xef\\xbb\\xbf"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *printable = text_printable(cases[i].text);

		assert_string_equal(printable, cases[i].printable);
		free(printable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_printable_commands_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
