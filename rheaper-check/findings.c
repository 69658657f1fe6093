// SPDX-License-Identifier: MIT
/*
 * Sites are compared in three passes. Equal keys are one place. Keys that are alike but
 * for files that are not known, or are named from another root, are one place as well;
 * but there may be more of them on one side than on the other, so they use up what the
 * baseline has, together. Of what is left on both sides, a leak that is related to leaks
 * of the baseline (names.h) may use up what these have, too: no more bytes and blocks
 * leak than were known, in places that another compiler may have made of the same source.
 * So a relation never hides a leak that grew.
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

void findings_add(struct verdict *v, const struct finding *finding)
{
	v->findings = arena_grow(v->arena, v->findings, v->n_findings, sizeof(*finding));
	v->findings[v->n_findings++] = *finding;
}

bool verdict_judges(const struct verdict *v, const char *key)
{
	const struct measure_program *p = measure_program(
		v->measure, arena_text_n(v->arena, key, names_program(key)));

	return p && !p->partial;
}

static void add_better(struct verdict *v, const char *key, const char *message)
{
	if (!verdict_judges(v, key))
		return;
	v->better = arena_grow(v->arena, v->better, v->n_better, sizeof(*v->better));
	v->better[v->n_better++] =
		(struct improvement){names_bare(v->arena, key), message};
}

const char *findings_plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

void findings_note(struct verdict *v, const char *note)
{
	v->notes = arena_grow(v->arena, v->notes, v->n_notes, sizeof(*v->notes));
	v->notes[v->n_notes++] = note;
}

const char *verdict_program(const struct verdict *v, const char *key)
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
		.program = verdict_program(v, site->key),
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

static void accept(struct verdict *v, struct measure_site *site)
{
	site->is_known = true;
	v->n_known++;
}

/* A leak whose key the baseline has. */
static void compare_leak(struct verdict *v, struct measure_site *site,
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
	accept(v, site);
	if (less && memcmp(before->used, before->amounts,
			   sizeof(*before->used) * (AMOUNT_LEAK_BYTES + 1)) != 0)
		add_better(v, site->key,
			   arena_format(v->arena, "leaks less: %s, was %s",
					measure_leak_text(v->arena, site->amounts),
					measure_leak_text(v->arena, before->amounts)));
}

/* Take as much as is wanted of what an entry has left of the first n amounts; whether
 * that is anything. */
static bool use(struct baseline_entry *entry, int64_t *wanted, int n)
{
	bool any = false;

	for (int i = 0; i < n; i++) {
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
	const char *(*join)(struct arena *, const char *) =
		names_have_same_functions(site->key, entry->key) ? names_joined_in_full
								 : names_joined;

	findings_note(v, arena_format(v->arena,
				      "%s: the leak at %s is taken for the one at %s in "
				      "the baseline, which is not there any more",
				      verdict_program(v, site->key),
				      join(v->arena, site->key),
				      join(v->arena, entry->key)));
}

/* A file may have been renamed, or a parameter have another type. */
static void note_namesake(struct verdict *v, const struct measure_site *site,
			  const struct baseline *baseline)
{
	for (size_t i = 0; i < baseline->sites.n; i++) {
		const struct baseline_entry *e = &baseline->sites.entries[i];

		if (!e->has[AMOUNT_LEAK_BLOCKS] || e->leaks ||
		    e->used[AMOUNT_LEAK_BLOCKS] ||
		    !names_have_same_functions(site->key, e->key))
			continue;
		findings_note(
			v,
			arena_format(
				v->arena,
				"%s: the baseline has a leak at %s, which is not there "
				"any more, and not at %s; if %s, write the baseline "
				"again",
				verdict_program(v, site->key),
				names_joined_in_full(v->arena, e->key),
				names_joined_in_full(v->arena, site->key),
				names_have_same_files(site->key, e->key)
					? "only parameters, template arguments or the "
					  "order of lambdas changed"
					: "a file was renamed"));
		return;
	}
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

		if (may_be(e, site, &shape) && use(e, wanted, AMOUNT_LEAK_BYTES + 1))
			note_taken(v, site, e);
	}
	return true;
}

static void find_growth(struct verdict *v, const struct baseline_entry *entry,
			const struct measure_site *site, enum amount amount, int64_t now)
{
	int64_t before = entry->amounts[amount];
	struct finding f = {.kind = FINDING_GROWTH,
			    .program = verdict_program(v, entry->key),
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
		else if (now[i] < before->amounts[i] && !before->is_alike)
			add_better(v, key,
				   arena_format(v->arena, "%s %" PRId64 ", was %" PRId64,
						amount_names[i], now[i],
						before->amounts[i]));
	}
}

static void compare_equal(struct verdict *v, struct measure_site *site,
			  struct baseline_entry *before, const struct limits *limits)
{
	site->before = before;
	before->is_there = true;
	if (site->amounts[AMOUNT_LEAK_BLOCKS] && before->has[AMOUNT_LEAK_BLOCKS])
		compare_leak(v, site, before, limits);
	compare_amounts(v, site->key, site, site->amounts, before, limits->site_growth);
}

