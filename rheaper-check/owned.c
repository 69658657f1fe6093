// SPDX-License-Identifier: MIT
/*
 * What hangs below the lost blocks of findings is told with these, and is no finding
 * itself. Baselines and limits know nothing of that: they count what each call site
 * leaks, whatever it hangs below.
 */
#include <stdlib.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/findings.h"

#include "rheaper-check/owned.h"

/* "5 blocks, 240 bytes definitely lost", and if there are more kinds, how much is of
 * each: in several runs, no more than which. */
static const char *describe_kinds(struct arena *arena, const struct measure_site *site)
{
	const char *text = measure_leak_text(arena, site->amounts), *separator = ": ";
	const int64_t *of_worst = site->of_kind[site->kind];
	bool one_run = site->n_of_runs == 1;

	if (site->kind == LEAK_UNKNOWN)
		return text;
	if (one_run && of_worst[AMOUNT_LEAK_BLOCKS] == site->amounts[AMOUNT_LEAK_BLOCKS])
		return arena_format(arena, "%s %s", text, leak_kind_names[site->kind]);
	for (int kind = 0; kind < N_LEAK_KINDS; kind++) {
		if (site->of_kind[kind][AMOUNT_LEAK_BLOCKS] == 0)
			continue;
		if (one_run)
			text = arena_format(arena, "%s%s%s %s", text, separator,
					    measure_leak_text(arena, site->of_kind[kind]),
					    leak_kind_names[kind]);
		else
			text = arena_format(arena, "%s%s%s", text,
					    separator[0] == ':' ? " " : " or ",
					    leak_kind_names[kind]);
		separator = "; ";
	}
	return text;
}

/* What it owns itself, if that is in its amounts. */
static const int64_t *owned_by_itself(const struct finding *f)
{
	bool counts = f->site->of_kind[LEAK_INDIRECT][AMOUNT_LEAK_BLOCKS] > 0;

	for (size_t i = 0; counts && i < f->n_owned; i++) {
		if (strcmp(f->owned[i].key, f->site->key) == 0)
			return f->owned[i].amounts;
	}
	return NULL;
}

/* Whether the site leaks nothing but definitely lost blocks and what hangs below them. */
static bool is_one_structure(const struct finding *f, const int64_t *own)
{
	const struct measure_site *site = f->site;

	return site->n_of_runs == 1 && site->kind == LEAK_DEFINITE && own &&
	       own[AMOUNT_LEAK_BLOCKS] ==
		       site->of_kind[LEAK_INDIRECT][AMOUNT_LEAK_BLOCKS] &&
	       own[AMOUNT_LEAK_BLOCKS] +
			       site->of_kind[LEAK_DEFINITE][AMOUNT_LEAK_BLOCKS] ==
		       site->amounts[AMOUNT_LEAK_BLOCKS];
}

/* What it leaks, and what is lost with it: "1 block, 8 bytes definitely lost, and 2
 * blocks, 90 bytes reachable only through it". Blocks of the site itself are in its own
 * amount already, which a baseline is compared with. */
const char *owned_describe(struct arena *arena, const struct finding *f)
{
	const struct measure_site *site = f->site;
	const int64_t *own = owned_by_itself(f), *heads = site->amounts;
	int64_t others[N_AMOUNTS];
	const char *text;

	memcpy(others, f->indirect, sizeof(others));
	if (!f->has_before && is_one_structure(f, own)) {
		heads = site->of_kind[LEAK_DEFINITE];
		text = arena_format(arena, "%s %s", measure_leak_text(arena, heads),
				    leak_kind_names[LEAK_DEFINITE]);
	} else {
		text = describe_kinds(arena, site);
		for (int i = 0; own && i < N_AMOUNTS; i++)
			others[i] -= own[i];
	}
	if (others[AMOUNT_LEAK_BLOCKS] == 0)
		return text;
	return arena_format(arena, "%s, and %s reachable only through %s", text,
			    measure_leak_text(arena, others),
			    heads[AMOUNT_LEAK_BLOCKS] == 1 ? "it" : "them");
}

