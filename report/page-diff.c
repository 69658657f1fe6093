// SPDX-License-Identifier: MIT
/*
 * The tree of a diff has functions for frames, so a frame of its page has no line; those
 * of changes have one.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/path.h"
#include "report/bundle.h"
#include "report/facts-json.h"
#include "report/memory.h"
#include "report/numbers.h"
#include "report/page-document.h"

#include "report/page-diff.h"

/* The columns of both sides, in the order of the page. */
static const struct {
	const char *value, *change;
	enum diff_side side;
	enum report_value of;
} columns[] = {
	{"value.a_blocks", "change.a_blocks", SIDE_A, VALUE_BLOCKS},
	{"value.a_bytes", "change.a_bytes", SIDE_A, VALUE_BYTES},
	{"value.b_blocks", "change.b_blocks", SIDE_B, VALUE_BLOCKS},
	{"value.b_bytes", "change.b_bytes", SIDE_B, VALUE_BYTES},
	{"value.a_peak_bytes", "change.a_peak_bytes", SIDE_A, VALUE_PEAK_BYTES},
	{"value.b_peak_bytes", "change.b_peak_bytes", SIDE_B, VALUE_PEAK_BYTES},
	{"value.a_live_bytes", "change.a_live_bytes", SIDE_A, VALUE_LIVE_BYTES},
	{"value.b_live_bytes", "change.b_live_bytes", SIDE_B, VALUE_LIVE_BYTES},
	{"value.a_live_blocks", "change.a_live_blocks", SIDE_A, VALUE_LIVE_BLOCKS},
	{"value.b_live_blocks", "change.b_live_blocks", SIDE_B, VALUE_LIVE_BLOCKS},
};

#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

struct place {
	uint32_t function; /* of the page */
	uint32_t file, line;
};

struct making_diff {
	const struct diff *diff;
	const struct page_options *options;
	double threshold;
	struct bundle bundle;
	struct strings strings;
	struct nodes tree;       /* as the page has it */
	struct diff_values *own; /* of its nodes */
	size_t n_folded;
	uint32_t *function;  /* of the diff -> of the page, plus 1 */
	uint32_t *functions; /* the other way */
	size_t n_functions, n_functions_max;
	struct place *places; /* the frames of the page */
	size_t n_places, n_places_max;
};

/* What each node has with all below it. */
static struct diff_values *sum_up(const struct diff *d)
{
	struct diff_values *all = memory_new(d->tree.n, sizeof(*all));

	memcpy(all, d->own, d->tree.n * sizeof(*all));
	for (size_t i = d->tree.n; i-- > 1;) {
		struct diff_values *parent = &all[d->tree.nodes[i].parent];

		for (size_t k = 0; k < N_COLUMNS; k++)
			parent->of[columns[k].side][columns[k].of] +=
				all[i].of[columns[k].side][columns[k].of];
	}
	return all;
}

static bool is_large(const struct making_diff *m, const struct diff_values *node,
		     const struct diff_values *whole)
{
	for (size_t k = 0; k < N_COLUMNS; k++) {
		double value = node->of[columns[k].side][columns[k].of];

		if (value > 0 &&
		    value >= m->threshold * whole->of[columns[k].side][columns[k].of])
			return true;
	}
	return false;
}

static void add_values(struct diff_values *to, const struct diff_values *from)
{
	for (int side = 0; side < N_SIDES; side++) {
		for (int value = 0; value < N_REPORT_VALUES; value++)
			to->of[side][value] += from->of[side][value];
	}
}

/* Nodes of the diff as the page has them: small ones are in one below their caller. */
static void fold_nodes(struct making_diff *m)
{
	const struct nodes *tree = &m->diff->tree;
	struct diff_values *all = sum_up(m->diff);
	uint32_t *kept = memory_new(tree->n, sizeof(*kept)), node;
	bool *folded = memory_new(tree->n, sizeof(*folded));

	nodes_init(&m->tree);
	m->own = memory_new(2 * tree->n, sizeof(*m->own)); /* at most one for each */
	for (uint32_t i = 0; i < tree->n; i++) {
		uint32_t parent = tree->nodes[i].parent;

		node = kept[parent];
		folded[i] = i && (folded[parent] || !is_large(m, &all[i], &all[0]));
		if (i && !folded[i])
			node = nodes_child(&m->tree, node, tree->nodes[i].frame);
		kept[i] = node;
		if (folded[i]) {
			node = nodes_folded(&m->tree, node, 0);
			m->tree.nodes[node].folded++;
			m->n_folded++;
		}
		add_values(&m->own[node], &m->diff->own[i]);
	}
	free(all);
	free(kept);
	free(folded);
}

