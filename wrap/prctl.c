/* SPDX-License-Identifier: MIT */
/* A process may forbid itself to read the processor's counter, which is our clock. */
#include <sys/prctl.h>

#include "runtime/os-clock.h"
#include "wrap/wrap.h"

#ifndef PR_SET_TSC
#define PR_SET_TSC 26
#define PR_TSC_SIGSEGV 2
#endif

/* Tracking may be switched on later. */
#ifdef RHP_PLUGIN
#define HAS_RUNTIME (RHP_RUNTIME(os_leave_counter) != NULL)
#else
#define HAS_RUNTIME true
#endif

SHIM int __wrap_prctl(int option, ...)
{
	unsigned long word[4];
	va_list list;
	va_start(list, option);
	for (int i = 0; i < 4; i++)
		word[i] = va_arg(list, unsigned long);
	va_end(list);
	if (option == PR_SET_TSC && word[0] == PR_TSC_SIGSEGV && HAS_RUNTIME)
		RHP_RUNTIME(os_leave_counter)();
	return __real_prctl(option, word[0], word[1], word[2], word[3]);
}
