/* SPDX-License-Identifier: MIT */
/*
 * Two heap snapshots side by side: the trees of what retains what, merged into one. For
 * text and JSON.
 *
 * A group of A is the same as one of B if all that stands above it is the same, and it is
 * the same site, or a root of the same name. Blocks whose holder is another one are so
 * gone from below the one, and new below the other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/diff.h"
#include "report/holders.h"

struct diff_options;

struct holders_values {
	int64_t blocks, bytes; /* own */
	int64_t retained_blocks, retained_bytes;
};

/* A group of A, of B, or of both. Number 0 is all of them. */
struct holders_change {
	uint32_t parent; /* a lower number; HOLDER_NONE: number 0 */
	bool is_root;
	bool is_in[N_SIDES];
	uint32_t roots[N_SIDES]; /* index, or HOLDER_NONE: a group of blocks */
	uint32_t sites[N_SIDES]; /* index, or HOLDER_NONE: unknown */
	size_t n_roots[N_SIDES]; /* of one name, which are one here */
	struct holders_values of[N_SIDES];
	int64_t moved; /* changes of own bytes, in either direction, of it and all below
			*/
};

/* What became of the blocks of A, and how those of B came to be there. */
struct holders_kept {
	int64_t both_blocks, both_bytes;   /* the same blocks, never freed between */
	int64_t gone_blocks, gone_bytes;   /* only in A */
	int64_t added_blocks, added_bytes; /* only in B */
};

struct holders_diff {
	const struct holders *sides[N_SIDES];
	struct holders_change *changes;
	size_t n_changes, n_changes_max;
	struct holders_kept kept;   /* of all blocks, and of each site; NULL: they are */
	struct holders_kept *sites; /* not of one process */
};

/* Take the pairs of sites from a diff of the same two processes, for the caller to free.
 */
uint32_t *holders_match_sites(const struct holders *a, const struct holders *b,
			      const struct diff *diff);

/*
 * Compare two snapshots, which must live as long as the result. `sites`: from
 * holders_match_sites; NULL: both are of one process, where indexes are the same, and
 * threads and addresses tell roots apart, too. Dies if memory runs out.
 */
struct holders_diff holders_diff_make(const struct holders *a, const struct holders *b,
				      const uint32_t *sites);
void holders_diff_fini(struct holders_diff *diff);

/* Count which blocks are in both snapshots, which must be of one process of a database:
 * those with one address and one allocation. */
void holders_diff_count(struct holders_diff *diff, const struct database *database,
			int64_t process);

/* Return what became of a group: DIFF_NEW, DIFF_GONE, or by what it retains. */
enum diff_status holders_diff_status(const struct holders_change *change);

/* Write it as text, and as one JSON object. `processes` are those of the two. */
void holders_diff_write(const struct screen *screen, const struct holders_diff *diff,
			const struct overview_process *const processes[N_SIDES],
			const struct diff_options *options);
void holders_diff_write_json(struct json *json, const struct holders_diff *diff);
