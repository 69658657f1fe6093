// SPDX-License-Identifier: MIT
/*
 * A rule is of each place by itself: 'parsing one request allocates at most 3 times'
 * must hold for each request. Of the places that break it, the worst is the finding.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/options.h"
#include "common/glob.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/findings.h"
#include "rheaper-check/suppress.h"

#include "rheaper-check/expect.h"

struct lines {
	struct expectations *all;
	const char *path;
	size_t number;
	struct expectation *rule; /* that is read, NULL: none */
};

static _Noreturn void die_at(const struct lines *l, const char *problem)
{
	die("read %s, line %zu: %s", l->path, l->number, problem);
}

/* What stands behind a word and a space, or NULL. */
static const char *behind(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 && line[length] == ' ' && line[length + 1]
		       ? line + length + 1
		       : NULL;
}

static void end(struct lines *l)
{
	bool any = false;

	for (int i = 0; l->rule && i < N_PLACE_AMOUNTS; i++)
		any = any || l->rule->has[i];
	if (l->rule && !any)
		die_at(l, "the preceding rule has no amount");
	l->rule = NULL;
}

static void begin(struct lines *l, const char *title)
{
	struct expectations *all = l->all;

	end(l);
	all->list = arena_grow(all->arena, all->list, all->n, sizeof(*all->list));
	l->rule = &all->list[all->n++];
	*l->rule = (struct expectation){
		.file = arena_printable(all->arena, l->path),
		.line = l->number,
		.title = arena_printable(all->arena, title),
		.name = "*",
	};
}

/* Of two the reader may mean either, and the weaker one would hold. */
static void take_once(const struct lines *l, bool is_there)
{
	if (is_there)
		die_at(l, "the rule already says this");
}

static bool take_place(struct lines *l, const char *line)
{
	for (int i = PLACE_SCOPE; i < N_PLACE_KINDS; i++) {
		const char *name = behind(line, place_kind_names[i]);

		if (!name)
			continue;
		if (l->rule->kind != PLACE_PROCESS)
			die_at(l, "the rule already names a scope or phase");
		l->rule->kind = (enum place_kind)i;
		l->rule->name = arena_text(l->all->arena, name);
		return true;
	}
	return false;
}

static bool take_amount(struct lines *l, const char *line)
{
	for (int i = 0; i < N_PLACE_AMOUNTS; i++) {
		const char *amount = behind(line, place_amount_names[i]);

		if (!amount)
			continue;
		if (!options_parse_size(amount, &l->rule->most[i]))
			die_at(l, "expected a number");
		take_once(l, l->rule->has[i]);
		l->rule->has[i] = true;
		return true;
	}
	return false;
}

static void take_fact(struct lines *l, const char *line)
{
	struct expectation *rule = l->rule;
	struct arena *arena = l->all->arena;
	struct pattern_step step;
	const char *words;

	if (!rule)
		die_at(l, "expected 'expect' before this line");
	if (take_place(l, line) || take_amount(l, line))
		return;
	if (pattern_parse(&step, arena, line)) {
		rule->steps = arena_grow(arena, rule->steps, rule->n_steps, sizeof(step));
		rule->steps[rule->n_steps++] = step;
	} else if (rule->n_steps &&
		   pattern_refine(&rule->steps[rule->n_steps - 1], arena, line)) {
		return;
	} else if ((words = behind(line, "program"))) {
		take_once(l, rule->program);
		rule->program = arena_text(arena, words);
	} else if (strcmp(line, "no leak") == 0) {
		take_once(l, rule->has[PLACE_LEAK_BLOCKS]);
		rule->has[PLACE_LEAK_BLOCKS] = true;
	} else if (strcmp(line, "optional") == 0) {
		rule->optional = true;
	} else {
		die_at(l, "expected scope, phase, program, at, in, or, of, an amount, "
			  "'no leak' or 'optional'");
	}
}

static void take_line(struct lines *l, char *line)
{
	size_t length = strlen(line), space = strspn(line, " \t");
	const char *title;

	while (length > space && strchr(" \t\r\n", line[length - 1]))
		line[--length] = 0;
	if (line[space] == 0 || line[space] == '\n' || line[0] == '#')
		return;
	if (space)
		take_fact(l, line + space);
	else if ((title = behind(line, "expect")))
		begin(l, title);
	else
		die_at(l, "expected 'expect' and a title");
}

