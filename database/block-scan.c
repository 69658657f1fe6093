// SPDX-License-Identifier: MIT
/*
 * Blocks lie in the table in the order of lots, as the loader wrote them. Lots that
 * follow each other share one statement over the blocks, which is begun again only where
 * the next lot is not the next one: other processes. Nothing is sorted: there may be as
 * many lots as blocks.
 */
#include <limits.h>
#include <stdlib.h>

#include "common/cli.h"
#include "database/db.h"
#include "database/rows.h"

#include "database/block-scan.h"

struct block_scan {
	struct database database;
	struct rows *lots;
	sqlite3_stmt *blocks;
	int64_t next, last; /* block to be read, and last one of the lot */
	int64_t position;   /* block that the statement comes to; 0: it has to be begun */
};

static const struct row_column lot_columns[] = {
	ROW_COLUMN(scanned_lot, stack, "l.stack"),
	ROW_COLUMN(scanned_lot, alloc_thread, "l.alloc_thread"),
	ROW_COLUMN(scanned_lot, free_thread, "l.free_thread"),
	ROW_COLUMN(scanned_lot, free_stack, "l.free_stack"),
	ROW_COLUMN(scanned_lot, ending, "l.ending"),
	ROW_COLUMN(scanned_lot, live, "e.live"),
	ROW_COLUMN(scanned_lot, temporary, "l.temporary"),
	ROW_COLUMN(scanned_lot, weight, "l.weight"),
	ROW_COLUMN(scanned_lot, leak_owner, "l.leak_owner"),
	ROW_COLUMN(scanned_lot, leak_kind, "iif(e.live, ifnull(l.leak_kind, 0), -1)"),
	ROW_COLUMN(scanned_lot, first_block, "l.first_block"),
	ROW_COLUMN(scanned_lot, last_block, "l.last_block"),
};

struct block_scan *block_scan_open(const struct database *d, int64_t process)
{
	static const struct row_list list = ROW_LIST(lot_columns);
	struct block_scan *s = calloc(1, sizeof(*s));

	if (!s)
		die("read %s: out of memory", d->name);
	s->database = *d;
	s->lots = rows_open(d, &list,
			    "FROM lots l LEFT JOIN block_endings e ON e.ending = l.ending"
			    " WHERE l.process = ?1 ORDER BY l.rowid");
	rows_set(s->lots, 1, process);
	if (sqlite3_prepare_v2(
		    d->db,
		    "SELECT block, alloc_ns, lifetime_ns, size, address FROM blocks"
		    " WHERE block >= ?1 ORDER BY block",
		    -1, &s->blocks, NULL) != SQLITE_OK)
		db_die(d->db, "read", d->name);
	return s;
}

bool block_scan_next_lot(struct block_scan *s, struct scanned_lot *lot)
{
	if (!rows_next(s->lots, lot))
		return false;
	/* Each block is read once, then, however many lots there are */
	if (lot->first_block <= s->last || lot->last_block < lot->first_block - 1 ||
	    lot->last_block == INT64_MAX)
		die("read %s: the database is damaged: lot of blocks %lld to %lld",
		    s->database.name, (long long)lot->first_block,
		    (long long)lot->last_block);
	s->next = lot->first_block;
	s->last = lot->last_block;
	return true;
}

static void begin_at(struct block_scan *s, int64_t block)
{
	sqlite3_reset(s->blocks);
	sqlite3_bind_int64(s->blocks, 1, block);
	s->position = block;
}

bool block_scan_next(struct block_scan *s, struct scanned_block *block)
{
	sqlite3_stmt *row = s->blocks;
	int result;

	if (s->next > s->last)
		return false;
	if (s->position != s->next || s->position == 0)
		begin_at(s, s->next);
	result = sqlite3_step(row);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		db_die(s->database.db, "read", s->database.name);
	if (result == SQLITE_DONE || sqlite3_column_int64(row, 0) != s->next)
		die("read %s: the database is damaged: block %lld is missing",
		    s->database.name, (long long)s->next);
	s->position = ++s->next;
	block->alloc_ns = sqlite3_column_int64(row, 1);
	block->free_ns = INT64_MAX;
	if (sqlite3_column_type(row, 2) != SQLITE_NULL &&
	    __builtin_add_overflow(block->alloc_ns, sqlite3_column_int64(row, 2),
				   &block->free_ns))
		block->free_ns = INT64_MAX;
	block->size = sqlite3_column_int64(row, 3);
	block->address = sqlite3_column_int64(row, 4);
	return true;
}

void block_scan_close(struct block_scan *s)
{
	rows_close(s->lots);
	sqlite3_finalize(s->blocks);
	free(s);
}
