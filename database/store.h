/* SPDX-License-Identifier: MIT */
/*
 * The database being written. The file is
 * built beside its final name, as a copy of the old database if that is to be
 * continued, and moved there when it is complete; until then nothing at the final
 * name changes. Whatever fails ends the program with a message and without the
 * unfinished file; so do SIGINT, SIGTERM and SIGHUP. There is one store at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "database/tables.h"

struct catalog;
struct chain;
struct lots;
struct rhp_file_header;
struct rows;
struct scopes;
struct store;
struct tally;

enum store_mode {
	STORE_NEW,
	STORE_REPLACE, /* what is there */
	STORE_APPEND,  /* to what is there */
};

/* Begin the database that will be at path. Dies if something is there that the mode
 * has no use for, or nothing that it needs. */
struct store *store_open(const char *path, enum store_mode mode);

/* Numbers that are not taken: the next run, the next process; threads of that
 * process have their own number plus `threads`. */
struct store_numbers {
	int64_t run, process, threads;
};
struct store_numbers store_numbers(struct store *store);

/* What the database that is to be continued has: "SELECT ... FROM the table REST", as the
 * struct of tables.h that the table has. Nothing in it is to be trusted. */
struct rows *store_select(struct store *store, enum table table, const char *rest);

/* Whether the trace with this header is in the database. */
bool store_has_trace(struct store *store, const struct rhp_file_header *header);

/* What belongs to all rows of a trace. */
struct store_trace {
	int64_t process, threads; /* see store_numbers */
	uint64_t sample_bytes;
	int64_t first_lot, first_chain; /* set by store_trace_begin */
};

/*
 * Blocks and lots. Stacks are those of the trace's catalog until store_trace_end
 * replaces them by the catalog's numbers in the database.
 */
void store_trace_begin(struct store *store, struct store_trace *trace);
void store_lots(struct store *store, const struct store_trace *trace,
		const struct lots *lots);
void store_chain(struct store *store, const struct store_trace *trace,
		 const struct chain *chain);
void store_trace_end(struct store *store, const struct store_trace *trace,
		     const struct catalog *catalog);

/*
 * Texts are UTF-8 and need not live on. Those that come as bytes, and are made UTF-8
 * here: labels, paths of traces and modules, files, executables, versions of runtimes.
 */
void store_run(struct store *store, int64_t run, const char *label,
	       const char *loaded_at);
void store_process(struct store *store, const struct process_row *process);
void store_thread(struct store *store, const struct store_trace *trace, uint64_t number,
		  uint64_t tid, const char *name);
void store_module(struct store *store, uint32_t number, const char *path,
		  const char *build_id);
void store_mapping(struct store *store, const struct process_module_row *mapping);
void store_allocator(struct store *store, uint32_t number, const char *name,
		     const char *family);
void store_frame(struct store *store, const struct frame_row *frame);
void store_stack(struct store *store, const struct stack_row *stack);
void store_stack_frame(struct store *store, uint32_t stack, uint32_t frame_no,
		       int64_t frame);
enum store_tree {
	STORE_TOP_DOWN,
	STORE_BOTTOM_UP,
};
/* Node 0, the root, has no parent. */
void store_node(struct store *store, enum store_tree tree, uint32_t node, uint32_t parent,
		uint32_t depth, const char *function);
void store_mark(struct store *store, const struct store_trace *trace, double at_ms,
		uint64_t thread, const char *text);
void store_scopes(struct store *store, const struct store_trace *trace,
		  const struct scopes *scopes);
void store_loss(struct store *store, int64_t process, const char *reason, uint64_t count,
		const char *meaning);
void store_total(struct store *store, int64_t process, const char *name, int64_t value,
		 const char *meaning);
/* stack_totals and timeline. */
void store_tally(struct store *store, int64_t process, const struct catalog *catalog,
		 const struct tally *tally);

/* Bring the file to the disk, move it to its name, free. The size of the file. */
uint64_t store_finish(struct store *store);
