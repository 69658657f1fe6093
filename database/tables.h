/* SPDX-License-Identifier: MIT */
/*
 * The tables of schema.sql as structs, one for a row of each, and the lists of their
 * columns, from which INSERT and SELECT are made. schema.sql says what each column means.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum table {
	TABLE_RUNS,
	TABLE_PROCESSES,
	TABLE_BUILD_LABELS,
	TABLE_THREADS,
	TABLE_MODULES,
	TABLE_PROCESS_MODULES,
	TABLE_ALLOCATORS,
	TABLE_FRAMES,
	TABLE_STACKS,
	TABLE_OWNER_CHAINS,
	TABLE_WRAPPERS,
	TABLE_STACK_FRAMES, /* a view: it is only read */
	TABLE_TOP_DOWN,
	TABLE_BOTTOM_UP,
	TABLE_LOTS,
	TABLE_INNER_LOTS,
	TABLE_REALLOC_CHAINS,
	TABLE_MARKERS,
	TABLE_RESIDENT,
	TABLE_SCOPES,
	TABLE_SCOPE_CHANGES,
	TABLE_LOSSES,
	TABLE_TOTALS,
	TABLE_STACK_TOTALS,
	TABLE_TIMELINE,
	TABLE_HEAP_SNAPSHOTS,
	TABLE_HEAP_BLOCKS,
	TABLE_HEAP_ROOTS,
	TABLE_HEAP_EDGES,
	TABLE_HEAP_GROUPS,
	N_TABLES /* with rows of their own; blocks come in batches: block-rows.h */
};

/* All texts are UTF-8; those that may be NULL say so. */

struct run_row {
	int64_t run;
	const char *label, *loaded_at, *loader_version;
};

struct process_row {
	int64_t process, run;
	const char *trace_path;
	int64_t pid;
	int64_t parent_pid; /* 0: NULL */
	const char *executable;
	const char *command_line, *host; /* or NULL */
	const char *started_at;
	double duration_ms;
	int64_t pointer_size;
	const char *capture;
	int64_t max_stack_depth, max_trackers, event_buffer, max_bytes;
	bool ring;
	int64_t sample_bytes;
	double sample_rate;
	bool free_stacks;
	const char *runtime_version;
	int64_t started_unix_ns, started_ticks;
	const char *ending;
	const char *ending_error, *leak_scan, *leak_scan_error; /* or NULL */
	int64_t leak_scan_ns;                                   /* 0: NULL */
	int64_t leak_scan_threads, exit_threads;
	int64_t forked;     /* 0 or 1 */
	int64_t counted_in; /* 0: NULL */
	bool began_late;
	int64_t silent_children, executed_children, followed_children;
};

struct build_label_row {
	int64_t process;
	const char *name, *value;
};

struct thread_row {
	int64_t thread, process, number, tid;
	const char *name;
};

struct module_row {
	int64_t module;
	const char *path, *build_id, *symbols; /* symbols may be NULL */
};

struct process_module_row {
	int64_t process, module, start_address, end_address, bias;
};

struct allocator_row {
	int64_t allocator;
	const char *name, *family;
};

struct frame_row {
	int64_t frame, address;
	bool exact;
	int64_t module; /* 0: NULL */
	int64_t inline_depth;
	bool inferred;
	const char *function;
	const char *file; /* or NULL */
	int64_t line;     /* 0: NULL */
};

struct stack_row {
	int64_t stack;
	const char *signature;
	int64_t allocator; /* 0: NULL */
	int64_t depth;
	bool truncated, incomplete, damaged, unsampled;
	int64_t top_down_node, bottom_up_node;
	int64_t owner_frame_no, owner_chain;
	int64_t first_frame, owner_frame; /* 0: NULL */
	const char *frames;               /* JSON */
};

struct owner_chain_row {
	int64_t owner_chain;
	const char *text;
};

struct wrapper_row {
	const char *function, *found_by;
};

