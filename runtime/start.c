/* SPDX-License-Identifier: MIT */
/*
 * The life of the runtime: it starts in its constructor, or in a wrapped call
 * that comes earlier still: before constructors, before libc is initialised.
 * It never ends: blocks are freed until the very last moment, and a trace
 * needs no closing. Tracking is switched on and off in between, each time with a
 * trace of its own; what the last one has left in memory goes when it is switched off,
 * or before the next one.
 */
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "runtime/bus-error.h"
#include "runtime/leak.h"
#include "runtime/listen.h"
#include "runtime/modules.h"
#include "runtime/nodes.h"
#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/os-signal.h"
#include "runtime/runtime.h"
#include "runtime/sample.h"
#include "runtime/settings.h"
#include "runtime/start.h"
#include "runtime/tracker.h"
#include "runtime/unwind.h"
#include "trace/request.h"

static uint32_t starting; /* 1 while and after one thread starts the runtime */
static uint32_t started;  /* it has been done: UNDECIDED now means something else */
static uint64_t n_early;  /* calls seen before the environment was there */

static struct rhp_lock life;      /* of those who switch on and off */
static bool is_owned;             /* forked children are told from this process */
static bool is_used;              /* a trace was begun and has not been retired */
static struct rhp_settings asked; /* what the environment says */
static struct rhp_settings settings;
static uint32_t begun_first; /* generation of the trace that began with the process */
static int last_error;       /* why tracking did not begin, 0 if it did */

const char *rhp_start_trace_path(void)
{
	return settings.path;
}

bool rhp_start_has_all_blocks(void)
{
#ifdef RHP_PLUGIN
	return false; /* the program's own are not ours */
#else
	return begun_first && rhp_capture_now == RHP_CAPTURE_PROCESS &&
	       rhp_control.generation == begun_first && !settings.sample_bytes;
#endif
}

const struct rhp_settings *rhp_start_asked(void)
{
	return &asked;
}

static void set_state(enum rhp_tracking state)
{
	__atomic_store_n(&rhp_control.state, state, __ATOMIC_RELEASE);
}

/* What the last trace left behind, tracking being off. */
static void retire(void)
{
	if (!is_used)
		return;
	if (rhp_control.is_ours) {
		rhp_tracker_retire();
		rhp_trace_close();
	} else {
		rhp_tracker_adopt();
		rhp_trace_leave();
	}
	rhp_nodes_forget();
	rhp_rules_forget();
	rhp_modules_forget();
	rhp_functions_forget();
	rhp_sample_forget();
	is_used = false;
}

/* Tells this process from children that are forked from now on. */
static int own_process(void)
{
	int r = rhp_os_wipe_on_fork(&rhp_control, sizeof(rhp_control));
	if (r < 0)
		return r;
	rhp_control.is_ours = 1;
	is_owned = true;
	return 0;
}

/*
 * In a forked child whose parent was traced: makes the runtime this process's own, with
 * tracking switched off. Not while a thread is in the middle of one of its parent's
 * events, of which the handler that calls knows nothing. One thread does it, the others
 * wait for it.
 */
enum followed {
	NOT_YET,
	BY_US,
	BY_ANOTHER
};

static COLD enum followed follow(void)
{
	uint64_t signals;
	enum followed followed = BY_ANOTHER;
	if (rhp_tracker_is_busy())
		return NOT_YET;
	rhp_os_block_signals(&signals);
	if (!__atomic_exchange_n(&rhp_control.is_followed, 1, __ATOMIC_ACQUIRE)) {
		rhp_os_process++;
		if (is_used)
			retire();
		else
			rhp_tracker_adopt(); /* what is left of earlier traces */
		set_state(RHP_INACTIVE);
		__atomic_store_n(&rhp_control.is_ours, 1, __ATOMIC_RELEASE);
		followed = BY_US;
	}
	for (unsigned i = 0; !__atomic_load_n(&rhp_control.is_ours, __ATOMIC_ACQUIRE);
	     i++)
		rhp_os_wait(i);
	rhp_os_restore_signals(signals);
	return followed;
}

