// SPDX-License-Identifier: MIT
/*
 * Which site of A is which one of B. Sites that have a stack with the same signature
 * belong together. Where several lines of a function have it, or several instances of a
 * template, those with the same name and blocks of the same size do, then those on the
 * same line, then the others in the order of their lines: lines move, their order rarely.
 *
 * What is left over has other stacks than before. A site in a function of the same name
 * belongs to the one whose stack has the longest part in common with its own. A function
 * that was renamed is known by its caller: it is gone in B, the other is new there, most
 * of their stacks is the same, and so is the size of their blocks.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "report/memory.h"
#include "symbols/signature.h"

#include "report/diff-parts.h"

#define MAX_PATH 128       /* functions of a stack that are compared */
#define MAX_LINES 1000     /* of each side that have one signature */
#define MAX_CANDIDATES 200 /* of each side, of which every pair is compared */
#define RENAMED_SHARE 0.6  /* of the stacks of a function that was renamed */

/* A site, or a stack of it, under a key that both sides may have. */
struct entry {
	uint64_t key;
	uint32_t site, line;
	double size;      /* mean of its blocks */
	const char *name; /* whole, of its function */
	double blocks;
};

struct entries {
	struct entry *entries;
	size_t n, n_max;
};

/* A pair that may belong together. */
struct vote {
	uint32_t a, b;
	double weight;
};

struct match {
	const struct diff *d;
	struct entries entries[N_SIDES];
	struct vote *votes;
	size_t n_votes, n_votes_max;
	uint32_t *of_a, *of_b; /* site of the other side, plus 1 */
};

static const char *full_name(const struct report *r, uint32_t frame)
{
	return strings_get(&r->strings,
			   r->functions[r->frames[frame].function].full_name);
}

static struct entry make_entry(const struct match *m, enum diff_side side, uint64_t key,
			       uint32_t site)
{
	const struct report *r = m->d->sides[side];
	const struct report_site *s = &r->sites[site];
	double blocks = s->values[VALUE_BLOCKS];

	return (struct entry){.key = key,
			      .site = site,
			      .name = full_name(r, s->frame),
			      .line = r->frames[s->frame].line,
			      .size = blocks > 0 ? s->values[VALUE_BYTES] / blocks : 0,
			      .blocks = blocks};
}

static void add_entry(struct match *m, enum diff_side side, uint64_t key, uint32_t site)
{
	struct entries *e = &m->entries[side];

	e->entries = memory_grow(e->entries, e->n, &e->n_max, sizeof(*e->entries));
	e->entries[e->n++] = make_entry(m, side, key, site);
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->site > b->site) - (a->site < b->site);
}

/* Sort the entries; of those that are equal one stays. */
static void sort_entries(struct entries *e)
{
	size_t n = 0;

	if (e->n)
		qsort(e->entries, e->n, sizeof(*e->entries), compare_entries);
	for (size_t i = 0; i < e->n; i++) {
		if (n == 0 || compare_entries(&e->entries[n - 1], &e->entries[i]) != 0)
			e->entries[n++] = e->entries[i];
	}
	e->n = n;
}

/* The stacks of a side by the signature of each, from main inwards. */
static void take_stacks(struct match *m, enum diff_side side)
{
	const struct report *r = m->d->sides[side];
	uint64_t *hashes = memory_new(r->tree.n, sizeof(*hashes));

	hashes[0] = SIGNATURE_BEGIN;
	for (uint32_t i = 1; i < r->tree.n; i++) {
		const char *name =
			strings_get(&m->d->names, diff_function(m->d, side, i));
		uint64_t hash = hashes[r->tree.nodes[i].parent];

		if (strcmp(name, "main") == 0) /* whatever called it */
			hash = SIGNATURE_BEGIN;
		hashes[i] = diff_starts(r, i) ? hash : signature_add(hash, name);
		if (r->tree.nodes[i].site)
			add_entry(m, side, hashes[i], r->tree.nodes[i].site - 1);
	}
	free(hashes);
	sort_entries(&m->entries[side]);
}

/* The entries of one key. */
static size_t run_length(const struct entries *e, size_t from)
{
	size_t to = from;

	while (to < e->n && e->entries[to].key == e->entries[from].key)
		to++;
	return to - from;
}

/* The entries of a key that both sides have. */
struct common {
	const struct entry *a, *b;
	size_t n_a, n_b;
	size_t after_a, after_b; /* where the next ones are looked for */
};

