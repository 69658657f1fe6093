/* SPDX-License-Identifier: MIT */
/* Source lines in a page, which only --embed-source puts there. For page-text.c. */
#pragma once

struct json;
struct making;

/* Write the key "sources": the lines around those of the sites, of files below the wanted
 * directory. Files that cannot be read are left out. */
void sources_write(const struct making *making, struct json *json);