static uint32_t add_function(struct making_diff *m, uint32_t function)
{
	if (!m->function[function]) {
		m->functions = memory_grow(m->functions, m->n_functions,
					   &m->n_functions_max, sizeof(*m->functions));
		m->functions[m->n_functions++] = function;
		m->function[function] = (uint32_t)m->n_functions;
	}
	return m->function[function] - 1;
}

static uint32_t add_place(struct making_diff *m, struct place place)
{
	m->places = memory_grow(m->places, m->n_places, &m->n_places_max, sizeof(place));
	m->places[m->n_places++] = place;
	return (uint32_t)m->n_places - 1;
}

static size_t add_columns(struct making_diff *m, const char *const *names, size_t n)
{
	size_t first = m->bundle.n;

	for (size_t i = 0; i < n; i++)
		bundle_column(&m->bundle, names[i], false);
	return first;
}

static void add_nodes(struct making_diff *m)
{
	static const char *const names[] = {"node.parent", "node.frame", "node.folded"};
	size_t first = add_columns(m, names, 3);

	for (size_t i = 0; i < m->tree.n; i++) {
		const struct node *node = &m->tree.nodes[i];
		struct place place = {0};

		bundle_put(&m->bundle, first, node->parent);
		if (i && !node->folded)
			place.function = add_function(m, node->frame);
		bundle_put(&m->bundle, first + 1,
			   i && !node->folded ? add_place(m, place) : 0);
		bundle_put(&m->bundle, first + 2, node->folded);
	}
}

static void put_values(struct making_diff *m, size_t first,
		       const struct diff_values *values)
{
	for (size_t k = 0; k < N_COLUMNS; k++)
		bundle_put_real(&m->bundle, first + k,
				values->of[columns[k].side][columns[k].of]);
}

static void add_node_values(struct making_diff *m)
{
	size_t node = bundle_column(&m->bundle, "value.node", true), first = m->bundle.n;

	for (size_t k = 0; k < N_COLUMNS; k++)
		bundle_column(&m->bundle, columns[k].value, false);
	for (size_t i = 0; i < m->tree.n; i++) {
		bundle_put(&m->bundle, node, i);
		put_values(m, first, &m->own[i]);
	}
}

/* The owning frame of a change, as B has it, if it does. */
static uint32_t add_owner(struct making_diff *m, const struct diff_change *change,
			  const struct report_site **site)
{
	enum diff_side side = change->site[SIDE_B] ? SIDE_B : SIDE_A;
	const struct report *r = m->diff->sides[side];
	const struct report_frame *frame;

	*site = &r->sites[change->site[side] - 1];
	frame = &r->frames[(*site)->frame];
	return add_place(
		m, (struct place){add_function(m, m->diff->plain[side][frame->function]),
				  strings_add(&m->strings,
					      strings_get(&r->strings, frame->file)),
				  frame->line});
}

static void add_changes(struct making_diff *m)
{
	static const char *const names[] = {"change.frame", "change.status",
					    "change.chain"};
	size_t first = add_columns(m, names, 3), values = m->bundle.n;
	const struct diff *d = m->diff;

	for (size_t k = 0; k < N_COLUMNS; k++)
		bundle_column(&m->bundle, columns[k].change, false);
	for (size_t i = 0; i < d->n_changes; i++) {
		const struct diff_change *change = &d->changes[i];
		enum diff_side side = change->site[SIDE_B] ? SIDE_B : SIDE_A;
		const struct report_site *site;

		bundle_put(&m->bundle, first, add_owner(m, change, &site) + 1);
		bundle_put(&m->bundle, first + 1, diff_status(change, VALUE_PEAK_BYTES));
		bundle_put(&m->bundle, first + 2,
			   strings_add(&m->strings, strings_get(&d->sides[side]->strings,
								site->chain)));
		put_values(m, values, &change->values);
	}
}

