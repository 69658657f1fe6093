#!/bin/bash
# SPDX-License-Identifier: MIT
#
# addr2line of binutils 2.40 (Debian 12's 2.40-2) and eu-addr2line of elfutils 0.188 (0.188-2.1; 0.192
# was seen to do the same), with gcc 12.2 -g: --gc-sections drops a function and leaves its lines in
# .debug_line, where they now begin at address 0. In a shared library or a position-independent
# program the code begins a page or so later, so lines of a dropped function that is larger are at
# addresses of other code, and both tools give them for code of the same source file. They name the
# right function. gold, LLD and mold leave such lines, too. gdb 13.1 is right. llvm-symbolizer 14 is
# right here, and was seen to give such a line for code of another source file.
#
# Output seen, for the instructions of main:
#   addr2line, all kept: no line of unused
#   addr2line, unused dropped: lines of unused
#   eu-addr2line, all kept: no line of unused
#   eu-addr2line, unused dropped: lines of unused
#
# Needs apt-get, gcc and binutils on x86-64, Debian 12. Fails if they behave otherwise.
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
ln -s usr/bin/x86_64-linux-gnu-addr2line addr2line
ln -s usr/bin/eu-addr2line .
gcc --version | head -1

{
	echo 'volatile int sink;'
	echo 'int unused(int x)'
	echo '{'
	for ((i = 0; i < 4000; i++)); do echo "	sink = x * $((i + 3));"; done
	echo '	return 0;'
	echo '}'
	echo 'int main(int n, char **words)'
	echo '{'
	for ((i = 0; i < 20; i++)); do echo "	sink = !words[n * 100 + $i];"; done
	echo '	return sink;'
	echo '}'
} >program.c
main=$(grep -n 'int main' program.c | cut -d: -f1)
wrong=0
look() {
	local tool=$1 how=$2 expected=$3 addresses found

	addresses=$(objdump -d --no-show-raw-insn "$how" | awk '/<main>:/ { go = 1; next } !NF { go = 0 } go { print "0x" $1 }')
	# shellcheck disable=SC2086 # a word for each address
	found=$("./$tool" -e "$how" ${addresses//:/} | awk -F: -v main="$main" '/program.c/ && $2 < main { n++ } END {
		print (n ? "lines" : "no line") " of unused" }')
	echo "$tool, $how: $found"
	[ "$found" = "$expected of unused" ] || wrong=1
}
gcc -g -O1 -ffunction-sections program.c -Wl,--no-gc-sections -o "all kept"
gcc -g -O1 -ffunction-sections program.c -Wl,--gc-sections -o "unused dropped"
for tool in addr2line eu-addr2line; do
	look $tool "all kept" "no line"
	look $tool "unused dropped" lines
done
exit $wrong
