/* SPDX-License-Identifier: MIT */
#include "runtime/leak.h"
#include "runtime/notice.h"
#include "runtime/os-process.h"
#include "runtime/process.h"
#include "runtime/runtime.h"
#include "runtime/program.h"
#include "runtime/settings.h"
#include "runtime/start.h"
#include "runtime/state.h"
#include "runtime/switch.h"
#include "runtime/symbols.h"
#include "runtime/trace-file.h"
#include "runtime/tracker.h"

const char rhp_program;

/* In api.c: a weak reference, as rheaper.h has, brings no object out of an archive. */
extern HIDDEN const char rhp_api_present;

/* Before anything of the program runs, as a rule: the environment, the directory
 * and the process are then those that the user meant, not what the program makes
 * of them. Libraries may have allocated, and so started us, even earlier. */
__attribute__((constructor(101))) static void program_begins(void)
{
	rhp_start_waits = false;
	if (rhp_process_join(&rhp_process_own))
		rhp_start();
	else
		rhp_state_follow();
}

/* The last of the program's own destructors. Advisory: says that the program ended by
 * itself. What is freed later is recorded all the same. */
__attribute__((destructor(101))) static void program_ends(void)
{
	/* Keeps the public functions, and what other modules find us by, in the link. */
	__asm__ volatile("" : : "r"(&rhp_api_present), "r"(&rhp_process_own));
	if (rhp_state_now() == RHP_ON) {
		rhp_tracker_name_all();
		rhp_record_resident();
		rhp_leak_at_exit((enum rhp_leak_scan)rhp_start_asked()->leak_scan);
		rhp_trace_set_ended(RHP_STATE_EXITED, rhp_os_count_threads());
	}
	rhp_symbols_keep_modules();
	rhp_notice_end(rhp_switch_trace_path());
}
