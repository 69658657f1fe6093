/* SPDX-License-Identifier: MIT */
/*
 * Leaks of each kind, one to a call: kinds CASE. Every block has a size of its own, by
 * which check-leaks.py knows it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static void *volatile global;
static __thread void *volatile variable;
static pthread_key_t key;
static pthread_barrier_t barrier;
static char **arguments;

/* A block whose pointers are all zero, but for what is put in. Compilers do not know that
 * nobody else has it, so they do not leave out what is put in. */
static NOINLINE void **block(size_t size)
{
	void **p = calloc(1, size);

	__asm__ volatile("" : "+r"(p));
	return p;
}

static void single(void)
{
	block(1001);
}

static void tree(void)
{
	void **top = block(1011);

	top[1] = block(1012);
	top[2] = block(1013);
	((void **)top[1])[3] = block(1014);
}

static void cycle(void)
{
	void **a = block(1021), **b = block(1021);

	a[0] = b;
	b[0] = a;
}

static void itself(void)
{
	void **a = block(1031);

	a[2] = a;
}

static void reachable(void)
{
	void **top = block(1041);

	top[4] = block(1042);
	global = top;
}

/* Only into the middle, and what only that points to. */
static void interior(void)
{
	void **top = block(1051);

	top[0] = block(1052);
	global = (char *)top + 24;
}

/* As C++ keeps an array whose elements have a destructor: the number is in front. */
static void array(void)
{
	size_t *top = calloc(1, sizeof(size_t) + 1064);

	top[0] = 133;
	global = top + 1;
}

static void stack(void)
{
	void *volatile here[3] = {NULL, block(1071), NULL};

	exit(here[0] != NULL);
}

static void tls(void)
{
	variable = block(1081);
}

static void specific(void)
{
	pthread_key_create(&key, NULL);
	pthread_setspecific(key, block(1091));
}

static void in_register(void)
{
#if defined(__x86_64__)
	__asm__ volatile("movq %0, %%rbx\n\txorl %%eax, %%eax\n\txorl %%edi, %%edi\n\t"
			 "andq $-16, %%rsp\n\tcall exit@PLT"
			 :
			 : "a"(block(1101))
			 : "rbx", "rdi", "memory");
#else
	stack();
#endif
}

static void mapped(void)
{
	void **page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	page[5] = block(1111);
}

static void *leak_in_thread(void *unused)
{
	variable = block(1121);
	block(1122);
	pthread_setspecific(key, block(1123));
	return unused;
}

static void joined(void)
{
	pthread_t thread;

	pthread_key_create(&key, NULL);
	pthread_create(&thread, NULL, leak_in_thread, NULL);
	pthread_join(thread, NULL);
}

static int detached_thread;

static void *leak_detached(void *unused)
{
	void *volatile here = block(1131);

	detached_thread = (int)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	return here ? unused : NULL;
}

static void detached(void)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, leak_detached, NULL);
	pthread_detach(thread);
	pthread_barrier_wait(&barrier);
	/* Nobody can join it: until the kernel does not know it any more. */
	while (syscall(SYS_tgkill, getpid(), detached_thread, 0) == 0)
		usleep(100);
}

static void *wait_with_blocks(void *argument)
{
	void **volatile here = block(1142);

	here[0] = argument;
	variable = block(1143);
	pthread_barrier_wait(&barrier);
	for (;;)
		pause();
	return here;
}

/* A thread that is there at the end, with all that it holds. */
static void waiting(void)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, wait_with_blocks, block(1141));
	pthread_barrier_wait(&barrier);
}

/* Both go on to the end as every case does, so that nothing is left of the pointer: what
 * exit calls may have frames with room that it does not write to. */
static void forked(void)
{
	int status;

	if (fork() == 0)
		block(1151);
	else
		wait(&status);
}

static void executed(void)
{
	char *const words[] = {arguments[0], (char[]){"single"}, NULL};

	block(1161);
	execv(arguments[0], words);
}

/* What pointed to it was freed, and may be lying there still. */
static void from_freed(void)
{
	void **top = block(1171);

	top[40] = block(1172);
	free(top);
}

/* Blocks with mappings of their own. */
static void large(void)
{
	void **top = block(1181000);

	top[100000] = block(1182000);
	block(1183000);
	global = top;
}

static void resized(void)
{
	void **top = block(1191);

	top[0] = block(1192);
	global = realloc(top, 119100);
	block(1193);
	global = NULL;
}

static void empty(void)
{
	global = malloc(0);
	block(1201);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"single", single},
	{"tree", tree},
	{"cycle", cycle},
	{"itself", itself},
	{"reachable", reachable},
	{"interior", interior},
	{"array", array},
	{"stack", stack},
	{"tls", tls},
	{"specific", specific},
	{"register", in_register},
	{"mapped", mapped},
	{"joined", joined},
	{"detached", detached},
	{"waiting", waiting},
	{"forked", forked},
	{"executed", executed},
	{"from_freed", from_freed},
	{"large", large},
	{"resized", resized},
	{"empty", empty},
};

/* What the case has left below its caller's frame. */
static NOINLINE void clear(void)
{
	char room[8192];

	memset(room, 0, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
}

static NOINLINE void run(const char *name)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (strcmp(cases[i].name, name) == 0)
			cases[i].run();
}

int main(int argc, char **argv)
{
	arguments = argv;
	run(argc > 1 ? argv[1] : "");
	clear();
	return 0;
}
