/* SPDX-License-Identifier: MIT */
/*
 * Cuts a process into windows and makes requests of them for an engine, each within its
 * limits. Every function dies if memory runs out or the database cannot be read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;
struct push_engine;
struct push_labels;
struct push_process;
struct push_request;
struct push_stack;
struct windows_values;

struct cut {
	const struct push_engine *engine;
	uint64_t target;   /* hash of what is sent to */
	int64_t window_ns; /* length */
	int64_t now_ns;    /* since 1970 */
	int64_t max_age_s; /* 0: any */
	bool redacted;
	/* Takes each request, which it frees */
	void (*take)(void *context, struct push_request *request);
	void *context;
	/* Counted here, of windows */
	size_t n_windows, n_empty, n_too_old, n_ahead, n_unfinished;
};

struct push_window;

/* Set what a stack of the window's process did. */
typedef void cut_values_fn(void *context, const struct push_stack *stack,
			   struct windows_values *values);

enum cut_what {
	CUT_ALLOC, /* what was allocated */
	CUT_ALL,   /* the same, and what was live at the end */
	CUT_LIVE,  /* what was live */
};

/* Make the requests of one window, whose parts are set here. With no `known` all stacks
 * are new. Refuses what is too old or
 * in the future. */
void cut_window(struct cut *cut, struct push_window *window, enum cut_what what,
		cut_values_fn *get, void *context);

/* Return whether a snapshot is due at the end of the window of that number. */
bool cut_is_snapshot(const struct cut *cut, int64_t number);

/*
 * Make the requests of a process, the only one that `profile` has chosen, with these
 * labels. What was live is said with every window, but at most each five minutes, and of
 * the last window. A window that is not over yet, of a process that runs, is left out.
 */
void cut_process(struct cut *cut, struct profile *profile,
		 const struct push_process *process, const struct push_labels *labels);
