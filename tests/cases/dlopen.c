/* SPDX-License-Identifier: MIT */
/* A library that comes and goes: its calls are named after it is gone. */
#include <dlfcn.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++) {
		void *library = dlopen(argv[argc - 1], RTLD_NOW);
		void *(*allocate)(size_t);

		if (!library)
			return 1;
		allocate = (void *(*)(size_t))dlsym(library, "plugin_allocate");
		if (!allocate)
			return 2;
		free(allocate(4242));
		if (dlclose(library) != 0)
			return 3;
	}
	return 0;
}
