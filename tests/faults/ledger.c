/* SPDX-License-Identifier: MIT */
/*
 * A program that keeps its own books: each thread notes in a file, which is mapped and
 * so survives whatever ends the program, what it is about to do and what it has done.
 * What a trace says can then be compared with it, to the event. Of thread t the n-th
 * block has 1000 * (t + 20) + n % 997 bytes: no other code here allocates such sizes.
 *
 * usage: ledger LEDGER THREADS ROUNDS [EVENT [ROUND]]
 *
 * LEDGER is a file, or "-" for what standard input is. Each thread does ROUNDS rounds,
 * 0: no end. After ROUND of them the first thread does what EVENT says. Prints what the
 * blocks held.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_THREADS 16
#define N_SLOTS 64
#define SIZES 997 /* a prime: a block and its successors share no sizes */

static struct page {
	uint64_t allocs_begun, allocs_done, frees_begun, frees_done;
	uint64_t rest[4];
} * ledger; /* a line of the cache for each thread */

static void *slots[N_SLOTS];
static uint64_t n_rounds, event_round = UINT64_MAX, sum;
static const char *event = "";

/* Other threads are at work when the program ends: compilers must not move it. */
static void note(uint64_t *count)
{
	__atomic_store_n(count, *count + 1, __ATOMIC_SEQ_CST);
}

static size_t next_size(size_t t)
{
	return 1000 * (t + 20) + ledger[t].allocs_begun % SIZES;
}

static void *allocate(size_t t, void *old)
{
	size_t size = next_size(t);
	unsigned char *block;

	note(&ledger[t].allocs_begun);
	block = old ? realloc(old, size) : malloc(size);
	note(&ledger[t].allocs_done);
	if (!block)
		abort();
	if (old && *block != (unsigned char)(t + 1))
		abort();
	memset(block, (int)(t + 1), size);
	return block;
}

static void put(size_t t, unsigned char *block)
{
	if (!block)
		return;
	__atomic_add_fetch(&sum, *block, __ATOMIC_RELAXED);
	note(&ledger[t].frees_begun);
	free(block);
	note(&ledger[t].frees_done);
}

/* Faults that compilers do not see. */
static volatile int nothing, one = 1;

static void run_out_of_memory(void)
{
	for (;;)
		memset(malloc(1 << 20), 1, 1 << 20);
}

static unsigned n_threads, n_waiting;
static int others_wait;

/* All but the first, between two rounds. */
static void wait_if_asked(size_t t)
{
	if (t == 0 || !__atomic_load_n(&others_wait, __ATOMIC_ACQUIRE))
		return;
	__atomic_add_fetch(&n_waiting, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&others_wait, __ATOMIC_ACQUIRE))
		sched_yield();
	__atomic_sub_fetch(&n_waiting, 1, __ATOMIC_RELEASE);
}

/* Closes what it did not open, and gives the numbers to a file of its own: while nobody
 * is about to write by such a number (docs/reference/limits.md). */
static void close_all(void)
{
	static char is_open[1024];
	int victim;

	__atomic_store_n(&others_wait, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&n_waiting, __ATOMIC_ACQUIRE) < n_threads - 1)
		sched_yield();
	for (int fd = 3; fd < 1024; fd++)
		is_open[fd] = fcntl(fd, F_GETFD) >= 0;
	closefrom(3);
	victim = open("victim", O_RDWR | O_CLOEXEC);
	for (int fd = 3; fd < 1024; fd++)
		if (is_open[fd] && fd != victim && dup2(victim, fd) != fd)
			abort();
	__atomic_store_n(&others_wait, 0, __ATOMIC_RELEASE);
}

static void cut_trace(off_t part)
{
	const char *path = getenv("RHEAPER_TRACE");
	struct stat status;

	if (path && (stat(path, &status) || truncate(path, status.st_size * part / 2)))
		abort();
}

static void *live_shortly(void *arg)
{
	free(malloc(500));
	return arg;
}

