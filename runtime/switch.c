/* SPDX-License-Identifier: MIT */
/*
 * What has to be done to begin a trace, and to get rid of the last one, in order. One
 * thread at a time does it, under a lock; a handler may end the trace at any moment.
 */
#include <errno.h>
#include <string.h>

#include "contract/request.h"
#include "runtime/bus-error.h"
#include "runtime/capture.h"
#include "runtime/children.h"
#include "runtime/functions.h"
#include "runtime/memory-limit.h"
#include "runtime/modules.h"
#include "runtime/nodes.h"
#include "runtime/notice.h"
#include "runtime/os-lock.h"
#include "runtime/os-signal.h"
#include "runtime/sample.h"
#include "runtime/seen.h"
#include "runtime/settings.h"
#include "runtime/state.h"
#include "runtime/switch.h"
#include "runtime/symbols.h"
#include "runtime/trace-file.h"
#include "runtime/trace-name.h"
#include "runtime/tracker.h"
#include "runtime/unwind.h"

static struct rhp_lock life; /* of those who switch on and off */
static struct rhp_settings settings;
static uint64_t n_early; /* calls that no trace has counted yet */
static int last_error;   /* why tracking did not begin, 0 if it did */

const char *rhp_switch_trace_path(void)
{
	return settings.path;
}

void rhp_switch_lose_early(void)
{
	n_early++;
}

static void forget_all(void)
{
	rhp_nodes_forget();
	rhp_seen_forget();
	rhp_rules_forget();
	rhp_modules_forget();
	rhp_functions_forget();
	rhp_sample_forget();
}

/* What the last trace left behind, tracking being off. */
static void retire(void)
{
	if (rhp_trace_is_open()) {
		rhp_tracker_retire();
		rhp_trace_close();
		forget_all();
	}
	rhp_state_retired();
}

/* The same of the trace that the parent was writing when it forked this child. */
static void leave_parent(void)
{
	rhp_tracker_adopt();
	if (rhp_trace_is_open()) {
		rhp_child_is_followed();
		rhp_trace_leave();
		forget_all();
	}
}

COLD enum rhp_adoption rhp_switch_adopt(void)
{
	uint64_t signals;
	if (rhp_tracker_is_busy())
		return RHP_NOT_YET;
	rhp_os_block_signals(&signals);
	bool is_ours = rhp_state_adopt();
	if (is_ours) {
		leave_parent();
		rhp_state_adopted();
	}
	rhp_os_restore_signals(signals);
	return is_ours ? RHP_BY_US : RHP_BY_ANOTHER;
}

static COLD int begin(void)
{
	settings.capture = settings.own_calls ? (uint32_t)RHP_CAPTURE_LINK : rhp_capture;
	rhp_capture_now = settings.capture;
	int r = rhp_state_tell_children();
	if (r < 0)
		return r;
	rhp_os_barrier_prepare();
	r = rhp_trace_create(&settings, n_early);
	if (r < 0)
		return r;
	n_early = 0;
	if (settings.bus_errors)
		rhp_bus_error_handle();
	rhp_sample_start(&settings);
	r = rhp_tracker_start(&settings);
	if (r < 0)
		return rhp_trace_abandon(settings.path, r);
	rhp_trace_keep();
	rhp_state_begin();
	if (settings.max_bytes == 0)
		rhp_memory_limit_complain(rhp_trace_fd(), settings.path);
	return 0;
}

/* Whoever waits to do what was asked for from outside may find it done, and undone. */
static bool is_wanted_still(bool is_waiting)
{
	return rhp_state_generation() == 0 &&
	       (!is_waiting || rhp_state_now() == RHP_WAITING);
}

static int switch_on(const struct rhp_settings *wanted, bool is_waiting)
{
	int r = -EALREADY;
	rhp_lock_take(&life);
	if (is_wanted_still(is_waiting)) {
		retire();
		last_error = 0;
		memcpy(&settings, wanted, sizeof(settings));
		rhp_settings_expand_path(&settings, wanted->path);
		r = begin();
	}
	rhp_lock_drop(&life);
	if (r == 0)
		rhp_symbols_keep_program();
	return r;
}

int rhp_switch_on(const struct rhp_settings *wanted)
{
	if (rhp_state_is_forked() && rhp_switch_adopt() == RHP_NOT_YET)
		return -EBUSY;
	return switch_on(wanted, false);
}

COLD void rhp_switch_on_as_asked(const struct rhp_settings *asked, bool is_waiting)
{
	int r = switch_on(asked, is_waiting);
	if (r == 0 && !is_waiting && !asked->quiet)
		rhp_notice_begin(settings.path, rhp_trace_name_is_other());
	if (r == 0 || r == -EALREADY)
		return;
	last_error = r;
	rhp_state_give_up();
	rhp_settings_complain("cannot write the trace", settings.path, -r);
}

int rhp_switch_off(void)
{
	if (rhp_state_is_forked())
		return -EALREADY;
	rhp_lock_take(&life);
	rhp_tracker_name_all();
	int r = rhp_trace_stop(RHP_STATE_STOPPED) ? 0 : -EALREADY;
	retire();
	rhp_lock_drop(&life);
	rhp_symbols_keep_modules();
	return r;
}

int rhp_switch_on_later(void)
{
	return rhp_state_ask();
}

int rhp_switch_off_now(void)
{
	if (rhp_state_is_forked())
		return -EALREADY;
	return rhp_trace_stop(RHP_STATE_STOPPED) || rhp_state_take_back() ? 0 : -EALREADY;
}

void rhp_switch_describe(struct rhp_request *request)
{
	request->state = rhp_state_generation() != 0      ? RHP_IS_ON
			 : rhp_state_now() == RHP_WAITING ? RHP_IS_WAITING
							  : RHP_IS_OFF;
	request->last_error = (uint32_t)-last_error;
	if (rhp_trace_is_open()) /* who asks opens it by its number */
		rhp_trace_check();
	request->trace_fd = (uint32_t)rhp_trace_fd();
	memcpy(request->path, settings.path, sizeof(request->path));
}
