/* SPDX-License-Identifier: MIT */
/*
 * Expectations: rules in a file, each of which limits what is allocated in a scope, a
 * phase or a process, and by which call sites (docs/how-to/ci.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rheaper-check/measure.h"
#include "rheaper-check/pattern.h"

struct suppressions;
struct verdict;

struct expectation {
	const char *file;
	size_t line;
	const char *title;
	enum place_kind kind;
	const char *name;    /* pattern of the name of the place */
	const char *program; /* pattern, NULL: any */
	struct pattern_step *steps;
	size_t n_steps;
	bool has[N_PLACE_AMOUNTS];
	int64_t most[N_PLACE_AMOUNTS];
	bool optional; /* the rule holds if there is no such place, or no such stack */
};

struct expectations {
	struct arena *arena;
	struct expectation *list;
	size_t n;
};

/* Read a file. Dies, naming the line, if it cannot be parsed. */
void expect_read(struct expectations *expectations, const char *path);

/* Tell a measure which kinds of places the rules need. Call it before databases are
 * read. */
void expect_want(const struct expectations *expectations, struct measure *measure);

/* Add a finding for each rule that does not hold, and a problem to the verdict's measure
 * for each that may not hold, for want of frames. Suppressed leaks do not count. */
void expect_check(const struct expectations *expectations,
		  struct suppressions *suppressions, struct verdict *verdict);
