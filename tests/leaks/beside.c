/* SPDX-License-Identifier: MIT */
/*
 * usage: beside HOW [LIBRARY]. A library (built of this file with -DLIBRARY, with -DOWN
 * for a malloc of its own, and with -DTAKEN for one that it asks for by name, of which it
 * loses a block) allocates, and frees all of it; it is opened as HOW
 * says: "plain", "deep" (RTLD_DEEPBIND), "space" (dlmopen). Or the program ends on
 * "fiber", a stack in its own data. Nothing else is lost.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#ifdef LIBRARY
#ifdef OWN
static char room[1 << 16];
static size_t used;

void *malloc(size_t size)
{
	used += (size + 15) & ~(size_t)15;
	return room + used - ((size + 15) & ~(size_t)15);
}

void free(void *block)
{
	(void)block;
}
#endif

void work(void);

#ifdef TAKEN
static void *(*volatile take)(size_t size);
static void *volatile lost;

void work(void)
{
	take = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	lost = take(100);
	lost = NULL;
}
#else
void work(void)
{
	void *volatile block = malloc(100);

	free(block);
}
#endif
#else
static char stack[1 << 16] __attribute__((aligned(16)));

static void end(void)
{
	exit(0);
}

static void end_on_fiber(void)
{
	static ucontext_t context;

	getcontext(&context);
	context.uc_stack.ss_sp = stack;
	context.uc_stack.ss_size = sizeof(stack);
	makecontext(&context, end, 0);
	setcontext(&context);
}

int main(int argc, char **argv)
{
	void (*work)(void) = NULL;
	void *library = NULL, *volatile block = malloc(50);

	free(block);
	if (argc > 2 && strcmp(argv[1], "space") == 0)
		library = dlmopen(LM_ID_NEWLM, argv[2], RTLD_NOW);
	else if (argc > 2)
		library = dlopen(argv[2], strcmp(argv[1], "deep") == 0
						  ? RTLD_NOW | RTLD_DEEPBIND
						  : RTLD_NOW);
	if (library)
		*(void **)&work = dlsym(library, "work");
	if (work)
		work();
	else if (argc > 1 && strcmp(argv[1], "fiber") == 0)
		end_on_fiber();
	else if (argc > 2)
		return 2;
	return 0;
}
#endif
