/* SPDX-License-Identifier: MIT */
/*
 * Sources: the headers of jemalloc 5.3, mimalloc 2.0, gperftools 2.10, talloc 2.4,
 * APR 1.7 and the collector of Boehm 8.2, and GLib 2.74's reference. Left out: functions
 * that take more than one block, or variable arguments, and those that grow a block in
 * place (xallocx, mi_expand).
 *
 * GLib's functions are malloc under other names (its reference says so since 2.46),
 * and its own library frees by free what a program had from g_malloc: their blocks
 * are malloc's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rheaper-cc/families.h"

struct function {
	const char *name, *kind;
	const char *family; /* NULL: the allocator's */
};

/* clang-format off */
static const struct function jemalloc_core[] = {
	{"malloc", "malloc", NULL},
	{"calloc", "calloc", NULL},
	{"realloc", "realloc", NULL},
	{"free", "free", NULL},
	{"aligned_alloc", "aligned_alloc", NULL},
	{"posix_memalign", "posix_memalign", NULL},
	{"memalign", "memalign", NULL},
	{"valloc", "malloc", NULL},
	{"pvalloc", "malloc", NULL},
	{NULL, NULL, NULL},
};

/* Arenas are destroyed or reset as a whole; those of Rust's allocator are not told. */
static const struct function jemalloc_more[] = {
	{"mallocx", "(ZF)p", NULL},
	{"rallocx", "(PZF)p", NULL},
	{"dallocx", "(Pf)", NULL},
	/* The size may be the usable one too: no use to compare it. */
	{"sdallocx", "(Pzf)", NULL},
	{"mallctl", "(Tonew)i", NULL},
	{NULL, NULL, NULL},
};

static const struct function mimalloc[] = {
	{"malloc", "malloc", NULL},
	{"malloc_small", "malloc", NULL},
	{"zalloc", "malloc", NULL},
	{"zalloc_small", "malloc", NULL},
	{"calloc", "calloc", NULL},
	{"mallocn", "calloc", NULL},
	{"realloc", "realloc", NULL},
	{"reallocf", "realloc", NULL},
	{"rezalloc", "realloc", NULL},
	{"reallocn", "reallocarray", NULL},
	{"reallocarray", "reallocarray", NULL},
	{"recalloc", "reallocarray", NULL},
	{"strdup", "strdup", NULL},
	{"mbsdup", "strdup", NULL},
	{"strndup", "strndup", NULL},
	{"memalign", "memalign", NULL},
	{"aligned_alloc", "aligned_alloc", NULL},
	{"posix_memalign", "posix_memalign", NULL},
	{"valloc", "malloc", NULL},
	{"pvalloc", "malloc", NULL},
	{"malloc_aligned", "(Za)p", NULL},
	{"malloc_aligned_at", "(Zao)p", NULL},
	{"zalloc_aligned", "(Za)p", NULL},
	{"zalloc_aligned_at", "(Zao)p", NULL},
	{"calloc_aligned", "(NZa)p", NULL},
	{"calloc_aligned_at", "(NZao)p", NULL},
	{"realloc_aligned", "(PZa)p", NULL},
	{"realloc_aligned_at", "(PZao)p", NULL},
	{"rezalloc_aligned", "(PZa)p", NULL},
	{"rezalloc_aligned_at", "(PZao)p", NULL},
	{"recalloc_aligned", "(PNZa)p", NULL},
	{"recalloc_aligned_at", "(PNZao)p", NULL},
	{"aligned_recalloc", "(PNZa)p", NULL},
	{"aligned_offset_recalloc", "(PNZao)p", NULL},
	{"new", "malloc", NULL},
	{"new_nothrow", "malloc", NULL},
	{"new_aligned", "(Za)p", NULL},
	{"new_aligned_nothrow", "(Za)p", NULL},
	{"new_n", "calloc", NULL},
	{"new_realloc", "realloc", NULL},
	{"new_reallocn", "reallocarray", NULL},
	{"free", "free", NULL},
	{"cfree", "free", NULL},
	{"free_size", "(Pz)", NULL},
	{"free_aligned", "(Pa)", NULL},
	{"free_size_aligned", "(Pza)", NULL},
	{"heap_malloc", "A:malloc", NULL},
	{"heap_malloc_small", "A:malloc", NULL},
	{"heap_zalloc", "A:malloc", NULL},
	{"heap_calloc", "A:calloc", NULL},
	{"heap_mallocn", "A:calloc", NULL},
	{"heap_realloc", "A:realloc", NULL},
	{"heap_reallocf", "A:realloc", NULL},
	{"heap_rezalloc", "A:realloc", NULL},
	{"heap_reallocn", "A:reallocarray", NULL},
	{"heap_recalloc", "A:reallocarray", NULL},
	{"heap_strdup", "A:strdup", NULL},
	{"heap_strndup", "A:strndup", NULL},
	{"heap_alloc_new", "A:malloc", NULL},
	{"heap_alloc_new_n", "A:calloc", NULL},
	{"heap_malloc_aligned", "(AZa)p", NULL},
	{"heap_malloc_aligned_at", "(AZao)p", NULL},
	{"heap_zalloc_aligned", "(AZa)p", NULL},
	{"heap_zalloc_aligned_at", "(AZao)p", NULL},
	{"heap_calloc_aligned", "(ANZa)p", NULL},
	{"heap_calloc_aligned_at", "(ANZao)p", NULL},
	{"heap_realloc_aligned", "(APZa)p", NULL},
	{"heap_realloc_aligned_at", "(APZao)p", NULL},
	{"heap_rezalloc_aligned", "(APZa)p", NULL},
	{"heap_rezalloc_aligned_at", "(APZao)p", NULL},
	{"heap_recalloc_aligned", "(APNZa)p", NULL},
	{"heap_recalloc_aligned_at", "(APNZao)p", NULL},
	{"heap_destroy", "(h):frees-all-of=1", NULL},
	{NULL, NULL, NULL},
};

