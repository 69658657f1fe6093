/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <time.h>

#include "runtime/os-call.h"
#include "runtime/os-signal.h"
#include "runtime/thread.h"

/* SIGKILL and SIGSTOP are in no mask that the kernel tells of. */
#define NO_MASK (~UINT64_C(0))
#define GUARDED (UINT64_C(1) << (SIGSTOP - 1)) /* the guard was set here */

static uint64_t all_signals = ~UINT64_C(0);

static uint64_t bit_of(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

uint64_t rhp_os_never_block(int signal)
{
	return all_signals &= ~bit_of(signal);
}

void rhp_os_block_signals(uint64_t *saved)
{
	if (SYSCALL(SYS_rt_sigprocmask, SIG_BLOCK, &all_signals, saved, SIGSET_BYTES) <
	    0) {
		*saved = NO_MASK;
	} else if (rhp_thread.guard.frame == 0) {
		/* One signal may not be blocked, and the program may handle it. */
		*(volatile uintptr_t *)&rhp_thread.guard.frame = RHP_PLACE_OURS;
		*saved |= GUARDED;
	}
}

void rhp_os_unblock(int signal)
{
	uint64_t set = bit_of(signal);
	SYSCALL(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, SIGSET_BYTES);
}

void rhp_os_raise_again(int signal, void *info)
{
	long pid = SYSCALL(SYS_getpid), tid = SYSCALL(SYS_gettid);
	SYSCALL(SYS_rt_tgsigqueueinfo, pid, tid, signal, info);
}

void rhp_os_restore_signals(uint64_t saved)
{
	if (saved == NO_MASK)
		return;
	if (saved & GUARDED)
		rhp_place_clear(&rhp_thread.guard);
	saved &= ~GUARDED;
	SYSCALL(SYS_rt_sigprocmask, SIG_SETMASK, &saved, NULL, SIGSET_BYTES);
}

void rhp_os_consume(int signal)
{
	uint64_t set = bit_of(signal);
	struct timespec now = {0, 0};
	SYSCALL(SYS_rt_sigtimedwait, &set, NULL, &now, SIGSET_BYTES);
}
