/* SPDX-License-Identifier: MIT */
/* How the runtime came up; for the public functions. */
#pragma once

#include "runtime/cc.h"

/* The path of this process's trace, "" if it has none. It stays valid. */
HIDDEN const char *rhp_start_trace_path(void);

/* Its address brings api.c into the link. */
extern HIDDEN const char rhp_api_present;
