/* SPDX-License-Identifier: MIT */
/* What a report says in sentences: what is wrong with the program, and what the trace
 * does not show. */
#pragma once

struct report;

/* Fill report->findings and report->unseen. Everything else must have been read. */
void notes_find(struct report *report);
