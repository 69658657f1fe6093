/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "runtime/os-call.h"
#include "runtime/os-clock.h"
#include "runtime/os-file.h"

#define RATE_SHIFT 20

uint32_t rhp_os_reads_counter;

/* When the counter was begun to be read. */
static struct rhp_instant first;

/* Since it may be read no more: from when on, and ticks in 2^RATE_SHIFT nanoseconds. */
static struct rhp_instant last;
static uint64_t rate;
static uint32_t is_forbidden;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t = {0, 0};
	if (__atomic_load_n(&is_forbidden, __ATOMIC_RELAXED))
		SYSCALL(SYS_clock_gettime, clock, &t);
	else
		clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t rhp_os_realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

uint64_t rhp_os_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

void rhp_os_choose_clock(void)
{
	static const char path[] =
		"/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char source[8] = "";
	int mode = PR_TSC_ENABLE;
	SYSCALL(SYS_prctl, PR_GET_TSC, &mode, 0, 0, 0);
	if (mode == PR_TSC_SIGSEGV)
		is_forbidden = 1;
	if (is_forbidden)
		return;
	rhp_os_read_file(path, source, sizeof(source));
	rhp_os_reads_counter = memcmp(source, "tsc\n", 4) == 0;
	first = rhp_os_instant();
}

void rhp_os_leave_counter(void)
{
	struct rhp_instant now = rhp_os_instant();
	if (__atomic_load_n(&is_forbidden, __ATOMIC_RELAXED))
		return;
	if (rhp_os_reads_counter && now.ns > first.ns) {
		uint64_t ticks = now.ticks - first.ticks, ns = now.ns - first.ns;
		for (; ticks >> (64 - RATE_SHIFT); ticks >>= 1, ns >>= 1)
			;
		rate = (ticks << RATE_SHIFT) / ns;
		last = now;
	}
	__atomic_store_n(&is_forbidden, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&rhp_os_reads_counter, 0, __ATOMIC_RELEASE);
}

uint64_t rhp_os_ticks_by_kernel(void)
{
	uint64_t now = rhp_os_monotonic_ns();
	if (rate == 0)
		return now;
	uint64_t since = now - last.ns, mask = (UINT64_C(1) << RATE_SHIFT) - 1;
	return last.ticks + (since >> RATE_SHIFT) * rate +
	       ((since & mask) * rate >> RATE_SHIFT);
}

struct rhp_instant rhp_os_instant(void)
{
	if (!rhp_os_reads_counter) {
		uint64_t ns = rhp_os_monotonic_ns();
		return (struct rhp_instant){rate ? rhp_os_ticks_by_kernel() : ns, ns};
	}
	uint64_t before = rhp_os_ticks(), ns = rhp_os_monotonic_ns();
	return (struct rhp_instant){before + (rhp_os_ticks() - before) / 2, ns};
}
