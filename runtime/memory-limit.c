/* SPDX-License-Identifier: MIT */
/*
 * Groups of version 2 have one tree below /sys/fs/cgroup, those of version 1 one for each
 * controller. A container often sees its own group as the root of the tree, whatever
 * /proc says, so a group that is not there is looked for further up.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "runtime/line.h"
#include "runtime/memory-limit.h"
#include "runtime/os-file.h"
#include "runtime/settings.h"

#define GROUPS_SIZE 1024             /* of /proc/self/cgroup: what is longer is cut */
#define NO_LIMIT (UINT64_C(1) << 60) /* version 1 has a huge number */

/* A tree, and what limits a group in it. */
static const struct tree {
	const char *controller, *root, *limit;
} trees[] = {
	{"::", "/sys/fs/cgroup", "/memory.max"},
	{":memory:", "/sys/fs/cgroup/memory", "/memory.limit_in_bytes"},
};

/* UINT64_MAX: the file is not there, or says "max". */
static uint64_t read_number(const char *path)
{
	char text[32];
	uint64_t n = 0;
	if (rhp_os_read_file(path, text, sizeof(text)) <= 0 || text[0] < '0' ||
	    text[0] > '9')
		return UINT64_MAX;
	for (const char *at = text; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	return n < NO_LIMIT ? n : UINT64_MAX;
}

/* The least of a group and of those above it; the group's path is eaten up. */
static uint64_t least_of(const struct tree *tree, char *group)
{
	char path[GROUPS_SIZE + 64];
	uint64_t least = UINT64_MAX;
	for (;;) {
		struct rhp_line t = {path, path + sizeof(path)};
		rhp_line_add(&t, tree->root);
		rhp_line_add(&t, group);
		rhp_line_add(&t, tree->limit);
		uint64_t n = read_number(path);
		char *last = strrchr(group, '/');
		least = n < least ? n : least;
		if (!last)
			return least;
		*last = '\0';
	}
}

/* Of a line like "4:memory:/group". */
static uint64_t limit_of(char *line)
{
	char *rest = strchr(line, ':');
	for (size_t i = 0; rest && i < sizeof(trees) / sizeof(*trees); i++) {
		size_t n = strlen(trees[i].controller);
		if (strncmp(rest, trees[i].controller, n) == 0)
			return least_of(&trees[i], rest + n);
	}
	return UINT64_MAX;
}

/* The bytes that the control groups of this process allow, those above them included; 0
 * if none limits it, or none can be found. Its buffers are gone when that is said. */
static NOINLINE uint64_t find_limit(void)
{
	char groups[GROUPS_SIZE];
	uint64_t least = UINT64_MAX;
	if (rhp_os_read_file("/proc/self/cgroup", groups, sizeof(groups)) <= 0)
		return 0;
	for (char *line = groups, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		uint64_t limit = limit_of(line);
		least = limit < least ? limit : least;
	}
	return least == UINT64_MAX ? 0 : least;
}

void rhp_memory_limit_complain(int fd, const char *path)
{
	static bool is_said;
	char what[256];
	if (is_said || !rhp_os_is_in_memory(fd))
		return;
	uint64_t limit = find_limit();
	if (limit == 0)
		return;
	is_said = true;
	struct rhp_line t = {what, what + sizeof(what)};
	rhp_line_add(&t,
		     "the trace is in memory (tmpfs), of which this control group has ");
	rhp_line_add_number(&t, limit >> 20);
	rhp_line_add(&t,
		     " MiB in all; name a directory on disk, or set RHEAPER_MAX_BYTES:");
	rhp_settings_complain(what, path, 0);
}
