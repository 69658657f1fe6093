// SPDX-License-Identifier: MIT
#include "database/rows.h"

#include "database/tables.h"

static const struct row_column run_columns[] = {
	ROW_COLUMN(run_row, run, "run"),
	ROW_COLUMN(run_row, label, "label"),
	ROW_COLUMN(run_row, loaded_at, "loaded"),
	ROW_COLUMN(run_row, loader_version, "loader_version"),
};

static const struct row_column process_columns[] = {
	ROW_COLUMN(process_row, process, "process"),
	ROW_COLUMN(process_row, run, "run"),
	ROW_COLUMN(process_row, trace_path, "trace"),
	ROW_COLUMN(process_row, pid, "pid"),
	ROW_NULLABLE(process_row, parent_pid, "parent_pid", 0),
	ROW_COLUMN(process_row, executable, "executable"),
	ROW_COLUMN(process_row, command_line, "command_line"),
	ROW_COLUMN(process_row, host, "host"),
	ROW_COLUMN(process_row, started_at, "started"),
	ROW_COLUMN(process_row, duration_ms, "duration_ms"),
	ROW_COLUMN(process_row, pointer_size, "pointer_size"),
	ROW_COLUMN(process_row, capture, "scope"),
	ROW_COLUMN(process_row, max_stack_depth, "max_stack_depth"),
	ROW_COLUMN(process_row, max_trackers, "max_trackers"),
	ROW_COLUMN(process_row, event_buffer, "event_buffer"),
	ROW_COLUMN(process_row, max_bytes, "max_bytes"),
	ROW_COLUMN(process_row, ring, "ring"),
	ROW_COLUMN(process_row, sample_bytes, "sample_bytes"),
	ROW_COLUMN(process_row, sample_rate, "sample_rate"),
	ROW_COLUMN(process_row, free_stacks, "free_stacks"),
	ROW_COLUMN(process_row, runtime_version, "runtime_version"),
	ROW_COLUMN(process_row, started_unix_ns, "start_ns"),
	ROW_COLUMN(process_row, started_ticks, "start_ticks"),
	ROW_COLUMN(process_row, ending, "ending"),
	ROW_COLUMN(process_row, leak_scan, "leak_scan"),
	ROW_NULLABLE(process_row, leak_scan_ns, "leak_scan_ns", 0),
	ROW_COLUMN(process_row, leak_scan_threads, "leak_scan_threads"),
};

static const struct row_column thread_columns[] = {
	ROW_COLUMN(thread_row, thread, "thread"),
	ROW_COLUMN(thread_row, process, "process"),
	ROW_COLUMN(thread_row, number, "number"),
	ROW_COLUMN(thread_row, tid, "tid"),
	ROW_COLUMN(thread_row, name, "name"),
};

static const struct row_column module_columns[] = {
	ROW_COLUMN(module_row, module, "module"),
	ROW_COLUMN(module_row, path, "path"),
	ROW_COLUMN(module_row, build_id, "build_id"),
};

static const struct row_column process_module_columns[] = {
	ROW_COLUMN(process_module_row, process, "process"),
	ROW_COLUMN(process_module_row, module, "module"),
	ROW_COLUMN(process_module_row, start_address, "start"),
	ROW_COLUMN(process_module_row, end_address, "end"),
	ROW_COLUMN(process_module_row, bias, "bias"),
};

static const struct row_column allocator_columns[] = {
	ROW_COLUMN(allocator_row, allocator, "function"),
	ROW_COLUMN(allocator_row, name, "name"),
	ROW_COLUMN(allocator_row, family, "family"),
};

static const struct row_column frame_columns[] = {
	ROW_COLUMN(frame_row, frame, "frame"),
	ROW_COLUMN(frame_row, address, "address"),
	ROW_COLUMN(frame_row, exact, "exact"),
	ROW_NULLABLE(frame_row, module, "module", 0),
	ROW_COLUMN(frame_row, inline_depth, "inline_depth"),
	ROW_COLUMN(frame_row, function, "sym"),
	ROW_COLUMN(frame_row, file, "file"),
	ROW_NULLABLE(frame_row, line, "line", 0),
};

static const struct row_column stack_columns[] = {
	ROW_COLUMN(stack_row, stack, "stack"),
	ROW_COLUMN(stack_row, signature, "signature"),
	ROW_COLUMN(stack_row, allocator, "function"),
	ROW_COLUMN(stack_row, depth, "depth"),
	ROW_COLUMN(stack_row, truncated, "truncated"),
	ROW_COLUMN(stack_row, incomplete, "incomplete"),
	ROW_COLUMN(stack_row, unsampled, "unsampled"),
	ROW_COLUMN(stack_row, top_down_node, "top_down"),
	ROW_COLUMN(stack_row, bottom_up_node, "bottom_up"),
};

