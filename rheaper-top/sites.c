// SPDX-License-Identifier: MIT
/*
 * Every update adds up all stacks anew: there are thousands at most, where events are
 * millions. A stack's site is looked up once. Its record may come later than an event
 * that names it, so until then it counts as unknown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "common/array.h"
#include "common/text.h"
#include "rheaper-top/names.h"
#include "symbols/demangle.h"

#include "rheaper-top/sites.h"

#define SITE_UNKNOWN 0
#define SITE_UNSAMPLED 1
#define MAX_DEPTH 4096

static int add_site(struct sites *s, const struct site *site, uint32_t *id)
{
	struct row *row;

	if (array_grow((void **)&s->sites, &s->n_sites_max, s->rows.n + 1,
		       sizeof(*s->sites)))
		return -ENOMEM;
	row = rows_add(&s->rows);
	if (!row)
		return -ENOMEM;
	s->sites[row->id] = *site;
	*id = row->id;
	return 0;
}

int sites_init(struct sites *s, const struct catalog *catalog, struct names *names)
{
	struct site unknown = {.name = strdup("[unknown]")};
	struct site unsampled = {.name = strdup("[stack not taken]")};
	uint32_t id;

	*s = (struct sites){.catalog = catalog, .names = names};
	if (!unknown.name || !unsampled.name || add_site(s, &unknown, &id))
		goto unnamed;
	if (add_site(s, &unsampled, &id))
		goto unsampled;
	return 0;

unnamed:
	free(unknown.name);
unsampled:
	free(unsampled.name);
	return -ENOMEM;
}

void sites_fini(struct sites *s)
{
	for (size_t i = 0; i < s->rows.n; i++)
		free(s->sites[i].name);
	free(s->sites);
	free(s->of_stack);
	rows_fini(&s->rows);
	map_fini(&s->by_address);
}

static const struct catalog_node *get_node(const struct catalog *c, uint32_t id,
					   uint8_t code)
{
	if (id == 0 || id >= c->n_nodes || c->nodes[id].code != code)
		return NULL;
	return &c->nodes[id];
}

/* The site of a frame, which may be new. */
static int find_site(struct sites *s, const struct catalog_node *frame, uint32_t function,
		     uint32_t *id)
{
	uint32_t first = map_get(&s->by_address, frame->address);
	struct site site = {.address = frame->address,
			    .module = frame->module,
			    .flags = frame->flags & RHP_NODE_EXACT_PC,
			    .same = first == MAP_NONE ? 0 : first + 1,
			    .function = function};

	for (uint32_t i = site.same; i; i = s->sites[i - 1].same) {
		const struct site *known = &s->sites[i - 1];

		if (known->module == site.module && known->flags == site.flags) {
			*id = i - 1;
			return 0;
		}
	}
	if (add_site(s, &site, id))
		return -ENOMEM;
	return map_put(&s->by_address, site.address, *id);
}

/* The site of a stack into of_stack, as soon as it can be known. */
static int place_stack(struct sites *s, size_t stack)
{
	const struct catalog *c = s->catalog;
	const struct catalog_node *call = get_node(c, c->stacks[stack].node, RHP_CALL);
	const struct catalog_node *frame =
		call ? get_node(c, call->parent, RHP_FRAME) : NULL;
	uint32_t id = call && (call->flags & RHP_NODE_UNSAMPLED) ? SITE_UNSAMPLED
								 : SITE_UNKNOWN;

	if (stack != 0 && (!call || (call->parent && !frame)))
		return 0;
	if (frame && find_site(s, frame, (uint32_t)call->address, &id))
		return -ENOMEM;
	s->of_stack[stack] = id + 1;
	return 0;
}

static void clear(struct sites *s)
{
	for (size_t i = 0; i < s->rows.n; i++) {
		s->sites[i].temporary = 0;
		s->sites[i].stack = 0;
		memset(s->rows.rows[i].figures, 0, sizeof(s->rows.rows[i].figures));
	}
}

static bool is_heavier(const struct catalog_stack *a, const struct catalog_stack *b)
{
	if (a->live_bytes != b->live_bytes)
		return a->live_bytes > b->live_bytes;
	return a->allocations > b->allocations;
}

static void add_stack(struct sites *s, size_t stack)
{
	const struct catalog_stack *from = &s->catalog->stacks[stack];
	uint32_t id = s->of_stack[stack] ? s->of_stack[stack] - 1 : SITE_UNKNOWN;
	struct site *site = &s->sites[id];
	double *figures = s->rows.rows[id].figures;

	figures[FIGURE_LIVE_BYTES] += from->live_bytes;
	figures[FIGURE_LIVE_BLOCKS] += from->live_blocks;
	figures[FIGURE_BYTES] += from->bytes;
	figures[FIGURE_ALLOCATIONS] += from->allocations;
	site->temporary += from->temporary;
	if (site->stack == 0 || is_heavier(from, &s->catalog->stacks[site->stack]))
		site->stack = (uint32_t)stack;
}

int sites_update(struct sites *s, double seconds)
{
	const struct catalog *c = s->catalog;

	if (array_grow((void **)&s->of_stack, &s->n_of_stack, c->n_stacks + 1,
		       sizeof(*s->of_stack)))
		return -ENOMEM;
	clear(s);
	for (size_t i = 0; i < c->n_stacks; i++) {
		if (s->of_stack[i] == 0 && place_stack(s, i))
			return -ENOMEM;
		add_stack(s, i);
	}
	for (size_t i = 0; i < s->rows.n; i++)
		row_finish(&s->rows.rows[i], s->sites[i].temporary, seconds);
	return 0;
}

/* Keeps the first text. */
static int keep_name(void *context, const char *text)
{
	char **name = context;

	if (!*name)
		*name = strdup(text);
	return *name ? 0 : -ENOMEM;
}

const char *sites_name(struct sites *s, uint32_t id)
{
	struct site *site = &s->sites[id];

	if (!site->name &&
	    names_at(s->names, site->module, site->address,
		     site->flags & RHP_NODE_EXACT_PC, keep_name, &site->name))
		return NULL;
	return site->name;
}

static int take_function(struct sites *s, const struct catalog_node *call,
			 int (*take)(void *context, const char *text), void *context)
{
	const struct catalog_function *f = catalog_function(s->catalog, call->address);

	const char *name = f ? f->name : "[unknown function]";
	char *owned = NULL, *text;
	int result = -ENOMEM;

	text = text_printable(demangle(name, &owned));
	if (text)
		result = take(context, text);
	free(owned);
	free(text);
	return result;
}

int sites_stack(struct sites *s, uint32_t id,
		int (*take)(void *context, const char *text), void *context)
{
	const struct catalog *c = s->catalog;
	uint32_t stack = s->sites[id].stack;
	const struct catalog_node *node = get_node(c, c->stacks[stack].node, RHP_CALL);
	int result = node ? take_function(s, node, take, context) : 0;

	for (int depth = 0; node && depth < MAX_DEPTH && result == 0; depth++) {
		node = get_node(c, node->parent, RHP_FRAME);
		if (node)
			result = names_at(s->names, node->module, node->address,
					  node->flags & RHP_NODE_EXACT_PC, take, context);
	}
	return result;
}
