// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "contract/request.h"

#include "rheaper-ctl/target.h"

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	if (!file && errno == ENOENT)
		die("ask process %d: no such process", (int)pid);
	if (!file)
		die("read %s:", path);
	return file;
}

/* The number of the signal that a mapping names, 0: there is none. */
static int find_signal(pid_t pid)
{
	static const char mark[] = "/memfd:" RHP_LISTENS;
	FILE *maps = open_proc(pid, "maps");
	char *line = NULL;
	size_t size = 0;
	int signal = 0;

	while (getline(&line, &size, maps) > 0) {
		const char *at = strstr(line, mark);

		if (at)
			signal = atoi(at + strlen(mark));
	}
	if (ferror(maps))
		die("read the memory map of process %d:", (int)pid);
	free(line);
	fclose(maps);
	return signal;
}

/* Whether the process has a handler for the signal; learns its user and its name. */
static bool read_status(struct target *target)
{
	FILE *status = open_proc(target->pid, "status");
	unsigned long long caught = 0;
	unsigned int id;
	char line[256];

	while (fgets(line, sizeof(line), status)) {
		if (sscanf(line, "Uid: %*u %u", &id) == 1)
			target->uid = id;
		if (sscanf(line, "Gid: %*u %u", &id) == 1)
			target->gid = id;
		sscanf(line, "SigCgt: %llx", &caught);
		sscanf(line, "Name: %63[^\n]", target->name);
	}
	fclose(status);
	return target->signal > 0 && (caught >> (target->signal - 1) & 1);
}

void target_find(struct target *target, pid_t pid)
{
	bool listens;

	*target = (struct target){.pid = pid, .signal = find_signal(pid)};
	listens = read_status(target);
	if (target->signal == 0)
		die("ask process %d (%s): it does not listen; link it with rheaper-cc "
		    "and start it with RHEAPER_TRACE and RHEAPER_SIGNAL",
		    (int)pid, target->name);
	if (!listens)
		die("ask process %d (%s): it no longer listens, because the program uses "
		    "signal %d itself; RHEAPER_SIGNAL must name another",
		    (int)pid, target->name, target->signal);
}
