// SPDX-License-Identifier: MIT
#include "common/cli.h"
#include "database/rows.h"
#include "database/sites.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/measure-parts.h"

const char *reading_text(struct reading *r, const char *text)
{
	return text ? arena_printable(r->arena, text) : NULL;
}

const char *reading_text_or(struct reading *r, const char *text, const char *otherwise)
{
	return text ? arena_printable(r->arena, text) : otherwise;
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

static const struct measure_stack *read_stack(struct reading *r, int64_t number)
{
	struct measure_stack *stack = arena_take(r->arena, sizeof(*stack));
	struct site_allocator allocator;
	struct site_stack_frame row;

	stack->function = "";
	rows_set(r->stack_allocator, 1, number);
	if (rows_next(r->stack_allocator, &allocator))
		stack->function = reading_text_or(r, allocator.name, "");
	rows_set(r->stack_frames, 1, number);
	while (rows_next(r->stack_frames, &row)) {
		stack->frames = arena_grow(r->arena, stack->frames, stack->n_frames,
					   sizeof(*stack->frames));
		stack->frames[stack->n_frames++] = find_frame(r, row.frame);
	}
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
