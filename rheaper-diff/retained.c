// SPDX-License-Identifier: MIT
/*
 * Of one process the numbers of sites are the same on both sides. Of two, sites are
 * paired as those of any diff are, so the reports of both are read for that, too.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/cli.h"
#include "common/json.h"
#include "report/diff.h"
#include "report/holders-diff.h"
#include "report/read.h"
#include "report/screen.h"
#include "rheaper-diff/options.h"
#include "rheaper-diff/side.h"

#include "rheaper-diff/retained.h"

struct compared {
	struct report *reports[N_SIDES]; /* of one process: the same */
	struct holders *holders[N_SIDES];
};

static void write_diff(const struct options *o, const struct compared *c,
		       const struct holders_diff *diff)
{
	enum screen_color color = o->color < 0 ? COLOR_AUTO : (enum screen_color)o->color;
	const struct overview_process *const processes[N_SIDES] = {
		&c->reports[SIDE_A]->process, &c->reports[SIDE_B]->process};
	struct screen screen;
	struct json json;

	if (o->json) {
		json = json_open(stdout);
		holders_diff_write_json(&json, diff);
		putchar('\n');
		return;
	}
	screen = screen_open(color, 0);
	screen_page(&screen, !o->no_pager);
	holders_diff_write(&screen, diff, processes, &o->diff);
}

static struct holders *read_holders(const struct options *o, const struct compared *c,
				    const struct side *side, enum diff_side i,
				    enum holders_which which)
{
	return holders_read(&side->database, c->reports[i]->process.process,
			    o->snapshots[i], which);
}

/* Both are of one process, which may be named for either side. */
static void compare_one(const struct options *o, struct compared *c)
{
	int64_t a = (int64_t)o->processes[SIDE_A],
		process = a ? a : (int64_t)o->processes[SIDE_B];
	struct side side = side_open(o->diff.inputs[0], process, &o->symbols);
	struct holders_diff diff;

	c->reports[SIDE_A] = c->reports[SIDE_B] = side_report(&side, process, &o->report);
	c->holders[SIDE_A] = read_holders(o, c, &side, SIDE_A, HOLDERS_FIRST);
	c->holders[SIDE_B] = read_holders(o, c, &side, SIDE_B, HOLDERS_LAST);
	if (c->holders[SIDE_A]->snapshot == c->holders[SIDE_B]->snapshot)
		die("%s: A and B are one heap snapshot, '%s'; the process has %zu",
		    side.path, c->holders[SIDE_A]->name, c->holders[SIDE_A]->n_snapshots);
	diff = holders_diff_make(c->holders[SIDE_A], c->holders[SIDE_B], NULL);
	holders_diff_count(&diff, &side.database, c->reports[SIDE_A]->process.process);
	write_diff(o, c, &diff);
	holders_diff_fini(&diff);
	side_close(&side);
}

static void compare_two(const struct options *o, struct compared *c)
{
	struct holders_diff holders_diff;
	struct diff diff;
	uint32_t *sites;

	for (int i = 0; i < N_SIDES; i++) {
		int64_t process = (int64_t)o->processes[i];
		struct side side = side_open(o->diff.inputs[i], process, &o->symbols);

		c->reports[i] = side_report(&side, process, &o->report);
		c->holders[i] =
			read_holders(o, c, &side, (enum diff_side)i, HOLDERS_LAST);
		side_close(&side);
	}
	diff = diff_make(c->reports[SIDE_A], c->reports[SIDE_B]);
	sites = holders_match_sites(c->holders[SIDE_A], c->holders[SIDE_B], &diff);
	diff_fini(&diff);
	holders_diff = holders_diff_make(c->holders[SIDE_A], c->holders[SIDE_B], sites);
	write_diff(o, c, &holders_diff);
	holders_diff_fini(&holders_diff);
	free(sites);
}

static bool is_one_process(const struct options *o)
{
	size_t a = o->processes[SIDE_A], b = o->processes[SIDE_B];

	return o->n_inputs == 1 && (a == b || a == 0 || b == 0);
}

void retained_compare(const struct options *o)
{
	struct compared c;

	if (is_one_process(o))
		compare_one(o, &c);
	else
		compare_two(o, &c);
	for (int i = 0; i < N_SIDES; i++)
		holders_free(c.holders[i]);
	if (c.reports[SIDE_B] != c.reports[SIDE_A])
		report_free(c.reports[SIDE_B]);
	report_free(c.reports[SIDE_A]);
}
