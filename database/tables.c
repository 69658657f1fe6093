// SPDX-License-Identifier: MIT
#include "database/rows.h"

#include "database/tables.h"

/* A column has the name of its field. */
#define COLUMN(row, field) ROW_COLUMN(row, field, #field)
#define NULLABLE(row, field, null) ROW_NULLABLE(row, field, #field, null)

static const struct row_column run_columns[] = {
	COLUMN(run_row, run),
	COLUMN(run_row, label),
	COLUMN(run_row, loaded_at),
	COLUMN(run_row, loader_version),
};

static const struct row_column process_columns[] = {
	COLUMN(process_row, process),
	COLUMN(process_row, run),
	COLUMN(process_row, trace_path),
	COLUMN(process_row, pid),
	NULLABLE(process_row, parent_pid, 0),
	COLUMN(process_row, executable),
	COLUMN(process_row, command_line),
	COLUMN(process_row, host),
	COLUMN(process_row, started_at),
	COLUMN(process_row, duration_ms),
	COLUMN(process_row, pointer_size),
	COLUMN(process_row, capture),
	COLUMN(process_row, max_stack_depth),
	COLUMN(process_row, max_trackers),
	COLUMN(process_row, event_buffer),
	COLUMN(process_row, max_bytes),
	COLUMN(process_row, ring),
	COLUMN(process_row, sample_bytes),
	COLUMN(process_row, sample_rate),
	COLUMN(process_row, free_stacks),
	COLUMN(process_row, runtime_version),
	COLUMN(process_row, started_unix_ns),
	COLUMN(process_row, started_ticks),
	COLUMN(process_row, ending),
	COLUMN(process_row, ending_error),
	COLUMN(process_row, leak_scan),
	COLUMN(process_row, leak_scan_error),
	NULLABLE(process_row, leak_scan_ns, 0),
	COLUMN(process_row, leak_scan_threads),
	COLUMN(process_row, exit_threads),
	COLUMN(process_row, forked),
	NULLABLE(process_row, counted_in, 0),
	COLUMN(process_row, began_late),
	COLUMN(process_row, silent_children),
	COLUMN(process_row, executed_children),
	COLUMN(process_row, followed_children),
};

static const struct row_column build_label_columns[] = {
	COLUMN(build_label_row, process),
	COLUMN(build_label_row, name),
	COLUMN(build_label_row, value),
};

static const struct row_column thread_columns[] = {
	COLUMN(thread_row, thread), COLUMN(thread_row, process),
	COLUMN(thread_row, number), COLUMN(thread_row, tid),
	COLUMN(thread_row, name),
};

static const struct row_column module_columns[] = {
	COLUMN(module_row, module),
	COLUMN(module_row, path),
	COLUMN(module_row, build_id),
	COLUMN(module_row, symbols),
};

static const struct row_column process_module_columns[] = {
	COLUMN(process_module_row, process),
	COLUMN(process_module_row, module),
	COLUMN(process_module_row, start_address),
	COLUMN(process_module_row, end_address),
	COLUMN(process_module_row, bias),
};

static const struct row_column allocator_columns[] = {
	COLUMN(allocator_row, allocator),
	COLUMN(allocator_row, name),
	COLUMN(allocator_row, family),
};

static const struct row_column frame_columns[] = {
	COLUMN(frame_row, frame),        COLUMN(frame_row, address),
	COLUMN(frame_row, exact),        NULLABLE(frame_row, module, 0),
	COLUMN(frame_row, inline_depth), COLUMN(frame_row, inferred),
	COLUMN(frame_row, function),     COLUMN(frame_row, file),
	NULLABLE(frame_row, line, 0),
};

static const struct row_column stack_columns[] = {
	COLUMN(stack_row, stack),
	COLUMN(stack_row, signature),
	NULLABLE(stack_row, allocator, 0),
	COLUMN(stack_row, depth),
	COLUMN(stack_row, truncated),
	COLUMN(stack_row, incomplete),
	COLUMN(stack_row, damaged),
	COLUMN(stack_row, unsampled),
	COLUMN(stack_row, top_down_node),
	COLUMN(stack_row, bottom_up_node),
	COLUMN(stack_row, owner_frame_no),
	COLUMN(stack_row, owner_chain),
	NULLABLE(stack_row, first_frame, 0),
	NULLABLE(stack_row, owner_frame, 0),
	COLUMN(stack_row, frames),
};