void expect_read(struct expectations *all, const char *path)
{
	struct lines l = {.all = all, .path = path};
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t size = 0, n = all->n;
	ssize_t length;

	if (!in)
		die("open %s:", path);
	while ((length = getline(&line, &size, in)) >= 0) {
		l.number++;
		if (strlen(line) != (size_t)length)
			die_at(&l, "the line contains a NUL byte");
		take_line(&l, line);
	}
	if (ferror(in))
		die("read %s:", path);
	end(&l);
	if (all->n == n) /* it would hold for every program */
		die("read %s: the file contains no rule", path);
	free(line);
	fclose(in);
}

void expect_want(const struct expectations *all, struct measure *m)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct expectation *rule = &all->list[i];

		m->wanted[rule->kind] = true;
		m->wants_names |= pattern_has_names(rule->steps, rule->n_steps);
	}
}

static bool is_of(const struct expectation *rule, const struct measure_place *place)
{
	return rule->kind == place->kind && glob_fits(rule->name, place->name) &&
	       (!rule->program || glob_fits(rule->program, place->program));
}

/* Whether the answer of a rule about a stack hangs on names that are lost: what does not
 * fit may have had the name, what fits may have it by mistake. */
static bool hangs_on_lost(const struct expectation *rule, struct arena *arena,
			  const struct measure_stack *stack, bool fits)
{
	const struct measure_stack *rest = pattern_has_names(rule->steps, rule->n_steps)
						   ? pattern_forget_lost(arena, stack)
						   : NULL;

	return rest && !(fits && pattern_fits_all(rule->steps, rule->n_steps, rest));
}

/* What a place has of the amounts of a rule. */
struct sums {
	int64_t known[N_PLACE_AMOUNTS];
	int64_t most[N_PLACE_AMOUNTS]; /* with what stacks may hide */
	const char *why;               /* ... they hide it; NULL: they do not */
	bool fits;                     /* a stack does */
};

static void add_row(int64_t *sum, const struct measure_place_row *row, int end)
{
	for (int k = 0; k < end; k++)
		sum[k] = measure_add(sum[k], row->amounts[k]);
}

static void add_up(const struct expectation *rule, struct verdict *v,
		   const struct measure_place *place, struct suppressions *suppressions,
		   struct sums *sums)
{
	const struct measure *m = v->measure;

	*sums = (struct sums){0};
	for (size_t i = 0; i < place->n_rows; i++) {
		const struct measure_place_row *row =
			&m->place_rows[place->first_row + i];
		int end = N_PLACE_AMOUNTS;
		bool fits = pattern_fits_all(rule->steps, rule->n_steps, row->stack);

		v->hangs_on_lost |= hangs_on_lost(rule, v->arena, row->stack, fits);
		if (!fits && !pattern_may_fit_all(rule->steps, rule->n_steps, row->stack))
			continue;
		if (row->amounts[PLACE_KEPT_BLOCKS] &&
		    suppress_takes(suppressions, place->program, row->stack, row->owner,
				   row->kind))
			end = PLACE_KEPT_BLOCKS;
		add_row(sums->most, row, end);
		if (fits)
			add_row(sums->known, row, end);
		else if (!sums->why)
			sums->why = row->stack->gap ? row->stack->gap
						    : "have code without a name";
		sums->fits |= fits;
	}
}

/* An amount that is too large, or that there is no such place, NULL. */
static void find(struct verdict *v, const struct expectation *rule, const char *program,
		 const char *amount, const char *problem)
{
	findings_add(v, &(struct finding){
				.kind = FINDING_EXPECTATION,
				.program = program,
				.topic = amount ? arena_format(v->arena, "%s: %s",
							       rule->title, amount)
						: rule->title,
				.rule_file = rule->file,
				.rule_line = rule->line,
				.message = arena_format(v->arena, "%s: %s (%s:%zu)",
							rule->title, problem, rule->file,
							rule->line),
			});
}

/* The place that has most of an amount. */
struct worst {
	const struct measure_place *place;
	int64_t amount;
	size_t n_over;
};

