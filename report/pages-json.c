// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "common/json.h"
#include "report/facts-json.h"
#include "report/numbers.h"

#include "report/pages-view.h"

static void put_site(struct json *json, const char *key, const struct report *r,
		     uint32_t site)
{
	json_key(json, key);
	if (site < r->n_sites)
		json_unsigned(json, site);
	else
		json_null(json);
}

static void write_moment(struct json *json, const struct pages_view *view)
{
	static const char *const moments[] = {[PAGES_AT_END] = "end",
					      [PAGES_AT_PEAK] = "peak",
					      [PAGES_AT_ASKED] = "asked"};
	static const char *const allocators[] = {[ALLOCATOR_GLIBC] = "glibc",
						 [ALLOCATOR_OTHER] = "other",
						 [ALLOCATOR_UNKNOWN] = "unknown"};

	json_put_text(json, "moment", moments[view->moment]);
	json_put_integer(json, "at_ns", view->at_ns);
	json_put_integer(json, "blocks", number_round(view->blocks));
	json_put_integer(json, "bytes", number_round(view->bytes));
	json_put_integer(json, "resident_bytes", view->resident);
	json_put_integer(json, "resident_at_ns", view->resident_ns);
	json_put_bool(json, "estimate", view->is_estimate);
	json_put_bool(json, "incomplete", view->is_incomplete);
	json_put_unsigned(json, "unseen_ends", view->unseen_ends);
	json_put_text(json, "allocator", allocators[view->allocator]);
	json_put_text(json, "allocator_library", view->library);
	json_put_bool(json, "modelled", view->pages.is_glibc);
	json_put_bool(json, "refuted", view->pages.is_refuted);
	json_put_unsigned(json, "page_size", view->pages.model.page);
}

static void write_pages(struct json *json, const struct pages_view *view)
{
	const struct pages *p = &view->pages;

	json_put_unsigned(json, "pages", p->touched);
	json_put_unsigned(json, "heap_pages", p->in_heaps);
	if (view->is_estimate)
		return;
	json_key(json, "eighths");
	json_begin_array(json);
	for (size_t i = 0; i < PAGE_EIGHTHS; i++)
		json_unsigned(json, p->eighths[i]);
	json_end_array(json);
}

static void write_areas(struct json *json, const struct pages_view *view)
{
	const struct pages *p = &view->pages;
	static const char *const kinds[] = {[AREA_MAIN] = "main",
					    [AREA_ARENA] = "arena",
					    [AREA_MAPPED] = "mapped",
					    [AREA_OTHER] = "other"};

	json_key(json, "areas");
	json_begin_lines(json);
	for (size_t i = 0; i < p->n_areas; i++) {
		const struct page_area *a = &p->areas[i];

		json_begin_object(json);
		json_put_text(json, "kind", kinds[a->kind]);
		json_put_unsigned(json, "low", a->low);
		json_put_unsigned(json, "high", a->high);
		json_put_unsigned(json, "blocks", a->blocks);
		json_put_unsigned(json, "bytes", a->bytes);
		json_put_unsigned(json, "pages", a->pages);
		json_put_unsigned(json, "range", a->range);
		if (p->is_glibc && !view->is_estimate)
			json_put_unsigned(json, "free_pages", a->free_pages);
		json_end_object(json);
	}
	json_end_array(json);
}

static void write_pins(struct json *json, const struct report *r, const struct pages *p)
{
	json_key(json, "pins");
	json_begin_lines(json);
	for (size_t i = 0; i < p->n_pins; i++) {
		json_begin_object(json);
		put_site(json, "site", r, p->pins[i].site);
		json_put_unsigned(json, "pages", p->pins[i].pages);
		json_put_unsigned(json, "bytes", p->pins[i].bytes);
		json_put_unsigned(json, "all_bytes", p->pins[i].all_bytes);
		json_end_object(json);
	}
	json_end_array(json);
	json_key(json, "pools");
	json_begin_lines(json);
	for (size_t i = 0; i < p->n_pools; i++) {
		json_begin_object(json);
		put_site(json, "site", r, p->pools[i].site);
		json_put_unsigned(json, "freed_pages", p->pools[i].freed);
		json_put_unsigned(json, "needed_pages", p->pools[i].needed);
		json_end_object(json);
	}
	json_end_array(json);
}

