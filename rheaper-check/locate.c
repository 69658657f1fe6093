// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/names.h"
#include "rheaper-check/paths.h"

#include "rheaper-check/locate.h"

#define ARROW " \xe2\x86\x90 "
#define MOST_OWNED 10 /* call sites in a text: JSON has all */

/* The first frame from there on with a line, not of a library; below the root of the
 * sources if it must be. */
static const struct measure_frame *find_line(const struct measure_stack *stack, size_t i,
					     bool below_root)
{
	for (; i < stack->n_frames; i++) {
		const struct measure_frame *frame = stack->frames[i];

		if (frame->line > 0 && !frame->is_library &&
		    (frame->is_below_root || !below_root))
			return frame;
	}
	return NULL;
}

const struct measure_frame *locate_in_stack(const struct measure_stack *stack)
{
	const struct measure_frame *frame = find_line(stack, stack->owner, true);

	frame = frame ? frame : find_line(stack, 0, true);
	frame = frame ? frame : find_line(stack, stack->owner, false);
	return frame ? frame : find_line(stack, 0, false);
}

const char *locate_name(const struct verdict *v, const struct measure_frame *frame)
{
	return v->full_names ? frame->sym : frame->name;
}

const char *locate_chain(const struct verdict *v, const struct measure_stack *stack,
			 size_t *first)
{
	const char *owner = strstr(stack->chain, ARROW), *next;

	*first = v->full_names ? 0 : stack->owner;
	if (!stack->function[0])
		return "[unknown]";
	if (v->full_names)
		return stack->function;
	while (owner && (next = strstr(owner + 1, ARROW)))
		owner = next;
	return owner ? arena_text_n(v->arena, stack->chain,
				    (size_t)(owner - stack->chain))
		     : stack->name;
}

const struct measure_frame *locate_frame(const struct finding *f)
{
	return f->site ? locate_in_stack(f->site->stack) : NULL;
}

static struct place place_of_argument(const struct verdict *v, const char *file,
				      size_t line)
{
	struct path path = paths_find_argument(v->paths, file);

	return (struct place){.file = path.name,
			      .is_below_root = path.is_below_root,
			      .line = line ? (int64_t)line : 1};
}

struct place locate_place(const struct verdict *v, const struct finding *f)
{
	const struct measure_frame *frame = locate_frame(f);
	const struct measure_program *program = measure_program(v->measure, f->program);
	const char *file = f->rule_file ? f->rule_file : v->baseline_path;

	if (frame)
		return (struct place){.file = frame->path,
				      .is_below_root = frame->is_below_root,
				      .line = frame->line,
				      .frame = frame};
	if (!file)
		file = program ? program->path : f->program;
	return place_of_argument(v, file, f->rule_line);
}

const char *locate_rest(const struct verdict *v, size_t n)
{
	int64_t sum[N_AMOUNTS] = {0};
	size_t n_more = v->n_findings - n;

	for (size_t i = n; i < v->n_findings; i++) {
		for (int k = AMOUNT_LEAK_BLOCKS; k <= AMOUNT_LEAK_BYTES; k++)
			sum[k] = measure_add(sum[k], v->findings[i].now[k]);
	}
	return arena_format(v->arena, "%zu more finding%s: %s", n_more,
			    n_more == 1 ? "" : "s", measure_leak_text(v->arena, sum));
}

const char *locate_title(const struct verdict *v, const struct finding *f)
{
	return arena_format(v->arena, "%s: %s", finding_texts[f->kind].title, f->message);
}

static const char *frame_text(const struct verdict *v, const struct measure_frame *frame)
{
	const char *mark = frame->inferred ? " [inferred]" : "";

	if (!frame->file)
		return arena_format(v->arena, "%s%s (%s)", locate_name(v, frame), mark,
				    frame->module);
	return arena_format(v->arena, "%s%s  %s:%" PRId64, locate_name(v, frame), mark,
			    frame->path, frame->line);
}

static const char *owned_text(const struct verdict *v, const struct measure_owned *owned)
{
	const struct measure_stack *stack = owned->stack;
	const struct measure_frame *frame = locate_in_stack(stack);
	const char *where = stack->function[0] ? stack->function : "[unknown]";

	if (!frame && stack->n_frames)
		frame = stack->frames[0];
	if (frame)
		where = arena_format(v->arena, "%s, %s", where, frame_text(v, frame));
	return arena_format(v->arena, "%s: %s",
			    measure_leak_text(v->arena, owned->amounts), where);
}

const char *locate_owned(const struct verdict *v, const struct finding *f,
			 const char *indent)
{
	const char *text = "", *separator = "";
	size_t n = f->n_owned <= MOST_OWNED ? f->n_owned : MOST_OWNED - 1;

	for (size_t i = 0; i < n; i++) {
		text = arena_format(v->arena, "%s%s%s%s", text, separator, indent,
				    owned_text(v, &f->owned[i]));
		separator = "\n";
	}
	return n == f->n_owned ? text
			       : arena_format(v->arena, "%s\n%s%zu more call sites", text,
					      indent, f->n_owned - n);
}

const char *locate_stack(const struct verdict *v, const struct finding *f)
{
	const char *text;
	size_t first;

	if (!f->site)
		return "";
	text = locate_chain(v, f->site->stack, &first);
	for (size_t i = first; i < f->site->stack->n_frames; i++) {
		const struct measure_frame *frame = f->site->stack->frames[i];

		text = arena_format(v->arena, "%s\n%s", text, frame_text(v, frame));
		if (strcmp(frame->sym, "main") == 0)
			break;
	}
	if (f->n_owned)
		text = arena_format(v->arena, "%s\nlost with it:\n%s", text,
				    locate_owned(v, f, "  "));
	return text;
}

const char *locate_better(const struct verdict *v, const struct improvement *better)
{
	size_t program = names_program(better->key);
	char *names = arena_text(v->arena, better->key + program);

	for (char *c = names; *c; c++)
		*c = *c == '\n' ? (c == names ? ' ' : ';') : *c;
	return arena_format(v->arena, "%.*s: %s%s%s", (int)program, better->key,
			    better->message, names[0] ? ":" : "", names);
}
