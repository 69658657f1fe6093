/* SPDX-License-Identifier: MIT */
/* How the runtime came up; for the public functions. */
#pragma once

#include <stdbool.h>

#include "runtime/cc.h"

/* The path of the present trace, or of the last one; "" if there was none. */
HIDDEN const char *rhp_start_trace_path(void);

/* Whether the present trace has every block that the allocator ever gave out: it began
 * with the process, and leaves nothing out. */
HIDDEN bool rhp_start_has_all_blocks(void);

/* The settings that the environment asks for. */
struct rhp_settings;
HIDDEN const struct rhp_settings *rhp_start_asked(void);

/*
 * Switches tracking on, with a trace as the settings say: 0; -EALREADY if it is on, or
 * why the trace cannot be written. Switches it off: 0 once the trace is complete, or
 * -EALREADY. Any thread; not in a signal handler.
 */
HIDDEN int rhp_start_tracking(const struct rhp_settings *settings);
HIDDEN int rhp_stop_tracking(void);

/*
 * For a signal handler, whatever it interrupted. Has the next call that would be recorded
 * switch tracking on, as the environment asks: 0, -EALREADY if it is on, -ECHILD in a
 * forked child that is not followed (yet). Ends the present trace, or takes back the
 * former: 0, or -EALREADY if there was nothing to end; what the trace leaves in memory
 * goes before the next one begins.
 */
HIDDEN int rhp_start_later(void);
HIDDEN int rhp_stop_now(void);

/* How tracking stands: the answer of a request. The same. */
struct rhp_request;
HIDDEN void rhp_start_describe(struct rhp_request *request);

/* Its address brings api.c into the link. */
extern HIDDEN const char rhp_api_present;
