/* SPDX-License-Identifier: MIT */
/*
 * Collects everything that a trace names by number: nodes of stacks, modules, functions,
 * threads; and its marks, scopes and leaks. The reader fills a catalog while it reads the
 * records, pair.c asks it for the number of a stack, and registry.c takes it over at the
 * end of the trace. Not thread-safe.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "analysis/heap.h"
#include "analysis/scan.h"
#include "common/map.h"
#include "contract/note.h"
#include "trace/reader.h"

struct catalog_node {
	uint64_t address; /* CALL: the function number */
	uint32_t parent;
	uint32_t module;
	uint32_t stack;  /* number in the database, 0: not used by an event */
	uint32_t shared; /* registry.c: its node there, 0: none yet */
	uint8_t code;    /* RHP_FRAME, RHP_CALL, or 0: no such node */
	uint8_t flags;   /* enum rhp_node_flags */
};

/* Filled by tally.c; estimates if the trace was sampled. */
struct catalog_stack {
	uint32_t node;
	uint32_t number; /* in the database: registry.c */
	uint64_t recorded;
	double allocations, bytes;
	double live_blocks, live_bytes; /* after the last event so far */
	double peak_blocks, peak_bytes; /* when most bytes were live in all */
	double own_peak_bytes;
	int64_t own_peak_ns;
	double temporary;
	uint64_t epoch; /* tally.c: the peak that peak_* belong to */
	/* Of a sampled trace alone: how many were recorded, and the variances of the
	 * bytes as estimates (tally.h) */
	uint64_t live_recorded, peak_recorded;
	double variance, live_variance, peak_variance;
};

struct catalog_module {
	uint64_t number;
	uint64_t start, end, bias;
	uint32_t shared; /* number in the database: registry.c */
	char *path;      /* bytes as the program saw them */
	uint8_t *build_id;
	size_t build_id_size;
};

struct catalog_function {
	uint64_t number;
	uint32_t shared;     /* number in the database: registry.c */
	char *name, *family; /* UTF-8 */
};

struct catalog_thread {
	uint64_t number, tid;
	uint64_t named; /* ticks when it got that name, 0: at its beginning */
	char *name;     /* UTF-8 */
	/* Of the blocks that it allocated; set after tally_count_threads */
	double allocations, bytes;
	double live_blocks, live_bytes; /* not freed so far, by whatever thread */
};

/* A name that a thread got at some time. The record may precede that of the thread. */
struct catalog_name {
	uint64_t thread, ticks;
	char *name; /* UTF-8 */
};

struct catalog_mark {
	uint64_t thread, ticks;
	char *text; /* UTF-8 */
};

/* A beginning or an end of a scope, in the order of its stream; scopes.c pairs them. */
struct catalog_scope {
	uint32_t thread, number;
	uint64_t ticks;
	char *name; /* UTF-8; NULL: an end */
};

/* How much of the process was in memory at some time. */
struct catalog_resident {
	uint64_t ticks, bytes;
};

/* What the build of the program said of itself. Names differ from each other. */
struct catalog_label {
	char *name, *value; /* UTF-8 */
};

struct catalog {
	struct catalog_node *nodes; /* by id; 0 is the empty stack */
	size_t n_nodes, n_nodes_max;
	struct catalog_stack *stacks; /* by number; 0 is the unknown stack */
	size_t n_stacks, n_stacks_max;
	struct catalog_module *modules;
	size_t n_modules, n_modules_max;
	struct catalog_function *functions;
	size_t n_functions, n_functions_max;
	struct catalog_thread *threads;
	size_t n_threads, n_threads_max;
	struct catalog_mark *marks;
	size_t n_marks, n_marks_max;
	struct catalog_name *names;
	size_t n_names, n_names_max;
	struct catalog_scope *scopes;
	size_t n_scopes, n_scopes_max;
	struct catalog_resident *residents;
	size_t n_residents, n_residents_max;
	struct catalog_label labels[RHP_LABELS_MAX];
	size_t n_labels;
	struct scan scan;
	struct heap heap;
	uint32_t parent_pid; /* 0: unknown */
	char *host;          /* UTF-8, or NULL */
	char *command_line;  /* as a JSON array, UTF-8, or NULL */
	struct map module_numbers, function_numbers, thread_numbers;
	uint64_t n_ids; /* ids that are not below this are damage */
	uint64_t n_damaged;
};

/* Make an empty catalog, and the *sink by which a reader fills it. Who needs no graphs of
 * the heap sets sink->pointer to NULL. Returns 0 or -ENOMEM. */
int catalog_init(struct catalog *catalog, struct reader_sink *sink);
void catalog_fini(struct catalog *catalog);

/*
 * Treat node ids as damage that are too large for a trace of n_records records: a program
 * hands out ids one by one and writes a record for each.
 */
void catalog_limit_ids(struct catalog *catalog, uint64_t n_records);

/* The slow path of catalog_stack, for a node that is asked for the first time. */
int catalog_number_stack(struct catalog *catalog, uint32_t node, uint32_t *stack);

/*
 * Set *stack to the number of the stack that an event names by its call node: 0 for node
 * 0 and for impossible ids. The record of the node may come later in the trace. Returns 0
 * or -ENOMEM.
 */
static inline int catalog_stack(struct catalog *catalog, uint32_t node, uint32_t *stack)
{
	if (node < catalog->n_nodes && catalog->nodes[node].stack) {
		*stack = catalog->nodes[node].stack;
		return 0;
	}
	return catalog_number_stack(catalog, node, stack);
}

/* Prefetch the stack of a node that catalog_stack will soon be asked for. */
static inline void catalog_expect(const struct catalog *catalog, uint32_t node)
{
	if (node < catalog->n_nodes)
		__builtin_prefetch(&catalog->nodes[node].stack);
}

/* Give each thread the last name that has been read for it. Returns how many names are
 * left over, of threads that have not been read. */
size_t catalog_name_threads(struct catalog *catalog);

/* Sort the marks, and what was in memory, which come in the order of the streams, by
 * time. Call it after the last record. */
void catalog_sort_times(struct catalog *catalog);

/* Find a module or a function by its number in the trace. Returns NULL if it is not
 * there.
 */
const struct catalog_module *catalog_module(const struct catalog *catalog,
					    uint64_t number);
const struct catalog_function *catalog_function(const struct catalog *catalog,
						uint64_t number);
