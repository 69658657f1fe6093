// SPDX-License-Identifier: MIT
/*
 * Why a process is bigger than its heap: first as a sum, then where the pages are, who
 * holds them, and what would give them back. What the model of the allocator says is
 * called an estimate, and is left out where there is no model.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/path.h"
#include "report/memory.h"
#include "report/numbers.h"
#include "report/text-parts.h"

#include "report/pages-view.h"

#define BAR_COLUMNS 24

struct pages_text {
	struct text text;
	const struct pages_view *view;
	const struct pages *pages;
	size_t top;
};

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static double page_bytes(const struct pages_text *t, uint64_t pages)
{
	return (double)pages * (double)t->pages->model.page;
}

/* A line that is cut to the screen. */
static void line(const struct pages_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void line(const struct pages_text *t, const char *format, ...)
{
	va_list arguments;
	char *text, *cut;

	va_start(arguments, format);
	text = memory_format_list(format, arguments);
	va_end(arguments);
	cut = screen_cut(t->text.screen, text, t->text.screen->width);
	fprintf(t->text.screen->out, "%s\n", cut);
	free(cut);
	free(text);
}

/* A sentence that is wrapped. */
static void say(const struct pages_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct pages_text *t, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = memory_format_list(format, arguments);
	va_end(arguments);
	screen_wrap(t->text.screen, text, 0, 2);
	free(text);
}

/* "s9 push  main.c:40", for the caller to free. */
static char *site_text(const struct pages_text *t, uint32_t site)
{
	const struct report *r = t->text.report;
	char *place, *text;

	if (site >= r->n_sites)
		return memory_text("(stack unknown)");
	place = text_place(&t->text, r->sites[site].frame);
	text = memory_format("s%lld %s", (long long)r->sites[site].number, place);
	free(place);
	return text;
}

static const char *about(const struct pages_text *t)
{
	return t->view->is_estimate ? "about " : "";
}

static void write_moment(const struct pages_text *t)
{
	const struct pages_view *view = t->view;
	const struct overview_process *p = &t->text.report->process;
	const char *executable = p->executable ? p->executable : "?";
	const char *moment = view->moment == PAGES_AT_END ? "when the trace ended"
			     : view->moment == PAGES_AT_PEAK
				     ? "at the peak (nothing was live at the end)"
				     : "as asked for";

	screen_style(t->text.screen, STYLE_STRONG);
	line(t, "%s  (pid %lld)", path_base(executable), (long long)p->pid);
	screen_style(t->text.screen, STYLE_PLAIN);
	say(t, "at %s, %s: %s%s live in %s", time_text(view->at_ns).text, moment,
	    about(t), bytes_text(view->bytes).text, blocks_text(view->blocks).text);
	if (view->resident > 0)
		say(t, "in memory: %s of the process, as last read at %s",
		    bytes_text((double)view->resident).text,
		    time_text(view->resident_ns).text);
}

static uint64_t free_pages(const struct pages_text *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->pages->n_areas; i++)
		n += t->pages->areas[i].free_pages;
	return n;
}

static void put_sum(const struct pages_text *t, double bytes, const char *what)
{
	line(t, "  %10s  %s", bytes_text(bytes).text, what);
}

/* Figures of the model for which no allocator is known to be the one. */
static const char *doubt(const struct pages_text *t)
{
	return t->view->allocator == ALLOCATOR_UNKNOWN
		       ? "an estimate, if the allocator is glibc's"
		       : "an estimate for glibc's malloc";
}

static void write_sum(const struct pages_text *t)
{
	double touched = page_bytes(t, t->pages->touched), live = t->view->bytes;
	double rest = touched - live - t->view->cost;
	char *cost = memory_format("their headers and rounding (%s)", doubt(t));

	text_heading(&t->text, "What the pages are filled with");
	put_sum(t, live, "live blocks, as the program asked for them");
	if (t->pages->is_glibc)
		put_sum(t, t->view->cost, cost);
	if (rest > 0)
		put_sum(t, rest, "free room between them, in the same pages");
	put_sum(t, touched, "in all: the pages that live blocks touch");
	if (t->pages->is_glibc)
		put_sum(t, page_bytes(t, free_pages(t)),
			"more in whole free pages of heaps, if they were used");
	free(cost);
}

/* Of a sample, no more than what is certain. */
static void write_sampled_sum(const struct pages_text *t)
{
	text_heading(&t->text, "What is known from a sample");
	put_sum(t, t->view->bytes, "live blocks (an estimate)");
	if (t->pages->is_glibc)
		line(t, "  %10s  their headers and rounding (%s)",
		     bytes_text(t->view->cost).text, doubt(t));
	put_sum(t, page_bytes(t, t->pages->touched),
		"at least: the pages that sampled live blocks touch");
	say(t, "How full pages are, and who holds them, needs every block: "
	       "RHEAPER_SAMPLE_BYTES=0.");
}

