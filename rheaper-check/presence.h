/* SPDX-License-Identifier: MIT */
/*
 * Which programs of a baseline ran, and in how many processes: what did not run cannot
 * leak, and less of it is no improvement. A baseline of version 3 has all programs that
 * ran; an older one those that leaked or have totals, and no processes.
 */
#pragma once

#include "rheaper-check/baseline.h"
#include "rheaper-check/findings.h"
#include "rheaper-check/measure.h"

/* Mark programs that ran in fewer processes than the baseline has, as partial. Call it
 * before the two are compared. */
void presence_mark(struct measure *measure, const struct baseline *baseline);

/* Tell of what did not run, or less often, and of programs that have one name: by notes,
 * or by problems that make the check inconclusive if programs are required. */
void presence_tell(struct verdict *verdict, const struct baseline *baseline);

/* Bring what a baseline has of programs up to date: it has those that ran, too, and the
 * most processes. Other than amounts these may grow. Nothing is done for programs that
 * are partial, and for older versions. */
void presence_update(struct baseline *baseline, struct arena *arena,
		     const struct measure *measure);
