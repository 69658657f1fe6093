/* SPDX-License-Identifier: MIT */
/*
 * What a check is given: databases, and traces, which are loaded together into a
 * database that is gone when the check ends, as one run.
 */
#pragma once

#include <stddef.h>

struct measure;
struct symbol_settings;

/* Measure them all; `symbols` says where files are. Dies of what cannot be read, and of
 * what is there twice. */
void inputs_measure(struct measure *measure, char **paths, size_t n,
		    const struct symbol_settings *symbols);
