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
#include <string.h>

#include "tests/faults/hostile.h"

void hostile_usual(struct trace_writer *w)
{
	size_t r = writer_region(w, 0, RHP_REGION_WINDOW, 0);

	writer_blob(w, r, RHP_BLOB_THREAD, 1, 4711, "main", 4);
	writer_module(w, r, 1, 0x400000, "/nonexistent/program");
	writer_blob(w, r, RHP_BLOB_FUNCTION, 1, 0, "malloc\0heap", 11);
	writer_node(w, r, RHP_FRAME, 1, 0, 0x401000, 1, 0);
	writer_node(w, r, RHP_CALL, USUAL_NODE, 1, 1, 0, 0);
	for (uint64_t i = 1; i <= 2; i++) {
		uint64_t address = i * 0x10000;

		writer_event(w, r,
			     (struct writer_event){RHP_ALLOC, address, i * 100, i * 100,
						   USUAL_NODE});
		writer_event(w, r,
			     (struct writer_event){RHP_FREE, address, i * 100 + 50, 0,
						   USUAL_NODE});
	}
}

static void write_row(const char *directory, const struct hostile *h)
{
	struct trace_writer w;
	char path[4096];

	writer_init(&w, 128);
	hostile_usual(&w);
	if (h->size)
		memcpy(w.bytes + h->at, &h->value, h->size);
	if (h->change)
		h->change(&w);
	snprintf(path, sizeof(path), "%s/%s.trace", directory, h->name);
	writer_save_part(&w, path, h->cut ? h->cut : w.size);
	printf("%s\t%d\t%d\t%s\n", h->name, h->load, h->check, h->said);
	writer_fini(&w);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (size_t i = 0; i < n_hostile_headers; i++)
		write_row(argv[1], &hostile_headers[i]);
	for (size_t i = 0; i < n_hostile_records; i++)
		write_row(argv[1], &hostile_records[i]);
	for (size_t i = 0; i < n_hostile_texts; i++)
		write_row(argv[1], &hostile_texts[i]);
	return fflush(stdout) ? 2 : 0;
}
