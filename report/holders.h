/* SPDX-License-Identifier: MIT */
/*
 * What a report says about a heap snapshot: which roots and sites retain what, as a tree,
 * and why a block is alive, as the path from a root to it. Read from a database by
 * read-holders.c and why.c, written by text-holders.c and holders-json.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "report/strings.h"

struct database;
struct json;
struct overview_process;
struct screen;
struct text_options;

#define HOLDER_NONE UINT32_MAX

/* A line that allocates: the owner of some stacks. */
struct holder_site {
	int64_t number;                      /* its first stack: the handle */
	uint32_t short_name, function, file; /* of strings; 0: unknown */
	int64_t line;                        /* 0: unknown */
	int64_t possible_blocks; /* held by possible pointers alone; holders_read_page */
};

struct holder_root {
	uint32_t kind, short_name, name, file, module; /* of strings; 0: unknown */
	int64_t node, line, thread, address; /* 0: unknown; thread: its handle */
	int64_t retained_bytes, retained_blocks;
	size_t sites; /* whose blocks it retains */
};

/* A group of the dominator tree by sites. Number 0 is all of it. */
struct holder_group {
	uint32_t parent;       /* a lower number; HOLDER_NONE: number 0 */
	uint32_t root;         /* index, or HOLDER_NONE */
	uint32_t site;         /* index, or HOLDER_NONE */
	int64_t blocks, bytes; /* its own */
	int64_t retained_blocks, retained_bytes;
};

struct holders {
	int64_t snapshot, at_ns, blocks, bytes, edges, possible_edges;
	char *name;
	size_t n_snapshots; /* of the process */
	struct strings strings;
	struct holder_site *sites;
	size_t n_sites, n_sites_max;
	struct map site_of;        /* of each stack */
	struct holder_root *roots; /* by node: the first follows the last block */
	size_t n_roots, n_roots_max;
	struct holder_group *groups;
	size_t n_groups, n_groups_max;
};

enum holders_which {
	HOLDERS_LAST,
	HOLDERS_FIRST
};

/*
 * Read a snapshot of a process: the one of that name or number, any if it is NULL; of
 * several, the last or the first. Dies if there is none, or that is not whole. The caller
 * ends it with holders_free.
 */
struct holders *holders_read(const struct database *database, int64_t process,
			     const char *snapshot, enum holders_which which);
/*
 * Read the last snapshot of a process that is whole, without its groups. Returns NULL if
 * there is none; `n` is how many there are, whole or not.
 */
struct holders *holders_peek(const struct database *database, int64_t process, size_t *n);
void holders_free(struct holders *holders);

/*
 * The same for a page, which can do without: if `snapshot` is NULL, the last one that is
 * whole, or NULL if there is none. Its sites know which of their blocks are held by
 * possible pointers alone.
 */
struct holders *holders_read_page(const struct database *database, int64_t process,
				  const char *snapshot);

/* Return the index of the root that is a node, or HOLDER_NONE; and of the site that a
 * stack belongs to. */
uint32_t holders_find_root(const struct holders *holders, int64_t node);
uint32_t holders_find_site(const struct holders *holders, int64_t stack);

/* A part of a path: blocks of a site, each held by the one before it at the same offset.
 */
struct why_step {
	uint32_t root;  /* index; HOLDER_NONE: blocks */
	uint32_t site;  /* index; HOLDER_NONE: unknown */
	int64_t offset; /* of the pointer in what comes before; -1: of nothing */
	int64_t blocks;
};

struct why {
	uint32_t site;         /* that was asked for, or HOLDER_NONE: a block was */
	int64_t blocks, bytes; /* of that site */
	int64_t possible_blocks,
		unheld_blocks; /* of them: held by doubts alone, by none */
	/* The block; of a site, the one that retains most */
	int64_t node, address, size, retained_bytes, retained_blocks;
	uint32_t block_site, dominator_site, dominator_root;
	int64_t dominator_address; /* 0: none but the roots, or a root */
	bool is_held, is_possible;
	struct why_step *steps; /* from the root on */
	size_t n_steps, n_steps_max;
};

/*
 * Find why a block is alive: s17 is a site, 0x7f3c28 the address of a block or of a byte
 * in it. Dies if the snapshot has no such block. The caller frees the steps.
 */
struct why why_find(const struct database *database, const struct holders *holders,
		    const char *what);

/* Return what a root or a site is called, for the caller to free; of a root without its
 * place, too. */
char *holders_root_title(const struct holders *holders, uint32_t root, bool is_full);
char *holders_root_name(const struct holders *holders, uint32_t root, bool is_full);
char *holders_site_name(const struct holders *holders, uint32_t site, bool is_full);

/* Write them as text, and as one JSON object; or a part of it, as an object. */
void text_write_holders(const struct screen *screen, const struct holders *holders,
			const struct overview_process *process,
			const struct text_options *options);
void text_write_why(const struct screen *screen, const struct holders *holders,
		    const struct why *why, const struct text_options *options);
void holders_write_snapshot(struct json *json, const struct holders *holders);
void holders_write_root(struct json *json, const struct holders *holders, uint32_t root);
void holders_write_site(struct json *json, const struct holders *holders, uint32_t site);
void holders_write_json(struct json *json, const struct holders *holders);
void why_write_json(struct json *json, const struct holders *holders,
		    const struct why *why);
