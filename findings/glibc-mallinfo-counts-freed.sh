#!/bin/bash
# SPDX-License-Identifier: MIT
#
# glibc 2.36 (Debian 12's libc6 2.36-9+deb12u14): what mallinfo2 calls in use (uordblks) has blocks that
# are freed, while they are in a thread's cache, which takes the first seven of each size. Seven freed
# blocks of 1,000 bytes leave the figure as it was, and malloc_trim does not change that. With
# glibc.malloc.tcache_count=0 it is what the program has.
#
# Output seen, bytes in use beyond those of the beginning:
#   default: 7 blocks 7056, freed 7056, trimmed 7056
#   without cache: 7 blocks 7056, freed 0, trimmed 0
#
# Needs apt-get and gcc on x86-64, Debian 12. Fails if glibc behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch libc6=2.36-9+deb12u14 ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf
cat >program.c <<'END'
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	size_t before, full, freed;
	void *block[7];

	free(malloc(1)); /* what glibc takes for itself */
	before = mallinfo2().uordblks;
	for (int i = 0; i < 7; i++)
		block[i] = malloc(1000);
	full = mallinfo2().uordblks;
	for (int i = 0; i < 7; i++)
		free(block[i]);
	freed = mallinfo2().uordblks;
	malloc_trim(0);
	printf("7 blocks %zu, freed %zu, trimmed %zu\n", full - before, freed - before, mallinfo2().uordblks - before);
	return 0;
}
END
gcc -O1 -fno-builtin program.c -o program
wrong=0
look() {
	local how=$1 expected=$2 found

	shift 2
	found=$(env "$@" lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --library-path lib/x86_64-linux-gnu ./program)
	echo "$how: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look default "7 blocks 7056, freed 7056, trimmed 7056" LC_ALL=C
look "without cache" "7 blocks 7056, freed 0, trimmed 0" GLIBC_TUNABLES=glibc.malloc.tcache_count=0
exit $wrong
