/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "runtime/modules.h"
#include "runtime/process.h"
#include "runtime/runtime.h"
#include "runtime/start.h"

static struct rhp_thread *thread(void)
{
	return &rhp_thread;
}

struct rhp_process rhp_process_own = {
	.version = RHEAPER_VERSION,
	.n_functions = RHP_N_FUNCTIONS,
#ifndef RHP_PLUGIN
	.leads = 1,
#endif
	.scope = &rhp_scope,
	.state = &rhp_control.state,
	.thread = thread,
	.enter_slowly = rhp_enter_slowly,
	.record_alloc = rhp_record_alloc,
	.record_free = rhp_record_free,
	.record_realloc_begin = rhp_record_realloc_begin,
	.record_realloc_end = rhp_record_realloc_end,
	.function_declare = rhp_function_declare,
	.modules_closed = rhp_modules_closed,
	.module_opened = rhp_module_opened,
	.record_mark = rhp_record_mark,
	.start_trace_path = rhp_start_trace_path,
};

/* A distance, not an address: the note needs no work of the dynamic loader. */
_Static_assert(sizeof(RHP_NOTE_NAME) == 8, "the note below has a name of 8 bytes");
__asm__(".pushsection .note.rheaper, \"a\", %note\n"
	".balign 4\n"
	".long 8, 4, 1\n"
	".asciz \"" RHP_NOTE_NAME "\"\n"
	".long rhp_process_own - .\n"
	".balign 4\n"
	".long 8, 28, 2\n"
	".asciz \"" RHP_NOTE_NAME "\"\n"
	"1: .asciz \"version=" RHEAPER_VERSION "\"\n"
	".skip 28 - (. - 1b)\n"
	".popsection");