static const struct function tcmalloc[] = {
	{"malloc", "malloc", NULL},
	{"malloc_skip_new_handler", "malloc", NULL},
	{"calloc", "calloc", NULL},
	{"realloc", "realloc", NULL},
	{"memalign", "memalign", NULL},
	{"posix_memalign", "posix_memalign", NULL},
	{"valloc", "malloc", NULL},
	{"pvalloc", "malloc", NULL},
	{"free", "free", NULL},
	{"cfree", "free", NULL},
	{"free_sized", "sized_free", NULL},
	{"new", "malloc", "tcmalloc_new"},
	{"new_nothrow", "(Zn)p", "tcmalloc_new"},
	{"new_aligned", "(Za)p", "tcmalloc_new"},
	{"new_aligned_nothrow", "(Zan)p", "tcmalloc_new"},
	{"delete", "free", "tcmalloc_new"},
	{"delete_sized", "sized_free", "tcmalloc_new"},
	{"delete_nothrow", "(Pn)", "tcmalloc_new"},
	{"delete_aligned", "(Pa)", "tcmalloc_new"},
	{"delete_sized_aligned", "(PZa)", "tcmalloc_new"},
	{"delete_aligned_nothrow", "(Pan)", "tcmalloc_new"},
	{"newarray", "malloc", "tcmalloc_new_array"},
	{"newarray_nothrow", "(Zn)p", "tcmalloc_new_array"},
	{"newarray_aligned", "(Za)p", "tcmalloc_new_array"},
	{"newarray_aligned_nothrow", "(Zan)p", "tcmalloc_new_array"},
	{"deletearray", "free", "tcmalloc_new_array"},
	{"deletearray_sized", "sized_free", "tcmalloc_new_array"},
	{"deletearray_nothrow", "(Pn)", "tcmalloc_new_array"},
	{"deletearray_aligned", "(Pa)", "tcmalloc_new_array"},
	{"deletearray_sized_aligned", "(PZa)", "tcmalloc_new_array"},
	{"deletearray_aligned_nothrow", "(Pan)", "tcmalloc_new_array"},
	{NULL, NULL, NULL},
};

