/* SPDX-License-Identifier: MIT */
/*
 * Every transition but one is a compare and exchange: who comes too late changes nothing.
 *
 * Of ON and STOPPING the truth is the generation, which events compare with their own;
 * the state follows it. A handler, or another thread, may switch off while one switches
 * on, and the other way round. So whoever has changed the generation settles the state,
 * and looks again until both agree: the last one to come has seen what all have done.
 */
#include <errno.h>

#include "runtime/os-lock.h"
#include "runtime/os-memory.h"
#include "runtime/state.h"

_Alignas(RHP_PAGE_MAX) struct rhp_control rhp_control;

/* What a forked child knows of its parent: not on the page. */
static uint32_t tells_children;   /* the page is zeroes in a child */
static uint32_t generations;      /* of the latest trace */
static uint32_t first_generation; /* of the trace that began with the process */

static bool change(enum rhp_state from, enum rhp_state to)
{
	uint32_t was = from;
	return __atomic_compare_exchange_n(&rhp_control.state, &was, to, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void settle(void)
{
	bool changed;
	do
		changed = __atomic_load_n(&rhp_control.generation, __ATOMIC_SEQ_CST)
				  ? change(RHP_STOPPING, RHP_ON)
				  : change(RHP_ON, RHP_STOPPING);
	while (changed);
}

void rhp_state_new_generation(void)
{
	generations = generations % INT32_MAX + 1;
	rhp_control.generations = generations;
}

bool rhp_state_look(void)
{
	return change(RHP_FRESH, RHP_STARTING);
}

void rhp_state_too_early(void)
{
	change(RHP_STARTING, RHP_FRESH);
}

void rhp_state_give_up(void)
{
	if (!change(RHP_STARTING, RHP_OFF))
		change(RHP_WAITING, RHP_OFF);
}

void rhp_state_follow(void)
{
	change(RHP_FRESH, RHP_FOLLOWING);
}

int rhp_state_tell_children(void)
{
	int r = rhp_os_wipe_on_fork(&rhp_control, sizeof(rhp_control));
	if (r < 0)
		return r;
	/* On the page first: between the two a child is taken for a fresh process. */
	__atomic_store_n(&rhp_control.tells, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&tells_children, 1, __ATOMIC_RELEASE);
	return 0;
}

/* The one that is not: whatever was asked for meanwhile, it is on now. */
void rhp_state_begin(void)
{
	if (rhp_state_now() == RHP_STARTING)
		first_generation = rhp_control.generations;
	__atomic_store_n(&rhp_control.generation, rhp_control.generations,
			 __ATOMIC_SEQ_CST);
	__atomic_store_n(&rhp_control.state, RHP_ON, __ATOMIC_SEQ_CST);
	settle();
}

bool rhp_state_began_with_process(void)
{
	return first_generation && rhp_state_generation() == first_generation;
}

uint32_t rhp_state_end(void)
{
	uint32_t was = __atomic_exchange_n(&rhp_control.generation, 0, __ATOMIC_SEQ_CST);
	if (was != 0)
		settle();
	return was;
}

void rhp_state_retired(void)
{
	change(RHP_STOPPING, RHP_OFF);
}

int rhp_state_ask(void)
{
	if (rhp_state_is_forked())
		return -ECHILD;
	if (rhp_state_generation() != 0)
		return -EALREADY;
	settle(); /* we may have interrupted end() */
	if (!change(RHP_OFF, RHP_WAITING))
		change(RHP_STOPPING, RHP_WAITING);
	return 0;
}

bool rhp_state_take_back(void)
{
	return change(RHP_WAITING, RHP_STOPPING);
}

bool rhp_state_is_forked(void)
{
	/* Told, but not by this process. It may be FRESH itself: a program may switch on
	 * before the environment is there, and fail. */
	bool by_parent = __atomic_load_n(&tells_children, __ATOMIC_ACQUIRE) &&
			 !__atomic_load_n(&rhp_control.tells, __ATOMIC_ACQUIRE);
	enum rhp_state now = rhp_state_now();
	return now == RHP_FORKED || now == RHP_ADOPTING ||
	       (now == RHP_FRESH && by_parent);
}

void rhp_state_stay_out(void)
{
	change(RHP_FRESH, RHP_FORKED);
}

enum rhp_counted rhp_state_count(enum rhp_counted as)
{
	return (enum rhp_counted)__atomic_exchange_n(&rhp_control.counted, as,
						     __ATOMIC_RELAXED);
}

enum rhp_counted rhp_state_counted(void)
{
	return (enum rhp_counted)__atomic_load_n(&rhp_control.counted, __ATOMIC_RELAXED);
}

bool rhp_state_adopt(void)
{
	if (change(RHP_FRESH, RHP_ADOPTING) || change(RHP_FORKED, RHP_ADOPTING)) {
		rhp_os_process++;
		return true;
	}
	for (unsigned i = 0; rhp_state_now() == RHP_ADOPTING; i++)
		rhp_os_wait(i);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return false;
}

void rhp_state_adopted(void)
{
	change(RHP_ADOPTING, RHP_OFF);
}
