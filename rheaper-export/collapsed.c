// SPDX-License-Identifier: MIT
/*
 * One line for each stack: its functions from the outermost to the innermost with
 * semicolons between them, a space, a number. Readers take the last space, so names
 * may have spaces; a semicolon in one (Rust has them) becomes a colon, as other
 * writers of the format do it, and a control character \xNN.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "common/cli.h"
#include "common/text.h"
#include "symbols/short-name.h"

#include "rheaper-export/formats.h"

struct collapsed {
	FILE *out;
	enum profile_value value;
	bool short_names;
	bool skipped; /* this stack: its value is 0 */
	bool any;     /* frame in this line */
};

static void put_name(struct collapsed *c, const char *name)
{
	char *text = text_printable(name);

	if (!text)
		die("write stacks: out of memory");
	for (char *at = text; *at; at++) {
		if (*at == ';')
			*at = ':';
	}
	fprintf(c->out, "%s%s", c->any ? ";" : "", text[0] ? text : "[unnamed]");
	c->any = true;
	free(text);
}

static void begin_stack(void *context, const struct profile_stack *stack)
{
	struct collapsed *c = context;

	c->any = false;
	c->skipped = stack->values[c->value] == 0;
	if (!c->skipped && stack->truncated)
		put_name(c, "[truncated]");
}

static void add_frame(void *context, const struct profile_frame *frame)
{
	struct collapsed *c = context;
	char text[SHORT_NAME_SIZE];

	if (c->skipped)
		return;
	if (c->short_names)
		short_name(frame->function, text, sizeof(text));
	put_name(c, c->short_names ? text : frame->function);
}

static void end_stack(void *context, const struct profile_stack *stack)
{
	struct collapsed *c = context;

	if (c->skipped)
		return;
	if (!c->any)
		put_name(c, "[unknown]");
	fprintf(c->out, " %" PRId64 "\n", stack->values[c->value]);
}

void collapsed_write(struct profile *profile, const struct format_options *options,
		     FILE *out)
{
	struct collapsed c = {
		.out = out, .value = options->value, .short_names = options->short_names};

	profile_each_stack(profile, &(struct profile_visitor){
					    .stack = begin_stack,
					    .frame = add_frame,
					    .end = end_stack,
					    .context = &c,
					    .outermost_first = true,
					    .owners = options->owners,
				    });
}
