#!/bin/bash
# SPDX-License-Identifier: MIT
#
# LLD 19.1.7 (Debian 12's 19.1.7-3~deb12u1; 14 and 22 were seen to do the same): --wrap=thing
# also renames the calls of the file that defines `thing`. The manual of GNU ld says that only
# undefined references are resolved to the wrapper, and GNU ld 2.40 does so, as do gold and mold.
# So the same objects count differently: a program with an allocator of its own, whose calloc
# calls its malloc, passes the wrapper of malloc twice with LLD and once with the others.
#
# Output seen:
#   lld: thing is called twice, and its wrapper 2 times
#   ld: thing is called twice, and its wrapper 1 times
#
# Needs apt-get and gcc on x86-64, Debian 12. Fails if LLD behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch lld-19=1:19.1.7-3~deb12u1 416e084363a16a7060eaa6343ed641dfe864b8208c39170ee00a5679e4b486a2
fetch libllvm19=1:19.1.7-3~deb12u1 6edf3a8b28495cdba883d9760e0dca1a81983fc497a5f989dc64d0d96d23b4aa
fetch libz3-4=4.8.12-3.1 6221ca25ad5abcfbe1965801029d85a88b4775320384b4b716de8fab7a4d2f7a
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu
mkdir linker
printf '#!/bin/sh\nexec %s/usr/lib/llvm-19/bin/ld.lld "$@"\n' "$work" >linker/ld.lld
chmod +x linker/ld.lld
linker/ld.lld --version
ld --version | head -1

cat >own.c <<'END'
__attribute__((noinline)) int thing(void)
{
	__asm__ volatile("");
	return 0;
}
int neighbour(void)
{
	return thing();
}
END
cat >main.c <<'END'
#include <stdio.h>
int thing(void), neighbour(void), __real_thing(void);
static int wrapped;
int __wrap_thing(void)
{
	wrapped++;
	return __real_thing();
}
int main(void)
{
	thing();
	neighbour();
	printf("thing is called twice, and its wrapper %d times\n", wrapped);
	return 0;
}
END
gcc -O1 -fno-pie -c own.c main.c
wrong=0
look() {
	local linker=$1 expected=$2 found

	shift 2
	gcc "$@" -no-pie own.o main.o -Wl,--wrap=thing -o program
	found=$(./program)
	echo "$linker: $found"
	[ "$found" = "thing is called twice, and its wrapper $expected times" ] || wrong=1
}
look lld 2 -fuse-ld=lld "-B$work/linker"
look ld 1
exit $wrong
