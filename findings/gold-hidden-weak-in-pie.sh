#!/bin/bash
# SPDX-License-Identifier: MIT
#
# gold of binutils 2.40 (Debian 12's 2.40-2), with glibc 2.36: `extern int nowhere
# __attribute__((weak, visibility("hidden")))`, which nothing defines, is not null in a
# position-independent executable. gold leaves the reference to the dynamic linker
# (R_X86_64_GLOB_DAT against a hidden, weak, undefined symbol), and glibc looks up no symbol
# that is not of default visibility: it takes the module's own, whose value is 0, and adds
# the address at which the program was loaded. So `if (&nowhere)` holds, and what is then
# read or written is the program's ELF header. bfd, LLD 14 and mold 1.10 resolve it to null
# when they link. Without PIE gold does, too.
#
# Output seen:
#   gold -pie: nowhere is where the program begins
#   gold -no-pie: nowhere is null
#   bfd -pie: nowhere is null
#
# Needs apt-get and gcc on x86-64, Debian 12. Fails if gold behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq binutils-x86-64-linux-gnu=2.40-2 2>/dev/null
dpkg -x ./*.deb .
mkdir linker
cp usr/bin/x86_64-linux-gnu-ld.gold linker/ld.gold
cat >weak.c <<'END'
#include <stdio.h>
extern int nowhere __attribute__((weak, visibility("hidden")));
extern const char __ehdr_start __attribute__((visibility("hidden")));
int main(void)
{
	const char *at = (const char *)&nowhere;
	puts(!at ? "nowhere is null" : at == &__ehdr_start ? "nowhere is where the program begins" : "elsewhere");
	return 0;
}
END
linker/ld.gold --version | head -1
wrong=0
look() {
	local linker=$1 pie=$2 expected=$3 found

	gcc -O1 -fPIE "-B$work/linker" "-fuse-ld=$linker" "$pie" weak.c -o weak
	found=$(./weak)
	echo "$linker $pie: $found"
	[ "$found" = "nowhere is $expected" ] || wrong=1
}
look gold -pie "where the program begins"
look gold -no-pie null
look bfd -pie null
exit $wrong
