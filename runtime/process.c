/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "runtime/children.h"
#include "runtime/leak.h"
#include "runtime/modules.h"
#include "runtime/os-clock.h"
#include "runtime/process.h"
#include "runtime/runtime.h"
#include "runtime/start.h"
#include "runtime/switch.h"

static struct rhp_thread *thread(void)
{
	return &rhp_thread;
}

/* What the inline functions of runtime.h do in the module that leads. */
static void record_alloc(enum rhp_function function, const void *frame, const void *p,
			 size_t size)
{
	if (rhp_sample_allocated(p, size))
		rhp_record_alloc(function, frame, p, size);
}

static bool sample_allocated(const void *block, size_t size)
{
	return rhp_sample_allocated(block, size);
}

static bool sample_freed(const void *block)
{
	return rhp_sample_freed(block);
}

struct rhp_process rhp_process_own = {
	.version = RHEAPER_VERSION,
	.n_functions = RHP_N_FUNCTIONS,
#ifndef RHP_PLUGIN
	.leads = 1,
#endif
	.capture = &rhp_capture,
	.state = &rhp_control.state,
	.thread = thread,
	.enter_slowly = rhp_enter_slowly,
	.sample_freed = sample_freed,
	.record_alloc = record_alloc,
	.record_free = rhp_record_free,
	.record_realloc_begin = rhp_record_realloc_begin,
	.record_realloc_end = rhp_record_realloc_end,
	.record_told = rhp_record_told,
	.record_realloc_end_told = rhp_record_realloc_end_told,
	.sample_allocated = sample_allocated,
	.function_declare = rhp_function_declare,
	.modules_closed = rhp_modules_closed,
	.module_opened = rhp_module_opened,
	.os_leave_counter = rhp_os_leave_counter,
	.exec_begin = rhp_exec_begin,
	.exec_failed = rhp_exec_failed,
	.spawned = rhp_spawned,
	.child_is_born = rhp_child_is_born,
	.record_mark = rhp_record_mark,
	.record_begin = rhp_record_begin,
	.record_end = rhp_record_end,
	.start_asked = rhp_start_asked,
	.switch_trace_path = rhp_switch_trace_path,
	.start_switch_on = rhp_start_switch_on,
	.switch_off = rhp_switch_off,
	.leak_check = rhp_leak_check,
};

/* A distance, not an address: the note needs no work of the dynamic loader. */
RHP_NOTE("1", ".long rhp_process_own - .");

RHP_SAY("version=" RHEAPER_VERSION);
#ifdef RHP_PLUGIN
RHP_SAY("scope=plug-in");
#endif
