/* SPDX-License-Identifier: MIT */
/* Opens the library that its argument names, and calls work_here() in it. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	int (*work)(void) = library ? (int (*)(void))dlsym(library, "work_here") : NULL;

	if (!work)
		return fprintf(stderr, "%s\n", dlerror()), 1;
	return work() == 0;
}
