#!/bin/bash
# SPDX-License-Identifier: MIT
#
# LeakSanitizer of gcc 12.2 (Debian 12's liblsan0 12.2.0-14+deb12u1; clang 14 does the same) reports
# no direct leak for lost blocks that point to each other, as those of a doubly linked list do: each
# is reached from another one that is lost, so all are indirect leaks, and no report names the one
# to begin with. What counts or suppresses direct leaks only does not see the list. Valgrind 3.19
# calls one block of a circle definitely lost and the others indirectly. A block that points to
# itself is a direct leak.
#
# Output seen:
#   a circle: 0 direct, 2 indirect; valgrind: 1 definitely, 1 indirectly
#   a chain: 1 direct, 1 indirect; valgrind: 1 definitely, 1 indirectly
#   itself: 1 direct, 0 indirect; valgrind: 1 definitely, 0 indirectly
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
cat >program.c <<'END'
#include <stdlib.h>
struct node {
	struct node *next, *previous;
};
static struct node *volatile place;
static __attribute__((noinline)) void lose(int is_circle, int is_alone)
{
	struct node *first = place = calloc(1, sizeof(*first));

	first->next = is_alone ? first : (place = calloc(1, sizeof(*first)));
	if (is_circle)
		first->next->previous = first;
}
static __attribute__((noinline)) void wipe(void)
{
	volatile char stack[8192];

	for (size_t i = 0; i < sizeof(stack); i++)
		stack[i] = 0;
	place = NULL;
}
int main(int n, char **words)
{
	lose(n == 1, n == 3);
	wipe();
	return !words;
}
END
gcc-12 -g -O1 program.c -o plain
gcc-12 -g -O1 -fsanitize=leak program.c -o sanitized
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu VALGRIND_LIB=$work/usr/libexec/valgrind
wrong=0
look() {
	local what=$1 expected=$2 report found

	shift 2
	report=$(./sanitized "$@" 2>&1 || true)
	found="$(grep -c '^Direct leak' <<<"$report" || true) direct, $(grep -c '^Indirect leak' <<<"$report" || true) indirect"
	report=$(usr/bin/valgrind.bin --leak-check=full ./plain "$@" 2>&1)
	found="$found; valgrind: $(sed -n 's/.*definitely lost:.* in \([0-9]*\) blocks.*/\1/p' <<<"$report") definitely"
	found="$found, $(sed -n 's/.*indirectly lost:.* in \([0-9]*\) blocks.*/\1/p' <<<"$report") indirectly"
	echo "$what: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look "a circle" "0 direct, 2 indirect; valgrind: 1 definitely, 1 indirectly"
look "a chain" "1 direct, 1 indirect; valgrind: 1 definitely, 1 indirectly" x
look itself "1 direct, 0 indirect; valgrind: 1 definitely, 0 indirectly" x x
exit $wrong
