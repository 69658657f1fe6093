/* SPDX-License-Identifier: MIT */
/*
 * The state of reading one database. For measure-read.c and its parts in measure-parts.c,
 * measure-files.c, measure-linked.c, measure-rebuilt.c, measure-processes.c and
 * measure-places.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "database/db.h"
#include "rheaper-check/measure.h"

struct arena;
struct owner_table;
struct rows;

struct process {
	const char *program, *path, *command; /* its words */
	int64_t pid, start_ns;
	unsigned int run;
	bool cut;     /* its trace ended early, so blocks live then are not leaks */
	bool goes_on; /* ... and it may have another trace, of later; */
	bool is_late; /* ... or of before */
	bool partial; /* its trace is not complete */
	bool lacks_stacks;
	bool scanned; /* for leaks: a block of unknown kind is younger than that */
};

/* What the frames of a file tell of it. */
struct code {
	bool has_lines;
	unsigned int linked; /* the set of libraries that are in it */
};

struct reading {
	struct measure *m;
	struct arena *arena;
	struct database database;
	struct map process_numbers, frame_numbers, stack_numbers;
	struct process *processes;
	size_t n_processes;
	struct measure_frame *frames;
	size_t n_frames;
	struct map code_numbers; /* of modules */
	struct code *code;
	size_t n_code;
	size_t *code_of_frames; /* number in `code` of each frame */
	const struct measure_stack **stacks;
	size_t n_stacks;
	struct rows *stack_frames, *stack_allocator;
	struct owner_table *owners;
	const char **plain; /* scratch: the names of the present stack */
	size_t n_plain_max;
	size_t first_problem; /* of this database */
};

/* Copy a text of the database, printable, to the arena. For NULL, return NULL or
 * `otherwise`. */
const char *reading_text(struct reading *r, const char *text);
const char *reading_text_or(struct reading *r, const char *text, const char *otherwise);

/* Return the short form of a name, printable, in the arena. */
const char *reading_short(struct reading *r, const char *name);

/* Return a count of the database. Dies if it is negative. */
int64_t reading_count(const struct reading *r, int64_t value);

/* Find a stack or a process by its number. Dies if the database has none. */
const struct measure_stack *reading_stack(struct reading *r, int64_t number);
const struct process *reading_process(const struct reading *r, int64_t number);

/* Note of each module of a stack, once, that it has lost names: a verdict that compares
 * the stack hangs on them. */
void reading_note_lost(struct reading *r, const char *program,
		       const struct measure_stack *stack);

/* Note that a process ran a program whose file is another one now; its path and sentence
 * are the note. The number of processes is counted. */
void reading_note_rebuilt(struct reading *r, const struct measure_rebuilt *rebuilt);

/* A problem says what was lost of a frame's module; so nothing else need say why. */
void reading_tell_lost(struct reading *r, const struct measure_frame *frame);

/* Return whether a function that has the name of a library's, or is in a file that has,
 * is of a source file of the program's. */
bool reading_is_own(const struct measure_frame *frame);

/* Return what is not known of the files of the first n functions of a stack, which tell
 * them from others of their names; NULL: nothing is missing. */
const char *reading_find_lack(const struct process *process,
			      const struct measure_stack *stack, size_t n);

/* Note what the next frame, which is of a module, tells of that. */
void reading_note_code(struct reading *r, int64_t module,
		       const struct measure_frame *frame);

/* Find of which libraries each frame may be. Call it after the last was noted. */
void reading_find_linked(struct reading *r);

/*
 * Return whether live blocks of a kind are judged. Where a scan was made, blocks of no
 * kind are younger. What was live when a trace was cut short may have been freed later,
 * but for what a scan had found lost by then: nobody could free that any more.
 */
bool reading_judges(const struct process *process, enum leak_kind kind);

/* Read the processes, with their problems and totals. Call it before anything else is
 * read. */
void reading_take_processes(struct reading *r);

/* Read the places that measure->wanted asks for, and what was allocated in them. */
void reading_take_places(struct reading *r);
