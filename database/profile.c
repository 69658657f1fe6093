// SPDX-License-Identifier: MIT
/*
 * One statement runs at a time over each table, and stacks are visited in the order of
 * their key, so nothing is sorted or kept: memory does not grow with the profile.
 */
#include <stdlib.h>

#include "common/cli.h"
#include "database/db.h"
#include "database/rows.h"

#include "database/profile.h"

/* Where each module was in the first process that had it; no process had all. */
#define MAPPINGS                                                                         \
	"(SELECT module, min(process), start_address, end_address, bias FROM "           \
	"process_modules"                                                                \
	" GROUP BY module) pm"
#define FRAME_PLACES " LEFT JOIN " MAPPINGS " ON pm.module = f.module"

struct profile {
	struct database database;
};

struct profile *profile_open(const char *path)
{
	struct profile *p = calloc(1, sizeof(*p));

	if (!p)
		die("open %s: out of memory", path);
	p->database = db_open(path, path);
	return p;
}

const struct database *profile_database(const struct profile *p)
{
	return &p->database;
}

void profile_close(struct profile *p)
{
	db_close(&p->database);
	free(p);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static const struct row_column frame_columns[] = {
	ROW_COLUMN(profile_frame, frame, "f.frame"),
	ROW_COLUMN(profile_frame, address, "f.address + ifnull(pm.bias, 0)"),
	ROW_COLUMN(profile_frame, module, "f.module"),
	ROW_COLUMN(profile_frame, innermost, "f.inline_depth = 0"),
	ROW_COLUMN(profile_frame, function, "f.function"),
	ROW_COLUMN(profile_frame, file, "f.file"),
	ROW_COLUMN(profile_frame, line, "f.line"),
};
static const struct row_list frame_list = ROW_LIST(frame_columns);

static bool next_frame(struct rows *frames, struct profile_frame *frame)
{
	if (!rows_next(frames, frame))
		return false;
	frame->function = or_empty(frame->function);
	return true;
}

static const struct row_column stack_columns[] = {
	ROW_COLUMN(profile_stack, stack, "t.stack"),
	ROW_COLUMN(profile_stack, truncated, "s.truncated"),
	ROW_COLUMN(profile_stack, allocator, "n.name"),
	ROW_COLUMN(profile_stack, values[PROFILE_ALLOCATIONS], "sum(t.allocations)"),
	ROW_COLUMN(profile_stack, values[PROFILE_BYTES], "sum(t.allocated_bytes)"),
	ROW_COLUMN(profile_stack, values[PROFILE_LIVE_BLOCKS], "sum(t.live_blocks)"),
	ROW_COLUMN(profile_stack, values[PROFILE_LIVE_BYTES], "sum(t.live_bytes)"),
	ROW_COLUMN(profile_stack, values[PROFILE_PEAK_BYTES], "sum(t.peak_bytes)"),
};
static const struct row_list stack_list = ROW_LIST(stack_columns);

static void visit_stack(const struct profile_visitor *visitor,
			const struct profile_stack *stack, struct rows *frames)
{
	struct profile_frame frame;

	visitor->stack(visitor->context, stack);
	rows_set(frames, 1, stack->stack);
	while (next_frame(frames, &frame))
		visitor->frame(visitor->context, &frame);
	visitor->end(visitor->context, stack);
}

void profile_each_stack(struct profile *p, const struct profile_visitor *visitor)
{
	struct rows *stacks =
		rows_open(&p->database, &stack_list,
			  "FROM stack_totals t LEFT JOIN stacks s ON s.stack = t.stack"
			  " LEFT JOIN allocators n ON n.allocator = s.allocator"
			  " GROUP BY t.stack ORDER BY t.stack");
	struct rows *frames = rows_open(
		&p->database, &frame_list,
		visitor->outermost_first
			? "FROM stack_frames sf JOIN frames f USING (frame)" FRAME_PLACES
			  " WHERE sf.stack = ? ORDER BY sf.frame_no DESC"
			: "FROM stack_frames sf JOIN frames f USING (frame)" FRAME_PLACES
			  " WHERE sf.stack = ? ORDER BY sf.frame_no");
	struct profile_stack stack;

	while (rows_next(stacks, &stack))
		visit_stack(visitor, &stack, frames);
	rows_close(stacks);
	rows_close(frames);
}

void profile_each_frame(struct profile *p,
			void (*visit)(void *context, const struct profile_frame *frame),
			void *context)
{
	struct rows *frames = rows_open(&p->database, &frame_list,
					"FROM frames f" FRAME_PLACES " ORDER BY f.frame");
	struct profile_frame frame;

	while (next_frame(frames, &frame))
		visit(context, &frame);
	rows_close(frames);
}

static const struct row_column module_columns[] = {
	ROW_COLUMN(profile_module, module, "m.module"),
	ROW_COLUMN(profile_module, start, "pm.start_address"),
	ROW_COLUMN(profile_module, end, "pm.end_address"),
	ROW_COLUMN(profile_module, path, "m.path"),
	ROW_COLUMN(profile_module, build_id, "m.build_id"),
	ROW_COLUMN(profile_module, has_functions, "max(f.function NOT LIKE '%+0x%')"),
	ROW_COLUMN(profile_module, has_lines, "max(f.line > 0)"),
};

void profile_each_module(struct profile *p,
			 void (*visit)(void *context,
				       const struct profile_module *module),
			 void *context)
{
	static const struct row_list list = ROW_LIST(module_columns);
	struct rows *modules = rows_open(
		&p->database, &list,
		"FROM modules m LEFT JOIN " MAPPINGS " ON pm.module = m.module"
		" LEFT JOIN frames f ON f.module = m.module GROUP BY m.module"
		" ORDER BY m.path IN (SELECT executable FROM processes) DESC, 1");
	struct profile_module module;

	while (rows_next(modules, &module)) {
		module.path = or_empty(module.path);
		module.build_id = or_empty(module.build_id);
		visit(context, &module);
	}
	rows_close(modules);
}

static const struct row_column process_columns[] = {
	ROW_COLUMN(profile_process, executable, "executable"),
	ROW_COLUMN(profile_process, ending, "ending || ifnull(': ' || ending_error, '')"),
	ROW_COLUMN(profile_process, sample_bytes, "sample_bytes"),
	ROW_COLUMN(profile_process, duration_ns, "CAST(duration_ms * 1e6 AS INTEGER)"),
	ROW_COLUMN(profile_process, started_ns,
		   "strftime('%s', started_at) * 1000000000"
		   " + CAST(substr(strftime('%f', started_at), 4) AS INTEGER) * 1000000"),
};

void profile_each_process(struct profile *p,
			  void (*visit)(void *context,
					const struct profile_process *process),
			  void *context)
{
	static const struct row_list list = ROW_LIST(process_columns);
	struct rows *processes =
		rows_open(&p->database, &list, "FROM processes ORDER BY process");
	struct profile_process process;

	while (rows_next(processes, &process)) {
		process.executable = or_empty(process.executable);
		process.ending = or_empty(process.ending);
		visit(context, &process);
	}
	rows_close(processes);
}

struct loss {
	const char *reason;
	int64_t count;
};

static const struct row_column loss_columns[] = {
	ROW_COLUMN(loss, reason, "reason"),
	ROW_COLUMN(loss, count, "sum(count)"),
};

void profile_each_loss(struct profile *p,
		       void (*visit)(void *context, const char *reason, int64_t count),
		       void *context)
{
	static const struct row_list list = ROW_LIST(loss_columns);
	struct rows *losses =
		rows_open(&p->database, &list,
			  "FROM losses WHERE count > 0 GROUP BY reason ORDER BY 1");
	struct loss loss;

	while (rows_next(losses, &loss))
		visit(context, or_empty(loss.reason), loss.count);
	rows_close(losses);
}
