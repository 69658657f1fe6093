/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "contract/format.h"
#include "rheaper-cc/declare.h"
#include "rheaper-cc/families.h"

static void kinds_say_which_argument_is_what(void **state)
{
	static const struct {
		const char *text;
		int size, count, block, out, gives;
	} rows[] = {
		{"f:malloc", 0, -1, -1, -1, RHP_GIVES_BLOCK},
		{"f:calloc", 1, 0, -1, -1, RHP_GIVES_BLOCK},
		{"f:realloc", 1, -1, 0, -1, RHP_GIVES_BLOCK},
		{"f:reallocarray", 2, 1, 0, -1, RHP_GIVES_BLOCK},
		{"f:memalign", 1, -1, -1, -1, RHP_GIVES_BLOCK},
		{"f:alloc_align", 0, -1, -1, -1, RHP_GIVES_BLOCK},
		{"f:posix_memalign", 2, -1, -1, 0, RHP_GIVES_BLOCK},
		{"f:free", -1, -1, 0, -1, RHP_GIVES_NOTHING},
		{"f:sized_free", 1, -1, 0, -1, RHP_GIVES_NOTHING},
		{"f:strdup", -1, -1, -1, -1, RHP_GIVES_STRING},
		{"f:lua_alloc", 3, -1, 1, -1, RHP_GIVES_BLOCK},
		{"f:c:malloc", 1, -1, -1, -1, RHP_GIVES_BLOCK},
		{"f:c:free:freed-by=x", -1, -1, 1, -1, RHP_GIVES_NOTHING},
		{"f:(xyNzZ)p", 4, 2, -1, -1, RHP_GIVES_BLOCK},
		{"f:(P)", -1, -1, 0, -1, RHP_GIVES_NOTHING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct declared_list list = {0};

		assert_null(declare(&list, rows[i].text));
		assert_int_equal(list.n, 1);
		assert_int_equal(list.function[0].spec.size, rows[i].size);
		assert_int_equal(list.function[0].spec.count, rows[i].count);
		assert_int_equal(list.function[0].spec.block, rows[i].block);
		assert_int_equal(list.function[0].spec.out, rows[i].out);
		assert_int_equal(list.function[0].spec.gives, rows[i].gives);
		declared_fini(&list);
	}
}

static void what_is_wrong_is_said(void **state)
{
	static const char *const wrong[] = {
		"",
		":malloc",
		"f",
		"f:",
		"f:mallok",
		"f:c",
		"f:c:",
		"f:(Z",
		"f:(Z)q",
		"f:(ZZ)p",
		"f:(a)p",
		"f:(a)",
		"f:(Q)p",
		"f:(aaaaaaZ)p",
		"f:c:(aaaaaZ)p",
		"f:malloc:free",
		"f:malloc:freed-by=",
		"f:malloc:freed-by=a b",
		"1f:malloc",
		"f g:malloc",
		"malloc:malloc",
		"f:A",
		"f:A:(AZ)p",
		"f:(AA)p",
		"f:(a):frees-all-of=7",
		"f:(a):frees-all-of=x",
		"f:(a):frees-all-of=11",
		"f:malloc:collected=1",
		"f:malloc:collect",
		"f:malloc:freed-by=g:frees-all-of=",
	};
	struct declared_list list = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (!declare(&list, wrong[i]))
			fail_msg("accepted: %s", wrong[i]);
		assert_int_equal(list.n, 0);
	}
}

