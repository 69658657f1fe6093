#!/bin/bash
# SPDX-License-Identifier: MIT
#
# LLD 14.0.6 and 19.1.7 (Debian 12's 14.0.6-12 and 19.1.7-3~deb12u1; 16, 21 and 22 were seen to
# do the same): under --wrap=thing, __wrap_thing gets the binding that the definition of `thing`
# has. Where that is weak, the program's strong reference becomes a weak one, which takes nothing
# out of an archive: a wrapper that stands in one is left out, no message is given, and the call
# goes to address 0. Given as an object the wrapper is used. glibc's libc.a has many weak
# definitions (longjmp, strdup, calloc). GNU ld 2.40, gold and mold link the wrapper in each case.
#
# Output seen:
#   lld-14, thing is strong: T __wrap_thing
#   lld-14, thing is weak: w __wrap_thing
#   lld-19, thing is strong: T __wrap_thing
#   lld-19, thing is weak: w __wrap_thing
#   ld, thing is strong: T __wrap_thing
#   ld, thing is weak: T __wrap_thing
#
# Needs apt-get, gcc and binutils on x86-64, Debian 12. Fails if LLD behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch lld-14=1:14.0.6-12 3b77ab0cc30bbba9e874ba57cabc090116ed52d5eebaa043cf1e1412c4523a99
fetch libllvm14=1:14.0.6-12 cd986403cfe53f47c41b80667f6b344c40fe35de4c5081dad9358b4c77cf64a8
fetch lld-19=1:19.1.7-3~deb12u1 416e084363a16a7060eaa6343ed641dfe864b8208c39170ee00a5679e4b486a2
fetch libllvm19=1:19.1.7-3~deb12u1 6edf3a8b28495cdba883d9760e0dca1a81983fc497a5f989dc64d0d96d23b4aa
fetch libz3-4=4.8.12-3.1 6221ca25ad5abcfbe1965801029d85a88b4775320384b4b716de8fab7a4d2f7a
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu
for version in 14 19; do
	mkdir "lld-$version"
	printf '#!/bin/sh\nexec %s/usr/lib/llvm-%s/bin/ld.lld "$@"\n' "$work" "$version" >"lld-$version/ld.lld"
	chmod +x "lld-$version/ld.lld"
	"lld-$version/ld.lld" --version
done
ld --version | head -1

echo 'int thing(void); int main(void) { return thing(); }' >main.c
echo 'int __real_thing(void); int __wrap_thing(void) { return __real_thing(); }' >wrapper.c
echo 'int thing(void) { return 0; }' >strong.c
echo '__attribute__((weak)) int thing(void) { return 0; }' >weak.c
gcc -O1 -c main.c wrapper.c strong.c weak.c
ar rcs libwrapper.a wrapper.o
ar rcs libstrong.a strong.o
ar rcs libweak.a weak.o
wrong=0
look() {
	local linker=$1 binding=$2 expected=$3 found
	local choose=(-fuse-ld=lld "-B$work/$linker")

	[ "$linker" = ld ] && choose=()
	gcc "${choose[@]}" main.o libwrapper.a "lib$binding.a" libwrapper.a "lib$binding.a" -Wl,--wrap=thing -o program
	found=$(nm program | awk '$NF == "__wrap_thing" { print $(NF - 1), $NF }')
	echo "$linker, thing is $binding: $found"
	[ "$found" = "$expected __wrap_thing" ] || wrong=1
}
for linker in lld-14 lld-19; do
	look $linker strong T
	look $linker weak w
done
look ld strong T
look ld weak T
exit $wrong
