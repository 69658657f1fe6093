/* SPDX-License-Identifier: MIT */
/*
 * The state of reading a report. For read.c and its parts, in this order:
 * read-process.c (which process, what it did as a whole), read-memory.c (what of it was
 * in memory, who holds it), read-stacks.c (modules, frames, stacks as a tree and as
 * sites), read-window.c (times of interest), read-blocks.c (every block), read-peak.c
 * (exactly what was live at the peak), read-growth.c (reallocs).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "report/model.h"

struct database;

/* A stack of the database. */
struct read_stack {
	int64_t number;  /* 0: the unknown one */
	uint32_t site;   /* of report->sites */
	uint32_t node;   /* of the tree; 0: it allocated nothing in the process */
	uint32_t owner;  /* frame, plus 1; 0: unknown */
	uint32_t family; /* of its allocator, of strings; 0: unknown */
	double peak_blocks, peak_bytes; /* live at the peak, as the loader counted */
	bool is_used;                   /* it allocated in the process */
};

struct reading {
	struct report *report;
	const struct database *database;
	const struct report_options *options;
	struct map frame_numbers;  /* frame of the database -> of the report */
	struct map module_numbers; /* the same of modules, */
	struct map stack_numbers;  /* stacks */
	struct map thread_numbers; /* and threads */
	struct read_stack *stacks; /* 0 is the unknown one */
	size_t n_stacks, n_stacks_max;
	struct sums crossed, mismatched, frees; /* by pair_key(site, freeing frame + 1) */
};

/* Return the index in reading->stacks of a stack; 0 for one that is not there. */
uint32_t reading_stack(const struct reading *reading, int64_t stack);

/* Return the index of a thread, plus 1; 0: unknown. */
uint32_t reading_thread(const struct reading *reading, int64_t thread);

/* Free the texts of a process that is kept. */
void process_free_texts(struct overview_process *process);

void reading_take_process(struct reading *reading);
void reading_take_memory(struct reading *reading);
void reading_take_stacks(struct reading *reading);
void reading_take_window(struct reading *reading);
void reading_take_blocks(struct reading *reading);
void reading_settle_peak(struct reading *reading);
void reading_take_growths(struct reading *reading);
