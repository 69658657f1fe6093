/* SPDX-License-Identifier: MIT */
/* A library that opens and closes others for its user. */
#include <dlfcn.h>

void *opener_open(const char *file);
int opener_close(void *library);

void *opener_open(const char *file)
{
	return dlopen(file, RTLD_NOW);
}

int opener_close(void *library)
{
	return dlclose(library);
}
