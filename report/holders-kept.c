// SPDX-License-Identifier: MIT
/*
 * An allocator gives one address to many blocks, so an address that both snapshots have
 * says little. It is one block if one was allocated before the first of them, and not
 * freed before the second. All three are read by address, side by side.
 */
#include "database/db.h"
#include "database/holders.h"
#include "database/rows.h"
#include "report/memory.h"

#include "report/holders-diff.h"

struct cursor {
	struct rows *rows;
	struct holders_block block;
	bool is_there; /* false: behind the last one */
};

static void advance(struct cursor *c)
{
	c->is_there = rows_next(c->rows, &c->block);
}

static struct cursor open_cursor(const struct database *database, int64_t snapshot)
{
	struct cursor c = {.rows = holders_select_blocks(database)};

	rows_set(c.rows, 1, snapshot);
	advance(&c);
	return c;
}

static struct rows *open_lasting(const struct holders_diff *d,
				 const struct database *database, int64_t process)
{
	int64_t a = d->sides[SIDE_A]->at_ns, b = d->sides[SIDE_B]->at_ns;
	struct rows *rows = holders_select_lasting(database);

	rows_set(rows, 1, process);
	rows_set(rows, 2, a < b ? a : b);
	rows_set(rows, 3, a < b ? b : a);
	return rows;
}

/* Return whether a block of that address lasted. Addresses are asked for in order. */
static bool lasted(struct rows *rows, struct holders_lasting *row, int64_t address)
{
	while (row->address < address) {
		if (!rows_next(rows, row))
			row->address = INT64_MAX;
	}
	return row->address == address;
}

static void count_both(struct holders_kept *kept, int64_t size)
{
	kept->both_blocks++;
	kept->both_bytes += size;
}

static void count_one(struct holders_kept *kept, enum diff_side side, int64_t size)
{
	if (side == SIDE_A) {
		kept->gone_blocks++;
		kept->gone_bytes += size;
	} else {
		kept->added_blocks++;
		kept->added_bytes += size;
	}
}

static struct holders_kept *kept_of(struct holders_diff *d, int64_t stack)
{
	uint32_t site = holders_find_site(d->sides[SIDE_A], stack);

	return &d->sites[site == HOLDER_NONE ? d->sides[SIDE_A]->n_sites : site];
}

static void take_one(struct holders_diff *d, struct cursor *c, enum diff_side side)
{
	count_one(&d->kept, side, c->block.size);
	count_one(kept_of(d, c->block.stack), side, c->block.size);
	advance(c);
}

static void take_both(struct holders_diff *d, struct cursor *a, struct cursor *b)
{
	count_both(&d->kept, a->block.size);
	count_both(kept_of(d, a->block.stack), a->block.size);
	advance(a);
	advance(b);
}

void holders_diff_count(struct holders_diff *d, const struct database *database,
			int64_t process)
{
	struct cursor a = open_cursor(database, d->sides[SIDE_A]->snapshot);
	struct cursor b = open_cursor(database, d->sides[SIDE_B]->snapshot);
	struct rows *rows = open_lasting(d, database, process);
	struct holders_lasting row = {INT64_MIN};

	d->sites = memory_new(d->sides[SIDE_A]->n_sites + 1, sizeof(*d->sites));
	while (a.is_there || b.is_there) {
		if (!b.is_there || (a.is_there && a.block.address < b.block.address))
			take_one(d, &a, SIDE_A);
		else if (!a.is_there || b.block.address < a.block.address)
			take_one(d, &b, SIDE_B);
		else if (lasted(rows, &row, a.block.address))
			take_both(d, &a, &b);
		else {
			take_one(d, &a, SIDE_A);
			take_one(d, &b, SIDE_B);
		}
	}
	rows_close(rows);
	rows_close(a.rows);
	rows_close(b.rows);
}
