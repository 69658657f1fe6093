// SPDX-License-Identifier: MIT
/*
 * Sites are compared in two passes. Equal keys are one place. Of what is left on both
 * sites, a leak that is related to leaks of the baseline (names.h) may use up what these
 * have: no more bytes and blocks leak than were known, in places that another compiler
 * may have made of the same source. So a relation never hides a leak that grew.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/baseline.h"
#include "rheaper-check/identity.h"
#include "rheaper-check/limits.h"
#include "rheaper-check/names.h"
#include "rheaper-check/owned.h"

#include "rheaper-check/findings.h"

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

void findings_add(struct verdict *v, const struct finding *finding)
{
	v->findings = arena_grow(v->arena, v->findings, v->n_findings, sizeof(*finding));
	v->findings[v->n_findings++] = *finding;
}

/* What is not in a trace of a program may have been done all the same. */
static bool is_judged(const struct verdict *v, const char *key)
{
	const struct measure_program *p = measure_program(
		v->measure, arena_text_n(v->arena, key, names_program(key)));

	return p && !p->partial;
}

static void add_better(struct verdict *v, const char *key, const char *message)
{
	if (!is_judged(v, key))
		return;
	v->better = arena_grow(v->arena, v->better, v->n_better, sizeof(*v->better));
	v->better[v->n_better++] = (struct improvement){key, message};
}

void findings_note(struct verdict *v, const char *note)
{
	v->notes = arena_grow(v->arena, v->notes, v->n_notes, sizeof(*v->notes));
	v->notes[v->n_notes++] = note;
}

static const char *program_of(struct verdict *v, const char *key)
{
	return arena_text_n(v->arena, key, names_program(key));
}

static void find_leak(struct verdict *v, const struct measure_site *site,
		      const struct baseline_entry *before)
{
	struct finding f = {
		.kind = !v->has_baseline ? FINDING_LEAK
			: before         ? FINDING_LEAK_GROWTH
					 : FINDING_NEW_LEAK,
		.program = program_of(v, site->key),
		.site = site,
		.has_before = before,
		.rule_file = v->baseline_path,
		.rule_line = before ? before->line : 0,
	};
	const char *was = "", *runs = "";

	memcpy(f.now, site->amounts, sizeof(f.now));
	owned_take(v, &f);
	if (before) {
		memcpy(f.before, before->amounts, sizeof(f.before));
		was = arena_format(v->arena, " (the baseline has %s)",
				   measure_leak_text(v->arena, before->amounts));
	}
	if (site->n_of_runs > 1)
		runs = site->n_runs == site->n_of_runs
			       ? arena_format(v->arena, ", in all %u runs", site->n_runs)
			       : arena_format(v->arena, ", in %u of %u runs: flaky",
					      site->n_runs, site->n_of_runs);
	f.message =
		arena_format(v->arena, "%s%s%s", owned_describe(v->arena, &f), was, runs);
	findings_add(v, &f);
}

static bool leaks_within(const int64_t *now, const int64_t *before,
			 const struct limits *limits)
{
	for (int i = AMOUNT_LEAK_BLOCKS; i <= AMOUNT_LEAK_BYTES; i++) {
		if (now[i] > limit_apply(&limits->site_growth[i], before[i]))
			return false;
	}
	return true;
}

/* A leak whose key the baseline has. */
static void compare_leak(struct verdict *v, const struct measure_site *site,
			 struct baseline_entry *before, const struct limits *limits)
{
	bool less = true;

	before->leaks = true;
	for (int i = AMOUNT_LEAK_BLOCKS; i <= AMOUNT_LEAK_BYTES; i++) {
		bool below = site->amounts[i] < before->amounts[i];

		less = less && site->amounts[i] <= before->amounts[i];
		before->used[i] = below ? site->amounts[i] : before->amounts[i];
	}
	if (!leaks_within(site->amounts, before->amounts, limits)) {
		find_leak(v, site, before);
		return;
	}
	v->n_known++;
	if (less && memcmp(before->used, before->amounts,
			   sizeof(*before->used) * (AMOUNT_LEAK_BYTES + 1)) != 0)
		add_better(v, site->key,
			   arena_format(v->arena, "leaks less: %s, was %s",
					measure_leak_text(v->arena, site->amounts),
					measure_leak_text(v->arena, before->amounts)));
}

