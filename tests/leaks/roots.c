/* SPDX-License-Identifier: MIT */
/*
 * Where pointers count that are hard to see: roots CASE [NUMBER]. Every block has a size
 * of its own, by which check-leaks.py knows it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
#define PAGE 4096
#define TERABYTE ((size_t)1 << 40)
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* since Linux 6.13 */
#endif

static void *volatile global;
static volatile int ended_tid;

static NOINLINE void **block(size_t size)
{
	void **p = calloc(1, size);

	__asm__ volatile("" : "+r"(p));
	return p;
}

static void *give_result(void *unused)
{
	void **result = block(4001);

	(void)unused;
	block(4002);
	result[3] = block(4003);
	ended_tid = (int)syscall(SYS_gettid);
	return result;
}

/* The program can still get the result, but not what the thread was given. */
static void unjoined(int number)
{
	pthread_t thread;

	(void)number;
	pthread_create(&thread, NULL, give_result, block(4004));
	while (ended_tid == 0 || syscall(SYS_tgkill, getpid(), ended_tid, 0) == 0)
		usleep(100);
}

/* A block of 16 pages, of which some are locked: 1 the first, 2 the same, and what it
 * holds is behind it, 3 the last, 4 all; 5: all can only be read. */
static void locked(int how)
{
	char *p = NULL;

	if (posix_memalign((void **)&p, PAGE, 16 * PAGE))
		return;
	memset(p, 0, 16 * PAGE);
	*(void **)(p + (how == 2 ? PAGE : 0)) = block(4011);
	global = p;
	mprotect(how == 3 ? p + 15 * PAGE : p, how <= 3 ? PAGE : 16 * PAGE,
		 how == 5 ? PROT_READ : PROT_NONE);
}

/* What a copy of the process does not have. */
static void wiped(int number)
{
	static _Alignas(65536) struct {
		void *held;
		char rest[2 * 65536 - sizeof(void *)];
	} page;
	char *mapped = mmap(NULL, 4 * 65536, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)number;
	madvise(&page, sizeof(page), MADV_WIPEONFORK);
	madvise(mapped, 4 * 65536, MADV_WIPEONFORK);
	page.held = block(4021);
	*(void **)(mapped + 3 * 65536) = block(4022);
	block(4023);
}

/* Of so many terabytes, a few pages. */
static void sparse(int number)
{
	size_t size = (size_t)number * TERABYTE;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		exit(77);
	*(void **)p = block(4031);
	*(void **)(p + size / 2 + 5 * PAGE) = block(4032);
	*(void **)(p + size - sizeof(void *)) = block(4033);
	block(4034);
}

/* A block of so many gigabytes, whose pages are as few, its first one none of them. */
static void large(int number)
{
	size_t size = (size_t)number * TERABYTE / 1024;
	void **p = NULL;

	if (posix_memalign((void **)&p, (size_t)1 << 21, size))
		exit(77);
	p[size / 4 / sizeof(*p)] = block(4041);
	global = p;
	block(4042);
}

/* Libc alone points to the buffer; and of its lists of free pieces one is not empty. */
static void buffered(int number)
{
	static void *volatile kept[2];
	void *volatile hole;

	(void)number;
	setvbuf(stdin, (char *)block(4051), _IOFBF, 4051);
	hole = malloc(1100);
	kept[0] = malloc(24); /* behind it, so that it stays a piece */
	free(hole);
	kept[1] = malloc(3000); /* now it is in its list */
	getchar();
}

/* Makes pages that kill whoever reads them, and whose mapping can be read. */
static void make_guard(void *start, size_t size)
{
	if (mprotect(start, size, PROT_READ | PROT_WRITE) ||
	    madvise(start, size, MADV_GUARD_INSTALL))
		exit(77);
}

/* In a mapping of so many megabytes, between pages that were written: of its first page,
 * of one before the middle, and of its last. */
