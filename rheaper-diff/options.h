/* SPDX-License-Identifier: MIT */
/* The command line of rheaper-diff. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "report/diff.h"
#include "report/diff-text.h"
#include "report/model.h"
#include "symbols/symbol-files.h"

struct options {
	struct diff_options diff;
	const char *html;             /* write a page there */
	struct report_options report; /* of both sides */
	struct symbol_settings symbols;
	int sort, color; /* -1: not given */
	const char *min; /* as given */
	bool tree, json, iec, no_pager;
	bool retained;              /* compare heap snapshots */
	char *snapshots[N_SIDES];   /* their names or numbers; NULL: the usual ones */
	const char *both_snapshots; /* as given */
	size_t n_inputs;            /* 1: both snapshots are of one */
	size_t processes[2];        /* 0: the largest one of the last run */
};

/* Parse the command line. Ends the program if it is wrong, or asks for help. */
void options_read(struct options *options, int argc, char **argv);
void options_free(struct options *options);
