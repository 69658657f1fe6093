#!/bin/bash
# SPDX-License-Identifier: MIT
#
# c++filt and nm -C of binutils 2.40 (Debian 12's 2.40-2) have one name for two
# functions: members of local classes of one name in two blocks of one function. The linkage name
# has a number for the second one (the discriminator of the Itanium ABI, _0), which libiberty reads
# and does not write. Of lambdas it writes the number. So whoever keys by demangled names, as
# profiles and lists of known leaks do, takes the two for one.
#
# Output seen:
#   _ZZ1fvEN1L3getE_0v f()::L::get()
#   _ZZ1fvEN1L3getEv f()::L::get()
#   _ZZ1fvENKUlvE0_clEv f()::{lambda()#2}::operator()() const
#   _ZZ1fvENKUlvE_clEv f()::{lambda()#1}::operator()() const
#
# Needs apt-get and g++ on x86-64, Debian 12. Fails if binutils behave otherwise.
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
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu
tools=usr/bin/x86_64-linux-gnu
$tools-c++filt --version | head -1

cat >a.cpp <<'END'
int f()
{
	int n = 0;
	{ struct L { static int get() { return 1; } }; n += L::get(); }
	{ struct L { static int get() { return 2; } }; n += L::get(); }
	auto one = [] { return 3; };
	auto two = [] { return 4; };
	return n + one() + two();
}
END
g++ -O0 -c a.cpp
$tools-nm a.o | awk '$3 ~ /^_ZZ/ { print $3 }' | LC_ALL=C sort | while read -r name; do
	echo "$name $($tools-c++filt "$name")"
done | tee found
cat >expected <<'END'
_ZZ1fvEN1L3getE_0v f()::L::get()
_ZZ1fvEN1L3getEv f()::L::get()
_ZZ1fvENKUlvE0_clEv f()::{lambda()#2}::operator()() const
_ZZ1fvENKUlvE_clEv f()::{lambda()#1}::operator()() const
END
cmp found expected
[ "$($tools-nm -C a.o | grep -c ' f()::L::get()$')" = 2 ]
