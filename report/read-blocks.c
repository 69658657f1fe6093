// SPDX-License-Identifier: MIT
/*
 * Reads every block once and adds it to all sums. What a lot has in common is added once
 * for its blocks; birth, death and size are of each.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "database/block-scan.h"
#include "database/db.h"
#include "database/rows.h"
#include "database/sites.h"
#include "database/terms.h"
#include "report/memory.h"

#include "report/read-parts.h"

/* Blocks between two calls of the progress function */
#define PROGRESS_BLOCKS 262144
/* No sample stands for more; sums of what is below stay finite. */
#define MAX_WEIGHT 0x1p63

/* What is added up over the blocks of a lot. */
struct lot_sums {
	double blocks, bytes;
	int64_t first_ns, last_ns;
};

/* 0 for 0, else 1 + log2, rounded down. */
static unsigned int log2_class(uint64_t value)
{
	return value ? 64 - (unsigned int)__builtin_clzll(value) : 0;
}

static unsigned int lifetime_class(const struct scanned_block *block)
{
	uint64_t us;

	if (block->free_ns == INT64_MAX)
		return 0;
	us = block->free_ns > block->alloc_ns
		     ? (uint64_t)(block->free_ns - block->alloc_ns) / 1000
		     : 0;
	return us ? log2_class(us) : 1;
}

/*
 * A block that stands for w blocks was sampled with the probability 1/w, whatever became
 * of the others: Horvitz and Thompson's estimator, whose variance is estimated by w * (w
 * - 1).
 */
static void add_variance(struct report *report, uint32_t site, size_t born, size_t died,
			 double weight, double size)
{
	double variance = weight * (weight - 1);

	if (variance > 0)
		sums_add(&report->uncertain, cube_key(site, born, died), variance,
			 variance * size * size);
}

static void add_block(struct reading *r, const struct scanned_lot *lot,
		      const struct read_stack *stack, const struct scanned_block *block)
{
	struct report *report = r->report;
	double bytes = (double)block->size * lot->weight;
	size_t born = edges_find(&report->edges, block->alloc_ns);
	size_t died = block->free_ns == INT64_MAX
			      ? report->edges.n
			      : edges_find(&report->edges, block->free_ns);

	sums_add(&report->cube, cube_key(stack->node, born, died), lot->weight, bytes);
	if (report->is_estimate)
		add_variance(report, stack->site, born, died, lot->weight,
			     (double)block->size);
	sums_add(&report->heat,
		 heat_key(stack->site, log2_class((uint64_t)block->size),
			  lifetime_class(block)),
		 lot->weight, bytes);
}

static void add_leak(struct report *report, struct report_leak leak)
{
	report->leaks = memory_grow(report->leaks, report->n_leaks, &report->n_leaks_max,
				    sizeof(*report->leaks));
	report->leaks[report->n_leaks++] = leak;
}

/* What is not freed, for its own site and for that of the lost block above it. */
static void add_leaks(struct reading *r, const struct scanned_lot *lot, uint32_t site,
		      const struct lot_sums *sums)
{
	const struct read_stack *owner = &r->stacks[reading_stack(r, lot->leak_owner)];
	bool known = lot->leak_kind > 0 && lot->leak_kind < N_LEAK_KINDS;
	struct report_leak leak = {.site = site,
				   .kind = known ? (enum leak_kind)lot->leak_kind
						 : LEAK_UNKNOWN,
				   .blocks = sums->blocks,
				   .bytes = sums->bytes,
				   .first_ns = sums->first_ns,
				   .last_ns = sums->last_ns};

	add_leak(r->report, leak);
	if (lot->leak_owner && owner->is_used)
		add_leak(r->report, (struct report_leak){.site = owner->site,
							 .kind = LEAK_DEFINITE,
							 .indirect_blocks = sums->blocks,
							 .indirect_bytes = sums->bytes,
							 .first_ns = INT64_MAX});
}

/* What lies in blocks that are not freed, for these. */
static void add_inner_leaks(struct reading *r)
{
	struct rows *rows = sites_select_inner(r->database);
	struct site_facts row;

	while (rows_next(rows, &row)) {
		const struct read_stack *owner =
			&r->stacks[reading_stack(r, row.leak_owner)];
		bool is_lost = row.leak_kind == LEAK_INDIRECT;

		if (row.process != r->report->process.process || !owner->is_used ||
		    (r->report->is_cut && !is_lost))
			continue;
		add_leak(r->report,
			 (struct report_leak){.site = owner->site,
					      .kind = is_lost ? LEAK_DEFINITE
							      : LEAK_UNKNOWN,
					      .indirect_blocks = (double)row.leak_blocks,
					      .indirect_bytes = (double)row.leak_bytes,
					      .first_ns = INT64_MAX});
	}
	rows_close(rows);
}

