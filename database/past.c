// SPDX-License-Identifier: MIT
/*
 * Blocks are read in the order of stacks, which an index of lots has, so nothing is
 * sorted or kept.
 */
#include <stdlib.h>

#include "common/cli.h"
#include "database/rows.h"

#include "database/past.h"
#include "database/profile-parts.h"

/* Whether a block was live when the events of that time had happened. */
#define LIVE_AT(ns)                                                                      \
	"(b.alloc_ns <= " ns " AND ifnull(b.alloc_ns + b.lifetime_ns > " ns ", "         \
	"e.known))"
#define LIVE_BYTES(ns) "CAST(round(sum(l.weight * b.size * " LIVE_AT(ns) ")) AS INTEGER)"

static const struct row_column stack_columns[] = {
	ROW_COLUMN(past_stack, stack, "l.stack"),
	ROW_COLUMN(past_stack, lifetime_ns,
		   "CAST(round(sum(l.weight * ifnull(b.lifetime_ns,"
		   " e.known * max(0, p.duration_ms * 1e6 - b.alloc_ns)))) AS INTEGER)"),
	ROW_COLUMN(
		past_stack, own_peak_blocks,
		"CAST(round(sum(l.weight * " LIVE_AT("t.own_peak_ns") ")) AS INTEGER)"),
	ROW_COLUMN(past_stack, live_bytes[0], LIVE_BYTES("?3")),
	ROW_COLUMN(past_stack, live_bytes[1], LIVE_BYTES("?4")),
	ROW_COLUMN(past_stack, live_bytes[2], LIVE_BYTES("?5")),
	ROW_COLUMN(past_stack, live_bytes[3], LIVE_BYTES("?6")),
};

struct past {
	struct row_list list;
	struct rows *rows;
	struct past_stack next;
	bool any; /* next */
};

struct past *past_open(struct profile *profile, const int64_t *moments)
{
	struct past *past = calloc(1, sizeof(*past));

	if (!past)
		die("read %s: out of memory", profile->database.name);
	past->list = (struct row_list)ROW_LIST(stack_columns);
	if (!moments)
		past->list.n -= PAST_MOMENTS;
	past->rows = choice_open(
		&profile->database, &profile->choice, &past->list,
		"FROM lots l CROSS JOIN processes p ON p.process = l.process"
		" CROSS JOIN block_endings e ON e.ending = l.ending"
		" CROSS JOIN stack_totals t ON t.stack = l.stack AND t.process = "
		"l.process"
		" CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block"
		" WHERE l.process IN " CHOICE_PROCESSES
		" GROUP BY l.stack ORDER BY l.stack");
	for (int i = 0; moments && i < PAST_MOMENTS; i++)
		rows_set(past->rows, 3 + i, moments[i]);
	past->any = rows_next(past->rows, &past->next);
	return past;
}

struct past_stack past_find(struct past *past, int64_t stack)
{
	while (past->any && past->next.stack < stack)
		past->any = rows_next(past->rows, &past->next);
	return past->any && past->next.stack == stack
		       ? past->next
		       : (struct past_stack){.stack = stack};
}

void past_close(struct past *past)
{
	rows_close(past->rows);
	free(past);
}

static const struct row_column point_columns[] = {
	ROW_COLUMN(past_point, at_ms, "at_ms"),
	ROW_COLUMN(past_point, live_bytes, "live_bytes"),
	ROW_COLUMN(past_point, peak_bytes, "peak_bytes"),
};

void past_each_point(struct profile *profile,
		     void (*visit)(void *context, const struct past_point *point),
		     void *context)
{
	static const struct row_list list = ROW_LIST(point_columns);
	struct rows *points =
		choice_open(&profile->database, &profile->choice, &list,
			    "FROM timeline WHERE process IN " CHOICE_PROCESSES
			    " ORDER BY at_ms, process");
	struct past_point point;

	while (rows_next(points, &point))
		visit(context, &point);
	rows_close(points);
}

