/* SPDX-License-Identifier: MIT */
/*
 * Reads the inputs of a check: databases, and traces. The traces are loaded, as one run,
 * into a temporary database, which is removed when the check ends.
 */
#pragma once

#include <stddef.h>

struct measure;
struct symbol_settings;

/*
 * Measure the n inputs at `paths`. Traces are loaded with the settings `symbols`. Dies if
 * an input cannot be read, or a trace is among them twice.
 */
void inputs_measure(struct measure *measure, char **paths, size_t n,
		    const struct symbol_settings *symbols);
