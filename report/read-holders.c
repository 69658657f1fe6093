// SPDX-License-Identifier: MIT
/*
 * The database has the dominator tree by stacks. A reader thinks in lines, so stacks that
 * have the same line as their owner are one here: groups are folded once more by sites,
 * as the loader folded blocks by stacks (heap/fold.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/path.h"
#include "database/db.h"
#include "database/holders.h"
#include "database/rows.h"
#include "report/memory.h"
#include "symbols/short-name.h"

#include "report/holders.h"

#define REACH 64 /* groups that are looked at on the way up */

static void put(struct map *map, uint64_t key, uint32_t value)
{
	if (map_put(map, key, value) != 0)
		memory_fail();
}

static uint64_t key_of(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

static bool is_wanted(const struct holders_snapshot *s, const char *wanted)
{
	char *end;
	long long number;

	if (!wanted || strcmp(s->name, wanted) == 0)
		return true;
	number = strtoll(wanted, &end, 10);
	return *wanted && !*end && number == s->snapshot;
}

static void take_snapshot(struct holders *h, const struct holders_snapshot *s)
{
	free(h->name);
	h->snapshot = s->snapshot;
	h->at_ns = s->at_ns;
	h->blocks = s->blocks;
	h->bytes = s->bytes;
	h->edges = s->edges;
	h->possible_edges = s->possible_edges;
	h->name = memory_text(s->name);
}

static void choose_snapshot(struct holders *h, const struct database *d, int64_t process,
			    const char *wanted, enum holders_which which)
{
	struct rows *rows = holders_select_snapshots(d);
	struct holders_snapshot s;
	char *error = NULL;

	rows_set(rows, 1, process);
	for (; rows_next(rows, &s); h->n_snapshots++) {
		if (!is_wanted(&s, wanted) || (which == HOLDERS_FIRST && h->name))
			continue;
		free(error);
		error = memory_text(s.error);
		take_snapshot(h, &s);
	}
	rows_close(rows);
	if (h->n_snapshots == 0)
		die("%s: process %lld has no heap snapshot; run the program with "
		    "RHEAPER_LEAK_SCAN=graph, or call rheaper_heap_snapshot()",
		    d->name, (long long)process);
	if (!h->name)
		die("%s: process %lld has no heap snapshot '%s'; it has %zu others",
		    d->name, (long long)process, wanted, h->n_snapshots);
	if (error)
		die("%s: heap snapshot '%s': %s", d->name, h->name, error);
}

static uint32_t add_short(struct holders *h, const char *name)
{
	char text[SHORT_NAME_SIZE] = "";

	if (name)
		short_name(name, text, sizeof(text));
	return strings_add(&h->strings, text);
}

static uint32_t add_site(struct holders *h, const struct holders_site *s)
{
	h->sites = memory_grow(h->sites, h->n_sites, &h->n_sites_max, sizeof(*h->sites));
	h->sites[h->n_sites] = (struct holder_site){
		.number = s->stack,
		.short_name = add_short(h, s->function),
		.function = strings_add(&h->strings, s->function),
		.file = strings_add(&h->strings, s->file),
		.line = s->line,
	};
	return (uint32_t)h->n_sites++;
}

/* Sites are the same if function, file, line and module are. */
static void read_sites(struct holders *h, const struct database *d)
{
	struct rows *rows = holders_select_sites(d);
	struct map places = {0}, lines = {0}, sites = {0};
	struct holders_site s;

	while (rows_next(rows, &s)) {
		uint64_t place = key_of(strings_add(&h->strings, s.function),
					strings_add(&h->strings, s.file));
		uint64_t line =
			key_of((uint32_t)s.line, strings_add(&h->strings, s.module_path));
		uint64_t key;
		uint32_t site;

		if (map_get(&places, place) == MAP_NONE)
			put(&places, place, (uint32_t)places.n_used);
		if (map_get(&lines, line) == MAP_NONE)
			put(&lines, line, (uint32_t)lines.n_used);
		key = key_of(map_get(&places, place), map_get(&lines, line));
		site = map_get(&sites, key);
		if (site == MAP_NONE) {
			site = add_site(h, &s);
			put(&sites, key, site);
		}
		put(&h->site_of, (uint64_t)s.stack, site);
	}
	rows_close(rows);
	map_fini(&places);
	map_fini(&lines);
	map_fini(&sites);
}

static void read_roots(struct holders *h, const struct database *d)
{
	struct rows *rows = holders_select_roots(d);
	struct holders_root r;

	rows_set(rows, 1, h->snapshot);
	while (rows_next(rows, &r)) {
		h->roots = memory_grow(h->roots, h->n_roots, &h->n_roots_max,
				       sizeof(*h->roots));
		h->roots[h->n_roots++] = (struct holder_root){
			.kind = strings_add(&h->strings, r.kind),
			.short_name = add_short(h, r.name),
			.name = strings_add(&h->strings, r.name),
			.file = strings_add(&h->strings, r.file),
			.module = strings_add(&h->strings, r.module_path),
			.node = r.node,
			.line = r.line,
			.thread = r.thread,
			.address = r.address,
			.retained_bytes = r.retained_bytes,
			.retained_blocks = r.retained_blocks,
		};
	}
	rows_close(rows);
}

/* Roots follow the blocks without a gap. */
uint32_t holders_find_root(const struct holders *h, int64_t node)
{
	int64_t i = node > h->blocks ? node - h->blocks - 1 : -1;

	return i >= 0 && i < (int64_t)h->n_roots && h->roots[i].node == node
		       ? (uint32_t)i
		       : HOLDER_NONE;
}

/* A group of that site, or one below that is new. Roots are their own sites. */
static uint32_t find_group(struct holders *h, struct map *children, uint32_t parent,
			   uint32_t root, uint32_t site)
{
	uint32_t name = root != HOLDER_NONE ? (uint32_t)h->n_sites + root : site;
	uint64_t key = key_of(parent, name);
	uint32_t group = parent;

	for (int i = 0; i < REACH && group != 0 && group != HOLDER_NONE; i++) {
		if (root == HOLDER_NONE && h->groups[group].root == HOLDER_NONE &&
		    h->groups[group].site == site)
			return group;
		group = h->groups[group].parent;
	}
	group = map_get(children, key);
	if (group != MAP_NONE)
		return group;
	h->groups =
		memory_grow(h->groups, h->n_groups, &h->n_groups_max, sizeof(*h->groups));
	h->groups[h->n_groups] =
		(struct holder_group){.parent = parent, .root = root, .site = site};
	put(children, key, (uint32_t)h->n_groups);
	return (uint32_t)h->n_groups++;
}

uint32_t holders_find_site(const struct holders *h, int64_t stack)
{
	_Static_assert(MAP_NONE == HOLDER_NONE, "what a map does not have");
	return map_get(&h->site_of, (uint64_t)stack);
}

static void sum_up(struct holders *h)
{
	for (size_t i = h->n_groups; i-- > 0;) {
		struct holder_group *g = &h->groups[i];

		g->retained_blocks += g->blocks;
		g->retained_bytes += g->bytes;
		if (i == 0)
			break;
		h->groups[g->parent].retained_blocks += g->retained_blocks;
		h->groups[g->parent].retained_bytes += g->retained_bytes;
	}
}

/* Parents come first; of a row that says otherwise, the parent is the top. */
static void read_groups(struct holders *h, const struct database *d)
{
	struct rows *rows = holders_select_groups(d);
	struct map folded = {0}, children = {0};
	struct holders_group g;

	find_group(h, &children, HOLDER_NONE, HOLDER_NONE, HOLDER_NONE);
	rows_set(rows, 1, h->snapshot);
	while (rows_next(rows, &g)) {
		uint32_t parent = map_get(&folded, (uint64_t)g.parent), group = 0;

		if (g.heap_group != 0)
			group = find_group(h, &children, parent == MAP_NONE ? 0 : parent,
					   g.root ? holders_find_root(h, g.root)
						  : HOLDER_NONE,
					   holders_find_site(h, g.stack));
		put(&folded, (uint64_t)g.heap_group, group);
		h->groups[group].blocks += g.blocks;
		h->groups[group].bytes += g.bytes;
	}
	rows_close(rows);
	map_fini(&folded);
	map_fini(&children);
	sum_up(h);
}

/* Of each root, the sites of the groups below it */
static void count_sites(struct holders *h)
{
	uint32_t *above = memory_new(h->n_groups, sizeof(*above));
	struct map seen = {0};

	for (size_t i = 0; i < h->n_groups; i++) {
		const struct holder_group *g = &h->groups[i];

		above[i] = g->root != HOLDER_NONE ? g->root
			   : i > 0                ? above[g->parent]
						  : HOLDER_NONE;
		if (above[i] == HOLDER_NONE || g->root != HOLDER_NONE ||
		    map_get(&seen, key_of(above[i], g->site)) != MAP_NONE)
			continue;
		put(&seen, key_of(above[i], g->site), 0);
		h->roots[above[i]].sites++;
	}
	map_fini(&seen);
	free(above);
}

/* All but the roots, which are there. */
static void read_tree(struct holders *h, const struct database *d)
{
	read_sites(h, d);
	read_groups(h, d);
	count_sites(h);
}

struct holders *holders_read(const struct database *database, int64_t process,
			     const char *snapshot, enum holders_which which)
{
	struct holders *h = memory_new(1, sizeof(*h));

	strings_init(&h->strings);
	choose_snapshot(h, database, process, snapshot, which);
	read_roots(h, database);
	read_tree(h, database);
	return h;
}

struct holders *holders_peek(const struct database *database, int64_t process, size_t *n)
{
	struct holders *h = memory_new(1, sizeof(*h));
	struct rows *rows = holders_select_snapshots(database);
	struct holders_snapshot s;

	strings_init(&h->strings);
	rows_set(rows, 1, process);
	for (*n = 0; rows_next(rows, &s); ++*n) {
		if (!s.error)
			take_snapshot(h, &s);
	}
	rows_close(rows);
	if (h->name) {
		read_roots(h, database);
		return h;
	}
	holders_free(h);
	return NULL;
}

static void read_possible(struct holders *h, const struct database *d)
{
	struct rows *rows = holders_select_possible(d);
	struct holders_possible p;

	rows_set(rows, 1, h->snapshot);
	while (rows_next(rows, &p)) {
		uint32_t site = holders_find_site(h, p.stack);

		if (site != HOLDER_NONE)
			h->sites[site].possible_blocks += p.blocks;
	}
	rows_close(rows);
}

struct holders *holders_read_page(const struct database *database, int64_t process,
				  const char *snapshot)
{
	struct holders *h;
	size_t n;

	if (snapshot) {
		h = holders_read(database, process, snapshot, HOLDERS_LAST);
	} else {
		h = holders_peek(database, process, &n);
		if (!h)
			return NULL;
		h->n_snapshots = n;
		read_tree(h, database);
	}
	read_possible(h, database);
	return h;
}

void holders_free(struct holders *h)
{
	strings_fini(&h->strings);
	free(h->name);
	free(h->sites);
	map_fini(&h->site_of);
	free(h->roots);
	free(h->groups);
	free(h);
}

/* " (session.c:31)", or nothing */
static char *place_text(const struct holders *h, uint32_t file, int64_t line,
			bool is_full)
{
	const char *path = strings_get(&h->strings, file);

	if (!file)
		return memory_text("");
	if (!line)
		return memory_format(" (%s)", is_full ? path : path_base(path));
	return memory_format(" (%s:%lld)", is_full ? path : path_base(path),
			     (long long)line);
}

static char *thread_text(const struct holder_root *r)
{
	return r->thread ? memory_format(" of thread t%lld", (long long)r->thread)
			 : memory_text("");
}

static char *unnamed_root(const struct holders *h, const struct holder_root *r)
{
	const char *kind = strings_get(&h->strings, r->kind);
	const char *module = strings_get(&h->strings, r->module);

	if (strcmp(kind, "global") == 0)
		return memory_format("data of %s", path_base(module));
	if (strcmp(kind, "memory") == 0)
		return memory_format("memory at 0x%llx", (unsigned long long)r->address);
	if (strcmp(kind, "thread-local") == 0)
		return memory_text("thread-local variables");
	if (strcmp(kind, "register") == 0)
		return memory_text("registers");
	if (strcmp(kind, "allocator") == 0)
		return memory_text("memory of the allocator");
	if (strcmp(kind, "moving") == 0)
		return memory_text("a call that was under way");
	if (strcmp(kind, "lost") == 0)
		return memory_text("nothing (lost)");
	return memory_text(kind);
}

static char *name_root(const struct holders *h, uint32_t root, bool is_full,
		       const char *place)
{
	const struct holder_root *r = &h->roots[root];
	char *thread = thread_text(r), *base = unnamed_root(h, r), *name;
	const char *kind = strings_get(&h->strings, r->kind);
	const char *what = strings_get(&h->strings, is_full ? r->name : r->short_name);

	if (r->name && strcmp(kind, "stack") == 0)
		name = memory_format("stack%s in %s%s", thread, what, place);
	else if (r->name)
		name = memory_format("%s %s%s%s", kind, what, place, thread);
	else
		name = memory_format("%s%s", base, thread);
	free(thread);
	free(base);
	return name;
}

char *holders_root_name(const struct holders *h, uint32_t root, bool is_full)
{
	const struct holder_root *r = &h->roots[root];
	char *place = place_text(h, r->file, r->line, is_full);
	char *name = name_root(h, root, is_full, place);

	free(place);
	return name;
}

char *holders_root_title(const struct holders *h, uint32_t root, bool is_full)
{
	return name_root(h, root, is_full, "");
}

char *holders_site_name(const struct holders *h, uint32_t site, bool is_full)
{
	const struct holder_site *s = &h->sites[site == HOLDER_NONE ? 0 : site];
	char *place, *name;

	if (site == HOLDER_NONE || !s->function)
		return memory_text("unknown");
	place = place_text(h, s->file, s->line, is_full);
	name = memory_format(
		"%s%s", strings_get(&h->strings, is_full ? s->function : s->short_name),
		place);
	free(place);
	return name;
}
