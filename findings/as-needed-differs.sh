#!/bin/bash
# SPDX-License-Identifier: MIT
#
# GNU ld and gold of binutils 2.40 (Debian 12's 2.40-2), mold 1.10.1 (1.10.1+dfsg-1) and 2.37.1
# (Debian 13's 2.37.1+dfsg-1) disagree about which libraries are needed under --as-needed, so one
# and the same program has another library, and runs other code, by its linker:
# - a library to which there is only a weak reference: mold 2.37 keeps it (3.0 does, too), the
#   others, and LLD 14 to 22, drop it, and the reference is null;
# - one that only another library of the link refers to, which does not name it itself: GNU ld keeps
#   it; gold, mold and LLD drop it without a word, and the program does not start.
#
# Output seen:
#   bfd: weak reference dropped, reference of a library kept
#   gold: weak reference dropped, reference of a library dropped
#   mold-1.10.1: weak reference dropped, reference of a library dropped
#   mold-2.37.1: weak reference kept, reference of a library dropped
#
# Needs apt-get, debian-archive-keyring and gcc on x86-64, Debian 12. Fails if they behave otherwise.
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
fetch mold=1.10.1+dfsg-1 066fd01b3b228ed944a3e1c96b3f688a7c8956a508f7d33f3a5b2aa6bf6836f5
mkdir bfd gold mold-1.10.1 mold-2.37.1
libraries=$work/usr/lib/x86_64-linux-gnu
printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s/usr/bin/x86_64-linux-gnu-ld.bfd "$@"\n' "$libraries" "$work" >bfd/ld.bfd
chmod +x bfd/ld.bfd
cp usr/bin/x86_64-linux-gnu-ld.gold gold/ld.gold
cp usr/bin/mold mold-1.10.1/ld.mold

# Debian 13's, beside this system's: mold, and whatever C library it has now, which runs it.
mkdir -p 13/lists/partial 13/archives/partial 13/root
echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main' >13/sources.list
cat >13/apt.conf <<END
Dir::State::lists "$work/13/lists";
Dir::State::status "/dev/null";
Dir::Cache "$work/13";
Dir::Etc::SourceList "$work/13/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Languages "none";
END
(
	export APT_CONFIG=$work/13/apt.conf
	apt-get update -qq
	cd 13/root
	apt-get download -qq libc6 libgcc-s1 libstdc++6 zlib1g 2>/dev/null
	for package in ./*.deb; do dpkg -x "$package" .; done
	fetch mold=2.37.1+dfsg-1 f5ac411a91bf8a2de093b349072ae6b529dffb907dd92456e3871f222bdc5ca0
)
root=$work/13/root/usr
printf '#!/bin/sh\nexec %s --argv0 ld.mold --library-path %s %s "$@"\n' "$root/lib64/ld-linux-x86-64.so.2" \
	"$root/lib/x86_64-linux-gnu" "$root/bin/mold" >mold-2.37.1/ld.mold
chmod +x mold-2.37.1/ld.mold

echo 'extern int thing(void) __attribute__((weak)); int main(void) { return thing ? thing() : 1; }' >weak.c
echo 'int user(void); int main(void) { return user(); }' >indirect.c
echo 'int thing(void); int user(void) { return thing(); }' >user.c
echo 'int thing(void) { return 0; }' >thing.c
gcc -c weak.c indirect.c
gcc -shared -fPIC user.c -o libuser.so
gcc -shared -fPIC thing.c -o libthing.so
wrong=0
has_thing() {
	gcc "-B$work/$linker" "-fuse-ld=${linker%-*}" "$@" -L. -Wl,--as-needed -luser -lthing -o program
	readelf -d program | grep -q 'NEEDED.*libthing' && echo kept || echo dropped
}
look() {
	local linker=$1 expected=$2 found

	"$linker/ld.${linker%-*}" --version | head -1
	found="weak reference $(has_thing weak.o), reference of a library $(has_thing indirect.o)"
	echo "$linker: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look bfd "weak reference dropped, reference of a library kept"
look gold "weak reference dropped, reference of a library dropped"
look mold-1.10.1 "weak reference dropped, reference of a library dropped"
look mold-2.37.1 "weak reference kept, reference of a library dropped"
exit $wrong