/* What was live at a cut may have been freed later, but for what was lost by then. */
static bool has_leaks(const struct report *report, const struct scanned_lot *lot)
{
	return lot->live && (!report->is_cut || lot->leak_kind == LEAK_DEFINITE ||
			     lot->leak_kind == LEAK_INDIRECT);
}

static void add_free(struct reading *r, const struct scanned_lot *lot,
		     const struct read_stack *stack, const struct lot_sums *sums)
{
	const struct read_stack *freeing = &r->stacks[reading_stack(r, lot->free_stack)];
	uint64_t key = pair_key(stack->site, freeing->owner);

	sums_add(&r->frees, key, sums->blocks, sums->bytes);
	if (lot->alloc_thread != lot->free_thread)
		sums_add(&r->crossed, key, sums->blocks, sums->bytes);
	if (stack->family && freeing->family && stack->family != freeing->family)
		sums_add(&r->mismatched, key, sums->blocks, sums->bytes);
}

static void add_lot(struct reading *r, const struct scanned_lot *lot,
		    const struct read_stack *stack, const struct lot_sums *sums)
{
	struct report *report = r->report;
	uint32_t thread = reading_thread(r, lot->alloc_thread);
	uint32_t freeing = reading_thread(r, lot->free_thread);

	if (thread) {
		report->threads[thread - 1].blocks += sums->blocks;
		report->threads[thread - 1].bytes += sums->bytes;
		if (lot->live)
			report->threads[thread - 1].live_bytes += sums->bytes;
		sums_add(&report->thread_sites, pair_key(thread - 1, stack->site),
			 sums->blocks, sums->bytes);
		if (lot->live)
			sums_add(&report->thread_site_lives,
				 pair_key(thread - 1, stack->site), sums->blocks,
				 sums->bytes);
	}
	sums_add(&report->handovers, pair_key(thread, freeing), sums->blocks,
		 sums->bytes);
	if (lot->temporary)
		sums_add(&report->temporaries, stack->node, sums->blocks, sums->bytes);
	if (has_leaks(report, lot))
		add_leaks(r, lot, stack->site, sums);
	if (lot->free_stack)
		add_free(r, lot, stack, sums);
}

/* What was live when most of the process was in memory. */
static void add_beside(struct report *report, const struct scanned_block *block,
		       double weight)
{
	if (block->alloc_ns <= report->resident_ns &&
	    block->free_ns > report->resident_ns)
		report->resident_live += (double)block->size * weight;
}

static void take_lot(struct reading *r, struct block_scan *scan,
		     const struct scanned_lot *lot)
{
	const struct read_stack *stack = &r->stacks[reading_stack(r, lot->stack)];
	struct lot_sums sums = {.first_ns = INT64_MAX};
	struct scanned_block block;

	if (!stack->is_used)
		die("read %s: the database is damaged: a stack without totals has blocks",
		    r->database->name);
	if (!(lot->weight > 0 && lot->weight < MAX_WEIGHT))
		die("read %s: the database is damaged: blocks weigh %g",
		    r->database->name, lot->weight);
	while (block_scan_next(scan, &block)) {
		add_block(r, lot, stack, &block);
		add_beside(r->report, &block, lot->weight);
		sums.blocks += lot->weight;
		sums.bytes += (double)block.size * lot->weight;
		if (block.alloc_ns < sums.first_ns)
			sums.first_ns = block.alloc_ns;
		if (block.alloc_ns > sums.last_ns)
			sums.last_ns = block.alloc_ns;
	}
	if (sums.blocks > 0)
		add_lot(r, lot, stack, &sums);
}

static int compare_leaks(const void *left, const void *right)
{
	const struct report_leak *a = left, *b = right;

	if (a->site != b->site)
		return a->site < b->site ? -1 : 1;
	return (a->kind > b->kind) - (a->kind < b->kind);
}

/* From what must be mended to what may stay. */
static int rank_of(enum leak_kind kind)
{
	static const int ranks[N_LEAK_KINDS] = {[LEAK_DEFINITE] = 0,
						[LEAK_POSSIBLE] = 1,
						[LEAK_UNKNOWN] = 2,
						[LEAK_REACHABLE] = 3,
						[LEAK_INDIRECT] = 4};

	return ranks[kind];
}

