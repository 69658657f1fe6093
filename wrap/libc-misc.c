/* SPDX-License-Identifier: MIT */
#include "wrap/libc-calls.h"

FORWARD(char **, backtrace_symbols, (void *const *addresses, int n), (addresses, n),
	NOTHING())
FORWARD(cpu_set_t *, __sched_cpualloc, (size_t n), (n), RETURNS(CPU_ALLOC_SIZE(n)))