static void write_eighths(const struct pages_text *t)
{
	static const char *const names[PAGE_EIGHTHS] = {
		"below 1/8",  "1/8 to 1/4", "1/4 to 3/8", "3/8 to 1/2",
		"1/2 to 5/8", "5/8 to 3/4", "3/4 to 7/8", "7/8 to full"};
	const struct screen *s = t->text.screen;
	uint64_t most = 0;

	if (t->pages->in_heaps == 0)
		return;
	text_heading(&t->text, "How full the %s pages of heaps are",
		     count_text((double)t->pages->in_heaps).text);
	for (size_t i = 0; i < PAGE_EIGHTHS; i++)
		most = t->pages->eighths[i] > most ? t->pages->eighths[i] : most;
	for (size_t i = 0; i < PAGE_EIGHTHS; i++) {
		double n = (double)t->pages->eighths[i];

		fprintf(s->out, "  %-11s %11s %8s", names[i], count_text(n).text,
			percent_text(n, (double)t->pages->in_heaps).text);
		if (s->blocks) {
			fputs("  ", s->out);
			screen_bar(s, most ? n / (double)most : 0, BAR_COLUMNS);
		}
		putc('\n', s->out);
	}
}

static void write_area(const struct pages_text *t, const struct page_area *a)
{
	static const char *const kinds[] = {[AREA_MAIN] = "main heap",
					    [AREA_ARENA] = "heap of an arena",
					    [AREA_MAPPED] = "blocks mapped alone",
					    [AREA_OTHER] = "blocks"};
	char *place = a->kind == AREA_MAPPED
			      ? memory_text("")
			      : memory_format(" at 0x%llx", (unsigned long long)a->low);

	line(t, "%10s%10s%10s%10s  %s%s", bytes_text((double)a->bytes).text,
	     bytes_text(page_bytes(t, a->pages)).text,
	     bytes_text(page_bytes(t, a->range)).text,
	     bytes_text(page_bytes(t, t->pages->is_glibc ? a->free_pages
							 : a->range - a->pages))
		     .text,
	     kinds[a->kind], place);
	free(place);
}

/* qsort has no argument for these. */
static const struct page_area *sorted_areas;

static int compare_areas(const void *left, const void *right)
{
	size_t i = *(const size_t *)left, j = *(const size_t *)right;
	const struct page_area *a = &sorted_areas[i], *b = &sorted_areas[j];

	if (a->range != b->range)
		return a->range < b->range ? 1 : -1;
	return i < j ? -1 : i > j;
}

static void write_areas(const struct pages_text *t)
{
	size_t n = t->pages->n_areas, *order = memory_new(n, sizeof(*order));

	text_heading(&t->text, "Where they lie");
	screen_style(t->text.screen, STYLE_DIM);
	line(t, "%10s%10s%10s%10s  %s", "live", "touched", "range",
	     t->pages->is_glibc ? "free" : "between", "where");
	screen_style(t->text.screen, STYLE_PLAIN);
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	sorted_areas = t->pages->areas;
	qsort(order, n, sizeof(*order), compare_areas);
	for (size_t i = 0; i < n && i < t->top; i++)
		write_area(t, &t->pages->areas[order[i]]);
	if (n > t->top)
		line(t, "%42s(%zu more)", "", n - t->top);
	if (t->pages->is_glibc)
		say(t, "Which is which is guessed from addresses.");
	free(order);
}

static void write_pins(const struct pages_text *t)
{
	const struct pages *p = t->pages;

	if (p->n_pins == 0)
		return;
	text_heading(&t->text, "Who holds pages that are not a quarter full");
	for (size_t i = 0; i < p->n_pins && i < t->top; i++) {
		const struct page_pin *pin = &p->pins[i];
		char *site = site_text(t, pin->site);

		say(t, "%s holds %s page%s with %s: %s cannot go back to the system",
		    site, count_text((double)pin->pages).text, plural(pin->pages),
		    bytes_text((double)pin->bytes).text,
		    bytes_text(page_bytes(t, pin->pages)).text);
		free(site);
	}
	if (p->n_pins > t->top)
		line(t, "(%zu more sites)", p->n_pins - t->top);
	say(t,
	    "A page with blocks of several sites counts for the one that has most bytes "
	    "in it.");
}

static void write_neighbours(const struct pages_text *t)
{
	size_t n;
	struct sum *pairs = pages_top_neighbours(t->pages, &n);

	if (n)
		text_heading(&t->text, "Whose blocks stayed among those of others");
	for (size_t i = 0; i < n && i < t->top; i++) {
		char *holder = site_text(t, (uint32_t)(pairs[i].key >> 32));
		char *site = site_text(t, (uint32_t)pairs[i].key);

		say(t, "in the pages of %s died %s, %s, of %s", holder,
		    blocks_text(pairs[i].blocks).text, bytes_text(pairs[i].bytes).text,
		    site);
		free(holder);
		free(site);
	}
	if (n > t->top)
		line(t, "(%zu more pairs)", n - t->top);
	free(pairs);
}

