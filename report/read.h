/* SPDX-License-Identifier: MIT */
/* Reads what a report says from a database. */
#pragma once

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
void report_free(struct report *report);
