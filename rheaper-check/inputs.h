/* SPDX-License-Identifier: MIT */
/*
 * What a check is given: databases, and traces, which are loaded together into a
 * database that is gone when the check ends, as one run.
 */
#pragma once

#include <stddef.h>

struct measure;

/* Measure them all. Dies of what cannot be read. */
void inputs_measure(struct measure *measure, char **paths, size_t n);
