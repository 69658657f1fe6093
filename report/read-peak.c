// SPDX-License-Identifier: MIT
/*
 * What was live at the peak, exactly. The loader counts in the order of the events; the
 * cube goes by their times, and two threads may do something within the same nanoseconds.
 * So a block or two may be on the wrong side of the edge at the peak. Where the cube and
 * the loader's sums of a node differ, the difference is moved across the edge: from the
 * cell of blocks that were born or died right beside it.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "report/memory.h"

#include "report/read-parts.h"

/* What the cube lacks of a node's blocks and bytes at the peak; negative: has too many.
 */
struct lack {
	double blocks, bytes;
};

static bool is_live(const struct report *report, uint64_t key)
{
	return cube_born(key) <= report->peak_edge && cube_died(key) > report->peak_edge;
}

static struct lack *find_lacks(const struct reading *r, bool *any)
{
	const struct report *report = r->report;
	struct lack *lacks = memory_new(report->tree.n, sizeof(*lacks));

	for (size_t i = 0; i < r->n_stacks; i++) {
		lacks[r->stacks[i].node].blocks += r->stacks[i].peak_blocks;
		lacks[r->stacks[i].node].bytes += r->stacks[i].peak_bytes;
	}
	for (size_t i = 0; i < report->cube.n_slots; i++) {
		const struct sum *cell = &report->cube.slots[i];

		if (cell->blocks <= 0 || !is_live(report, cell->key))
			continue;
		lacks[cube_node(cell->key)].blocks -= cell->blocks;
		lacks[cube_node(cell->key)].bytes -= cell->bytes;
	}
	for (size_t i = 0; i < report->tree.n && !*any; i++)
		*any = lacks[i].blocks != 0 || lacks[i].bytes != 0;
	return lacks;
}

/* The cell on the other side of the edge, or the same one if it is not beside it. */
static uint64_t across(const struct report *report, uint64_t key)
{
	size_t peak = report->peak_edge, born = cube_born(key), died = cube_died(key);
	uint32_t node = cube_node(key);

	if (peak + 1 >= report->edges.n)
		return key; /* nothing comes after it */
	if (is_live(report, key) && born == peak)
		return cube_key(node, peak + 1, died);
	if (is_live(report, key) && died == peak + 1)
		return cube_key(node, born, peak);
	if (born == peak + 1)
		return cube_key(node, peak, died);
	if (died == peak)
		return cube_key(node, born, peak + 1);
	return key;
}

/* Whether a part of a cell can be taken away. */
static bool can_give(const struct sum *cell, double blocks, double bytes)
{
	return blocks > 0 && bytes >= 0 && bytes <= cell->bytes &&
	       (blocks < cell->blocks ||
		(blocks == cell->blocks && bytes == cell->bytes));
}

static void add_cell(struct report *report, struct sums *cube, const struct sum *cell,
		     struct lack *lack)
{
	double sign = is_live(report, cell->key) ? -1 : 1;
	double blocks = sign * lack->blocks, bytes = sign * lack->bytes;
	uint64_t other = across(report, cell->key);

	if (other == cell->key || !can_give(cell, blocks, bytes)) {
		sums_add(cube, cell->key, cell->blocks, cell->bytes);
		return;
	}
	sums_add(cube, other, blocks, bytes);
	if (blocks < cell->blocks)
		sums_add(cube, cell->key, cell->blocks - blocks, cell->bytes - bytes);
	*lack = (struct lack){0};
}

void reading_settle_peak(struct reading *r)
{
	struct report *report = r->report;
	struct sums cube = {0};
	struct lack *lacks;
	bool any = false;

	/* Estimates are rounded in the database, and of a thread the loader has no sums
	 */
	if (report->is_estimate || report->thread)
		return;
	lacks = find_lacks(r, &any);
	for (size_t i = 0; i < report->cube.n_slots && any; i++) {
		const struct sum *cell = &report->cube.slots[i];

		if (cell->blocks > 0)
			add_cell(report, &cube, cell, &lacks[cube_node(cell->key)]);
	}
	free(lacks);
	if (!any)
		return;
	sums_fini(&report->cube);
	report->cube = cube;
}