static const struct row_column owner_chain_columns[] = {
	COLUMN(owner_chain_row, owner_chain),
	COLUMN(owner_chain_row, text),
};

static const struct row_column wrapper_columns[] = {
	COLUMN(wrapper_row, function),
	COLUMN(wrapper_row, found_by),
};

static const struct row_column stack_frame_columns[] = {
	COLUMN(stack_frame_row, stack),
	COLUMN(stack_frame_row, frame_no),
	COLUMN(stack_frame_row, frame),
};

static const struct row_column node_columns[] = {
	COLUMN(node_row, node),
	NULLABLE(node_row, parent, NODE_NO_PARENT),
	COLUMN(node_row, depth),
	NULLABLE(node_row, frame, 0),
};

#define LOT_COLUMNS                                                                      \
	COLUMN(lot_record, process), COLUMN(lot_record, stack),                          \
		NULLABLE(lot_record, alloc_thread, 0),                                   \
		NULLABLE(lot_record, free_thread, 0),                                    \
		NULLABLE(lot_record, free_stack, LOT_NONE), COLUMN(lot_record, ending),  \
		COLUMN(lot_record, temporary), NULLABLE(lot_record, free_size, 0),       \
		COLUMN(lot_record, weight), COLUMN(lot_record, first_block),             \
		COLUMN(lot_record, last_block), COLUMN(lot_record, bytes),               \
		NULLABLE(lot_record, leak_kind, LOT_NONE),                               \
		NULLABLE(lot_record, leak_owner, LOT_NONE)

static const struct row_column lot_columns[] = {LOT_COLUMNS};

static const struct row_column inner_lot_columns[] = {
	LOT_COLUMNS,
	COLUMN(lot_record, outer_stack),
};

static const struct row_column realloc_chain_columns[] = {
	COLUMN(realloc_chain_row, process),    COLUMN(realloc_chain_row, first_stack),
	COLUMN(realloc_chain_row, last_stack), COLUMN(realloc_chain_row, reallocs),
	COLUMN(realloc_chain_row, moves),      COLUMN(realloc_chain_row, copied_bytes),
	COLUMN(realloc_chain_row, first_size), COLUMN(realloc_chain_row, final_size),
};

/* Its number is the next one. */
static const struct row_column resident_columns[] = {
	COLUMN(resident_row, process),
	COLUMN(resident_row, at_ms),
	COLUMN(resident_row, bytes),
};

static const struct row_column marker_columns[] = {
	COLUMN(marker_row, process),
	COLUMN(marker_row, at_ms),
	NULLABLE(marker_row, thread, 0),
	COLUMN(marker_row, text),
};

static const struct row_column scope_columns[] = {
	COLUMN(scope_row, scope),       COLUMN(scope_row, process),
	COLUMN(scope_row, thread),      COLUMN(scope_row, name),
	NULLABLE(scope_row, parent, 0), COLUMN(scope_row, depth),
	COLUMN(scope_row, begin_ns),    COLUMN(scope_row, end_ns),
	COLUMN(scope_row, ending),
};

static const struct row_column scope_change_columns[] = {
	COLUMN(scope_change_row, thread),
	COLUMN(scope_change_row, at_ns),
	NULLABLE(scope_change_row, scope, 0),
};

static const struct row_column loss_columns[] = {
	COLUMN(loss_row, process),
	COLUMN(loss_row, reason),
	COLUMN(loss_row, count),
	COLUMN(loss_row, meaning),
};

static const struct row_column total_columns[] = {
	COLUMN(total_row, process),
	COLUMN(total_row, name),
	COLUMN(total_row, value),
	COLUMN(total_row, meaning),
};