static void write_pool(const struct pages_text *t, const struct page_pool *pool)
{
	char *site = site_text(t, pool->site);

	if (pool->freed > pool->needed)
		say(t,
		    "%s more by a pool of its own for %s: %s more whole page%s would be "
		    "free, and it needs %s",
		    bytes_text(page_bytes(t, pool->freed - pool->needed)).text, site,
		    count_text((double)pool->freed).text, plural(pool->freed),
		    count_text((double)pool->needed).text);
	free(site);
}

static void write_trim(const struct pages_text *t)
{
	uint64_t n = free_pages(t);

	if (n == 0)
		say(t,
		    "malloc_trim(0) finds no whole page below the highest live block.");
	else
		say(t,
		    "%s by malloc_trim(0): %s whole page%s below the highest live "
		    "block, as far as they were used and are not back already; and what "
		    "is free above it",
		    bytes_text(page_bytes(t, n)).text, count_text((double)n).text,
		    plural(n));
}

static void write_arenas(const struct pages_text *t)
{
	const struct page_arenas *a = &t->pages->arenas;

	if (a->n_heaps > 1 && a->kept > a->needed)
		say(t,
		    "up to %s by one arena for all threads (MALLOC_ARENA_MAX=1), of "
		    "which malloc_trim(0) may give back a part, too: %s heaps keep %s "
		    "whole pages, and chunks that were live at one time filled at most "
		    "%s",
		    bytes_text(page_bytes(t, a->kept - a->needed)).text,
		    count_text((double)a->n_heaps).text, count_text((double)a->kept).text,
		    count_text((double)a->needed).text);
}

static void write_remedies(const struct pages_text *t)
{
	const struct pages *p = t->pages;

	if (!p->is_glibc || p->in_heaps == 0)
		return;
	text_heading(&t->text, "What would give memory back (%s)", doubt(t));
	write_trim(t);
	for (size_t i = 0; i < p->n_pools; i++)
		write_pool(t, &p->pools[i]);
	write_arenas(t);
}

static void write_cost_row(const struct pages_text *t, const struct page_cost *cost,
			   const char *what)
{
	double more = cost->headers + cost->rounding;

	line(t, "%10s%10s%9s%13s  %s", bytes_text(more).text,
	     bytes_text(cost->bytes).text, percent_text(more, cost->bytes).text,
	     count_text(cost->blocks).text, what);
}

static void write_cost_titles(const struct pages_text *t, const char *what)
{
	screen_style(t->text.screen, STYLE_DIM);
	line(t, "%10s%10s%9s%13s  %s", "more", "live", "%", "blocks", what);
	screen_style(t->text.screen, STYLE_PLAIN);
}

static void write_classes(const struct pages_text *t)
{
	for (size_t i = 0; i < PAGE_CLASSES; i++) {
		const struct page_cost *cost = &t->pages->classes[i];
		char *what =
			i == PAGE_CLASS_MAPPED
				? memory_text("mapped alone")
				: memory_format("up to %s B",
						count_text((double)pages_class_largest(i))
							.text);

		if (cost->blocks > 0)
			write_cost_row(t, cost, what);
		free(what);
	}
}

static void write_costs(const struct pages_text *t)
{
	size_t n;
	uint32_t *sites;

	if (!t->pages->is_glibc)
		return;
	text_heading(&t->text, "Headers and rounding (%s)", doubt(t));
	write_cost_titles(t, "size");
	write_classes(t);
	write_cost_titles(t, "site");
	sites = pages_costly_sites(t->pages, &n);
	for (size_t i = 0; i < n && i < t->top; i++) {
		char *site = site_text(t, sites[i]);

		write_cost_row(t, &t->pages->costs[sites[i]], site);
		free(site);
	}
	if (n > t->top)
		line(t, "%44s(%zu more sites)", "", n - t->top);
	free(sites);
}

static void write_doubts(const struct pages_text *t)
{
	const struct pages_view *view = t->view;

	if (view->library || t->pages->is_refuted || view->is_incomplete ||
	    view->unseen_ends)
		text_heading(&t->text, "What is not known");
	if (view->library)
		say(t,
		    "%s was mapped: how it rounds sizes, and what it gives back, is "
		    "not known.",
		    view->library);
	if (t->pages->is_refuted)
		say(t, "The addresses are not those of glibc's malloc: how the allocator "
		       "rounds sizes, and what it gives back, is not known.");
	if (view->is_incomplete && !view->is_estimate)
		say(t,
		    "The trace may lack blocks that were live: pages may be fuller than "
		    "they look, and free ones in use.");
	if (view->unseen_ends)
		say(t, "%s left out: nobody saw when they were freed.",
		    blocks_text((double)view->unseen_ends).text);
}

void text_write_pages(const struct screen *screen, const struct report *report,
		      const struct pages_view *view, const struct text_options *options)
{
	struct pages_text t = {
		{screen, report, options}, view, &view->pages, options->top};

	write_moment(&t);
	if (view->is_estimate) {
		write_sampled_sum(&t);
	} else {
		write_sum(&t);
		write_eighths(&t);
		write_areas(&t);
		write_pins(&t);
		write_neighbours(&t);
		write_remedies(&t);
	}
	write_costs(&t);
	write_doubts(&t);
}
