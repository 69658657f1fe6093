// SPDX-License-Identifier: MIT
/*
 * A body is begun anew when the next sample would exceed a limit of the engine. How much
 * a sample adds is known only when it is written: a body ends at nine tenths of the
 * bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "database/profile.h"
#include "database/windows.h"
#include "push/engine.h"
#include "push/text.h"

#include "push/cut.h"

#define SECOND INT64_C(1000000000)
#define SNAPSHOT_NS (300 * SECOND) /* between two of them, at least */

/* The requests of a window and parts, one after the other. */
struct run {
	struct cut *cut;
	const struct push_window *window;
	uint64_t series;
	struct push_text text;
	void *body; /* NULL: none is begun */
	size_t n_samples;
	unsigned int number;
};

static void end_request(struct run *r)
{
	const struct push_engine *engine = r->cut->engine;
	struct push_request request = {
		.series = r->series,
		.length_ms = (uint32_t)(r->cut->window_ns / 1000000),
		.window = push_hash_number(
			r->series, r->window->of_peak ? r->window->process->started_ns
						      : r->window->begin_ns),
		.parts = r->window->parts,
		.number = r->number++,
		.end_ns = r->window->end_ns,
		.n_samples = r->n_samples,
	};

	if (!r->body)
		return;
	engine->body->end(r->body);
	r->body = NULL;
	request.body = push_text_end(&r->text);
	request.size = r->text.size;
	engine->finish(&request, r->window);
	r->cut->take(r->cut->context, &request);
}

static bool is_full(const struct run *r)
{
	const struct push_engine *e = r->cut->engine;

	return (e->max_samples && r->n_samples >= e->max_samples) ||
	       (e->max_bytes && e->body->size(r->body) > e->max_bytes / 10 * 9);
}

static void begin_request(struct run *r)
{
	r->text = push_text_begin();
	r->body = r->cut->engine->body->begin(r->text.out, r->window);
	r->n_samples = 0;
}

static void put_sample(struct run *r, const struct push_sample *sample)
{
	if (r->body && is_full(r))
		end_request(r);
	if (!r->body)
		begin_request(r);
	r->cut->engine->body->put(r->body, sample);
	r->n_samples++;
}

static bool has_any(const int64_t *values, unsigned int parts)
{
	bool alloc = values[PROFILE_ALLOCATIONS] || values[PROFILE_BYTES];
	bool inuse = values[PROFILE_LIVE_BLOCKS] || values[PROFILE_LIVE_BYTES];

	return (parts & PUSH_ALLOC && alloc) || (parts & PUSH_INUSE && inuse);
}

/* Whether a stack goes into a request of the window, of which n samples are there. */
static bool counts(const struct push_window *w, size_t i, const int64_t *values,
		   bool any_yet)
{
	switch (w->parts) {
	case PUSH_STACKS:
		return !(w->known && w->known[i]) &&
		       has_any(values, PUSH_ALLOC | PUSH_INUSE);
	case PUSH_RUN:
		return !any_yet && has_any(values, PUSH_ALLOC | PUSH_INUSE);
	default:
		return has_any(values, w->parts);
	}
}

static uint64_t series_of(const struct cut *cut, const struct push_window *w)
{
	const struct push_process *p = w->process;
	uint64_t key = push_hash_number(PUSH_HASH, (int64_t)cut->target);

	for (size_t i = 0; i < w->labels->n; i++) {
		key = push_hash(key, w->labels->labels[i].name);
		key = push_hash(key, w->labels->labels[i].value);
	}
	key = push_hash(key, p->host ? p->host : "");
	key = push_hash_number(key, p->pid);
	key = push_hash_number(key, p->started_ns);
	return push_hash_number(key, p->started_ticks);
}

