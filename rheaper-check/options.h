/* SPDX-License-Identifier: MIT */
/* The command line of rheaper-check. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "loading/load.h"
#include "rheaper-check/limits.h"
#include "rheaper-check/paths.h"
#include "rheaper-check/report.h"

struct arena;

struct format {
	const char *name;
	report_fn *write;
};

struct report {
	const struct format *format;
	const char *path; /* NULL: standard output */
};

struct options {
	struct arena *arena;
	const char *baseline, *write_baseline, *source_root;
	const char **suppressions;
	size_t n_suppressions;
	bool no_default_suppressions;
	size_t min_runs;
	unsigned int leak_kinds;
	struct symbol_settings symbols; /* of traces */
	const char **wrappers;
	size_t n_wrappers;
	struct paths paths; /* its maps; main sets the root */
	bool full_names;
	const char **expectations;
	size_t n_expectations;
	bool update_baseline, require_programs, allow_partial, ignore_children, quiet;
	struct limits limits;
	struct report *reports;
	size_t n_reports;
	char **inputs;
	size_t n_inputs;
};

/*
 * Parse the command line, with defaults for what it does not say. The texts belong to
 * argv or the arena. Ends the program for a wrong word, --help and --version.
 */
void check_options_parse(struct options *o, struct arena *arena, int argc, char **argv);
void check_options_fini(struct options *o);
