#!/bin/bash
# SPDX-License-Identifier: MIT
#
# objcopy of binutils 2.40 (Debian 12's 2.40-2) compresses debug sections with zstd; eu-addr2line of
# elfutils 0.188, of the same release of Debian (0.188-2.1), then has the name of a function and no
# line, reports nothing and ends with status 0, as if there were no debug information. libdw takes
# a section that it cannot decompress for one that is absent. With zlib it has the line, as has
# eu-addr2line 0.192 (Debian 13). llvm-symbolizer 14 reports what it cannot read.
#
# Output seen:
#   zlib: main program.c:3, status 0
#   zstd: main ??:0, status 0
#
# Needs apt-get, gcc and binutils on Debian 12. Fails if elfutils behaves otherwise.
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
fetch elfutils=0.188-2.1 31e479c38d2eb1a5d134c1d12bf619d1a1a1fa4482b073e95c70021c07443c23
fetch libdw1=0.188-2.1 ffd7b1bad982ad1afd9c2b75ab2edd18e229508df731a8f4d8443f093a91442f
fetch libelf1=0.188-2.1 619add379c606b3ac6c1a175853b918e6939598a83d8ebadf3bdfd50d10b3c8c
fetch libasm1=0.188-2.1 7d550ea35716c3f413e0132b4b498492655a2090a65c756f492d11e004aeabc6
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu
objcopy=usr/bin/x86_64-linux-gnu-objcopy
$objcopy --version | head -1
usr/bin/eu-addr2line --version | head -1

{
	printf '\n\nint main(void) { return 0; }\nstruct {'
	for ((i = 0; i < 200; i++)); do echo " int member_$i;"; done
	echo '} table;'
} >program.c
gcc -g -O1 program.c -o plain
address=0x$(nm plain | awk '$3 == "main" { print $1 }')
wrong=0
look() {
	local how=$1 expected=$2 found status=0

	$objcopy "--compress-debug-sections=$how" plain "$how"
	found=$(usr/bin/eu-addr2line -f -e "$how" "$address" 2>&1) || status=$?
	found="$(sed 's,.*/,,' <<<"$found" | cut -d: -f1-2 | paste -sd' '), status $status"
	echo "$how: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look zlib "main program.c:3, status 0"
look zstd "main ??:0, status 0"
exit $wrong
