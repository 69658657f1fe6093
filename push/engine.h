/* SPDX-License-Identifier: MIT */
/*
 * The engines that profiles are sent to. One more is one more row in engines.c, and a
 * file with the functions that the row names; nothing else knows an engine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "database/windows.h"
#include "push/labels.h"
#include "push/process.h"
#include "push/request.h"

/* What a request is about, as bits: what was allocated in the window, and what was live
 * at its end. */
enum push_part {
	PUSH_ALLOC = 1,
	PUSH_INUSE = 2,
	/* Of engines that keep them apart: the stacks that were not sent with an earlier
	 * window, and the process, which has one sample of any stack */
	PUSH_STACKS = 4,
	PUSH_RUN = 8,
};

/* A window of a process. */
struct push_window {
	const struct push_process *process;
	const struct push_labels *labels;
	int64_t begin_ns, end_ns; /* since 1970 */
	unsigned int parts;       /* enum push_part */
	bool redacted;    /* files have no directories, and nothing names the host */
	bool of_peak;     /* what was live is that of the peak, at end_ns */
	bool is_snapshot; /* what was live is said; set with the parts */
	/* Of each stack of the process: it was sent. The cutter's, and set there */
	bool *known;
};

/* What a stack did in it. */
struct push_sample {
	const struct push_stack *stack;
	const struct windows_values *of; /* those of the parts count */
};

/* How a body is written: sample by sample. */
struct push_body {
	void *(*begin)(FILE *out, const struct push_window *window);
	void (*put)(void *body, const struct push_sample *sample);
	size_t (*size)(const void *body); /* bytes so far, before compression */
	void (*end)(void *body);          /* and free */
};

struct push_engine {
	const char *name;
	const struct push_body *body;
	/* Make the rest of a request of a body that is written; all texts are the
	 * request's then. */
	void (*finish)(struct push_request *request, const struct push_window *window);
	/* The parts of each request of a window; the last one is 0 */
	unsigned int requests[4];
	const char *token_prefix;  /* of the header with the token */
	const char *tenant_header; /* its name; NULL: there are no tenants */
	bool takes_twice;          /* the same request again changes nothing, by its id */
	bool counts_snapshots; /* has to know of those in which nothing was live, too */
	/* Limits; 0: there is none */
	size_t max_samples, max_bytes, max_labels;
	int64_t max_age_s, max_ahead_s;
};

/* Return engine i, or NULL behind the last one. */
const struct push_engine *push_engine(size_t i);
const char *push_engine_name(size_t i);

/* What the rows name. */
extern const struct push_body push_body_pprof;
extern const struct push_body push_body_otlp;
extern const struct push_body push_body_clickhouse;
void pyroscope_finish(struct push_request *request, const struct push_window *window);
void parca_finish(struct push_request *request, const struct push_window *window);
void coroot_finish(struct push_request *request, const struct push_window *window);
void otlp_finish(struct push_request *request, const struct push_window *window);
void clickhouse_finish(struct push_request *request, const struct push_window *window);