static bool is_forked(void)
{
	return is_owned && !__atomic_load_n(&rhp_control.is_ours, __ATOMIC_ACQUIRE);
}

static COLD int begin(void)
{
	settings.capture = settings.own_calls ? (uint32_t)RHP_CAPTURE_LINK : rhp_capture;
	rhp_capture_now = settings.capture;
	int r = own_process();
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
	is_used = true;
	rhp_trace_switch_on();
	return 0;
}

/* Whoever waits to do what was asked for from outside may find it done, and undone. */
static bool is_wanted_still(bool from_outside)
{
	uint32_t state = __atomic_load_n(&rhp_control.state, __ATOMIC_RELAXED);
	return rhp_control.generation == 0 && (!from_outside || state == RHP_UNDECIDED);
}

static int start_tracking(const struct rhp_settings *wanted, bool from_outside)
{
	int r = -EALREADY;
	rhp_lock_take(&life);
	if (is_wanted_still(from_outside)) {
		retire();
		last_error = 0;
		memcpy(&settings, wanted, sizeof(settings));
		rhp_settings_expand_path(&settings, wanted->path);
		r = begin();
	}
	rhp_lock_drop(&life);
	return r;
}

int rhp_start_tracking(const struct rhp_settings *wanted)
{
	if (is_forked() && follow() == NOT_YET)
		return -EBUSY;
	return start_tracking(wanted, false);
}

