/* SPDX-License-Identifier: MIT */
/*
 * Pairs the beginnings and ends of scopes, thread by thread, and tells which scope a
 * thread is in at any time. Every sequence is accepted: missing ends are added, and ends
 * of scopes that are not open are counted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct catalog;
struct reader;

enum scope_ending {
	SCOPE_ENDED = 0,
	SCOPE_LEFT = 1, /* a scope around it ended first */
	SCOPE_OPEN = 2, /* the trace ended first; end_ns is after its last event */
};

/* The most scopes that a thread can be in at one time. If one more begins, the innermost
 * one ends, as if it had been left by longjmp. */
#define SCOPE_MAX_DEPTH 256

#define SCOPE_NONE SIZE_MAX

struct scope {
	uint32_t thread; /* number in the trace */
	uint32_t number; /* which its end names */
	uint32_t depth;  /* how many scopes are around it */
	enum scope_ending ending;
	size_t parent; /* index, or SCOPE_NONE */
	int64_t begin_ns, end_ns;
	const char *name; /* owned by the catalog */
};

/* From this time on, the innermost scope of the thread is this one. */
struct scope_change {
	uint32_t thread;
	int64_t at_ns;
	size_t scope; /* index, or SCOPE_NONE */
};

/* Scopes by thread and the time they began; parents come first. */
struct scopes {
	struct scope *scopes;
	size_t n_scopes, n_scopes_max;
	struct scope_change *changes; /* by thread and time, no two of one thread equal */
	size_t n_changes, n_changes_max;
	uint64_t unpaired; /* ends of scopes that are not open */
};

/*
 * Pair all beginnings and ends of a catalog. The last event of the trace was at last_ns.
 * Returns 0 or -ENOMEM; the caller calls scopes_fini in both cases.
 */
int scopes_pair(struct scopes *scopes, const struct catalog *catalog,
		const struct reader *reader, int64_t last_ns);
void scopes_fini(struct scopes *scopes);
