// SPDX-License-Identifier: MIT
/*
 * Windows are numbered from the beginning of the trace, as those of a database are, so
 * whoever begins again, and reads the trace from its start, makes requests that have the
 * same ids, which the spool knows.
 *
 * Totals of the catalog only grow; what a window adds is what they are more than when the
 * last one ended. They are rounded before that, so that windows add up to the whole.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/catalog.h"
#include "analysis/tally.h"
#include "common/array.h"
#include "common/cli.h"
#include "common/text.h"
#include "contract/format.h"
#include "following/follow.h"
#include "following/stacks.h"
#include "push/cut.h"
#include "push/engine.h"

#include "push/growing.h"

#define SECOND INT64_C(1000000000)
#define GRACE_NS SECOND /* what a thread may be late with its events */

struct totals {
	double allocations, bytes, live_blocks, live_bytes, peak_blocks, peak_bytes;
	double n, live_n, peak_n; /* that were recorded */
	double variance, live_variance, peak_variance;
};

struct growing {
	const struct growing_settings *settings;
	struct follow *follow;
	struct stacks stacks;
	int64_t window;        /* that is not cut yet */
	struct totals *totals; /* of the stacks of the registry */
	size_t n_totals_max;
	int64_t *sent_allocations, *sent_bytes; /* in windows before */
	size_t n_sent_allocations_max, n_sent_bytes_max;
	struct sent_estimate {
		double n, variance;
	} * sent_estimates; /* the same */
	size_t n_sent_estimates_max;
	bool *known; /* stacks that were sent */
	size_t n_known_max;
	bool of_peak;
	bool over;
};

static _Noreturn void die_memory(void)
{
	die("follow a trace: out of memory");
}

int growing_open(struct growing **result, const char *path,
		 const struct growing_settings *settings)
{
	struct growing *g = calloc(1, sizeof(*g));
	int error;

	if (!g)
		die_memory();
	g->settings = settings;
	error = follow_open(&g->follow, path, 0);
	if (error) {
		free(g);
		return error;
	}
	if (stacks_init(&g->stacks, follow_catalog(g->follow),
			follow_header(g->follow)->max_stack_depth,
			&(struct stack_settings){.symbols = settings->symbols}))
		die_memory();
	*result = g;
	return 0;
}

void growing_close(struct growing *g)
{
	stacks_fini(&g->stacks);
	follow_close(g->follow);
	free(g->totals);
	free(g->sent_allocations);
	free(g->sent_bytes);
	free(g->sent_estimates);
	free(g->known);
	free(g);
}

bool growing_is_over(const struct growing *g)
{
	return g->over;
}

/* A trace that is not sampled has all blocks, and no error. */
static void sum_up_estimates(const struct growing *g, const struct catalog_stack *s,
			     bool noted, struct totals *t)
{
	bool sampled = follow_header(g->follow)->sample_bytes > 0;

	t->n += (double)s->recorded;
	t->live_n += sampled ? (double)s->live_recorded : s->live_blocks;
	t->variance += s->variance;
	t->live_variance += s->live_variance;
	t->peak_n += !sampled ? (noted ? s->peak_blocks : s->live_blocks)
			      : (double)(noted ? s->peak_recorded : s->live_recorded);
	t->peak_variance += noted ? s->peak_variance : s->live_variance;
}

/* Several stacks of the catalog may be one of the registry. */
static void sum_up(struct growing *g)
{
	const struct catalog *c = follow_catalog(g->follow);
	uint64_t epoch = follow_tally(g->follow)->epoch;
	size_t n = g->stacks.registry.n_stacks;

	if (array_grow((void **)&g->totals, &g->n_totals_max, n, sizeof(*g->totals)) ||
	    array_grow((void **)&g->sent_allocations, &g->n_sent_allocations_max, n,
		       sizeof(*g->sent_allocations)) ||
	    array_grow((void **)&g->sent_bytes, &g->n_sent_bytes_max, n,
		       sizeof(*g->sent_bytes)) ||
	    array_grow((void **)&g->sent_estimates, &g->n_sent_estimates_max, n,
		       sizeof(*g->sent_estimates)) ||
	    array_grow((void **)&g->known, &g->n_known_max, n + 1, sizeof(*g->known)))
		die_memory();
	memset(g->totals, 0, n * sizeof(*g->totals));
	for (size_t i = 0; i < c->n_stacks; i++) {
		const struct catalog_stack *s = &c->stacks[i];
		struct totals *t = &g->totals[s->number];
		bool noted = s->epoch == epoch; /* tally.c: since the peak it changed */

		t->allocations += s->allocations;
		t->bytes += s->bytes;
		t->live_blocks += s->live_blocks;
		t->live_bytes += s->live_bytes;
		t->peak_blocks += noted ? s->peak_blocks : s->live_blocks;
		t->peak_bytes += noted ? s->peak_bytes : s->live_bytes;
		sum_up_estimates(g, s, noted, t);
	}
}

