// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"

#include "report/read.h"

#define DELAY 0.5 /* seconds before anything is drawn */

struct progress {
	double begun;
	bool is_terminal, shown;
};

static void show(void *context, double share)
{
	struct progress *p = context;

	if (!p->is_terminal || clock_seconds() - p->begun < DELAY)
		return;
	p->shown = true;
	fprintf(stderr, "\rreading blocks: %3.0f %%", share * 100);
}

struct report *report_read_shown(const struct database *database,
				 const struct report_options *options)
{
	struct progress progress = {.begun = clock_seconds(),
				    .is_terminal = isatty(STDERR_FILENO)};
	struct report_options shown = *options;
	struct report *report;

	shown.progress = show;
	shown.context = &progress;
	report = report_read(database, &shown);
	if (progress.shown)
		fprintf(stderr, "\r%24s\r", "");
	return report;
}
