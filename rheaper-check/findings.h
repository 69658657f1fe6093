/* SPDX-License-Identifier: MIT */
/*
 * The verdict: what a check found, what got better, what it cannot tell. Made from a
 * measure; written by the reports.
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
	FINDING_LEAK,        /* there is no baseline to know it */
	FINDING_NEW_LEAK,    /* the baseline does not know it */
	FINDING_LEAK_GROWTH, /* ... knows less of it */
	FINDING_GROWTH,      /* of another amount, of a program or a site */
	FINDING_LIMIT,       /* an amount of a program is too large in any case */
	FINDING_EXPECTATION, /* a rule does not hold */
	N_FINDING_KINDS
};

/* What each kind is called: for machines; for people; in a sentence. */
struct finding_text {
	const char *id, *title, *meaning;
};

extern const struct finding_text finding_texts[N_FINDING_KINDS];

struct finding {
	enum finding_kind kind;
	const char *program;
	const struct measure_site *site; /* NULL: of the program */
	enum amount amount;              /* that grew, where it is not leaks */
	bool has_before;
	int64_t before[N_AMOUNTS], now[N_AMOUNTS];
	const char *message; /* one sentence */
};

/* What got better. */
struct improvement {
	const char *key; /* names.h */
	const char *message;
};

struct verdict {
	struct arena *arena;
	const struct measure *measure;
	struct finding *findings; /* the largest leak first */
	size_t n_findings;
	struct improvement *better;
	size_t n_better;
	const char **notes; /* sentences */
	size_t n_notes;
	size_t n_leaks, n_known; /* call sites that leak; of them, in the baseline */
	int64_t suppressed[N_AMOUNTS];
	const char *source_root; /* below which files have relative names */
	bool has_baseline, allow_partial;
};

/* Compare with a baseline, which is NULL if there is none, and with the limits. */
void findings_compare(struct verdict *verdict, struct baseline *baseline,
		      const struct limits *limits);

/* Sort them; after the last one. */
void findings_sort(struct verdict *verdict);

/* Add one that has a kind, a program and a message. */
void findings_add(struct verdict *verdict, const struct finding *finding);

void findings_note(struct verdict *verdict, const char *note);

/* Whether a problem is a reason not to tell. */
bool verdict_minds(const struct verdict *verdict, const struct measure_problem *problem);

/* Whether the traces tell enough for a verdict of what was found. */
bool verdict_is_known(const struct verdict *verdict);
enum exit_code verdict_status(const struct verdict *verdict);

/* "1 block, 5 bytes" */
const char *findings_leak_text(struct arena *arena, const int64_t *amounts);