/* Take as much as is wanted of what an entry has left; whether that is anything. */
static bool use(struct baseline_entry *entry, int64_t *wanted)
{
	bool any = false;

	for (int i = AMOUNT_LEAK_BLOCKS; i <= AMOUNT_LEAK_BYTES; i++) {
		int64_t left = entry->amounts[i] - entry->used[i];
		int64_t taken = wanted[i] < left ? wanted[i] : left;

		entry->used[i] += taken;
		wanted[i] -= taken;
		any = any || taken > 0;
	}
	return any;
}

/* Whether what an entry knows may have moved to a site: what leaks at its own place, even
 * if it leaks less, has not. */
static bool may_be(const struct baseline_entry *entry, const struct measure_site *site,
		   const struct names_shape *shape)
{
	return !entry->leaks &&
	       names_related(site->key, shape, entry->key, &entry->shape);
}

/* Whoever reads the verdict may know better. */
static void note_taken(struct verdict *v, const struct measure_site *site,
		       const struct baseline_entry *entry)
{
	findings_note(v, arena_format(v->arena,
				      "%s: the leak at %s is taken for the one at %s in "
				      "the baseline, which is not there any more",
				      program_of(v, site->key),
				      names_joined(v->arena, site->key),
				      names_joined(v->arena, entry->key)));
}

/* A leak whose key it has not: whether related ones that are not there cover it. */
static bool is_covered(struct verdict *v, const struct measure_site *site,
		       struct baseline *baseline, const struct limits *limits)
{
	int64_t left[N_AMOUNTS] = {0}, wanted[N_AMOUNTS];
	struct names_shape shape = names_shape(site->key);

	for (size_t i = 0; i < baseline->sites.n; i++) {
		const struct baseline_entry *e = &baseline->sites.entries[i];

		for (int k = AMOUNT_LEAK_BLOCKS;
		     k <= AMOUNT_LEAK_BYTES && may_be(e, site, &shape); k++)
			left[k] = measure_add(left[k], e->amounts[k] - e->used[k]);
	}
	if (left[AMOUNT_LEAK_BLOCKS] == 0 || !leaks_within(site->amounts, left, limits))
		return false;
	memcpy(wanted, site->amounts, sizeof(wanted));
	for (size_t i = 0; i < baseline->sites.n; i++) {
		struct baseline_entry *e = &baseline->sites.entries[i];

		if (may_be(e, site, &shape) && use(e, wanted))
			note_taken(v, site, e);
	}
	return true;
}

static void find_growth(struct verdict *v, const struct baseline_entry *entry,
			const struct measure_site *site, enum amount amount, int64_t now)
{
	int64_t before = entry->amounts[amount];
	struct finding f = {.kind = FINDING_GROWTH,
			    .program = program_of(v, entry->key),
			    .site = site,
			    .topic = amount_names[amount],
			    .rule_file = v->baseline_path,
			    .rule_line = entry->line,
			    .has_before = true};

	f.now[amount] = now;
	f.before[amount] = before;
	f.message = arena_format(
		v->arena, "%s %" PRId64 " (the baseline has %" PRId64 ", %+.1f %%)",
		amount_names[amount], now, before,
		before ? ((double)now - (double)before) * 100 / (double)before : 100.0);
	findings_add(v, &f);
}

/* The amounts that were asked for, of a site or a program which the baseline has. */
static void compare_amounts(struct verdict *v, const char *key,
			    const struct measure_site *site, const int64_t *now,
			    struct baseline_entry *before, const struct limit *limits)
{
	for (int i = AMOUNT_ALLOCATIONS; i < N_AMOUNTS; i++) {
		if (!before->has[i])
			continue;
		before->used[i] =
			now[i] < before->amounts[i] ? now[i] : before->amounts[i];
		if (!limits[i].asked)
			continue;
		if (now[i] > limit_apply(&limits[i], before->amounts[i]))
			find_growth(v, before, site, (enum amount)i, now[i]);
		else if (now[i] < before->amounts[i])
			add_better(v, key,
				   arena_format(v->arena, "%s %" PRId64 ", was %" PRId64,
						amount_names[i], now[i],
						before->amounts[i]));
	}
}

