#!/bin/bash
# SPDX-License-Identifier: MIT
#
# ccache 4.7.5 (Debian 12's 4.8+really4.7.5-1) keeps an object of gcc 12 -fcallgraph-info=su, and not
# the call graph with stack sizes (.ci) that gcc writes beside it. The first compilation leaves
# both files; the second one takes the object from the cache, leaves no .ci, and ends with status
# 0 and without a word. Of -fstack-usage it keeps the .su. So a build that checks the use of stack
# finds nothing as soon as the cache is warm, or an old file where the directory is the same.
#
# Output seen:
#   -fcallgraph-info=su, first time: a.ci a.o
#   -fcallgraph-info=su, from the cache: a.o
#   -fstack-usage, first time: a.o a.su
#   -fstack-usage, from the cache: a.o a.su
#
# Needs apt-get and gcc 10 or newer on Debian 12. Fails if ccache behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch ccache=4.8+really4.7.5-1 d6562e03b90d4bbe299966117aef44975f57bea8270c233b1d71f1e6ba157e7d
fetch libhiredis0.14=0.14.1-3 61f25d841052ad6cd6adfa9fad050345ea1047abc6ea79f931ab1a9ed55af3ae
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu CCACHE_DIR=$work/cache
unset CCACHE_DISABLE
usr/bin/ccache --version | head -1

echo 'int f(int x) { return x; }' >a.c
wrong=0
look() {
	local option=$1 when=$2 expected=$3 found

	rm -rf out
	mkdir out
	usr/bin/ccache gcc "$option" -c a.c -o out/a.o
	found=$(cd out && echo *)
	echo "$option, $when: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look -fcallgraph-info=su "first time" "a.ci a.o"
look -fcallgraph-info=su "from the cache" "a.o"
look -fstack-usage "first time" "a.o a.su"
look -fstack-usage "from the cache" "a.o a.su"
exit $wrong
