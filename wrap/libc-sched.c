/* SPDX-License-Identifier: MIT */
#include "wrap/libc-calls.h"

/* What glibc's CPU_ALLOC calls; musl has none. */
cpu_set_t *__real___sched_cpualloc(size_t) __attribute__((weak));

FORWARD(cpu_set_t *, __sched_cpualloc, (size_t n), (n), RETURNS(CPU_ALLOC_SIZE(n)))
