#!/bin/bash
# SPDX-License-Identifier: MIT
#
# GNU ld and gold of binutils 2.40 (Debian 12's 2.40-2), with jemalloc 5.3.0 (5.3.0-1) as a static
# library: if a wrapper of malloc is in an archive behind libjemalloc.a, the program silently gets
# glibc's malloc, although it names jemalloc. --wrap has renamed all that the program's objects ask
# for, so libjemalloc.a defines nothing that is wanted when it is searched; the wrapper asks for
# malloc only later, and the next definition is libc's. No message is given, and the program works.
# LLD 14 and 22 and mold 1.10 and 3.0 remember what an archive could define, and link jemalloc
# in either order.
#
# Output seen:
#   bfd, wrapper first: malloc is jemalloc's
#   bfd, wrapper last: malloc is libc's
#   gold, wrapper first: malloc is jemalloc's
#   gold, wrapper last: malloc is libc's
#   mold, wrapper first: malloc is jemalloc's
#   mold, wrapper last: malloc is jemalloc's
#
# Needs apt-get and g++ on x86-64, Debian 12. Fails if a linker behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch binutils-x86-64-linux-gnu=2.40-2 2d7ea8a570d768224d7f2424abbe6f373d2154865a1fa7f56c80d43ecf492521
fetch libbinutils=2.40-2 fcf55b99e5f8a78f3c8ce9b6957f1024f394cf20c196b100d308a57e43547710
fetch mold=1.10.1+dfsg-1 066fd01b3b228ed944a3e1c96b3f688a7c8956a508f7d33f3a5b2aa6bf6836f5
fetch libjemalloc-dev=5.3.0-1 1a883483ac9cb9adb62e1359438fa49a84bfe0b526fb62c64285031530672665
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu
mkdir linker
cp usr/bin/x86_64-linux-gnu-ld.bfd linker/ld.bfd
cp usr/bin/x86_64-linux-gnu-ld.gold linker/ld.gold
cp usr/bin/mold linker/ld.mold

cat >main.c <<'END'
#include <stdlib.h>
void *volatile kept;
int main(void)
{
	kept = malloc(10);
	return !kept;
}
END
cat >wrapper.c <<'END'
#include <stddef.h>
void *__real_malloc(size_t);
void *__wrap_malloc(size_t size) { return __real_malloc(size); }
END
gcc -O1 -fno-builtin -c main.c wrapper.c
ar rcs libwrapper.a wrapper.o
jemalloc=usr/lib/x86_64-linux-gnu/libjemalloc.a
wrong=0
look() {
	local linker=$1 order=$2 expected=$3 found
	local archives=("$jemalloc" libwrapper.a)

	[ "$order" = first ] && archives=(libwrapper.a "$jemalloc")
	g++ "-B$work/linker" "-fuse-ld=$linker" main.o "${archives[@]}" -Wl,--wrap=malloc -o program
	found=$(nm program | grep -q ' [Tt] malloc$' && echo jemalloc || echo libc)
	echo "$linker, wrapper $order: malloc is $found's"
	[ "$found" = "$expected" ] || wrong=1
}
look bfd first jemalloc
look bfd last libc
look gold first jemalloc
look gold last libc
look mold first jemalloc
look mold last jemalloc
exit $wrong
