/* SPDX-License-Identifier: MIT */
/*
 * Switches tracking on and off, each time with a trace of its own. What the last trace
 * has left in memory goes when it is switched off, or before the next one begins. Which
 * states there are, and what leads from one to the other: state.h.
 */
#pragma once

#include <stdbool.h>

#include "runtime/cc.h"

struct rhp_request;
struct rhp_settings;

/* The path of the present trace, or of the last one; "" if there was none. */
HIDDEN const char *rhp_switch_trace_path(void);

/*
 * Switches tracking on, with a trace as the settings say: 0; -EALREADY if it is on;
 * -EBUSY if a handler calls that interrupted an event of the parent's, in a forked child;
 * or why the trace cannot be written. Any thread; not in a signal handler.
 */
HIDDEN int rhp_switch_on(const struct rhp_settings *settings);

/* Switches tracking off: 0 once the trace is complete, or -EALREADY. Any thread; not in a
 * signal handler. */
HIDDEN int rhp_switch_off(void);

/*
 * Switches tracking on as the environment asks, and says so on standard error if that
 * cannot be done. `is_waiting`: only if somebody outside has asked for it, and has not
 * taken that back. For the first call of a process, or one that finds that asked for.
 */
HIDDEN void rhp_switch_on_as_asked(const struct rhp_settings *asked, bool is_waiting);

/* A call came before the runtime could start: the first trace will count it as lost. */
HIDDEN void rhp_switch_lose_early(void);

/*
 * In a forked child: makes the runtime this process's own, with tracking switched off.
 * Whether this thread did it, or another one, or nobody, because this thread is in the
 * middle of one of its parent's events, of which the handler that calls knows nothing.
 */
enum rhp_adoption {
	RHP_NOT_YET,
	RHP_BY_US,
	RHP_BY_ANOTHER
};
HIDDEN enum rhp_adoption rhp_switch_adopt(void);

/*
 * For a signal handler, whatever it interrupted. The first has the next call switch
 * tracking on, as the environment asks: see rhp_state_ask(). The second ends the present
 * trace, or takes back what the first did: 0, or -EALREADY if there was nothing to end.
 */
HIDDEN int rhp_switch_on_later(void);
HIDDEN int rhp_switch_off_now(void);

/* How tracking stands: the answer of a request. For a signal handler, too. */
HIDDEN void rhp_switch_describe(struct rhp_request *request);
