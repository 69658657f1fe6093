// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/glob.h"
#include "common/path.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/pattern.h"

/* A pattern with a slash is of a whole path. */
static bool fits_path(const char *pattern, const char *path)
{
	return path && glob_fits(pattern, strchr(pattern, '/') ? path : path_base(path));
}

static bool fits_name(const struct pattern_step *step, const char *pattern,
		      const struct measure_frame *frame)
{
	switch (step->what) {
	case PATTERN_FUNCTION:
		return glob_fits(pattern, frame->sym) || glob_fits(pattern, frame->plain);
	case PATTERN_MODULE:
		return fits_path(pattern, frame->module);
	case PATTERN_SOURCE:
		return fits_path(pattern, frame->file) &&
		       (step->line == 0 || step->line == frame->line);
	case PATTERN_ANY:
		break;
	}
	return glob_fits_stars(pattern, frame->sym) ||
	       (frame->file && glob_fits_stars(pattern, frame->file)) ||
	       glob_fits_stars(pattern, frame->module);
}

static bool fits_file(const struct pattern_step *step, const struct measure_frame *frame)
{
	bool any = step->n_files == 0 && !step->linked;

	for (size_t i = 0; i < step->n_files && !any; i++)
		any = fits_path(step->files[i], frame->module);
	return any || (step->linked & frame->linked);
}

static bool fits_frame(const struct pattern_step *step, const struct measure_frame *frame)
{
	bool fits = fits_name(step, step->pattern, frame);

	for (size_t i = 0; i < step->n_others && !fits; i++)
		fits = fits_name(step, step->others[i], frame);
	return fits && fits_file(step, frame);
}

/* The frames up to main: what called it is the same everywhere. */
static int64_t count_frames(const struct measure_stack *stack)
{
	for (size_t i = 0; i < stack->n_frames; i++) {
		if (strcmp(stack->frames[i]->plain, "main") == 0)
			return (int64_t)i + 1;
	}
	return (int64_t)stack->n_frames;
}

static bool fits_somewhere(const struct pattern_step *step,
			   const struct measure_stack *stack)
{
	int64_t n = count_frames(stack), at = step->position;

	if (step->anchored) {
		at += at < 0 ? n : 0;
		return at >= 0 && at < n && fits_frame(step, stack->frames[at]);
	}
	for (size_t i = 0; i < stack->n_frames; i++) {
		if (fits_frame(step, stack->frames[i]))
			return true;
	}
	return step->what == PATTERN_ANY &&
	       glob_fits_stars(step->pattern, stack->function);
}

/* Where Valgrind's replacement of the allocator is, if the pattern can mean that: in any
 * directory, for any machine. */
static const char allocator_module[] = "/vgpreload_memcheck-amd64-linux.so";

static bool fits_allocator_module(const char *pattern)
{
	return strstr(pattern, "/vgpreload_") || glob_fits(pattern, allocator_module) ||
	       glob_fits(pattern, allocator_module + 1);
}

/* The allocator is the first frame of a sequence. No other module is said to have it: a
 * library that is nowhere on the stack must not match. */
static bool fits_at(const struct pattern_step *step, const struct measure_stack *stack,
		    size_t i)
{
	const struct measure_frame allocator = {
		.sym = stack->function, .plain = stack->function, .module = ""};

	if (i == 0)
		return step->what == PATTERN_MODULE ? fits_allocator_module(step->pattern)
						    : fits_frame(step, &allocator);
	return fits_frame(step, stack->frames[i - 1]);
}

/* As glob_fits, with frames for characters; what is left of the stack fits. */
bool pattern_fits_sequence(const struct pattern_step *steps, size_t n,
			   const struct measure_stack *stack)
{
	size_t step = 0, star = SIZE_MAX, from = 0, i = 0;

	while (step < n) {
		if (steps[step].rest) {
			star = ++step;
			from = i;
		} else if (i <= stack->n_frames && fits_at(&steps[step], stack, i)) {
			step++;
			i++;
		} else if (star != SIZE_MAX && from <= stack->n_frames) {
			step = star;
			i = ++from;
		} else {
			return false;
		}
	}
	return true;
}