static void compare_sites(struct verdict *v, struct baseline *baseline,
			  const struct limits *limits)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < m->n_sites; i++) {
		const struct measure_site *site = &m->sites[i];
		struct baseline_entry *before =
			baseline_find(&baseline->sites, site->key);

		if (!before)
			continue;
		before->is_there = true;
		if (site->amounts[AMOUNT_LEAK_BLOCKS] && before->has[AMOUNT_LEAK_BLOCKS])
			compare_leak(v, site, before, limits);
		compare_amounts(v, site->key, site, site->amounts, before,
				limits->site_growth);
	}
	for (size_t i = 0; i < baseline->sites.n; i++)
		baseline->sites.entries[i].shape =
			names_shape(baseline->sites.entries[i].key);
	for (size_t i = 0; i < m->n_sites; i++) {
		const struct measure_site *site = &m->sites[i];
		struct baseline_entry *before =
			baseline_find(&baseline->sites, site->key);

		if (!site->amounts[AMOUNT_LEAK_BLOCKS] ||
		    (before && before->has[AMOUNT_LEAK_BLOCKS]))
			continue;
		if (is_covered(v, site, baseline, limits))
			v->n_known++;
		else
			find_leak(v, site, NULL);
	}
}

/* What the baseline has of programs that did not run, or are not all known, stays. */
static void keep_unjudged(const struct verdict *v, struct baseline_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!is_judged(v, list->entries[i].key))
			memcpy(list->entries[i].used, list->entries[i].amounts,
			       sizeof(list->entries[i].used));
	}
}

static void find_gone(struct verdict *v, const struct baseline *baseline)
{
	for (size_t i = 0; i < baseline->sites.n; i++) {
		const struct baseline_entry *e = &baseline->sites.entries[i];

		if (e->amounts[AMOUNT_LEAK_BLOCKS] && !e->used[AMOUNT_LEAK_BLOCKS])
			add_better(v, e->key,
				   arena_format(v->arena, "no longer leaks; was %s",
						measure_leak_text(v->arena, e->amounts)));
	}
}

static void note_absent(struct verdict *v, const struct baseline *baseline)
{
	const char *last = "";
	size_t n = 0;

	for (size_t i = 0; i < baseline->sites.n; i++) {
		const char *program = program_of(v, baseline->sites.entries[i].key);

		if (strcmp(program, last) != 0)
			n += !measure_program(v->measure, program);
		last = program;
	}
	if (n)
		findings_note(v, arena_format(v->arena,
					      "%zu program%s in the baseline did not run",
					      n, plural((int64_t)n)));
}

static void compare_programs(struct verdict *v, struct baseline *baseline,
			     const struct limits *limits)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < m->n_programs; i++) {
		const struct measure_program *p = &m->programs[i];
		struct baseline_entry *before =
			baseline_find(&baseline->programs, p->name);

		for (int k = 0; k < N_AMOUNTS; k++) {
			if (limits->growth[k].asked && !(before && before->has[k]))
				findings_note(
					v,
					arena_format(v->arena,
						     "%s of %s not compared: not in the"
						     " baseline",
						     amount_names[k], p->name));
		}
		if (before)
			compare_amounts(v, p->name, NULL, p->amounts, before,
					limits->growth);
	}
}

static void check_limits(struct verdict *v, const struct limits *limits)
{
	for (size_t i = 0; i < v->measure->n_programs; i++) {
		const struct measure_program *p = &v->measure->programs[i];
		const int64_t *now = p->amounts;

		for (int k = 0; k < N_AMOUNTS; k++) {
			struct finding f = {.kind = FINDING_LIMIT,
					    .program = p->name,
					    .topic = amount_names[k]};

			if (!limits->most[k].asked || now[k] <= limits->most[k].amount)
				continue;
			f.now[k] = now[k];
			f.message = arena_format(
				v->arena, "%s %" PRId64 ", limit %" PRId64,
				amount_names[k], now[k], limits->most[k].amount);
			findings_add(v, &f);
		}
	}
}