struct stack_frame_row {
	int64_t stack, frame_no, frame;
};

/* Of top_down_nodes and of bottom_up_nodes */
#define NODE_NO_PARENT (-1)
struct node_row {
	int64_t node;
	int64_t parent; /* NODE_NO_PARENT: NULL */
	int64_t depth;
	int64_t frame; /* 0: NULL */
};

#define LOT_NONE (-1)
struct lot_record {
	int64_t process, stack;
	int64_t alloc_thread, free_thread; /* 0: NULL */
	int64_t free_stack;                /* LOT_NONE: NULL */
	int64_t ending;                    /* enum block_end */
	bool temporary;
	int64_t free_size; /* 0: NULL */
	double weight;
	int64_t first_block, last_block, bytes;
	int64_t leak_kind;   /* enum rhp_leak_kind; LOT_NONE: NULL */
	int64_t leak_owner;  /* stack; LOT_NONE: NULL */
	int64_t outer_stack; /* of inner_lots */
};

struct realloc_chain_row {
	int64_t process, first_stack, last_stack, reallocs, moves, copied_bytes;
	int64_t first_size, final_size;
};

struct marker_row {
	int64_t process;
	double at_ms;
	int64_t thread; /* 0: NULL */
	const char *text;
};

struct resident_row {
	int64_t process;
	double at_ms;
	int64_t bytes;
};

struct scope_row {
	int64_t scope, process, thread;
	const char *name;
	int64_t parent; /* 0: NULL */
	int64_t depth, begin_ns, end_ns;
	int64_t ending; /* enum scope_ending */
};

struct scope_change_row {
	int64_t thread, at_ns;
	int64_t scope; /* 0: NULL */
};

struct loss_row {
	int64_t process;
	const char *reason;
	int64_t count;
	const char *meaning;
};

struct total_row {
	int64_t process;
	const char *name;
	int64_t value;
	const char *meaning;
};

struct stack_total_row {
	int64_t stack, process, allocations, allocated_bytes, live_blocks, live_bytes;
	int64_t peak_blocks, peak_bytes, own_peak_bytes, own_peak_ns;
	int64_t temporary_blocks, recorded_blocks;
};

struct timeline_row {
	int64_t process;
	double at_ms;
	int64_t live_bytes, live_blocks, peak_bytes, low_bytes, allocations,
		allocated_bytes;
};

struct heap_snapshot_row {
	int64_t snapshot, process;
	const char *name;
	int64_t at_ns, blocks, bytes, edges, possible_edges, roots;
	const char *error; /* or NULL */
};

#define HEAP_NO_NODE INT64_C(-1)
struct heap_block_row {
	int64_t snapshot, node, address, size, stack, leak_kind;
	int64_t dominator; /* HEAP_NO_NODE: NULL */
	int64_t retained_bytes, retained_blocks;
	int64_t holder, holder_offset, holder_possible; /* the same */
};

struct heap_root_row {
	int64_t snapshot, node;
	const char *kind;
	const char *name, *file;               /* or NULL */
	int64_t line, module, thread, address; /* 0: NULL */
	int64_t retained_bytes, retained_blocks;
};

struct heap_edge_row {
	int64_t snapshot, source, edge, target, offset;
	bool possible;
};

struct heap_group_row {
	int64_t snapshot, heap_group;
	int64_t parent; /* HEAP_NO_NODE: NULL */
	int64_t root;   /* 0: NULL */
	int64_t stack;  /* HEAP_NO_NODE: NULL */
	int64_t blocks, bytes, retained_blocks, retained_bytes;
};

struct row_list;

/* Return a table's name; and the list of its columns. */
const char *table_name(enum table table);
const struct row_list *table_columns(enum table table);

/* Make the INSERT for a row of a table, for the caller to sqlite3_free(). Returns NULL if
 * memory runs out. */
char *table_insert_sql(enum table table);
