// SPDX-License-Identifier: MIT
/*
 * One statement runs at a time over each table, and stacks are visited in the order of
 * their key, so nothing is sorted or kept: memory does not grow with the profile.
 */
#include <stdlib.h>

#include "common/cli.h"
#include "database/db.h"
#include "database/owners.h"
#include "database/rows.h"

#include "database/profile-parts.h"

/* Where each module was in the first process that had it; no process had all. */
#define MAPPINGS                                                                         \
	"(SELECT module, min(process), start_address, end_address, bias"                 \
	" FROM process_modules WHERE process IN " CHOICE_PROCESSES                       \
	" GROUP BY module) pm"

/* The stacks that allocated, and those that freed. */
#define ALLOCATED "SELECT stack FROM stack_totals WHERE process IN " CHOICE_PROCESSES
#define FREED "SELECT free_stack FROM lots WHERE process IN " CHOICE_PROCESSES

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

void profile_choose(struct profile *p, struct choice choice)
{
	p->choice = choice;
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

/* Where modules were is not asked for each frame of each stack. */
#define FRAME_COLUMNS                                                                    \
	ROW_COLUMN(profile_frame, frame, "f.frame"),                                     \
		ROW_COLUMN(profile_frame, module, "f.module"),                           \
		ROW_COLUMN(profile_frame, innermost, "f.inline_depth = 0"),              \
		ROW_COLUMN(profile_frame, function, "f.function"),                       \
		ROW_COLUMN(profile_frame, file, "f.file"),                               \
		ROW_COLUMN(profile_frame, line, "f.line")

static bool next_frame(struct rows *frames, struct profile_frame *frame)
{
	if (!rows_next(frames, frame))
		return false;
	frame->function = or_empty(frame->function);
	return true;
}

#define STACK_COLUMNS                                                                    \
	ROW_COLUMN(profile_stack, stack, "s.stack"),                                     \
		ROW_COLUMN(profile_stack, truncated, "s.truncated"),                     \
		ROW_COLUMN(profile_stack, unsampled, "s.unsampled"),                     \
		ROW_COLUMN(profile_stack, allocator_number, "n.allocator"),              \
		ROW_COLUMN(profile_stack, allocator, "n.name")
#define STACK_NAMES                                                                      \
	" LEFT JOIN stacks s ON s.stack = t.stack"                                       \
	" LEFT JOIN allocators n ON n.allocator = s.allocator"

static struct rows *open_allocated(const struct profile *p)
{
	static const struct row_column columns[] = {
		STACK_COLUMNS,
		/* Stack 0, the unknown one, may have no row in stacks */
		ROW_COLUMN(profile_stack, stack, "t.stack"),
		ROW_COLUMN(profile_stack, values[PROFILE_ALLOCATIONS],
			   "sum(t.allocations)"),
		ROW_COLUMN(profile_stack, values[PROFILE_BYTES],
			   "sum(t.allocated_bytes)"),
		ROW_COLUMN(profile_stack, values[PROFILE_LIVE_BLOCKS],
			   "sum(t.live_blocks)"),
		ROW_COLUMN(profile_stack, values[PROFILE_LIVE_BYTES],
			   "sum(t.live_bytes)"),
		ROW_COLUMN(profile_stack, values[PROFILE_PEAK_BYTES],
			   "sum(t.peak_bytes)"),
		ROW_COLUMN(profile_stack, peak_blocks, "sum(t.peak_blocks)"),
		ROW_COLUMN(profile_stack, own_peak_bytes, "max(t.own_peak_bytes)"),
		ROW_COLUMN(profile_stack, own_peak_ns, "max(t.own_peak_ns)"),
	};
	static const struct row_list list = ROW_LIST(columns);

	return choice_open(&p->database, &p->choice, &list,
			   "FROM stack_totals t" STACK_NAMES
			   " WHERE t.process IN " CHOICE_PROCESSES
			   " GROUP BY t.stack ORDER BY t.stack");
}

static struct rows *open_freed(const struct profile *p)
{
	static const struct row_column columns[] = {
		STACK_COLUMNS,
		ROW_COLUMN(profile_stack, stack, "t.stack"),
	};
	static const struct row_list list = ROW_LIST(columns);

	return choice_open(&p->database, &p->choice, &list,
			   "FROM (SELECT DISTINCT free_stack AS stack FROM lots"
			   " WHERE free_stack NOT NULL AND process IN " CHOICE_PROCESSES
			   ") t" STACK_NAMES " ORDER BY t.stack");
}

static struct rows *open_stack_frames(const struct profile *p, bool outermost_first)
{
	static const struct row_column columns[] = {FRAME_COLUMNS};
	static const struct row_list list = ROW_LIST(columns);

	return rows_open(&p->database, &list,
			 outermost_first
				 ? "FROM stack_frames sf JOIN frames f USING (frame)"
				   " WHERE sf.stack = ?1 AND sf.frame_no >= ?2"
				   " ORDER BY sf.frame_no DESC"
				 : "FROM stack_frames sf JOIN frames f USING (frame)"
				   " WHERE sf.stack = ?1 AND sf.frame_no >= ?2"
				   " ORDER BY sf.frame_no");
}

static void visit_stack(const struct profile_visitor *visitor,
			const struct profile_stack *stack, struct rows *frames)
{
	struct profile_frame frame = {0};

	if (visitor->stack)
		visitor->stack(visitor->context, stack);
	if (visitor->frame) {
		rows_set(frames, 1, stack->stack);
		rows_set(frames, 2,
			 visitor->owners
				 ? owner_table_frame_no(visitor->owners, stack->stack)
				 : 0);
		while (next_frame(frames, &frame))
			visitor->frame(visitor->context, &frame);
	}
	visitor->end(visitor->context, stack);
}

void profile_each_stack(struct profile *p, const struct profile_visitor *visitor)
{
	struct rows *stacks = visitor->freed ? open_freed(p) : open_allocated(p);
	struct rows *frames = open_stack_frames(p, visitor->outermost_first);
	struct profile_stack stack = {0};

	while (rows_next(stacks, &stack))
		visit_stack(visitor, &stack, frames);
	rows_close(stacks);
	rows_close(frames);
}

void profile_each_frame(struct profile *p,
			void (*visit)(void *context, const struct profile_frame *frame),
			void *context)
{
	static const struct row_column columns[] = {
		FRAME_COLUMNS,
		ROW_COLUMN(profile_frame, address, "f.address + ifnull(pm.bias, 0)"),
		ROW_COLUMN(profile_frame, module_path, "m.path"),
		ROW_COLUMN(profile_frame, inferred, "f.inferred"),
	};
	static const struct row_list list = ROW_LIST(columns);
	struct rows *frames = choice_open(
		&p->database, &p->choice, &list,
		"FROM frames f LEFT JOIN " MAPPINGS " ON pm.module = f.module"
		" LEFT JOIN modules m ON m.module = f.module"
		" WHERE f.frame IN (SELECT frame FROM stack_frames WHERE stack IN"
		" (" ALLOCATED ")) ORDER BY f.frame");
	struct profile_frame frame;

	while (next_frame(frames, &frame))
		visit(context, &frame);
	rows_close(frames);
}

static const struct row_column place_columns[] = {
	ROW_COLUMN(profile_place, frame, "f.frame"),
	ROW_COLUMN(profile_place, module, "f.module"),
	ROW_COLUMN(profile_place, number,
		   "dense_rank() OVER (ORDER BY f.function, f.file)"),
	ROW_COLUMN(profile_place, line, "f.line"),
	ROW_COLUMN(profile_place, only_line,
		   "CASE WHEN min(f.line) OVER same = max(f.line) OVER same"
		   " THEN f.line END"),
	ROW_COLUMN(profile_place, inline_depth,
		   "max(f.inline_depth) OVER (PARTITION BY f.module, f.address)"
		   " - f.inline_depth"),
	ROW_COLUMN(profile_place, function, "f.function"),
	ROW_COLUMN(profile_place, file, "f.file"),
};

void profile_each_place(struct profile *p, bool freed,
			void (*visit)(void *context, const struct profile_place *place),
			void *context)
{
	static const struct row_list list = ROW_LIST(place_columns);
	struct rows *places = choice_open(
		&p->database, &p->choice, &list,
		"FROM frames f WHERE f.frame IN (SELECT frame FROM stack_frames WHERE"
		" stack IN (" ALLOCATED " UNION " FREED " AND ?3))"
		" WINDOW same AS (PARTITION BY f.function, f.file)"
		" ORDER BY f.function, f.file, f.frame");
	struct profile_place place;

	rows_set(places, 3, freed);
	while (rows_next(places, &place)) {
		place.function = or_empty(place.function);
		visit(context, &place);
	}
	rows_close(places);
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
	struct rows *modules = choice_open(
		&p->database, &p->choice, &list,
		"FROM modules m LEFT JOIN " MAPPINGS " ON pm.module = m.module"
		" LEFT JOIN frames f ON f.module = m.module"
		" WHERE pm.module NOT NULL OR NOT EXISTS"
		" (SELECT 1 FROM process_modules x WHERE x.module = m.module)"
		" GROUP BY m.module ORDER BY m.path IN (SELECT executable FROM processes"
		" WHERE process IN " CHOICE_PROCESSES ") DESC, 1");
	struct profile_module module;

	while (rows_next(modules, &module)) {
		module.path = or_empty(module.path);
		module.build_id = or_empty(module.build_id);
		visit(context, &module);
	}
	rows_close(modules);
}

static const struct row_column process_columns[] = {
	ROW_COLUMN(profile_process, process, "process"),
	ROW_COLUMN(profile_process, pid, "pid"),
	ROW_COLUMN(
		profile_process, command,
		"CASE WHEN json_valid(command_line) AND json_array_length(command_line)"
		" THEN (SELECT group_concat(value, ' ') FROM json_each(command_line))"
		" ELSE executable END"),
	ROW_COLUMN(profile_process, peak_ns,
		   "(SELECT value FROM totals t WHERE t.process = p.process"
		   " AND t.name = 'peak_ns')"),
	ROW_COLUMN(profile_process, executable, "executable"),
	ROW_COLUMN(profile_process, ending, "ending || ifnull(': ' || ending_error, '')"),
	ROW_COLUMN(profile_process, sample_bytes, "sample_bytes"),
	ROW_COLUMN(profile_process, started_unix_ns, "started_unix_ns"),
	ROW_COLUMN(profile_process, started_ticks, "started_ticks"),
	ROW_COLUMN(profile_process, host, "host"),
	ROW_COLUMN(profile_process, build_id,
		   "(SELECT m.build_id FROM modules m JOIN process_modules pm USING"
		   " (module) WHERE pm.process = p.process AND m.path = p.executable)"),
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
	struct rows *processes = choice_open(&p->database, &p->choice, &list,
					     "FROM processes p WHERE process IN"
					     " " CHOICE_PROCESSES " ORDER BY process");
	struct profile_process process;

	while (rows_next(processes, &process)) {
		process.executable = or_empty(process.executable);
		process.command = or_empty(process.command);
		process.ending = or_empty(process.ending);
		visit(context, &process);
	}
	rows_close(processes);
}

struct label {
	const char *name, *value;
};

static const struct row_column label_columns[] = {
	ROW_COLUMN(label, name, "name"),
	ROW_COLUMN(label, value, "value"),
};

void profile_each_label(struct profile *p,
			void (*visit)(void *context, const char *name, const char *value),
			void *context)
{
	static const struct row_list list = ROW_LIST(label_columns);
	struct rows *labels = choice_open(&p->database, &p->choice, &list,
					  "FROM build_labels WHERE process IN"
					  " " CHOICE_PROCESSES " ORDER BY process, name");
	struct label label;

	while (rows_next(labels, &label))
		visit(context, or_empty(label.name), or_empty(label.value));
	rows_close(labels);
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
		choice_open(&p->database, &p->choice, &list,
			    "FROM losses WHERE count > 0 AND process IN " CHOICE_PROCESSES
			    " GROUP BY reason ORDER BY 1");
	struct loss loss;

	while (rows_next(losses, &loss))
		visit(context, or_empty(loss.reason), loss.count);
	rows_close(losses);
}
