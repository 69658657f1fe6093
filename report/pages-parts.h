/* SPDX-License-Identifier: MIT */
/* The parts of pages.c, in their order: pages-areas.c, pages-walk.c, pages-arenas.c. */
#pragma once

#include "report/pages.h"

/* Give each block, which are sorted, its area. Refutes the model if they contradict it.
 */
void pages_find_areas(struct pages *pages);

/* Count the pages that the blocks touch, and find their holders: runs and pins. */
void pages_walk(struct pages *pages);

/* Find what the heaps of all arenas keep, and what one arena would have needed. */
void pages_find_arenas(struct pages *pages);
