/* SPDX-License-Identifier: MIT */
/*
 * Follows a trace while it is written: what its process has allocated so far, and what is
 * live. It reads each event once, with the reader, merge and pair of rheaper-load, so
 * that it counts what a load of the trace would count.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct catalog;
struct rhp_file_header;
struct tally;
struct follow;

/* The totals. If sample_bytes is not 0, they are estimates. */
struct follow_status {
	const char *program; /* bytes as the trace has them */
	uint32_t pid;      /* as the trace has it: in the PID namespace of the process */
	bool over;         /* nothing more will be written */
	const char *state; /* in words, one or two */
	int error;         /* 0, or the errno why writing the trace failed */
	uint64_t sample_bytes;
	uint32_t max_depth; /* of stacks, as the trace has it */
	int64_t elapsed_ns; /* since tracing began */
	double live_bytes, live_blocks;
	double peak_bytes;
	double allocations, bytes;
	double frees;     /* blocks that ended, also by a realloc */
	uint64_t foreign; /* frees and reallocs of unknown addresses */
	uint64_t lost;    /* events known to be missing */
	double done;      /* share of the trace that has been read, 0 to 1 */
	bool caught_up;   /* all that was there at the beginning has been read */
};

/*
 * Begin to follow the trace at `path`, which process `pid` writes; if that is 0, the
 * process that the trace names. Returns 0, -errno or an enum reader_problem.
 */
int follow_open(struct follow **follow, const char *path, pid_t pid);
void follow_close(struct follow *follow);

/*
 * Read what has been written since, for about so many milliseconds. Returns 1 if there is
 * more to read, 0 if not, -errno or an enum reader_problem.
 */
int follow_poll(struct follow *follow, int milliseconds);

/*
 * The same, but stop before the first event that is at or after `stop_ns`, since tracing
 * began, which follow_is_stopped tells.
 */
int follow_poll_until(struct follow *follow, int milliseconds, int64_t stop_ns);
bool follow_is_stopped(const struct follow *follow);

/* Return the time of the last event that was read; and the head of the trace. */
int64_t follow_last_ns(const struct follow *follow);
const struct rhp_file_header *follow_header(const struct follow *follow);

/* Return the totals so far. Texts live as long as the follow. */
struct follow_status follow_status(const struct follow *follow);

/* Return what is counted of the trace. */
const struct tally *follow_tally(const struct follow *follow);

/* Return the catalog of the trace, whose stacks and threads have totals. What is in it
 * for registry.c is the caller's. */
struct catalog *follow_catalog(struct follow *follow);
