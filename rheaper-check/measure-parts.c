// SPDX-License-Identifier: MIT
#include <string.h>

#include "common/cli.h"
#include "common/glob.h"
#include "common/path.h"
#include "database/owners.h"
#include "database/rows.h"
#include "database/sites.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"
#include "symbols/short-name.h"
#include "symbols/signature.h"

#include "rheaper-check/measure-parts.h"

const char *reading_text(struct reading *r, const char *text)
{
	return text ? arena_printable(r->arena, text) : NULL;
}

const char *reading_text_or(struct reading *r, const char *text, const char *otherwise)
{
	return text ? arena_printable(r->arena, text) : otherwise;
}

const char *reading_short(struct reading *r, const char *name)
{
	char text[SHORT_NAME_SIZE];

	short_name(name, text, sizeof(text));
	return arena_printable(r->arena, text);
}

int64_t reading_count(const struct reading *r, int64_t value)
{
	if (value < 0)
		die("read %s: the database is damaged: it has a count of %lld",
		    r->database.name, (long long)value);
	return value;
}

static const struct measure_frame *find_frame(struct reading *r, int64_t frame)
{
	uint32_t number = map_get(&r->frame_numbers, (uint64_t)frame);

	if (number == MAP_NONE)
		die("read %s: the database is damaged: a frame is missing",
		    r->database.name);
	return &r->frames[number];
}

static void take_allocator(struct reading *r, struct measure_stack *stack,
			   const char *name)
{
	if (!name)
		return;
	stack->function = reading_text(r, name);
	stack->name = reading_short(r, name);
}

static bool has_main(const struct measure_stack *stack)
{
	for (size_t i = 0; i < stack->n_frames; i++) {
		if (strcmp(stack->frames[i]->plain, "main") == 0)
			return true;
	}
	return false;
}

/* Whether the outermost frame begins a thread or a program, as the loader does, which has
 * no rule for unwinding. */
static bool begins(const struct measure_stack *stack)
{
	const struct measure_frame *outermost =
		stack->n_frames ? stack->frames[stack->n_frames - 1] : NULL;

	return outermost && (signature_is_startup(outermost->sym) ||
			     glob_fits("ld-linux*", path_base(outermost->module)));
}

/* What calls main is nobody's own. */
static const char *find_gap(const struct site_allocator *row,
			    const struct measure_stack *stack)
{
	if (row->unsampled)
		return "were not recorded (RHEAPER_SAMPLE_RATE)";
	if (row->damaged)
		return "are damaged in the trace";
	if (row->truncated && !has_main(stack))
		return "are deeper than what was recorded (RHEAPER_STACK_DEPTH)";
	if (row->incomplete && !has_main(stack) && !begins(stack))
		return "end where code has no rule for unwinding";
	return NULL;
}

static const struct measure_stack *read_stack(struct reading *r, int64_t number)
{
	struct measure_stack *stack = arena_take(r->arena, sizeof(*stack));
	struct site_allocator allocator;
	struct site_stack_frame row;
	int64_t owner;

	stack->function = stack->name = "";
	rows_set(r->stack_frames, 1, number);
	while (rows_next(r->stack_frames, &row)) {
		stack->frames = arena_grow(r->arena, stack->frames, stack->n_frames,
					   sizeof(*stack->frames));
		stack->frames[stack->n_frames++] = find_frame(r, row.frame);
	}
	rows_set(r->stack_allocator, 1, number);
	if (rows_next(r->stack_allocator, &allocator)) {
		take_allocator(r, stack, allocator.name);
		stack->gap = find_gap(&allocator, stack);
	}
	owner = owner_table_frame_no(r->owners, number);
	stack->owner = owner < (int64_t)stack->n_frames ? (size_t)owner : 0;
	stack->chain = arena_printable(r->arena, owner_table_chain(r->owners, number));
	return stack;
}

/* Each is read once. */
const struct measure_stack *reading_stack(struct reading *r, int64_t number)
{
	uint32_t index = map_get(&r->stack_numbers, (uint64_t)number);

	if (index != MAP_NONE)
		return r->stacks[index];
	if (r->n_stacks >= MAP_NONE ||
	    map_put(&r->stack_numbers, (uint64_t)number, (uint32_t)r->n_stacks))
		die("read %s: out of memory", r->database.name);
	r->stacks = arena_grow(r->arena, r->stacks, r->n_stacks, sizeof(*r->stacks));
	r->stacks[r->n_stacks] = read_stack(r, number);
	return r->stacks[r->n_stacks++];
}

const struct process *reading_process(const struct reading *r, int64_t process)
{
	uint32_t number = map_get(&r->process_numbers, (uint64_t)process);

	if (number == MAP_NONE)
		die("read %s: the database is damaged: a process is missing",
		    r->database.name);
	return &r->processes[number];
}

bool reading_judges(const struct process *process, enum leak_kind kind)
{
	if (process->cut)
		return kind == LEAK_DEFINITE || kind == LEAK_INDIRECT;
	return kind != LEAK_UNKNOWN || !process->scanned;
}

void reading_note_lost(struct reading *r, const char *program,
		       const struct measure_stack *stack)
{
	for (size_t i = 0; i < stack->n_frames; i++) {
		const struct measure_frame *frame = stack->frames[i];
		bool is_known = !frame->lost;

		for (size_t k = r->first_problem; k < r->m->n_problems && !is_known; k++)
			is_known = r->m->problems[k].defect == DEFECT_NAMES &&
				   strcmp(r->m->problems[k].why, frame->lost) == 0;
		if (frame->lost)
			reading_tell_lost(r, frame);
		if (!is_known)
			measure_add_problem(r->m, DEFECT_NAMES, r->database.name, program,
					    frame->lost);
		if (strcmp(frame->plain, "main") == 0)
			break;
	}
}
