/* SPDX-License-Identifier: MIT */
/*
 * The baseline: a text file, kept with the source, that lists what was known before. It
 * has a paragraph for each program and each call site, sorted by name
 * (docs/how-to/ci.md). One of version 1 has no files of functions, and one of version 2
 * no details.
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
	int64_t used[N_AMOUNTS];  /* the part of `amounts` that is still there */
	int64_t processes;        /* of a program, 0: not known */
	size_t line;              /* where it begins in the file, 0: it is new */
	bool is_alike;            /* sites took of `used` whose files are not all known */
	bool leaks;               /* a site with exactly this key still leaks, */
	bool is_there;            /* ... or is there at least */
	struct names_shape shape; /* of the key, to compare it with others */
};

struct baseline_list {
	struct baseline_entry *entries; /* sorted by key */
	size_t n;
};

struct baseline {
	struct baseline_list programs, sites;
	enum names_version version;
};

/* Read a file. Dies, naming the line, if it is not a baseline. */
void baseline_read(struct baseline *baseline, struct arena *arena, const char *path);

/* Write a baseline. The file is replaced when the new one is complete. Dies if that
 * fails. */
void baseline_write(struct baseline *baseline, const char *path);

/* Add an entry to a baseline that is to be written, in any order. */
void baseline_add(struct baseline_list *list, struct arena *arena,
		  const struct baseline_entry *entry);

/* Find an entry by its key. Returns NULL if there is none. */
struct baseline_entry *baseline_find(const struct baseline_list *list, const char *key);
