/* SPDX-License-Identifier: MIT */
/* The command line of rheaper-push. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "push/labels.h"
#include "symbols/symbol-files.h"

struct options {
	int engine; /* -1: not given */
	const char *url;
	char **inputs;
	size_t n_inputs;
	const char **label_texts, **allowed;
	size_t n_label_texts, n_allowed;
	struct push_labels labels; /* of label_texts */
	int64_t window_ns, backoff_ns, timeout_ns;
	int64_t max_age_ns; /* -1: the engine's */
	const char *follow; /* the directory, or NULL */
	int64_t interval_ns;
	const char *run;
	size_t process; /* 0: all */
	const char *tenant, *token_file, *ca_file, *spool;
	int64_t spool_bytes;
	size_t retries;
	bool resend, dry_run, redact, quiet;
	struct symbol_settings symbols;
};

/* Parse the command line. Ends the program if it is wrong, or asks for help. */
void options_read(struct options *options, int argc, char **argv);
void options_free(struct options *options);
