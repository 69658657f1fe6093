/* SPDX-License-Identifier: MIT */
/* What a load says on standard output when it is done. For main.c. */
#pragma once

struct load_result;

/* One line for people. */
void summary_print(const struct load_result *result);

/* The same and more as one JSON object. */
void summary_print_json(const struct load_result *result, const char *database);