/* Whether an entry is of the place of a site whose key it has not. */
static bool is_alike(const struct baseline_entry *entry, const struct measure_site *site,
		     const struct names_shape *shape)
{
	return !entry->leaks && entry->shape.functions == shape->functions &&
	       names_alike(site->key, entry->key);
}

/* What the entries that are alike have left, as one; NULL: there are none. */
static struct baseline_entry *join_alike(const struct verdict *v,
					 const struct measure_site *site,
					 const struct names_shape *shape,
					 struct baseline *baseline)
{
	struct baseline_entry *all = NULL;

	for (size_t i = 0; i < baseline->sites.n; i++) {
		struct baseline_entry *e = &baseline->sites.entries[i];

		if (!is_alike(e, site, shape))
			continue;
		if (!all) {
			all = arena_take(v->arena, sizeof(*all));
			all->line = e->line;
			all->key = e->key;
			all->is_alike = true;
		}
		e->is_there = true;
		for (int k = 0; k < N_AMOUNTS; k++) {
			all->has[k] = all->has[k] || e->has[k];
			all->amounts[k] =
				measure_add(all->amounts[k], e->amounts[k] - e->used[k]);
		}
	}
	if (all && all->amounts[AMOUNT_LEAK_BLOCKS] == 0) /* others may cover it */
		all->has[AMOUNT_LEAK_BLOCKS] = all->has[AMOUNT_LEAK_BYTES] = false;
	return all;
}

/* A place that the baseline has by a key that tells less or more of its files. */
static void compare_alike(struct verdict *v, struct measure_site *site,
			  struct baseline *baseline, const struct limits *limits)
{
	struct names_shape shape = names_shape(site->key);
	static const char *const blurs[] = {
		[GAP_FILES] = measure_no_files,
		[GAP_DIRECTORIES] = measure_no_directories,
		[GAP_DETAILS] = measure_no_details,
		[GAP_LAMBDAS] = measure_other_lambdas,
	};
	struct baseline_entry *before = join_alike(v, site, &shape, baseline);
	int64_t wanted[N_AMOUNTS];

	if (!before)
		return;
	site->before = before;
	if (site->amounts[AMOUNT_LEAK_BLOCKS] && before->has[AMOUNT_LEAK_BLOCKS]) {
		if (leaks_within(site->amounts, before->amounts, limits))
			accept(v, site);
		else
			find_leak(v, site, before);
		if (!site->blur)
			site->blur = blurs[names_gap(site->key, before->key)];
	}
	compare_amounts(v, site->key, site, site->amounts, before, limits->site_growth);
	memcpy(wanted, site->amounts, sizeof(wanted));
	for (size_t i = 0; i < baseline->sites.n; i++) {
		if (is_alike(&baseline->sites.entries[i], site, &shape))
			use(&baseline->sites.entries[i], wanted, N_AMOUNTS);
	}
}

static void compare_rest(struct verdict *v, struct measure_site *site,
			 struct baseline *baseline, const struct limits *limits)
{
	if (!site->amounts[AMOUNT_LEAK_BLOCKS] ||
	    (site->before && site->before->has[AMOUNT_LEAK_BLOCKS]))
		return;
	if (is_covered(v, site, baseline, limits)) {
		accept(v, site);
		return;
	}
	find_leak(v, site, NULL);
	note_namesake(v, site, baseline);
}

static void compare_sites(struct verdict *v, struct baseline *baseline,
			  const struct limits *limits)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < m->n_sites; i++) {
		struct baseline_entry *before =
			baseline_find(&baseline->sites, m->sites[i].key);

		if (before)
			compare_equal(v, &m->sites[i], before, limits);
	}
	for (size_t i = 0; i < baseline->sites.n; i++)
		baseline->sites.entries[i].shape =
			names_shape(baseline->sites.entries[i].key);
	for (size_t i = 0; i < m->n_sites; i++) {
		if (!m->sites[i].before)
			compare_alike(v, &m->sites[i], baseline, limits);
	}
	for (size_t i = 0; i < m->n_sites; i++)
		compare_rest(v, &m->sites[i], baseline, limits);
}

/* What the baseline has of programs that did not run, or are not all known, stays. */
static void keep_unjudged(const struct verdict *v, struct baseline_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!verdict_judges(v, list->entries[i].key))
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
		if (leaks && !baseline)
			find_leak(v, &m->sites[i], NULL);
	}
	if (baseline) {
		compare_sites(v, baseline, limits);
		compare_programs(v, baseline, limits);
		keep_unjudged(v, &baseline->programs);
		keep_unjudged(v, &baseline->sites);
		find_gone(v, baseline);
		if (v->baseline_path)
			doubt_sites(v, limits);
	}
	owned_fold(v);
	check_limits(v, limits);
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
	if (problem->defect == DEFECT_PROGRAMS) /* asked for */
		return true;
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
