// SPDX-License-Identifier: MIT
/* The small tables, whose rows are written one by one. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/catalog.h"
#include "analysis/scopes.h"
#include "analysis/tally.h"
#include "common/cli.h"
#include "common/text.h"
#include "config.h"
#include "database/store-parts.h"

#include "database/store.h"

/* Bytes as UTF-8, for one insert; NULL stays NULL. */
static char *utf8(const char *bytes)
{
	char *text = bytes ? text_utf8(bytes, strlen(bytes)) : NULL;

	if (bytes && !text)
		die("write the names: out of memory");
	return text;
}

void store_run(struct store *s, int64_t run, const char *label, const char *loaded_at)
{
	char *text = utf8(label);

	store_insert(s, TABLE_RUNS,
		     &(struct run_row){run, text, loaded_at, RHEAPER_VERSION});
	free(text);
}

void store_process(struct store *s, const struct process_row *process)
{
	struct process_row p = *process;
	char *trace_path = utf8(p.trace_path), *executable = utf8(p.executable);
	char *version = utf8(p.runtime_version);

	p.trace_path = trace_path;
	p.executable = executable;
	p.runtime_version = version;
	store_insert(s, TABLE_PROCESSES, &p);
	free(trace_path);
	free(executable);
	free(version);
}

void store_build_label(struct store *s, const struct build_label_row *label)
{
	store_insert(s, TABLE_BUILD_LABELS, label);
}

void store_thread(struct store *s, const struct store_trace *trace, uint64_t number,
		  uint64_t tid, const char *name)
{
	store_insert(s, TABLE_THREADS,
		     &(struct thread_row){trace->threads + (int64_t)number,
					  trace->process, (int64_t)number, (int64_t)tid,
					  name});
}

void store_module(struct store *s, uint32_t number, const char *path_bytes,
		  const char *build_id)
{
	char *path = utf8(path_bytes);

	store_insert(s, TABLE_MODULES,
		     &(struct module_row){number, path, build_id, NULL});
	free(path);
}

void store_module_symbols(struct store *s, uint32_t number, const char *symbols)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "UPDATE modules SET symbols = '%s' WHERE module = %" PRIu32, symbols,
		 number);
	store_execute(s, sql, "write to");
}

void store_mapping(struct store *s, const struct process_module_row *mapping)
{
	store_insert(s, TABLE_PROCESS_MODULES, mapping);
}

void store_allocator(struct store *s, uint32_t number, const char *name,
		     const char *family)
{
	store_insert(s, TABLE_ALLOCATORS, &(struct allocator_row){number, name, family});
}

void store_frame(struct store *s, const struct frame_row *frame)
{
	struct frame_row f = *frame;
	char *file = utf8(f.file);

	f.file = file;
	store_insert(s, TABLE_FRAMES, &f);
	free(file);
}

void store_stack(struct store *s, const struct stack_row *stack)
{
	store_insert(s, TABLE_STACKS, stack);
}

void store_forget_owners(struct store *s)
{
	store_execute(s, "DELETE FROM owner_chains; DELETE FROM wrappers", "write to");
}

void store_owner(struct store *s, const struct stack_row *stack)
{
	if (!s->update_owner &&
	    sqlite3_prepare_v2(s->db,
			       "UPDATE stacks SET owner_frame_no = ?, owner_frame = ?,"
			       " owner_chain = ? WHERE stack = ?",
			       -1, &s->update_owner, NULL) != SQLITE_OK)
		store_die(s, "write to");
	sqlite3_bind_int64(s->update_owner, 1, stack->owner_frame_no);
	if (stack->owner_frame)
		sqlite3_bind_int64(s->update_owner, 2, stack->owner_frame);
	else
		sqlite3_bind_null(s->update_owner, 2);
	sqlite3_bind_int64(s->update_owner, 3, stack->owner_chain);
	sqlite3_bind_int64(s->update_owner, 4, stack->stack);
	if (sqlite3_step(s->update_owner) != SQLITE_DONE)
		store_die(s, "write to");
	sqlite3_reset(s->update_owner);
}

void store_owner_chain(struct store *s, uint32_t number, const char *text)
{
	store_insert(s, TABLE_OWNER_CHAINS, &(struct owner_chain_row){number, text});
}

void store_wrapper(struct store *s, const char *function, const char *found_by)
{
	store_insert(s, TABLE_WRAPPERS, &(struct wrapper_row){function, found_by});
}

void store_node(struct store *s, enum store_tree tree, uint32_t node, uint32_t parent,
		uint32_t depth, int64_t frame)
{
	store_insert(s, tree == STORE_TOP_DOWN ? TABLE_TOP_DOWN : TABLE_BOTTOM_UP,
		     &(struct node_row){node, node ? (int64_t)parent : NODE_NO_PARENT,
					depth, frame});
}

void store_mark(struct store *s, const struct store_trace *trace, double at_ms,
		uint64_t thread, const char *text)
{
	store_insert(s, TABLE_MARKERS,
		     &(struct marker_row){trace->process, at_ms,
					  thread ? trace->threads + (int64_t)thread : 0,
					  text});
}

