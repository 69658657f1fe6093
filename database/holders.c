// SPDX-License-Identifier: MIT
#include "database/db.h"
#include "database/rows.h"

#include "database/holders.h"

static const struct row_column snapshot_columns[] = {
	ROW_COLUMN(holders_snapshot, snapshot, "snapshot"),
	ROW_COLUMN(holders_snapshot, at_ns, "at_ns"),
	ROW_COLUMN(holders_snapshot, blocks, "blocks"),
	ROW_COLUMN(holders_snapshot, bytes, "bytes"),
	ROW_COLUMN(holders_snapshot, edges, "edges"),
	ROW_COLUMN(holders_snapshot, possible_edges, "possible_edges"),
	ROW_COLUMN(holders_snapshot, name, "name"),
	ROW_COLUMN(holders_snapshot, error, "error"),
};

struct rows *holders_select_snapshots(const struct database *d)
{
	static const struct row_list list = ROW_LIST(snapshot_columns);

	return rows_open(d, &list,
			 "FROM heap_snapshots WHERE process = ? ORDER BY snapshot");
}

static const struct row_column site_columns[] = {
	ROW_COLUMN(holders_site, stack, "s.stack"),
	ROW_COLUMN(holders_site, function, "f.function"),
	ROW_COLUMN(holders_site, file, "f.file"),
	ROW_COLUMN(holders_site, line, "f.line"),
	ROW_COLUMN(holders_site, module_path, "m.path"),
};

struct rows *holders_select_sites(const struct database *d)
{
	static const struct row_list list = ROW_LIST(site_columns);

	return rows_open(d, &list,
			 "FROM stacks s LEFT JOIN frames f ON f.frame = s.owner_frame"
			 " LEFT JOIN modules m USING (module) ORDER BY s.stack");
}

static const struct row_column root_columns[] = {
	ROW_COLUMN(holders_root, node, "r.node"),
	ROW_COLUMN(holders_root, line, "r.line"),
	ROW_COLUMN(holders_root, thread, "t.number"),
	ROW_COLUMN(holders_root, address, "r.address"),
	ROW_COLUMN(holders_root, retained_bytes, "r.retained_bytes"),
	ROW_COLUMN(holders_root, retained_blocks, "r.retained_blocks"),
	ROW_COLUMN(holders_root, kind, "r.kind"),
	ROW_COLUMN(holders_root, name, "r.name"),
	ROW_COLUMN(holders_root, file, "r.file"),
	ROW_COLUMN(holders_root, module_path, "m.path"),
};

struct rows *holders_select_roots(const struct database *d)
{
	static const struct row_list list = ROW_LIST(root_columns);

	return rows_open(d, &list,
			 "FROM heap_roots r LEFT JOIN threads t ON t.thread = r.thread"
			 " LEFT JOIN modules m ON m.module = r.module"
			 " WHERE r.snapshot = ? ORDER BY r.node");
}

static const struct row_column group_columns[] = {
	ROW_COLUMN(holders_group, heap_group, "heap_group"),
	ROW_NULLABLE(holders_group, parent, "parent", HOLDERS_NONE),
	ROW_NULLABLE(holders_group, stack, "stack", HOLDERS_NONE),
	ROW_COLUMN(holders_group, root, "root"),
	ROW_COLUMN(holders_group, blocks, "blocks"),
	ROW_COLUMN(holders_group, bytes, "bytes"),
	ROW_COLUMN(holders_group, retained_blocks, "retained_blocks"),
	ROW_COLUMN(holders_group, retained_bytes, "retained_bytes"),
};

struct rows *holders_select_groups(const struct database *d)
{
	static const struct row_list list = ROW_LIST(group_columns);

	return rows_open(d, &list,
			 "FROM heap_groups WHERE snapshot = ? ORDER BY heap_group");
}

static const struct row_column possible_columns[] = {
	ROW_COLUMN(holders_possible, stack, "stack"),
	ROW_COLUMN(holders_possible, blocks, "count(*)"),
};

struct rows *holders_select_possible(const struct database *d)
{
	static const struct row_list list = ROW_LIST(possible_columns);

	return rows_open(d, &list,
			 "FROM heap_blocks WHERE snapshot = ? AND holder_possible = 1"
			 " AND holder IS NOT NULL GROUP BY stack ORDER BY stack");
}

static const struct row_column block_columns[] = {
	ROW_COLUMN(holders_block, node, "node"),
	ROW_COLUMN(holders_block, address, "address"),
	ROW_COLUMN(holders_block, size, "size"),
	ROW_COLUMN(holders_block, stack, "stack"),
	ROW_COLUMN(holders_block, leak_kind, "leak_kind"),
	ROW_NULLABLE(holders_block, dominator, "dominator", HOLDERS_NONE),
	ROW_NULLABLE(holders_block, holder, "holder", HOLDERS_NONE),
	ROW_NULLABLE(holders_block, holder_offset, "holder_offset", HOLDERS_NONE),
	ROW_COLUMN(holders_block, retained_bytes, "retained_bytes"),
	ROW_COLUMN(holders_block, retained_blocks, "retained_blocks"),
	ROW_COLUMN(holders_block, holder_possible, "holder_possible"),
};

static const struct row_list block_list = ROW_LIST(block_columns);

struct rows *holders_select_blocks(const struct database *d)
{
	return rows_open(d, &block_list,
			 "FROM heap_blocks WHERE snapshot = ? ORDER BY node");
}

struct rows *holders_select_block(const struct database *d)
{
	return rows_open(d, &block_list,
			 "FROM heap_blocks WHERE snapshot = ? AND node = ?");
}

static const struct row_column lasting_columns[] = {
	ROW_COLUMN(holders_lasting, address, "b.address"),
};

struct rows *holders_select_lasting(const struct database *d)
{
	static const struct row_list list = ROW_LIST(lasting_columns);

	return rows_open(d, &list,
			 "FROM lots l CROSS JOIN blocks b"
			 " ON b.block BETWEEN l.first_block AND l.last_block"
			 " WHERE l.process = ?1 AND b.alloc_ns <= ?2"
			 " AND (b.lifetime_ns IS NULL OR b.alloc_ns + b.lifetime_ns > ?3)"
			 " ORDER BY b.address");
}
