/* SPDX-License-Identifier: MIT */
/* Where findings are in the source. For the reports. */
#pragma once

#include "rheaper-check/findings.h"

/*
 * The frame to point at: the innermost one with a line in a file below the root of the
 * sources, or the innermost one with a line; NULL: none has one.
 */
const struct measure_frame *locate_frame(const struct verdict *verdict,
					 const struct finding *finding);

/* A file's path below the root of the sources, or the path itself. */
const char *locate_path(const struct verdict *verdict, const char *path);

/* "new leak: 1 block, 5 bytes" */
const char *locate_title(const struct verdict *verdict, const struct finding *finding);

/* A finding's stack, a line for each frame up to main; "" if it has none. */
const char *locate_stack(const struct verdict *verdict, const struct finding *finding);

/* An improvement in one line, with its functions. */
const char *locate_better(const struct verdict *verdict,
			  const struct improvement *improvement);