static void attributes_come_in_any_order(void **state)
{
	static const struct {
		const char *text;
		int pool, frees_all, chunks;
	} rows[] = {
		{"f:malloc", -1, -1, 0},
		{"f:c:malloc", -1, -1, 0},
		{"f:A:malloc", 0, -1, 1},
		{"f:(ZA)p:freed-by=g", 1, -1, 1},
		{"f:(OAff)i", 1, -1, 1},
		{"f:(ab):frees-all-of=2", -1, 1, 1},
		{"f:(P):frees-all-of=1:freed-by=g", -1, 0, 1},
		{"f:malloc:chunks:freed-by=g", -1, -1, 1},
		{"f:():frees-all-of=0", -1, RHP_DECLARED_ARGUMENTS, 1},
		{"f:(ZF)p", 1, -1, 0},
		{"f:(PZF)p", 2, -1, 0},
		{"f:(Taaaa)i", -1, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct declared_list list = {0};
		const struct rhp_declared_spec *spec;

		assert_null(declare(&list, rows[i].text));
		spec = &list.function[0].spec;
		assert_int_equal(spec->pool, rows[i].pool);
		assert_int_equal(spec->frees_all, rows[i].frees_all);
		assert_int_equal(spec->chunks, rows[i].chunks);
		declared_fini(&list);
	}
}

/* Of known allocators none is said. */
static void families_have_numbers(void **state)
{
	struct declared_list list = {0};

	(void)state;
	assert_null(declare(&list, "xmalloc:malloc"));
	assert_null(declare(&list, "pool:malloc:freed-by=unpool"));
	assert_null(declare(&list, "gc:malloc:collected:freed-by=gc_free"));
	assert_null(declare_known(&list, "je_malloc:malloc", "jemalloc", 0));
	declare_finish(&list);
	assert_int_equal(list.function[0].spec.family, RHP_FAMILY_LISTED);
	assert_int_equal(list.function[1].spec.family, rhp_family("unpool"));
	assert_int_equal(list.function[2].spec.family,
			 rhp_family("gc_free") | RHP_FAMILY_COLLECTED << RHP_FAMILY_BITS);
	assert_int_equal(list.function[3].spec.family, RHP_FAMILY_NONE);
	declared_fini(&list);
}

static const char *family(const struct declared_list *list, size_t i)
{
	const char *text = list->function[i].spec.text;

	return text + strlen(text) + 1;
}

static void families_follow_who_frees(void **state)
{
	struct declared_list list = {0};

	(void)state;
	assert_null(declare(&list, "xmalloc:malloc"));
	assert_null(declare(&list, "xfree:free"));
	assert_null(declare(&list, "pool_alloc:c:malloc:freed-by=pool_free"));
	assert_null(declare(&list, "pool_free:c:free"));
	assert_null(declare(&list, "ymalloc:malloc:freed-by=free"));
	assert_null(declare(&list, "make:malloc:freed-by=_ZdlPv"));
	declare_finish(&list);
	assert_string_equal(list.function[0].spec.text, "xmalloc");
	assert_string_equal(family(&list, 0), "malloc");
	assert_string_equal(family(&list, 1), "malloc");
	assert_string_equal(family(&list, 2), "pool_free");
	assert_string_equal(family(&list, 3), "pool_free");
	assert_string_equal(family(&list, 4), "malloc");
	assert_string_equal(family(&list, 5), "new");
	assert_int_equal(list.function[2].spec.text_size, sizeof("pool_alloc pool_free"));
	declared_fini(&list);
}

static void the_last_declaration_of_a_name_stands(void **state)
{
	struct declared_list list = {0};

	(void)state;
	assert_null(declare(&list, "f:malloc"));
	assert_null(declare(&list, "f:free"));
	assert_int_equal(list.n, 1);
	assert_int_equal(list.function[0].spec.gives, RHP_GIVES_NOTHING);
	declared_fini(&list);
}

static const char *family_named(const struct declared_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->function[i].name, name) == 0)
			return family(list, i);
	return "none";
}

static void known_allocators_are_declared(void **state)
{
	static const char *const libraries[] = {"m",
						"libtcmalloc_minimal.so.4",
						"jemalloc",
						"liblib-tikv_jemalloc_sys-1.rlib",
						"libmimalloc.a",
						"glib-2.0"};
	struct declared_list list = {0};
	struct words words = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		words_add(&words, libraries[i]);
	assert_null(declare(&list, "mi_free:free:freed-by=mine"));
	families_add_for(&list, &words);
	declare_finish(&list);
	assert_string_equal(family_named(&list, "mi_free"), "mine");
	assert_string_equal(family_named(&list, "mi_malloc"), "mimalloc");
	assert_string_equal(family_named(&list, "tc_newarray"), "tcmalloc_new_array");
	assert_string_equal(family_named(&list, "mallocx"), "malloc");
	assert_string_equal(family_named(&list, "je_sdallocx"), "jemalloc");
	assert_string_equal(family_named(&list, "_rjem_calloc"), "jemalloc_rust");
	assert_string_equal(family_named(&list, "g_try_realloc_n"), "malloc");
	words_fini(&words);
	declared_fini(&list);
}

static void no_other_library_is_an_allocator(void **state)
{
	static const char *const libraries[] = {"m", "glib", "malloc", "libc.so.6", ""};
	struct declared_list list = {0};
	struct words words = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		words_add(&words, libraries[i]);
	families_add_for(&list, &words);
	assert_int_equal(list.n, 0);
	assert_int_equal(families_add(&list, "hoard"), -1);
	assert_int_equal(families_add(&list, "mimalloc"), 0);
	assert_true(list.n > 50);
	words_fini(&words);
	declared_fini(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_say_which_argument_is_what),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(attributes_come_in_any_order),
		cmocka_unit_test(families_have_numbers),
		cmocka_unit_test(families_follow_who_frees),
		cmocka_unit_test(the_last_declaration_of_a_name_stands),
		cmocka_unit_test(known_allocators_are_declared),
		cmocka_unit_test(no_other_library_is_an_allocator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
