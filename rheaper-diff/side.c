// SPDX-License-Identifier: MIT
/*
 * A report keeps all that it needs, so the database of one side is closed before the
 * other is opened. A temporary one has no name by then.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cli.h"
#include "database/db.h"
#include "loading/temporary.h"
#include "report/read.h"

#include "rheaper-diff/side.h"

/* Split off a run, unless a file has the whole name. The rest is the caller's to free. */
static char *split_run(const char *input, const char **run)
{
	char *path = strdup(input), *colon;

	if (!path)
		die("read %s: out of memory", input);
	*run = NULL;
	colon = strrchr(path, ':');
	if (!colon || access(input, F_OK) == 0)
		return path;
	*colon = 0;
	if (access(path, F_OK) != 0) { /* then no part of it is a file */
		*colon = ':';
		return path;
	}
	*run = colon + 1;
	return path;
}

struct report *side_read(const char *input, int64_t process,
			 const struct report_options *options,
			 const struct symbol_settings *symbols)
{
	struct report_options own = *options;
	const char *run;
	char *path = split_run(input, &run);
	bool is_trace = !temporary_is_database(path);
	const char *const traces[] = {path};
	struct database d;
	struct report *report;

	if (run && !run[0])
		die_usage("%s: expected the label or number of a run after the colon",
			  input);
	if (is_trace && run)
		die_usage("%s: %s is a trace, which has no runs", input, path);
	if (run && process)
		die_usage("%s: a run and a process cannot be combined: processes have "
			  "numbers of their own in each database",
			  input);
	d = is_trace ? db_open(temporary_load(traces, 1, symbols, isatty(STDERR_FILENO)),
			       path)
		     : db_open(path, path);
	/* Before a signal can end us: SQLite has it open */
	if (is_trace)
		temporary_remove();
	own.process = process;
	own.run = run;
	own.buckets = REPORT_BUCKETS;
	report = report_read_shown(&d, &own);
	db_close(&d);
	free(path);
	return report;
}
