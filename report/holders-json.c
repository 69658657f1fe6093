// SPDX-License-Identifier: MIT
#include "common/json.h"

#include "report/holders.h"

static const char *text_or_null(const struct holders *h, uint32_t text)
{
	return text ? strings_get(&h->strings, text) : NULL;
}

static void put_index(struct json *json, const char *key, uint32_t index)
{
	json_key(json, key);
	if (index == HOLDER_NONE)
		json_null(json);
	else
		json_unsigned(json, index);
}

void holders_write_snapshot(struct json *json, const struct holders *h)
{
	json_begin_object(json);
	json_put_integer(json, "snapshot", h->snapshot);
	json_put_text(json, "name", h->name);
	json_put_integer(json, "at_ns", h->at_ns);
	json_put_integer(json, "blocks", h->blocks);
	json_put_integer(json, "bytes", h->bytes);
	json_put_integer(json, "edges", h->edges);
	json_put_integer(json, "possible_edges", h->possible_edges);
	json_end_object(json);
}

static void write_snapshot(struct json *json, const struct holders *h)
{
	json_key(json, "snapshot");
	holders_write_snapshot(json, h);
}

void holders_write_root(struct json *json, const struct holders *h, uint32_t root)
{
	const struct holder_root *r = &h->roots[root];

	json_begin_object(json);
	json_put_integer(json, "node", r->node);
	json_put_text(json, "kind", text_or_null(h, r->kind));
	json_put_text(json, "name", text_or_null(h, r->name));
	json_put_text(json, "file", text_or_null(h, r->file));
	json_put_integer(json, "line", r->line);
	json_put_text(json, "module_path", text_or_null(h, r->module));
	json_put_integer(json, "thread", r->thread);
	json_put_integer(json, "retained_blocks", r->retained_blocks);
	json_put_integer(json, "retained_bytes", r->retained_bytes);
	json_put_unsigned(json, "sites", r->sites);
	json_end_object(json);
}

static void write_roots(struct json *json, const struct holders *h)
{
	json_key(json, "roots");
	json_begin_lines(json);
	for (uint32_t i = 0; i < h->n_roots; i++)
		holders_write_root(json, h, i);
	json_end_array(json);
}

void holders_write_site(struct json *json, const struct holders *h, uint32_t site)
{
	const struct holder_site *s = &h->sites[site];

	json_begin_object(json);
	json_put_integer(json, "site", s->number);
	json_put_text(json, "function", text_or_null(h, s->function));
	json_put_text(json, "file", text_or_null(h, s->file));
	json_put_integer(json, "line", s->line);
	json_end_object(json);
}

static void write_sites(struct json *json, const struct holders *h)
{
	json_key(json, "sites");
	json_begin_lines(json);
	for (uint32_t i = 0; i < h->n_sites; i++)
		holders_write_site(json, h, i);
	json_end_array(json);
}

static void write_groups(struct json *json, const struct holders *h)
{
	json_key(json, "groups");
	json_begin_lines(json);
	for (size_t i = 0; i < h->n_groups; i++) {
		const struct holder_group *g = &h->groups[i];

		json_begin_object(json);
		put_index(json, "parent", g->parent);
		put_index(json, "root", g->root);
		put_index(json, "site", g->site);
		json_put_integer(json, "blocks", g->blocks);
		json_put_integer(json, "bytes", g->bytes);
		json_put_integer(json, "retained_blocks", g->retained_blocks);
		json_put_integer(json, "retained_bytes", g->retained_bytes);
		json_end_object(json);
	}
	json_end_array(json);
}

void holders_write_json(struct json *json, const struct holders *holders)
{
	json_begin_object(json);
	json_put_integer(json, "version", 1);
	write_snapshot(json, holders);
	write_roots(json, holders);
	write_sites(json, holders);
	write_groups(json, holders);
	json_end_object(json);
}

static void write_block(struct json *json, const struct why *why)
{
	json_key(json, "block");
	json_begin_object(json);
	json_put_integer(json, "node", why->node);
	json_put_integer(json, "address", why->address);
	json_put_integer(json, "size", why->size);
	put_index(json, "site", why->block_site);
	json_put_integer(json, "retained_blocks", why->retained_blocks);
	json_put_integer(json, "retained_bytes", why->retained_bytes);
	json_put_bool(json, "held", why->is_held);
	json_put_bool(json, "possible", why->is_possible);
	put_index(json, "dominator_root", why->dominator_root);
	put_index(json, "dominator_site", why->dominator_site);
	json_put_integer(json, "dominator_address", why->dominator_address);
	json_end_object(json);
}

void why_write_json(struct json *json, const struct holders *holders,
		    const struct why *why)
{
	json_begin_object(json);
	json_put_integer(json, "version", 1);
	write_snapshot(json, holders);
	put_index(json, "site", why->site);
	json_put_integer(json, "blocks", why->blocks);
	json_put_integer(json, "bytes", why->bytes);
	json_put_integer(json, "possible_blocks", why->possible_blocks);
	json_put_integer(json, "unheld_blocks", why->unheld_blocks);
	write_block(json, why);
	json_key(json, "path");
	json_begin_lines(json);
	for (size_t i = 0; i < why->n_steps; i++) {
		json_begin_object(json);
		put_index(json, "root", why->steps[i].root);
		put_index(json, "site", why->steps[i].site);
		json_put_integer(json, "offset", why->steps[i].offset);
		json_put_integer(json, "blocks", why->steps[i].blocks);
		json_end_object(json);
	}
	json_end_array(json);
	write_roots(json, holders);
	write_sites(json, holders);
	json_end_object(json);
}
