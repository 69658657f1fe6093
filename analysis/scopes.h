/* SPDX-License-Identifier: MIT */
/*
 * Pairs the beginnings and ends of scopes, thread by thread, and says which scope a
 * thread is in at any time. Nothing that a trace may say about scopes is impossible:
 * ends that are missing are made up, and ends of nothing are counted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct catalog;
struct reader;

enum scope_ending {
	SCOPE_ENDED = 0,
	SCOPE_LEFT = 1, /* a scope around it ended, and with it this one */
	SCOPE_OPEN = 2, /* when the trace ended: until after its last event */
};

/* Scopes that a thread is in at one time. Where one more begins, as if each had been
 * left by longjmp, the innermost one ends. */
#define SCOPE_MAX_DEPTH 256

#define SCOPE_NONE SIZE_MAX

struct scope {
	uint32_t thread; /* number in the trace */
	uint32_t number; /* by which it ends */
	uint32_t depth;  /* 0: in no other */
	enum scope_ending ending;
	size_t parent; /* index, or SCOPE_NONE */
	int64_t begin_ns, end_ns;
	const char *name; /* the catalog's */
};

/* From here on the thread is in that scope, in no deeper one. */
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

/* Of all that the catalog has, where the last event of the trace was at last_ns. 0 or
 * -ENOMEM; then too the result is there to be freed. */
int scopes_pair(struct scopes *scopes, const struct catalog *catalog,
		const struct reader *reader, int64_t last_ns);
void scopes_fini(struct scopes *scopes);
