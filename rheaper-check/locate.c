// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/names.h"

#include "rheaper-check/locate.h"

const char *locate_path(const struct verdict *v, const char *path)
{
	size_t length = strlen(v->source_root);

	return strncmp(path, v->source_root, length) == 0 && path[length] == '/'
		       ? path + length + 1
		       : path;
}

const struct measure_frame *locate_frame(const struct verdict *v, const struct finding *f)
{
	const struct measure_frame *first = NULL;

	for (size_t i = 0; f->site && i < f->site->stack->n_frames; i++) {
		const struct measure_frame *frame = f->site->stack->frames[i];

		if (!frame->file || frame->line <= 0)
			continue;
		if (locate_path(v, frame->file) != frame->file)
			return frame;
		first = first ? first : frame;
	}
	return first;
}

const char *locate_title(const struct verdict *v, const struct finding *f)
{
	return arena_format(v->arena, "%s: %s", finding_texts[f->kind].title, f->message);
}

static const char *frame_text(const struct verdict *v, const struct measure_frame *frame)
{
	if (!frame->file)
		return arena_format(v->arena, "%s (%s)", frame->sym, frame->module);
	return arena_format(v->arena, "%s  %s:%" PRId64, frame->sym,
			    locate_path(v, frame->file), frame->line);
}

const char *locate_stack(const struct verdict *v, const struct finding *f)
{
	const char *text;

	if (!f->site)
		return "";
	text = f->site->stack->function;
	for (size_t i = 0; i < f->site->stack->n_frames; i++) {
		const struct measure_frame *frame = f->site->stack->frames[i];

		text = arena_format(v->arena, "%s\n%s", text, frame_text(v, frame));
		if (strcmp(frame->sym, "main") == 0)
			break;
	}
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
