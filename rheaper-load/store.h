/* SPDX-License-Identifier: MIT */
/*
 * The database being written. All SQL of the loader is in store.c. The file is
 * built beside its final name and moved there when it is complete; until then
 * nothing at the final name changes. Whatever fails ends the program with a
 * message and without the unfinished file; so do SIGINT, SIGTERM and SIGHUP.
 * There is one store at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pair;
struct store;

struct store_process {
	const char *trace;
	uint32_t pid;
	const char *executable;
	const char *started; /* UTC, ISO 8601 */
	double duration_ms;
	const char *scope;
	uint32_t max_stack_depth;
	uint64_t sample_bytes;
	double sample_rate;
	const char *runtime_version;
	const char *ending;
};

struct store_frame {
	int64_t frame;
	uint64_t address;
	uint32_t module; /* 0: unknown */
	int inline_depth;
	const char *sym;  /* bytes */
	const char *file; /* bytes, or NULL */
	int line;         /* 0: unknown */
};

struct store_stack {
	uint32_t stack;
	uint64_t function;
	uint32_t depth;
	bool truncated, incomplete;
	uint64_t allocations, bytes;
	uint64_t live_blocks, live_bytes;
};

/* Begin the database that will be at path. Dies if something is there and
 * `replace` is false. */
struct store *store_open(const char *path, bool replace);

/* Called now and then while the blocks are written. */
typedef void store_progress_fn(void *context, uint64_t n_rows);

/*
 * Write every block that `pair` gives. The number of rows, or if the events
 * could not be read -errno.
 */
int64_t store_blocks(struct store *store, struct pair *pair, store_progress_fn *progress,
		     void *context);

/* Text is UTF-8 unless said otherwise, and need not live on. */
void store_process(struct store *store, const struct store_process *process);
void store_thread(struct store *store, uint64_t number, uint64_t tid, const char *name);
void store_module(struct store *store, uint64_t number, const char *path_bytes,
		  const char *build_id, uint64_t start, uint64_t end, uint64_t bias);
void store_function(struct store *store, uint64_t number, const char *name,
		    const char *family);
void store_frame(struct store *store, const struct store_frame *frame);
void store_stack(struct store *store, const struct store_stack *stack);
void store_stack_frame(struct store *store, uint32_t stack, uint32_t frame_no,
		       int64_t frame);
void store_mark(struct store *store, double at_ms, uint64_t thread, const char *text);
void store_loss(struct store *store, const char *reason, uint64_t count,
		const char *meaning);
void store_total(struct store *store, const char *name, double value,
		 const char *meaning);

/* Make the index if wanted, bring the file to the disk, move it to its name,
 * free. */
void store_finish(struct store *store, bool index);
