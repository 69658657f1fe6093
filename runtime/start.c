/* SPDX-License-Identifier: MIT */
/*
 * The first call may come before constructors, and before libc is initialised: then the
 * environment is not there yet, and the next call tries again. The runtime never ends:
 * blocks are freed until the very last moment, and a trace needs no closing.
 */
#include <errno.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "runtime/children.h"
#include "runtime/listen.h"
#include "runtime/runtime.h"
#include "runtime/settings.h"
#include "runtime/start.h"
#include "runtime/state.h"
#include "runtime/switch.h"
#include "runtime/symbols.h"
#include "runtime/tracker.h"

bool rhp_start_waits;

static struct rhp_settings asked; /* what the environment says */

const struct rhp_settings *rhp_start_asked(void)
{
	return &asked;
}

/* To the signal that the environment names. */
static COLD void listen(void)
{
	int r = rhp_state_tell_children();
	if (r == 0)
		r = rhp_listen((int)asked.signal);
	if (r == -EBUSY)
		rhp_settings_complain("cannot listen to",
				      "RHEAPER_SIGNAL: the program handles that signal; "
				      "name another",
				      0);
	else if (r < 0)
		rhp_settings_complain("cannot listen to", "RHEAPER_SIGNAL", -r);
}

/* Once. A program that runs with more rights than its caller takes no orders from the
 * caller's environment. */
static COLD void read_environment(void)
{
	static bool is_read;
	if (is_read)
		return;
	is_read = true;
	rhp_settings_read(&asked, getauxval(AT_SECURE) ? NULL : environ);
	if (asked.keep_symbols)
		rhp_symbols_start(environ, asked.symbols_bytes);
}

/* The first call of the process. */
static COLD void start_process(void)
{
	if (!environ || rhp_start_waits) {
		rhp_switch_lose_early();
		rhp_state_too_early();
		return;
	}
	read_environment();
	if (asked.path[0] && asked.start)
		rhp_switch_on_as_asked(&asked, false);
	else
		rhp_state_give_up();
	/* Only now: before, it could not be switched on from outside. */
	if (asked.signal)
		listen();
}

/* The first call of a forked child: its parent's trace is not its. */
static COLD void start_child(void)
{
	read_environment();
	if (!asked.follow_fork) {
		rhp_child_stays_out();
		rhp_state_stay_out();
	} else if (rhp_switch_adopt() == RHP_BY_US && asked.start)
		rhp_switch_on_as_asked(&asked, false);
}

/* Somebody outside has asked for a trace. */
static COLD void start_wanted(void)
{
	/* Before, the last trace is waited for, and this thread may be in the middle
	 * of an event of it. */
	if (!rhp_tracker_is_busy())
		rhp_switch_on_as_asked(&asked, true);
}

static COLD void start(void)
{
	struct rhp_place guard = rhp_real_begin(RHP_FRAME_HERE);
	if (rhp_state_now() == RHP_WAITING)
		start_wanted();
	else if (rhp_state_is_forked())
		start_child();
	else if (rhp_state_look())
		start_process();
	/* Otherwise another thread, or a handler, is at it: not recorded. */
	rhp_real_end(guard);
}

void rhp_start(void)
{
	if (rhp_state_now() == RHP_FRESH)
		start();
}

int rhp_start_switch_on(const struct rhp_settings *wanted)
{
	rhp_start();
	return rhp_switch_on(wanted);
}

/* What is known of this thread's stack, or NULL. */
static const struct rhp_bounds *known_stack(void)
{
	const struct rhp_tracker *t = rhp_thread.tracker;
	return t ? &t->stacks.own.known : NULL;
}

bool rhp_enter_slowly(const void *frame)
{
	if (rhp_state_now() < RHP_ON)
		start();
	if (rhp_state_now() != RHP_ON)
		return false;
	if (rhp_place_alive(&rhp_thread.guard, frame, known_stack()))
		return false;
	rhp_place_clear(&rhp_thread.guard);
	return true;
}
