/* SPDX-License-Identifier: MIT */
/*
 * The call sites: places in the code that call an allocator, each with the totals of
 * all stacks whose innermost frame it is (as frame_no 0 of the database has them).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "rheaper-top/rows.h"

struct catalog;
struct catalog_stack;
struct names;

struct site {
	uint64_t address;  /* in the process */
	uint32_t module;   /* number in the catalog */
	uint32_t flags;    /* enum rhp_node_flags */
	uint32_t same;     /* 1 + site of the same address in another module, 0: none */
	uint32_t function; /* number of the allocation function */
	uint32_t stack; /* of its stacks, the one with most live bytes, or allocations */
	double temporary;
	char *name; /* once it was asked for */
};

/* Sites 0 and 1 stand for stacks that are not known, and not sampled. */
struct sites {
	const struct catalog *catalog;
	struct names *names;
	struct site *sites; /* by id */
	size_t n_sites_max;
	struct rows rows;
	struct map by_address; /* -> site */
	uint32_t *of_stack;    /* stack -> 1 + site, 0: not known yet */
	size_t n_of_stack;
};

/* The catalog and the names stay the caller's. All that can fail does so by -ENOMEM. */
int sites_init(struct sites *sites, const struct catalog *catalog, struct names *names);
void sites_fini(struct sites *sites);

/* What the rows are by now; rates are those of the last `seconds`. */
int sites_update(struct sites *sites, double seconds);

/* What a site is called, harmless to a terminal. NULL: out of memory. */
const char *sites_name(struct sites *sites, uint32_t site);

/*
 * The stack of a site that has most live bytes: `take` gets the function that allocates,
 * then frame by frame, the innermost first. 0, -ENOMEM or what it gave.
 */
int sites_stack(struct sites *sites, uint32_t site,
		int (*take)(void *context, const char *text), void *context);
