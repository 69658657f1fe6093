#!/bin/bash
# SPDX-License-Identifier: MIT
#
# eu-addr2line of elfutils 0.188 (Debian 12's 0.188-2.1) has no line for any address of a program
# that clang 14.0.6 -g made, and reports nothing: `??:0`. libdwfl finds the unit of an address by
# .debug_aranges alone, a section that clang writes only for -gdwarf-aranges. With an executable of
# gcc 12.2, which writes it, it has the line; addr2line of binutils 2.40, gdb 13.1 and eu-addr2line
# 0.192 (Debian 13) have it in each case.
#
# Output seen:
#   gcc-12 -g: program.c:3
#   clang-14 -g: ??:0
#   clang-14 -g -gdwarf-aranges: program.c:3
#
# Needs apt-get, gcc 12 and clang 14 on Debian 12. Fails if elfutils behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch elfutils=0.188-2.1 31e479c38d2eb1a5d134c1d12bf619d1a1a1fa4482b073e95c70021c07443c23
fetch libdw1=0.188-2.1 ffd7b1bad982ad1afd9c2b75ab2edd18e229508df731a8f4d8443f093a91442f
fetch libelf1=0.188-2.1 619add379c606b3ac6c1a175853b918e6939598a83d8ebadf3bdfd50d10b3c8c
fetch libasm1=0.188-2.1 7d550ea35716c3f413e0132b4b498492655a2090a65c756f492d11e004aeabc6
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu
usr/bin/eu-addr2line --version | head -1

printf '\n\nint main(void) { return 0; }\n' >program.c
wrong=0
look() {
	local expected=$1 found

	shift
	"$@" -O1 program.c -o program
	found=$(usr/bin/eu-addr2line -e program "0x$(nm program | awk '$3 == "main" { print $1 }')")
	found=$(basename "$found" | cut -d: -f1-2)
	echo "$*: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look program.c:3 gcc-12 -g
look '??:0' clang-14 -g
look program.c:3 clang-14 -g -gdwarf-aranges
exit $wrong
