/* SPDX-License-Identifier: MIT */
/* Reads what a report says from a database. */
#pragma once

#include "common/map.h"
#include "report/model.h"

struct database;

/*
 * Read a report about one process of a database: the one that the options name, else the
 * one with the largest peak of the last run. Reads each block once. Dies if the database
 * cannot be read or has no such process, thread, site or mark. The caller frees the
 * report with report_free.
 */
struct report *report_read(const struct database *database,
			   const struct report_options *options);
/* The same, with progress on standard error if that is a terminal and it takes long. */
struct report *report_read_shown(const struct database *database,
				 const struct report_options *options);

/*
 * Read a report without its blocks: the process, its totals, marks, functions and sites.
 * Sets in `sites`, which is zeroed, the index of the site of each stack of the database,
 * 0 included. The caller ends it with map_fini.
 */
struct report *report_read_sites(const struct database *database,
				 const struct report_options *options, struct map *sites);

/* Return the moment that a text means: a time such as 3.2s, a mark, 'start', 'peak' or
 * 'end'; not later than the end. Dies, naming the option, if it means none. */
int64_t report_moment(const struct report *report, const char *option, const char *text);

void report_free(struct report *report);
