/* SPDX-License-Identifier: MIT */
/*
 * A process as it is sent: where it is from, its modules, and its stacks, in memory for
 * as long as windows are cut from it. Every function dies if memory runs out or the
 * database cannot be read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "database/profile.h"
#include "push/labels.h"

/* An address, with the functions that are inlined there, the innermost first. */
struct push_place {
	const struct profile_frame *frames;
	size_t n;
};

struct push_stack {
	int64_t stack;
	const char *allocator; /* or NULL */
	size_t first, n;       /* in push_process.numbers */
};

struct push_process {
	int64_t process, pid, started_ns, started_ticks, duration_ns, sample_bytes;
	bool ended;                         /* nothing will be added to its trace */
	char *executable, *host, *build_id; /* host and build_id may be NULL */
	struct push_labels build; /* what the build says of itself, as it says it */
	size_t n_left_out;        /* labels of it that are not on the list */
	struct profile_module *modules;
	size_t n_modules, n_modules_max;
	struct profile_frame *frames;
	size_t n_frames, n_frames_max;
	struct push_place *places; /* place 0 is unknown */
	size_t n_places, n_places_max;
	struct push_stack *stacks;
	size_t n_stacks, n_stacks_max;
	uint32_t *numbers; /* of places, the innermost first */
	size_t n_numbers, n_numbers_max;
	struct map place_of_frame;
	void *texts; /* each is there once */
};

/*
 * How one is made: its modules first, then its frames, those of a place one after the
 * other and the innermost first, then push_process_set_frames, then each stack with the
 * numbers of its frames, of which those of no place are passed by. Texts are copied.
 */
void push_process_begin(struct push_process *process, const char **allowed,
			size_t n_allowed);
void push_process_add_module(struct push_process *process,
			     const struct profile_module *module);
void push_process_add_label(struct push_process *process, const char *name,
			    const char *value);
void push_process_add_frame(struct push_process *process,
			    const struct profile_frame *frame);
void push_process_set_frames(struct push_process *process);
void push_process_begin_stack(struct push_process *process, int64_t stack,
			      const char *allocator);
void push_process_add_to_stack(struct push_process *process, int64_t frame);
void push_process_end_stack(struct push_process *process);

/* Read the process that is chosen. `allowed` are names of labels, as in labels.h. */
void push_process_read(struct push_process *process, struct profile *profile,
		       const char **allowed, size_t n_allowed);
void push_process_fini(struct push_process *process);
