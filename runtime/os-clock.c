/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>

#include "runtime/os-clock.h"
#include "runtime/os-file.h"

uint32_t rhp_os_reads_counter;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t = {0, 0};
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
	rhp_os_read_file(path, source, sizeof(source));
	rhp_os_reads_counter = memcmp(source, "tsc\n", 4) == 0;
}

struct rhp_instant rhp_os_instant(void)
{
	if (!rhp_os_reads_counter) {
		uint64_t ns = rhp_os_monotonic_ns();
		return (struct rhp_instant){ns, ns};
	}
	uint64_t before = rhp_os_ticks(), ns = rhp_os_monotonic_ns();
	return (struct rhp_instant){before + (rhp_os_ticks() - before) / 2, ns};
}
