/* SPDX-License-Identifier: MIT */
/*
 * Cuts the time of a process into windows: what each stack allocated in a window, and had
 * live at its end. Dies if the database cannot be read or memory runs out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct profile;

#define WINDOWS_N_VALUES 4

/* What a stack did in a window. In a sample the values are estimates. */
struct windows_values {
	int64_t values[WINDOWS_N_VALUES]; /* by enum profile_value */
	int64_t n[2];       /* blocks that were recorded: allocated, and live */
	double variance[2]; /* of the bytes, as estimates; 0: they are exact */
};

/* Return in how many windows of `length_ns` the process lies that is chosen. */
size_t windows_count(int64_t duration_ns, int64_t length_ns);

/*
 * Read windows from number `first` on, which counts from 0 and when tracing began: at
 * most *n, as many as fit into some 64 MiB, which *n becomes. Reads every block of the
 * chosen process. The caller frees the result.
 */
struct windows *windows_read(struct profile *profile, int64_t length_ns, size_t first,
			     size_t *n);
void windows_free(struct windows *windows);

/* Set what a stack did in a window, the number of which counts from `first`. */
void windows_get(const struct windows *windows, int64_t stack, size_t window,
		 struct windows_values *values);
