// SPDX-License-Identifier: MIT
/*
 * Code of a library that is linked into a file has nothing but its names to tell it from
 * the file's own. What is known: the file has the library, for a function of it that
 * every process calls is there; and the file's own sources were compiled with source
 * lines, for others of its functions have some. A function without is then not one of
 * them.
 */
#include <string.h>

#include "common/cli.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/measure-parts.h"

static const struct library {
	const char *name;
	const char *function; /* which calls main, or allocates before main */
} libraries[N_MEASURE_LIBRARIES] = {
	[LIBRARY_C] = {"libc", "__libc_start_main"},
	[LIBRARY_CXX] = {"libstdc++", "_GLOBAL__sub_I_eh_alloc.cc"},
};

unsigned int measure_linked(const char *name)
{
	for (unsigned int i = 0; i < N_MEASURE_LIBRARIES; i++) {
		if (strcmp(name, libraries[i].name) == 0)
			return 1u << i;
	}
	return 0;
}

static struct code *code_of(struct reading *r, int64_t module)
{
	uint32_t number = map_get(&r->code_numbers, (uint64_t)module);

	if (number != MAP_NONE)
		return &r->code[number];
	if (r->n_code >= MAP_NONE ||
	    map_put(&r->code_numbers, (uint64_t)module, (uint32_t)r->n_code))
		die("read %s: out of memory", r->database.name);
	r->code = arena_grow(r->arena, r->code, r->n_code, sizeof(*r->code));
	return &r->code[r->n_code++];
}

void reading_note_code(struct reading *r, int64_t module,
		       const struct measure_frame *frame)
{
	struct code *code = code_of(r, module);

	r->code_of_frames = arena_grow(r->arena, r->code_of_frames, r->n_frames,
				       sizeof(*r->code_of_frames));
	r->code_of_frames[r->n_frames] = (size_t)(code - r->code);
	code->has_lines = code->has_lines || frame->file;
	for (unsigned int i = 0; i < N_MEASURE_LIBRARIES; i++) {
		if (!frame->file && strcmp(frame->sym, libraries[i].function) == 0)
			code->linked |= 1u << i;
	}
}

void reading_find_linked(struct reading *r)
{
	for (size_t i = 0; i < r->n_frames; i++) {
		struct measure_frame *frame = &r->frames[i];
		const struct code *code = &r->code[r->code_of_frames[i]];

		frame->linked = code->has_lines && !frame->file ? code->linked : 0;
	}
}
