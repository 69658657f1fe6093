/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "runtime/children.h"
#include "runtime/os-process.h"
#include "runtime/state.h"
#include "runtime/trace-file.h"

/* What exec changed, and so has to be changed back. */
enum begun {
	NOTHING,
	ENDED_TRACE,
	WAS_COUNTED,   /* and the number of an enum rhp_counted more */
	UNTRACED = 64, /* and this, or not */
};

/* The kind of child as which it is counted, or -1. */
static int kind_of(enum rhp_counted counted)
{
	switch (counted) {
	case RHP_COUNTED_SILENT:
		return RHP_CHILD_SILENT;
	case RHP_COUNTED_EXECUTING:
		return RHP_CHILD_EXECUTED;
	case RHP_COUNTED_QUIET:
		return RHP_CHILD_QUIET;
	case RHP_NOT_COUNTED:
		break;
	}
	return -1;
}

/* It counts as another kind now; returns as what it did. */
static enum rhp_counted count_as(enum rhp_counted now)
{
	enum rhp_counted was = rhp_state_count(now);
	if (was == now)
		return was;
	if (kind_of(was) >= 0)
		rhp_trace_take_back_child((enum rhp_child)kind_of(was));
	if (kind_of(now) >= 0)
		rhp_trace_count_child((enum rhp_child)kind_of(now));
	return was;
}

/* A handler of fork's may have called something already. */
void rhp_child_is_born(void)
{
	if (rhp_state_is_forked() && rhp_state_counted() == RHP_NOT_COUNTED)
		count_as(RHP_COUNTED_QUIET);
}

void rhp_child_stays_out(void)
{
	if (rhp_state_counted() != RHP_COUNTED_EXECUTING)
		count_as(RHP_COUNTED_SILENT);
}

void rhp_child_is_followed(void)
{
	count_as(RHP_NOT_COUNTED);
	rhp_trace_count_child(RHP_CHILD_FOLLOWED);
}

/* One form of exec may call another one of ours. */
static uint32_t execute(void)
{
	enum rhp_counted was;
	if (rhp_state_is_forked()) {
		was = count_as(RHP_COUNTED_EXECUTING);
		return was == RHP_COUNTED_EXECUTING ? NOTHING
						    : WAS_COUNTED + (uint32_t)was;
	}
	if (rhp_state_generation() == 0 || rhp_os_pid() != rhp_trace_pid())
		return NOTHING;
	return rhp_trace_set_ended(RHP_STATE_EXECUTED, rhp_os_count_threads())
		       ? ENDED_TRACE
		       : NOTHING;
}

static bool is_untraced(char *const *environment)
{
	static const char name[] = "RHEAPER_TRACE=";
	if (rhp_state_generation() == 0 && !rhp_state_is_forked())
		return false;
	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, sizeof(name) - 1) == 0 &&
		    (*environment)[sizeof(name) - 1])
			return false;
	return true;
}

/* The process that was counted last for that: one form calls another one. A child of
 * vfork shares it. */
static int last_untraced;

static bool counts_as_untraced(int pid, char *const *environment)
{
	return is_untraced(environment) &&
	       __atomic_exchange_n(&last_untraced, pid, __ATOMIC_RELAXED) != pid;
}

uint32_t rhp_exec_begin(char *const *environment)
{
	uint32_t begun = execute();
	if (!counts_as_untraced((int)rhp_os_pid(), environment))
		return begun;
	rhp_trace_count_child(RHP_CHILD_UNTRACED);
	return begun | UNTRACED;
}

void rhp_exec_failed(uint32_t begun)
{
	if (begun & UNTRACED) {
		rhp_trace_take_back_child(RHP_CHILD_UNTRACED);
		__atomic_store_n(&last_untraced, 0, __ATOMIC_RELAXED);
	}
	begun &= ~(uint32_t)UNTRACED;
	if (begun == ENDED_TRACE)
		rhp_trace_go_on();
	else if (begun != NOTHING)
		count_as((enum rhp_counted)(begun - WAS_COUNTED));
}

void rhp_spawned(int pid, char *const *environment)
{
	if (counts_as_untraced(pid, environment))
		rhp_trace_count_child(RHP_CHILD_UNTRACED);
}
