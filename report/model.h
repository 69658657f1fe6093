/* SPDX-License-Identifier: MIT */
/*
 * What a report says about one process, in memory: read once from a database by read.h,
 * and written by text.h, report-json.h, page.h and svg.h. Blocks and bytes are real
 * numbers, since those of a sample are estimates. Times are in nanoseconds since tracing
 * began.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database/overview.h"
#include "database/terms.h"
#include "report/edges.h"
#include "report/strings.h"
#include "report/sums.h"
#include "report/nodes.h"

/* Of frames */
enum report_flag {
	FRAME_INLINED = 1,
	FRAME_INFERRED = 2, /* from a tail call */
	FRAME_SKIPPED = 4,  /* of a library or an allocation wrapper */
	FRAME_STARTUP = 8,  /* starts the program or a thread */
};

struct report_function {
	uint32_t short_name, full_name; /* of strings */
};

/* A line of a function of a module. Frame 0 stands for stacks that are unknown. */
struct report_frame {
	uint32_t function;
	uint32_t file;   /* of strings, 0: unknown */
	uint32_t line;   /* 0: unknown */
	uint32_t module; /* plus 1, 0: unknown */
	unsigned int flags;
};

struct report_module {
	char *path, *build_id;
	enum module_symbols symbols;
	bool has_functions, has_lines;
};

enum report_value {
	VALUE_BLOCKS, /* allocated */
	VALUE_BYTES,
	VALUE_LIVE_BLOCKS, /* not freed at the end */
	VALUE_LIVE_BYTES,
	VALUE_PEAK_BLOCKS, /* live at the peak */
	VALUE_PEAK_BYTES,
	VALUE_TEMPORARY, /* blocks that their thread freed next */
	N_REPORT_VALUES
};

/* A line that allocates: the owning frame of some stacks. */
struct report_site {
	uint32_t frame;
	uint32_t allocator; /* of strings: of its largest stack */
	uint32_t chain;     /* of strings: malloc ← xmalloc ← push, in short names */
	int64_t number;     /* the first stack of the database that it owns */
	size_t merged;      /* sites that it stands for */
	size_t stacks;
	double values[N_REPORT_VALUES];
	double variances[N_REPORT_VALUES]; /* of estimates, else 0 */
	double largest;                    /* bytes of its largest stack, */
	uint32_t node;                     /* where that ends in the tree */
};

struct report_leak {
	uint32_t site;
	enum leak_kind kind;
	double blocks, bytes;
	double indirect_blocks, indirect_bytes; /* reachable only through them */
	int64_t first_ns, last_ns;              /* when they were allocated */
};

struct report_thread {
	int64_t thread, number, tid;
	char *name;
	double blocks, bytes, live_bytes;
};

struct report_marker {
	char *text;
	int64_t ns;
	uint32_t thread; /* plus 1, 0: unknown */
	size_t edge;     /* of the edges; the nearest one if there are too many marks */
};

/* Who freed what. */
struct report_free {
	uint32_t site, frame; /* that allocated; the owning frame that freed, plus 1 */
	double blocks, bytes, crossed, mismatched;
};

/* Blocks of a site that were resized. */
struct report_growth {
	uint32_t site;
	double chains, reallocs, moves, copied_bytes;
	int64_t p50, p95, largest; /* final sizes */
};

struct report_note {
	char *sentence, *remedy; /* remedy: the line that mends it, or NULL */
	const char *view;        /* of the page, or NULL */
	int64_t site;            /* handle, 0: none */
	double bytes;
};

struct report_notes {
	struct report_note *notes;
	size_t n, n_max;
};

/* Heap snapshots of the process, and who retains most in the last one that is whole. */
struct report_snapshots {
	size_t n;
	char *name; /* of that one; NULL: none is whole */
	int64_t at_ns, bytes;
	char *root, *full_root; /* NULL: none retains anything alone */
	int64_t retained_bytes;
};

