/* SPDX-License-Identifier: MIT */
/* The command line of rheaper-report. */
#pragma once

#include <stdbool.h>

#include "report/model.h"
#include "report/page.h"
#include "report/screen.h"
#include "report/text.h"
#include "symbols/symbol-files.h"

struct options {
	struct report_options report;
	struct text_options text;
	struct symbol_settings symbols;
	int sort, color; /* -1: not given */
	bool tree, callers, retained, pages, json, iec, no_pager;
	const char *why, *snapshot, *at; /* or NULL */
	const char *html, *svg;          /* write a page, a picture there */
	struct page_options page;
	double prune; /* percent */
	int64_t max_size;
	const char **redacted;
	size_t n_redacted;
	size_t process;
	char **inputs;
	size_t n_inputs;
};

/* Parse the command line. Ends the program if it is wrong, or asks for help. */
void options_read(struct options *options, int argc, char **argv);
void options_free(struct options *options);
