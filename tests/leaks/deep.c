/* SPDX-License-Identifier: MIT */
/*
 * usage: deep LIBRARY FLAG. A library (built of this file with -DLIBRARY) that is opened
 * with FLAG, "deep" or "plain", keeps what the program gives it in blocks of its own, in
 * the arena of a thread. Another block, of 304 bytes, is lost.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct node {
	struct node *next;
	void *kept;
};

#ifdef LIBRARY
static struct node *list;

void keep(void *what);

void keep(void *what)
{
	struct node *node = malloc(sizeof(*node));

	if (!node)
		abort();
	*node = (struct node){list, what};
	list = node;
}
#else
static void (*keep)(void *what);

static void *work(void *arg)
{
	void *lost = calloc(1, 304);

	__asm__ volatile("" : "+r"(lost) : : "memory");
	for (int i = 0; i < 100; i++)
		keep(calloc(1, 208));
	return arg;
}

/* What was left on the stack and in registers is no pointer to them any more. */
static __attribute__((noinline)) void clear(void)
{
	volatile char room[16384];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 0;
}

int main(int argc, char **argv)
{
	int deep = argc > 2 && strcmp(argv[2], "deep") == 0 ? RTLD_DEEPBIND : 0;
	void *library = argc > 2 ? dlopen(argv[1], RTLD_NOW | deep) : NULL;
	pthread_t thread;

	if (!library)
		return 2;
	*(void **)&keep = dlsym(library, "keep");
	if (!keep || pthread_create(&thread, NULL, work, NULL) ||
	    pthread_join(thread, NULL))
		return 2;
	clear();
	return 0;
}
#endif