static void write_arenas(struct json *json, const struct page_arenas *a)
{
	json_key(json, "arenas");
	json_begin_object(json);
	json_put_unsigned(json, "heaps", a->n_heaps);
	json_put_unsigned(json, "kept_pages", a->kept);
	json_put_unsigned(json, "needed_pages", a->needed);
	json_end_object(json);
}

static void write_neighbours(struct json *json, const struct report *r,
			     const struct pages *p)
{
	size_t n;
	struct sum *pairs = pages_top_neighbours(p, &n);

	json_key(json, "neighbours");
	json_begin_lines(json);
	for (size_t i = 0; i < n; i++) {
		json_begin_object(json);
		put_site(json, "holder", r, (uint32_t)(pairs[i].key >> 32));
		put_site(json, "site", r, (uint32_t)pairs[i].key);
		json_put_integer(json, "blocks", number_round(pairs[i].blocks));
		json_put_integer(json, "bytes", number_round(pairs[i].bytes));
		json_end_object(json);
	}
	json_end_array(json);
	free(pairs);
}

static void put_cost(struct json *json, const struct page_cost *cost)
{
	json_put_integer(json, "blocks", number_round(cost->blocks));
	json_put_integer(json, "bytes", number_round(cost->bytes));
	json_put_integer(json, "headers", number_round(cost->headers));
	json_put_integer(json, "rounding", number_round(cost->rounding));
}

/* The last class has no largest size. */
static void write_costs(struct json *json, const struct report *r, const struct pages *p)
{
	size_t n;
	uint32_t *sites = pages_costly_sites(p, &n);

	json_key(json, "size_classes");
	json_begin_lines(json);
	for (size_t i = 0; i < PAGE_CLASSES; i++) {
		if (p->classes[i].blocks <= 0)
			continue;
		json_begin_object(json);
		json_put_bool(json, "mapped", i == PAGE_CLASS_MAPPED);
		json_key(json, "largest");
		if (i == PAGE_CLASS_MAPPED)
			json_null(json);
		else
			json_unsigned(json, pages_class_largest(i));
		put_cost(json, &p->classes[i]);
		json_end_object(json);
	}
	json_end_array(json);
	json_key(json, "costs");
	json_begin_lines(json);
	for (size_t i = 0; i < n; i++) {
		json_begin_object(json);
		put_site(json, "site", r, sites[i]);
		put_cost(json, &p->costs[sites[i]]);
		json_end_object(json);
	}
	json_end_array(json);
	free(sites);
}

static void write_sites(struct json *json, const struct report *r)
{
	json_key(json, "sites");
	json_begin_lines(json);
	for (size_t i = 0; i < r->n_sites; i++) {
		const struct report_frame *f = &r->frames[r->sites[i].frame];

		json_begin_object(json);
		json_put_integer(json, "site", r->sites[i].number);
		json_put_text(
			json, "function",
			strings_get(&r->strings, r->functions[f->function].full_name));
		json_put_text(json, "file",
			      f->file ? strings_get(&r->strings, f->file) : NULL);
		json_put_unsigned(json, "line", f->line);
		json_end_object(json);
	}
	json_end_array(json);
}

void pages_write_json(struct json *json, const struct report *r,
		      const struct pages_view *view)
{
	const struct pages *p = &view->pages;

	json_begin_object(json);
	json_put_integer(json, "version", 1);
	facts_write_process(json, r, 0);
	write_moment(json, view);
	write_pages(json, view);
	if (p->is_glibc && !view->is_estimate)
		write_arenas(json, &p->arenas);
	write_areas(json, view);
	if (!view->is_estimate) {
		write_pins(json, r, p);
		write_neighbours(json, r, p);
	}
	if (p->is_glibc)
		write_costs(json, r, p);
	write_sites(json, r);
	json_end_object(json);
}
