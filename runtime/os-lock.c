/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <time.h>

#include "runtime/os-call.h"
#include "runtime/os-lock.h"
#include "runtime/os-signal.h"

#define MEMBARRIER_PRIVATE_EXPEDITED (1 << 3)
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED (1 << 4)

uint32_t rhp_os_process = 1;

void rhp_os_wait(unsigned round)
{
	struct timespec nap = {0, round < RHP_OS_SHORT_WAITS ? 50000 : 1000000};
	if (round < 50)
		SYSCALL(SYS_sched_yield);
	else
		SYSCALL(SYS_nanosleep, &nap, NULL);
}

void rhp_os_barrier_prepare(void)
{
	SYSCALL(SYS_membarrier, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

void rhp_os_barrier(void)
{
	/* Where the kernel or a filter refuses: no store buffer is full for so long. */
	if (SYSCALL(SYS_membarrier, MEMBARRIER_PRIVATE_EXPEDITED, 0, 0) != 0)
		for (unsigned i = 0; i < 10; i++)
			rhp_os_wait(RHP_OS_SHORT_WAITS);
}

static bool try_lock(struct rhp_lock *lock)
{
	uint32_t held = __atomic_load_n(&lock->held, __ATOMIC_RELAXED);
	return held != rhp_os_process &&
	       __atomic_compare_exchange_n(&lock->held, &held, rhp_os_process, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void rhp_lock_take(struct rhp_lock *lock)
{
	uint64_t signals;
	rhp_os_block_signals(&signals);
	/* To yield is not enough where this thread has real-time priority and the
	 * holder has not: it would wait for ever on one processor. */
	for (unsigned i = 0; !try_lock(lock); i++)
		rhp_os_wait(i);
	lock->signals = signals;
}

void rhp_lock_drop(struct rhp_lock *lock)
{
	uint64_t signals = lock->signals;
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
	rhp_os_restore_signals(signals);
}
