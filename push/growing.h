/* SPDX-License-Identifier: MIT */
/*
 * A trace that is sent while it is written: its windows as they end, and what was live at
 * last and at the peak as soon as its process has ended. Every function dies if memory
 * runs out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cut;
struct growing;
struct push_labels;
struct push_process;
struct symbol_settings;

struct growing_settings {
	struct cut *cut; /* where requests go */
	const struct symbol_settings *symbols;
	const char **allowed; /* names of labels */
	size_t n_allowed;
	/* Make the labels of a process, for push_labels_fini */
	struct push_labels (*make_labels)(void *context,
					  const struct push_process *process);
	void *context;
};

/*
 * Begin to follow a trace. The settings stay the caller's. Returns 0, -errno or an enum
 * reader_problem: READER_RING of one that is overwritten.
 */
int growing_open(struct growing **growing, const char *path,
		 const struct growing_settings *settings);
void growing_close(struct growing *growing);

/*
 * Read what was written since, for about so many milliseconds, and cut the windows that
 * have ended. Returns 1 if there is more to read, 0 if not, -errno or a reader_problem.
 */
int growing_poll(struct growing *growing, int milliseconds);

/* Return whether the process has ended, and all of its trace was cut. */
bool growing_is_over(const struct growing *growing);
