/* SPDX-License-Identifier: MIT */
/*
 * A trace, followed: what its process has allocated and has live by now. Reads each
 * event once. Built on the reader, merge and pair of rheaper-load, so that what it
 * counts is what a load of the trace would count.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct catalog;
struct follow;

/* Estimates, if sample_bytes is not 0. */
struct follow_status {
	const char *program; /* bytes as the trace has them */
	uint32_t pid;        /* as the process itself knows it */
	bool over;           /* nothing more will come */
	const char *state;   /* in words, one or two */
	int error;           /* why it could not be written any more, or 0 */
	uint64_t sample_bytes;
	int64_t elapsed_ns; /* since tracing began */
	double live_bytes, live_blocks;
	double peak_bytes;
	double allocations, bytes;
	double frees;     /* blocks that ended, by a realloc too */
	uint64_t foreign; /* frees and reallocs of addresses that are not known */
	uint64_t lost;    /* events known to be missing */
	double done;      /* share of the trace that has been read ... */
	bool caught_up;   /* ... and whether that is all that was there at first */
};

/*
 * Follow the trace at path, written by process pid; 0: by the one that it names. 0,
 * -errno or a problem of the reader.
 */
int follow_open(struct follow **follow, const char *path, pid_t pid);
void follow_close(struct follow *follow);

/*
 * Read what has come, for about this long: 1 if there is more to read, 0 if not, or an
 * error.
 */
int follow_poll(struct follow *follow, int milliseconds);

struct follow_status follow_status(const struct follow *follow);

/* Its stacks and threads have their totals. */
const struct catalog *follow_catalog(const struct follow *follow);