static void guarded(int number)
{
	size_t size = (size_t)number << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		exit(77);
	memset(p, 0, 8 * PAGE);
	*(void **)(p + PAGE) = block(4061);
	*(void **)(p + size / 2) = block(4062);
	*(void **)(p + size - PAGE - sizeof(void *)) = block(4063);
	block(4064);
	make_guard(p, PAGE);
	make_guard(p + 2 * PAGE, 4 * PAGE);
	make_guard(p + size / 2 - PAGE, PAGE);
	make_guard(p + size - PAGE, PAGE);
}

static pthread_barrier_t at_barrier;
static int begun_tid, idle_pipe[2];

/* Of a library before glibc 2.42: what that does. */
static void guard_own_stack(void)
{
	pthread_attr_t attributes;
	void *low;
	size_t size, guard;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &low, &size);
	pthread_attr_getguardsize(&attributes, &guard);
	pthread_attr_destroy(&attributes);
	make_guard((char *)low - guard, guard);
}

static NOINLINE void leave_deep(size_t size)
{
	void *volatile here[600];

	for (size_t i = 0; i < 600; i++)
		here[i] = NULL;
	here[0] = block(size);
	__asm__ volatile("" : : "r"(here) : "memory");
}

static NOINLINE void leave_deeper(size_t size)
{
	char room[16384];

	memset(room, 0, sizeof(room));
	leave_deep(size);
	__asm__ volatile("" : : "r"(room) : "memory");
}

/* Leaves one block on the part of its stack that is free then, and holds another. */
static void *stay(void *sizes)
{
	void *volatile held = block(((size_t *)sizes)[1]);

	guard_own_stack();
	leave_deeper(((size_t *)sizes)[0]);
	begun_tid = (int)syscall(SYS_gettid);
	pthread_barrier_wait(&at_barrier);
	(void)!read(idle_pipe[0], &begun_tid, 1); /* for ever */
	__asm__ volatile("" : : "r"(held) : "memory");
	return NULL;
}

static void *go(void *sizes)
{
	guard_own_stack();
	leave_deeper(*(size_t *)sizes);
	pthread_barrier_wait(&at_barrier);
	return NULL;
}

/* Until then all of its stack counts. */
static void wait_until_it_reads(int tid)
{
	char path[64], line[64] = "r";

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	while (*line == 'r' || atoi(line) != SYS_read) {
		FILE *file = fopen(path, "r");

		if (!file || !fgets(line, sizeof(line), file))
			exit(77);
		fclose(file);
	}
}

static pthread_t begin(void *(*run)(void *), size_t *sizes)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)8 << 20);
	if (pthread_create(&thread, &attributes, run, sizes))
		exit(77);
	pthread_attr_destroy(&attributes);
	pthread_barrier_wait(&at_barrier);
	return thread;
}

/* So many threads that live, one that is gone between them: one after the other, so that
 * the kernel makes one mapping of their stacks. */
static void stacks(int number)
{
	static size_t sizes[][2] = {{4071, 4072}, {4073, 0}, {4074, 4075}};
	pthread_t gone;

	if (pipe(idle_pipe) != 0)
		exit(77);
	pthread_barrier_init(&at_barrier, NULL, 2);
	for (int i = 1; i < number; i++) {
		begin(stay, sizes[0]);
		wait_until_it_reads(begun_tid);
	}
	gone = begin(go, sizes[1]);
	begin(stay, sizes[2]);
	wait_until_it_reads(begun_tid);
	pthread_join(gone, NULL);
}

static const struct {
	const char *name;
	void (*run)(int number);
} cases[] = {
	{"unjoined", unjoined}, {"locked", locked}, {"wiped", wiped},
	{"sparse", sparse},     {"large", large},   {"buffered", buffered},
	{"guarded", guarded},   {"stacks", stacks},
};

/* What the case has left below its caller's frame. */
static NOINLINE void clear(void)
{
	char room[16384];

	memset(room, 0, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
}

static NOINLINE void run(const char *name, int number)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (strcmp(cases[i].name, name) == 0)
			cases[i].run(number);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		run(argv[1], argc > 2 ? atoi(argv[2]) : 0);
	clear();
	return 0;
}
