// SPDX-License-Identifier: MIT
#include "database/db.h"
#include "database/rows.h"

#include "database/callers.h"

static const struct row_column module_columns[] = {
	ROW_COLUMN(caller_module, module, "m.module"),
	ROW_COLUMN(caller_module, path, "m.path"),
	ROW_COLUMN(caller_module, build_id, "m.build_id"),
	ROW_COLUMN(caller_module, symbols, "m.symbols"),
	ROW_COLUMN(caller_module, has_functions, "max(f.function NOT LIKE '%+0x%')"),
	ROW_COLUMN(caller_module, has_lines, "max(f.line > 0)"),
};

struct rows *callers_select_modules(const struct database *d)
{
	static const struct row_list list = ROW_LIST(module_columns);

	return rows_open(d, &list,
			 "FROM modules m LEFT JOIN frames f ON f.module = m.module"
			 " GROUP BY m.module ORDER BY m.module");
}

static const struct row_column frame_columns[] = {
	ROW_COLUMN(caller_frame, frame, "frame"),
	ROW_COLUMN(caller_frame, module, "module"),
	ROW_COLUMN(caller_frame, function, "function"),
	ROW_COLUMN(caller_frame, file, "file"),
	ROW_COLUMN(caller_frame, line, "line"),
	ROW_COLUMN(caller_frame, inline_depth, "inline_depth"),
	ROW_COLUMN(caller_frame, inferred, "inferred"),
};

struct rows *callers_select_frames(const struct database *d)
{
	static const struct row_list list = ROW_LIST(frame_columns);

	return rows_open(d, &list, "FROM frames ORDER BY frame");
}

static const struct row_column stack_columns[] = {
	ROW_COLUMN(caller_stack, stack, "s.stack"),
	ROW_COLUMN(caller_stack, signature, "s.signature"),
	ROW_COLUMN(caller_stack, allocator, "a.name"),
	ROW_COLUMN(caller_stack, family, "a.family"),
	ROW_COLUMN(caller_stack, truncated, "s.truncated"),
	ROW_COLUMN(caller_stack, incomplete, "s.incomplete"),
	ROW_COLUMN(caller_stack, unsampled, "s.unsampled"),
};

struct rows *callers_select_stacks(const struct database *d)
{
	static const struct row_list list = ROW_LIST(stack_columns);

	return rows_open(d, &list,
			 "FROM stacks s LEFT JOIN allocators a"
			 " ON a.allocator = s.allocator ORDER BY s.stack");
}

static const struct row_column place_columns[] = {
	ROW_COLUMN(caller_place, stack, "stack"),
	ROW_COLUMN(caller_place, frame, "frame"),
};

struct rows *callers_select_places(const struct database *d)
{
	static const struct row_list list = ROW_LIST(place_columns);

	return rows_open(d, &list, "FROM stack_frames ORDER BY stack, frame_no");
}

static const struct row_column totals_columns[] = {
	ROW_COLUMN(caller_totals, stack, "stack"),
	ROW_COLUMN(caller_totals, allocations, "allocations"),
	ROW_COLUMN(caller_totals, allocated_bytes, "allocated_bytes"),
	ROW_COLUMN(caller_totals, live_blocks, "live_blocks"),
	ROW_COLUMN(caller_totals, live_bytes, "live_bytes"),
	ROW_COLUMN(caller_totals, peak_blocks, "peak_blocks"),
	ROW_COLUMN(caller_totals, peak_bytes, "peak_bytes"),
	ROW_COLUMN(caller_totals, temporary_blocks, "temporary_blocks"),
};

struct rows *callers_select_totals(const struct database *d)
{
	static const struct row_list list = ROW_LIST(totals_columns);

	return rows_open(d, &list, "FROM stack_totals WHERE process = ?1 ORDER BY stack");
}
