/* SPDX-License-Identifier: MIT */
/* Reads one of the two things that are compared. */
#pragma once

#include <stdint.h>

struct report;
struct report_options;
struct symbol_settings;

/*
 * Read a side: a database, DATABASE:RUN, or a trace, as the options say, but of the
 * process with that number; 0: the one with the largest peak of the last run. Loads
 * symbols of traces with the settings. Dies if it cannot be read. The caller frees it
 * with report_free.
 */
struct report *side_read(const char *input, int64_t process,
			 const struct report_options *options,
			 const struct symbol_settings *symbols);
