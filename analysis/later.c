// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cli.h"
#include "contract/format.h"

#include "analysis/later.h"

/* What is known of the trace at a place. */
struct beginning {
	uint64_t ns; /* since 1970; 0: there is no trace of this format */
	uint32_t pid;
	bool is_child; /* of a process that has a trace, too */
};

static struct beginning begun(int directory, const char *name)
{
	struct rhp_file_header header;
	struct beginning found = {0};
	struct stat status;
	bool fits;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return found;
	fits = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	       pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
	       memcmp(header.magic, RHP_TRACE_MAGIC, sizeof(header.magic)) == 0 &&
	       header.byte_order == RHP_BYTE_ORDER_MARK &&
	       header.version == RHP_TRACE_VERSION;
	close(fd);
	if (fits)
		found = (struct beginning){header.start_realtime_ns, header.pid,
					   header.is_child != 0};
	return found;
}

/* Whether a name is `plain`, a dot and a number. */
static bool is_numbered(const char *name, const char *plain)
{
	size_t length = strlen(plain);
	const char *digits = name + length + 1;

	return strncmp(name, plain, length) == 0 && name[length] == '.' && digits[0] &&
	       digits[strspn(digits, "0123456789")] == 0;
}

/* The path of the file in the directory of another one. */
static char *beside(const char *path, const char *plain, const char *name)
{
	char *full = NULL;

	if (asprintf(&full, "%.*s%s", (int)(plain - path), path, name) < 0)
		return NULL;
	return full;
}

/* A process that traces twice, and its forked children, take numbers, too. */
static bool is_of_one_run(const struct beginning *asked, const struct beginning *other)
{
	return other->pid == asked->pid || other->is_child;
}

static char *find_newest(DIR *directory, const char *path, const char *plain)
{
	struct beginning asked = begun(dirfd(directory), plain), other;
	uint64_t newest = asked.ns;
	const struct dirent *entry;
	char *found = NULL;

	while (newest && (entry = readdir(directory))) {
		if (!is_numbered(entry->d_name, plain))
			continue;
		other = begun(dirfd(directory), entry->d_name);
		if (other.ns <= newest || is_of_one_run(&asked, &other))
			continue;
		newest = other.ns;
		free(found);
		found = beside(path, plain, entry->d_name);
	}
	return found;
}

/* Its name, NULL if none began later than the one at `path`. */
static char *find_later(const char *path)
{
	const char *slash = strrchr(path, '/'), *plain = slash ? slash + 1 : path;
	char *name = beside(path, plain, ""), *found = NULL;
	DIR *directory = name ? opendir(name[0] ? name : ".") : NULL;

	free(name);
	if (!directory)
		return NULL;
	found = find_newest(directory, path, plain);
	closedir(directory);
	return found;
}

static bool is_among(const char *path, const char *const *paths, size_t n)
{
	struct stat one, other;
	bool found = stat(path, &one) != 0; /* gone meanwhile */

	for (size_t i = 0; i < n && !found; i++)
		found = stat(paths[i], &other) == 0 && one.st_dev == other.st_dev &&
			one.st_ino == other.st_ino;
	return found;
}

void later_warn(const char *path, const char *const *paths, size_t n)
{
	char *later = find_later(path);

	if (later && !is_among(later, paths, n))
		warn("reading %s, although %s is newer; name that to read it", path,
		     later);
	free(later);
}
