/* SPDX-License-Identifier: MIT */
/* Writes all that a report says as one JSON object (docs/man/rheaper-report.1.scd). */
#pragma once

#include <stdio.h>

struct report;

void report_write_json(FILE *out, const struct report *report);
