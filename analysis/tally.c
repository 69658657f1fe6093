// SPDX-License-Identifier: MIT
/*
 * What each stack had live at the peak is found in one pass: the peak has a
 * number (epoch), and a stack notes what it had when it changes for the first
 * time after a peak. A stack that has not changed since had then what it has now.
 *
 * The timeline has intervals of equal width. When they are all used, two become
 * one, so that in the end there are some 1000 to 2000, however long it lasted.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "analysis/live.h"

#include "analysis/tally.h"

#define MAX_POINTS 2048
#define FIRST_WIDTH_NS 1024

int tally_init(struct tally *t, struct catalog *catalog, uint64_t sample_bytes)
{
	*t = (struct tally){.catalog = catalog,
			    .sample_bytes = sample_bytes,
			    .width_ns = FIRST_WIDTH_NS};
	t->points = calloc(MAX_POINTS, sizeof(*t->points));
	return t->points ? 0 : -ENOMEM;
}

void tally_fini(struct tally *t)
{
	free(t->points);
	t->points = NULL;
}

void tally_count_threads(struct tally *t)
{
	t->by_thread = true;
}

double tally_sample_weight(uint64_t sample_bytes, uint64_t size)
{
	return 1 / -expm1(-((double)size + 1) / (double)sample_bytes);
}

/* What two intervals are together that follow each other. */
static struct tally_point join(const struct tally_point *a, const struct tally_point *b)
{
	struct tally_point both = *b;

	both.allocations += a->allocations;
	both.bytes += a->bytes;
	if (a->peak_bytes > both.peak_bytes)
		both.peak_bytes = a->peak_bytes;
	if (a->low_bytes < both.low_bytes)
		both.low_bytes = a->low_bytes;
	return both;
}

static void halve_timeline(struct tally *t)
{
	for (size_t i = 0; i < t->n_points; i += 2)
		t->points[i / 2] = join(&t->points[i], &t->points[i + 1]);
	t->n_points /= 2;
	t->width_ns *= 2;
}

static void add_points(struct tally *t, int64_t ns)
{
	while (ns / t->width_ns >= MAX_POINTS) {
		if (t->n_points % 2) {
			t->points[t->n_points] =
				(struct tally_point){.live_blocks = t->live_blocks,
						     .live_bytes = t->live_bytes,
						     .peak_bytes = t->live_bytes,
						     .low_bytes = t->live_bytes};
			t->n_points++;
		}
		halve_timeline(t);
	}
	while (t->n_points <= (size_t)(ns / t->width_ns)) {
		t->points[t->n_points++] = (struct tally_point){
			.live_blocks = t->live_blocks,
			.live_bytes = t->live_bytes,
			.peak_bytes = t->live_bytes,
			.low_bytes = t->live_bytes,
		};
	}
	t->until_ns = (int64_t)t->n_points * t->width_ns;
}

/* The interval of a time, or the last one: clocks of threads may differ a little. */
static struct tally_point *find_point(struct tally *t, int64_t ns)
{
	if (ns >= t->until_ns)
		add_points(t, ns);
	return &t->points[t->n_points - 1];
}

static void note_live(const struct tally *t, struct tally_point *point)
{
	point->live_blocks = t->live_blocks;
	point->live_bytes = t->live_bytes;
	if (t->live_bytes > point->peak_bytes)
		point->peak_bytes = t->live_bytes;
	if (t->live_bytes < point->low_bytes)
		point->low_bytes = t->live_bytes;
}

/* Before a stack's live blocks change. */
static void note_peak(const struct tally *t, struct catalog_stack *stack)
{
	if (stack->epoch == t->epoch)
		return;
	stack->epoch = t->epoch;
	stack->peak_blocks = stack->live_blocks;
	stack->peak_bytes = stack->live_bytes;
	stack->peak_recorded = stack->live_recorded;
	stack->peak_variance = stack->live_variance;
}

/* A block came (1) or went (-1), and stands for more than itself. */
static void count_estimate(struct catalog_stack *stack, const struct live_block *block,
			   double weight, int step)
{
	double variance = tally_variance(weight, block->size);

	stack->live_recorded += (uint64_t)step;
	stack->live_variance += step * variance;
	if (step > 0)
		stack->variance += variance;
}

