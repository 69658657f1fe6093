// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <string.h>

#include "rheaper-check/arena.h"

#include "rheaper-check/presence.h"

enum {
	MOST_NAMES = 5 /* in a sentence */
};

/* Programs for a sentence. */
struct listed {
	struct arena *arena;
	const char *text;
	size_t n;
};

static void list(struct listed *l, const char *name)
{
	if (l->n < MOST_NAMES)
		l->text = l->n ? arena_format(l->arena, "%s, %s", l->text, name) : name;
	l->n++;
}

static const char *listed_text(const struct listed *l)
{
	return l->n > MOST_NAMES ? arena_format(l->arena, "%s and %zu more", l->text,
						l->n - MOST_NAMES)
				 : l->text;
}

/* What the baseline has of a program that ran less often, or NULL. */
static const struct baseline_entry *find_more(const struct baseline *baseline,
					      const struct measure_program *program)
{
	const struct baseline_entry *e =
		baseline_find(&baseline->programs, program->name);

	return e && (int64_t)program->n_processes < e->processes ? e : NULL;
}

void presence_mark(struct measure *m, const struct baseline *baseline)
{
	for (size_t i = 0; i < m->n_programs; i++) {
		if (find_more(baseline, &m->programs[i]))
			m->programs[i].partial = true;
	}
}

static void tell(struct verdict *v, const char *why)
{
	if (v->require_programs)
		measure_add_problem(v->measure, DEFECT_PROGRAMS, v->baseline_path,
				    "all programs", why);
	else
		findings_note(v, why);
}

/* Those of a list that did not run, but for those that `other` has, too. */
static void list_absent(struct listed *l, const struct verdict *v,
			const struct baseline_list *entries,
			const struct baseline_list *other)
{
	const char *last = "";

	for (size_t i = 0; i < entries->n; i++) {
		const char *program = verdict_program(v, entries->entries[i].key);

		if (strcmp(program, last) != 0 && !measure_program(v->measure, program) &&
		    !(other && baseline_find(other, program)))
			list(l, program);
		last = program;
	}
}

static bool is_counted(const struct baseline_entry *e)
{
	return e && e->processes > 0;
}

static void list_if_uncounted(struct listed *l, const struct verdict *v,
			      const struct baseline *baseline, const char *name)
{
	const struct baseline_entry *e = baseline_find(&baseline->programs, name);

	if (!is_counted(e) && measure_program(v->measure, name))
		list(l, name);
}

/* Programs that ran, of which an older baseline, or one that was changed by hand, has
 * leaks or totals and not in how many processes. */
static void tell_uncounted(struct verdict *v, const struct baseline *baseline)
{
	struct listed l = {.arena = v->arena};
	const char *last = "";

	for (size_t i = 0; i < baseline->programs.n; i++)
		list_if_uncounted(&l, v, baseline, baseline->programs.entries[i].key);
	for (size_t i = 0; i < baseline->sites.n; i++) {
		const char *name = verdict_program(v, baseline->sites.entries[i].key);

		if (strcmp(name, last) != 0 && !baseline_find(&baseline->programs, name))
			list_if_uncounted(&l, v, baseline, name);
		last = name;
	}
	if (l.n)
		tell(v, arena_format(v->arena,
				     "the baseline does not say in how many processes "
				     "%zu program%s ran: %s; if it were more, what the "
				     "others leak more may not be noticed; %s",
				     l.n, findings_plural((int64_t)l.n), listed_text(&l),
				     baseline->version < NAMES_WITH_DETAILS
					     ? "--write-baseline writes one that does"
					     : "--update-baseline adds it"));
}

/* Of some the baseline has leaks, too, in an older version of some only these. */
static void tell_absent(struct verdict *v, const struct baseline *baseline)
{
	struct listed l = {.arena = v->arena};

	list_absent(&l, v, &baseline->programs, NULL);
	list_absent(&l, v, &baseline->sites, &baseline->programs);
	if (l.n)
		tell(v, arena_format(v->arena,
				     "%zu program%s in the baseline did not run: %s", l.n,
				     findings_plural((int64_t)l.n), listed_text(&l)));
}

static void tell_fewer(struct verdict *v, const struct baseline *baseline)
{
	const struct measure *m = v->measure;
	struct listed l = {.arena = v->arena};

	for (size_t i = 0; i < m->n_programs; i++) {
		const struct measure_program *p = &m->programs[i];
		const struct baseline_entry *more = find_more(baseline, p);

		if (more)
			list(&l, arena_format(v->arena, "%s (%zu of %" PRId64 ")",
					      p->name, p->n_processes, more->processes));
	}
	if (l.n)
		tell(v,
		     arena_format(v->arena,
				  "%zu program%s ran in fewer processes than in the "
				  "baseline: %s; what the others leak more may not be "
				  "noticed; if no more belong to it, write the "
				  "baseline again",
				  l.n, findings_plural((int64_t)l.n), listed_text(&l)));
}

/* As two tests of one name, in two directories. */
static void note_namesakes(struct verdict *v)
{
	for (size_t i = 0; i < v->measure->n_programs; i++) {
		const struct measure_program *p = &v->measure->programs[i];

		if (p->has_more_paths)
			findings_note(
				v, arena_format(v->arena,
						"%s and other files are named %s, and "
						"are one program to the baseline: what "
						"one of them has less of may hide that "
						"another has more",
						p->path, p->name));
	}
}

/* Nothing is required of a list without programs, and of a new one nothing later. */
static void tell_unknown(struct verdict *v, const struct baseline *baseline)
{
	struct listed l = {.arena = v->arena};
	size_t n_counted = 0;

	for (size_t i = 0; i < baseline->programs.n; i++)
		n_counted += is_counted(&baseline->programs.entries[i]);
	for (size_t i = 0; i < v->measure->n_programs; i++) {
		const char *name = v->measure->programs[i].name;

		if (!is_counted(baseline_find(&baseline->programs, name)))
			list(&l, name);
	}
	if (n_counted == 0)
		tell(v, "the baseline does not have the programs that must run; "
			"--write-baseline writes one that has them");
	else if (l.n)
		findings_note(v, arena_format(v->arena,
					      "%zu program%s that the baseline does not "
					      "have: %s; --update-baseline adds what "
					      "must run from then on",
					      l.n, l.n == 1 ? " ran" : "s ran",
					      listed_text(&l)));
}

void presence_tell(struct verdict *v, const struct baseline *baseline)
{
	note_namesakes(v);
	tell_absent(v, baseline);
	tell_fewer(v, baseline);
	tell_uncounted(v, baseline);
	if (v->require_programs)
		tell_unknown(v, baseline);
}

static void learn(struct baseline_list *programs, struct arena *arena,
		  const struct measure_program *p)
{
	baseline_add(programs, arena,
		     &(struct baseline_entry){.key = p->name,
					      .processes = (int64_t)p->n_processes});
}

void presence_update(struct baseline *baseline, struct arena *arena,
		     const struct measure *m)
{
	const struct baseline_list known = baseline->programs; /* sorted */

	if (baseline->version < NAMES_WITH_DETAILS)
		return;
	for (size_t i = 0; i < m->n_programs; i++) {
		const struct measure_program *p = &m->programs[i];
		struct baseline_entry *e = baseline_find(&known, p->name);

		if (!p->partial && !e)
			learn(&baseline->programs, arena, p);
		/* By the list as it is now: it moves when it grows. */
		else if (!p->partial && e->processes < (int64_t)p->n_processes)
			baseline->programs.entries[e - known.entries].processes =
				(int64_t)p->n_processes;
	}
}
