// SPDX-License-Identifier: MIT
/*
 * Programs and libraries whose files are others now than those that were traced. Many
 * processes may have run one of them: it is one note.
 */
#include <string.h>

#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/measure-parts.h"

void reading_note_rebuilt(struct reading *r, const struct measure_rebuilt *rebuilt)
{
	struct measure *m = r->m;

	for (size_t i = 0; i < m->n_rebuilt; i++) {
		struct measure_rebuilt *one = &m->rebuilt[i];

		if (one->sentence == rebuilt->sentence &&
		    strcmp(one->path, rebuilt->path) == 0) {
			one->n_processes++;
			return;
		}
	}
	m->rebuilt = arena_grow(r->arena, m->rebuilt, m->n_rebuilt, sizeof(*rebuilt));
	m->rebuilt[m->n_rebuilt] = *rebuilt;
	m->rebuilt[m->n_rebuilt++].n_processes = 1;
}

void reading_tell_lost(struct reading *r, const struct measure_frame *frame)
{
	for (size_t i = 0; i < r->m->n_rebuilt; i++) {
		struct measure_rebuilt *one = &r->m->rebuilt[i];

		one->is_told = one->is_told || strcmp(one->path, frame->module) == 0;
	}
}

void measure_note_rebuilt(struct measure *m)
{
	for (size_t i = 0; i < m->n_rebuilt; i++) {
		const struct measure_rebuilt *one = &m->rebuilt[i];
		const char *why =
			arena_format(m->arena, "%s %s", one->path, one->sentence);

		if (one->is_told)
			continue;
		if (one->n_processes > 1)
			why = arena_format(m->arena, "%s (%zu processes)", why,
					   one->n_processes);
		measure_add_problem(m, DEFECT_NONE,
				    one->n_processes > 1 ? "the traces" : one->trace,
				    one->program, why);
	}
}
