// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/paths.h"

static struct arena arena;

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void dots_are_removed(void **state)
{
	static const char *const rows[][2] = {
		{"/b/build/../src/x.c", "/b/src/x.c"},
		{"/b/./x.c", "/b/x.c"},
		{"/b//x.c", "/b/x.c"},
		{"./x.c", "x.c"},
		{"a/../x.c", "x.c"},
		{"../x.c", "../x.c"},
		{"../../x.c", "../../x.c"},
		{"a/../../x.c", "../x.c"},
		{"/../x.c", "/x.c"},
		{"/a/..", "/"},
		{"/a/b/../..", "/"},
		{"/a/b/..", "/a"},
		{"a/..", "."},
		{"a/b/..", "a"},
		{"/", "/"},
		{"//", "/"},
		{"", "."},
		{"..a/.b", "..a/.b"},
		{"/a/...", "/a/..."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_string_equal(paths_clean(&arena, rows[i][0]), rows[i][1]);
}

struct row {
	const char *file, *name;
	bool is_below_root;
};

static void check(const struct paths *paths, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct path path = paths_find(paths, rows[i].file);

		assert_string_equal(path.name, rows[i].name);
		assert_int_equal(path.is_below_root, rows[i].is_below_root);
	}
}

/* As compilers of these builds have them. */
static void files_are_below_the_root(void **state)
{
	static const struct row rows[] = {
		{"/src/app/x.c", "x.c", true},
		{"/src/app/build/../lib/x.c", "lib/x.c", true},
		{"/data/app/x.c", "x.c", true},
		{"/proc/self/cwd/lib/x.cc", "lib/x.cc", true},
		{"./lib/x.c", "lib/x.c", true},
		{"./obj-x86_64-linux-gnu/../lib/x.c", "lib/x.c", true},
		{"lib/x.c", "lib/x.c", true},
		{"../sysdeps/x.c", "../sysdeps/x.c", false},
		{"/src/application/x.c", "/src/application/x.c", false},
		{"/src/app/../x.c", "/src/x.c", false},
		{"/src/app", "/src/app", false},
		{"/usr/include/c++/12/bits/x.h", "/usr/include/c++/12/bits/x.h", false},
	};
	const struct paths paths = {
		.arena = &arena,
		.roots = {"/data/app", "/src/app", "/proc/self/cwd"},
		.n_roots = 3,
	};

	(void)state;
	check(&paths, rows, sizeof(rows) / sizeof(*rows));
}

static void maps_lead_to_the_sources(void **state)
{
	static const struct row rows[] = {
		{"/usr/src/debug/app-1/x.c", "x.c", true},
		{"/usr/src/debug/app-1/./a/../x.c", "x.c", true},
		{"/build/lib/x.c", "third/lib/x.c", true},
		{"/elsewhere/x.c", "/opt/x.c", false},
		{"/usr/src/debug/app-10/x.c", "/usr/src/debug/app-10/x.c", false},
		{"x.c", "sub/x.c", true},
		{"../x.c", "../x.c", false},
	};
	struct paths paths = {.arena = &arena, .roots = {"/src"}, .n_roots = 1};

	(void)state;
	assert_null(paths_add_map(&paths, &arena, "/usr/src/debug/app-1/="));
	assert_null(paths_add_map(&paths, &arena, "/build=third"));
	assert_null(paths_add_map(&paths, &arena, "/build=never"));
	assert_null(paths_add_map(&paths, &arena, "/elsewhere=/opt/"));
	assert_null(paths_add_map(&paths, &arena, ".=/src/sub"));
	assert_non_null(paths_add_map(&paths, &arena, "/a"));
	assert_non_null(paths_add_map(&paths, &arena, "=/a"));
	check(&paths, rows, sizeof(rows) / sizeof(*rows));
}

static void all_is_below_the_root_of_all(void **state)
{
	static const struct row rows[] = {{"/a/x.c", "a/x.c", true}};
	struct paths paths = {0};

	(void)state;
	paths_init(&paths, &arena, "/");
	check(&paths, rows, 1);
	assert_string_equal(paths_find_argument(&paths, "/a/x.c").name, "a/x.c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(dots_are_removed, tear_down),
		cmocka_unit_test_teardown(files_are_below_the_root, tear_down),
		cmocka_unit_test_teardown(maps_lead_to_the_sources, tear_down),
		cmocka_unit_test_teardown(all_is_below_the_root_of_all, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