static const struct row_column stack_frame_columns[] = {
	ROW_COLUMN(stack_frame_row, stack, "stack"),
	ROW_COLUMN(stack_frame_row, frame_no, "frame_no"),
	ROW_COLUMN(stack_frame_row, frame, "frame"),
};

static const struct row_column node_columns[] = {
	ROW_COLUMN(node_row, node, "node"),
	ROW_NULLABLE(node_row, parent, "parent", NODE_NO_PARENT),
	ROW_COLUMN(node_row, depth, "depth"),
	ROW_COLUMN(node_row, function, "sym"),
};

static const struct row_column lot_columns[] = {
	ROW_COLUMN(lot_record, process, "process"),
	ROW_COLUMN(lot_record, stack, "stack"),
	ROW_COLUMN(lot_record, alloc_thread, "alloc_thread"),
	ROW_NULLABLE(lot_record, free_thread, "free_thread", LOT_NONE),
	ROW_NULLABLE(lot_record, free_stack, "free_stack", LOT_NONE),
	ROW_COLUMN(lot_record, ending, "end"),
	ROW_COLUMN(lot_record, temporary, "temporary"),
	ROW_NULLABLE(lot_record, free_size, "free_size", 0),
	ROW_COLUMN(lot_record, weight, "weight"),
	ROW_COLUMN(lot_record, first_block, "first_block"),
	ROW_COLUMN(lot_record, last_block, "last_block"),
	ROW_COLUMN(lot_record, bytes, "bytes"),
	ROW_COLUMN(lot_record, leak_kind, "leak"),
};

static const struct row_column realloc_chain_columns[] = {
	ROW_COLUMN(realloc_chain_row, process, "process"),
	ROW_COLUMN(realloc_chain_row, first_stack, "first_stack"),
	ROW_COLUMN(realloc_chain_row, last_stack, "last_stack"),
	ROW_COLUMN(realloc_chain_row, reallocs, "steps"),
	ROW_COLUMN(realloc_chain_row, moves, "moves"),
	ROW_COLUMN(realloc_chain_row, copied_bytes, "copied"),
	ROW_COLUMN(realloc_chain_row, first_size, "first_size"),
	ROW_COLUMN(realloc_chain_row, final_size, "final_size"),
};

/* Its number is the next one. */
static const struct row_column marker_columns[] = {
	ROW_COLUMN(marker_row, process, "process"),
	ROW_COLUMN(marker_row, at_ms, "at_ms"),
	ROW_COLUMN(marker_row, thread, "thread"),
	ROW_COLUMN(marker_row, text, "text"),
};

static const struct row_column scope_columns[] = {
	ROW_COLUMN(scope_row, scope, "scope"),
	ROW_COLUMN(scope_row, process, "process"),
	ROW_COLUMN(scope_row, thread, "thread"),
	ROW_COLUMN(scope_row, name, "name"),
	ROW_NULLABLE(scope_row, parent, "parent", 0),
	ROW_COLUMN(scope_row, depth, "depth"),
	ROW_COLUMN(scope_row, begin_ns, "begin_ns"),
	ROW_COLUMN(scope_row, end_ns, "end_ns"),
	ROW_COLUMN(scope_row, ending, "ending"),
};

static const struct row_column scope_change_columns[] = {
	ROW_COLUMN(scope_change_row, thread, "thread"),
	ROW_COLUMN(scope_change_row, at_ns, "at_ns"),
	ROW_NULLABLE(scope_change_row, scope, "scope", 0),
};

static const struct row_column loss_columns[] = {
	ROW_COLUMN(loss_row, process, "process"),
	ROW_COLUMN(loss_row, reason, "reason"),
	ROW_COLUMN(loss_row, count, "count"),
	ROW_COLUMN(loss_row, meaning, "meaning"),
};

static const struct row_column total_columns[] = {
	ROW_COLUMN(total_row, process, "process"),
	ROW_COLUMN(total_row, name, "name"),
	ROW_COLUMN(total_row, value, "value"),
	ROW_COLUMN(total_row, meaning, "meaning"),
};