static int compare_worst_first(const void *left, const void *right)
{
	const struct report_leak *a = left, *b = right;

	if (a->kind != b->kind)
		return rank_of(a->kind) - rank_of(b->kind);
	if (a->bytes + a->indirect_bytes != b->bytes + b->indirect_bytes)
		return a->bytes + a->indirect_bytes < b->bytes + b->indirect_bytes ? 1
										   : -1;
	return (a->site > b->site) - (a->site < b->site);
}

/* Make one of those of the same site and kind. */
static void merge_leaks(struct report *report)
{
	struct report_leak *leaks = report->leaks;
	size_t n = 0;

	if (report->n_leaks)
		qsort(leaks, report->n_leaks, sizeof(*leaks), compare_leaks);
	for (size_t i = 0; i < report->n_leaks; i++) {
		if (n == 0 || compare_leaks(&leaks[n - 1], &leaks[i]) != 0) {
			leaks[n++] = leaks[i];
			continue;
		}
		leaks[n - 1].blocks += leaks[i].blocks;
		leaks[n - 1].bytes += leaks[i].bytes;
		leaks[n - 1].indirect_blocks += leaks[i].indirect_blocks;
		leaks[n - 1].indirect_bytes += leaks[i].indirect_bytes;
		if (leaks[i].first_ns < leaks[n - 1].first_ns)
			leaks[n - 1].first_ns = leaks[i].first_ns;
		if (leaks[i].last_ns > leaks[n - 1].last_ns)
			leaks[n - 1].last_ns = leaks[i].last_ns;
	}
	report->n_leaks = n;
	if (n)
		qsort(leaks, n, sizeof(*leaks), compare_worst_first);
}

static double find_blocks(const struct sums *sums, uint64_t key)
{
	const struct sum *sum = sums_find(sums, key);

	return sum ? sum->blocks : 0;
}

static void finish_frees(struct reading *r)
{
	struct report *report = r->report;
	const struct sum *frees = sums_sort(&r->frees);

	sums_sort(&r->crossed);
	sums_sort(&r->mismatched);
	for (size_t i = 0; i < r->frees.n; i++) {
		uint64_t key = frees[i].key;

		report->frees = memory_grow(report->frees, report->n_frees,
					    &report->n_frees_max, sizeof(*report->frees));
		report->frees[report->n_frees++] = (struct report_free){
			.site = (uint32_t)(key >> 32),
			.frame = (uint32_t)key,
			.blocks = frees[i].blocks,
			.bytes = frees[i].bytes,
			.crossed = find_blocks(&r->crossed, key),
			.mismatched = find_blocks(&r->mismatched, key)};
	}
}

static bool is_wanted(const struct reading *r, const struct scanned_lot *lot)
{
	return !r->report->thread ||
	       reading_thread(r, lot->alloc_thread) == r->report->thread;
}

static void show_progress(struct reading *r, int64_t done)
{
	if (r->options->progress && r->report->blocks > 0)
		r->options->progress(r->options->context,
				     (double)done / r->report->blocks);
}

/* "t3" or "3": a thread by its number in the process. */
static uint32_t parse_thread(const struct report *report, const char *text)
{
	const char *digits = text + (text[0] == 't');
	char *end;
	long long number = strtoll(digits, &end, 10);

	for (size_t i = 0; i < report->n_threads; i++) {
		if (*digits && !*end && report->threads[i].number == number)
			return (uint32_t)i + 1;
		if (strcmp(report->threads[i].name, text) == 0)
			return (uint32_t)i + 1;
	}
	die_usage(
		"--thread=%s: the process has no such thread; expected t1 to t%zu, or a "
		"name",
		text, report->n_threads);
}

void reading_take_blocks(struct reading *r)
{
	struct block_scan *scan;
	struct scanned_lot lot;
	int64_t done = 0, shown = 0;

	if (r->options->thread)
		r->report->thread = parse_thread(r->report, r->options->thread);
	scan = block_scan_open(r->database, r->report->process.process);
	while (block_scan_next_lot(scan, &lot)) {
		if (!is_wanted(r, &lot))
			continue;
		take_lot(r, scan, &lot);
		done += lot.last_block - lot.first_block + 1;
		if (done - shown >= PROGRESS_BLOCKS)
			show_progress(r, shown = done);
	}
	block_scan_close(scan);
	if (!r->report->thread)
		add_inner_leaks(r);
	merge_leaks(r->report);
	finish_frees(r);
}
