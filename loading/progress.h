/* SPDX-License-Identifier: MIT */
/*
 * Draws the line on standard error that says how far a load is. For load.c.
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

/* Begin to count, for a load of these n traces. Draws nothing yet. */
void progress_begin(struct progress *progress, const struct input *inputs, size_t n);

/*
 * Count new_rows blocks more, and redraw the line unless that was just done. `position`
 * is how many bytes of the present trace have been read.
 */
void progress_show(struct progress *progress, uint64_t position, uint64_t new_rows);

/* Count a trace of `size` bytes as finished. */
void progress_next(struct progress *progress, uint64_t size);

/* Redraw the line at once, with `what` at its end: what is being done now. */
void progress_say(struct progress *progress, const char *what);

/* Erase the line. */
void progress_end(struct progress *progress);
