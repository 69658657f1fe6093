/* SPDX-License-Identifier: MIT */
/*
 * The tables that say what a trace is, what it adds up to and what is missing
 * from it: processes, threads, markers, totals, losses. For load.c, at the end.
 */
#pragma once

#include <stdint.h>

struct catalog;
struct frames_result;
struct merge;
struct pair;
struct reader;
struct store;

struct report {
	const char *trace;
	const struct reader *reader;
	const struct catalog *catalog;
	const struct merge *merge;
	const struct pair *pair;
	const struct frames_result *frames;
};

/* Write them, and warn of what is missing. The number of lost events. */
uint64_t report_write(const struct report *report, struct store *store);
