#!/bin/bash
# SPDX-License-Identifier: MIT
#
# heaptrack 1.4.0 (Debian 12's 1.4.0-2) calls an allocation temporary if what is freed next has the
# size and the call stack of what was allocated last, not only if it is that block. So of a queue
# that takes one block and frees its eighth-oldest, 992 of 1,000 allocations are temporary, although
# each block outlives seven others; if sizes differ by a byte or two, none is. A realloc counts as a
# free and an allocation, so a buffer that is kept to the end and grows nine times is ten allocations,
# nine of them temporary.
#
# Output seen:
#   a queue of equal blocks: 992 of 1000 allocations are temporary
#   a queue of different blocks: 0 of 1000 allocations are temporary
#   a buffer that grows: 9 of 10 allocations are temporary
#
# Needs apt-get and gcc on Debian 12. Fails if heaptrack behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch heaptrack=1.4.0-2 2ff6dbf3b992ef31bf8213a0efd3a9583ea9540212648eecf599c49b975da212
fetch libheaptrack=1.4.0-2 52a4de1d0aa325908e534cccb78c5fa9dd4f817b7347e5e15095ce734aa01d20
cat >program.c <<'END'
#include <stdlib.h>
static char *queue[8], *buffer;
int main(int n, char **words)
{
	size_t step = n - 1;

	for (int i = 0; n < 3 && i < 1000; i++) {
		char *oldest = queue[i % 8];
		queue[i % 8] = malloc(100 + step * (i % 7));
		free(oldest);
	}
	for (int i = 1; n == 3 && i <= 10; i++)
		buffer = realloc(buffer, 100 * i);
	return !words;
}
END
gcc -g -O0 program.c -o program
wrong=0
look() {
	local what=$1 expected=$2 found

	shift 2
	rm -f data.*
	usr/bin/heaptrack -o data ./program "$@" >/dev/null 2>&1
	# Each paragraph of main is headed by a row of how many of what.
	found=$(usr/bin/heaptrack_print -p 0 -f data.* 2>/dev/null | awk '
		$1 == "main" && row ~ /calls to allocation functions/ { split(row, word); all = word[1] }
		$1 == "main" && row ~ /temporary allocations of/ { split(row, word); temporary = word[1] }
		{ row = $0 }
		END { print temporary + 0 " of " all }')
	echo "$what: $found allocations are temporary"
	[ "$found" = "$expected" ] || wrong=1
}
look "a queue of equal blocks" "992 of 1000"
look "a queue of different blocks" "0 of 1000" different
look "a buffer that grows" "9 of 10" a buffer
exit $wrong