static int compare_owned(const void *left, const void *right)
{
	const struct measure_owned *a = left, *b = right;
	int64_t x = a->amounts[AMOUNT_LEAK_BYTES], y = b->amounts[AMOUNT_LEAK_BYTES];

	return x > y ? -1 : x < y ? 1 : strcmp(a->key, b->key);
}

/* What hangs below it, in a list of its own, for it has another order. */
void owned_take(struct verdict *v, struct finding *f)
{
	const struct measure_owned *owned;
	struct measure_owned *copy;
	const int64_t *own;

	f->together = f->now[AMOUNT_LEAK_BYTES];
	/* Without a scan these may have inner blocks. */
	if (!f->site->of_kind[LEAK_DEFINITE][AMOUNT_LEAK_BLOCKS] &&
	    !f->site->of_kind[LEAK_UNKNOWN][AMOUNT_LEAK_BLOCKS])
		return;
	owned = measure_owned_by(v->measure, f->site->key, &f->n_owned);
	if (!owned)
		return;
	copy = arena_take(v->arena, f->n_owned * sizeof(*copy));
	memcpy(copy, owned, f->n_owned * sizeof(*copy));
	qsort(copy, f->n_owned, sizeof(*copy), compare_owned);
	f->owned = copy;
	for (size_t i = 0; i < f->n_owned; i++) {
		for (int k = AMOUNT_LEAK_BLOCKS; k <= AMOUNT_LEAK_BYTES; k++)
			f->indirect[k] = measure_add(f->indirect[k], copy[i].amounts[k]);
	}
	own = owned_by_itself(f);
	f->together =
		measure_add(f->together, f->indirect[AMOUNT_LEAK_BYTES] -
						 (own ? own[AMOUNT_LEAK_BYTES] : 0));
}

static int compare_leaks(const void *left, const void *right)
{
	const struct finding *const *a = left, *const *b = right;

	return strcmp((*a)->site->key, (*b)->site->key);
}

static int compare_leak_key(const void *key, const void *finding)
{
	return strcmp(key, (*(const struct finding *const *)finding)->site->key);
}

/* The findings that are leaks, by site. */
static size_t list_leaks(struct verdict *v, struct finding ***list)
{
	struct finding **leaks =
		arena_take(v->arena, (v->n_findings + 1) * sizeof(*leaks));
	size_t n = 0;

	for (size_t i = 0; i < v->n_findings; i++) {
		if (v->findings[i].site && v->findings[i].kind <= FINDING_LEAK_GROWTH)
			leaks[n++] = &v->findings[i];
	}
	if (n)
		qsort(leaks, n, sizeof(*leaks), compare_leaks);
	*list = leaks;
	return n;
}

static struct finding *find_by_key(struct finding **leaks, size_t n, const char *key)
{
	struct finding **found =
		n ? bsearch(key, leaks, n, sizeof(*leaks), compare_leak_key) : NULL;

	return found ? *found : NULL;
}

/* Take out what hangs below others that stay, if all of it does: in several runs the
 * owners may have been in less of them than what they own. */
void owned_fold(struct verdict *v)
{
	struct finding **leaks;
	size_t n_leaks = list_leaks(v, &leaks), n = 0;

	for (size_t i = 0; i < v->measure->n_owned; i++) {
		const struct measure_owned *owned = &v->measure->owned[i];
		struct finding *f = find_by_key(leaks, n_leaks, owned->key);
		const struct finding *owner = find_by_key(leaks, n_leaks, owned->owner);

		if (f && owner && !owner->site->is_owned)
			f->n_told = measure_add(f->n_told,
						owned->amounts[AMOUNT_LEAK_BLOCKS]);
	}
	for (size_t i = 0; i < v->n_findings; i++) {
		const struct finding *f = &v->findings[i];

		if (!f->n_told || !f->site->is_owned ||
		    f->n_told < f->now[AMOUNT_LEAK_BLOCKS])
			v->findings[n++] = *f;
	}
	v->n_findings = n;
}
