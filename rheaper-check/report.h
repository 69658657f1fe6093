/* SPDX-License-Identifier: MIT */
/* The formats of reports. Each is a function that writes a verdict to `out`. For
 * main.c. */
#pragma once

#include <stdio.h>

struct verdict;

typedef void report_fn(const struct verdict *verdict, FILE *out);

report_fn text_write; /* for a person; in colours if `out` is a terminal */
report_fn json_write;
report_fn junit_write;
report_fn sarif_write;
report_fn github_write;
report_fn markdown_write;
