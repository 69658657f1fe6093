#!/bin/bash
# SPDX-License-Identifier: MIT
#
# LeakSanitizer of gcc 12.2 (Debian 12's liblsan0 12.2.0-14+deb12u1) with glibc 2.36: a block that only
# a library opened by dlmopen in a namespace of its own points to is reported as a direct leak. The
# sanitizer asks dl_iterate_phdr for the variables that hold pointers, and in glibc that lists the
# caller's namespace alone, while dladdr and _dl_find_object find the library's code. Opened by dlopen
# the same library holds the block. Valgrind 3.19, which looks at mappings, finds it reachable in each
# case.
#
# Output seen:
#   dlmopen: dl_iterate_phdr lists it 0, dladdr finds it 1, leaks 1; valgrind: lost 0 blocks
#   dlopen: dl_iterate_phdr lists it 1, dladdr finds it 1, leaks 0; valgrind: lost 0 blocks
#
# Needs apt-get, gcc 12 and libc6-dbg on x86-64, Debian 12. Fails if they behave otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch liblsan0=12.2.0-14+deb12u1 d234ab339c0ba31a4fb44e2334cf5a8d15b87f2c2f9e74fadfaa877f92dcf22a
fetch valgrind=1:3.19.0-1 324842f2308a1e42abf2d81ff5eb19a9475fc9db95647f4d9da71444eda4087f
echo 'static void *held; void hold(void *block) { held = block; }' >hold.c
cat >program.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int look(struct dl_phdr_info *info, size_t size, void *listed)
{
	(void)size;
	*(int *)listed |= strstr(info->dlpi_name, "hold.so") != NULL;
	return 0;
}
static __attribute__((noinline)) void keep(int other)
{
	void *library = other ? dlmopen(LM_ID_NEWLM, "./hold.so", RTLD_NOW) : dlopen("./hold.so", RTLD_NOW);
	void *function = library ? dlsym(library, "hold") : NULL;
	int listed = 0;
	Dl_info info;

	if (!function)
		exit(3);
	dl_iterate_phdr(look, &listed);
	printf("dl_iterate_phdr lists it %d, dladdr finds it %d\n", listed, dladdr(function, &info));
	fflush(stdout);
	((void (*)(void *))function)(malloc(4321));
}
static __attribute__((noinline)) void wipe(void)
{
	volatile char stack[16384];

	for (size_t i = 0; i < sizeof(stack); i++)
		stack[i] = 0;
}
int main(int n, char **words)
{
	keep(n == 1);
	wipe();
	return !words;
}
END
gcc-12 -g -shared -fPIC hold.c -o hold.so
gcc-12 -g -O1 program.c -o plain
gcc-12 -g -O1 -fsanitize=leak program.c -o sanitized
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu VALGRIND_LIB=$work/usr/libexec/valgrind
wrong=0
look() {
	local how=$1 expected=$2 report found

	shift 2
	report=$(./sanitized "$@" 2>&1 || true)
	found="$(head -1 <<<"$report"), leaks $(grep -c '^Direct leak of 4321 ' <<<"$report" || true)"
	report=$(usr/bin/valgrind.bin --leak-check=full ./plain "$@" 2>&1)
	found="$found; valgrind: lost $(sed -n 's/.*definitely lost:.* in \([0-9]* blocks\).*/\1/p' <<<"$report")"
	echo "$how: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look dlmopen "dl_iterate_phdr lists it 0, dladdr finds it 1, leaks 1; valgrind: lost 0 blocks"
look dlopen "dl_iterate_phdr lists it 1, dladdr finds it 1, leaks 0; valgrind: lost 0 blocks" by dlopen
exit $wrong