static void check_amount(struct verdict *v, const struct expectation *rule, int amount,
			 const struct worst *worst, size_t n_places)
{
	const struct measure_place *p = worst->place;

	if (worst->n_over)
		find(v, rule, p->program, place_amount_names[amount],
		     arena_format(v->arena,
				  "%s %" PRId64 ", expected at most %" PRId64
				  "; in %zu of %zu %s%s%s%s",
				  place_amount_names[amount], worst->amount,
				  rule->most[amount], worst->n_over, n_places,
				  rule->kind == PLACE_PROCESS
					  ? "processe"
					  : place_kind_names[rule->kind],
				  "s", p->name[0] ? " " : "", p->name));
}

static void compare(const struct expectation *rule, const struct measure_place *place,
		    const struct sums *sums, struct worst *worst)
{
	for (int k = 0; k < N_PLACE_AMOUNTS; k++) {
		if (!rule->has[k] || sums->known[k] <= rule->most[k])
			continue;
		if (worst[k].n_over++ == 0 || sums->known[k] > worst[k].amount) {
			worst[k].place = place;
			worst[k].amount = sums->known[k];
		}
	}
}

/* Whether the rule may be broken by what stacks hide; if so, that is a problem. */
static bool doubt(const struct expectation *rule, const struct measure_place *place,
		  const struct sums *sums, struct measure *m)
{
	for (int k = 0; k < N_PLACE_AMOUNTS; k++) {
		if (!rule->has[k] || sums->most[k] <= rule->most[k] ||
		    sums->known[k] > rule->most[k])
			continue;
		measure_add_problem(
			m, DEFECT_STACKS, rule->file, place->program,
			arena_format(m->arena,
				     "%s: %s may be %" PRId64
				     ", expected at most %" PRId64 ": stacks %s (%s:%zu)",
				     rule->title, place_amount_names[k], sums->most[k],
				     rule->most[k], sums->why, rule->file, rule->line));
		return true;
	}
	return false;
}

/* A scope is of one thread; what it hands to others they do elsewhere. */
static void note_beside(struct verdict *v, const struct expectation *rule)
{
	const struct measure *m = v->measure;
	int64_t n = 0;

	for (size_t i = 0; rule->kind == PLACE_SCOPE && i < m->n_besides; i++) {
		const struct measure_beside *beside = &m->besides[i];

		if (glob_fits(rule->name, beside->name) &&
		    (!rule->program || glob_fits(rule->program, beside->program)))
			n = measure_add(n, beside->allocations);
	}
	if (n)
		findings_note(v, arena_format(v->arena,
					      "%s: other threads allocated %" PRId64
					      " block%s while a scope %s was open; the "
					      "rule does not count them (%s:%zu)",
					      rule->title, n, n == 1 ? "" : "s",
					      rule->name, rule->file, rule->line));
}

static void check_rule(const struct expectation *rule, struct suppressions *suppressions,
		       struct verdict *v)
{
	struct measure *m = v->measure;
	struct worst worst[N_PLACE_AMOUNTS] = {0};
	bool in_doubt = false, fits = false;
	size_t n_places = 0;

	for (size_t i = 0; i < m->n_places; i++) {
		const struct measure_place *place = &m->places[i];
		struct sums sums;

		if (!is_of(rule, place))
			continue;
		n_places++;
		add_up(rule, v, place, suppressions, &sums);
		compare(rule, place, &sums, worst);
		in_doubt = in_doubt || doubt(rule, place, &sums, m);
		fits = fits || sums.fits;
	}
	for (int k = 0; k < N_PLACE_AMOUNTS; k++)
		check_amount(v, rule, k, &worst[k], n_places);
	note_beside(v, rule);
	/* It may be right, or a name that is written in another way */
	if (n_places && rule->n_steps && !fits && !in_doubt && !rule->optional)
		findings_note(v, arena_format(v->arena,
					      "%s: no stack is one of this rule's, so it "
					      "holds (%s:%zu)",
					      rule->title, rule->file, rule->line));
	/* A rule of a name that is nowhere would hold for ever */
	if (n_places == 0 && !rule->optional)
		find(v, rule, rule->program ? rule->program : "*", NULL,
		     arena_format(v->arena, "there is no %s %s",
				  place_kind_names[rule->kind], rule->name));
}

void expect_check(const struct expectations *all, struct suppressions *suppressions,
		  struct verdict *v)
{
	for (size_t i = 0; i < all->n; i++)
		check_rule(&all->list[i], suppressions, v);
}
