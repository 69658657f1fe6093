/* SPDX-License-Identifier: MIT */
/* The table rheaper_trace, for SQLite's shell and other programs that load extensions. */
#pragma once

#include <sqlite3.h>

struct sqlite3_api_routines;

/* Add it to a connection: SQLite calls this when it loads rheaper_trace.so. */
int sqlite3_rheapertrace_init(sqlite3 *db, char **message,
			      const struct sqlite3_api_routines *api);
