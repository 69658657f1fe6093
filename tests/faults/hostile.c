// SPDX-License-Identifier: MIT
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

void hostile_make(const struct hostile *h, struct trace_writer *w)
{
	writer_init(w, 128);
	hostile_usual(w);
	if (h->size)
		memcpy(w->bytes + h->at, &h->value, h->size);
	if (h->change)
		h->change(w);
}

const struct hostile *hostile_row(size_t i)
{
	const struct {
		const struct hostile *rows;
		size_t n;
	} tables[] = {
		{hostile_headers, n_hostile_headers},
		{hostile_records, n_hostile_records},
		{hostile_texts, n_hostile_texts},
	};

	for (size_t k = 0; k < sizeof(tables) / sizeof(*tables); k++) {
		if (i < tables[k].n)
			return &tables[k].rows[i];
		i -= tables[k].n;
	}
	return NULL;
}
