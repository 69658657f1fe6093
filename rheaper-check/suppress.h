/* SPDX-License-Identifier: MIT */
/*
 * Leaks that are accepted, by patterns of their stacks: LeakSanitizer's lines, the Leak
 * entries of Valgrind's memcheck, and paragraphs of our own (docs/how-to/ci.md). A
 * pattern has * for any text; in Valgrind's and in ours ? is any character.
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
	SUPPRESS_ANYWHERE, /* one step, which fits any frame's function, file or module */
	SUPPRESS_SEQUENCE, /* its steps fit the stack from the innermost frame on */
	SUPPRESS_ALL,      /* each of its steps fits a frame */
};

struct suppression {
	enum suppress_form form;
	const char *file; /* NULL: one of ours, whose use is nobody's concern */
	size_t line;
	const char *reason;  /* or a name */
	const char *program; /* pattern, NULL: any */
	const char *until;   /* YYYY-MM-DD, the last day; NULL: for ever */
	struct pattern_step *steps;
	size_t n_steps;
	unsigned int kinds; /* of leaks that it is for: measure.h */
	bool used, expired;
};

struct suppressions {
	struct arena *arena;
	struct suppression *list;
	size_t n;
	int64_t n_blocks, n_bytes; /* that were suppressed */
};

void suppress_init(struct suppressions *suppressions, struct arena *arena);

/* Read a file. Dies, with the line, of what it does not understand. */
void suppress_read(struct suppressions *suppressions, const char *path);

/* Add those for what libc, the loader and the C++ library keep on purpose. */
void suppress_defaults(struct suppressions *suppressions);

/* Take what is suppressed out of the leaks, and of what does not count. Before
 * measure_finish. */
void suppress_apply(struct suppressions *suppressions, struct measure *measure);

/* Whether a leak of a stack is suppressed. After suppress_apply. */
bool suppress_takes(struct suppressions *suppressions, const char *program,
		    const struct measure_stack *stack, enum leak_kind kind);

/* Note what was suppressed, which were not used, which are over. */
void suppress_note(const struct suppressions *suppressions, struct verdict *verdict);