static const struct row_column stack_total_columns[] = {
	COLUMN(stack_total_row, stack),
	COLUMN(stack_total_row, process),
	COLUMN(stack_total_row, allocations),
	COLUMN(stack_total_row, allocated_bytes),
	COLUMN(stack_total_row, live_blocks),
	COLUMN(stack_total_row, live_bytes),
	COLUMN(stack_total_row, peak_blocks),
	COLUMN(stack_total_row, peak_bytes),
	COLUMN(stack_total_row, own_peak_bytes),
	COLUMN(stack_total_row, own_peak_ns),
	COLUMN(stack_total_row, temporary_blocks),
	COLUMN(stack_total_row, recorded_blocks),
};

static const struct row_column timeline_columns[] = {
	COLUMN(timeline_row, process),     COLUMN(timeline_row, at_ms),
	COLUMN(timeline_row, live_bytes),  COLUMN(timeline_row, live_blocks),
	COLUMN(timeline_row, peak_bytes),  COLUMN(timeline_row, low_bytes),
	COLUMN(timeline_row, allocations), COLUMN(timeline_row, allocated_bytes),
};

static const struct row_column heap_snapshot_columns[] = {
	COLUMN(heap_snapshot_row, snapshot), COLUMN(heap_snapshot_row, process),
	COLUMN(heap_snapshot_row, name),     COLUMN(heap_snapshot_row, at_ns),
	COLUMN(heap_snapshot_row, blocks),   COLUMN(heap_snapshot_row, bytes),
	COLUMN(heap_snapshot_row, edges),    COLUMN(heap_snapshot_row, possible_edges),
	COLUMN(heap_snapshot_row, roots),    COLUMN(heap_snapshot_row, error),
};

static const struct row_column heap_block_columns[] = {
	COLUMN(heap_block_row, snapshot),
	COLUMN(heap_block_row, node),
	COLUMN(heap_block_row, address),
	COLUMN(heap_block_row, size),
	COLUMN(heap_block_row, stack),
	COLUMN(heap_block_row, leak_kind),
	NULLABLE(heap_block_row, dominator, HEAP_NO_NODE),
	COLUMN(heap_block_row, retained_bytes),
	COLUMN(heap_block_row, retained_blocks),
	NULLABLE(heap_block_row, holder, HEAP_NO_NODE),
	NULLABLE(heap_block_row, holder_offset, HEAP_NO_NODE),
	NULLABLE(heap_block_row, holder_possible, HEAP_NO_NODE),
};

static const struct row_column heap_root_columns[] = {
	COLUMN(heap_root_row, snapshot),
	COLUMN(heap_root_row, node),
	COLUMN(heap_root_row, kind),
	COLUMN(heap_root_row, name),
	COLUMN(heap_root_row, file),
	NULLABLE(heap_root_row, line, 0),
	NULLABLE(heap_root_row, module, 0),
	NULLABLE(heap_root_row, thread, 0),
	NULLABLE(heap_root_row, address, 0),
	COLUMN(heap_root_row, retained_bytes),
	COLUMN(heap_root_row, retained_blocks),
};

static const struct row_column heap_edge_columns[] = {
	COLUMN(heap_edge_row, snapshot), COLUMN(heap_edge_row, source),
	COLUMN(heap_edge_row, edge),     COLUMN(heap_edge_row, target),
	COLUMN(heap_edge_row, offset),   COLUMN(heap_edge_row, possible),
};

static const struct row_column heap_group_columns[] = {
	COLUMN(heap_group_row, snapshot),
	COLUMN(heap_group_row, heap_group),
	NULLABLE(heap_group_row, parent, HEAP_NO_NODE),
	NULLABLE(heap_group_row, root, 0),
	NULLABLE(heap_group_row, stack, HEAP_NO_NODE),
	COLUMN(heap_group_row, blocks),
	COLUMN(heap_group_row, bytes),
	COLUMN(heap_group_row, retained_blocks),
	COLUMN(heap_group_row, retained_bytes),
};

