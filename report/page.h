/* SPDX-License-Identifier: MIT */
/*
 * Writes a report as one HTML file that needs nothing else: docs/reference/report-page.md
 * says what its data are, web/ what shows them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report/model.h"

struct holders;

#define PAGE_REDACT_ARGS 1u  /* the command line */
#define PAGE_REDACT_PATHS 2u /* all directories */
#define PAGE_REDACT_HOST 4u  /* the name of the machine */

/* Their usual values */
#define PAGE_PRUNE 0.0001
#define PAGE_MAX_SIZE 1000000

struct page_options {
	double prune;    /* threshold: share of the whole that a node must have */
	size_t max_size; /* bytes; the threshold is raised until the page fits; 0: any */
	unsigned int redact; /* a set of PAGE_REDACT_... */
	const char *sources; /* directory whose source lines are embedded, or NULL */
	const char *command; /* that makes the page */
	const struct holders *holders; /* a heap snapshot, or NULL: without that view */
};

/* Return whether pages can be written: the parts of web/ are in the program. */
bool page_is_available(void);

/* Write the page. Dies if it cannot be made as small as wanted. */
void page_write(FILE *out, const struct report *report,
		const struct page_options *options);
