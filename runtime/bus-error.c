/* SPDX-License-Identifier: MIT */
/*
 * The page that cannot be stored to is replaced by one of memory, and the store is made
 * again. That is done for the mappings of the trace alone. A thread that blocks SIGBUS is
 * killed by the kernel all the same, so we do not block it ourselves, where otherwise
 * every signal is blocked.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "runtime/bus-error.h"
#include "runtime/os-signal.h"
#include "runtime/trace-mend.h"

/* Sent again, with the same words, it meets no handler; it waits until ours returns. */
static void pass_on(siginfo_t *info)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigaction(SIGBUS, &standard, NULL);
	rhp_os_raise_again(SIGBUS, info);
}

static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)context;
	int errno_before = errno;
	if (info->si_code <= 0 || !rhp_trace_mend((uintptr_t)info->si_addr))
		pass_on(info);
	errno = errno_before;
}

void rhp_bus_error_handle(void)
{
	struct sigaction now, ours = {.sa_sigaction = on_bus_error,
				      .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
	int errno_before = errno;
	uint64_t blocked = rhp_os_never_block(SIGBUS);
	memcpy(&ours.sa_mask, &blocked, sizeof(blocked));
	if (sigaction(SIGBUS, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
	    now.sa_handler == SIG_DFL)
		sigaction(SIGBUS, &ours, NULL);
	errno = errno_before;
}