static const struct function glib[] = {
	{"malloc", "malloc", NULL},
	{"malloc0", "malloc", NULL},
	{"try_malloc", "malloc", NULL},
	{"try_malloc0", "malloc", NULL},
	{"malloc_n", "calloc", NULL},
	{"malloc0_n", "calloc", NULL},
	{"try_malloc_n", "calloc", NULL},
	{"try_malloc0_n", "calloc", NULL},
	{"realloc", "realloc", NULL},
	{"try_realloc", "realloc", NULL},
	{"realloc_n", "reallocarray", NULL},
	{"try_realloc_n", "reallocarray", NULL},
	{"aligned_alloc", "(NZa)p", NULL},
	{"aligned_alloc0", "(NZa)p", NULL},
	{"strdup", "strdup", NULL},
	{"strndup", "strndup", NULL},
	{"memdup", "(mZ)p", NULL},
	{"memdup2", "(mZ)p", NULL},
	{"free", "free", NULL},
	{"free_sized", "sized_free", NULL},
	{"aligned_free", "free", NULL},
	{"aligned_free_sized", "(Paz)", NULL},
	{NULL, NULL, NULL},
};

/* Blocks hang below others, and go with them. Left out: what prints into a block, and
 * arrays that grow by what follows them. */
static const struct function talloc[] = {
	{"talloc_named_const", "(AZn)p", NULL},
	{"_talloc", "(AZ)p", NULL},
	{"_talloc_zero", "(AZn)p", NULL},
	{"_talloc_array", "(AZNn)p", NULL},
	{"_talloc_zero_array", "(AZNn)p", NULL},
	{"_talloc_memdup", "(AmZn)p", NULL},
	{"talloc_strdup", "(As)s", NULL},
	{"talloc_strndup", "(Asn)s", NULL},
	{"_talloc_realloc", "(APZn)p", NULL},
	{"_talloc_realloc_array", "(APZNn)p", NULL},
	{"talloc_strdup_append", "(Ps)s:chunks", NULL},
	{"talloc_strdup_append_buffer", "(Ps)s:chunks", NULL},
	{"talloc_strndup_append", "(Psn)s:chunks", NULL},
	{"talloc_strndup_append_buffer", "(Psn)s:chunks", NULL},
	{"_talloc_free", "(Pl)i:frees-all-of=1", NULL},
	{"talloc_free_children", "(p):frees-all-of=1", NULL},
	{NULL, NULL, NULL},
};

/* A pool is a block of none, in its own chunk, and of the pool that it is made in. */
static const struct function apr[] = {
	{"pool_create_ex", "(OAfa)i", NULL},
	{"pool_create_unmanaged_ex", "(Ofa)i:chunks", NULL},
	{"palloc", "(AZ)p", NULL},
	{"pcalloc", "(AZ)p", NULL},
	{"pmemdup", "(AmZ)p", NULL},
	{"pstrdup", "(As)s", NULL},
	{"pstrndup", "(Asn)s", NULL},
	{"pstrmemdup", "(Asn)s", NULL},
	{"pool_clear", "(p):frees-all-of=1", NULL},
	{"pool_destroy", "(P):frees-all-of=1", NULL},
	{"terminate", "():frees-all-of=0", NULL},
	{"terminate2", "():frees-all-of=0", NULL},
	{NULL, NULL, NULL},
};

static const struct function slices[] = {
	{"slice_alloc", "malloc:chunks", NULL},
	{"slice_alloc0", "malloc:chunks", NULL},
	{"slice_copy", "(Zm)p:chunks", NULL},
	{"slice_free1", "(ZP):chunks", NULL},
	{NULL, NULL, NULL},
};

