// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cli.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/findings.h"
#include "rheaper-check/measure.h"
#include "rheaper-check/names.h"

#include "rheaper-check/suppress.h"

/* Where a star was is remembered: only the last one can have to take more. */
bool suppress_fits(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern && (*pattern == '?' || *pattern == *text)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A pattern with a slash is of a whole path. */
static bool fits_path(const char *pattern, const char *path)
{
	return path &&
	       suppress_fits(pattern, strchr(pattern, '/') ? path : base_name(path));
}

static bool fits_frame(const struct suppress_step *step,
		       const struct measure_frame *frame)
{
	switch (step->what) {
	case SUPPRESS_FUNCTION:
		return suppress_fits(step->pattern, frame->sym) ||
		       suppress_fits(step->pattern, frame->plain);
	case SUPPRESS_MODULE:
		return fits_path(step->pattern, frame->module);
	case SUPPRESS_SOURCE:
		return fits_path(step->pattern, frame->file) &&
		       (step->line == 0 || step->line == frame->line);
	case SUPPRESS_ANY:
		break;
	}
	return suppress_fits(step->pattern, frame->sym) ||
	       (frame->file && suppress_fits(step->pattern, frame->file)) ||
	       suppress_fits(step->pattern, frame->module);
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

static bool fits_somewhere(const struct suppress_step *step,
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
	return step->what == SUPPRESS_ANY &&
	       suppress_fits(step->pattern, stack->function);
}

/* The allocator is the first frame of a sequence, and has no module of interest. */
static bool fits_at(const struct suppress_step *step, const struct measure_stack *stack,
		    size_t i)
{
	const struct measure_frame allocator = {
		.sym = stack->function, .plain = stack->function, .module = ""};

	if (i == 0)
		return step->what == SUPPRESS_MODULE || fits_frame(step, &allocator);
	return fits_frame(step, stack->frames[i - 1]);
}

/* As suppress_fits, with frames for characters; what is left of the stack fits. */
static bool fits_sequence(const struct suppression *s, const struct measure_stack *stack)
{
	size_t step = 0, star = SIZE_MAX, from = 0, i = 0;

	while (step < s->n_steps) {
		if (s->steps[step].rest) {
			star = ++step;
			from = i;
		} else if (i <= stack->n_frames && fits_at(&s->steps[step], stack, i)) {
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

static bool fits_all(const struct suppression *s, const struct measure_stack *stack)
{
	for (size_t i = 0; i < s->n_steps; i++) {
		if (!fits_somewhere(&s->steps[i], stack))
			return false;
	}
	return true;
}

static bool fits(const struct suppression *s, const char *program,
		 const struct measure_stack *stack)
{
	if (s->program && !suppress_fits(s->program, program))
		return false;
	return s->form == SUPPRESS_SEQUENCE ? fits_sequence(s, stack)
					    : fits_all(s, stack);
}

/* Today, in UTC; of a reproducible build, its day. */
static const char *today(struct arena *arena)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t now = epoch && epoch[0] ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
	char text[32] = "";
	struct tm utc;

	if (!gmtime_r(&now, &utc) || !strftime(text, sizeof(text), "%Y-%m-%d", &utc))
		die("read the clock: it is no time");
	return arena_text(arena, text);
}

static const struct suppression *find(struct suppressions *all, const char *program,
				      const struct measure_stack *stack)
{
	for (size_t i = 0; i < all->n; i++) {
		struct suppression *s = &all->list[i];

		if (!s->expired && fits(s, program, stack)) {
			s->used = true;
			return s;
		}
	}
	return NULL;
}

void suppress_apply(struct suppressions *all, struct measure *m)
{
	const char *day = today(all->arena);

	for (size_t i = 0; i < all->n; i++)
		all->list[i].expired =
			all->list[i].until && strcmp(all->list[i].until, day) < 0;
	for (size_t i = 0; i < m->n_site_rows; i++) {
		struct measure_site *row = &m->site_rows[i];
		const char *program =
			arena_text_n(all->arena, row->key, names_program(row->key));

		if (row->amounts[AMOUNT_LEAK_BLOCKS] == 0 ||
		    !find(all, program, &row->stack))
			continue;
		all->n_blocks =
			measure_add(all->n_blocks, row->amounts[AMOUNT_LEAK_BLOCKS]);
		all->n_bytes = measure_add(all->n_bytes, row->amounts[AMOUNT_LEAK_BYTES]);
		row->amounts[AMOUNT_LEAK_BLOCKS] = row->amounts[AMOUNT_LEAK_BYTES] = 0;
	}
}

void suppress_note(const struct suppressions *all, struct verdict *v)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct suppression *s = &all->list[i];
		const char *why = s->expired ? "is over" : "was not used";

		if (s->file && !s->used)
			findings_note(v,
				      arena_format(v->arena, "suppression %s:%zu %s: %s",
						   s->file, s->line, why, s->reason));
	}
	v->suppressed[AMOUNT_LEAK_BLOCKS] = all->n_blocks;
	v->suppressed[AMOUNT_LEAK_BYTES] = all->n_bytes;
}