static void set_estimate(struct windows_values *to, int live, double n, double variance)
{
	to->n[live] = llround(n);
	/* What is left of sums whose terms were taken away is rounding alone */
	to->variance[live] = to->n[live] > 0 && variance > 0 ? variance : 0;
}

static void get_values(void *context, const struct push_stack *stack,
		       struct windows_values *of)
{
	const struct growing *g = context;
	const struct totals *t = &g->totals[stack->stack];
	const struct sent_estimate *sent = &g->sent_estimates[stack->stack];
	int64_t *values = of->values;

	set_estimate(of, 0, t->n - sent->n, t->variance - sent->variance);
	set_estimate(of, 1, g->of_peak ? t->peak_n : t->live_n,
		     g->of_peak ? t->peak_variance : t->live_variance);
	values[PROFILE_ALLOCATIONS] =
		llround(t->allocations) - g->sent_allocations[stack->stack];
	values[PROFILE_BYTES] = llround(t->bytes) - g->sent_bytes[stack->stack];
	values[PROFILE_LIVE_BLOCKS] =
		llround(g->of_peak ? t->peak_blocks : t->live_blocks);
	values[PROFILE_LIVE_BYTES] = llround(g->of_peak ? t->peak_bytes : t->live_bytes);
}

static void note_sent(struct growing *g)
{
	for (size_t i = 0; i < g->stacks.registry.n_stacks; i++) {
		g->sent_allocations[i] = llround(g->totals[i].allocations);
		g->sent_bytes[i] = llround(g->totals[i].bytes);
		g->sent_estimates[i] =
			(struct sent_estimate){g->totals[i].n, g->totals[i].variance};
	}
}

static void format_build_id(const struct registry_module *m, char *text, size_t size)
{
	size_t n = m->build_id_size < (size - 1) / 2 ? m->build_id_size : (size - 1) / 2;

	text[0] = 0;
	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", m->build_id[i]);
}

/* Where the process has the module; it has those of its own trace alone. */
static struct profile_module module_of(const struct growing *g, size_t number)
{
	const struct catalog *c = follow_catalog(g->follow);
	struct profile_module module = {
		.module = (int64_t)number, .has_functions = true, .has_lines = true};

	for (size_t i = 0; i < c->n_modules; i++) {
		if (c->modules[i].shared != number)
			continue;
		module.start = (int64_t)c->modules[i].start;
		module.end = (int64_t)c->modules[i].end;
	}
	return module;
}

static char *utf8(const char *bytes)
{
	char *text = text_utf8(bytes, strlen(bytes));

	if (!text)
		die_memory();
	return text;
}

static void add_modules(const struct growing *g, struct push_process *p)
{
	const struct registry *r = &g->stacks.registry;

	for (size_t i = 0; i < r->n_modules; i++) {
		struct profile_module module = module_of(g, i + 1);
		char build_id[132], *path = utf8(r->modules[i].path);

		format_build_id(&r->modules[i], build_id, sizeof(build_id));
		module.path = path;
		module.build_id = build_id;
		push_process_add_module(p, &module);
		if (strcmp(module.path, p->executable) == 0 && !p->build_id &&
		    build_id[0] && !(p->build_id = strdup(build_id)))
			die_memory();
		free(path);
	}
}

static uint64_t bias_of(const struct growing *g, uint32_t module)
{
	const struct catalog *c = follow_catalog(g->follow);

	for (size_t i = 0; module && i < c->n_modules; i++)
		if (c->modules[i].shared == module)
			return c->modules[i].bias;
	return 0;
}

static void add_frames(const struct growing *g, struct push_process *p)
{
	const struct places *places = &g->stacks.places;

	for (size_t i = 1; i <= places->n; i++) {
		const struct place *place = &places->places[i];
		char *file = place->file == PLACE_NO_FILE
				     ? NULL
				     : utf8(places->files.texts[place->file]);
		uint64_t address = place->address + bias_of(g, place->module);
		struct profile_frame frame = {
			.frame = (int64_t)i,
			.address = (int64_t)address,
			.module = place->module,
			.innermost = place->inline_depth == 0,
			.function = places->functions.texts[place->function],
			.file = file,
			.line = place->line,
			.inferred = place->inferred,
		};

		push_process_add_frame(p, &frame);
		free(file);
	}
	push_process_set_frames(p);
}

