// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "common/cli.h"
#include "loading/temporary.h"
#include "rheaper-check/measure.h"

#include "rheaper-check/inputs.h"

static void measure_traces(struct measure *measure, const char *const *traces, size_t n,
			   const struct symbol_settings *symbols)
{
	const char *database = temporary_load(traces, n, symbols, false);

	measure_database(measure, database, n == 1 ? traces[0] : "the traces");
	temporary_remove();
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
