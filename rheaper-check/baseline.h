/* SPDX-License-Identifier: MIT */
/*
 * What was known: a text file that stands beside the source, a paragraph for each
 * program and each call site, in the order of their names (docs/how-to/ci.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rheaper-check/measure.h"
#include "rheaper-check/names.h"

struct baseline_entry {
	const char *key;     /* names.h; of a program, its name */
	bool has[N_AMOUNTS]; /* which of these it has */
	int64_t amounts[N_AMOUNTS];
	int64_t used[N_AMOUNTS];  /* of these, what is there still */
	bool leaks;               /* a site of this very key leaks still */
	struct names_shape shape; /* of the key, when it is compared with others */
};

struct baseline_list {
	struct baseline_entry *entries; /* sorted by key */
	size_t n;
};

struct baseline {
	struct baseline_list programs, sites;
};

/* Read a file. Dies, with the line, of one that is no baseline. */
void baseline_read(struct baseline *baseline, struct arena *arena, const char *path);

/* Write it; the file is replaced when the new one is whole. */
void baseline_write(struct baseline *baseline, const char *path);

/* Add an entry, in any order; before it is written. */
void baseline_add(struct baseline_list *list, struct arena *arena,
		  const struct baseline_entry *entry);

/* An entry by its key, or NULL. */
struct baseline_entry *baseline_find(const struct baseline_list *list, const char *key);
