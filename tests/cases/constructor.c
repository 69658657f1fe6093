/* SPDX-License-Identifier: MIT */
/* Before main and after it. */
#include <stdlib.h>

static void *volatile early, *volatile late;

__attribute__((constructor)) static void before(void)
{
	early = malloc(4241);
}

static void after(void)
{
	late = malloc(4242);
	free(late);
}

__attribute__((destructor)) static void last(void)
{
	free(early);
}

int main(void)
{
	return atexit(after);
}
