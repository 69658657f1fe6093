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
	/* One that is not known may be any. */
	if (kind != LEAK_UNKNOWN && !(s->kinds >> kind & 1))
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

bool suppress_takes(struct suppressions *all, const char *program,
		    const struct measure_stack *stack, enum leak_kind kind)
{
	for (size_t i = 0; i < all->n; i++) {
		struct suppression *s = &all->list[i];

		if (!s->expired && fits(s, program, stack, kind)) {
			s->used = true;
			return true;
		}
	}
	return false;
}

static const char *program_of(struct suppressions *all, const char *key)
{
	return arena_text_n(all->arena, key, names_program(key));
}

/* What is lost with an accepted block is accepted, as it would not be lost without. */
static bool takes_row(struct suppressions *all, const struct measure_site *row)
{
	const char *program = program_of(all, row->key);

	return row->amounts[AMOUNT_LEAK_BLOCKS] &&
	       (suppress_takes(all, program, row->stack, row->kind) ||
		(row->owner && suppress_takes(all, program, row->owner, LEAK_DEFINITE)));
}

static bool takes_owned(struct suppressions *all, const struct measure_owned *row)
{
	const char *program = program_of(all, row->key);

	return suppress_takes(all, program, row->stack, LEAK_INDIRECT) ||
	       suppress_takes(all, program, row->owner_stack, LEAK_DEFINITE);
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

		if (!takes_row(all, row))
			continue;
		all->n_blocks =
			measure_add(all->n_blocks, row->amounts[AMOUNT_LEAK_BLOCKS]);
		all->n_bytes = measure_add(all->n_bytes, row->amounts[AMOUNT_LEAK_BYTES]);
		clear_leak(row);
	}
	for (size_t i = 0; i < m->n_owned_rows; i++) {
		if (takes_owned(all, &m->owned_rows[i]))
			memset(m->owned_rows[i].amounts, 0,
			       sizeof(m->owned_rows[i].amounts));
	}
	/* They would not count anyway, but nobody needs to be told of them */
	for (size_t i = 0; i < m->n_uncounted; i++) {
		if (takes_row(all, &m->uncounted[i]))
			clear_leak(&m->uncounted[i]);
	}
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
	v->suppressed[AMOUNT_LEAK_BLOCKS] = all->n_blocks;
	v->suppressed[AMOUNT_LEAK_BYTES] = all->n_bytes;
}
