/* SPDX-License-Identifier: MIT */
/*
 * Sources: the headers of jemalloc 5.3, mimalloc 2.0 and gperftools 2.10, and GLib
 * 2.74's reference. Left out: functions that take more than one block, or variable
 * arguments, and those that grow a block in place (xallocx, mi_expand).
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

static const struct function jemalloc_more[] = {
	{"mallocx", "(Zf)p", NULL},
	{"rallocx", "(PZf)p", NULL},
	{"dallocx", "(Pf)", NULL},
	/* The size may be the usable one too: no use to compare it. */
	{"sdallocx", "(Pzf)", NULL},
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
	{"heap_malloc", "c:malloc", NULL},
	{"heap_malloc_small", "c:malloc", NULL},
	{"heap_zalloc", "c:malloc", NULL},
	{"heap_calloc", "c:calloc", NULL},
	{"heap_mallocn", "c:calloc", NULL},
	{"heap_realloc", "c:realloc", NULL},
	{"heap_reallocf", "c:realloc", NULL},
	{"heap_rezalloc", "c:realloc", NULL},
	{"heap_reallocn", "c:reallocarray", NULL},
	{"heap_recalloc", "c:reallocarray", NULL},
	{"heap_strdup", "c:strdup", NULL},
	{"heap_strndup", "c:strndup", NULL},
	{"heap_alloc_new", "c:malloc", NULL},
	{"heap_alloc_new_n", "c:calloc", NULL},
	{"heap_malloc_aligned", "(hZa)p", NULL},
	{"heap_malloc_aligned_at", "(hZao)p", NULL},
	{"heap_zalloc_aligned", "(hZa)p", NULL},
	{"heap_zalloc_aligned_at", "(hZao)p", NULL},
	{"heap_calloc_aligned", "(hNZa)p", NULL},
	{"heap_calloc_aligned_at", "(hNZao)p", NULL},
	{"heap_realloc_aligned", "(hPZa)p", NULL},
	{"heap_realloc_aligned_at", "(hPZao)p", NULL},
	{"heap_rezalloc_aligned", "(hPZa)p", NULL},
	{"heap_rezalloc_aligned_at", "(hPZao)p", NULL},
	{"heap_recalloc_aligned", "(hPNZa)p", NULL},
	{"heap_recalloc_aligned_at", "(hPNZao)p", NULL},
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

static const struct allocator {
	const char *name;    /* what the name of its library holds */
	const char *prefix;  /* of its functions */
	const char *family;
	const struct function *functions;
} allocators[] = {
	{"jemalloc", "", "malloc", jemalloc_more},
	{"jemalloc", "je_", "jemalloc", jemalloc_core},
	{"jemalloc", "je_", "jemalloc", jemalloc_more},
	{"jemalloc", "_rjem_", "jemalloc_rust", jemalloc_core},
	{"jemalloc", "_rjem_", "jemalloc_rust", jemalloc_more},
	{"mimalloc", "mi_", "mimalloc", mimalloc},
	{"tcmalloc", "tc_", "tcmalloc", tcmalloc},
	{"glib-2.0", "g_", "malloc", glib},
};
/* clang-format on */

static void add_functions(struct declared_list *list, const struct allocator *a)
{
	for (const struct function *f = a->functions; f->name; f++) {
		const char *wrong;
		char text[128];

		snprintf(text, sizeof(text), "%s%s:%s", a->prefix, f->name, f->kind);
		wrong = declare_known(list, text, f->family ? f->family : a->family);
		if (wrong)
			exit_with(2, "%s: %s", text, wrong);
	}
}

static int add_allocators(struct declared_list *list, const char *library)
{
	int found = -1;

	for (size_t i = 0; i < sizeof(allocators) / sizeof(allocators[0]); i++) {
		if (!strstr(library, allocators[i].name))
			continue;
		add_functions(list, &allocators[i]);
		found = 0;
	}
	return found;
}

int families_add(struct declared_list *list, const char *name)
{
	for (size_t i = 0; i < sizeof(allocators) / sizeof(allocators[0]); i++)
		if (strcmp(allocators[i].name, name) == 0)
			return add_allocators(list, name);
	return -1;
}

void families_add_for(struct declared_list *list, const struct words *libraries)
{
	for (size_t i = 0; i < libraries->n; i++)
		add_allocators(list, libraries->word[i]);
}
