// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <time.h>

#include "common/clock.h"
#include "loading/inputs.h"

#include "loading/progress.h"

#define WIDTH 72
#define MIN_SECONDS 0.1 /* between two lines */

void progress_begin(struct progress *p, const struct input *inputs, size_t n)
{
	*p = (struct progress){.begun = clock_seconds()};
	for (size_t i = 0; i < n; i++)
		p->n_bytes += inputs[i].size;
}

static void write_line(const struct progress *p, double now, uint64_t position,
		       const char *what)
{
	double seconds = now - p->begun;
	double share = p->n_bytes ? (double)(p->done + position) / (double)p->n_bytes : 1;
	char line[WIDTH + 1], left[WIDTH] = "";

	if (share > 1)
		share = 1;
	if (share > 0.01)
		snprintf(left, sizeof(left), ", %.0f s left", seconds * (1 / share - 1));
	snprintf(line, sizeof(line), "%3.0f %%, %.1f million blocks, %.2f million/s%s%s",
		 share * 100, (double)p->n_rows / 1e6,
		 seconds > 0 ? (double)p->n_rows / 1e6 / seconds : 0, left, what);
	fprintf(stderr, "\r%-*s", WIDTH, line);
}

void progress_show(struct progress *p, uint64_t position, uint64_t new_rows)
{
	double now = clock_seconds();

	p->n_rows += new_rows;
	if (now - p->shown < MIN_SECONDS)
		return;
	p->shown = now;
	write_line(p, now, position, "");
}

void progress_next(struct progress *p, uint64_t size)
{
	p->done += size;
}

void progress_say(struct progress *p, const char *what)
{
	write_line(p, clock_seconds(), 0, what);
}

void progress_end(struct progress *p)
{
	(void)p;
	fprintf(stderr, "\r%*s\r", WIDTH, "");
}
