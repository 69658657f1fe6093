/* SPDX-License-Identifier: MIT */
#pragma once

struct verdict;

/* Note, once for each module, that code of the program's in which findings are has no
 * source lines, and why. Call it after the last finding was added. */
void lines_note(struct verdict *verdict);
