// SPDX-License-Identifier: MIT
/*
 * Stacks are lists of places, places lists of frames, and each text is there once: a
 * process of 100,000 call sites takes some tens of megabytes. What has no module gets one
 * that says so, for engines take no place without.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cli.h"
#include "common/path.h"

#include "push/process.h"

/* No module of a database has it. */
#define UNKNOWN_MODULE (INT64_C(1) << 61)

static void reserve(void **array, size_t *n_max, size_t n, size_t size)
{
	if (array_grow(array, n_max, n, size))
		die("read the profile: out of memory");
}

#define GROW(process, what)                                                              \
	reserve((void **)&(process)->what, &(process)->n_##what##_max,                   \
		(process)->n_##what + 1, sizeof(*(process)->what))

static int compare(const void *left, const void *right)
{
	return strcmp(left, right);
}

static const char *text_of(struct push_process *p, const char *text)
{
	char **found = tfind(text, &p->texts, compare), *copy;

	if (found)
		return *found;
	copy = strdup(text);
	if (!copy || !tsearch(copy, &p->texts, compare))
		die("read the profile: out of memory");
	return copy;
}

static char *copy_or_null(const char *text)
{
	char *copy = text && *text ? strdup(text) : NULL;

	if (text && *text && !copy)
		die("read the profile: out of memory");
	return copy;
}

/* A trace that does not say how it ended may be growing still. */
static bool is_running(const struct profile_process *process)
{
	char link[64], executable[4096];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%lld/exe", (long long)process->pid);
	length = readlink(link, executable, sizeof(executable) - 1);
	if (length <= 0)
		return false;
	executable[length] = 0;
	return strcmp(executable, process->executable) == 0;
}

static void take_process(void *context, const struct profile_process *process)
{
	struct push_process *p = context;

	p->process = process->process;
	p->pid = process->pid;
	p->started_ns = process->started_unix_ns;
	p->started_ticks = process->started_ticks;
	p->duration_ns = process->duration_ns;
	p->sample_bytes = process->sample_bytes;
	p->ended = strcmp(process->ending, "unknown") == 0
			   ? !is_running(process)
			   : strcmp(process->ending, "snapshot") != 0;
	p->executable = copy_or_null(process->executable);
	p->host = copy_or_null(process->host);
	p->build_id = copy_or_null(process->build_id);
}

void push_process_add_label(struct push_process *p, const char *name, const char *value)
{
	p->n_left_out += push_labels_add(&p->build, name, value) != NULL;
}

static void take_label(void *context, const char *name, const char *value)
{
	push_process_add_label(context, name, value);
}

void push_process_add_module(struct push_process *p, const struct profile_module *module)
{
	GROW(p, modules);
	p->modules[p->n_modules] = *module;
	p->modules[p->n_modules].path = text_of(p, module->path);
	p->modules[p->n_modules++].build_id = text_of(p, module->build_id);
}

static void take_module(void *context, const struct profile_module *module)
{
	push_process_add_module(context, module);
}

static void add_frame(struct push_process *p, const struct profile_frame *frame)
{
	struct profile_frame *kept;

	GROW(p, frames);
	kept = &p->frames[p->n_frames++];
	*kept = *frame;
	kept->function = text_of(p, frame->function);
	kept->file = frame->file ? text_of(p, frame->file) : NULL;
	kept->module_path = NULL;
	if (kept->module == 0)
		kept->module = UNKNOWN_MODULE;
}

void push_process_add_frame(struct push_process *p, const struct profile_frame *frame)
{
	add_frame(p, frame);
	if (frame->innermost || p->n_places == 0) {
		if (map_put(&p->place_of_frame, (uint64_t)frame->frame,
			    (uint32_t)p->n_places))
			die("read the profile: out of memory");
		GROW(p, places);
		p->places[p->n_places++].n = 0;
	}
	p->places[p->n_places - 1].n++;
}

static void take_frame(void *context, const struct profile_frame *frame)
{
	push_process_add_frame(context, frame);
}

static void take_unknown(struct push_process *p)
{
	push_process_add_frame(p, &(struct profile_frame){.frame = INT64_C(1) << 62,
							  .innermost = true,
							  .function = "[unknown]"});
	push_process_add_module(p, &(struct profile_module){.module = UNKNOWN_MODULE,
							    .path = "[unknown]",
							    .build_id = ""});
}

/* No frame moves any more */
void push_process_set_frames(struct push_process *p)
{
	size_t first = 0;

	for (size_t i = 0; i < p->n_places; i++) {
		p->places[i].frames = p->frames + first;
		first += p->places[i].n;
	}
}

void push_process_begin_stack(struct push_process *p, int64_t stack,
			      const char *allocator)
{
	GROW(p, stacks);
	p->stacks[p->n_stacks++] = (struct push_stack){
		.stack = stack,
		.allocator = allocator ? text_of(p, allocator) : NULL,
		.first = p->n_numbers,
	};
}

void push_process_add_to_stack(struct push_process *p, int64_t frame)
{
	uint32_t place = map_get(&p->place_of_frame, (uint64_t)frame);

	if (place == MAP_NONE)
		return;
	GROW(p, numbers);
	p->numbers[p->n_numbers++] = place;
}

void push_process_end_stack(struct push_process *p)
{
	struct push_stack *s = &p->stacks[p->n_stacks - 1];

	if (p->n_numbers == s->first) {
		GROW(p, numbers);
		p->numbers[p->n_numbers++] = 0;
	}
	s->n = p->n_numbers - s->first;
}

static void begin_stack(void *context, const struct profile_stack *stack)
{
	push_process_begin_stack(context, stack->stack, stack->allocator);
}

static void take_stack_frame(void *context, const struct profile_frame *frame)
{
	if (frame->innermost)
		push_process_add_to_stack(context, frame->frame);
}

static void end_stack(void *context, const struct profile_stack *stack)
{
	(void)stack;
	push_process_end_stack(context);
}

void push_process_begin(struct push_process *p, const char **allowed, size_t n_allowed)
{
	*p = (struct push_process){.build = {.allowed = allowed, .n_allowed = n_allowed}};
	take_unknown(p);
}

void push_process_read(struct push_process *p, struct profile *profile,
		       const char **allowed, size_t n_allowed)
{
	push_process_begin(p, allowed, n_allowed);
	profile_each_process(profile, take_process, p);
	profile_each_label(profile, take_label, p);
	profile_each_module(profile, take_module, p);
	profile_each_frame(profile, take_frame, p);
	push_process_set_frames(p);
	profile_each_stack(profile, &(struct profile_visitor){.stack = begin_stack,
							      .frame = take_stack_frame,
							      .end = end_stack,
							      .context = p});
}

void push_process_fini(struct push_process *p)
{
	free(p->executable);
	free(p->host);
	free(p->build_id);
	push_labels_fini(&p->build);
	free(p->modules);
	free(p->frames);
	free(p->places);
	free(p->stacks);
	free(p->numbers);
	map_fini(&p->place_of_frame);
	tdestroy(p->texts, free);
}