/* Go to the next such key; from the first one if *c is zero. Returns false at the end. */
static bool next_common(const struct match *m, struct common *c)
{
	const struct entries *a = &m->entries[SIDE_A], *b = &m->entries[SIDE_B];

	while (c->after_a < a->n && c->after_b < b->n) {
		const struct entry *left = &a->entries[c->after_a];
		const struct entry *right = &b->entries[c->after_b];

		*c = (struct common){left,
				     right,
				     run_length(a, c->after_a),
				     run_length(b, c->after_b),
				     c->after_a,
				     c->after_b};
		c->after_a += left->key <= right->key ? c->n_a : 0;
		c->after_b += right->key <= left->key ? c->n_b : 0;
		if (left->key == right->key)
			return true;
	}
	return false;
}

static void vote(struct match *m, const struct entry *a, const struct entry *b)
{
	m->votes = memory_grow(m->votes, m->n_votes, &m->n_votes_max, sizeof(*m->votes));
	m->votes[m->n_votes++] = (struct vote){a->site, b->site, 1};
}

static bool same_size(const struct entry *a, const struct entry *b)
{
	return a->size == b->size && a->blocks > 0;
}

static bool same_line(const struct entry *a, const struct entry *b)
{
	return a->line == b->line;
}

/* Of the instances of a template the same one. */
static bool same_name(const struct entry *a, const struct entry *b)
{
	return strcmp(a->name, b->name) == 0;
}

static bool same_name_and_size(const struct entry *a, const struct entry *b)
{
	return same_size(a, b) && same_name(a, b);
}

static bool same_name_and_line(const struct entry *a, const struct entry *b)
{
	return same_line(a, b) && same_name(a, b);
}

static bool same_enough(const struct entry *a, const struct entry *b)
{
	(void)a, (void)b;
	return true;
}

/* Pair the lines of a function in both sides, each once. */
static void vote_on_lines(struct match *m, const struct entry *a, size_t n_a,
			  const struct entry *b, size_t n_b)
{
	static bool (*const rules[])(const struct entry *, const struct entry *) = {
		same_name_and_size, same_name_and_line, same_name,
		same_size,          same_line,          same_enough};
	bool *a_taken = memory_new(n_a, sizeof(*a_taken));
	bool *b_taken = memory_new(n_b, sizeof(*b_taken));

	for (size_t rule = 0; rule < sizeof(rules) / sizeof(*rules); rule++) {
		for (size_t i = 0; i < n_a; i++) {
			for (size_t k = 0; k < n_b && !a_taken[i]; k++) {
				if (b_taken[k] || !rules[rule](&a[i], &b[k]))
					continue;
				vote(m, &a[i], &b[k]);
				a_taken[i] = b_taken[k] = true;
			}
		}
	}
	free(a_taken);
	free(b_taken);
}

static void vote_on_stacks(struct match *m)
{
	struct common c = {0};

	while (next_common(m, &c)) {
		if (c.n_a <= MAX_LINES && c.n_b <= MAX_LINES)
			vote_on_lines(m, c.a, c.n_a, c.b, c.n_b);
	}
}

static int compare_pairs(const void *left, const void *right)
{
	const struct vote *a = left, *b = right;

	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	return (a->b > b->b) - (a->b < b->b);
}

static int compare_votes(const void *left, const void *right)
{
	const struct vote *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return compare_pairs(left, right);
}

/* The pairs with most votes first, each site once. */
static void count_votes(struct match *m)
{
	size_t n = 0;

	if (m->n_votes)
		qsort(m->votes, m->n_votes, sizeof(*m->votes), compare_pairs);
	for (size_t i = 0; i < m->n_votes; i++) {
		if (n > 0 && compare_pairs(&m->votes[n - 1], &m->votes[i]) == 0)
			m->votes[n - 1].weight += m->votes[i].weight;
		else
			m->votes[n++] = m->votes[i];
	}
	if (n)
		qsort(m->votes, n, sizeof(*m->votes), compare_votes);
	for (size_t i = 0; i < n; i++) {
		const struct vote *v = &m->votes[i];

		if (m->of_a[v->a] || m->of_b[v->b])
			continue;
		m->of_a[v->a] = v->b + 1;
		m->of_b[v->b] = v->a + 1;
	}
	m->n_votes = 0;
}

/* The functions of a site's largest stack, from the owning one outwards. */
static size_t path_of(const struct match *m, enum diff_side side, uint32_t site,
		      uint32_t path[MAX_PATH])
{
	const struct report *r = m->d->sides[side];
	uint32_t node = r->sites[site].node;
	size_t n = 0;

	while (node && r->tree.nodes[node].frame != r->sites[site].frame)
		node = r->tree.nodes[node].parent;
	for (; node && n < MAX_PATH; node = r->tree.nodes[node].parent) {
		if (!diff_starts(r, node))
			path[n++] = diff_function(m->d, side, node);
	}
	return n;
}

