// SPDX-License-Identifier: MIT
/*
 * Each finding is a rule with its threshold beside it; the page shows the same sentences.
 * A site is named by its handle, which other commands take.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "report/memory.h"
#include "report/model.h"
#include "report/numbers.h"
#include "report/unseen.h"

#include "report/notes.h"

#define PEAK_SHARE 0.2      /* of the peak, that one site holds */
#define TEMPORARY_SHARE 0.5 /* of a site's blocks that are temporary, */
#define CHURN_SHARE 0.1     /* if they are so many of all blocks */
#define COPIED_SHARE 0.05   /* of all bytes, that reallocs of a site copied */
#define SMALL_BYTES 16      /* mean size of blocks for which malloc wastes most, */
#define SMALL_SHARE 0.2     /* if they are so many of the blocks at the peak */
#define CROSSED_SHARE 0.3   /* of all blocks, that another thread freed */
#define MAX_OF_A_KIND 3

static void add(struct report *report, const char *view, const struct report_site *site,
		double bytes, char *sentence)
{
	struct report_notes *notes = &report->findings;

	notes->notes =
		memory_grow(notes->notes, notes->n, &notes->n_max, sizeof(*notes->notes));
	notes->notes[notes->n++] = (struct report_note){.sentence = sentence,
							.view = view,
							.site = site ? site->number : 0,
							.bytes = bytes};
}

static const char *site_function(const struct report *report,
				 const struct report_site *site)
{
	uint32_t function = report->frames[site->frame].function;

	return strings_get(&report->strings, report->functions[function].short_name);
}

static void find_peak_holders(struct report *report)
{
	for (size_t i = 0; i < report->n_sites; i++) {
		const struct report_site *s = &report->sites[i];
		double bytes = s->values[VALUE_PEAK_BYTES];

		if (bytes <= 0 || bytes < PEAK_SHARE * report->peak_bytes)
			continue;
		add(report, "flame", s, bytes,
		    memory_format("%s holds %s of the peak: %s in %s.",
				  site_function(report, s),
				  percent_text(bytes, report->peak_bytes).text,
				  bytes_text(bytes).text,
				  blocks_text(s->values[VALUE_PEAK_BLOCKS]).text));
	}
}

static void find_leaks(struct report *report)
{
	size_t n = 0;

	for (size_t i = 0; i < report->n_leaks && n < MAX_OF_A_KIND; i++) {
		const struct report_leak *leak = &report->leaks[i];
		const struct report_site *s = &report->sites[leak->site];

		if (leak->kind != LEAK_DEFINITE)
			continue;
		add(report, "leaks", s, leak->bytes,
		    memory_format("%s lost %s: %s that nothing points to%s%s.",
				  site_function(report, s),
				  blocks_text(leak->blocks).text,
				  bytes_text(leak->bytes).text,
				  leak->indirect_bytes > 0 ? ", and with them " : "",
				  leak->indirect_bytes > 0
					  ? bytes_text(leak->indirect_bytes).text
					  : ""));
		n++;
	}
}

static void find_churn(struct report *report)
{
	for (size_t i = 0; i < report->n_sites; i++) {
		const struct report_site *s = &report->sites[i];
		double temporary = s->values[VALUE_TEMPORARY];

		if (temporary < TEMPORARY_SHARE * s->values[VALUE_BLOCKS] ||
		    temporary <= 0 || temporary < CHURN_SHARE * report->blocks)
			continue;
		add(report, "temporary", s, s->values[VALUE_BYTES],
		    memory_format("%s frees %s of its %s at once: a buffer that "
				  "is kept would save %s of all allocations.",
				  site_function(report, s),
				  percent_text(temporary, s->values[VALUE_BLOCKS]).text,
				  blocks_text(s->values[VALUE_BLOCKS]).text,
				  percent_text(temporary, report->blocks).text));
	}
}

static void find_growth(struct report *report)
{
	for (size_t i = 0; i < report->n_growths; i++) {
		const struct report_growth *g = &report->growths[i];
		const struct report_site *s = &report->sites[g->site];

		if (g->copied_bytes < COPIED_SHARE * report->bytes || g->chains <= 0)
			continue;
		add(report, "realloc", s, g->copied_bytes,
		    memory_format("%s resizes a block %.1f times on average and copied "
				  "%s: 95 %% end at %s or less, so reserve(%lld).",
				  site_function(report, s), g->reallocs / g->chains,
				  bytes_text(g->copied_bytes).text,
				  bytes_text((double)g->p95).text, (long long)g->p95));
	}
}

static void find_small_blocks(struct report *report)
{
	for (size_t i = 0; i < report->n_sites; i++) {
		const struct report_site *s = &report->sites[i];
		double blocks = s->values[VALUE_PEAK_BLOCKS];
		double bytes = s->values[VALUE_PEAK_BYTES];

		if (blocks <= 1 || blocks < SMALL_SHARE * report->peak_blocks ||
		    bytes > SMALL_BYTES * blocks)
			continue;
		add(report, "sizes", s, bytes,
		    memory_format("%s has %s blocks of %.1f bytes on average at the "
				  "peak: an allocator takes 24 or more for each.",
				  site_function(report, s), count_text(blocks).text,
				  bytes / blocks));
	}
}

static void find_frees(struct report *report)
{
	double crossed = 0, mismatched = 0, bytes = 0;

	for (size_t i = 0; i < report->n_frees; i++) {
		crossed += report->frees[i].crossed;
		mismatched += report->frees[i].mismatched;
		bytes += report->frees[i].bytes;
	}
	if (mismatched > 0)
		add(report, "frees", NULL, 0,
		    memory_format("%s blocks were freed by an allocator of another "
				  "family.",
				  count_text(mismatched).text));
	if (crossed > 0 && crossed > CROSSED_SHARE * report->blocks)
		add(report, "threads", NULL, bytes,
		    memory_format("%s of all blocks were freed by another thread than "
				  "allocated them.",
				  percent_text(crossed, report->blocks).text));
}

static int compare_notes(const void *left, const void *right)
{
	const struct report_note *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->site > b->site) - (a->site < b->site);
}

/* Those of a rule, the largest first. */
static void find(struct report *report, void (*rule)(struct report *report))
{
	struct report_notes *notes = &report->findings;
	size_t first = notes->n;

	rule(report);
	if (notes->n > first + 1)
		qsort(notes->notes + first, notes->n - first, sizeof(*notes->notes),
		      compare_notes);
}

void notes_find(struct report *report)
{
	find(report, find_leaks);
	find(report, find_peak_holders);
	find(report, find_churn);
	find(report, find_growth);
	find(report, find_small_blocks);
	find(report, find_frees);
	unseen_find(report);
}
