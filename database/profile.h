/* SPDX-License-Identifier: MIT */
/*
 * A profile as the formats want it: stacks with their values, frames, modules; and
 * the rows of any query. All that the program knows of the schema is behind this.
 * Everything dies if the database cannot be read. Texts are valid UTF-8, without
 * NUL, and live until the callback returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	const char *function; /* that allocated, or NULL */
	int64_t values[N_PROFILE_VALUES];
};

struct profile_frame {
	int64_t frame;
	uint64_t address; /* return address */
	int64_t module;   /* 0: unknown */
	bool innermost;   /* of the functions inlined at the address */
	const char *sym;
	const char *file; /* or NULL */
	int64_t line;     /* 0: unknown */
};

struct profile_module {
	int64_t module;
	uint64_t start, end;
	const char *path, *build_id;
	bool has_functions, has_lines;
};

struct profile_process {
	int64_t started_ns; /* since 1970, 0: unknown */
	int64_t duration_ns;
	int64_t sample_bytes; /* 0: not sampled */
	const char *executable, *ending;
};

struct profile *profile_open(const char *path);
void profile_close(struct profile *profile);

struct profile_visitor {
	void (*stack)(void *context, const struct profile_stack *stack);
	/* Its frames, one by one */
	void (*frame)(void *context, const struct profile_frame *frame);
	void (*end)(void *context, const struct profile_stack *stack);
	void *context;
	bool outermost_first;
};

/* Each stack that allocated. */
void profile_each_stack(struct profile *profile, const struct profile_visitor *visitor);

/* Each frame: those of one address follow each other, the innermost first. */
void profile_each_frame(struct profile *profile,
			void (*visit)(void *context, const struct profile_frame *frame),
			void *context);

/* Each module, the program first. */
void profile_each_module(struct profile *profile,
			 void (*visit)(void *context,
				       const struct profile_module *module),
			 void *context);

/* Each traced process. */
void profile_each_process(struct profile *profile,
			  void (*visit)(void *context,
					const struct profile_process *process),
			  void *context);

/* Each reason why something is missing. */
void profile_each_loss(struct profile *profile,
		       void (*visit)(void *context, const char *reason, int64_t count),
		       void *context);

enum profile_cell_type {
	PROFILE_NULL,
	PROFILE_NUMBER, /* integer, or real as JSON has it: finite */
	PROFILE_TEXT,   /* bytes of a blob are text in hexadecimal */
};

struct profile_cell {
	enum profile_cell_type type;
	const char *text;
};

struct profile_rows {
	void (*header)(void *context, const char *const *names, size_t n);
	void (*row)(void *context, const struct profile_cell *cells, size_t n);
	void *context;
};

/* The rows of a table or view, or of a SELECT. Dies of SQL that does anything else. */
void profile_view(struct profile *profile, const char *name,
		  const struct profile_rows *rows);
void profile_query(struct profile *profile, const char *sql,
		   const struct profile_rows *rows);
