/* SPDX-License-Identifier: MIT */
/*
 * Suppressions: patterns of the stacks of leaks that are accepted. Files may have the
 * format of LeakSanitizer, of Valgrind's memcheck (its Leak entries), or our own
 * (docs/how-to/ci.md). * stands for any text; ? for any character, but not in those of
 * LeakSanitizer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rheaper-check/measure.h"
#include "rheaper-check/pattern.h"

struct arena;
struct measure;
struct verdict;

enum suppress_form {
	SUPPRESS_ANYWHERE, /* one step matches the function, file or module of a frame */
	SUPPRESS_SEQUENCE, /* its steps match the stack from the innermost frame on */
	SUPPRESS_ALL,      /* each of its steps matches some frame */
};

struct suppression {
	enum suppress_form form;
	const char *file; /* NULL: a default */
	size_t line;
	const char *reason;  /* or a name */
	const char *program; /* pattern, NULL: any */
	const char *until;   /* YYYY-MM-DD, the last day; NULL: for ever */
	struct pattern_step *steps;
	size_t n_steps;
	unsigned int kinds; /* the set of kinds of leaks that it suppresses */
	bool used, expired;
	int64_t taken[N_AMOUNTS]; /* what it suppressed */
};

struct suppressions {
	struct arena *arena;
	struct suppression *list;
	size_t n;
	int64_t taken[N_AMOUNTS]; /* what was suppressed, */
	/* ... and of it, by entries of files for some kinds, what nobody knows the kind
	 * of */
	int64_t of_any_kind[N_AMOUNTS];
	bool hangs_on_lost; /* some of it by names that may be wrong */
};

void suppress_init(struct suppressions *suppressions, struct arena *arena);

/* Read a file. Dies, naming the line, if it cannot be parsed. */
void suppress_read(struct suppressions *suppressions, const char *path);

/* Add suppressions for what libc, the loader and the C++ library never free on
 * purpose. */
void suppress_defaults(struct suppressions *suppressions);

/* Remove suppressed leaks from a measure, also those of kinds that do not count. Call it
 * before measure_finish. */
void suppress_apply(struct suppressions *suppressions, struct measure *measure);

/* Return whether a leak of a stack is suppressed, by itself or with the lost blocks that
 * it hangs below, whose stack is the owner (NULL: none). Call it after suppress_apply. */
bool suppress_takes(struct suppressions *suppressions, const char *program,
		    const struct measure_stack *stack, const struct measure_stack *owner,
		    enum leak_kind kind);

/* Add to the verdict how much was suppressed, what of it by defaults, and notes of the
 * suppressions that were not used, have expired, or took what may be of another kind. */
void suppress_note(const struct suppressions *suppressions, struct verdict *verdict);