/* How much of two stacks is the same: the longest sequence that both have, as a share. */
static double common_share(const struct match *m, uint32_t a, uint32_t b)
{
	uint32_t left[MAX_PATH], right[MAX_PATH];
	size_t n = path_of(m, SIDE_A, a, left), k = path_of(m, SIDE_B, b, right);
	size_t longest[MAX_PATH + 1] = {0};

	for (size_t i = 0; i < n; i++) {
		size_t before = 0;

		for (size_t j = 0; j < k; j++) {
			size_t above = longest[j + 1];

			longest[j + 1] = left[i] == right[j]  ? before + 1
					 : above > longest[j] ? above
							      : longest[j];
			before = above;
		}
	}
	return n + k ? 2.0 * (double)longest[k] / (double)(n + k) : 0;
}

static uint32_t owner_of(const struct match *m, enum diff_side side, uint32_t site)
{
	const struct report *r = m->d->sides[side];

	return m->d->plain[side][r->frames[r->sites[site].frame].function];
}

/* Those without a partner, by the function that owns them, or by its caller. */
static void take_lonely(struct match *m, enum diff_side side, size_t depth)
{
	const uint32_t *matched = side == SIDE_A ? m->of_a : m->of_b;
	uint32_t path[MAX_PATH];

	m->entries[side].n = 0;
	for (uint32_t i = 0; i < m->d->sides[side]->n_sites; i++) {
		if (!matched[i] && path_of(m, side, i, path) > depth)
			add_entry(m, side, path[depth], i);
	}
	sort_entries(&m->entries[side]);
}

/* Which functions own sites of a side. The caller frees the array. */
static bool *list_owners(const struct match *m, enum diff_side side)
{
	bool *owners = memory_new(m->d->n_functions + 1, sizeof(*owners));

	for (uint32_t i = 0; i < m->d->sides[side]->n_sites; i++)
		owners[owner_of(m, side, i)] = true;
	return owners;
}

struct owners {
	bool *of[N_SIDES];
};

static double similarity(const struct match *m, const struct entry *a,
			 const struct entry *b, const struct owners *owners)
{
	double share = common_share(m, a->site, b->site);

	if (owners && (owners->of[SIDE_B][owner_of(m, SIDE_A, a->site)] ||
		       owners->of[SIDE_A][owner_of(m, SIDE_B, b->site)] ||
		       share < RENAMED_SHARE || !same_size(a, b)))
		return 0;
	/* Among equals those with the same blocks */
	return share + (same_size(a, b) ? 1e-3 : 0) + (a->blocks == b->blocks ? 1e-4 : 0);
}

static void vote_if_similar(struct match *m, const struct entry *a, const struct entry *b,
			    const struct owners *owners)
{
	double weight = similarity(m, a, b, owners);

	if (weight <= 0)
		return;
	vote(m, a, b);
	m->votes[m->n_votes - 1].weight = weight;
}

static void vote_on_lonely(struct match *m, const struct owners *owners)
{
	struct common c = {0};

	while (next_common(m, &c)) {
		for (size_t i = 0; i < c.n_a && i < MAX_CANDIDATES; i++) {
			for (size_t k = 0; k < c.n_b && k < MAX_CANDIDATES; k++)
				vote_if_similar(m, &c.a[i], &c.b[k], owners);
		}
	}
	count_votes(m);
}

static void match_lonely(struct match *m)
{
	struct owners owners = {{list_owners(m, SIDE_A), list_owners(m, SIDE_B)}};

	take_lonely(m, SIDE_A, 0);
	take_lonely(m, SIDE_B, 0);
	vote_on_lonely(m, NULL);
	take_lonely(m, SIDE_A, 1);
	take_lonely(m, SIDE_B, 1);
	vote_on_lonely(m, &owners);
	free(owners.of[SIDE_A]);
	free(owners.of[SIDE_B]);
}

uint32_t *diff_match(const struct diff *d)
{
	struct match m = {.d = d};

	m.of_a = memory_new(d->sides[SIDE_A]->n_sites + 1, sizeof(*m.of_a));
	m.of_b = memory_new(d->sides[SIDE_B]->n_sites + 1, sizeof(*m.of_b));
	take_stacks(&m, SIDE_A);
	take_stacks(&m, SIDE_B);
	vote_on_stacks(&m);
	count_votes(&m);
	match_lonely(&m);
	free(m.of_b);
	free(m.votes);
	free(m.entries[SIDE_A].entries);
	free(m.entries[SIDE_B].entries);
	return m.of_a;
}
