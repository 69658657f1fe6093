/* SPDX-License-Identifier: MIT */
/* Reads one of the two things that are compared. */
#pragma once

#include <stdint.h>

#include "database/db.h"

struct report;
struct report_options;
struct symbol_settings;

/* A database, or a trace that was loaded into a temporary one, and the run of it. */
struct side {
	struct database database;
	char *path;
	const char *run; /* NULL: none was named */
};

/*
 * Open a side: a database, DATABASE:RUN, or a trace. Loads symbols of traces with the
 * settings. `process`: the number of the one that is wanted, or 0. Dies if it cannot be
 * read. Ended by side_close, before another one is opened.
 */
struct side side_open(const char *input, int64_t process,
		      const struct symbol_settings *symbols);
void side_close(struct side *side);

/*
 * Read a report of a side as the options say, but of the process with that number; 0: the
 * one with the largest peak of the last run. Dies if it cannot be read. The caller frees
 * it with report_free.
 */
struct report *side_report(const struct side *side, int64_t process,
			   const struct report_options *options);

/* Open, read a report, and close. */
struct report *side_read(const char *input, int64_t process,
			 const struct report_options *options,
			 const struct symbol_settings *symbols);
