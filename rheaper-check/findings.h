/* SPDX-License-Identifier: MIT */
/*
 * The verdict of a check: its findings, what improved, and whether it is inconclusive. It
 * is made from a measure, and the reports write it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cli.h"
#include "rheaper-check/measure.h"

struct arena;
struct baseline;
struct limits;
struct paths;

enum finding_kind {
	FINDING_LEAK,        /* a leak; there is no baseline */
	FINDING_NEW_LEAK,    /* a leak that is not in the baseline */
	FINDING_LEAK_GROWTH, /* a leak that is larger than in the baseline */
	FINDING_GROWTH,      /* another amount of a program or site grew too much */
	FINDING_LIMIT,       /* an amount of a program exceeds its --limit */
	FINDING_EXPECTATION, /* a rule does not hold */
	N_FINDING_KINDS
};

/* What is said of a kind: for machines, for people, a sentence, more of them, and what to
 * do about it, with `code`. */
struct finding_text {
	const char *id, *title, *meaning, *description, *help;
};

extern const struct finding_text finding_texts[N_FINDING_KINDS];

struct finding {
	enum finding_kind kind;
	const char *program;
	const struct measure_site *site; /* NULL: it is about the program */
	/* The amount or rule that it is about, in the same words in every run; NULL: its
	 * leaks */
	const char *topic;
	/* Where it is written what it does not keep to, as named on the command line;
	 * NULL: nowhere */
	const char *rule_file;
	size_t rule_line;
	bool has_before;
	int64_t before[N_AMOUNTS], now[N_AMOUNTS];
	const char *message; /* one sentence */
	/* Of a leak: what hangs below its definitely lost blocks, the largest first */
	const struct measure_owned *owned;
	size_t n_owned;
	int64_t indirect[N_AMOUNTS]; /* the sum of these */
	int64_t together;            /* bytes that it leaks, and that are lost with it */
	int64_t n_told; /* of its blocks, with the findings that they hang below */
	/* Set by findings_sort, for identity.h */
	const char *identity;
	unsigned int occurrence; /* which of those of this identity, from 1 */
};

/* Something that improved since the baseline. */
struct improvement {
	const char *key; /* names.h, without files */
	const char *message;
};

/* What the default suppressions of one reason took. */
struct default_taken {
	const char *reason;
	int64_t amounts[N_AMOUNTS];
};

struct verdict {
	struct arena *arena;
	struct measure *measure;
	/* What has no call site comes first, then the largest leak. What only hangs below
	 * the blocks of one is no other */
	struct finding *findings;
	size_t n_findings;
	struct improvement *better;
	size_t n_better;
	const char **notes; /* sentences */
	size_t n_notes;
	size_t n_leaks, n_known; /* call sites that leak; those in the baseline */
	int64_t suppressed[N_AMOUNTS];
	struct default_taken *defaults; /* the part of it that nobody asked for */
	size_t n_defaults;
	const struct paths *paths; /* for files that the command line names */
	const char *baseline_path; /* NULL: there is none */
	bool full_names;           /* reports show whole names and stacks */
	bool has_baseline, allow_partial, ignore_children, require_programs;
	bool hangs_on_lost; /* a suppression or a rule, on names that are lost */
};

/* Compare the measure with the limits and with a baseline, which may be NULL. Adds the
 * findings and improvements, and notes of leaks that are taken for others. */
void findings_compare(struct verdict *verdict, struct baseline *baseline,
		      const struct limits *limits);

/* Sort the findings, and give them their identities. Call it after the last one was
 * added. */
void findings_sort(struct verdict *verdict);

/* Add a copy of a finding, which must have a kind, a program and a message. */
void findings_add(struct verdict *verdict, const struct finding *finding);

/* Return what a word has behind it where there are `n`: "s", or "". */
const char *findings_plural(int64_t n);

/* Add a note, a sentence that lives as long as the arena. */
void findings_note(struct verdict *verdict, const char *note);

/* Return whether the traces of a key's program are complete: what is not in one of them
 * may have been done all the same. */
bool verdict_judges(const struct verdict *verdict, const char *key);

/* Return the name of a key's program. */
const char *verdict_program(const struct verdict *verdict, const char *key);

/* Return whether a problem of a trace makes the check inconclusive. */
bool verdict_minds(const struct verdict *verdict, const struct measure_problem *problem);

/* Return whether the traces are complete enough for a verdict on what was found; if not,
 * the check is inconclusive. */
bool verdict_is_known(const struct verdict *verdict);

/* Return the exit status for a verdict. */
enum exit_code verdict_status(const struct verdict *verdict);
