/* SPDX-License-Identifier: MIT */
/*
 * Budgets: rules of a file, each of which says how much may be allocated in a scope, in
 * a phase, or in a process, and by which call sites (docs/how-to/ci.md).
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
	const char *name;    /* pattern, of the place */
	const char *program; /* pattern, NULL: any */
	struct pattern_step *steps;
	size_t n_steps;
	bool has[N_PLACE_AMOUNTS];
	int64_t most[N_PLACE_AMOUNTS];
	bool optional; /* there may be no such place */
};

struct expectations {
	struct arena *arena;
	struct expectation *list;
	size_t n;
};

/* Read a file. Dies, with the line, of what it does not understand. */
void expect_read(struct expectations *expectations, const char *path);

/* Say what is to be measured. */
void expect_want(const struct expectations *expectations, struct measure *measure);

/* Find the rules that do not hold. What is suppressed does not leak. */
void expect_check(const struct expectations *expectations,
		  struct suppressions *suppressions, struct verdict *verdict);