/* A leak in too few runs to count. */
static void note_rare(struct verdict *v, const struct measure_site *site)
{
	char *names = arena_text(v->arena, site->key);

	for (char *c = names; *c; c++)
		*c = *c == '\n' ? ';' : *c;
	findings_note(v, arena_format(v->arena, "leaks in only %u of %u runs: %s",
				      site->n_runs, site->n_of_runs, names));
}

/* What a scan doubts, and nobody asked for. */
static void note_uncounted(struct verdict *v)
{
	const struct measure *m = v->measure;
	int64_t of_kind[N_LEAK_KINDS][N_AMOUNTS] = {0};

	for (size_t i = 0; i < m->n_uncounted; i++) {
		const struct measure_site *row = &m->uncounted[i];

		for (int k = AMOUNT_LEAK_BLOCKS; k <= AMOUNT_LEAK_BYTES; k++)
			of_kind[row->kind][k] =
				measure_add(of_kind[row->kind][k], row->amounts[k]);
	}
	for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
		const int64_t *amounts = of_kind[kind];

		if (amounts[AMOUNT_LEAK_BLOCKS])
			findings_note(v,
				      arena_format(v->arena,
						   "%s, not counted (--leak-kinds):"
						   " %s",
						   leak_kind_names[kind],
						   measure_leak_text(v->arena, amounts)));
	}
}

/* Any live block is a leak where nobody looked whether something points to it. */
static void note_unscanned(struct verdict *v)
{
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct finding *f = &v->findings[i];

		if (f->site && f->kind <= FINDING_LEAK_GROWTH &&
		    f->site->of_kind[LEAK_UNKNOWN][AMOUNT_LEAK_BLOCKS] > 0) {
			findings_note(v,
				      "memory was not scanned: with RHEAPER_LEAK_SCAN=1 "
				      "blocks that are still reachable are no leaks");
			return;
		}
	}
}

/* What was not there yet when memory was scanned is no leak of that scan. */
static void note_younger(struct verdict *v)
{
	int64_t n = v->measure->n_younger;

	if (n)
		findings_note(v, arena_format(v->arena,
					      "%" PRId64 " block%s allocated after the "
					      "leak scan, not judged",
					      n, n == 1 ? " was" : "s were"));
}

/* Under another name they may allocate more. */
static void note_gone(struct verdict *v, const struct baseline *baseline,
		      const struct limits *limits)
{
	for (int k = AMOUNT_ALLOCATIONS; k < N_AMOUNTS; k++) {
		size_t n = 0;

		for (size_t i = 0; i < baseline->sites.n; i++) {
			const struct baseline_entry *e = &baseline->sites.entries[i];

			n += e->amounts[k] && !e->is_there && is_judged(v, e->key);
		}
		if (n && limits->site_growth[k].asked)
			findings_note(v,
				      arena_format(v->arena,
						   "site-%s: %zu call site%s of the "
						   "baseline %s not there; what took %s "
						   "place is not compared",
						   amount_names[k], n, plural((int64_t)n),
						   n == 1 ? "is" : "are",
						   n == 1 ? "its" : "their"));
	}
}

static bool has_number(const struct baseline *baseline, const struct measure_site *site,
		       enum amount amount)
{
	const struct baseline_entry *e = baseline_find(&baseline->sites, site->key);

	return e && e->has[amount];
}

/* What is new may allocate anything. */
static void note_uncompared(struct verdict *v, const struct baseline *baseline,
			    enum amount amount)
{
	const struct measure *m = v->measure;
	int64_t n = 0, sum = 0;

	for (size_t i = 0; i < m->n_sites; i++) {
		const struct measure_site *site = &m->sites[i];

		if (site->amounts[amount] > 0 && !has_number(baseline, site, amount)) {
			n++;
			sum = measure_add(sum, site->amounts[amount]);
		}
	}
	if (n)
		findings_note(v, arena_format(v->arena,
					      "site-%s: the baseline has no number for "
					      "%" PRId64 " call site%s (%" PRId64
					      " together): not compared",
					      amount_names[amount], n, plural(n), sum));
}

