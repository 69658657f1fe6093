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

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
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

/* Of some the baseline has leaks, too, in an older version of some only these. */
static void tell_absent(struct verdict *v, const struct baseline *baseline)
{
	struct listed l = {.arena = v->arena};

	list_absent(&l, v, &baseline->programs, NULL);
	list_absent(&l, v, &baseline->sites, &baseline->programs);
	if (l.n)
		tell(v, arena_format(v->arena,
				     "%zu program%s in the baseline did not run: %s", l.n,
				     plural(l.n), listed_text(&l)));
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
		tell(v, arena_format(v->arena,
				     "%zu program%s ran in fewer processes than in the "
				     "baseline: %s; what the others leak more may not be "
				     "noticed; if no more belong to it, write the "
				     "baseline again",
				     l.n, plural(l.n), listed_text(&l)));
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

void presence_tell(struct verdict *v, const struct baseline *baseline)
{
	note_namesakes(v);
	tell_absent(v, baseline);
	tell_fewer(v, baseline);
}

void presence_update(struct baseline *baseline, struct arena *arena,
		     const struct measure *m)
{
	const struct baseline_list known = baseline->programs;

	if (baseline->version < NAMES_WITH_DETAILS)
		return;
	for (size_t i = 0; i < m->n_programs; i++) {
		const struct measure_program *p = &m->programs[i];
		int64_t n = (int64_t)p->n_processes;
		struct baseline_entry *e = baseline_find(&known, p->name);

		if (p->partial)
			continue;
		if (!e)
			baseline_add(
				&baseline->programs, arena,
				&(struct baseline_entry){.key = p->name, .processes = n});
		else if (e->processes < n)
			e->processes = n;
	}
}
