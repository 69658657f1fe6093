/* SPDX-License-Identifier: MIT */
/* A wrapper is found, with the link of its chain; a constructor and main are none. */
#include <stdlib.h>
#include <string.h>

static void *volatile sink;

#define NOINLINE __attribute__((noinline))

static NOINLINE void *take(size_t size)
{
	void *memory = malloc(size);

	return memory ? memory : (abort(), NULL);
}

static NOINLINE void *grab(size_t size)
{
	void *memory = take(size);

	memset(memory, 0, size);
	return memory;
}

static NOINLINE void *make_node(void)
{
	char *node = malloc(72);

	node[0] = 1;
	return node;
}

#define USER(name, size)                                                                 \
	static NOINLINE void name(void)                                                  \
	{                                                                                \
		sink = grab(size);                                                       \
		free(sink);                                                              \
		sink = make_node();                                                      \
		free(sink);                                                              \
	}
USER(first, 1001)
USER(second, 1012)
USER(third, 1103)
USER(fourth, 1204)
USER(fifth, 2305)

int main(void)
{
	first();
	second();
	third();
	fourth();
	fifth();
	sink = malloc(5000);
	free(sink);
	return 0;
}
