/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>

#include <cmocka.h>

#include "rheaper-cc/find.h"

static const struct row {
	const char *argv0, *name, *target;
	enum language language;
} rows[] = {
	{"rheaper-cc", "cc", "", LANG_C},
	{"/usr/bin/rheaper-c++", "c++", "", LANG_CXX},
	{"rheaper-gcc", "gcc", "", LANG_C},
	{"rheaper-g++-12", "g++-12", "", LANG_CXX},
	{"rheaper-clang++-14", "clang++-14", "", LANG_CXX},
	{"rheaper-gfortran", "gfortran", "", LANG_FORTRAN},
	{"rheaper-clang", "clang", "", LANG_C},
	{"aarch64-linux-gnu-rheaper-gcc", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu",
	 LANG_C},
	{"rheaper-x86_64-linux-gnu-g++-12", "x86_64-linux-gnu-g++-12", "x86_64-linux-gnu",
	 LANG_CXX},
	{"rheaper-riscv64-linux-gnu-cc", "riscv64-linux-gnu-cc", "riscv64-linux-gnu",
	 LANG_C},
	{"rheaper-musl-gcc", "musl-gcc", "", LANG_C},
	{"/usr/lib/masquerade/gcc", "gcc", "", LANG_C},
	{"rheaper-flang-new", "flang-new", "", LANG_FORTRAN},
};

static void names_are_taken_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct compiler compiler;

		compiler_name(rows[i].argv0, &compiler);
		assert_string_equal(compiler.name, rows[i].name);
		assert_string_equal(compiler.target, rows[i].target);
		assert_int_equal(compiler.language, rows[i].language);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
