/* SPDX-License-Identifier: MIT */
#pragma once

struct baseline;
struct limits;
struct verdict;

/*
 * Add notes of what the verdict passes over: leaks that do not count, and what the
 * baseline, which may be NULL, has nothing to compare with. Call it after
 * findings_compare.
 */
void notes_add(struct verdict *verdict, const struct baseline *baseline,
	       const struct limits *limits);