static const struct row_column stack_total_columns[] = {
	ROW_COLUMN(stack_total_row, stack, "stack"),
	ROW_COLUMN(stack_total_row, process, "process"),
	ROW_COLUMN(stack_total_row, allocations, "allocations"),
	ROW_COLUMN(stack_total_row, allocated_bytes, "bytes"),
	ROW_COLUMN(stack_total_row, live_blocks, "live_blocks"),
	ROW_COLUMN(stack_total_row, live_bytes, "live_bytes"),
	ROW_COLUMN(stack_total_row, peak_blocks, "peak_blocks"),
	ROW_COLUMN(stack_total_row, peak_bytes, "peak_bytes"),
	ROW_COLUMN(stack_total_row, own_peak_bytes, "own_peak_bytes"),
	ROW_COLUMN(stack_total_row, own_peak_ns, "own_peak_ns"),
	ROW_COLUMN(stack_total_row, temporary_blocks, "temporary"),
	ROW_COLUMN(stack_total_row, recorded_blocks, "recorded"),
};

static const struct row_column timeline_columns[] = {
	ROW_COLUMN(timeline_row, process, "process"),
	ROW_COLUMN(timeline_row, at_ms, "at_ms"),
	ROW_COLUMN(timeline_row, live_bytes, "live_bytes"),
	ROW_COLUMN(timeline_row, live_blocks, "live_blocks"),
	ROW_COLUMN(timeline_row, peak_bytes, "peak_bytes"),
	ROW_COLUMN(timeline_row, allocations, "allocations"),
	ROW_COLUMN(timeline_row, allocated_bytes, "bytes"),
};

/* A library that was unloaded and loaded again gives equal stacks twice. */
static const char add_up[] =
	"ON CONFLICT DO UPDATE SET"
	" allocations = allocations + excluded.allocations,"
	" bytes = bytes + excluded.bytes,"
	" live_blocks = live_blocks + excluded.live_blocks,"
	" live_bytes = live_bytes + excluded.live_bytes,"
	" peak_blocks = peak_blocks + excluded.peak_blocks,"
	" peak_bytes = peak_bytes + excluded.peak_bytes,"
	" own_peak_ns = iif(excluded.own_peak_bytes > own_peak_bytes,"
	"  excluded.own_peak_ns, own_peak_ns),"
	" own_peak_bytes = max(own_peak_bytes, excluded.own_peak_bytes,"
	"  peak_bytes + excluded.peak_bytes, live_bytes + excluded.live_bytes),"
	" temporary = temporary + excluded.temporary,"
	" recorded = recorded + excluded.recorded";

static const struct {
	const char *name;
	struct row_list columns;
	const char *rest; /* of its INSERT, or NULL */
} tables[N_TABLES] = {
	[TABLE_RUNS] = {"runs", ROW_LIST(run_columns), NULL},
	[TABLE_PROCESSES] = {"processes", ROW_LIST(process_columns), NULL},
	[TABLE_THREADS] = {"threads", ROW_LIST(thread_columns), NULL},
	[TABLE_MODULES] = {"modules", ROW_LIST(module_columns), NULL},
	[TABLE_PROCESS_MODULES] = {"process_modules", ROW_LIST(process_module_columns),
				   NULL},
	[TABLE_ALLOCATORS] = {"functions", ROW_LIST(allocator_columns), NULL},
	[TABLE_FRAMES] = {"frames", ROW_LIST(frame_columns), NULL},
	[TABLE_STACKS] = {"stacks", ROW_LIST(stack_columns), NULL},
	[TABLE_STACK_FRAMES] = {"stack_frames", ROW_LIST(stack_frame_columns), NULL},
	[TABLE_TOP_DOWN] = {"top_down", ROW_LIST(node_columns), NULL},
	[TABLE_BOTTOM_UP] = {"bottom_up", ROW_LIST(node_columns), NULL},
	[TABLE_LOTS] = {"lots", ROW_LIST(lot_columns), NULL},
	[TABLE_REALLOC_CHAINS] = {"realloc_chains", ROW_LIST(realloc_chain_columns),
				  NULL},
	[TABLE_MARKERS] = {"markers", ROW_LIST(marker_columns), NULL},
	[TABLE_SCOPES] = {"scopes", ROW_LIST(scope_columns), NULL},
	[TABLE_SCOPE_CHANGES] = {"scope_changes", ROW_LIST(scope_change_columns), NULL},
	[TABLE_LOSSES] = {"losses", ROW_LIST(loss_columns), NULL},
	[TABLE_TOTALS] = {"totals", ROW_LIST(total_columns), NULL},
	[TABLE_STACK_TOTALS] = {"stack_totals", ROW_LIST(stack_total_columns), add_up},
	[TABLE_TIMELINE] = {"timeline", ROW_LIST(timeline_columns), NULL},
};

const char *table_name(enum table table)
{
	return tables[table].name;
}

const struct row_list *table_columns(enum table table)
{
	return &tables[table].columns;
}

char *table_insert_sql(enum table table)
{
	return rows_insert_sql(tables[table].name, &tables[table].columns,
			       tables[table].rest);
}
