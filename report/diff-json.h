/* SPDX-License-Identifier: MIT */
/* Writes all that a diff says as one JSON object (docs/man/rheaper-diff.1.scd). */
#pragma once

#include <stdio.h>

#include "report/model.h"

struct diff;

/* `value` decides what became of a site. */
void diff_write_json(FILE *out, const struct diff *diff, enum report_value value);
