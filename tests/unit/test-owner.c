// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/libraries.h"
#include "analysis/owner.h"
#include "analysis/tree.h"

/* A program: stacks written as "inner@LINE;outer@LINE;...", each name that
 * begins with "lib" in a library of C. */
struct program {
	struct owners *owners;
	struct names functions, frames;
	size_t n_stacks;
	int64_t last[64];
};

static void begin(struct program *p, const char *glob)
{
	static const char *globs[1];

	*p = (struct program){0};
	globs[0] = glob;
	p->owners = owners_new(globs, glob != NULL);
	assert_non_null(p->owners);
}

static void end(struct program *p)
{
	owners_free(p->owners);
	names_fini(&p->functions);
	names_fini(&p->frames);
}

static int64_t frame_number(struct program *p, const char *word)
{
	size_t n_before = p->frames.n_texts;
	uint32_t number = names_number(&p->frames, word);
	char name[256];
	int line = 0;

	assert_int_equal(sscanf(word, "%255[^@]@%d", name, &line), 2);
	if (number == n_before) {
		struct owner_frame frame = {
			.function = names_number(&p->functions, name),
			.name = name,
			.module = strncmp(name, "lib", 3) == 0 ? 2 : 1,
			.module_path = strncmp(name, "lib", 3) == 0 ? "/lib/libc.so.6"
								    : "/bin/program",
			.line = line,
		};

		assert_int_equal(owners_add_frame(p->owners, &frame), 0);
	}
	return (int64_t)number + 1;
}

/* Add a stack that allocated n blocks of a size, and return its number. */
static size_t add(struct program *p, int n, int size, const char *stack)
{
	char text[1024], *save, *word;
	size_t n_frames = 0;

	strcpy(text, stack);
	for (word = strtok_r(text, ";", &save); word; word = strtok_r(NULL, ";", &save))
		p->last[n_frames++] = frame_number(p, word);
	assert_int_equal(
		owners_add_stack(p->owners, p->last, n_frames, n, (double)n * size), 0);
	return p->n_stacks++;
}

static enum owner_found found(struct program *p, const char *function)
{
	return owners_wrapper(p->owners, names_number(&p->functions, function));
}

/* xmalloc, called from n functions. */
static void add_callers(struct program *p, const char *inner, int n)
{
	for (int i = 0; i < n; i++) {
		char stack[256];

		snprintf(stack, sizeof(stack), "%s;f%d@%d;main@%d", inner, i, i, i + 1);
		add(p, 10, 16 + 8 * i, stack);
	}
}

static void what_many_call_with_sizes_of_their_own_is_a_wrapper(void **state)
{
	struct program p;

	(void)state;
	begin(&p, NULL);
	add_callers(&p, "grab@7", 5);
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(found(&p, "grab"), OWNER_BY_RULE);
	assert_int_equal(found(&p, "f0"), OWNER_NO_WRAPPER);
	assert_int_equal(found(&p, "main"), OWNER_NO_WRAPPER);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(owners_frame_no(p.owners, i), 1);
	end(&p);
}

static void a_link_of_a_chain_is_a_wrapper(void **state)
{
	struct program p;

	(void)state;
	begin(&p, NULL);
	add_callers(&p, "lowest@3;middle@5;upper@9", 5);
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(found(&p, "lowest"), OWNER_BY_RULE);
	assert_int_equal(found(&p, "middle"), OWNER_BY_RULE);
	assert_int_equal(found(&p, "upper"), OWNER_BY_RULE);
	assert_int_equal(owners_frame_no(p.owners, 2), 3);
	end(&p);
}

static void a_name_that_says_so_needs_two_callers(void **state)
{
	struct program p;

	(void)state;
	begin(&p, NULL);
	add_callers(&p, "ns::MyAlloc::get(int)@3", 2);
	add_callers(&p, "take@3", 2);
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(found(&p, "ns::MyAlloc::get(int)"), OWNER_BY_RULE);
	assert_int_equal(found(&p, "take"), OWNER_NO_WRAPPER);
	end(&p);
}

static void what_is_called_by_one_function_is_none(void **state)
{
	struct program p;

	(void)state;
	begin(&p, NULL);
	for (int i = 0; i < 20; i++)
		add(&p, 1, i, "make_alloc@3;work@5;main@9");
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(found(&p, "make_alloc"), OWNER_NO_WRAPPER);
	assert_int_equal(owners_frame_no(p.owners, 0), 0);
	end(&p);
}

/* node_new() asks for the size of a node, whoever calls it. */
static void a_constructor_is_none(void **state)
{
	struct program p;

	(void)state;
	begin(&p, NULL);
	for (int i = 0; i < 9; i++) {
		char stack[256];

		snprintf(stack, sizeof(stack), "alloc_node@4;f%d@%d;main@%d", i, i, i);
		add(&p, 5, 48, stack);
		snprintf(stack, sizeof(stack), "alloc_node@5;f%d@%d;main@%d", i, i, i);
		add(&p, 5, 1000, stack);
	}
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(found(&p, "alloc_node"), OWNER_NO_WRAPPER);
	end(&p);
}

/* It allocates for itself, and calls what allocates. */
static void a_parser_is_none(void **state)
{
	struct program p;

	(void)state;
	begin(&p, NULL);
	for (int i = 0; i < 9; i++) {
		char stack[256];

		snprintf(stack, sizeof(stack), "parse@4;f%d@%d;main@%d", i, i, i);
		add(&p, 50, 16 * i, stack);
	}
	add(&p, 9, 10, "text@7;parse@5;f1@1;main@1");
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(found(&p, "parse"), OWNER_NO_WRAPPER);
	end(&p);
}