#define REPORT_BUCKETS 256 /* the usual number of steps of time */

struct report_options {
	int64_t process;    /* 0: the largest one of the last run */
	const char *run;    /* number or label; NULL: the last one */
	const char *thread; /* number as t3 or 3; NULL: all */
	const char *window; /* A..B, NULL: all */
	const char *site;   /* s17; NULL: all */
	size_t buckets;
	const char **wrappers; /* patterns */
	size_t n_wrappers;
	void (*progress)(void *context, double share); /* or NULL */
	void *context;
};

struct report {
	struct overview_process process; /* texts are its own */
	size_t n_processes;              /* in the database */
	struct report_other {
		int64_t process, run, pid, allocations, peak_bytes;
		char *executable;
	} * others; /* all processes, by number */
	struct strings strings;
	struct report_function *functions;
	size_t n_functions, n_functions_max;
	struct report_frame *frames;
	size_t n_frames, n_frames_max;
	struct report_module *modules;
	size_t n_modules, n_modules_max;
	struct nodes tree;
	struct report_site *sites; /* sorted by bytes at the peak */
	size_t n_sites, n_sites_max;
	struct report_thread *threads;
	size_t n_threads, n_threads_max;
	struct report_marker *markers;
	size_t n_markers, n_markers_max;
	struct overview_scope *scopes;
	size_t n_scopes, n_scopes_max;
	struct overview_loss *losses;
	size_t n_losses, n_losses_max;
	struct overview_point *timeline;
	size_t n_timeline, n_timeline_max;
	struct report_leak *leaks; /* by kind, the worst first, then by bytes */
	size_t n_leaks, n_leaks_max;
	struct report_free *frees;
	size_t n_frees, n_frees_max;
	struct report_growth *growths;
	size_t n_growths, n_growths_max;
	struct report_notes findings, unseen;
	/* Totals */
	double blocks, bytes, live_blocks, live_bytes, peak_blocks, peak_bytes, temporary;
	double variances[N_REPORT_VALUES];
	int64_t peak_ns;
	int64_t resident_bytes, resident_ns; /* in memory at most, 0: unknown; when that
					      * was, */
	double resident_live;                /* and what was live then */
	struct report_snapshots snapshots;
	bool leaks_known; /* memory was scanned */
	bool is_cut; /* the trace ended before the program: of what was live only what
		      * a scan found lost is a leak */
	bool is_estimate; /* sampled */
	/* Cells of (node, born, died): cube_key */
	struct edges edges;
	size_t peak_edge;
	size_t window_from, window_to; /* edges; from 0 to the last one if all is asked */
	bool has_window;
	uint32_t thread; /* plus 1: only what it allocated; 0: all */
	struct sums cube;
	size_t *site_cells;  /* indexes of the cells of all sites, one after the other, */
	size_t *first_cells; /* where those of each site begin; the last one is the end */
	struct sums uncertain;   /* the same by site: the variances of estimates */
	struct sums temporaries; /* by node */
	struct sums heat;        /* by heat_key */
	struct sums thread_sites, thread_site_lives; /* by pair_key(thread, site) */
	struct sums
		handovers; /* by pair_key(allocating thread, freeing thread), plus 1 */
};

static inline uint64_t cube_key(uint32_t node, size_t born, size_t died)
{
	return (uint64_t)node << 32 | (uint64_t)born << 16 | (uint64_t)died;
}

static inline uint32_t cube_node(uint64_t key)
{
	return (uint32_t)(key >> 32);
}

static inline size_t cube_born(uint64_t key)
{
	return key >> 16 & 0xffff;
}

static inline size_t cube_died(uint64_t key)
{
	return key & 0xffff;
}

static inline uint64_t pair_key(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

/* Classes of size and lifetime, as docs/reference/report-page.md counts them. */
static inline uint64_t heat_key(uint32_t site, unsigned int size, unsigned int lifetime)
{
	return (uint64_t)site << 16 | size << 8 | lifetime;
}
