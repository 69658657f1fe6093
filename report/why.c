// SPDX-License-Identifier: MIT
/*
 * A path is read from its end: each block names its holder. Blocks that hold each other
 * at the same offset and are of the same site, as those of a list are, make one step, so
 * a path of a million blocks is a line. A database may come from anywhere: a path that
 * has more blocks than the snapshot is a circle.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "database/db.h"
#include "database/holders.h"
#include "database/rows.h"
#include "report/memory.h"

#include "report/holders.h"

static bool parse_number(const char *text, int base, int64_t *number)
{
	char *end;

	*number = (int64_t)strtoull(text, &end, base);
	return *text && !*end;
}

/* What was asked for: blocks of a site, or the block around an address */
struct question {
	uint32_t site;
	int64_t address;
};

static struct question parse(const struct holders *h, const char *what)
{
	struct question q = {.site = HOLDER_NONE};
	int64_t number;

	if (strncmp(what, "0x", 2) == 0 && parse_number(what + 2, 16, &q.address))
		return q;
	if (!parse_number(what + (what[0] == 's'), 10, &number))
		die_usage("--why=%s: expected a call site such as s17, or the address of "
			  "a block such as 0x55d0c8e0",
			  what);
	q.site = holders_find_site(h, number); /* of any of its stacks */
	if (q.site == HOLDER_NONE)
		die_usage("--why=%s: there is no such call site; handles such as s17 "
			  "stand before the rows of --retained",
			  what);
	return q;
}

static bool is_meant(const struct question *q, const struct holders *h,
		     const struct holders_block *b)
{
	if (q->site != HOLDER_NONE)
		return holders_find_site(h, b->stack) == q->site;
	return q->address >= b->address &&
	       (q->address == b->address || q->address - b->address < b->size);
}

/* Count the blocks that are meant, and keep the one that retains most. */
static struct holders_block choose_block(struct why *why, const struct database *d,
					 const struct holders *h,
					 const struct question *q)
{
	struct rows *rows = holders_select_blocks(d);
	struct holders_block best = {0}, b;

	rows_set(rows, 1, h->snapshot);
	while (rows_next(rows, &b)) {
		if (!is_meant(q, h, &b))
			continue;
		why->blocks++;
		why->bytes += b.size;
		why->possible_blocks += b.holder != HOLDERS_NONE && b.holder_possible;
		why->unheld_blocks += b.holder == HOLDERS_NONE;
		if (best.node == 0 || b.retained_bytes > best.retained_bytes)
			best = b;
	}
	rows_close(rows);
	return best;
}

static void add_step(struct why *why, const struct why_step *step)
{
	struct why_step *last = why->n_steps ? &why->steps[why->n_steps - 1] : NULL;

	if (last && last->root == HOLDER_NONE && step->root == HOLDER_NONE &&
	    last->site == step->site && last->offset == step->offset) {
		last->blocks++;
		return;
	}
	why->steps = memory_grow(why->steps, why->n_steps, &why->n_steps_max,
				 sizeof(*why->steps));
	why->steps[why->n_steps++] = *step;
}

static void turn_around(struct why *why)
{
	for (size_t i = 0; i < why->n_steps / 2; i++) {
		struct why_step *other = &why->steps[why->n_steps - 1 - i];
		struct why_step step = why->steps[i];

		why->steps[i] = *other;
		*other = step;
	}
}

static void find_path(struct why *why, const struct database *d, const struct holders *h,
		      struct holders_block b)
{
	struct rows *rows = holders_select_block(d);
	uint32_t root = HOLDER_NONE;

	for (int64_t n = 0; b.holder > 0; n++) {
		add_step(why,
			 &(struct why_step){HOLDER_NONE, holders_find_site(h, b.stack),
					    b.holder_offset, 1});
		root = holders_find_root(h, b.holder);
		if (root != HOLDER_NONE)
			break;
		rows_set(rows, 1, h->snapshot);
		rows_set(rows, 2, b.holder);
		if (n > h->blocks || !rows_next(rows, &b))
			die("%s: the path to a block of heap snapshot '%s' is damaged",
			    d->name, h->name);
	}
	rows_close(rows);
	why->is_held = root != HOLDER_NONE;
	if (why->is_held)
		add_step(why, &(struct why_step){root, HOLDER_NONE, -1, 1});
	turn_around(why);
}

static void find_dominator(struct why *why, const struct database *d,
			   const struct holders *h, int64_t node)
{
	struct rows *rows = holders_select_block(d);
	struct holders_block b;

	why->dominator_root = holders_find_root(h, node);
	why->dominator_site = HOLDER_NONE;
	rows_set(rows, 1, h->snapshot);
	rows_set(rows, 2, node);
	if (why->dominator_root == HOLDER_NONE && node > 0 && rows_next(rows, &b)) {
		why->dominator_site = holders_find_site(h, b.stack);
		why->dominator_address = b.address;
	}
	rows_close(rows);
}

struct why why_find(const struct database *d, const struct holders *h, const char *what)
{
	struct question q = parse(h, what);
	struct why why = {.site = q.site};
	struct holders_block b = choose_block(&why, d, h, &q);

	if (b.node == 0)
		die_usage("--why=%s: heap snapshot '%s' has no such block", what,
			  h->name);
	why.node = b.node;
	why.address = b.address;
	why.size = b.size;
	why.retained_bytes = b.retained_bytes;
	why.retained_blocks = b.retained_blocks;
	why.block_site = holders_find_site(h, b.stack);
	why.is_possible = b.holder_possible;
	find_path(&why, d, h, b);
	find_dominator(&why, d, h, b.dominator);
	return why;
}