static const struct row_column block_columns[] = {
	ROW_COLUMN(past_block, block, "b.block"),
	ROW_COLUMN(past_block, stack, "l.stack"),
	ROW_COLUMN(past_block, free_stack, "l.free_stack"),
	ROW_COLUMN(past_block, tid, "a.tid"),
	ROW_COLUMN(past_block, free_tid, "f.tid"),
	ROW_COLUMN(past_block, alloc_ns, "b.alloc_ns"),
	ROW_NULLABLE(
		past_block, free_ns,
		"CASE e.known WHEN 0 THEN b.alloc_ns ELSE b.alloc_ns + b.lifetime_ns END",
		-1),
	ROW_COLUMN(past_block, bytes, "CAST(round(b.size * l.weight) AS INTEGER)"),
	ROW_COLUMN(past_block, address, "b.address"),
};

void past_each_block(struct profile *profile,
		     void (*visit)(void *context, const struct past_block *block),
		     void *context)
{
	static const struct row_list list = ROW_LIST(block_columns);
	struct rows *blocks = choice_open(
		&profile->database, &profile->choice, &list,
		"FROM lots l CROSS JOIN block_endings e ON e.ending = l.ending"
		" LEFT JOIN threads a ON a.thread = l.alloc_thread"
		" LEFT JOIN threads f ON f.thread = l.free_thread"
		" CROSS JOIN blocks b ON b.block BETWEEN l.first_block AND l.last_block"
		" WHERE l.process IN " CHOICE_PROCESSES " ORDER BY l.rowid");
	struct past_block block;

	while (rows_next(blocks, &block))
		visit(context, &block);
	rows_close(blocks);
}

static const struct row_column sum_columns[] = {
	ROW_COLUMN(past_sums, blocks, "sum(l.last_block - l.first_block + 1)"),
	ROW_COLUMN(past_sums, frees,
		   "sum((l.last_block - l.first_block + 1) * NOT e.live)"),
	ROW_COLUMN(past_sums, bytes, "CAST(sum(l.bytes * l.weight) AS INTEGER)"),
};

struct past_sums past_sum(struct profile *profile)
{
	static const struct row_list list = ROW_LIST(sum_columns);
	struct rows *rows =
		choice_open(&profile->database, &profile->choice, &list,
			    "FROM lots l JOIN block_endings e ON e.ending = l.ending"
			    " WHERE l.process IN " CHOICE_PROCESSES);
	struct past_sums sums = {0, 0, 0};

	rows_next(rows, &sums);
	rows_close(rows);
	return sums;
}

static const struct row_column mark_columns[] = {
	ROW_COLUMN(past_mark, begin_ns, "begin_ns"),
	ROW_COLUMN(past_mark, end_ns, "end_ns"),
	ROW_COLUMN(past_mark, scope, "scope"),
	ROW_COLUMN(past_mark, text, "text"),
};

void past_each_mark(struct profile *profile, int64_t limit,
		    void (*visit)(void *context, const struct past_mark *mark),
		    void *context)
{
	static const struct row_list list = ROW_LIST(mark_columns);
	struct rows *marks = choice_open(
		&profile->database, &profile->choice, &list,
		"FROM (SELECT CAST(at_ms * 1e6 AS INTEGER) AS begin_ns,"
		" CAST(at_ms * 1e6 AS INTEGER) AS end_ns, 0 AS scope, text FROM markers"
		" WHERE process IN " CHOICE_PROCESSES
		" UNION ALL SELECT begin_ns, end_ns, 1, name FROM scopes"
		" WHERE process IN " CHOICE_PROCESSES ") ORDER BY begin_ns LIMIT ?3");
	struct past_mark mark;

	rows_set(marks, 3, limit);
	while (rows_next(marks, &mark)) {
		if (!mark.text)
			mark.text = "";
		visit(context, &mark);
	}
	rows_close(marks);
}