static void add_stacks(struct growing *g, struct push_process *p)
{
	struct places *places = &g->stacks.places;

	for (size_t i = 0; i < g->stacks.registry.n_stacks; i++) {
		if (places_collect(places, &g->stacks.registry.stacks[i]))
			die_memory();
		push_process_begin_stack(p, (int64_t)i,
					 stacks_allocator(&g->stacks, (uint32_t)i));
		for (size_t k = 0; k < places->n_stack; k++)
			if (places->places[places->stack[k]].inline_depth == 0)
				push_process_add_to_stack(p, places->stack[k]);
		push_process_end_stack(p);
	}
}

static char *copy(const char *text)
{
	char *copied = text ? strdup(text) : NULL;

	if (text && !copied)
		die_memory();
	return copied;
}

static void make_process(struct growing *g, struct push_process *p)
{
	const struct rhp_file_header *h = follow_header(g->follow);
	const struct catalog *c = follow_catalog(g->follow);

	push_process_begin(p, g->settings->allowed, g->settings->n_allowed);
	p->pid = h->pid;
	p->started_ns = (int64_t)h->start_realtime_ns;
	p->started_ticks = (int64_t)h->start_ticks;
	p->duration_ns = follow_last_ns(g->follow);
	p->sample_bytes = (int64_t)h->sample_bytes;
	p->executable =
		text_utf8(h->executable, strnlen(h->executable, sizeof(h->executable)));
	if (!p->executable)
		die_memory();
	p->host = copy(c->host);
	for (size_t i = 0; i < c->n_labels; i++)
		push_process_add_label(p, c->labels[i].name, c->labels[i].value);
	add_modules(g, p);
	add_frames(g, p);
	add_stacks(g, p);
}

/* The peak is of no window: it has a label of its own, so that nobody adds it to one. */
static void cut_peak(struct growing *g, struct push_window *w)
{
	struct push_labels labels = {.allowed = (const char *[]){"heap.moment"},
				     .n_allowed = 1};
	int64_t peak_ns = follow_tally(g->follow)->peak_ns;
	struct push_window of_peak = *w;

	push_labels_add_all(&labels, w->labels);
	push_labels_add(&labels, "heap.moment", "peak");
	of_peak.labels = &labels;
	of_peak.of_peak = true;
	of_peak.begin_ns = of_peak.end_ns = w->process->started_ns + peak_ns;
	g->of_peak = true;
	cut_window(g->settings->cut, &of_peak, CUT_LIVE, get_values, g);
	g->of_peak = false;
	push_labels_fini(&labels);
}

static void cut(struct growing *g, bool last)
{
	struct cut *to = g->settings->cut;
	struct push_process process;
	struct push_labels labels;
	struct push_window w = {.process = &process, .labels = &labels};

	if (stacks_update(&g->stacks, last))
		die_memory();
	stacks_close_symbols(&g->stacks);
	sum_up(g);
	w.known = g->known;
	make_process(g, &process);
	labels = g->settings->make_labels(g->settings->context, &process);
	w.begin_ns = process.started_ns + g->window * to->window_ns;
	w.end_ns = last ? process.started_ns + process.duration_ns
			: w.begin_ns + to->window_ns;
	w.redacted = to->redacted;
	to->now_ns = (int64_t)time(NULL) * SECOND;
	cut_window(to, &w, last || cut_is_snapshot(to, g->window) ? CUT_ALL : CUT_ALLOC,
		   get_values, g);
	if (last)
		cut_peak(g, &w);
	note_sent(g);
	push_labels_fini(&labels);
	push_process_fini(&process);
	g->window++;
}

int growing_poll(struct growing *g, int milliseconds)
{
	for (;;) {
		int64_t end_ns = (g->window + 1) * g->settings->cut->window_ns;
		int result = follow_poll_until(g->follow, milliseconds, end_ns);
		struct follow_status status = follow_status(g->follow);
		bool ended = follow_is_stopped(g->follow);

		if (result < 0 || result > 1)
			return result;
		/* A process that does nothing has windows, too. */
		if (result == 0 && !status.over)
			ended |= status.elapsed_ns >= end_ns + GRACE_NS;
		if (!ended && !status.over)
			return result;
		g->over = status.over && result == 0;
		cut(g, g->over);
		if (g->over)
			return 0;
	}
}