/* Returns whether there was anything. */
static bool cut_parts(struct cut *cut, struct push_window *w, cut_values_fn *get,
		      void *context)
{
	struct run run = {.cut = cut, .window = w, .series = series_of(cut, w)};
	struct windows_values values;
	bool any;

	for (size_t i = 0; i < w->process->n_stacks; i++) {
		const struct push_stack *stack = &w->process->stacks[i];

		get(context, stack, &values);
		if (!counts(w, i, values.values, run.body != NULL))
			continue;
		put_sample(&run, &(struct push_sample){stack, &values});
		if (w->parts == PUSH_STACKS && w->known)
			w->known[i] = true;
	}
	any = run.body != NULL;
	if (!any && cut->engine->counts_snapshots && w->is_snapshot &&
	    w->parts != PUSH_STACKS)
		begin_request(&run);
	end_request(&run);
	return any;
}

bool cut_is_snapshot(const struct cut *cut, int64_t number)
{
	int64_t begin = number * cut->window_ns, end = begin + cut->window_ns;

	return begin / SNAPSHOT_NS != end / SNAPSHOT_NS;
}

static bool is_refused(struct cut *cut, const struct push_window *w)
{
	int64_t ahead_s = cut->engine->max_ahead_s;
	bool old = cut->max_age_s && w->end_ns < cut->now_ns - cut->max_age_s * SECOND;
	bool ahead = ahead_s && w->end_ns > cut->now_ns + ahead_s * SECOND;

	cut->n_too_old += old;
	cut->n_ahead += ahead;
	return old || ahead;
}

void cut_window(struct cut *cut, struct push_window *w, enum cut_what what,
		cut_values_fn *get, void *context)
{
	static const unsigned int wanted[] = {[CUT_ALLOC] = PUSH_ALLOC,
					      [CUT_ALL] = PUSH_ALLOC | PUSH_INUSE,
					      [CUT_LIVE] = PUSH_INUSE};
	bool any = false;

	if (is_refused(cut, w))
		return;
	w->is_snapshot = wanted[what] & PUSH_INUSE;
	for (const unsigned int *parts = cut->engine->requests; *parts; parts++) {
		w->parts = *parts & (wanted[what] | PUSH_STACKS | PUSH_RUN);
		if (w->parts)
			any |= cut_parts(cut, w, get, context);
	}
	cut->n_windows++;
	cut->n_empty += !any;
}

/* A window of those that were read from a database. */
struct window_of {
	const struct windows *windows;
	size_t window;
};

static void get_values(void *context, const struct push_stack *stack,
		       struct windows_values *values)
{
	const struct window_of *of = context;

	windows_get(of->windows, stack->stack, of->window, values);
}

/* Window `number` of n_all, which is `of`. */
static void cut_number(struct cut *cut, const struct push_process *process,
		       const struct push_labels *labels, bool *known, size_t number,
		       size_t n_all, struct window_of of)
{
	int64_t begin = (int64_t)number * cut->window_ns;
	bool last = number + 1 == n_all;
	struct push_window w = {
		.process = process,
		.labels = labels,
		.begin_ns = process->started_ns + begin,
		.end_ns = process->started_ns +
			  (last ? process->duration_ns : begin + cut->window_ns),
		.redacted = cut->redacted,
		.known = known,
	};

	if (last && !process->ended)
		cut->n_unfinished++;
	else
		cut_window(cut, &w,
			   last || cut_is_snapshot(cut, (int64_t)number) ? CUT_ALL
									 : CUT_ALLOC,
			   get_values, &of);
}

void cut_process(struct cut *cut, struct profile *profile,
		 const struct push_process *process, const struct push_labels *labels)
{
	size_t n_all = windows_count(process->duration_ns, cut->window_ns), n;
	bool *known = calloc(process->n_stacks + 1, sizeof(*known));

	if (!known)
		die("cut windows: out of memory");
	for (size_t first = 0; first < n_all; first += n) {
		struct windows *windows;

		n = n_all - first;
		windows = windows_read(profile, cut->window_ns, first, &n);
		for (size_t i = 0; i < n; i++)
			cut_number(cut, process, labels, known, first + i, n_all,
				   (struct window_of){windows, i});
		windows_free(windows);
	}
	free(known);
}