static const struct function boehm[] = {
	{"malloc", "malloc:collected", NULL},
	{"malloc_atomic", "malloc:collected", NULL},
	{"malloc_stubborn", "malloc:collected", NULL},
	{"malloc_ignore_off_page", "malloc:collected", NULL},
	{"malloc_atomic_ignore_off_page", "malloc:collected", NULL},
	{"memalign", "memalign:collected", NULL},
	{"posix_memalign", "posix_memalign:collected", NULL},
	{"realloc", "realloc:collected", NULL},
	{"strdup", "strdup:collected", NULL},
	{"strndup", "strndup:collected", NULL},
	{"malloc_uncollectable", "malloc", NULL},
	{"malloc_atomic_uncollectable", "malloc", NULL},
	{"free", "free", NULL},
	{NULL, NULL, NULL},
};

static const struct allocator {
	const char *name;    /* what the name of its library holds; with = before it, is */
	const char *prefix;  /* of its functions */
	const char *family;
	const struct function *functions;
	int is_told; /* events say the family: blocks have pools, lie in others, or stay */
} allocators[] = {
	{"jemalloc", "", "malloc", jemalloc_more, 1},
	{"jemalloc", "je_", "jemalloc", jemalloc_core, 1},
	{"jemalloc", "je_", "jemalloc", jemalloc_more, 1},
	{"jemalloc", "_rjem_", "jemalloc_rust", jemalloc_core, 0},
	{"jemalloc", "_rjem_", "jemalloc_rust", jemalloc_more, 0},
	{"mimalloc", "mi_", "mimalloc", mimalloc, 1},
	{"tcmalloc", "tc_", "tcmalloc", tcmalloc, 0},
	{"glib-2.0", "g_", "malloc", glib, 0},
	{"glib-2.0", "g_", "g_slice", slices, 1},
	{"talloc", "", "talloc", talloc, 1},
	{"apr-1", "apr_", "apr", apr, 1},
	{"=gc", "GC_", "gc", boehm, 1},
};
/* clang-format on */

static void add_functions(struct declared_list *list, const struct allocator *a)
{
	for (const struct function *f = a->functions; f->name; f++) {
		const char *wrong;
		char text[128];

		snprintf(text, sizeof(text), "%s%s:%s", a->prefix, f->name, f->kind);
		wrong = declare_known(list, text, f->family ? f->family : a->family,
				      a->is_told);
		if (wrong)
			exit_with(2, "%s: %s", text, wrong);
	}
}

/* Whether a library is meant: "gc" or "libgc.so.1" by "=gc", but not "gcc". */
static int is_of(const struct allocator *a, const char *library)
{
	const char *name = a->name + 1;
	size_t n = strlen(name);

	if (a->name[0] != '=')
		return strstr(library, a->name) != NULL;
	if (strncmp(library, "lib", 3) == 0 && strncmp(library + 3, name, n) == 0 &&
	    library[3 + n] == '.')
		return 1;
	return strcmp(library, name) == 0;
}

static int add_allocators(struct declared_list *list, const char *library)
{
	int found = -1;

	for (size_t i = 0; i < sizeof(allocators) / sizeof(allocators[0]); i++) {
		if (!is_of(&allocators[i], library))
			continue;
		add_functions(list, &allocators[i]);
		found = 0;
	}
	return found;
}

int families_add(struct declared_list *list, const char *name)
{
	for (size_t i = 0; i < sizeof(allocators) / sizeof(allocators[0]); i++)
		if (strcmp(allocators[i].name + (allocators[i].name[0] == '='), name) ==
		    0)
			return add_allocators(list, name);
	return -1;
}

void families_add_for(struct declared_list *list, const struct words *libraries)
{
	for (size_t i = 0; i < libraries->n; i++)
		add_allocators(list, libraries->word[i]);
}
