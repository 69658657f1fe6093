/* SPDX-License-Identifier: MIT */
/*
 * Makes the roots of a heap snapshot of the words that point to blocks: all words of a
 * variable are one root, as are those of a frame or a thread. For heap-rows.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "contract/format.h"

struct catalog;
struct heap_root;
struct heap_snapshot;
struct symbol_settings;

#define HEAP_ROOT_NO_MODULE UINT32_MAX

struct heap_root_node {
	enum rhp_root_kind kind; /* ROOT_MEMORY with a module: data of that */
	uint32_t tid;            /* 0: of no thread, or unknown */
	uint32_t module;         /* index of the catalog's, or HEAP_ROOT_NO_MODULE */
	uint64_t address;        /* where it begins, or its first word; 0: nowhere */
	uint64_t size;           /* of a variable, else 0 */
	char *name, *file;       /* bytes, or NULL */
	int line;                /* 0: unknown */
	size_t first_word;       /* its words, up to those of the next root */
};

struct heap_roots {
	struct heap_root_node *roots;
	size_t n_roots, n_roots_max;
	const struct heap_root **words; /* by root */
	size_t n_words;
};

/* Symbols are looked up if there are settings. */
struct heap_roots_sources {
	const struct catalog *catalog;
	const struct symbol_settings *symbols; /* or NULL */
	const char *executable;
};

/* Make the roots of a snapshot, whose words they point to. Returns 0 or -ENOMEM; they are
 * to be ended by heap_roots_fini in both cases. */
int heap_roots_make(struct heap_roots *roots, const struct heap_snapshot *snapshot,
		    const struct heap_roots_sources *sources);
void heap_roots_fini(struct heap_roots *roots);
