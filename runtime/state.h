/* SPDX-License-Identifier: MIT */
/*
 * Whether this process records: the one word that every wrapped call reads, and all that
 * changes it.
 *
 *   A process begins:
 *
 *                 look                begin
 *         FRESH --------> STARTING -----------> ON
 *          |  ^------------'  |
 *          |    too_early     |      give_up
 *          | follow           `---------------> OFF
 *          v
 *      FOLLOWING
 *
 *   Tracking is switched:
 *
 *               begin         end             retired
 *         OFF --------> ON --------> STOPPING --------> OFF
 *          |            ^               |  ^
 *          |            | begin         |  | take_back
 *          |   ask      |         ask   |  |
 *          `--------> WAITING <---------'  |
 *                       |  |               |
 *               give_up |  `---------------'
 *                       `--> OFF
 *
 *   A child was forked from a process that had begun a trace, or listens to a signal:
 *
 *                      adopt              adopted
 *         FRESH ------------------> ADOPTING -----> OFF
 *          |                          ^
 *          | stay_out          adopt  |
 *          `-----------> FORKED ------'
 *
 * The word lies on a page that the kernel zeroes in every forked child, however it is
 * made, so that no child writes to its parent's trace. So FRESH is 0, and says the same
 * everywhere: nobody has looked yet in this process. Whether it is a child is a question
 * of its own, rhp_state_is_forked(). A child of vfork shares the page, and goes on
 * recording for its parent.
 *
 * All of this is async-signal-safe, and may be called by any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/cc.h"
#include "runtime/machine.h"

/* The order matters to rhp_enter(): a call has something to do up to ON, and nothing
 * from OFF on. */
enum rhp_state {
	RHP_FRESH = 0,   /* nobody has looked yet: the next call does */
	RHP_WAITING = 1, /* somebody outside asked for a trace: the next call begins it */
	RHP_ON = 2,      /* calls are recorded */
	RHP_OFF = 3,     /* nothing is recorded, and no trace has anything in memory */
	RHP_STOPPING = 4, /* the same, but a trace may have: it has to be retired */
	RHP_STARTING = 5, /* one thread reads the environment; calls are not recorded */
	RHP_FORKED = 6,   /* a child that is not followed, unless it switches on itself */
	RHP_ADOPTING = 7, /* a child: one thread lets go of what is its parent's */
	RHP_FOLLOWING = 8, /* a plug-in: another module records for this process */
};

/* The page. Other files read it, and leave writing to this module. */
struct rhp_control {
	uint32_t state;       /* enum rhp_state */
	uint32_t generation;  /* of the trace being written, 0: none */
	uint32_t generations; /* of the latest trace, being written or not */
	uint32_t tells;       /* 1: this process tells its children from itself */
	uint32_t counted;     /* of a child: enum rhp_counted */
	char rest_of_page[RHP_PAGE_MAX - 5 * sizeof(uint32_t)];
};

extern HIDDEN struct rhp_control rhp_control;

static ALWAYS_INLINE enum rhp_state rhp_state_now(void)
{
	return (enum rhp_state)__atomic_load_n(&rhp_control.state, __ATOMIC_RELAXED);
}

/* The generation of the trace that is being written, 0 if none is. Which traces there
 * were is told by it: no two of a process and its forked children have the same. */
static ALWAYS_INLINE uint32_t rhp_state_generation(void)
{
	return __atomic_load_n(&rhp_control.generation, __ATOMIC_ACQUIRE);
}

/* The generation of the latest trace, whether it is being written or not; 0: none yet. */
static ALWAYS_INLINE uint32_t rhp_state_latest(void)
{
	return rhp_control.generations;
}

/* Gives the trace that is about to be made its generation. The caller holds the lock of
 * those who switch on and off. */
HIDDEN void rhp_state_new_generation(void);

/* The first call of a process: true for one thread, which then decides by begin() or
 * give_up(), or by too_early() lets a later call look again. */
HIDDEN bool rhp_state_look(void);
HIDDEN void rhp_state_too_early(void);

/* Tracking cannot begin, or is not asked for. It stays off. */
HIDDEN void rhp_state_give_up(void);

/* A plug-in whose process another module records for. */
HIDDEN void rhp_state_follow(void);

/* Has the kernel tell children from this process from now on: 0 or -errno. Before a
 * trace is made, and before anybody can ask for one. */
HIDDEN int rhp_state_tell_children(void);

/* The latest trace is ready: calls are recorded into it from now on, unless end() has
 * come in the meantime (in a handler). The caller holds the same lock. */
HIDDEN void rhp_state_begin(void);

/* Whether the trace that is being written was begun by the first call of the process. */
HIDDEN bool rhp_state_began_with_process(void);

/* No event begins to be recorded from now on; some may be in the middle. Returns the
 * generation of the trace that ended, 0 if none was being written. */
HIDDEN uint32_t rhp_state_end(void);

/* Nothing of the trace that ended is in memory any more. The caller holds the lock. */
HIDDEN void rhp_state_retired(void);

/* Asks for a trace, which the next call begins: 0; -EALREADY if one is being written,
 * -ECHILD in a forked child that is its parent's still. Takes that back: whether it had
 * been asked for. */
HIDDEN int rhp_state_ask(void);
HIDDEN bool rhp_state_take_back(void);

/* Whether this is a forked child in which all that the runtime has is still its
 * parent's: nothing may be written. */
HIDDEN bool rhp_state_is_forked(void);

/* A forked child: it is not followed. */
HIDDEN void rhp_state_stay_out(void);

/* As what its parent's trace counts a forked child (children.h). */
enum rhp_counted {
	RHP_NOT_COUNTED = 0,
	RHP_COUNTED_SILENT = 1,
	RHP_COUNTED_EXECUTING = 2,
	RHP_COUNTED_QUIET = 3,
};

/* Changes that; returns what it was. */
HIDDEN enum rhp_counted rhp_state_count(enum rhp_counted as);
HIDDEN enum rhp_counted rhp_state_counted(void);

/*
 * A forked child is to have traces of its own: true for one thread, with a number for
 * the process by which the locks of the parent's threads are free. That thread lets go of
 * what is the parent's, and calls adopted(). Any other thread waits for that, and gets
 * false. Signals must be blocked, and the thread must not be in an event.
 */
HIDDEN bool rhp_state_adopt(void);
HIDDEN void rhp_state_adopted(void);
