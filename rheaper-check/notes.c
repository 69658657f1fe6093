// SPDX-License-Identifier: MIT
/*
 * What a reader of the verdict has to know, and no finding or trace says: what was there
 * and does not count, and what could not be compared.
 */
#include <inttypes.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/baseline.h"
#include "rheaper-check/findings.h"
#include "rheaper-check/limits.h"
#include "rheaper-check/names.h"

#include "rheaper-check/notes.h"

/* A leak in too few runs to count. */
static void note_rare(struct verdict *v, const struct measure_site *site)
{
	char *names = names_bare(v->arena, site->key);

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

static bool is_unscanned(const struct measure_site *site)
{
	return site->of_kind[LEAK_UNKNOWN][AMOUNT_LEAK_BLOCKS] > 0;
}

/* Any live block is a leak where nobody looked whether something points to it. */
static void note_unscanned(struct verdict *v)
{
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct finding *f = &v->findings[i];

		if (f->site && f->kind <= FINDING_LEAK_GROWTH && is_unscanned(f->site)) {
			findings_note(v,
				      "memory was not scanned: with RHEAPER_LEAK_SCAN=1 "
				      "blocks that are still reachable are no leaks");
			return;
		}
	}
	for (size_t i = 0; i < v->measure->n_sites; i++) {
		const struct measure_site *site = &v->measure->sites[i];

		if (site->is_known && is_unscanned(site)) {
			findings_note(
				v, "memory was not scanned: a known leak may have been "
				   "still reachable, and be lost now; "
				   "RHEAPER_LEAK_SCAN=1 tells");
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

/* A child's own copy of what its parent had allocated is in no trace, nor is what the
 * child did before it switched tracking on. */
static void note_forked(struct verdict *v)
{
	int64_t n = v->measure->n_forked;

	if (n == 1)
		findings_note(v, "what a forked child had when its trace began, from its "
				 "parent or of its own, is not judged");
	if (n > 1)
		findings_note(v, arena_format(v->arena,
					      "what %" PRId64
					      " forked children had when their "
					      "traces began, from their parents or of "
					      "their own, is not judged",
					      n));
}

/* Under another name they may allocate more. */
static void note_gone(struct verdict *v, const struct baseline *baseline,
		      const struct limits *limits)
{
	for (int k = AMOUNT_ALLOCATIONS; k < N_AMOUNTS; k++) {
		size_t n = 0;

		for (size_t i = 0; i < baseline->sites.n; i++) {
			const struct baseline_entry *e = &baseline->sites.entries[i];

			n += e->amounts[k] && !e->is_there && verdict_judges(v, e->key);
		}
		if (n && limits->site_growth[k].asked)
			findings_note(v,
				      arena_format(v->arena,
						   "site-%s: %zu call site%s of the "
						   "baseline %s not there; what took %s "
						   "place is not compared",
						   amount_names[k], n, findings_plural(n),
						   n == 1 ? "is" : "are",
						   n == 1 ? "its" : "their"));
	}
}

static bool has_number(const struct measure_site *site, enum amount amount)
{
	return site->before && site->before->has[amount];
}

/* What is new may allocate anything. */
static void note_uncompared(struct verdict *v, enum amount amount)
{
	const struct measure *m = v->measure;
	int64_t n = 0, sum = 0;

	for (size_t i = 0; i < m->n_sites; i++) {
		const struct measure_site *site = &m->sites[i];

		if (site->amounts[amount] > 0 && !has_number(site, amount)) {
			n++;
			sum = measure_add(sum, site->amounts[amount]);
		}
	}
	if (n)
		findings_note(v, arena_format(v->arena,
					      "site-%s: the baseline has no number for "
					      "%" PRId64 " call site%s (%" PRId64
					      " together): not compared",
					      amount_names[amount], n, findings_plural(n),
					      sum));
}

/* Known leaks whose keys do not tell all callers, by the reason. */
struct blurred {
	const char *why;
	size_t n;
};

static void note_blurred(struct verdict *v)
{
	const struct measure *m = v->measure;
	struct blurred *list = NULL;
	size_t n = 0;

	for (size_t i = 0; i < m->n_sites; i++) {
		const char *why = m->sites[i].is_known ? m->sites[i].blur : NULL;
		size_t k = 0;

		while (why && k < n && strcmp(list[k].why, why) != 0)
			k++;
		if (why && k == n) {
			list = arena_grow(v->arena, list, n, sizeof(*list));
			list[n++] = (struct blurred){.why = why};
		}
		if (why)
			list[k].n++;
	}
	for (size_t k = 0; k < n; k++)
		findings_note(v,
			      arena_format(v->arena,
					   "%zu known leak%s %s where stacks %s; what "
					   "other callers leak there counts as known, "
					   "too",
					   list[k].n, findings_plural(list[k].n),
					   list[k].n == 1 ? "is" : "are", list[k].why));
}

/* Others have the same key. */
static void note_old(struct verdict *v, const struct baseline *baseline)
{
	if (v->n_known == 0)
		return;
	if (baseline->version == NAMES_WITH_FILES && v->measure->lacks_details)
		findings_note(v, "the baseline is of version 2, without parameters: what "
				 "other overloads, template instances and lambdas leak "
				 "counts as known, too; --write-baseline writes one that "
				 "has them");
	if (baseline->version == NAMES_PLAIN)
		findings_note(v,
			      "the baseline is of version 1, without files: what other "
			      "functions of the same names leak counts as known, too; "
			      "--write-baseline writes one that has files");
}

/* Amounts of a program are those of a run: another run of it, with other arguments, is
 * no second look at the same. */
static void note_other_commands(struct verdict *v)
{
	for (size_t i = 0; i < v->measure->n_programs; i++) {
		const struct measure_program *p = &v->measure->programs[i];

		if (p->has_more_commands)
			findings_note(
				v, arena_format(v->arena,
						"%s ran with other arguments in another "
						"run, and what it has in one run is not "
						"added to that of another; if these are "
						"no repetitions, load the traces of all "
						"by one rheaper-load",
						p->name));
	}
}

static void note_baseline(struct verdict *v, const struct baseline *baseline,
			  const struct limits *limits)
{
	note_blurred(v);
	note_old(v, baseline);
	note_gone(v, baseline, limits);
	for (int k = AMOUNT_ALLOCATIONS; k < N_AMOUNTS; k++) {
		if (limits->site_growth[k].asked)
			note_uncompared(v, (enum amount)k);
	}
}

void notes_add(struct verdict *v, const struct baseline *baseline,
	       const struct limits *limits)
{
	const struct measure *m = v->measure;

	for (size_t i = 0; i < m->n_sites; i++) {
		if (m->sites[i].amounts[AMOUNT_LEAK_BLOCKS] == 0 && m->sites[i].n_runs)
			note_rare(v, &m->sites[i]);
	}
	if (baseline)
		note_baseline(v, baseline, limits);
	if (baseline || limits_any(limits) || m->min_runs > 1)
		note_other_commands(v);
	note_uncounted(v);
	note_younger(v);
	note_forked(v);
	note_unscanned(v);
}