void store_resident(struct store *s, int64_t process, double at_ms, uint64_t bytes)
{
	store_insert(s, TABLE_RESIDENT,
		     &(struct resident_row){process, at_ms, (int64_t)bytes});
}

static void store_scope(struct store *s, const struct store_trace *trace,
			const struct scope *scope, int64_t first, int64_t number)
{
	store_insert(s, TABLE_SCOPES,
		     &(struct scope_row){
			     .scope = number,
			     .process = trace->process,
			     .thread = trace->threads + (int64_t)scope->thread,
			     .name = scope->name,
			     .parent = scope->parent != SCOPE_NONE
					       ? first + (int64_t)scope->parent
					       : 0,
			     .depth = scope->depth,
			     .begin_ns = scope->begin_ns,
			     .end_ns = scope->end_ns,
			     .ending = scope->ending,
		     });
}

void store_scopes(struct store *s, const struct store_trace *trace,
		  const struct scopes *scopes)
{
	int64_t first = store_ask(s, "SELECT max(scope) FROM scopes") + 1;

	for (size_t i = 0; i < scopes->n_scopes; i++)
		store_scope(s, trace, &scopes->scopes[i], first, first + (int64_t)i);
	for (size_t i = 0; i < scopes->n_changes; i++) {
		const struct scope_change *change = &scopes->changes[i];
		bool inside = change->scope != SCOPE_NONE;

		store_insert(s, TABLE_SCOPE_CHANGES,
			     &(struct scope_change_row){
				     trace->threads + (int64_t)change->thread,
				     change->at_ns,
				     inside ? first + (int64_t)change->scope : 0});
	}
}

void store_loss(struct store *s, int64_t process, const char *reason, uint64_t count,
		const char *meaning)
{
	store_insert(s, TABLE_LOSSES,
		     &(struct loss_row){process, reason,
					count < INT64_MAX ? (int64_t)count : INT64_MAX,
					meaning});
}

void store_total(struct store *s, int64_t process, const char *name, int64_t value,
		 const char *meaning)
{
	store_insert(s, TABLE_TOTALS, &(struct total_row){process, name, value, meaning});
}

static void store_stack_total(struct store *s, int64_t process,
			      const struct catalog_stack *k)
{
	store_insert(s, TABLE_STACK_TOTALS,
		     &(struct stack_total_row){
			     .stack = k->number,
			     .process = process,
			     .allocations = llround(k->allocations),
			     .allocated_bytes = llround(k->bytes),
			     .live_blocks = llround(k->live_blocks),
			     .live_bytes = llround(k->live_bytes),
			     .peak_blocks = llround(k->peak_blocks),
			     .peak_bytes = llround(k->peak_bytes),
			     .own_peak_bytes = llround(k->own_peak_bytes),
			     .own_peak_ns = k->own_peak_ns,
			     .temporary_blocks = llround(k->temporary),
			     .recorded_blocks = (int64_t)k->recorded,
		     });
}

static void store_point(struct store *s, int64_t process, const struct tally_point *p)
{
	store_insert(s, TABLE_TIMELINE,
		     &(struct timeline_row){
			     .process = process,
			     .at_ms = (double)p->end_ns / 1e6,
			     .live_bytes = llround(p->live_bytes),
			     .live_blocks = llround(p->live_blocks),
			     .peak_bytes = llround(p->peak_bytes),
			     .low_bytes = llround(p->low_bytes),
			     .allocations = llround(p->allocations),
			     .allocated_bytes = llround(p->bytes),
		     });
}

void store_tally(struct store *s, int64_t process, const struct catalog *catalog,
		 const struct tally *tally)
{
	for (size_t i = 0; i < catalog->n_stacks; i++) {
		if (catalog->stacks[i].recorded)
			store_stack_total(s, process, &catalog->stacks[i]);
	}
	for (size_t i = 0; i < tally->n_points; i++) {
		const struct tally_point *p = &tally->points[i];
		bool last = i + 1 == tally->n_points;
		bool changed = i == 0 || p->allocations > 0 ||
			       p->live_bytes != p[-1].live_bytes ||
			       p->live_blocks != p[-1].live_blocks;

		if (changed || last)
			store_point(s, process, p);
	}
}

int64_t store_next_heap_snapshot(struct store *s)
{
	return store_ask(s, "SELECT max(snapshot) FROM heap_snapshots") + 1;
}

void store_heap_snapshot(struct store *s, const struct heap_snapshot_row *snapshot)
{
	store_insert(s, TABLE_HEAP_SNAPSHOTS, snapshot);
}

void store_heap_block(struct store *s, const struct heap_block_row *block)
{
	store_insert(s, TABLE_HEAP_BLOCKS, block);
}

void store_heap_root(struct store *s, const struct heap_root_row *root)
{
	struct heap_root_row r = *root;
	char *name = utf8(r.name), *file = utf8(r.file);

	r.name = name;
	r.file = file;
	store_insert(s, TABLE_HEAP_ROOTS, &r);
	free(name);
	free(file);
}

void store_heap_edge(struct store *s, const struct heap_edge_row *edge)
{
	store_insert(s, TABLE_HEAP_EDGES, edge);
}

void store_heap_group(struct store *s, const struct heap_group_row *group)
{
	store_insert(s, TABLE_HEAP_GROUPS, group);
}
