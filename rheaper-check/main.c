// SPDX-License-Identifier: MIT
#include <errno.h>

#include "common/cli.h"
#include "common/lock.h"
#include "common/output.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/baseline.h"
#include "rheaper-check/expect.h"
#include "rheaper-check/findings.h"
#include "rheaper-check/inputs.h"
#include "rheaper-check/limits.h"
#include "rheaper-check/lines.h"
#include "rheaper-check/measure.h"
#include "rheaper-check/notes.h"
#include "rheaper-check/options.h"
#include "rheaper-check/presence.h"
#include "rheaper-check/ratchet.h"
#include "rheaper-check/report.h"
#include "rheaper-check/suppress.h"

/* To compare the amounts of sites, and to lower those that the baseline has. */
static bool needs_all_sites(const struct options *o, const struct baseline *baseline)
{
	return o->limits.site_growth[AMOUNT_ALLOCATIONS].asked ||
	       o->limits.site_growth[AMOUNT_BYTES].asked ||
	       (o->update_baseline && ratchet_has_totals(&baseline->sites));
}

/* Of a baseline that will be written, from before it is read. */
static struct lock baseline_lock = {.fd = -1};

static void take_turn(const char *path)
{
	int error = lock_take(&baseline_lock, path);

	errno = -error;
	if (error && error != -ENOENT)
		die("lock %s:", path);
}

/* What there is is judged by itself: only limits are left to be broken. */
static void judge(const struct options *o, struct baseline *baseline, struct verdict *v)
{
	struct baseline *known = o->baseline || o->write_baseline ? baseline : NULL;

	if (o->write_baseline)
		ratchet_new(baseline, v->arena, v->measure, &o->limits);
	if (known)
		presence_mark(v->measure, known);
	findings_compare(v, known, &o->limits);
	notes_add(v, known, &o->limits);
	if (known)
		presence_tell(v, known);
	findings_sort(v);
	lines_note(v);
	if (!verdict_is_known(v)) /* a baseline of it would be wrong */
		return;
	if (o->write_baseline) {
		take_turn(o->write_baseline);
		baseline_write(baseline, o->write_baseline);
	}
	if (o->update_baseline) {
		if (lock_is_changed(&baseline_lock, o->baseline))
			die("update %s: another program changed it meanwhile; check "
			    "again",
			    o->baseline);
		ratchet_less(baseline);
		presence_update(baseline, v->arena, v->measure);
		baseline_write(baseline, o->baseline);
	}
	lock_release(&baseline_lock);
}

/* What main passes on. */
struct check {
	struct arena arena;
	struct options options;
	struct suppressions suppressions;
	struct expectations expectations;
	struct baseline baseline;
	struct measure measure;
	struct verdict verdict;
};

/* Rules come first, for a wrong line is said before a long load. */
static void read_rules(struct check *c)
{
	const struct options *o = &c->options;

	suppress_init(&c->suppressions, &c->arena);
	for (size_t i = 0; i < o->n_suppressions; i++)
		suppress_read(&c->suppressions, o->suppressions[i]);
	if (!o->no_default_suppressions)
		suppress_defaults(&c->suppressions);
	c->expectations.arena = &c->arena;
	for (size_t i = 0; i < o->n_expectations; i++)
		expect_read(&c->expectations, o->expectations[i]);
	if (o->update_baseline)
		take_turn(o->baseline);
	if (o->baseline)
		baseline_read(&c->baseline, &c->arena, o->baseline);
	if (o->baseline)
		limits_check_baseline(&o->limits, &c->baseline, o->baseline);
}

static void measure_all(struct check *c)
{
	const struct options *o = &c->options;

	measure_init(&c->measure, &c->arena, needs_all_sites(o, &c->baseline));
	c->measure.min_runs = o->min_runs;
	if (o->baseline)
		c->measure.version = c->baseline.version;
	c->measure.paths = &o->paths;
	c->measure.leak_kinds = o->leak_kinds;
	c->measure.wrappers = o->wrappers;
	c->measure.n_wrappers = o->n_wrappers;
	expect_want(&c->expectations, &c->measure);
	inputs_measure(&c->measure, o->inputs, o->n_inputs, &o->symbols);
	suppress_apply(&c->suppressions, &c->measure);
	measure_note_rebuilt(&c->measure);
	measure_finish(&c->measure);
}

static void report(const struct options *o, const struct verdict *v)
{
	for (size_t i = 0; i < o->n_reports; i++) {
		const struct report *r = &o->reports[i];

		FILE *out = output_open(r->path, false);

		output_share();
		r->format->write(v, out);
		output_finish();
	}
}

int main(int argc, char **argv)
{
	struct check c = {0};
	enum exit_code status;

	check_options_parse(&c.options, &c.arena, argc, argv);
	output_protect((const char *const *)c.options.inputs, c.options.n_inputs);
	paths_init(&c.options.paths, &c.arena, c.options.source_root);
	read_rules(&c);
	measure_all(&c);
	c.verdict = (struct verdict){
		.arena = &c.arena,
		.measure = &c.measure,
		.allow_partial = c.options.allow_partial,
		.ignore_children = c.options.ignore_children,
		.require_programs = c.options.require_programs,
		.full_names = c.options.full_names,
		.paths = &c.options.paths,
		.baseline_path = c.options.baseline,
		.hangs_on_lost = c.suppressions.hangs_on_lost,
	};
	expect_check(&c.expectations, &c.suppressions, &c.verdict);
	judge(&c.options, &c.baseline, &c.verdict);
	suppress_note(&c.suppressions, &c.verdict);
	report(&c.options, &c.verdict);
	status = verdict_status(&c.verdict);
	check_options_fini(&c.options);
	arena_fini(&c.arena);
	return status;
}
