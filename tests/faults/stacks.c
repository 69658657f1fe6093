/* SPDX-License-Identifier: MIT */
/*
 * Allocations on stacks of all kinds.
 *
 * usage: stacks fibers N      on stacks from the heap, that switch at each block
 *        stacks deep N        below so many calls
 *        stacks small         of threads and handlers that have as little as may be
 *        stacks faults N      in handlers of the program's own faults
 *        stacks errno N       that keep errno
 *        stacks below         of fibers right below one without a guard, that go away
 *        stacks frame N KIB   below a frame of that size
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum {
	N_FIBERS = 4,
	FIBER_STACK = 16384,
	PAGE = 4096
};
void *call_with(void *(*function)(void *), void *argument, unsigned long garbage);

static ucontext_t main_context, fibers[N_FIBERS];
static unsigned long n_wanted, n_done, seed = 88172645463325252u;
static void *volatile sink;

__attribute__((noinline)) static void *use(void *size)
{
	sink = malloc((size_t)size);
	free(sink);
	return size;
}

static void fiber(void)
{
	for (;;) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		call_with(use, (void *)501,
			  seed % 2 ? seed : (unsigned long)&seed + seed % PAGE);
		n_done++;
		swapcontext(&fibers[n_done % N_FIBERS], &main_context);
	}
}

static int run_fibers(void)
{
	for (int i = 0; i < N_FIBERS; i++) {
		getcontext(&fibers[i]);
		fibers[i].uc_stack.ss_sp = malloc(FIBER_STACK);
		fibers[i].uc_stack.ss_size = FIBER_STACK;
		makecontext(&fibers[i], fiber, 0);
	}
	while (n_done < n_wanted) {
		ucontext_t *next = &fibers[(n_done + 1) % N_FIBERS];
		swapcontext(&main_context, next);
		use((void *)502);
	}
	return 0;
}

__attribute__((noinline)) static void *below(void *depth)
{
	if (depth)
		below((char *)depth - 1);
	else
		use((void *)503);
	__asm__ volatile("" : : : "memory");
	return NULL;
}

static int in_thread(void *(*function)(void *), void *argument, size_t size)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	if (pthread_attr_setstacksize(&attributes, size) != 0 ||
	    pthread_create(&thread, &attributes, function, argument) != 0)
		return 1;
	return pthread_join(thread, NULL) != 0;
}

static void allocating(int number)
{
	(void)number;
	use((void *)504);
}

/* As much as the kernel needs to tell of a signal, and room for this handler and malloc.
 */
static void *with_small_handler(void *unused)
{
	size_t whole = ((size_t)sysconf(_SC_MINSIGSTKSZ) + 2048 + PAGE - 1) / PAGE * PAGE;
	char *memory =
		mmap(NULL, PAGE + whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_size = (size_t)sysconf(_SC_MINSIGSTKSZ) + 2048};
	struct sigaction action = {.sa_handler = allocating, .sa_flags = SA_ONSTACK};

	mprotect(memory + PAGE, whole, PROT_READ | PROT_WRITE);
	stack.ss_sp = memory + PAGE;
	if (sigaltstack(&stack, NULL) != 0)
		abort();
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	return unused;
}

static char *page;

static void mend(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	use((void *)505);
	if (info->si_addr != page)
		_exit(9);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

static int run_faults(void)
{
	struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO};

	page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	while (n_done++ < n_wanted) {
		*(volatile char *)page = 1;
		mprotect(page, PAGE, PROT_NONE);
	}
	return 0;
}

static int run_errno(void)
{
	while (n_done++ < n_wanted) {
		errno = (int)(n_done % 100) + 1;
		use((void *)506);
		if (errno != (int)(n_done % 100) + 1)
			return 1;
	}
	return 0;
}

/* A thread's stack, and below it those of two fibers, in one mapping. The second fiber is
 * made while the first one runs, and has its frame pointer; then the first one's stack
 * goes away. */
static char *stacks_in_a_row;

static void second_fiber(void)
{
	for (;;) {
		use((void *)508);
		swapcontext(&fibers[1], &main_context);
	}
}

static void make_fiber(int i, void (*function)(void))
{
	getcontext(&fibers[i]);
	fibers[i].uc_stack.ss_sp = stacks_in_a_row + (size_t)(1 - i) * FIBER_STACK;
	fibers[i].uc_stack.ss_size = FIBER_STACK;
	makecontext(&fibers[i], function, 0);
}

static void first_fiber(void)
{
	use((void *)509);
	make_fiber(1, second_fiber);
	swapcontext(&fibers[0], &main_context);
}

static void *over_fibers(void *unused)
{
	use((void *)510);
	make_fiber(0, first_fiber);
	swapcontext(&main_context, &fibers[0]);
	swapcontext(&main_context, &fibers[1]);
	munmap(stacks_in_a_row + FIBER_STACK, FIBER_STACK);
	swapcontext(&main_context, &fibers[1]);
	return unused;
}

static int run_below(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	size_t size = 256 << 10;

	stacks_in_a_row = mmap(NULL, 2 * FIBER_STACK + size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stacks_in_a_row + 2 * FIBER_STACK, size);
	return pthread_create(&thread, &attributes, over_fibers, NULL) != 0 ||
	       pthread_join(thread, NULL) != 0;
}

static int run_frame(size_t size)
{
	volatile char *frame = __builtin_alloca(size);

	*frame = 1;
	while (n_done++ < n_wanted)
		use((void *)511);
	return *frame != 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	n_wanted = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	if (!strcmp(what, "fibers"))
		return run_fibers();
	if (!strcmp(what, "deep"))
		return in_thread(below, (void *)n_wanted, 64 * n_wanted + (1 << 20));
	if (!strcmp(what, "small"))
		return in_thread(use, (void *)507, 16384) ||
		       in_thread(with_small_handler, NULL, 65536);
	if (!strcmp(what, "faults"))
		return run_faults();
	if (!strcmp(what, "below"))
		return run_below();
	if (!strcmp(what, "frame") && argc > 3)
		return run_frame(strtoul(argv[3], NULL, 10) << 10);
	return strcmp(what, "errno") ? 2 : run_errno();
}
