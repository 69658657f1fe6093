/* SPDX-License-Identifier: MIT */
/* The SQL that rheaper-fleet prints and sends: one statement after the other, each ended
 * by ";\n". For ClickHouse; what asks has functions of ClickHouse, but no syntax of its
 * own: DuckDB and SQLite answer the same, when they have got these functions
 * (tests/duckdb.py). Dies if memory runs out. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct sql {
	const char *service;
	const char *before, *after; /* versions */
	const char *kind;           /* rheaper_samples.kind */
	const char *from, *to;      /* YYYY-MM-DD[ HH:MM:SS], UTC; NULL: any */
	const char *site;           /* a number, as diff and top have it */
	bool per_gib;               /* diff: bytes of each GiB, not an hour or snapshot */
	double level;
	size_t limit;
};

void sql_schema(FILE *out, const struct sql *sql);
void sql_top(FILE *out, const struct sql *sql);
void sql_diff(FILE *out, const struct sql *sql);
void sql_site(FILE *out, const struct sql *sql);
