/* SPDX-License-Identifier: MIT */
/*
 * Adds up call sites: places in the code that own memory (analysis/owner.h), each with
 * the totals of all stacks that it owns. A site is what the owner columns of call_sites
 * in a database tell apart: function, file, line and module.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/tree.h"
#include "common/map.h"
#include "rheaper-top/rows.h"
#include "following/stacks.h"

struct site {
	int64_t place;  /* number of the first place that was seen there, 0: none */
	uint32_t stack; /* of the catalog: the one with most live bytes, else with most
			   allocations */
	double temporary;
	char *name; /* NULL until it is asked for */
};

/* Site 0 stands for unknown stacks, site 1 for those that were not sampled. */
struct sites {
	struct stacks stacks;
	bool full_names;
	struct site *sites; /* by id */
	size_t n_sites_max;
	struct rows rows;
	struct names modules; /* paths */
	struct tree keys;     /* function, file, line, module */
	struct map by_key;    /* node of it -> site */
	uint32_t *of_stack;   /* stack of the registry -> site */
	size_t n_of_stack, n_of_stack_max;
	unsigned int round; /* of the stacks, that of_stack is of */
	double *before;     /* allocations of the stacks of the catalog, one view ago */
	size_t n_before;
	char *text; /* that a function returned last */
};

/* Make an empty list; arguments are those of stacks_init. Functions here that return an
 * int return 0 or -ENOMEM. */
int sites_init(struct sites *sites, struct catalog *catalog, uint32_t max_depth,
	       const struct stack_settings *settings, bool full_names);
void sites_fini(struct sites *sites);

/* Update the rows from the catalog, with rates for an interval of so many seconds. `over`
 * says that the catalog will gain nothing more. */
int sites_update(struct sites *sites, double seconds, bool over);

/* Return the name of a site, with control characters escaped; NULL if memory runs out. */
const char *sites_name(struct sites *sites, uint32_t site);

/*
 * The same, with the way from the allocator if there is more between than a call, as in
 * "malloc ← luaM_malloc_ ← luaH_new ltable.c:625": that of the stack with most live
 * bytes. Whole names have none. The text lives until the next call.
 */
const char *sites_way(struct sites *sites, uint32_t site);

/* A site as a database has it. What is unknown is NULL. */
struct site_facts {
	char *short_name, *chain; /* of the stack with most live bytes */
	const char *function, *file, *module_path;
	int64_t line;
};

/* Set the facts of a site, which site_facts_fini frees. */
int sites_facts(struct sites *sites, uint32_t site, struct site_facts *facts);
void site_facts_fini(struct site_facts *facts);

/*
 * Describe the stack of a site that has most live bytes: call `take` with the way as
 * above and an empty text, if there is one; with the allocation function; then with each
 * frame, the innermost first. Returns 0, -ENOMEM, or the first result of `take` that is
 * not 0.
 */
int sites_stack(struct sites *sites, uint32_t site,
		int (*take)(void *context, const char *text), void *context);
