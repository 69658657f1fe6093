// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cli.h"

#include "rheaper/traces.h"

/* The program may change its directory, and what it forks has traces of its own. */
static char *make_absolute(char *path)
{
	char *absolute = realpath(path, NULL);

	if (!absolute)
		die("find %s:", path);
	free(path);
	return absolute;
}

char *traces_begin(void)
{
	const char *wanted = getenv("TMPDIR");
	const char *const places[] = {wanted && wanted[0] ? wanted : "/var/tmp", "/tmp"};
	char *path;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (asprintf(&path, "%s/rheaper-XXXXXX", places[i]) < 0)
			die("run the program: out of memory");
		if (mkdtemp(path))
			return make_absolute(path);
		free(path);
	}
	die("make a directory for traces in %s:", places[0]);
}

static int is_trace(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	/* A second one of a process has a number behind its name */
	return dot && (strcmp(dot, ".bin") == 0 || strstr(entry->d_name, ".bin."));
}

char **traces_list(const char *directory, size_t *n)
{
	struct dirent **entries;
	int found = scandir(directory, &entries, is_trace, alphasort);
	char **traces;

	if (found < 0)
		die("read %s:", directory);
	traces = calloc((size_t)found + 1, sizeof(*traces));
	if (!traces)
		die("read %s: out of memory", directory);
	for (int i = 0; i < found; i++) {
		if (asprintf(&traces[i], "%s/%s", directory, entries[i]->d_name) < 0)
			die("read %s: out of memory", directory);
		free(entries[i]);
	}
	free(entries);
	*n = (size_t)found;
	return traces;
}

void traces_free(char **traces, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(traces[i]);
	free(traces);
}

void traces_remove(const char *directory, char **traces, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (unlink(traces[i]) != 0 && errno != ENOENT)
			warn("remove %s:", traces[i]);
	}
	rmdir(directory);
}
