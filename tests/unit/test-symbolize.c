// SPDX-License-Identifier: MIT
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "symbols/symbol-files.h"
#include "symbols/symbolize.h"
#include "tests/unit/trace-writer.h"

#define SELF "/proc/self/exe"

static const struct symbol_settings settings;

static void *return_address;

static __attribute__((noinline)) void note_caller(void)
{
	return_address = __builtin_return_address(0);
	__asm__ volatile("" : : : "memory");
}

static inline __attribute__((always_inline)) void inlined_into_it(void)
{
	note_caller();
	__asm__ volatile("" : : : "memory");
}

static __attribute__((noinline)) void the_function_itself(void)
{
	inlined_into_it();
	__asm__ volatile("" : : : "memory");
}

/* As ARM assemblers mark places inside functions. */
extern const char labelled[];
__asm__(".text\n"
	".type labelled, %function\n"
	"labelled:\n"
	"	nop\n"
	"\"$d.1\":\n"
	"	nop\n"
	".size labelled, . - labelled\n");

/* A symbol without a size at the end of a section, and code without any after it. */
extern const char edge[];
extern const void *const beyond_edge;
__asm__(".section edge_first, \"ax\", %progbits\n"
	".globl edge\n"
	".type edge, %function\n"
	"edge:\n"
	"	nop\n"
	".section edge_then, \"ax\", %progbits\n"
	".Lbeyond:\n"
	"	nop\n"
	".section .data.rel.ro, \"aw\"\n"
	".balign 8\n"
	".globl beyond_edge\n"
	"beyond_edge:\n"
	"	.quad .Lbeyond\n"
	".text\n");

static int a_static_variable[10] = {1};
static const int line_of_it = __LINE__ - 1;

static _Thread_local long before_it[3] = {1};
static _Thread_local char *a_thread_local[4];

static int take_bias(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(uintptr_t *)bias = info->dlpi_addr;
	return 1; /* the first is the program */
}

static uint64_t file_address(const void *address)
{
	uintptr_t bias = 0;

	dl_iterate_phdr(take_bias, &bias);
	return (uintptr_t)address - bias;
}

static void an_inlined_function_comes_before_the_one_that_holds_it(void **state)
{
	const struct symbol *found;
	struct symbols *symbols;

	(void)state;
	the_function_itself();
	assert_int_equal(symbols_open(&symbols, &settings, SELF, NULL, 0), 0);
	assert_int_equal(symbols_find(symbols, file_address(return_address) - 1, &found),
			 2);
	assert_string_equal(found[0].name, "inlined_into_it");
	assert_string_equal(found[1].name, "the_function_itself");
	assert_non_null(strstr(found[0].file, "test-symbolize.c"));
	assert_true(found[0].line > 0 && found[0].line < found[1].line);
	symbols_close(symbols);
}

static void a_start_of_a_function_is_that_function(void **state)
{
	const struct symbol *found;
	struct symbols *symbols;
	void (*function)(void) = note_caller;
	void *start;
	size_t n;

	(void)state;
	memcpy(&start, &function, sizeof(start));
	assert_int_equal(symbols_open(&symbols, &settings, SELF, NULL, 0), 0);
	n = symbols_find(symbols, file_address(start), &found);
	assert_int_equal(n, 1);
	assert_string_equal(found[0].name, "note_caller");
	symbols_close(symbols);
}

static void a_label_is_no_function(void **state)
{
	const struct symbol *found;
	struct symbols *symbols;

	(void)state;
	assert_int_equal(symbols_open(&symbols, &settings, SELF, NULL, 0), 0);
	assert_int_equal(symbols_find(symbols, file_address(labelled) + 1, &found), 1);
	assert_string_equal(found[0].name, "labelled");
	symbols_close(symbols);
}

static void a_symbol_without_a_size_ends_with_its_section(void **state)
{
	const struct symbol *found;
	struct symbols *symbols;
	size_t n;

	(void)state;
	assert_int_equal((uintptr_t)edge + 1, (uintptr_t)beyond_edge);
	assert_int_equal(symbols_open(&symbols, &settings, SELF, NULL, 0), 0);
	assert_int_equal(symbols_find(symbols, file_address(edge), &found), 1);
	assert_string_equal(found[0].name, "edge");
	n = symbols_find(symbols, file_address(beyond_edge), &found);
	assert_true(n == 0 || !found[0].name);
	symbols_close(symbols);
}

static void a_variable_is_found_by_its_bytes(void **state)
{
	static int inside;
	uint64_t at = file_address(&a_static_variable[3]);
	struct symbols_variable found;
	struct symbols *symbols;

	(void)state;
	assert_int_equal(symbols_open(&symbols, &settings, SELF, NULL, 0), 0);
	assert_int_equal(symbols_find_variable(symbols, at, &found), 1);
	assert_string_equal(found.name, "a_static_variable");
	assert_non_null(strstr(found.file, "test-symbolize.c"));
	assert_int_equal(found.line, line_of_it);
	assert_int_equal(found.address, at - 3 * sizeof(int));
	assert_int_equal(found.size, sizeof(a_static_variable));
	free(found.file);
	at = file_address(&inside);
	assert_int_equal(symbols_find_variable(symbols, at, &found), 1);
	assert_string_equal(found.name, "inside");
	assert_true(found.line > line_of_it);
	free(found.file);
	at = file_address((const void *)(uintptr_t)a_variable_is_found_by_its_bytes);
	assert_int_equal(symbols_find_variable(symbols, at, &found), 0);
	symbols_close(symbols);
}

