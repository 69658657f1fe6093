/* SPDX-License-Identifier: MIT */
/*
 * Says which frame of each stack of a database is its owner (analysis/owner.h), and how
 * the memory came there. Every function dies if the database cannot be read or memory
 * runs out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;
struct owner_table;

/*
 * Read the owners of all stacks. Without patterns they are those that the loader found;
 * with any, they are found anew, with all functions that fit a pattern as wrappers, and
 * the database stays as it is.
 */
struct owner_table *owner_table_new(const struct database *database,
				    const char *const *globs, size_t n_globs);
void owner_table_free(struct owner_table *table);

/* Return the frame_no of a stack's owner: of the innermost frame, 0, if the database has
 * no such stack or frame. */
int64_t owner_table_frame_no(const struct owner_table *table, int64_t stack);

/* Return how the memory came to a stack's owner: "malloc ← jv_mem_alloc ← jv_string", in
 * short names; "" for a stack that the database does not have. It lives as long as the
 * table. */
const char *owner_table_chain(const struct owner_table *table, int64_t stack);

/* Return whether a function is of a library of C, C++ or Rust, none of whose frames is an
 * owner. The path of the module may be NULL. */
bool owner_is_library(const char *function, const char *module_path);
