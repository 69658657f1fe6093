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

/*
 * Make the requests of a process, the only one that `profile` has chosen, with these
 * labels. What was live is said with every window, but at most each five minutes, and of
 * the last window. A window that is not over yet, of a process that runs, is left out.
 */
void cut_process(struct cut *cut, struct profile *profile,
		 const struct push_process *process, const struct push_labels *labels);
