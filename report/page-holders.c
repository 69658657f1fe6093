// SPDX-License-Identifier: MIT
/*
 * The dominator tree by sites, for a page: places (roots, and lines that allocate), each
 * once, and groups that have one. A group that is too small goes into what stands for all
 * such below its next ancestor that is large enough, so the sums stay what they are.
 */
#include <stdlib.h>

#include "common/json.h"
#include "report/holders.h"
#include "report/memory.h"

#include "report/page-parts.h"

struct placing {
	struct making *making;
	const struct holders *holders;
	size_t groups, places; /* their first columns */
	uint32_t *root, *site; /* places, plus 1, of roots and sites; 0: not yet */
	uint32_t *group;       /* of each group: what it is in the page */
	uint32_t *rest;        /* of each of the page: what stands for small ones below */
	struct row {
		uint32_t parent, place, folded;
		int64_t blocks, bytes;
	} * rows;
	size_t n, n_max, n_places;
};

static size_t add_columns(struct making *m, const char *const *names, size_t n)
{
	size_t first = m->bundle.n;

	for (size_t i = 0; i < n; i++)
		bundle_column(&m->bundle, names[i], false);
	return first;
}

static void put_values(struct making *m, size_t first, const uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bundle_put(&m->bundle, first + i, values[i]);
}

static void add_place(struct placing *p, uint32_t kind, const uint32_t *names,
		      uint32_t file, const int64_t *numbers)
{
	struct making *m = p->making;
	char *path = page_path(m, strings_get(&p->holders->strings, file));
	uint64_t values[] = {
		strings_add(&m->strings, strings_get(&p->holders->strings, kind)),
		names[0],
		names[1],
		strings_add(&m->strings, path),
		(uint64_t)numbers[0],
		(uint64_t)numbers[1],
		(uint64_t)numbers[2],
	};

	put_values(m, p->places, values, sizeof(values) / sizeof(*values));
	p->n_places++;
	free(path);
}

static void add_root(struct placing *p, uint32_t root)
{
	const struct holder_root *r = &p->holders->roots[root];
	char *name = holders_root_title(p->holders, root, false);
	char *full = holders_root_title(p->holders, root, true);
	uint32_t names[] = {strings_add(&p->making->strings, name),
			    strings_add(&p->making->strings, full)};

	add_place(p, r->kind, names, r->file, (const int64_t[]){r->line, 0, 0});
	free(name);
	free(full);
}

static void add_site(struct placing *p, uint32_t site)
{
	const struct holder_site *s = &p->holders->sites[site];
	const struct strings *strings = &p->holders->strings;
	uint32_t names[] = {
		strings_add(&p->making->strings, strings_get(strings, s->short_name)),
		strings_add(&p->making->strings, strings_get(strings, s->function))};

	add_place(p, 0, names, s->file,
		  (const int64_t[]){s->line, s->number, s->possible_blocks});
}

/* The place, plus 1, of a group; 0: its site is unknown. */
static uint32_t place_of(struct placing *p, const struct holder_group *g)
{
	bool is_root = g->root != HOLDER_NONE;
	uint32_t *known;

	if (!is_root && g->site == HOLDER_NONE)
		return 0;
	known = is_root ? &p->root[g->root] : &p->site[g->site];
	if (*known)
		return *known;
	if (is_root)
		add_root(p, g->root);
	else
		add_site(p, g->site);
	*known = (uint32_t)p->n_places;
	return *known;
}

static uint32_t add_row(struct placing *p, uint32_t parent, uint32_t place)
{
	p->rows = memory_grow(p->rows, p->n, &p->n_max, sizeof(*p->rows));
	p->rows[p->n] = (struct row){.parent = parent, .place = place};
	return (uint32_t)p->n++;
}

static bool is_large(const struct placing *p, const struct holder_group *g)
{
	const struct holder_group *all = &p->holders->groups[0];
	double threshold = p->making->pruned.threshold;

	return (double)g->retained_bytes >= threshold * (double)all->retained_bytes ||
	       (double)g->retained_blocks >= threshold * (double)all->retained_blocks;
}

/* Parents come first, so a group whose parent was folded is folded with it. */
static void place_groups(struct placing *p)
{
	for (size_t i = 0; i < p->holders->n_groups; i++) {
		const struct holder_group *g = &p->holders->groups[i];
		uint32_t parent = i ? p->group[g->parent] : 0, row;

		if (i && (p->rows[parent].folded || !is_large(p, g))) {
			row = p->rows[parent].folded ? parent : p->rest[parent];
			if (!row)
				row = p->rest[parent] = add_row(p, parent, 0);
			p->rows[row].folded++;
			p->making->n_folded_holders++;
		} else {
			row = add_row(p, parent, i ? place_of(p, g) : 0);
		}
		p->group[i] = row;
		p->rows[row].blocks += g->blocks;
		p->rows[row].bytes += g->bytes;
	}
}

static void put_rows(struct placing *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct row *row = &p->rows[i];

		put_values(p->making, p->groups,
			   (const uint64_t[]){row->parent, row->place, row->folded,
					      (uint64_t)row->blocks,
					      (uint64_t)row->bytes},
			   5);
	}
}

void page_add_holders(struct making *m)
{
	static const char *const groups[] = {"holder.parent", "holder.place",
					     "holder.folded", "holder.blocks",
					     "holder.bytes"};
	static const char *const places[] = {
		"holder_place.kind",           "holder_place.short",
		"holder_place.full",           "holder_place.file",
		"holder_place.line",           "holder_place.number",
		"holder_place.possible_blocks"};
	const struct holders *h = m->options->holders;
	struct placing p = {.making = m, .holders = h};

	if (!h)
		return;
	p.groups = add_columns(m, groups, sizeof(groups) / sizeof(*groups));
	p.places = add_columns(m, places, sizeof(places) / sizeof(*places));
	p.root = memory_new(h->n_roots, sizeof(*p.root));
	p.site = memory_new(h->n_sites, sizeof(*p.site));
	p.group = memory_new(h->n_groups, sizeof(*p.group));
	p.rest = memory_new(h->n_groups, sizeof(*p.rest));
	place_groups(&p);
	put_rows(&p);
	free(p.root);
	free(p.site);
	free(p.group);
	free(p.rest);
	free(p.rows);
}

void page_write_holders(const struct making *m, struct json *json)
{
	const struct holders *h = m->options->holders;

	if (!h)
		return;
	json_key(json, "heap_snapshot");
	json_begin_object(json);
	json_put_text(json, "name", h->name);
	json_put_real(json, "at_ms", (double)h->at_ns / 1e6, 6);
	json_put_integer(json, "blocks", h->blocks);
	json_put_integer(json, "bytes", h->bytes);
	json_put_integer(json, "edges", h->edges);
	json_put_integer(json, "possible_edges", h->possible_edges);
	json_put_unsigned(json, "snapshots", h->n_snapshots);
	json_put_unsigned(json, "folded", m->n_folded_holders);
	json_end_object(json);
}
