// SPDX-License-Identifier: MIT
/*
 * Both trees are walked from the top, parents first, and each group is looked up below
 * what its parent became. What has no counterpart there is a group of one side.
 */
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "report/memory.h"

#include "report/holders-diff.h"

struct merge {
	struct holders_diff *diff;
	const uint32_t *sites; /* of B, of each one of A; NULL: both are of one process */
	struct strings names;  /* of roots, as they are compared */
	struct map children;   /* of a group and what is below it */
};

uint32_t *holders_match_sites(const struct holders *a, const struct holders *b,
			      const struct diff *d)
{
	uint32_t *sites = memory_new(a->n_sites + 1, sizeof(*sites));

	memset(sites, 0xff, (a->n_sites + 1) * sizeof(*sites)); /* HOLDER_NONE */
	for (size_t i = 0; i < d->n_changes; i++) {
		const uint32_t *pair = d->changes[i].site;
		uint32_t site;

		if (!pair[SIDE_A] || !pair[SIDE_B])
			continue;
		site = holders_find_site(
			a, d->sides[SIDE_A]->sites[pair[SIDE_A] - 1].number);
		if (site != HOLDER_NONE)
			sites[site] = holders_find_site(
				b, d->sides[SIDE_B]->sites[pair[SIDE_B] - 1].number);
	}
	return sites;
}

/* What a rebuild and another run leave as it is: not where things are, nor in which order
 * threads began. */
static uint32_t root_name(struct merge *m, const struct holders *h, uint32_t root)
{
	const struct holder_root *r = &h->roots[root];
	const char *module = path_base(strings_get(&h->strings, r->module));
	bool one = !m->sites;
	char *text = memory_format(
		"%s\n%s\n%s\n%s\n%lld\n%lld", strings_get(&h->strings, r->kind),
		strings_get(&h->strings, r->name),
		path_base(strings_get(&h->strings, r->file)), r->name ? "" : module,
		one ? (long long)r->thread : 0,
		one && !r->name && !r->module ? (long long)r->address : 0);
	uint32_t name = strings_add(&m->names, text);

	free(text);
	return name;
}

/* The sites of B have their own numbers, those that only A has come behind them. */
static uint32_t site_name(const struct merge *m, enum diff_side side, uint32_t site)
{
	if (side == SIDE_B || site == HOLDER_NONE || !m->sites)
		return site;
	return m->sites[site] != HOLDER_NONE
		       ? m->sites[site]
		       : (uint32_t)m->diff->sides[SIDE_B]->n_sites + site;
}

static uint32_t add_change(struct merge *m, uint32_t parent, bool is_root)
{
	struct holders_diff *d = m->diff;

	d->changes = memory_grow(d->changes, d->n_changes, &d->n_changes_max,
				 sizeof(*d->changes));
	d->changes[d->n_changes] =
		(struct holders_change){.parent = parent,
					.is_root = is_root,
					.roots = {HOLDER_NONE, HOLDER_NONE},
					.sites = {HOLDER_NONE, HOLDER_NONE}};
	return (uint32_t)d->n_changes++;
}

static uint32_t find_change(struct merge *m, uint32_t parent, bool is_root, uint32_t name)
{
	/* Groups are fewer than 2^31 (HEAP_FOLD_MAX) */
	uint64_t key = (uint64_t)parent << 33 | (uint64_t)is_root << 32 | name;
	uint32_t change = map_get(&m->children, key);

	if (change != MAP_NONE)
		return change;
	change = add_change(m, parent, is_root);
	if (map_put(&m->children, key, change) != 0)
		memory_fail();
	return change;
}

static void take_group(struct holders_change *c, enum diff_side side,
		       const struct holder_group *g)
{
	c->is_in[side] = true;
	if (c->is_root && c->n_roots[side]++ == 0)
		c->roots[side] = g->root;
	if (!c->is_root)
		c->sites[side] = g->site;
	c->of[side].blocks += g->blocks;
	c->of[side].bytes += g->bytes;
	c->of[side].retained_blocks += g->retained_blocks;
	c->of[side].retained_bytes += g->retained_bytes;
}

static void take_side(struct merge *m, enum diff_side side)
{
	const struct holders *h = m->diff->sides[side];
	uint32_t *merged = memory_new(h->n_groups, sizeof(*merged));

	take_group(&m->diff->changes[0], side, &h->groups[0]);
	for (size_t i = 1; i < h->n_groups; i++) {
		const struct holder_group *g = &h->groups[i];
		bool is_root = g->root != HOLDER_NONE;

		merged[i] = find_change(m, merged[g->parent], is_root,
					is_root ? root_name(m, h, g->root)
						: site_name(m, side, g->site));
		take_group(&m->diff->changes[merged[i]], side, g);
	}
	free(merged);
}

static void sum_up(struct holders_diff *d)
{
	for (size_t i = d->n_changes; i-- > 0;) {
		struct holders_change *c = &d->changes[i];

		c->moved += llabs(c->of[SIDE_B].bytes - c->of[SIDE_A].bytes);
		if (i > 0)
			d->changes[c->parent].moved += c->moved;
	}
}

struct holders_diff holders_diff_make(const struct holders *a, const struct holders *b,
				      const uint32_t *sites)
{
	struct holders_diff d = {.sides = {a, b}};
	struct merge m = {.diff = &d, .sites = sites};

	strings_init(&m.names);
	add_change(&m, HOLDER_NONE, false);
	take_side(&m, SIDE_A);
	take_side(&m, SIDE_B);
	sum_up(&d);
	strings_fini(&m.names);
	map_fini(&m.children);
	return d;
}

void holders_diff_fini(struct holders_diff *d)
{
	free(d->changes);
	free(d->sites);
}

enum diff_status holders_diff_status(const struct holders_change *c)
{
	int64_t before = c->of[SIDE_A].retained_bytes,
		after = c->of[SIDE_B].retained_bytes;

	if (!c->is_in[SIDE_A])
		return DIFF_NEW;
	if (!c->is_in[SIDE_B])
		return DIFF_GONE;
	return after > before ? DIFF_GROWN : after < before ? DIFF_SHRUNK : DIFF_SAME;
}
