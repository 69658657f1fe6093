/* SPDX-License-Identifier: MIT */
/*
 * Makes a bundle: columns of numbers behind a JSON text, as gzip in base64
 * (docs/reference/report-page.md). Dies if memory runs out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json;

struct bundle_column {
	const char *name;
	bool is_delta; /* else plain */
	uint64_t last;
	size_t count;
	unsigned char *bytes;
	size_t n, n_max;
};

/* A zeroed struct bundle is empty. */
struct bundle {
	struct bundle_column *columns;
	size_t n, n_max;
	char *encoded; /* base64 */
	size_t n_encoded;
};

/* Add a column. Returns its number. */
size_t bundle_column(struct bundle *bundle, const char *name, bool is_delta);

/* Add a value to a column. What is above 2^53 - 1 becomes that. */
void bundle_put(struct bundle *bundle, size_t column, uint64_t value);

/* The same for a real number, rounded, 0 if it is negative. */
void bundle_put_real(struct bundle *bundle, size_t column, double value);

/* Write the list of columns as a JSON array. */
void bundle_list(const struct bundle *bundle, struct json *json);

/* Compress all columns behind the JSON text that `write` writes, into
 * bundle->encoded. */
void bundle_encode(struct bundle *bundle, void (*write)(void *context, struct json *json),
		   void *context);

void bundle_fini(struct bundle *bundle);
