/* SPDX-License-Identifier: MIT */
/* Two threads load, use and unload a library each, thousands of times. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *work(void *name)
{
	for (int i = 0; i < 3000; i++) {
		void *library = dlopen(name, RTLD_NOW);
		void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(library, "allocate");
		free(allocate(4321));
		dlclose(library);
	}
	return NULL;
}

static void copy(const char *from, const char *to)
{
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	for (int c; (c = getc(in)) != EOF;)
		putc(c, out);
	fclose(in);
	fclose(out);
}

int main(int argc, char **argv)
{
	pthread_t other;
	if (argc < 2)
		return 2;
	copy(argv[1], "./other.so");
	pthread_create(&other, NULL, work, "./other.so");
	work(argv[1]);
	pthread_join(other, NULL);
	return 0;
}
