// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "common/glob.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/findings.h"
#include "rheaper-check/measure.h"
#include "rheaper-check/names.h"

#include "rheaper-check/suppress.h"

static bool fits(const struct suppression *s, const char *program,
		 const struct measure_stack *stack, enum leak_kind kind)
{
	/* One that is not known may be any; but of no kind is none. */
	if (!s->kinds || (kind != LEAK_UNKNOWN && !(s->kinds >> kind & 1)))
		return false;
	if (s->program && !glob_fits(s->program, program))
		return false;
	return (s->form == SUPPRESS_SEQUENCE ? pattern_fits_sequence : pattern_fits_all)(
		s->steps, s->n_steps, stack);
}

/* The time, or that of a reproducible build. */
static time_t now(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	long long seconds;
	char *end;

	if (!epoch || !epoch[0])
		return time(NULL);
	errno = 0;
	seconds = strtoll(epoch, &end, 10);
	if (epoch[0] < '0' || epoch[0] > '9' || *end || errno)
		die("read SOURCE_DATE_EPOCH=%s: expected seconds since 1970", epoch);
	return (time_t)seconds;
}

/* Today, in UTC. */
static const char *today(struct arena *arena)
{
	time_t seconds = now();
	char text[32] = "";
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || !strftime(text, sizeof(text), "%Y-%m-%d", &utc))
		die("read the clock: the time is out of range");
	return arena_text(arena, text);
}

/* What it says of a stack with names that may be wrong it must say without them. */
static void note_lost(struct suppressions *all, const struct suppression *s,
		      const char *program, const struct measure_stack *stack,
		      enum leak_kind kind)
{
	const struct measure_stack *rest = pattern_forget_lost(all->arena, stack);

	if (rest && !fits(s, program, rest, kind))
		all->hangs_on_lost = true;
}

static struct suppression *find(struct suppressions *all, const char *program,
				const struct measure_stack *stack, enum leak_kind kind)
{
	for (size_t i = 0; i < all->n; i++) {
		struct suppression *s = &all->list[i];

		if (!s->expired && fits(s, program, stack, kind)) {
			s->used = true;
			note_lost(all, s, program, stack, kind);
			return s;
		}
	}
	return NULL;
}

static const char *program_of(struct suppressions *all, const char *key)
{
	return arena_text_n(all->arena, key, names_program(key));
}

/* What is lost with an accepted block is accepted, as it would not be lost without. */
static struct suppression *find_with_owner(struct suppressions *all, const char *program,
					   const struct measure_stack *stack,
					   const struct measure_stack *owner,
					   enum leak_kind kind)
{
	struct suppression *s = find(all, program, stack, kind);

	return s || !owner ? s : find(all, program, owner, LEAK_DEFINITE);
}

bool suppress_takes(struct suppressions *all, const char *program,
		    const struct measure_stack *stack, const struct measure_stack *owner,
		    enum leak_kind kind)
{
	return find_with_owner(all, program, stack, owner, kind) != NULL;
}

static struct suppression *find_for_row(struct suppressions *all,
					const struct measure_site *row)
{
	return row->amounts[AMOUNT_LEAK_BLOCKS]
		       ? find_with_owner(all, program_of(all, row->key), row->stack,
					 row->owner, row->kind)
		       : NULL;
}

static bool takes_owned(struct suppressions *all, const struct measure_owned *row)
{
	return suppress_takes(all, program_of(all, row->key), row->stack,
			      row->owner_stack, LEAK_INDIRECT);
}

static bool is_of_any_kind(const struct suppression *s, const struct measure_site *row)
{
	return s->file && row->kind == LEAK_UNKNOWN &&
	       (s->kinds | 1u << LEAK_UNKNOWN) != LEAK_KINDS_ALL;
}

static void add_taken(int64_t *sum, const struct measure_site *row)
{
	for (int k = AMOUNT_LEAK_BLOCKS; k <= AMOUNT_LEAK_BYTES; k++)
		sum[k] = measure_add(sum[k], row->amounts[k]);
}

static void clear_leak(struct measure_site *row)
{
	row->amounts[AMOUNT_LEAK_BLOCKS] = row->amounts[AMOUNT_LEAK_BYTES] = 0;
}

void suppress_apply(struct suppressions *all, struct measure *m)
{
	const char *day = today(all->arena);

	for (size_t i = 0; i < all->n; i++)
		all->list[i].expired =
			all->list[i].until && strcmp(all->list[i].until, day) < 0;
	for (size_t i = 0; i < m->n_site_rows; i++) {
		struct measure_site *row = &m->site_rows[i];
		struct suppression *s = find_for_row(all, row);

		if (!s)
			continue;
		add_taken(s->taken, row);
		add_taken(all->taken, row);
		if (is_of_any_kind(s, row))
			add_taken(all->of_any_kind, row);
		clear_leak(row);
	}
	for (size_t i = 0; i < m->n_owned_rows; i++) {
		if (takes_owned(all, &m->owned_rows[i]))
			memset(m->owned_rows[i].amounts, 0,
			       sizeof(m->owned_rows[i].amounts));
	}
	/* They would not count anyway, but nobody needs to be told of them */
	for (size_t i = 0; i < m->n_uncounted; i++) {
		if (find_for_row(all, &m->uncounted[i]))
			clear_leak(&m->uncounted[i]);
	}
}

/* What the entries of one reason took, of which s is the first. */
static const int64_t *add_same(const struct suppressions *all, struct suppression *s)
{
	for (struct suppression *o = s + 1; o < all->list + all->n; o++) {
		if (o->file || strcmp(o->reason, s->reason) != 0)
			continue;
		for (int k = AMOUNT_LEAK_BLOCKS; k <= AMOUNT_LEAK_BYTES; k++) {
			s->taken[k] = measure_add(s->taken[k], o->taken[k]);
			o->taken[k] = 0;
		}
	}
	return s->taken;
}

/* Nobody named these: so the report does. */
static void tell_defaults(const struct suppressions *all, struct verdict *v)
{
	const char *note = "suppressed by default (--no-default-suppressions)";
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		struct suppression *s = &all->list[i];
		struct default_taken one = {.reason = s->reason};

		if (s->file)
			continue;
		memcpy(one.amounts, add_same(all, s), sizeof(one.amounts));
		if (!one.amounts[AMOUNT_LEAK_BLOCKS])
			continue;
		v->defaults = arena_grow(v->arena, v->defaults, n, sizeof(one));
		v->defaults[n++] = one;
		note = arena_format(v->arena, "%s%s %s: %s", note, n == 1 ? ":" : ";",
				    one.reason, measure_leak_text(v->arena, one.amounts));
	}
	v->n_defaults = n;
	if (n)
		findings_note(v, note);
}

void suppress_note(const struct suppressions *all, struct verdict *v)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct suppression *s = &all->list[i];
		const char *why = s->expired ? "has expired" : "was not used";

		if (s->file && !s->used)
			findings_note(v,
				      arena_format(v->arena, "suppression %s:%zu %s: %s",
						   s->file, s->line, why, s->reason));
	}
	if (all->of_any_kind[AMOUNT_LEAK_BLOCKS])
		findings_note(
			v, arena_format(v->arena,
					"memory was not scanned: suppressions of some "
					"kinds of leaks took blocks of any kind: %s",
					measure_leak_text(v->arena, all->of_any_kind)));
	tell_defaults(all, v);
	memcpy(v->suppressed, all->taken, sizeof(v->suppressed));
}
