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

struct side side_open(const char *input, int64_t process,
		      const struct symbol_settings *symbols)
{
	struct side side = {.path = NULL};
	const char *traces[1], *run;
	bool is_trace;

	side.path = split_run(input, &side.run);
	run = side.run;
	is_trace = !temporary_is_database(side.path);
	traces[0] = side.path;
	if (run && !run[0])
		die_usage("%s: expected the label or number of a run after the colon",
			  input);
	if (is_trace && run)
		die_usage("%s: %s is a trace, which has no runs", input, side.path);
	if (run && process)
		die_usage("%s: a run and a process cannot be combined: processes have "
			  "numbers of their own in each database",
			  input);
	side.database = is_trace ? db_open(temporary_load(traces, 1, symbols,
							  isatty(STDERR_FILENO)),
					   side.path)
				 : db_open(side.path, side.path);
	/* Before a signal can end us: SQLite has it open */
	if (is_trace)
		temporary_remove();
	return side;
}

void side_close(struct side *side)
{
	db_close(&side->database);
	free(side->path);
}

struct report *side_report(const struct side *side, int64_t process,
			   const struct report_options *options)
{
	struct report_options own = *options;

	own.process = process;
	own.run = side->run;
	own.buckets = REPORT_BUCKETS;
	return report_read_shown(&side->database, &own);
}

struct report *side_read(const char *input, int64_t process,
			 const struct report_options *options,
			 const struct symbol_settings *symbols)
{
	struct side side = side_open(input, process, symbols);
	struct report *report = side_report(&side, process, options);

	side_close(&side);
	return report;
}
