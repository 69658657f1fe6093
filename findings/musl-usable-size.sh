#!/bin/bash
# SPDX-License-Identifier: MIT
#
# musl 1.2.3 (Debian 12's 1.2.3-1): malloc_usable_size says exactly what malloc was asked for, to
# the byte, and 0 for malloc(0), not what the block has room for. So programs that take usable less
# asked size for what an allocator wastes find none with musl, and programs that use what is left over
# get nothing. glibc 2.36 says the size of the whole piece without its header.
#
# Output seen:
#   musl: 0:0 1:1 13:13 100:100 5000:5000
#   glibc: 0:24 1:24 13:24 100:104 5000:5000
#
# Needs apt-get and gcc on x86-64, Debian 12. Fails if musl behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch musl-dev=1.2.3-1 7c34f29a0c1aa12f6da1d25ed6de6fe6bbd9e048ee76b3dcb88c5e51fb65507f
cat >program.c <<'END'
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	static const size_t sizes[] = {0, 1, 13, 100, 5000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		printf("%s%zu:%zu", i ? " " : "", sizes[i], malloc_usable_size(malloc(sizes[i])));
	return 0;
}
END
musl=usr/lib/x86_64-linux-musl
gcc -static -nostdinc -isystem usr/include/x86_64-linux-musl -nostdlib program.c \
	$musl/crt1.o $musl/crti.o $musl/libc.a "$(gcc -print-libgcc-file-name)" $musl/crtn.o -o with-musl
gcc program.c -o with-glibc
wrong=0
look() {
	local found

	found=$("./with-$1")
	echo "$1: $found"
	[ "$found" = "$2" ] || wrong=1
}
look musl "0:0 1:1 13:13 100:100 5000:5000"
look glibc "0:24 1:24 13:24 100:104 5000:5000"
exit $wrong
