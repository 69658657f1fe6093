/* SPDX-License-Identifier: MIT */
/*
 * Writes a profile of Google's pprof, compressed, piece by piece. What stays in memory is
 * which strings, functions and locations were written. For rheaper-export, and for what
 * rheaper-push sends. Every function dies if memory runs out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "database/profile.h"

struct pprof;

/* The values that pprof has a name for. */
#define PPROF_N_VALUES (PROFILE_LIVE_BYTES + 1)

struct pprof_settings {
	unsigned int values;      /* 1 << enum profile_value for each that samples have */
	enum profile_value shown; /* first */
	bool short_names;         /* of functions; the whole ones are there, too */
	bool base_names;          /* of files: without their directories */
};

/* Begin a profile on a stream, which stays the caller's. */
struct pprof *pprof_begin(FILE *out, const struct pprof_settings *settings);

/* Say when it began, since 1970, how long it took (0: it is of a moment), and the mean
 * bytes between samples (0: it is no sample). */
void pprof_set_time(struct pprof *pprof, int64_t time_ns, int64_t duration_ns);
void pprof_set_period(struct pprof *pprof, int64_t bytes);
void pprof_put_comment(struct pprof *pprof, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Write a module. Locations of its number refer to it, if they are written later. */
void pprof_put_module(struct pprof *pprof, const struct profile_module *module);

/*
 * Return the number of a location, which has n functions inlined, the innermost first;
 * `frames->frame` names it, and it is written when it is new. pprof_find_location returns
 * 0 if it is not there yet.
 */
uint64_t pprof_put_location(struct pprof *pprof, const struct profile_frame *frames,
			    size_t n);
uint64_t pprof_find_location(const struct pprof *pprof, int64_t frame);

/* Write a sample with the values of the settings, in their order. `allocator` may be
 * NULL. */
struct pprof_sample {
	const uint64_t *locations;
	size_t n_locations; /* 0: the stack is not known */
	const int64_t *values;
	const char *allocator;
};
void pprof_put_sample(struct pprof *pprof, const struct pprof_sample *sample);

/* Return how many bytes were written, before compression. */
size_t pprof_size(const struct pprof *pprof);

/* Write what is left, and free. Returns 0, or -errno if the stream took not all. */
int pprof_end(struct pprof *pprof);
