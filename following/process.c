// SPDX-License-Identifier: MIT
/*
 * The runtime keeps the head of its trace mapped: a shared mapping of the file's start.
 * A forked child has it too and writes nothing, so the trace's own process number must
 * be that of the process; in a container that is the innermost of its numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/cli.h"
#include "contract/format.h"
#include "contract/request.h"

#include "following/process.h"

#define DELETED " (deleted)"

/* A line of /proc/PID/maps: a file that is mapped from its start and shared. */
struct mapping {
	char *line;
	size_t size;
	dev_t device;
	ino_t inode;
	const char *path;
};

static FILE *open_maps(pid_t pid)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%jd/maps", (intmax_t)pid);
	return fopen(name, "re");
}

/* The next such file: false at the end. */
static bool next_mapping(FILE *maps, struct mapping *m)
{
	while (getline(&m->line, &m->size, maps) > 0) {
		unsigned int major, minor;
		unsigned long long offset, inode;
		char shared;
		int path = 0;

		m->line[strcspn(m->line, "\n")] = 0;
		if (sscanf(m->line, "%*x-%*x %*2c%*c%c %llx %x:%x %llu %n", &shared,
			   &offset, &major, &minor, &inode, &path) < 5)
			continue;
		if (shared != 's' || offset != 0 || path == 0 || m->line[path] != '/')
			continue;
		m->device = makedev(major, minor);
		m->inode = (ino_t)inode;
		m->path = m->line + path;
		return true;
	}
	return false;
}

/* The header of a trace: true if that is what the file begins with. */
static bool read_header(const char *path, struct rhp_file_header *h)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t got = fd >= 0 ? pread(fd, h, sizeof(*h), 0) : -1;

	if (fd >= 0)
		close(fd);
	return got == sizeof(*h) &&
	       memcmp(h->magic, RHP_TRACE_MAGIC, sizeof(h->magic)) == 0;
}

/* The process's number for itself; as given, if that is not known. */
static uintmax_t inner_pid(pid_t pid)
{
	char name[64], line[256];
	uintmax_t inner = (uintmax_t)pid;
	FILE *status;

	snprintf(name, sizeof(name), "/proc/%jd/status", (intmax_t)pid);
	status = fopen(name, "re");
	while (status && fgets(line, sizeof(line), status)) {
		if (strncmp(line, "NSpid:", 6) == 0)
			inner = strtoumax(strrchr(line, '\t') ? strrchr(line, '\t')
							      : line + 6,
					  NULL, 10);
	}
	if (status)
		fclose(status);
	return inner;
}

/* The file as this process can open it: by its own name, or below the other's root. */
static char *reach(pid_t pid, const char *path, struct rhp_file_header *h)
{
	char *name = NULL;

	if (asprintf(&name, "/proc/%jd/root%s", (intmax_t)pid, path) < 0)
		die("follow process %jd: out of memory", (intmax_t)pid);
	if (read_header(path, h) && h->pid == inner_pid(pid)) {
		free(name);
		return strdup(path);
	}
	if (read_header(name, h))
		return name;
	free(name);
	return NULL;
}

static bool is_deleted(const char *path)
{
	size_t length = strlen(path);

	return length > strlen(DELETED) &&
	       strcmp(path + length - strlen(DELETED), DELETED) == 0;
}

/* Of a process that RHEAPER_SIGNAL has listening: what tells rheaper-ctl so. */
static bool is_listening(const char *path)
{
	static const char name[] = "/memfd:" RHP_LISTENS;

	return strncmp(path, name, sizeof(name) - 1) == 0;
}

/* Why no trace was found; `owner` is the process of one that is not its own. */
static _Noreturn void die_untraced(pid_t pid, uintmax_t owner, const char *deleted,
				   bool listens)
{
	if (owner)
		die("follow process %jd: not traced: it is a forked child of process "
		    "%ju; RHEAPER_FOLLOW_FORK=1 traces children",
		    (intmax_t)pid, owner);
	if (deleted)
		die("follow process %jd: its trace seems to be %s; a removed trace "
		    "cannot be followed",
		    (intmax_t)pid, deleted);
	if (listens)
		die("follow process %jd: tracking is off; 'rheaper-ctl %jd on' switches "
		    "it on",
		    (intmax_t)pid, (intmax_t)pid);
	die("follow process %jd: not traced; build it with rheaper-cc and start it "
	    "with RHEAPER_TRACE",
	    (intmax_t)pid);
}

char *process_find_trace(pid_t pid)
{
	struct mapping m = {0};
	struct rhp_file_header h;
	char *path = NULL, *deleted = NULL;
	uintmax_t owner = 0;
	bool listens = false;
	FILE *maps = open_maps(pid);

	if (!maps && errno == ENOENT)
		die("follow process %jd: no such process", (intmax_t)pid);
	if (!maps)
		die("follow process %jd: read its memory map:", (intmax_t)pid);
	while (!path && next_mapping(maps, &m)) {
		listens = listens || is_listening(m.path);
		if (is_deleted(m.path) && !is_listening(m.path) && !deleted)
			deleted = strdup(m.path);
		path = reach(pid, m.path, &h);
		if (path && h.pid != inner_pid(pid)) {
			owner = h.pid;
			free(path);
			path = NULL;
		}
	}
	if (ferror(maps))
		die("follow process %jd: read its memory map:", (intmax_t)pid);
	fclose(maps);
	free(m.line);
	if (!path)
		die_untraced(pid, owner, deleted, listens);
	free(deleted);
	return path;
}

bool process_writes(pid_t pid, const char *path)
{
	struct mapping m = {0};
	struct stat file, other;
	bool found = false, known;
	FILE *maps = open_maps(pid);
	char name[64];

	if (!maps && errno == ENOENT)
		return false;
	known = maps && stat(path, &file) == 0;
	while (known && !found && next_mapping(maps, &m))
		found = (m.device == file.st_dev && m.inode == file.st_ino) ||
			/* Some file systems show other numbers there. */
			(stat(m.path, &other) == 0 && other.st_dev == file.st_dev &&
			 other.st_ino == file.st_ino);
	known = known && !ferror(maps);
	if (maps)
		fclose(maps);
	free(m.line);
	snprintf(name, sizeof(name), "/proc/%jd", (intmax_t)pid);
	return known ? found : access(name, F_OK) == 0;
}
