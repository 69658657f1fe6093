/* SPDX-License-Identifier: MIT */
/*
 * The events of a trace in order, and what they name. For trace-table.c; knows no SQL.
 */
#pragma once

#include <stdbool.h>

#include "analysis/catalog.h"
#include "trace/reader.h"

struct merge;

/* All zeros is closed. */
struct events {
	struct reader *reader;
	struct merge *merge;
	struct catalog catalog;           /* empty if it was not asked for */
	const struct reader_event *event; /* NULL: there are no more */
};

/*
 * Open a trace, before its first event; closed by events_close whatever comes of it. The
 * catalog costs another reading of the file. 0, -errno or an enum reader_problem.
 */
int events_open(struct events *events, const char *path, bool with_catalog);
void events_close(struct events *events);

/* Go on to the next event, or the end: 0 or -errno. */
int events_next(struct events *events);

/* Of the event: what it is called, whether its size means anything, the call that it
 * names and that call's function; NULL if unknown, as all is without a catalog. */
const char *events_kind(const struct events *events);
bool events_has_size(const struct events *events);
const struct catalog_node *events_call(const struct events *events);
const char *events_function(const struct events *events);

/* The frame that a call or a frame was called from, or NULL. */
const struct catalog_node *events_caller(const struct events *events,
					 const struct catalog_node *node);
