/* SPDX-License-Identifier: MIT */
/* A handler allocates on top of a function that has no frame: the stack goes through
 * the signal frame, of whichever kind, to the instruction that was interrupted. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

static sigjmp_buf back;
static int *volatile nowhere;
static void *volatile sink;
static int size = 701;
static char alternate[65536];

__attribute__((noinline)) static void handler(int number)
{
	sink = malloc((size_t)size + 0u * (unsigned)number);
	free(sink);
	siglongjmp(back, 1);
}

__attribute__((noinline)) static void informed(int number, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	handler(number);
	size = 0;
}

__attribute__((noinline)) static int fault(int *p)
{
	return *p = 1;
}

__attribute__((noinline)) static int outer(void)
{
	return fault(nowhere) + 1;
}

static void interrupt(int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	if (flags & SA_SIGINFO)
		action.sa_sigaction = informed;
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(back, 1) == 0)
		size = outer();
	size++;
}

int main(void)
{
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

	sigaltstack(&stack, NULL);
	interrupt(0);
	interrupt(SA_SIGINFO);
	interrupt(SA_ONSTACK);
	interrupt(SA_SIGINFO | SA_ONSTACK);
	return 0;
}
