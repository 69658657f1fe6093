/* SPDX-License-Identifier: MIT */
/* Allocations before main: in an array that runs before all constructors, in the first of
 * them, in the function that chooses another one. */
#include <stdlib.h>

static void *volatile sink;

__attribute__((noinline)) static void use(size_t size)
{
	sink = malloc(size);
	free(sink);
}

static int three(void)
{
	return 3;
}

/* It runs before what it would call is relocated, but in static programs. */
static int (*choose(void))(void)
{
	return three;
}
int chosen(void) __attribute__((ifunc("choose")));

#ifndef SHARED_ONLY
static void earliest(void)
{
	use(8001);
}
__attribute__((section(".preinit_array"), used)) static void (*preinit)(void) = earliest;
#endif

__attribute__((constructor(101))) static void first(void)
{
	use(8002);
}

int main(void)
{
	use(8003);
	return chosen();
}
