/* SPDX-License-Identifier: MIT */
/*
 * The line on standard error that says how far a load is. For load.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct input;

struct progress {
	uint64_t n_bytes, done; /* of all traces; of those that are finished */
	uint64_t n_rows;
	double begun, shown; /* seconds; `shown`: last time */
};

void progress_begin(struct progress *progress, const struct input *inputs, size_t n);

/* Write the line again, unless that was just done: `position` in the trace in hand. */
void progress_show(struct progress *progress, uint64_t position, uint64_t new_rows);

/* A trace of so many bytes is finished. */
void progress_next(struct progress *progress, uint64_t size);

/* Write the line, whenever the last one was, with what is being done now. */
void progress_say(struct progress *progress, const char *what);

/* Remove the line. */
void progress_end(struct progress *progress);