int rhp_start_later(void)
{
	uint32_t off = RHP_INACTIVE;
	if (is_forked())
		return -ECHILD;
	if (__atomic_load_n(&rhp_control.generation, __ATOMIC_RELAXED) != 0)
		return -EALREADY;
	__atomic_compare_exchange_n(&rhp_control.state, &off, RHP_UNDECIDED, false,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return 0;
}

int rhp_stop_now(void)
{
	uint32_t waiting = RHP_UNDECIDED;
	if (is_forked())
		return -EALREADY;
	if (rhp_trace_switch_off(RHP_STATE_STOPPED))
		return 0;
	return __atomic_compare_exchange_n(&rhp_control.state, &waiting, RHP_INACTIVE,
					   false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
		       ? 0
		       : -EALREADY;
}

void rhp_start_describe(struct rhp_request *request)
{
	bool is_on = __atomic_load_n(&rhp_control.generation, __ATOMIC_RELAXED) != 0;
	uint32_t state = __atomic_load_n(&rhp_control.state, __ATOMIC_RELAXED);
	request->state = is_on                                    ? RHP_IS_ON
			 : state == RHP_UNDECIDED && !is_forked() ? RHP_IS_WAITING
								  : RHP_IS_OFF;
	request->last_error = (uint32_t)-last_error;
	request->trace_fd = (uint32_t)rhp_trace_fd();
	memcpy(request->path, settings.path, sizeof(request->path));
}

int rhp_stop_tracking(void)
{
	if (is_forked())
		return -EALREADY;
	rhp_lock_take(&life);
	rhp_tracker_name_all();
	int r = rhp_trace_switch_off(RHP_STATE_STOPPED) ? 0 : -EALREADY;
	retire();
	rhp_lock_drop(&life);
	return r;
}

/* As the environment asks. */
static COLD void start_asked(bool from_outside)
{
	int r = start_tracking(&asked, from_outside);
	if (r == 0 || r == -EALREADY)
		return;
	last_error = r;
	set_state(RHP_INACTIVE);
	rhp_settings_complain("cannot write the trace", settings.path, -r);
}

/* The signal that the environment names. */
static COLD void listen(void)
{
	int r = own_process();
	if (r == 0)
		r = rhp_listen((int)asked.signal);
	if (r == -EBUSY)
		rhp_settings_complain("does not use", "RHEAPER_SIGNAL: it has a handler",
				      0);
	else if (r < 0)
		rhp_settings_complain("cannot use", "RHEAPER_SIGNAL", -r);
}

/* Decides for this process; false while it is too early to tell. */
static COLD bool decide(void)
{
	if (!environ) {
		n_early++;
		return false;
	}
	/* A program that runs with more rights than its caller takes no orders
	 * from the caller's environment. */
	bool trusted = !getauxval(AT_SECURE);
	rhp_settings_read(&asked, trusted ? environ : NULL);
	if (asked.path[0] && asked.start) {
		start_asked(false);
		begun_first = rhp_control.generation;
	} else
		set_state(RHP_INACTIVE);
	/* Only now: before, it could not be switched on from outside. */
	if (asked.signal)
		listen();
	return true;
}

/* The page was wiped: this is a child, its parent's trace is not its. */
static COLD void start_child(void)
{
	if (!asked.follow_fork)
		set_state(RHP_INACTIVE);
	else if (follow() == BY_US && asked.start)
		start_asked(false);
}

/* Somebody has asked for it from outside. */
static COLD void start_wanted(void)
{
	/* Before, the last trace is waited for, and this thread may be in the middle
	 * of an event of it. */
	if (!rhp_tracker_is_busy())
		start_asked(true);
}

/* The first call of the process, of a forked child, or after tracking was asked for. */
static COLD void start(void)
{
	struct rhp_place guard = rhp_real_begin(RHP_FRAME_HERE);
	if (__atomic_load_n(&started, __ATOMIC_ACQUIRE)) {
		if (__atomic_load_n(&rhp_control.is_ours, __ATOMIC_ACQUIRE))
			start_wanted();
		else
			start_child();
	} else if (!__atomic_exchange_n(&starting, 1, __ATOMIC_ACQUIRE)) {
		/* Otherwise another thread, or a handler, is at it: not recorded. */
		if (decide())
			__atomic_store_n(&started, 1, __ATOMIC_RELEASE);
		else
			__atomic_store_n(&starting, 0, __ATOMIC_RELEASE);
	}
	rhp_real_end(guard);
}

/* What is known of this thread's stack, or NULL. */
static const struct rhp_bounds *known_stack(void)
{
	const struct rhp_tracker *t = rhp_thread.tracker;
	return t ? &t->stacks.stack : NULL;
}

bool rhp_enter_slowly(const void *frame)
{
	if (__atomic_load_n(&rhp_control.state, __ATOMIC_RELAXED) == RHP_UNDECIDED)
		start();
	if (__atomic_load_n(&rhp_control.state, __ATOMIC_RELAXED) != RHP_ACTIVE)
		return false;
	if (rhp_place_alive(&rhp_thread.guard, frame, known_stack()))
		return false;
	rhp_place_clear(&rhp_thread.guard);
	return true;
}

/* Before anything of the program runs, as a rule: the environment, the directory
 * and the process are then those that the user meant, not what the program makes
 * of them. Libraries may have allocated, and so started us, even earlier. */
__attribute__((constructor(101))) static void program_begins(void)
{
	if (rhp_process_join() &&
	    __atomic_load_n(&rhp_control.state, __ATOMIC_RELAXED) == RHP_UNDECIDED)
		start();
}

/* The last of the program's own destructors. Advisory: says that the program ended by
 * itself. What is freed later is recorded all the same. */
__attribute__((destructor(101))) static void program_ends(void)
{
	/* Keeps the public functions, and what other modules find us by, in the link. */
	__asm__ volatile("" : : "r"(&rhp_api_present), "r"(&rhp_process_own));
	if (__atomic_load_n(&rhp_control.state, __ATOMIC_RELAXED) == RHP_ACTIVE) {
		rhp_tracker_name_all();
		rhp_leak_at_exit(asked.leak_scan);
		rhp_trace_set_state(RHP_STATE_EXITED);
	}
}
