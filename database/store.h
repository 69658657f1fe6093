/* SPDX-License-Identifier: MIT */
/*
 * Writes a database. The file is built under a temporary name beside the final one, as a
 * copy of the old database if that is to be continued, and renamed when it is complete;
 * until then nothing changes at the final name. Every function dies if it fails, and
 * removes the unfinished file; so do SIGINT, SIGTERM and SIGHUP. A process has one store
 * at a time, which one thread uses.
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

/*
 * Begin the database that will be at `path`. Dies if the mode does not fit what is there:
 * STORE_NEW needs nothing, STORE_APPEND a database of rheaper-load, and STORE_REPLACE
 * nothing or a database.
 */
struct store *store_open(const char *path, enum store_mode mode);

/* The first numbers that are free: of a run, of a process. The database number of a
 * thread of that process is its number in the trace plus `threads`. */
struct store_numbers {
	int64_t run, process, threads;
};
struct store_numbers store_numbers(struct store *store);

/*
 * Select rows of the database that is to be continued: "SELECT COLUMNS FROM TABLE REST".
 * Returns rows of the struct that tables.h has for the table. Their content is not to be
 * trusted.
 */
struct rows *store_select(struct store *store, enum table table, const char *rest);

/* Select what stack_totals has of each stack, as rows of this struct. */
struct store_total {
	int64_t stack;
	double allocations, allocated_bytes;
};
struct rows *store_select_totals(struct store *store);

/* Return whether the database already has the trace with this header. */
bool store_has_trace(struct store *store, const struct rhp_file_header *header);

/* What belongs to all rows of a trace. */
struct store_trace {
	int64_t process, threads; /* see store_numbers */
	uint64_t sample_bytes;
	int64_t first_lot, first_inner_lot, first_chain; /* set by store_trace_begin */
};

/*
 * Write the blocks and lots of a trace, and its chains of reallocs, between
 * store_trace_begin and store_trace_end. Their stacks are numbers of the trace's catalog,
 * which store_trace_end replaces by those of the database.
 */
void store_trace_begin(struct store *store, struct store_trace *trace);
void store_lots(struct store *store, const struct store_trace *trace,
		const struct lots *lots);
void store_chain(struct store *store, const struct store_trace *trace,
		 const struct chain *chain);
void store_trace_end(struct store *store, const struct store_trace *trace,
		     const struct catalog *catalog);

/*
 * Write a row each. Texts need not outlive the call. They are UTF-8; but labels, paths of
 * traces and modules, source files, executables and runtime versions may be any bytes,
 * which are made UTF-8 here.
 */
void store_run(struct store *store, int64_t run, const char *label,
	       const char *loaded_at);
void store_process(struct store *store, const struct process_row *process);
void store_build_label(struct store *store, const struct build_label_row *label);
void store_thread(struct store *store, const struct store_trace *trace, uint64_t number,
		  uint64_t tid, const char *name);
void store_module(struct store *store, uint32_t number, const char *path,
		  const char *build_id);
void store_module_symbols(struct store *store, uint32_t number, const char *symbols);
void store_mapping(struct store *store, const struct process_module_row *mapping);
void store_allocator(struct store *store, uint32_t number, const char *name,
		     const char *family);
void store_frame(struct store *store, const struct frame_row *frame);
void store_stack(struct store *store, const struct stack_row *stack);
/* Forget the wrappers and chains of the database that is continued; and set the fields of
 * its stacks that say their owner. */
void store_forget_owners(struct store *store);
void store_owner(struct store *store, const struct stack_row *stack);
void store_owner_chain(struct store *store, uint32_t number, const char *text);
void store_wrapper(struct store *store, const char *function, const char *found_by);
enum store_tree {
	STORE_TOP_DOWN,
	STORE_BOTTOM_UP,
};
/* Node 0, the root, has no parent and no frame. */
void store_node(struct store *store, enum store_tree tree, uint32_t node, uint32_t parent,
		uint32_t depth, int64_t frame);
void store_mark(struct store *store, const struct store_trace *trace, double at_ms,
		uint64_t thread, const char *text);
void store_resident(struct store *store, int64_t process, double at_ms, uint64_t bytes);
void store_scopes(struct store *store, const struct store_trace *trace,
		  const struct scopes *scopes);
void store_loss(struct store *store, int64_t process, const char *reason, uint64_t count,
		const char *meaning);
void store_total(struct store *store, int64_t process, const char *name, int64_t value,
		 const char *meaning);
/* Write stack_totals and timeline. */
void store_tally(struct store *store, int64_t process, const struct catalog *catalog,
		 const struct tally *tally);

/* A row each of what a heap snapshot has, whose number is the next one: names of roots,
 * and files, may be any bytes. */
int64_t store_next_heap_snapshot(struct store *store);
void store_heap_snapshot(struct store *store, const struct heap_snapshot_row *snapshot);
void store_heap_block(struct store *store, const struct heap_block_row *block);
void store_heap_root(struct store *store, const struct heap_root_row *root);
void store_heap_edge(struct store *store, const struct heap_edge_row *edge);
void store_heap_group(struct store *store, const struct heap_group_row *group);

/* Sync the file to disk, rename it to its final name, and free the store. Returns the
 * size of the file in bytes. */
uint64_t store_finish(struct store *store);
