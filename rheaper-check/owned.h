/* SPDX-License-Identifier: MIT */
/* What hangs below the definitely lost blocks of a leak. For findings.c. */
#pragma once

struct arena;
struct finding;
struct verdict;

/* Set what hangs below the blocks of a leak, which has its site and amounts. */
void owned_take(struct verdict *verdict, struct finding *finding);

/* Describe what a leak leaks, and what is lost with it: "1 block, 8 bytes definitely
 * lost, and 2 blocks, 90 bytes reachable only through it". */
const char *owned_describe(struct arena *arena, const struct finding *finding);

/* Take out the leaks that hang below others, if all of them does. Call it when all leaks
 * are found. */
void owned_fold(struct verdict *verdict);
