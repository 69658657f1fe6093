// SPDX-License-Identifier: MIT
#include "config.h"

#include "common/json.h"
#include "report/holders-diff.h"

static const char *const side_names[N_SIDES] = {"a", "b"};
static const char *const root_names[N_SIDES] = {"a_root", "b_root"};
static const char *const site_names[N_SIDES] = {"a_site", "b_site"};

static void write_kept(struct json *json, const struct holders_kept *kept)
{
	json_put_integer(json, "both_blocks", kept->both_blocks);
	json_put_integer(json, "both_bytes", kept->both_bytes);
	json_put_integer(json, "gone_blocks", kept->gone_blocks);
	json_put_integer(json, "gone_bytes", kept->gone_bytes);
	json_put_integer(json, "added_blocks", kept->added_blocks);
	json_put_integer(json, "added_bytes", kept->added_bytes);
}

static void write_name(struct json *json, const struct holders_diff *d,
		       const struct holders_change *c, enum diff_side side)
{
	const struct holders *h = d->sides[side];

	json_key(json, root_names[side]);
	if (c->roots[side] == HOLDER_NONE)
		json_null(json);
	else
		holders_write_root(json, h, c->roots[side]);
	json_key(json, site_names[side]);
	if (c->sites[side] == HOLDER_NONE)
		json_null(json);
	else
		holders_write_site(json, h, c->sites[side]);
}

static void write_values(struct json *json, const struct holders_change *c,
			 enum diff_side side)
{
	const struct holders_values *v = &c->of[side];

	json_key(json, side_names[side]);
	json_begin_object(json);
	json_put_integer(json, "blocks", v->blocks);
	json_put_integer(json, "bytes", v->bytes);
	json_put_integer(json, "retained_blocks", v->retained_blocks);
	json_put_integer(json, "retained_bytes", v->retained_bytes);
	json_put_unsigned(json, "roots", c->n_roots[side]);
	json_end_object(json);
}

static void write_change(struct json *json, const struct holders_diff *d,
			 const struct holders_change *c)
{
	json_begin_object(json);
	json_key(json, "parent");
	if (c->parent == HOLDER_NONE)
		json_null(json);
	else
		json_unsigned(json, c->parent);
	json_put_text(json, "status", diff_status_names[holders_diff_status(c)]);
	for (int i = 0; i < N_SIDES; i++)
		write_name(json, d, c, (enum diff_side)i);
	for (int i = 0; i < N_SIDES; i++)
		write_values(json, c, (enum diff_side)i);
	json_end_object(json);
}

/* Of one process both sides have the same sites. */
static void write_sites(struct json *json, const struct holders_diff *d)
{
	const struct holders *h = d->sides[SIDE_A];

	json_key(json, "kept");
	json_begin_object(json);
	write_kept(json, &d->kept);
	json_end_object(json);
	json_key(json, "sites");
	json_begin_lines(json);
	for (uint32_t i = 0; i < h->n_sites; i++) {
		json_begin_object(json);
		json_key(json, "site");
		holders_write_site(json, h, i);
		write_kept(json, &d->sites[i]);
		json_end_object(json);
	}
	json_end_array(json);
}

void holders_diff_write_json(struct json *json, const struct holders_diff *d)
{
	json_begin_object(json);
	json_put_integer(json, "version", 1);
	json_put_text(json, "kind", "retained-diff");
	json_put_text(json, "generator", "rheaper-diff " RHEAPER_VERSION);
	for (int i = 0; i < N_SIDES; i++) {
		json_key(json, side_names[i]);
		holders_write_snapshot(json, d->sides[i]);
	}
	if (d->sites)
		write_sites(json, d);
	json_key(json, "groups");
	json_begin_lines(json);
	for (size_t i = 0; i < d->n_changes; i++)
		write_change(json, d, &d->changes[i]);
	json_end_array(json);
	json_end_object(json);
}
