/* SPDX-License-Identifier: MIT */
/*
 * The handler opens no file but the one it was told of, and that only if it cannot be
 * cut short (it is mapped) and belongs to this process's user. Switching on takes more
 * than a handler may do; so it is left to the next call that is recorded (switch.h).
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "contract/request.h"
#include "runtime/leak.h"
#include "runtime/line.h"
#include "runtime/listen.h"
#include "runtime/os-memory.h"
#include "runtime/runtime.h"
#include "runtime/switch.h"

/* What a scan takes of the stack of a handler, and its copy of the process once more. */
#define STACK_OF_SCAN 6144

/* How much is left of the stack that a handler runs on, if the program gave it one. */
static size_t room_of(const ucontext_t *interrupted)
{
	uintptr_t here = (uintptr_t)RHP_FRAME_HERE;
	uintptr_t low = (uintptr_t)interrupted->uc_stack.ss_sp;
	return here - low < interrupted->uc_stack.ss_size ? here - low : SIZE_MAX;
}

static int act(const struct rhp_request *request, size_t room)
{
	switch (request->kind) {
	case RHP_ASK_STATUS:
		return 0;
	case RHP_ASK_ON:
		return rhp_switch_on_later();
	case RHP_ASK_OFF:
		return rhp_switch_off_now();
	case RHP_ASK_GRAPH:
		return room < STACK_OF_SCAN ? -ENOBUFS
					    : rhp_leak_check_from_outside(request->text);
	case RHP_ASK_MARK:
		return rhp_record_mark_from_outside(request->text) ? 0 : -ENODATA;
	}
	return -ENOSYS;
}

static void serve(int pid, int fd, size_t room)
{
	struct rhp_request *q = rhp_os_map_of(pid, fd, sizeof(*q));
	if (!q)
		return;
	if (memcmp(q->magic, RHP_REQUEST_MAGIC, sizeof(q->magic)) == 0) {
		q->error = (uint32_t)-act(q, room);
		rhp_switch_describe(q);
		__atomic_store_n(&q->answered, 1, __ATOMIC_RELEASE);
	}
	rhp_os_release(q, sizeof(*q));
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	if (info->si_code == SI_QUEUE)
		serve(info->si_pid, info->si_value.sival_int, room_of(context));
	else if (rhp_switch_off_now() == -EALREADY)
		rhp_switch_on_later();
}

int rhp_listen(int signal)
{
	char name[64];
	struct rhp_line line = {name, name + sizeof(name)};
	struct sigaction now, ours = {.sa_sigaction = on_signal,
				      .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
	int errno_before = errno;
	int r = sigaction(signal, NULL, &now) == 0 ? 0 : -errno;
	if (r == 0 && now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN)
		r = -EBUSY;
	memset(&ours.sa_mask, 0xff, sizeof(ours.sa_mask));
	if (r == 0 && sigaction(signal, &ours, NULL) != 0)
		r = -errno;
	errno = errno_before;
	if (r < 0)
		return r;
	rhp_line_add(&line, RHP_LISTENS);
	rhp_line_add_number(&line, (uint64_t)signal);
	rhp_os_show(name);
	return 0;
}