/* What else a program does that has something to do with the runtime. */
static void do_all_sorts(void)
{
	pthread_t thread;
	int status;
	pid_t child = fork();

	if (child == 0) {
		free(malloc(600));
		_exit(5);
	}
	if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 5)
		abort();
	for (int i = 0; i < 20; i++)
		if (pthread_create(&thread, NULL, live_shortly, NULL) ||
		    pthread_join(thread, NULL))
			abort();
	for (int i = 0; i < 3; i++) {
		void *library = dlopen("./libsome.so", RTLD_NOW);
		void *(*get)(void) =
			library ? (void *(*)(void))dlsym(library, "get") : NULL;

		if (!get)
			abort();
		free(get());
		dlclose(library);
	}
}

static void end(void)
{
	if (!strcmp(event, "segv"))
		*(volatile char *)(uintptr_t)nothing = 1;
	else if (!strcmp(event, "abort"))
		abort();
	else if (!strcmp(event, "fpe"))
		_exit(one / nothing);
	else if (!strcmp(event, "_exit"))
		_exit(3);
	else if (!strcmp(event, "quick_exit"))
		quick_exit(3);
	else if (!strcmp(event, "exit"))
		exit(3);
	else if (!strcmp(event, "oom"))
		run_out_of_memory();
}

static void come_to_pass(void)
{
	int failed = 0;

	if (!strcmp(event, "close"))
		close_all();
	else if (!strcmp(event, "empty"))
		cut_trace(0);
	else if (!strcmp(event, "halve"))
		cut_trace(1);
	else if (!strcmp(event, "lock"))
		failed = mlockall(MCL_CURRENT | MCL_FUTURE);
	else if (!strcmp(event, "all-sorts"))
		do_all_sorts();
	else if (!strcmp(event, "chdir"))
		failed = chdir("/");
	else if (!strcmp(event, "chroot"))
		failed = mkdir("cell", 0700) || chroot("cell") || chdir("/");
	else if (!strcmp(event, "setuid"))
		failed = setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534);
	else
		end();
	if (failed)
		abort();
}

static void *work(void *arg)
{
	size_t t = (size_t)arg;

	for (uint64_t r = 0; n_rounds == 0 || r < n_rounds; r++) {
		void **slot = &slots[(r * 7 + t) % N_SLOTS];

		wait_if_asked(t);
		if (t == 0 && r == event_round)
			come_to_pass();
		put(t, __atomic_exchange_n(slot, allocate(t, allocate(t, NULL)),
					   __ATOMIC_ACQ_REL));
	}
	__atomic_add_fetch(&n_waiting, 1, __ATOMIC_RELEASE);
	return NULL;
}

static int is_anything_blocked(void)
{
	sigset_t set;
	int n = 0;

	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int i = 1; i < NSIG; i++)
		n += sigismember(&set, i) == 1;
	return n;
}

/* The file has been made. */
static void open_ledger(const char *path)
{
	int fd = strcmp(path, "-") ? open(path, O_RDWR | O_CLOEXEC) : 0;

	ledger = mmap(NULL, sizeof(*ledger) * MAX_THREADS, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	if (ledger == MAP_FAILED)
		exit(2);
	if (fd > 0)
		close(fd);
}

/* printf would make itself a buffer, of a size like ours. */
static int say(uint64_t number)
{
	char line[32];
	int length = snprintf(line, sizeof(line), "%lu\n", (unsigned long)number);

	return write(1, line, (size_t)length) != length;
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];

	n_threads = argc < 4 ? 0 : (unsigned)strtoul(argv[2], NULL, 10);
	if (n_threads == 0 || n_threads > MAX_THREADS)
		return 2;
	open_ledger(argv[1]);
	n_rounds = strtoul(argv[3], NULL, 10);
	event = argc > 4 ? argv[4] : "";
	event_round = argc > 5 ? strtoul(argv[5], NULL, 10) : UINT64_MAX;
	for (size_t t = 1; t < n_threads; t++)
		if (pthread_create(&threads[t], NULL, work, (void *)t))
			return 2;
	work(NULL);
	for (size_t t = 1; t < n_threads; t++)
		pthread_join(threads[t], NULL);
	for (size_t i = 0; i < N_SLOTS; i++)
		put(0, slots[i]);
	return say(sum) || is_anything_blocked();
}
