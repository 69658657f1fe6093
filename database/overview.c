// SPDX-License-Identifier: MIT
#include "database/db.h"
#include "database/rows.h"

#include "database/overview.h"

#define COLUMN(row, field) ROW_COLUMN(row, field, #field)
#define TOTAL(wanted)                                                                    \
	"(SELECT value FROM totals t WHERE t.process = p.process AND t.name = '" wanted  \
	"')"

static const struct row_column process_columns[] = {
	ROW_COLUMN(overview_process, process, "p.process"),
	ROW_COLUMN(overview_process, run, "p.run"),
	COLUMN(overview_process, pid),
	COLUMN(overview_process, parent_pid),
	ROW_COLUMN(overview_process, label, "ifnull(label, '')"),
	COLUMN(overview_process, trace_path),
	COLUMN(overview_process, executable),
	COLUMN(overview_process, started_at),
	COLUMN(overview_process, ending),
	COLUMN(overview_process, capture),
	COLUMN(overview_process, runtime_version),
	ROW_COLUMN(overview_process, command_line,
		   /* json_valid ends at a NUL, a text does not */
		   "iif(json_valid(command_line) AND NOT instr(command_line, char(0)),"
		   " command_line, NULL)"),
	COLUMN(overview_process, host),
	COLUMN(overview_process, ending_error),
	COLUMN(overview_process, leak_scan),
	COLUMN(overview_process, duration_ms),
	COLUMN(overview_process, sample_rate),
	COLUMN(overview_process, max_stack_depth),
	COLUMN(overview_process, max_trackers),
	COLUMN(overview_process, event_buffer),
	COLUMN(overview_process, max_bytes),
	COLUMN(overview_process, sample_bytes),
	COLUMN(overview_process, leak_scan_ns),
	COLUMN(overview_process, leak_scan_threads),
	COLUMN(overview_process, silent_children),
	COLUMN(overview_process, followed_children),
	COLUMN(overview_process, pointer_size),
	COLUMN(overview_process, ring),
	COLUMN(overview_process, free_stacks),
	COLUMN(overview_process, began_late),
	ROW_COLUMN(overview_process, allocations, TOTAL("allocations")),
	ROW_COLUMN(overview_process, peak_bytes, TOTAL("peak_bytes")),
};

struct rows *overview_select_processes(const struct database *d)
{
	static const struct row_list list = ROW_LIST(process_columns);

	return rows_open(d, &list,
			 "FROM processes p LEFT JOIN runs r ON r.run = p.run"
			 " ORDER BY p.process");
}

static const struct row_column total_columns[] = {
	COLUMN(overview_total, name),
	COLUMN(overview_total, value),
};

struct rows *overview_select_totals(const struct database *d)
{
	static const struct row_list list = ROW_LIST(total_columns);

	return rows_open(d, &list, "FROM totals WHERE process = ?1");
}

static const struct row_column point_columns[] = {
	COLUMN(overview_point, at_ms),           COLUMN(overview_point, live_bytes),
	COLUMN(overview_point, live_blocks),     COLUMN(overview_point, peak_bytes),
	COLUMN(overview_point, low_bytes),       COLUMN(overview_point, allocations),
	COLUMN(overview_point, allocated_bytes),
};

struct rows *overview_select_timeline(const struct database *d)
{
	static const struct row_list list = ROW_LIST(point_columns);

	return rows_open(d, &list, "FROM timeline WHERE process = ?1 ORDER BY at_ms");
}

static const struct row_column resident_columns[] = {
	COLUMN(overview_resident, at_ms),
	COLUMN(overview_resident, bytes),
};

struct rows *overview_select_most_resident(const struct database *d)
{
	static const struct row_list list = ROW_LIST(resident_columns);

	return rows_open(d, &list,
			 "FROM resident WHERE process = ?1"
			 " ORDER BY bytes DESC, at_ms LIMIT 1");
}

struct rows *overview_select_resident(const struct database *d)
{
	static const struct row_list list = ROW_LIST(resident_columns);

	return rows_open(d, &list,
			 "FROM resident WHERE process = ?1 AND at_ms <= ?2 / 1e6"
			 " ORDER BY at_ms DESC LIMIT 1");
}

static const struct row_column marker_columns[] = {
	COLUMN(overview_marker, at_ms),
	COLUMN(overview_marker, thread),
	COLUMN(overview_marker, text),
};

struct rows *overview_select_markers(const struct database *d)
{
	static const struct row_list list = ROW_LIST(marker_columns);

	return rows_open(d, &list,
			 "FROM markers WHERE process = ?1 ORDER BY at_ms, marker");
}

static const struct row_column thread_columns[] = {
	COLUMN(overview_thread, thread),
	COLUMN(overview_thread, number),
	COLUMN(overview_thread, tid),
	COLUMN(overview_thread, name),
};

struct rows *overview_select_threads(const struct database *d)
{
	static const struct row_list list = ROW_LIST(thread_columns);

	return rows_open(d, &list, "FROM threads WHERE process = ?1 ORDER BY thread");
}

static const struct row_column mapping_columns[] = {
	ROW_COLUMN(overview_mapping, path, "m.path"),
	COLUMN(overview_mapping, start_address),
	COLUMN(overview_mapping, end_address),
};

struct rows *overview_select_mappings(const struct database *d)
{
	static const struct row_list list = ROW_LIST(mapping_columns);

	return rows_open(d, &list,
			 "FROM process_modules p JOIN modules m ON m.module = p.module"
			 " WHERE p.process = ?1 ORDER BY p.start_address");
}

static const struct row_column scope_columns[] = {
	COLUMN(overview_scope, name),
	ROW_COLUMN(overview_scope, count, "count(*)"),
	ROW_COLUMN(overview_scope, total_ms, "sum(end_ms - begin_ms)"),
	ROW_COLUMN(overview_scope, allocations, "sum(allocations)"),
	ROW_COLUMN(overview_scope, allocated_bytes, "sum(allocated_bytes)"),
	ROW_COLUMN(overview_scope, kept_blocks, "sum(kept_blocks)"),
	ROW_COLUMN(overview_scope, kept_bytes, "sum(kept_bytes)"),
};

struct rows *overview_select_scopes(const struct database *d)
{
	static const struct row_list list = ROW_LIST(scope_columns);

	return rows_open(d, &list,
			 "FROM scope_totals WHERE process = ?1 GROUP BY name"
			 " ORDER BY sum(allocated_bytes) DESC, name");
}

static const struct row_column loss_columns[] = {
	COLUMN(overview_loss, reason),
	COLUMN(overview_loss, meaning),
	COLUMN(overview_loss, count),
};

struct rows *overview_select_losses(const struct database *d)
{
	static const struct row_list list = ROW_LIST(loss_columns);

	return rows_open(d, &list,
			 "FROM coverage WHERE process = ?1 AND count > 0"
			 " ORDER BY reason");
}

static const struct row_column chain_columns[] = {
	COLUMN(overview_chain, last_stack), COLUMN(overview_chain, reallocs),
	COLUMN(overview_chain, moves),      COLUMN(overview_chain, copied_bytes),
	COLUMN(overview_chain, final_size),
};

struct rows *overview_select_chains(const struct database *d)
{
	static const struct row_list list = ROW_LIST(chain_columns);

	return rows_open(d, &list, "FROM realloc_chains WHERE process = ?1");
}