static void a_thread_local_is_found_by_its_distance(void **state)
{
	int64_t distance =
		(char *)&a_thread_local[1] - (char *)__builtin_thread_pointer();
	struct symbols_variable found;
	struct symbols *symbols;

	(void)state;
	before_it[0]++;
	assert_int_equal(symbols_open(&symbols, &settings, SELF, NULL, 0), 0);
	assert_int_equal(symbols_find_thread_local(symbols, distance, &found), 1);
	assert_string_equal(found.name, "a_thread_local");
	assert_int_equal(found.line, line_of_it + 4);
	assert_int_equal((int64_t)found.address, distance - (int64_t)sizeof(char *));
	free(found.file);
	assert_int_equal(symbols_find_thread_local(symbols, 1 << 20, &found), 0);
	symbols_close(symbols);
}

static void an_address_of_nothing_is_not_found(void **state)
{
	const struct symbol *found;
	struct symbols *symbols;

	(void)state;
	assert_int_equal(symbols_open(&symbols, &settings, SELF, NULL, 0), 0);
	assert_int_equal(symbols_find(symbols, UINT64_MAX, &found), 0);
	assert_int_equal(symbols_find(symbols, 0, &found), 0);
	symbols_close(symbols);
}

static void a_file_of_another_build_is_not_used(void **state)
{
	const uint8_t build_id[20] = {1, 2, 3};
	struct symbols *symbols;

	(void)state;
	assert_int_equal(
		symbols_open(&symbols, &settings, SELF, build_id, sizeof(build_id)),
		SYMBOLS_OTHER_BUILD);
}

static void what_is_no_object_file_is_a_problem_and_no_crash(void **state)
{
	const char *path = test_path("text");
	struct symbols *symbols;
	FILE *file = fopen(path, "w");

	(void)state;
	fputs("not an object", file);
	fclose(file);
	assert_int_equal(symbols_open(&symbols, &settings, path, NULL, 0),
			 SYMBOLS_NOT_ELF);
	assert_int_equal(symbols_open(&symbols, &settings, "[vdso]", NULL, 0),
			 SYMBOLS_NO_FILE);
	assert_int_equal(symbols_open(&symbols, &settings, "", NULL, 0), SYMBOLS_NO_FILE);
	assert_int_equal(
		symbols_open(&symbols, &settings, "/nonexistent (deleted)", NULL, 0),
		SYMBOLS_NO_FILE);
	assert_int_equal(symbols_open(&symbols, &settings, "/dev/zero", NULL, 0),
			 SYMBOLS_NO_FILE);
}

/* Numbers that are the same in each run. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static char *read_self(size_t *size)
{
	FILE *file = fopen(SELF, "rb");
	char *bytes;

	fseek(file, 0, SEEK_END);
	*size = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(*size);
	assert_int_equal(fread(bytes, 1, *size, file), *size);
	fclose(file);
	return bytes;
}

static void write_file(const char *path, const char *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* What is around a function of this program, in a copy of it. */
static void ask_of_file(const char *path)
{
	struct symbols_variable variable;
	const struct symbol *found;
	struct symbols *symbols;
	uint64_t start;

	the_function_itself();
	start = file_address(return_address) - 200;
	if (symbols_open(&symbols, &settings, path, NULL, 0))
		return;
	for (uint64_t address = start; address < start + 400; address += 9) {
		size_t n = symbols_find(symbols, address, &found);

		for (size_t i = 0; i < n; i++)
			assert_true(!found[i].name || strlen(found[i].name) < 1 << 20);
	}
	if (symbols_find_variable(symbols, file_address(a_static_variable), &variable) ==
	    1)
		free(variable.file);
	symbols_close(symbols);
}

static void a_damaged_file_is_no_crash(void **state)
{
	const char *path = test_path("damaged");
	uint32_t random = 1;
	size_t size;
	char *bytes = read_self(&size);

	(void)state;
	for (int i = 0; i < 100; i++) {
		char *copy = malloc(size);

		memcpy(copy, bytes, size);
		for (uint32_t n = next_random(&random) % 3000; n > 0; n--)
			copy[next_random(&random) % size] ^=
				(char)(1 << next_random(&random) % 8);
		if (i % 2) /* the headers, without which nothing is read */
			memcpy(copy, bytes, 64);
		if (i % 4 == 1)
			memcpy(copy + size - 4096, bytes + size - 4096, 4096);
		write_file(path, copy, i % 8 ? size : next_random(&random) % size);
		free(copy);
		ask_of_file(path);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_inlined_function_comes_before_the_one_that_holds_it),
		cmocka_unit_test(a_start_of_a_function_is_that_function),
		cmocka_unit_test(a_label_is_no_function),
		cmocka_unit_test(a_symbol_without_a_size_ends_with_its_section),
		cmocka_unit_test(a_variable_is_found_by_its_bytes),
		cmocka_unit_test(a_thread_local_is_found_by_its_distance),
		cmocka_unit_test(an_address_of_nothing_is_not_found),
		cmocka_unit_test(a_file_of_another_build_is_not_used),
		cmocka_unit_test(what_is_no_object_file_is_a_problem_and_no_crash),
		cmocka_unit_test(a_damaged_file_is_no_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