/* What has no stack is missing at its site. */
static void doubt_sites(struct verdict *v, const struct limits *limits)
{
	struct measure *m = v->measure;

	for (size_t i = 0; i < m->n_programs; i++) {
		for (int k = AMOUNT_ALLOCATIONS; k < N_AMOUNTS; k++) {
			if (limits->site_growth[k].asked && m->programs[i].lacks_stacks)
				measure_add_problem(
					m, DEFECT_STACKS, v->baseline_path,
					m->programs[i].name,
					arena_format(v->arena,
						     "site-%s may have grown: not all "
						     "stacks were recorded "
						     "(RHEAPER_SAMPLE_RATE)",
						     amount_names[k]));
		}
	}
}

void findings_compare(struct verdict *v, struct baseline *baseline,
		      const struct limits *limits)
{
	const struct measure *m = v->measure;

	v->has_baseline = baseline != NULL;
	for (size_t i = 0; i < m->n_sites; i++) {
		bool leaks = m->sites[i].amounts[AMOUNT_LEAK_BLOCKS] > 0;

		v->n_leaks += leaks;
		if (!leaks && m->sites[i].n_runs)
			note_rare(v, &m->sites[i]);
		if (leaks && !baseline)
			find_leak(v, &m->sites[i], NULL);
	}
	if (baseline) {
		compare_sites(v, baseline, limits);
		compare_programs(v, baseline, limits);
		keep_unjudged(v, &baseline->programs);
		keep_unjudged(v, &baseline->sites);
		find_gone(v, baseline);
		note_gone(v, baseline, limits);
		for (int k = AMOUNT_ALLOCATIONS; k < N_AMOUNTS; k++) {
			if (limits->site_growth[k].asked)
				note_uncompared(v, baseline, (enum amount)k);
		}
		if (v->baseline_path)
			doubt_sites(v, limits);
		note_absent(v, baseline);
	}
	owned_fold(v);
	check_limits(v, limits);
	note_uncounted(v);
	note_younger(v);
	note_unscanned(v);
}

/* A limit or rule that somebody wrote comes before leaks: a report that is cut short
 * keeps it. */
static int compare_findings(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	int64_t x = a->together ? a->together : a->now[AMOUNT_LEAK_BYTES];
	int64_t y = b->together ? b->together : b->now[AMOUNT_LEAK_BYTES];
	int order = (a->site != NULL) - (b->site != NULL);

	if (order == 0)
		order = x > y ? -1 : x < y;
	if (order == 0)
		order = strcmp(a->program, b->program);
	if (order == 0 && a->site && b->site)
		order = strcmp(a->site->key, b->site->key);
	return order ? order : strcmp(a->message, b->message);
}

void findings_sort(struct verdict *v)
{
	identity_set(v);
	if (v->n_findings)
		qsort(v->findings, v->n_findings, sizeof(*v->findings), compare_findings);
}

bool verdict_minds(const struct verdict *v, const struct measure_problem *problem)
{
	if (problem->defect == DEFECT_NAMES) /* nothing is like anything */
		return v->has_baseline || v->hangs_on_lost;
	if (problem->defect == DEFECT_CHILDREN)
		return !v->allow_partial && !v->ignore_children;
	/* A leak in a sample is one; none in it may be chance. The same of rules. */
	return !v->allow_partial &&
	       (problem->defect == DEFECT_PARTIAL ||
		((problem->defect == DEFECT_SAMPLE || problem->defect == DEFECT_STACKS ||
		  problem->defect == DEFECT_SCOPES) &&
		 v->n_findings == 0));
}

bool verdict_is_known(const struct verdict *v)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < m->n_problems; i++) {
		if (verdict_minds(v, &m->problems[i]))
			return false;
	}
	return true;
}

enum exit_code verdict_status(const struct verdict *v)
{
	if (!verdict_is_known(v))
		return EXIT_CANNOT;
	return v->n_findings ? EXIT_FINDING : EXIT_FINE;
}
