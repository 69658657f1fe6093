// SPDX-License-Identifier: MIT
/*
 * Paths come from a trace, so they may name anything: only regular files are opened,
 * and below a sysroot no link leads out of it (its absolute links mean its own root).
 * A file under the wrong name does no harm: its build id is compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cli.h"

#include "symbols/symbol-cache.h"

#include "symbols/symbol-files.h"

#define USUAL_PLACE "/usr/lib/debug"
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static const char *check_directory(const char *option, const char *directory)
{
	char *path = realpath(directory, NULL);
	struct stat status;

	if (!path)
		die("use %s %s:", option, directory);
	if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
		die("use %s %s: it is not a directory", option, directory);
	/* libdw's list of directories has no way to quote it */
	if (strchr(path, ':'))
		die("use %s %s: the name contains a colon", option, directory);
	return path; /* for the rest of the program's life */
}

void symbol_settings_check(struct symbol_settings *s)
{
	const char *servers = getenv("DEBUGINFOD_URLS");

	if (s->sysroot)
		s->sysroot = check_directory("--sysroot", s->sysroot);
	for (size_t i = 0; i < s->n_debug_dirs; i++)
		s->debug_dirs[i] = check_directory("--debug-dir", s->debug_dirs[i]);
	if (!s->debuginfod)
		unsetenv("DEBUGINFOD_URLS"); /* libdw would ask them unasked */
	else if (!servers || !servers[0])
		die("use --debuginfod: DEBUGINFOD_URLS is not set; set it to the URLs of "
		    "the servers");
}

char *symbol_files_search_path(const struct symbol_settings *s)
{
	const char *root = s->sysroot ? s->sysroot : "";
	char *path = NULL;
	size_t size;
	FILE *out = open_memstream(&path, &size);

	if (!out)
		return NULL;
	fputc('+', out); /* a file found by its name has its checksum checked */
	for (size_t i = 0; i < s->n_debug_dirs; i++)
		fprintf(out, "%s:", s->debug_dirs[i]);
	/* Beside the module, in .debug there, and in the usual place */
	fprintf(out, ":.debug:%s" USUAL_PLACE, root);
	if (fclose(out) != 0) {
		free(path);
		return NULL;
	}
	return path;
}

static int keep_regular(int fd)
{
	struct stat status;

	if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
		close(fd);
		return -ENOENT;
	}
	return fd >= 0 ? fd : -ENOENT;
}

/* Below a root, whose absolute links are relative to it. */
static int open_below(const char *root, const char *path)
{
	struct open_how how = {.flags = OPEN_FLAGS, .resolve = RESOLVE_IN_ROOT};
	int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	long fd;

	if (directory < 0)
		return -ENOENT;
	fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));
	/* Before Linux 5.6, and where a container's filter does not know it */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(directory, path + strspn(path, "/"), OPEN_FLAGS);
	close(directory);
	return keep_regular((int)fd);
}

/* What a descriptor is a file of, links resolved: what lies beside it is beside
 * the real file. */
static char *real_name(int fd)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return realpath(link, NULL);
}

/* The file at a path that is ours to free, and *name to call it by. */
static int open_file(const char *root, char *path, char **name)
{
	int fd;

	if (!path)
		return -ENOMEM;
	fd = root ? open_below(root, path) : keep_regular(open(path, OPEN_FLAGS));
	*name = root && fd >= 0 ? real_name(fd) : NULL;
	if (*name)
		free(path);
	else
		*name = path;
	return fd;
}

static int open_module(const char *root, const char *path, char **name)
{
	return path[0] == '/' ? open_file(root, strdup(path), name) : -ENOENT;
}

/* The copy in the cache, under the name of the module. */
static int open_copy(const char *root, const char *path, const uint8_t *id, size_t size,
		     char **name)
{
	int fd = symbol_cache_open(id, size);
	int module = fd >= 0 ? open_module(root, path, name) : -ENOENT;

	if (fd < 0)
		return fd;
	if (module >= 0)
		close(module);
	if (!*name)
		*name = strdup(path);
	if (*name)
		return fd;
	close(fd);
	return -ENOMEM;
}

/* DIRECTORY/.build-id/12/3456...SUFFIX */
static int open_by_id(const char *root, const char *directory, const uint8_t *id,
		      size_t size, const char *suffix, char **name)
{
	char digits[2 * 64 + 2];
	char *out = digits;
	char *path;

	for (size_t i = 0; i < size; i++)
		out += sprintf(out, i == 0 ? "%02x/" : "%02x", id[i]);
	if (asprintf(&path, "%s/.build-id/%s%s", directory, digits, suffix) < 0)
		return -ENOMEM;
	return open_file(root, path, name);
}

int symbol_files_open(const struct symbol_settings *s, const char *path,
		      const uint8_t *build_id, size_t build_id_size, size_t candidate,
		      int *fd, char **name)
{
	static const char *const suffixes[] = {"", ".debug"};
	size_t last = 2 * (s->n_debug_dirs + 1) + 2;
	size_t directory = candidate / 2 - 1;

	*name = NULL;
	*fd = -ENOENT;
	if (candidate > SYMBOL_FILES_MODULE &&
	    (build_id_size < 2 || build_id_size > 64 || candidate > last))
		return 1;
	if (candidate == SYMBOL_FILES_MODULE)
		*fd = open_module(s->sysroot, path, name);
	else if (candidate == 0 || candidate == last)
		*fd = open_copy(s->sysroot, path, build_id, build_id_size, name);
	else if (directory < s->n_debug_dirs)
		*fd = open_by_id(NULL, s->debug_dirs[directory], build_id, build_id_size,
				 suffixes[candidate % 2], name);
	else
		*fd = open_by_id(s->sysroot, USUAL_PLACE, build_id, build_id_size,
				 suffixes[candidate % 2], name);
	if (*fd >= 0)
		return 0;
	free(*name);
	*name = NULL;
	return *fd;
}
