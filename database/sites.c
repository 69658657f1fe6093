// SPDX-License-Identifier: MIT
#include "database/db.h"
#include "database/rows.h"
#include "database/sites-parts.h"

#include "database/sites.h"

static const struct row_column frame_columns[] = {
	ROW_COLUMN(site_frame, frame, "f.frame"),
	ROW_COLUMN(site_frame, module, "f.module"),
	ROW_COLUMN(site_frame, function, "f.function"),
	ROW_COLUMN(site_frame, file, "f.file"),
	ROW_COLUMN(site_frame, line, "f.line"),
	ROW_COLUMN(site_frame, inline_depth, "f.inline_depth"),
	ROW_COLUMN(site_frame, inferred, "f.inferred"),
	ROW_COLUMN(site_frame, module_path, "m.path"),
	ROW_COLUMN(site_frame, build_id, "m.build_id"),
	ROW_COLUMN(site_frame, symbols, "m.symbols"),
};

struct rows *sites_select_frames(const struct database *d)
{
	static const struct row_list list = ROW_LIST(frame_columns);

	return rows_open(d, &list, "FROM frames f LEFT JOIN modules m USING (module)");
}

static const struct row_column stack_frame_columns[] = {
	ROW_COLUMN(site_stack_frame, frame, "frame"),
};

struct rows *sites_select_stack(const struct database *d)
{
	static const struct row_list list = ROW_LIST(stack_frame_columns);

	return rows_open(d, &list, "FROM stack_frames WHERE stack = ? ORDER BY frame_no");
}

static const struct row_column allocator_columns[] = {
	ROW_COLUMN(site_allocator, name, "f.name"),
	ROW_COLUMN(site_allocator, truncated, "s.truncated"),
	ROW_COLUMN(site_allocator, incomplete, "s.incomplete"),
	ROW_COLUMN(site_allocator, damaged, "s.damaged"),
	ROW_COLUMN(site_allocator, unsampled, "s.unsampled"),
};

struct rows *sites_select_allocator(const struct database *d)
{
	static const struct row_list list = ROW_LIST(allocator_columns);

	return rows_open(d, &list,
			 "FROM stacks s LEFT JOIN allocators f USING (allocator)"
			 " WHERE s.stack = ?");
}

static const struct row_column facts_columns[] = {
	ROW_COLUMN(site_facts, stack, "stack"),
	ROW_COLUMN(site_facts, process, "process"),
	ROW_COLUMN(site_facts, leak_blocks, "leak_blocks"),
	ROW_COLUMN(site_facts, leak_bytes, "leak_bytes"),
	ROW_COLUMN(site_facts, allocations, "allocations"),
	ROW_COLUMN(site_facts, allocated_bytes, "allocated_bytes"),
	ROW_COLUMN(site_facts, leak_kind, "leak_kind"),
	ROW_NULLABLE(site_facts, leak_owner, "leak_owner", -1),
};

struct rows *sites_select(const struct database *d, unsigned int kinds, bool all_sites)
{
	static const struct row_list list = ROW_LIST(facts_columns);
	struct rows *rows = rows_open(
		d, &list,
		"FROM (SELECT stack, process, n AS leak_blocks, bytes AS leak_bytes,"
		"  0 AS allocations, 0 AS allocated_bytes, leak_kind, leak_owner"
		"  FROM " SITES_LEAKS
		"  UNION ALL SELECT stack, process, 0, 0, allocations,"
		"  allocated_bytes, 0, NULL"
		"  FROM stack_totals WHERE ?2)"
		" ORDER BY stack, process, leak_kind, leak_owner");

	rows_set(rows, 1, kinds);
	rows_set(rows, 2, all_sites);
	return rows;
}

struct rows *sites_select_inner(const struct database *d)
{
	static const struct row_list list = ROW_LIST(facts_columns);

	return rows_open(
		d, &list,
		"FROM (SELECT stack, process,"
		"  CAST(round(sum(weight * (last_block - first_block + 1))) AS INTEGER)"
		"  AS leak_blocks,"
		"  CAST(round(sum(weight * bytes)) AS INTEGER) AS leak_bytes,"
		"  0 AS allocations, 0 AS allocated_bytes, " SITES_KIND " AS leak_kind,"
		"  leak_owner FROM inner_lots WHERE " SITES_IS_LIVE
		"  AND leak_owner IS NOT NULL GROUP BY stack, process, 7, leak_owner)"
		" ORDER BY stack, process, leak_kind, leak_owner");
}
