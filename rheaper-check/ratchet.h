/* SPDX-License-Identifier: MIT */
/* Baselines made from what was measured. For main.c. */
#pragma once

#include <stdbool.h>

struct arena;
struct baseline;
struct baseline_list;
struct limits;
struct measure;

/* A baseline of what leaks, and of the amounts whose growth is limited. */
void ratchet_new(struct baseline *baseline, struct arena *arena,
		 const struct measure *measure, const struct limits *limits);

/* Whether entries have other amounts than leaks. */
bool ratchet_has_totals(const struct baseline_list *list);

/* Of a baseline that was compared, what is there still. It never grows. */
void ratchet_less(struct baseline *baseline);