static void add_frames(struct making_diff *m)
{
	static const char *const names[] = {"frame.function", "frame.file", "frame.line",
					    "frame.module", "frame.flags"};
	static const char *const functions[] = {"function.short", "function.full"};
	size_t first = add_columns(m, names, 5);

	for (size_t i = 0; i < m->n_places; i++) {
		bundle_put(&m->bundle, first, m->places[i].function);
		bundle_put(&m->bundle, first + 1, m->places[i].file);
		bundle_put(&m->bundle, first + 2, m->places[i].line);
		bundle_put(&m->bundle, first + 3, 0);
		bundle_put(&m->bundle, first + 4, 0);
	}
	first = add_columns(m, functions, 2);
	for (size_t i = 0; i < m->n_functions; i++) {
		const struct diff_function *f = &m->diff->functions[m->functions[i]];
		const struct report *r = m->diff->sides[f->side];
		const struct report_function *name = &r->functions[f->function];

		bundle_put(&m->bundle, first,
			   strings_add(&m->strings,
				       strings_get(&r->strings, name->short_name)));
		bundle_put(&m->bundle, first + 1,
			   strings_add(&m->strings,
				       strings_get(&r->strings, name->full_name)));
	}
}

static void write_side(const struct making_diff *m, struct json *json,
		       enum diff_side side)
{
	json_key(json, side == SIDE_A ? "a" : "b");
	json_begin_object(json);
	facts_write_process_members(json, m->diff->sides[side], m->options->redact);
	facts_write_totals(json, m->diff->sides[side]);
	json_end_object(json);
}

static void write_texts(struct json *json, const char *key, const char *const *texts,
			size_t n)
{
	json_key(json, key);
	json_begin_array(json);
	for (size_t i = 0; i < n; i++)
		json_text(json, texts[i]);
	json_end_array(json);
}

static char *title_of(const struct diff *d)
{
	const char *a = d->sides[SIDE_A]->process.executable;
	const char *b = d->sides[SIDE_B]->process.executable;

	a = a ? path_base(a) : "?";
	b = b ? path_base(b) : "?";
	return strcmp(a, b) == 0 ? memory_format("%s: what changed", a)
				 : memory_format("%s and %s", a, b);
}

static void write_text(void *making, struct json *json)
{
	const struct making_diff *m = making;
	const struct report *b = m->diff->sides[SIDE_B];
	char *title = title_of(m->diff);

	json_begin_object(json);
	json_put_integer(json, "version", 1);
	json_put_text(json, "kind", "diff");
	json_put_text(json, "generator", "rheaper-diff " RHEAPER_VERSION);
	json_put_text(json, "title", title);
	json_put_text(json, "command", m->options->command);
	write_side(m, json, SIDE_A);
	write_side(m, json, SIDE_B);
	facts_write_estimate(
		json, m->diff->sides[SIDE_A]->is_estimate ? m->diff->sides[SIDE_A] : b);
	write_texts(json, "modules", NULL, 0);
	facts_write_notes(json, b);
	facts_write_settings(json, b);
	write_texts(json, "redacted", NULL, 0);
	write_texts(json, "statuses", diff_status_names, N_DIFF_STATUSES);
	write_texts(json, "strings", (const char *const *)m->strings.names.texts,
		    m->strings.names.n_texts);
	json_key(json, "columns");
	bundle_list(&m->bundle, json);
	json_end_object(json);
	free(title);
}

static void make_bundle(struct making_diff *m)
{
	strings_init(&m->strings);
	m->function = memory_new(m->diff->n_functions, sizeof(*m->function));
	fold_nodes(m);
	add_nodes(m);
	add_node_values(m);
	add_changes(m);
	add_frames(m);
	bundle_encode(&m->bundle, write_text, m);
}

static void making_fini(struct making_diff *m)
{
	strings_fini(&m->strings);
	nodes_fini(&m->tree);
	bundle_fini(&m->bundle);
	free(m->own);
	free(m->function);
	free(m->functions);
	free(m->places);
}

void page_write_diff(FILE *out, const struct diff *diff,
		     const struct page_options *options)
{
	double threshold = options->prune, next;
	const struct report *a = diff->sides[SIDE_A], *b = diff->sides[SIDE_B];
	char *title = title_of(diff), *text;
	char *summary = memory_format("Peak %s, was %s.", bytes_text(b->peak_bytes).text,
				      bytes_text(a->peak_bytes).text);
	size_t size;

	for (;;) {
		struct making_diff m = {
			.diff = diff, .options = options, .threshold = threshold};

		make_bundle(&m);
		text = document_make(title, summary, m.bundle.encoded, &size);
		making_fini(&m);
		next = document_next_threshold(size, options->max_size, threshold);
		if (next <= 0)
			break;
		free(text);
		threshold = next;
	}
	fwrite(text, 1, size, out);
	free(text);
	free(title);
	free(summary);
}
