/* SPDX-License-Identifier: MIT */
/* usage: plugin-user ONE TWO: uses one library and then another, by way of a third. The
 * blocks of the second one leak. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

void *opener_open(const char *file);
int opener_close(void *library);

static void *(*function_of(void *library, const char *name))(void)
{
	return (void *(*)(void))dlsym(library, name);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	void *one = opener_open(argv[1]);
	void *(*first)(void) = function_of(one, "one");
	for (int i = 0; i < 20; i++)
		free(first());
	opener_close(one);
	void *(*second)(void) = function_of(opener_open(argv[2]), "two");
	printf("at the same address: %s\n", second == first ? "always" : "not always");
	for (int i = 0; i < 20; i++) {
		void *volatile lost = second();
		lost = NULL;
	}
	return 0;
}
