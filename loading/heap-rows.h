/* SPDX-License-Identifier: MIT */
/*
 * Writes the tables of heap snapshots: who points to whom, who keeps whom alive, what
 * would be free with it. For load.c, when a trace has been read.
 */
#pragma once

#include <stdint.h>

struct catalog;
struct reader;
struct store;
struct store_trace;
struct symbol_settings;

struct heap_rows {
	const char *trace;
	const struct store_trace *where;
	const struct reader *reader;
	const struct catalog *catalog;         /* that a registry has taken over */
	const struct symbol_settings *symbols; /* NULL: roots have no names */
};

/* Write all snapshots of a trace; nothing if it has none. Warns of those that take much
 * memory, and of those that have no rows but the one that says why. */
void heap_rows_write(const struct heap_rows *rows, struct store *store);
