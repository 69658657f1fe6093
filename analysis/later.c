// SPDX-License-Identifier: MIT
/*
 * The names are asked for one by one, as the runtime takes the first that is free: a
 * directory may have thousands of traces, and a load names as many.
 */
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

#define MOST_MISSING 8 /* numbers in a row whose traces were removed */

/* What is known of the trace at a place. */
struct beginning {
	uint64_t ns; /* since 1970; 0: there is no trace of this format */
	uint32_t pid;
	bool is_child; /* of a process that has a trace, too */
	bool is_over;  /* the process was at its end when the trace was */
};

static struct beginning begun(const char *path)
{
	struct rhp_file_header header;
	struct beginning found = {0};
	struct stat status;
	bool fits;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return found;
	fits = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	       pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
	       memcmp(header.magic, RHP_TRACE_MAGIC, sizeof(header.magic)) == 0 &&
	       header.byte_order == RHP_BYTE_ORDER_MARK &&
	       header.version == RHP_TRACE_VERSION;
	close(fd);
	if (fits)
		found = (struct beginning){.ns = header.start_realtime_ns,
					   .pid = header.pid,
					   .is_child = header.is_child != 0,
					   .is_over = header.state == RHP_STATE_EXITED ||
						      header.state == RHP_STATE_RUNNING};
	return found;
}

/* A process that traces twice, and its forked children, take numbers, too. In containers
 * every process has the same pid; but one that has ended traces no more. */
static bool is_of_one_run(const struct beginning *asked, const struct beginning *other)
{
	return other->is_child || (other->pid == asked->pid && !asked->is_over);
}

/* Its path, NULL if none began later than the one at `path`. */
static char *find_later(const char *path)
{
	struct beginning asked = begun(path), other;
	uint64_t newest = asked.ns;
	char *found = NULL, *name;

	for (int n = 1, missing = 0; newest && missing < MOST_MISSING; n++) {
		if (asprintf(&name, "%s.%d", path, n) < 0)
			break;
		other = begun(name);
		missing = other.ns ? 0 : missing + 1;
		if (other.ns > newest && !is_of_one_run(&asked, &other)) {
			newest = other.ns;
			free(found);
			found = name;
		} else {
			free(name);
		}
	}
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
