// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/path.h"
#include "common/text.h"
#include "rheaper-top/model.h"

#include "rheaper-top/format.h"

#define BRIEF_FROM 10000 /* smaller numbers have all their digits */

const char *format_number(char *text, double number, struct format f)
{
	static const char units[] = " kMGTPE";
	const char *sign = f.estimate && number != 0 ? "~" : "";
	size_t unit = 0;

	if (fabs(number) < 0.5)
		number = 0; /* sums of weights: no -0 */
	if (!f.brief || fabs(number) < BRIEF_FROM) {
		snprintf(text, NUMBER_SIZE, "%s%.0f", sign, number);
		return text;
	}
	while (fabs(number) >= 999.5 && unit + 2 < sizeof(units)) {
		number /= 1000;
		unit++;
	}
	snprintf(text, NUMBER_SIZE, "%s%.*f%c", sign,
		 number < 9.995   ? 2
		 : number < 99.95 ? 1
				  : 0,
		 number, units[unit]);
	return text;
}

const char *format_figure(char *text, const struct row *row, enum figure figure,
			  struct format f)
{
	f.estimate = f.estimate && !columns[figure].exact;
	return format_number(text, row->figures[figure], f);
}

static int format_state(char *line, const struct follow_status *s)
{
	const char *base = path_base(s->program);
	char *utf8 = text_utf8(base, strlen(base));
	char *name = utf8 ? text_printable(utf8) : NULL;
	int n = 0;

	free(utf8);
	if (!name)
		return -ENOMEM;
	n = snprintf(line, HEADER_SIZE, "%.255s, process %" PRIu32 ": %s%s%s, %.1f s",
		     name, s->pid, s->state, s->error ? ": " : "",
		     s->error ? strerror(s->error) : "", (double)s->elapsed_ns / 1e9);
	if (!s->caught_up && n > 0 && n < HEADER_SIZE)
		snprintf(line + n, HEADER_SIZE - (size_t)n, "; %.0f %% read",
			 100 * fmin(s->done, 1));
	free(name);
	return 0;
}

int format_header(char lines[HEADER_LINES][HEADER_SIZE], const struct model *m,
		  struct format f)
{
	const struct follow_status *s = &m->status;
	struct format exact = {.brief = f.brief};
	char a[NUMBER_SIZE], b[NUMBER_SIZE], c[NUMBER_SIZE];

	snprintf(lines[1], HEADER_SIZE, "live: %s bytes in %s blocks; peak: %s bytes",
		 format_number(a, s->live_bytes, f), format_number(b, s->live_blocks, f),
		 format_number(c, s->peak_bytes, f));
	snprintf(lines[2], HEADER_SIZE, "allocated: %s blocks (%s/s)",
		 format_number(a, s->allocations, f),
		 format_number(b, m->allocation_rate, f));
	snprintf(lines[2] + strlen(lines[2]), HEADER_SIZE - strlen(lines[2]),
		 ", %s bytes (%s/s)", format_number(a, s->bytes, f),
		 format_number(b, m->byte_rate, f));
	snprintf(lines[2] + strlen(lines[2]), HEADER_SIZE - strlen(lines[2]),
		 "; freed: %s blocks (%s/s)", format_number(a, s->frees, f),
		 format_number(b, m->free_rate, f));
	snprintf(lines[3], HEADER_SIZE,
		 "foreign frees: %s; events lost: %s; threads: %zu%s",
		 format_number(a, (double)s->foreign, exact),
		 format_number(b, (double)s->lost, exact), m->threads.n,
		 s->sample_bytes ? "; ~ estimated from a sample" : "");
	return format_state(lines[0], s);
}
