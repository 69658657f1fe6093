// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "analysis/later.h"
#include "common/cli.h"
#include "loading/temporary.h"
#include "rheaper-check/arena.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/inputs.h"

static void note_left_out(void *context, const char *path, const char *later)
{
	struct measure *measure = context;

	measure_add_problem(
		measure, DEFECT_PARTIAL, arena_printable(measure->arena, path),
		"all programs",
		arena_format(
			measure->arena,
			"%s, a later trace of the same process, is not here; name it, "
			"too",
			arena_printable(measure->arena, later)));
}

static void note_others(void *context, const char *sentence)
{
	struct measure *measure = context;

	measure_add_problem(measure, DEFECT_NONE, "the traces", "all programs",
			    arena_printable(measure->arena, sentence));
}

static void measure_traces(struct measure *measure, const char *const *traces, size_t n,
			   const struct symbol_settings *symbols)
{
	const char *database = temporary_load(traces, n, symbols, false);

	measure_database(measure, database, n == 1 ? traces[0] : "the traces");
	temporary_remove();
	later_tell(traces, n, note_others, measure);
	later_find_left_out(traces, n, note_left_out, measure);
}

void inputs_measure(struct measure *measure, char **paths, size_t n,
		    const struct symbol_settings *symbols)
{
	const char **traces = calloc(n, sizeof(*traces));
	size_t n_traces = 0;

	if (!traces)
		die("read the inputs: out of memory");
	for (size_t i = 0; i < n; i++) {
		if (temporary_is_database(paths[i]))
			measure_database(measure, paths[i], paths[i]);
		else
			traces[n_traces++] = paths[i];
	}
	measure_check_sources(measure); /* before a long load */
	if (n_traces)
		measure_traces(measure, traces, n_traces, symbols);
	measure_check_sources(measure);
	free(traces);
}
