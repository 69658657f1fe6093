// SPDX-License-Identifier: MIT
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cli.h"
#include "common/command.h"
#include "common/output.h"
#include "report/diff-json.h"
#include "report/diff.h"
#include "report/numbers.h"
#include "report/page-diff.h"
#include "report/read.h"
#include "report/screen.h"
#include "rheaper-diff/options.h"
#include "rheaper-diff/retained.h"
#include "rheaper-diff/side.h"

static void write_text(const struct options *o, const struct diff *diff)
{
	enum screen_color color = o->color < 0 ? COLOR_AUTO : (enum screen_color)o->color;
	struct screen screen = screen_open(color, 0);

	screen_page(&screen, !o->no_pager);
	if (o->tree)
		diff_write_tree(&screen, diff, &o->diff);
	else
		diff_write(&screen, diff, &o->diff);
}

static void write_page(const struct options *o, const struct diff *diff,
		       const char *command)
{
	const struct page_options page = {
		.prune = PAGE_PRUNE, .max_size = PAGE_MAX_SIZE, .command = command};
	FILE *out = output_open(o->html, false);

	output_share();
	page_write_diff(out, diff, &page);
	output_finish();
	printf("%s\n", o->html);
}

/* Call sites, by what they allocated. */
static void compare_sites(const struct options *o, const char *command)
{
	struct report *sides[N_SIDES];
	struct diff diff;

	for (int i = 0; i < N_SIDES; i++)
		sides[i] = side_read(o->diff.inputs[i], (int64_t)o->processes[i],
				     &o->report, &o->symbols);
	diff = diff_make(sides[SIDE_A], sides[SIDE_B]);
	if (o->html)
		write_page(o, &diff, command);
	else if (o->json)
		diff_write_json(stdout, &diff, text_sort_value(o->diff.sort));
	else
		write_text(o, &diff);
	diff_fini(&diff);
	for (int i = 0; i < N_SIDES; i++)
		report_free(sides[i]);
}

int main(int argc, char **argv)
{
	struct options options;
	char *command = command_quote("rheaper-diff", argc, argv);

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	options_read(&options, argc, argv);
	output_protect(options.diff.inputs, N_SIDES);
	numbers_use_iec(options.iec);
	if (options.retained)
		retained_compare(&options);
	else
		compare_sites(&options, command);
	finish_output();
	screen_close();
	options_free(&options);
	free(command);
	return EXIT_FINE;
}
