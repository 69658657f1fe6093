/* SPDX-License-Identifier: MIT */
/* Writes what a report says of a process as a whole as members of a JSON object: the keys
 * of docs/reference/report-page.md, for pages and for --json. */
#pragma once

#include "report/model.h"

struct json;

/* What is left out: a set of PAGE_REDACT_... of page.h. The first one writes what is in
 * the object of the second. */
void facts_write_process_members(struct json *json, const struct report *report,
				 unsigned int redact);
void facts_write_process(struct json *json, const struct report *report,
			 unsigned int redact);
void facts_write_totals(struct json *json, const struct report *report);
void facts_write_estimate(struct json *json, const struct report *report);
void facts_write_times(struct json *json, const struct report *report);
void facts_write_scopes(struct json *json, const struct report *report);
void facts_write_threads(struct json *json, const struct report *report);
void facts_write_notes(struct json *json, const struct report *report);
void facts_write_settings(struct json *json, const struct report *report);

/* The whole name of a value of a site: "peak_bytes". */
extern const char *const report_value_names[N_REPORT_VALUES];
