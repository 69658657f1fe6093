/* SPDX-License-Identifier: MIT */
#include "runtime/children.h"
#include "runtime/os-process.h"
#include "runtime/state.h"
#include "runtime/trace-file.h"

/* What exec changed, and so has to be changed back. */
enum begun {
	NOTHING,
	ENDED_TRACE,
	WAS_NOT_COUNTED,
	WAS_SILENT,
};

void rhp_child_stays_out(void)
{
	if (rhp_state_count(RHP_COUNTED_SILENT) == RHP_NOT_COUNTED)
		rhp_trace_count_child(RHP_CHILD_SILENT);
}

void rhp_child_is_followed(void)
{
	if (rhp_state_count(RHP_NOT_COUNTED) == RHP_COUNTED_SILENT)
		rhp_trace_take_back_child(RHP_CHILD_SILENT);
	rhp_trace_count_child(RHP_CHILD_FOLLOWED);
}

/* One form of exec may call another one of ours. */
static uint32_t execute_child(void)
{
	enum rhp_counted was = rhp_state_count(RHP_COUNTED_EXECUTING);
	if (was == RHP_COUNTED_EXECUTING)
		return NOTHING;
	if (was == RHP_COUNTED_SILENT)
		rhp_trace_take_back_child(RHP_CHILD_SILENT);
	rhp_trace_count_child(RHP_CHILD_EXECUTED);
	return was == RHP_COUNTED_SILENT ? WAS_SILENT : WAS_NOT_COUNTED;
}

static void take_back(enum rhp_counted was)
{
	rhp_state_count(was);
	rhp_trace_take_back_child(RHP_CHILD_EXECUTED);
	if (was == RHP_COUNTED_SILENT)
		rhp_trace_count_child(RHP_CHILD_SILENT);
}

uint32_t rhp_exec_begin(void)
{
	if (rhp_state_is_forked())
		return execute_child();
	if (rhp_state_generation() == 0 || rhp_os_pid() != rhp_trace_pid())
		return NOTHING;
	return rhp_trace_set_ended(RHP_STATE_EXECUTED, rhp_os_count_threads())
		       ? ENDED_TRACE
		       : NOTHING;
}

void rhp_exec_failed(uint32_t begun)
{
	if (begun == ENDED_TRACE)
		rhp_trace_go_on();
	else if (begun != NOTHING)
		take_back(begun == WAS_SILENT ? RHP_COUNTED_SILENT : RHP_NOT_COUNTED);
}
