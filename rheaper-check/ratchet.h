/* SPDX-License-Identifier: MIT */
/* Makes baselines from what was measured. For main.c. */
#pragma once

#include <stdbool.h>

struct arena;
struct baseline;
struct baseline_list;
struct limits;
struct measure;

/* Fill a baseline with the leaks of a measure, and with the amounts whose growth is
 * limited. */
void ratchet_new(struct baseline *baseline, struct arena *arena,
		 const struct measure *measure, const struct limits *limits);

/* Return whether entries have amounts other than leaks. */
bool ratchet_has_totals(const struct baseline_list *list);

/* Reduce a baseline, after findings_compare, to what is still there. It never grows. */
void ratchet_less(struct baseline *baseline);
