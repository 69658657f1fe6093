// SPDX-License-Identifier: MIT
#include <string.h>

#include "common/cli.h"
#include "database/owners.h"
#include "database/rows.h"
#include "database/sites.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"
#include "symbols/short-name.h"

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

static const struct measure_stack *read_stack(struct reading *r, int64_t number)
{
	struct measure_stack *stack = arena_take(r->arena, sizeof(*stack));
	struct site_allocator allocator;
	struct site_stack_frame row;
	int64_t owner;

	stack->function = stack->name = "";
	rows_set(r->stack_allocator, 1, number);
	if (rows_next(r->stack_allocator, &allocator))
		take_allocator(r, stack, allocator.name);
	rows_set(r->stack_frames, 1, number);
	while (rows_next(r->stack_frames, &row)) {
		stack->frames = arena_grow(r->arena, stack->frames, stack->n_frames,
					   sizeof(*stack->frames));
		stack->frames[stack->n_frames++] = find_frame(r, row.frame);
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
		if (!is_known)
			measure_add_problem(r->m, DEFECT_NAMES, r->database.name, program,
					    frame->lost);
		if (strcmp(frame->plain, "main") == 0)
			break;
	}
}
