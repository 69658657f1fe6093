/* SPDX-License-Identifier: MIT */
/*
 * Reads a database as a profile, as export formats need it: stacks with their values,
 * frames, modules, all of the processes that were chosen. past.h has what was when. Every
 * function dies if the database cannot be read. Texts are valid UTF-8 without NUL, and
 * live until the callback returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database/choice.h"

struct owner_table;
struct profile;

enum profile_value {
	PROFILE_ALLOCATIONS,
	PROFILE_BYTES,
	PROFILE_LIVE_BLOCKS,
	PROFILE_LIVE_BYTES,
	PROFILE_PEAK_BYTES, /* live when most bytes were live */
	N_PROFILE_VALUES
};

struct profile_stack {
	int64_t stack; /* 0: unknown */
	bool truncated;
	const char *allocator;    /* the function that was called, or NULL */
	int64_t allocator_number; /* 0: unknown */
	int64_t values[N_PROFILE_VALUES];
	int64_t peak_blocks;
	int64_t own_peak_bytes, own_peak_ns; /* of one process */
	bool unsampled;                      /* it was not taken */
};

struct profile_frame {
	int64_t frame;
	int64_t address; /* return address; only of profile_each_frame */
	int64_t module;  /* 0: unknown */
	bool innermost;  /* of the functions inlined at the address */
	const char *function;
	const char *file;        /* or NULL */
	const char *module_path; /* or NULL; only of profile_each_frame */
	int64_t line;            /* 0: unknown */
	bool inferred;           /* a tail call left no frame; only of each_frame */
};

/* A frame as a place in a function. Functions of one name and file are one. */
struct profile_place {
	int64_t frame, module; /* 0: unknown */
	int64_t number;        /* of the function, from 1 */
	int64_t line;          /* 0: unknown */
	int64_t only_line;     /* of all places in the function; 0: there are several */
	int64_t inline_depth;  /* 0: the function that holds the code */
	const char *function;
	const char *file; /* or NULL */
};

struct profile_module {
	int64_t module;
	int64_t start, end; /* addresses */
	const char *path, *build_id;
	bool has_functions, has_lines;
};

struct profile_process {
	int64_t process, pid;
	int64_t started_ns; /* since 1970, 0: unknown; of milliseconds */
	int64_t started_unix_ns, started_ticks; /* with pid, they name the trace */
	int64_t duration_ns;
	int64_t peak_ns;
	int64_t sample_bytes; /* 0: not sampled */
	const char *executable, *ending;
	const char *command;         /* its words, or the executable */
	const char *host, *build_id; /* of the executable; or NULL */
};

/* Open the database at `path`, as db_open does. All processes are chosen. */
struct profile *profile_open(const char *path);

/* Choose the processes that all other functions are about. */
void profile_choose(struct profile *profile, struct choice choice);
void profile_close(struct profile *profile);

/* Return the database of a profile, for ask.h. It lives as long as the profile. */
struct database;
const struct database *profile_database(const struct profile *profile);

/* Every function but `end` may be NULL. */
struct profile_visitor {
	void (*stack)(void *context, const struct profile_stack *stack);
	/* Each of its frames */
	void (*frame)(void *context, const struct profile_frame *frame);
	void (*end)(void *context, const struct profile_stack *stack);
	void *context;
	bool outermost_first;
	bool freed; /* the stacks that freed, whose values are 0 */
	const struct owner_table
		*owners; /* leave out what is inside of them; NULL: nothing */
};

/* Visit each stack that allocated, in the order of their numbers: `stack`, `frame` for
 * each of its frames, `end`. */
void profile_each_stack(struct profile *profile, const struct profile_visitor *visitor);

/* Visit each frame of these stacks as a place in a function, ordered by function. With
 * `freed` those of the stacks that freed, too. */
void profile_each_place(struct profile *profile, bool freed,
			void (*visit)(void *context, const struct profile_place *place),
			void *context);

/* Visit each frame of the stacks that allocated. Functions inlined at one address follow
 * each other, the innermost first. */
void profile_each_frame(struct profile *profile,
			void (*visit)(void *context, const struct profile_frame *frame),
			void *context);

/* Visit each module that a chosen process had, a program first. */
void profile_each_module(struct profile *profile,
			 void (*visit)(void *context,
				       const struct profile_module *module),
			 void *context);

/* Visit each chosen process. */
void profile_each_process(struct profile *profile,
			  void (*visit)(void *context,
					const struct profile_process *process),
			  void *context);

/* Visit what the builds of the chosen processes say of themselves. */
void profile_each_label(struct profile *profile,
			void (*visit)(void *context, const char *name, const char *value),
			void *context);

/* Visit each reason why events are missing or could not be paired, with their number. */
void profile_each_loss(struct profile *profile,
		       void (*visit)(void *context, const char *reason, int64_t count),
		       void *context);
