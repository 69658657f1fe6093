/* SPDX-License-Identifier: MIT */
/*
 * The pages of a process at a moment, as rheaper-report --pages shows them: read from a
 * database by read-pages.c, written by text-pages.c and pages-json.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "report/pages.h"

struct database;
struct json;
struct map;
struct report;
struct screen;
struct text_options;

enum pages_moment {
	PAGES_AT_END,  /* something was live when the trace ended */
	PAGES_AT_PEAK, /* nothing was, then */
	PAGES_AT_ASKED,
};

enum pages_allocator {
	ALLOCATOR_GLIBC,   /* glibc was mapped, and no other one that is known */
	ALLOCATOR_OTHER,   /* a library of another one was mapped */
	ALLOCATOR_UNKNOWN, /* neither, as in a static program */
};

struct pages_view {
	struct pages pages; /* its last site has the blocks of unknown stacks */
	int64_t at_ns;
	enum pages_moment moment;
	enum pages_allocator allocator;
	char *library;                 /* the file name of the other one, or NULL */
	double blocks, bytes;          /* live; estimates if sampled */
	int64_t resident, resident_ns; /* bytes in memory, last read then; 0: unknown */
	double cost;                   /* headers and rounding */
	uint64_t unseen_ends; /* blocks left out: nobody knows whether they lived */
	bool is_estimate;     /* sampled: pages are those of the samples, a part */
	bool is_incomplete;   /* blocks may be missing that were live */
};

/*
 * Read the pages of the process of a report of report_read_sites. `at` is a moment of
 * report_moment; NULL: the end, or the peak if nothing was live at the end. Dies if the
 * database cannot be read. The caller frees the view with pages_view_free.
 */
struct pages_view *pages_read(const struct database *database,
			      const struct report *report, const struct map *sites,
			      const char *at);
void pages_view_free(struct pages_view *view);

/* Write them as text, and as one JSON object. */
void text_write_pages(const struct screen *screen, const struct report *report,
		      const struct pages_view *view, const struct text_options *options);
void pages_write_json(struct json *json, const struct report *report,
		      const struct pages_view *view);