bool pattern_fits_all(const struct pattern_step *steps, size_t n,
		      const struct measure_stack *stack)
{
	for (size_t i = 0; i < n; i++) {
		if (!fits_somewhere(&steps[i], stack))
			return false;
	}
	return true;
}

/* Code of the program's that has no name, where the step asks for one. */
static bool may_fit_frame(const struct pattern_step *step,
			  const struct measure_frame *frame)
{
	return step->what == PATTERN_FUNCTION && frame->is_unnamed &&
	       !frame->is_library && fits_file(step, frame);
}

static bool may_fit(const struct pattern_step *step, const struct measure_stack *stack)
{
	int64_t n = count_frames(stack), at = step->position;

	if (fits_somewhere(step, stack))
		return true;
	if (step->anchored) {
		if (stack->gap && (at < 0 || at >= n))
			return true;
		at += at < 0 ? n : 0;
		return at >= 0 && at < n && may_fit_frame(step, stack->frames[at]);
	}
	for (int64_t i = 0; i < n; i++) {
		if (may_fit_frame(step, stack->frames[i]))
			return true;
	}
	return stack->gap;
}

bool pattern_may_fit_all(const struct pattern_step *steps, size_t n,
			 const struct measure_stack *stack)
{
	for (size_t i = 0; i < n; i++) {
		if (!may_fit(&steps[i], stack))
			return false;
	}
	return true;
}

static bool has_lost(const struct measure_stack *stack)
{
	for (size_t i = 0; i < stack->n_frames; i++) {
		if (stack->frames[i]->lost)
			return true;
	}
	return false;
}

const struct measure_stack *pattern_forget_lost(struct arena *arena,
						const struct measure_stack *stack)
{
	const struct measure_frame **frames;
	struct measure_stack *copy;

	if (!has_lost(stack))
		return NULL;
	frames = arena_take(arena, stack->n_frames * sizeof(*frames));
	for (size_t i = 0; i < stack->n_frames; i++) {
		struct measure_frame *frame;

		frames[i] = stack->frames[i];
		if (!frames[i]->lost)
			continue;
		frame = arena_take(arena, sizeof(*frame));
		*frame = *frames[i];
		frame->sym = frame->plain = "";
		frame->file = NULL;
		frames[i] = frame;
	}
	copy = arena_take(arena, sizeof(*copy));
	*copy = *stack;
	copy->frames = frames;
	return copy;
}

bool pattern_has_names(const struct pattern_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (steps[i].what == PATTERN_FUNCTION)
			return true;
	}
	return false;
}

bool pattern_parse(struct pattern_step *step, struct arena *arena, const char *line)
{
	const char *words = line + 3;
	char *rest;

	*step = (struct pattern_step){0};
	if (strncmp(line, "at ", 3) == 0)
		step->what = PATTERN_FUNCTION;
	else if (strncmp(line, "in ", 3) == 0)
		step->what = PATTERN_MODULE;
	else
		return false;
	errno = 0;
	step->position = strtoll(words, &rest, 10);
	if (rest != words && *rest == ' ') {
		if (errno) /* no stack is so deep */
			return false;
		step->anchored = true;
		words = rest + 1;
	}
	words += strspn(words, " \t"); /* no name begins so */
	step->pattern = arena_text(arena, words);
	return words[0] != 0;
}

static void add_name(struct arena *arena, const char ***names, size_t *n,
		     const char *words)
{
	*names = arena_grow(arena, *names, *n, sizeof(**names));
	(*names)[(*n)++] = arena_text(arena, words + strspn(words, " \t"));
}

bool pattern_refine(struct pattern_step *step, struct arena *arena, const char *line)
{
	unsigned int library;

	if (strncmp(line, "or ", 3) == 0 && line[3]) {
		add_name(arena, &step->others, &step->n_others, line + 3);
	} else if (strncmp(line, "of static ", 10) == 0) {
		library = measure_linked(line + 10);
		step->linked |= library;
		return library != 0;
	} else if (strncmp(line, "of ", 3) == 0 && line[3]) {
		add_name(arena, &step->files, &step->n_files, line + 3);
	} else {
		return false;
	}
	return true;
}
