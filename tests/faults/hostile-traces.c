// SPDX-License-Identifier: MIT
/*
 * Writes the traces of hostile.h to a directory, NAME.trace, and says what must be made
 * of each: a line NAME, LOAD, CHECK, SAID with tabs between them. They are made and not
 * kept as files because a header with its counters alone has 260 KiB, and because the
 * tables say what is wrong with them.
 *
 * usage: hostile-traces DIRECTORY
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/faults/hostile.h"

static void write_row(const char *directory, const struct hostile *h)
{
	struct trace_writer w;
	char path[4096];

	hostile_make(h, &w);
	snprintf(path, sizeof(path), "%s/%s.trace", directory, h->name);
	writer_save_part(&w, path, h->cut ? h->cut : w.size);
	printf("%s\t%d\t%d\t%s\n", h->name, h->load, h->check, h->said);
	writer_fini(&w);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (size_t i = 0; hostile_row(i); i++)
		write_row(argv[1], hostile_row(i));
	return fflush(stdout) ? 2 : 0;
}
