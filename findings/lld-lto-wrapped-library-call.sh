#!/bin/bash
# SPDX-License-Identifier: MIT
#
# LLD 14.0.6 and 19.1.7 (Debian 12's 14.0.6-12 and 19.1.7-3~deb12u1; 22 was seen to do the same)
# with objects of clang 14.0.6 -flto: link-time optimization makes strdup of strndup("abc", 100),
# once it sees the number in another file. Under --wrap=strdup that new call goes to
# __wrap_strdup; if this is in an archive, nothing takes it out any more, and nothing is reported.
# LLD 14 leaves a relocation against a dynamic symbol without a name, which the dynamic linker
# refuses when the program starts; 19 leaves the wrapper weak and undefined, and the call goes to
# address 0. GNU ld 2.40, gold and mold link the wrapper; without --wrap LLD takes strdup from libc.
#
# Output seen:
#   lld-14: wrapper absent, dynamic references without a name 1
#   lld-19: wrapper w, dynamic references without a name 0
#   ld: wrapper T, dynamic references without a name 0
#
# Needs apt-get, clang 14 and binutils on x86-64, Debian 12. Fails if LLD behaves otherwise.
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

cat >main.c <<'END'
#include <stdio.h>
#include <string.h>
size_t limit(void);
int main(void)
{
	return puts(strndup("abc", limit())) < 0;
}
END
printf '#include <stddef.h>\nsize_t limit(void) { return 100; }\n' >limit.c
cat >strdup.c <<'END'
char *__real_strdup(const char *);
char *__wrap_strdup(const char *text) { return __real_strdup(text); }
END
cat >strndup.c <<'END'
#include <stddef.h>
char *__real_strndup(const char *, size_t);
char *__wrap_strndup(const char *text, size_t most) { return __real_strndup(text, most); }
END
clang-14 -O2 -flto -c main.c limit.c
clang-14 -O2 -c strdup.c strndup.c
ar rcs libwrappers.a strdup.o strndup.o
wrong=0
look() {
	local linker=$1 expected=$2 found
	local choose=(-fuse-ld=lld "-B$work/$linker")

	[ "$linker" = ld ] && choose=()
	clang-14 "${choose[@]}" -flto main.o limit.o libwrappers.a -Wl,--wrap=strdup,--wrap=strndup -o program
	found="wrapper $(nm program | awk '$NF == "__wrap_strdup" { print $(NF - 1); n++ } END { if (!n) print "absent" }')"
	found="$found, dynamic references without a name $(readelf -rW program | grep -c 'JUMP_SLOT *[0-9a-f]*$' || true)"
	echo "$linker: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look lld-14 "wrapper absent, dynamic references without a name 1"
look lld-19 "wrapper w, dynamic references without a name 0"
look ld "wrapper T, dynamic references without a name 0"
exit $wrong
