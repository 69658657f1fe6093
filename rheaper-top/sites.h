/* SPDX-License-Identifier: MIT */
/*
 * Adds up call sites: places in the code that call an allocator, each with the totals of
 * all stacks of which it is the innermost frame (frame_no 0 of the database).
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
	uint32_t stack;    /* the one with most live bytes, else with most allocations */
	double temporary;
	char *name; /* NULL until it is asked for */
};

/* Site 0 stands for unknown stacks, site 1 for those that were not sampled. */
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

/* Make an empty list. The catalog and the names stay the caller's. Functions here that
 * return an int return 0 or -ENOMEM. */
int sites_init(struct sites *sites, const struct catalog *catalog, struct names *names);
void sites_fini(struct sites *sites);

/* Update the rows from the catalog, with rates for an interval of so many seconds. */
int sites_update(struct sites *sites, double seconds);

/* Return the name of a site, with control characters escaped; NULL if memory runs out. */
const char *sites_name(struct sites *sites, uint32_t site);

/*
 * Describe the stack of a site that has most live bytes: call `take` with the allocation
 * function, then with each frame, the innermost first. Returns 0, -ENOMEM, or the first
 * result of `take` that is not 0.
 */
int sites_stack(struct sites *sites, uint32_t site,
		int (*take)(void *context, const char *text), void *context);
