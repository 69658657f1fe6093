// SPDX-License-Identifier: MIT
/* Of the process as a whole, at one moment: so a window or a thread has none of it. */
#include <stdio.h>
#include <stdlib.h>

#include "report/memory.h"
#include "report/numbers.h"

#include "report/text-parts.h"

static void write_paragraph(const struct text *t, char *text)
{
	putc('\n', t->screen->out);
	screen_wrap(t->screen, text, 0, 2);
	free(text);
}

static void write_resident(const struct text *t)
{
	const struct report *r = t->report;

	if (r->resident_bytes > 0)
		write_paragraph(t,
				memory_format("In memory: at most %s at %s, when %s%s "
					      "were live.",
					      bytes_text((double)r->resident_bytes).text,
					      time_text(r->resident_ns).text,
					      r->is_estimate ? "about " : "",
					      bytes_text(r->resident_live).text));
}

static char *most_text(const struct text *t)
{
	const struct report_snapshots *s = &t->report->snapshots;

	if (!s->name)
		return memory_text("none of which is whole");
	if (!s->root)
		return memory_format("in the last, '%s' at %s, no root alone retains "
				     "anything",
				     s->name, time_text(s->at_ns).text);
	return memory_format("in the last, '%s' at %s, the root that alone retains most "
			     "is %s, with %s of %s",
			     s->name, time_text(s->at_ns).text,
			     t->options->full_names ? s->full_root : s->root,
			     bytes_text((double)s->retained_bytes).text,
			     bytes_text((double)s->bytes).text);
}

static void write_snapshots(const struct text *t)
{
	size_t n = t->report->snapshots.n;
	char *most;

	if (n == 0)
		return;
	most = most_text(t);
	write_paragraph(t, memory_format("%zu heap snapshot%s: %s. --retained shows who "
					 "holds what, --why=sN why blocks of a site are "
					 "alive.",
					 n, n == 1 ? "" : "s", most));
	free(most);
}

void text_memory(const struct text *t)
{
	if (t->report->has_window || t->report->thread)
		return;
	write_resident(t);
	write_snapshots(t);
}
