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

enum finding_kind {
	FINDING_LEAK,        /* a leak; there is no baseline */
	FINDING_NEW_LEAK,    /* a leak that is not in the baseline */
	FINDING_LEAK_GROWTH, /* a leak that is larger than in the baseline */
	FINDING_GROWTH,      /* another amount of a program or site grew too much */
	FINDING_LIMIT,       /* an amount of a program exceeds its --limit */
	FINDING_EXPECTATION, /* a rule does not hold */
	N_FINDING_KINDS
};

/* The names of a kind: for machines; for people; and a sentence that explains it. */
struct finding_text {
	const char *id, *title, *meaning;
};

extern const struct finding_text finding_texts[N_FINDING_KINDS];

struct finding {
	enum finding_kind kind;
	const char *program;
	const struct measure_site *site; /* NULL: it is about the program */
	enum amount amount;              /* that grew, where it is not leaks */
	bool has_before;
	int64_t before[N_AMOUNTS], now[N_AMOUNTS];
	const char *message; /* one sentence */
	/* Of a leak: what hangs below its definitely lost blocks, the largest first */
	const struct measure_owned *owned;
	size_t n_owned;
	int64_t indirect[N_AMOUNTS]; /* the sum of these */
	int64_t together;            /* bytes that it leaks, and that are lost with it */
	int64_t n_told; /* of its blocks, with the findings that they hang below */
};

/* Something that improved since the baseline. */
struct improvement {
	const char *key; /* names.h */
	const char *message;
};

/* What the default suppressions of one reason took. */
struct default_taken {
	const char *reason;
	int64_t amounts[N_AMOUNTS];
};

struct verdict {
	struct arena *arena;
	const struct measure *measure;
	/* The largest leak first. What only hangs below the blocks of one is no other */
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
	bool full_names; /* reports show whole names and stacks */
	bool has_baseline, allow_partial, ignore_children;
};

/* Compare the measure with the limits and with a baseline, which may be NULL. Adds the
 * findings, improvements and notes. */
void findings_compare(struct verdict *verdict, struct baseline *baseline,
		      const struct limits *limits);

/* Sort the findings. Call it after the last one was added. */
void findings_sort(struct verdict *verdict);

/* Add a copy of a finding, which must have a kind, a program and a message. */
void findings_add(struct verdict *verdict, const struct finding *finding);

/* Add a note, a sentence that lives as long as the arena. */
void findings_note(struct verdict *verdict, const char *note);

/* Return whether a problem of a trace makes the check inconclusive. */
bool verdict_minds(const struct verdict *verdict, const struct measure_problem *problem);

/* Return whether the traces are complete enough for a verdict on what was found; if not,
 * the check is inconclusive. */
bool verdict_is_known(const struct verdict *verdict);

/* Return the exit status for a verdict. */
enum exit_code verdict_status(const struct verdict *verdict);
