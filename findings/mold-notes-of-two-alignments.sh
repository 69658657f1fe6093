#!/bin/bash
# SPDX-License-Identifier: MIT
#
# mold 1.10.1 (Debian 12's 1.10.1+dfsg-1; 2.37.1 and 3.0.0 were seen to do the same): one PT_NOTE
# segment, aligned to 8, has notes that are aligned to 8 (.note.gnu.property, which gcc puts into
# every program) and all that are aligned to 4, without padding. Who reads a segment takes its
# alignment for that of its notes. So the first note of 4 whose size is no multiple of 8 (a build id
# of 20 bytes makes one of 36) hides the ones after it: with --package-metadata, as distributions
# use it, the package is lost for readelf 2.40 and eu-readelf 0.188, which report corrupt notes.
# They read section headers if there are any; readers of running programs and of core files have
# none. GNU ld 2.40 and LLD make a segment for each alignment.
#
# Output seen:
#   mold: the segment shows a build id, and no package
#   ld: the segment shows a build id, and a package
#
# Needs apt-get and gcc on x86-64, Debian 12. Fails if mold behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch mold=1.10.1+dfsg-1 066fd01b3b228ed944a3e1c96b3f688a7c8956a508f7d33f3a5b2aa6bf6836f5
fetch elfutils=0.188-2.1 31e479c38d2eb1a5d134c1d12bf619d1a1a1fa4482b073e95c70021c07443c23
fetch libdw1=0.188-2.1 ffd7b1bad982ad1afd9c2b75ab2edd18e229508df731a8f4d8443f093a91442f
fetch libelf1=0.188-2.1 619add379c606b3ac6c1a175853b918e6939598a83d8ebadf3bdfd50d10b3c8c
fetch libasm1=0.188-2.1 7d550ea35716c3f413e0132b4b498492655a2090a65c756f492d11e004aeabc6
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu
mkdir linker
cp usr/bin/mold linker/ld.mold
linker/ld.mold --version
usr/bin/eu-readelf --version | head -1

echo 'int main(void) { return 0; }' >main.c
gcc -c main.c
wrong=0
look() {
	local linker=$1 expected=$2 found="no build id" package="no package" notes

	shift 2
	gcc "$@" main.o -Wl,--build-id=sha1 '-Wl,--package-metadata={"name":"hello"}' -o program
	usr/bin/eu-strip --strip-sections program
	notes=$(usr/bin/eu-readelf -n program 2>&1 || true)
	grep -q 'Build ID: ' <<<"$notes" && found="a build id"
	grep -q FDO <<<"$notes" && package="a package"
	echo "$linker: the segment shows $found, and $package"
	[ "$found, and $package" = "a build id, and $expected" ] || wrong=1
}
look mold "no package" "-B$work/linker" -fuse-ld=mold
look ld "a package"
exit $wrong
