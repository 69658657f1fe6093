/* SPDX-License-Identifier: MIT */
/*
 * Loads libraries in all ways, and prints what came of it.
 *
 * usage: plugin-host turns ONE TWO N   one after another, at the same address
 *        plugin-host waits ONE         that waits for a thread while it is loaded
 *        plugin-host scopes ONE        by the program's own path, by itself, in a
 * namespace
 */
#include <dlfcn.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int value(void);
int value(void)
{
	return 1;
}

static const void *base_of(void *function)
{
	Dl_info info;
	return dladdr(function, &info) ? info.dli_fbase : NULL;
}

static const void *use(const char *file, const char *name)
{
	void *library = dlopen(file, RTLD_NOW);
	void *(*function)(void) = library ? (void *(*)(void))dlsym(library, name) : NULL;
	const void *base = function ? base_of((void *)function) : NULL;

	if (!function)
		abort();
	free(function());
	dlclose(library);
	return base;
}

static void take_turns(const char *one, const char *two, int n)
{
	int same = 0;

	for (int i = 0; i < n; i++)
		same += use(one, "one") == use(two, "two");
	dprintf(1, "at the same address: %s\n", same == n ? "always" : "not always");
}

static int seen(void *library)
{
	int (*function)(void) =
		library ? (int (*)(void))dlsym(library, "value_seen") : NULL;

	return function ? function() : -1;
}

static void look(const char *name)
{
	Dl_info info = {0};
	void *(*next)(size_t) = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	void *apart = dlmopen(LM_ID_NEWLM, name, RTLD_NOW);

	dprintf(1, "apart %d\n", seen(apart));
	dprintf(1, "deep %d\n", seen(dlopen(name, RTLD_NOW | RTLD_DEEPBIND)));
	dprintf(1, "next %s\n",
		dladdr((void *)next, &info) ? basename((char *)info.dli_fname) : "-");
	free(next(10));
	dprintf(1, "none %d\n", dlopen("libthere-is-none.so", RTLD_NOW) == NULL);
	dprintf(1, "%s\n", dlerror());
}

int main(int argc, char **argv)
{
	if (argc > 4 && !strcmp(argv[1], "turns"))
		take_turns(argv[2], argv[3], atoi(argv[4]));
	else if (argc > 2 && !strcmp(argv[1], "waits"))
		use(argv[2], "one");
	else if (argc > 2)
		look(argv[2]);
	return 0;
}
