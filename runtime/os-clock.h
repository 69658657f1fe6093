/* SPDX-License-Identifier: MIT */
/* Clocks; what os-call.h says holds. */
#pragma once

#include <stdint.h>

#include "runtime/cc.h"

HIDDEN uint64_t rhp_os_realtime_ns(void);
HIDDEN uint64_t rhp_os_monotonic_ns(void);

/*
 * The clock of the trace counts ticks. Where the kernel itself keeps time by the
 * processor's counter (its clock source is `tsc`: constant, never stopped, the same on
 * all processors), that counter is read directly; elsewhere CLOCK_MONOTONIC through the
 * vDSO. rhp_os_choose_clock() finds out which; until then it is CLOCK_MONOTONIC.
 */
HIDDEN void rhp_os_choose_clock(void);
extern HIDDEN uint32_t rhp_os_reads_counter;

/*
 * The process is about to forbid itself to read the counter (PR_SET_TSC). Ticks go on at
 * the rate that they had, by the kernel's clock, asked by a system call: the vDSO would
 * read the counter too. For good.
 */
HIDDEN void rhp_os_leave_counter(void);
HIDDEN uint64_t rhp_os_ticks_by_kernel(void);

static ALWAYS_INLINE uint64_t rhp_os_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	if (LIKELY(rhp_os_reads_counter))
		return __builtin_ia32_rdtsc();
#endif
	return rhp_os_ticks_by_kernel();
}

/* One instant on both clocks. */
struct rhp_instant {
	uint64_t ticks, ns; /* of CLOCK_MONOTONIC */
};
HIDDEN struct rhp_instant rhp_os_instant(void);
