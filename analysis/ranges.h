/* SPDX-License-Identifier: MIT */
/*
 * An ordered set of ranges of addresses, which may lie in each other. For nest.c. One is
 * known by where it begins and by its level: how many others it lies in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, end;
	uint32_t level;
	uint32_t item, stack; /* the caller's */
};

struct range_node;

struct ranges {
	struct range_node *nodes; /* 0 is no node */
	size_t n_nodes, n_nodes_max;
	uint32_t root, unused; /* unused ones hang together by their left */
	uint64_t n_made;
};

/* Add a range, in the place of one of the same start and level. Returns 0 or -ENOMEM. A
 * zeroed struct ranges is empty. */
int ranges_put(struct ranges *ranges, const struct range *range);

/* Remove a range, if it is there. */
void ranges_take(struct ranges *ranges, uint64_t start, uint32_t level);

/* Find the last range up to this start and level, or the first from there on. Returns
 * NULL if there is none; valid until the next change. */
const struct range *ranges_up_to(const struct ranges *ranges, uint64_t start,
				 uint32_t level);
const struct range *ranges_from(const struct ranges *ranges, uint64_t start,
				uint32_t level);

void ranges_fini(struct ranges *ranges);