static void what_allocates_in_many_lines_is_none(void **state)
{
	struct program p;

	(void)state;
	begin(&p, NULL);
	for (int i = 0; i < 40; i++) {
		char stack[256];

		snprintf(stack, sizeof(stack), "setup@%d;f%d@%d;main@%d", i % 8, i % 5,
			 i % 5, i % 5);
		add(&p, 5, 16 * i, stack);
	}
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(found(&p, "setup"), OWNER_NO_WRAPPER);
	end(&p);
}

static void a_user_names_wrappers(void **state)
{
	struct program p;

	(void)state;
	begin(&p, "ns::*");
	add(&p, 1, 1, "void ns::get<int>(int)@3;use@4;main@5");
	add(&p, 1, 1, "void ns::get<int>(int)@3;void ns::all(char)@9");
	add(&p, 1, 1, "other@3;main@5");
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(found(&p, "void ns::get<int>(int)"), OWNER_BY_NAME);
	assert_int_equal(owners_frame_no(p.owners, 0), 1);
	assert_int_equal(owners_frame_no(p.owners, 1), 0);
	assert_int_equal(owners_frame_no(p.owners, 2), 0);
	end(&p);
}

static void libraries_own_nothing(void **state)
{
	struct program p;

	(void)state;
	begin(&p, NULL);
	add(&p, 1, 1, "libinner@1;libdup@3;use@4;main@5");
	add(&p, 1, 1, "std::vector<int, std::allocator<int> >::push_back(int&&)@3;use@9");
	add(&p, 1, 1, "libinner@1;libdup@3");
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(owners_frame_no(p.owners, 0), 2);
	assert_int_equal(owners_frame_no(p.owners, 1), 1);
	assert_int_equal(owners_frame_no(p.owners, 2), 0);
	end(&p);
}

static void a_chain_has_what_was_called_from_outside(void **state)
{
	struct program p;
	uint32_t links[OWNER_MAX_LINKS];
	const char *names[OWNER_MAX_LINKS];
	char text[OWNER_CHAIN_SIZE];
	size_t n;

	(void)state;
	begin(&p, "take");
	add(&p, 1, 1, "libinner@1;libdup@3;take@4;use@5;main@6");
	assert_int_equal(owners_find(p.owners), 0);
	n = owners_links(p.owners, p.last, owners_frame_no(p.owners, 0), links);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		names[i] = p.functions.texts[links[i]];
	owners_format_chain("operator new(unsigned long)", names, n, text);
	assert_string_equal(text, "operator new \xe2\x86\x90 libdup \xe2\x86\x90 take"
				  " \xe2\x86\x90 use");
	end(&p);
}

static void a_stack_may_be_deep_or_empty(void **state)
{
	struct program p;
	char stack[1024] = "";

	(void)state;
	begin(&p, "w*");
	add(&p, 1, 1, "");
	for (int i = 0; i < 30; i++)
		sprintf(stack + strlen(stack), "w%d@%d;", i, i);
	add(&p, 1, 1, strcat(stack, "main@1"));
	assert_int_equal(owners_find(p.owners), 0);
	assert_int_equal(owners_frame_no(p.owners, 0), 0);
	assert_true(owners_frame_no(p.owners, 1) < 31);
	end(&p);
}

static void code_of_libraries_is_known(void **state)
{
	static const char *const theirs[] = {
		"std::vector<int>::push_back(int&&)",
		"void std::sort<int*>(int*, int*)",
		"__gnu_cxx::new_allocator<int>::allocate(unsigned long, void const*)",
		"operator new(unsigned long)",
		"alloc::vec::Vec<T,A>::push",
		"<alloc::string::String as core::clone::Clone>::clone",
		"<T as alloc::slice::hack::ConvertVec>::to_vec",
		"core::ops::function::FnOnce::call_once{{vtable.shim}}",
		"alloc[fdfd2bd8633a6659]::raw_vec::finish_grow",
		"__rust_alloc",
		"__GI___strdup",
		"_IO_file_doallocate",
		"std.array.Appender.Appender.put",
	};
	static const char *const ours[] = {
		"main",
		"mystd::f(int)",
		"stdlike",
		"my_strdup",
		"<my::Type as core::clone::Clone>::clone",
		"void ns::sort<std::vector<int> >(std::vector<int>&)",
		"allocate",
		"corelib::f",
		"core.part.0",
		"mystd.f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
		assert_true(library_has_function(theirs[i]));
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		assert_false(library_has_function(ours[i]));
	assert_true(library_has_module("/lib/x86_64-linux-gnu/libc.so.6"));
	assert_true(library_has_module("/usr/lib/libstdc++.so.6.0.30"));
	assert_true(library_has_module("[vdso]"));
	assert_true(library_has_module("/usr/lib/libgphobos.so.3"));
	assert_false(library_has_module("/usr/lib/libcjson.so.1"));
	assert_false(library_has_module("/usr/lib/libmagic.so.1"));
	assert_false(library_has_module("./program"));
	assert_false(library_has_module(NULL));
}

#define CASE(function) cmocka_unit_test(function)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_many_call_with_sizes_of_their_own_is_a_wrapper),
		CASE(a_link_of_a_chain_is_a_wrapper),
		CASE(a_name_that_says_so_needs_two_callers),
		CASE(what_is_called_by_one_function_is_none),
		CASE(a_constructor_is_none),
		CASE(a_parser_is_none),
		CASE(what_allocates_in_many_lines_is_none),
		CASE(a_user_names_wrappers),
		CASE(libraries_own_nothing),
		CASE(a_chain_has_what_was_called_from_outside),
		CASE(a_stack_may_be_deep_or_empty),
		CASE(code_of_libraries_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