static void note_own_peak(struct catalog_stack *stack, int64_t ns)
{
	if (stack->live_bytes <= stack->own_peak_bytes)
		return;
	stack->own_peak_bytes = stack->live_bytes;
	stack->own_peak_ns = ns;
}

void tally_expect(const struct tally *t, uint32_t stack)
{
	const struct catalog_stack *totals = &t->catalog->stacks[stack];

	__builtin_prefetch(&totals->recorded, 1);
	__builtin_prefetch(&totals->epoch, 1);
}

/* The thread that allocated a block, or NULL. */
static struct catalog_thread *find_thread(const struct tally *t,
					  const struct live_block *block)
{
	uint32_t index = map_get(&t->catalog->thread_numbers, block->thread);

	return index < t->catalog->n_threads ? &t->catalog->threads[index] : NULL;
}

/* A block of a thread's came (1) or went (-1). */
static void count_for_thread(const struct tally *t, const struct live_block *block,
			     double weight, int step)
{
	struct catalog_thread *thread = find_thread(t, block);
	double bytes = (double)block->size * weight;

	if (!thread)
		return;
	if (step > 0) {
		thread->allocations += weight;
		thread->bytes += bytes;
	}
	thread->live_blocks += step * weight;
	thread->live_bytes += step * bytes;
}

void tally_begin(struct tally *t, const struct live_block *block)
{
	struct catalog_stack *stack = &t->catalog->stacks[block->stack];
	double weight = tally_weight(t->sample_bytes, block->size);
	double bytes = (double)block->size * weight;
	struct tally_point *point = find_point(t, block->alloc_ns);

	note_peak(t, stack);
	stack->recorded++;
	stack->allocations += weight;
	stack->bytes += bytes;
	stack->live_blocks += weight;
	stack->live_bytes += bytes;
	if (t->sample_bytes)
		count_estimate(stack, block, weight, 1);
	note_own_peak(stack, block->alloc_ns);
	t->allocations += weight;
	t->bytes += bytes;
	t->live_blocks += weight;
	t->live_bytes += bytes;
	if (t->live_blocks > t->peak_blocks)
		t->peak_blocks = t->live_blocks;
	if (t->live_bytes > t->peak_bytes) {
		t->epoch++;
		t->peak_bytes = t->live_bytes;
		t->blocks_at_peak = t->live_blocks;
		t->peak_ns = block->alloc_ns;
	}
	point->allocations += weight;
	point->bytes += bytes;
	note_live(t, point);
	if (t->by_thread)
		count_for_thread(t, block, weight, 1);
}

void tally_end(struct tally *t, const struct live_block *block, int64_t ns)
{
	struct catalog_stack *stack = &t->catalog->stacks[block->stack];
	double weight = tally_weight(t->sample_bytes, block->size);
	double bytes = (double)block->size * weight;
	struct tally_point *point = find_point(t, ns);

	note_peak(t, stack);
	stack->live_blocks -= weight;
	stack->live_bytes -= bytes;
	if (t->sample_bytes)
		count_estimate(stack, block, weight, -1);
	t->live_blocks -= weight;
	t->live_bytes -= bytes;
	note_live(t, point);
	if (t->by_thread)
		count_for_thread(t, block, weight, -1);
}

void tally_temporary(struct tally *t, const struct live_block *block)
{
	double weight = tally_weight(t->sample_bytes, block->size);

	t->catalog->stacks[block->stack].temporary += weight;
	t->temporary += weight;
}

void tally_finish(struct tally *t, int64_t last_ns)
{
	int64_t end_ns = 0;

	for (size_t i = 0; i < t->catalog->n_stacks; i++)
		note_peak(t, &t->catalog->stacks[i]);
	/* The last event may be the first one of an interval, which would last no time */
	if (t->n_points > 1 && (int64_t)(t->n_points - 1) * t->width_ns >= last_ns) {
		struct tally_point *last = &t->points[--t->n_points];

		last[-1] = join(&last[-1], last);
	}
	for (size_t i = 0; i < t->n_points; i++) {
		end_ns += t->width_ns;
		t->points[i].end_ns = end_ns < last_ns ? end_ns : last_ns;
	}
}