/* A library that was unloaded and loaded again gives equal stacks twice. */
static const char add_up[] =
	"ON CONFLICT DO UPDATE SET"
	" allocations = allocations + excluded.allocations,"
	" allocated_bytes = allocated_bytes + excluded.allocated_bytes,"
	" live_blocks = live_blocks + excluded.live_blocks,"
	" live_bytes = live_bytes + excluded.live_bytes,"
	" peak_blocks = peak_blocks + excluded.peak_blocks,"
	" peak_bytes = peak_bytes + excluded.peak_bytes,"
	" own_peak_ns = iif(excluded.own_peak_bytes > own_peak_bytes,"
	"  excluded.own_peak_ns, own_peak_ns),"
	" own_peak_bytes = max(own_peak_bytes, excluded.own_peak_bytes,"
	"  peak_bytes + excluded.peak_bytes, live_bytes + excluded.live_bytes),"
	" temporary_blocks = temporary_blocks + excluded.temporary_blocks,"
	" recorded_blocks = recorded_blocks + excluded.recorded_blocks";

static const struct {
	const char *name;
	struct row_list columns;
	const char *rest; /* of its INSERT, or NULL */
} tables[N_TABLES] = {
	[TABLE_RUNS] = {"runs", ROW_LIST(run_columns), NULL},
	[TABLE_PROCESSES] = {"processes", ROW_LIST(process_columns), NULL},
	[TABLE_BUILD_LABELS] = {"build_labels", ROW_LIST(build_label_columns), NULL},
	[TABLE_THREADS] = {"threads", ROW_LIST(thread_columns), NULL},
	[TABLE_MODULES] = {"modules", ROW_LIST(module_columns), NULL},
	[TABLE_PROCESS_MODULES] = {"process_modules", ROW_LIST(process_module_columns),
				   NULL},
	[TABLE_ALLOCATORS] = {"allocators", ROW_LIST(allocator_columns), NULL},
	[TABLE_FRAMES] = {"frames", ROW_LIST(frame_columns), NULL},
	[TABLE_STACKS] = {"stacks", ROW_LIST(stack_columns), NULL},
	[TABLE_OWNER_CHAINS] = {"owner_chains", ROW_LIST(owner_chain_columns), NULL},
	[TABLE_WRAPPERS] = {"wrappers", ROW_LIST(wrapper_columns), NULL},
	[TABLE_STACK_FRAMES] = {"stack_frames", ROW_LIST(stack_frame_columns), NULL},
	[TABLE_TOP_DOWN] = {"top_down_nodes", ROW_LIST(node_columns), NULL},
	[TABLE_BOTTOM_UP] = {"bottom_up_nodes", ROW_LIST(node_columns), NULL},
	[TABLE_LOTS] = {"lots", ROW_LIST(lot_columns), NULL},
	[TABLE_INNER_LOTS] = {"inner_lots", ROW_LIST(inner_lot_columns), NULL},
	[TABLE_REALLOC_CHAINS] = {"realloc_chains", ROW_LIST(realloc_chain_columns),
				  NULL},
	[TABLE_MARKERS] = {"markers", ROW_LIST(marker_columns), NULL},
	[TABLE_RESIDENT] = {"resident", ROW_LIST(resident_columns), NULL},
	[TABLE_SCOPES] = {"scopes", ROW_LIST(scope_columns), NULL},
	[TABLE_SCOPE_CHANGES] = {"scope_changes", ROW_LIST(scope_change_columns), NULL},
	[TABLE_LOSSES] = {"losses", ROW_LIST(loss_columns), NULL},
	[TABLE_TOTALS] = {"totals", ROW_LIST(total_columns), NULL},
	[TABLE_STACK_TOTALS] = {"stack_totals", ROW_LIST(stack_total_columns), add_up},
	[TABLE_TIMELINE] = {"timeline", ROW_LIST(timeline_columns), NULL},
	[TABLE_HEAP_SNAPSHOTS] = {"heap_snapshots", ROW_LIST(heap_snapshot_columns),
				  NULL},
	[TABLE_HEAP_BLOCKS] = {"heap_blocks", ROW_LIST(heap_block_columns), NULL},
	[TABLE_HEAP_ROOTS] = {"heap_roots", ROW_LIST(heap_root_columns), NULL},
	[TABLE_HEAP_EDGES] = {"heap_edges", ROW_LIST(heap_edge_columns), NULL},
	[TABLE_HEAP_GROUPS] = {"heap_groups", ROW_LIST(heap_group_columns), NULL},
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
