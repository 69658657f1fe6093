/* SPDX-License-Identifier: MIT */
/* What a trace does not show, each with the line that mends it. For notes.c. */
#pragma once

struct report;

/* Fill report->unseen. */
void unseen_find(struct report *report);
