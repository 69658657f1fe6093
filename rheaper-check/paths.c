// SPDX-License-Identifier: MIT
/*
 * Meson has files as /b/build/../src/x.c, -ffile-prefix-map (dpkg-buildflags) as
 * ./src/x.c, Bazel as /proc/self/cwd/src/x.c: none of these is below the root of the
 * sources until its dots are gone. They go by the text alone: where a report is made the
 * directories of the build need not be, so nobody can ask whether one is a link.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cli.h"
#include "rheaper-check/arena.h"

#include "rheaper-check/paths.h"

static bool is_name(const char *part, size_t length, const char *name)
{
	return length == strlen(name) && memcmp(part, name, length) == 0;
}

/* Where the text without its last part ends; NULL if there is none to take off. */
static char *cut_part(char *text, char *end)
{
	char *part = end;

	while (part > text && part[-1] != '/')
		part--;
	if (part == end || is_name(part, (size_t)(end - part), ".."))
		return NULL;
	return part > text + 1 ? part - 1 : part;
}

const char *paths_clean(struct arena *arena, const char *path)
{
	char *text = arena_take(arena, strlen(path) + 2), *end = text;

	if (path[0] == '/')
		*end++ = '/';
	while (*path) {
		size_t length = strcspn(path, "/");
		char *shorter;

		if (length == 0 || is_name(path, length, ".")) {
			/* the same directory */
		} else if (is_name(path, length, "..") &&
			   ((shorter = cut_part(text, end)) || text[0] == '/')) {
			end = shorter ? shorter : end;
		} else {
			if (end > text && end[-1] != '/')
				*end++ = '/';
			end = mempcpy(end, path, length);
		}
		path += length;
		path += strspn(path, "/");
	}
	if (end == text)
		*end++ = '.';
	*end = 0;
	return text;
}

/* What of a clean path is below a clean directory; NULL: it is not. */
static const char *below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (strcmp(directory, ".") == 0)
		return path[0] == '/' || strncmp(path, "../", 3) == 0 ? NULL : path;
	if (strcmp(directory, "/") == 0)
		length = 0;
	return strncmp(path, directory, length) == 0 && path[length] == '/'
		       ? path + length + 1
		       : NULL;
}

static void add_root(struct paths *paths, const char *root)
{
	const char *kept = arena_printable(paths->arena, root);

	for (size_t i = 0; i < paths->n_roots; i++) {
		if (strcmp(paths->roots[i], kept) == 0)
			return;
	}
	paths->roots[paths->n_roots++] = kept;
}

/* The current directory as the shell calls it, NULL if that is out of date. */
static const char *find_shell_directory(void)
{
	const char *called = getenv("PWD");
	struct stat a, b;

	return called && called[0] == '/' && stat(called, &a) == 0 &&
			       stat(".", &b) == 0 && a.st_dev == b.st_dev &&
			       a.st_ino == b.st_ino
		       ? called
		       : NULL;
}

/* A path from the root of all on; NULL: nobody knows. */
static const char *make_absolute(struct arena *arena, const char *path)
{
	const char *here = path[0] == '/' ? "" : find_shell_directory();

	return here ? paths_clean(arena, arena_format(arena, "%s/%s", here, path)) : NULL;
}

void paths_init(struct paths *paths, struct arena *arena, const char *root)
{
	const char *named = make_absolute(arena, root ? root : ".");
	char *resolved = realpath(root ? root : ".", NULL);

	if (!resolved)
		die("open %s:", root ? root : "the current directory");
	paths->arena = arena;
	add_root(paths, resolved);
	if (named)
		add_root(paths, named);
	add_root(paths, "/proc/self/cwd");
	free(resolved);
}

const char *paths_add_map(struct paths *paths, struct arena *arena, const char *words)
{
	const char *to = strchr(words, '=');

	if (!to || to == words)
		return "expected FROM=TO, two directories";
	paths->maps = arena_grow(arena, paths->maps, paths->n_maps, sizeof(*paths->maps));
	paths->maps[paths->n_maps++] = (struct path_map){
		.from = paths_clean(
			arena,
			arena_printable(
				arena, arena_text_n(arena, words, (size_t)(to - words)))),
		.to = arena_printable(arena, to + 1),
	};
	return NULL;
}

static const char *map(const struct paths *paths, const char *path)
{
	for (size_t i = 0; i < paths->n_maps; i++) {
		const struct path_map *m = &paths->maps[i];
		const char *rest = below(path, m->from);

		if (rest)
			return paths_clean(paths->arena,
					   arena_format(paths->arena, "%s%s%s", m->to,
							m->to[0] ? "/" : "", rest));
	}
	return path;
}

struct path paths_find(const struct paths *paths, const char *file)
{
	const char *path = map(paths, paths_clean(paths->arena, file));

	for (size_t i = 0; i < paths->n_roots; i++) {
		const char *relative = below(path, paths->roots[i]);

		if (relative && relative[0])
			return (struct path){relative, true};
	}
	return (struct path){path, below(path, ".") != NULL};
}

struct path paths_find_argument(const struct paths *paths, const char *file)
{
	const char *name = arena_printable(paths->arena, file);
	const char *path = make_absolute(paths->arena, name);
	char *here = path ? NULL : realpath(".", NULL);

	if (here)
		path = arena_format(paths->arena, "%s/%s",
				    arena_printable(paths->arena, here), name);
	free(here);
	return paths_find(paths, path ? path : name);
}
