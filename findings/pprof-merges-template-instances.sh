#!/bin/bash
# SPDX-License-Identifier: MIT
#
# `go tool pprof` of Go 1.19.8 (Debian 12's golang-1.19-go 1.19.8-2): where a profile has the
# demangled name of a C++ function in `system_name` as well as in `name`, pprof cuts its template
# arguments and parameters, and adds up functions that have one name then: push_back of vector<int>
# and of vector<double> are one row. It takes the name for one that nobody has demangled. Where
# `system_name` is empty, or something else (the mangled name), they are two rows. A name without "::"
# keeps its parameters in each case.
#
# Output seen:
#   system_name is name: 2 rows, 300B std::vector::push_back
#   system_name is empty: 3 rows, 200B std::vector<double>::push_back(double const&)
#   system_name is mangled: 3 rows, 200B std::vector<double>::push_back(double const&)
#
# Needs apt-get and protoc on x86-64, Debian 12. Fails if pprof behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fetch() {
	apt-get download -qq "$1" 2>/dev/null
	echo "$2  $(ls "${1%%=*}"_*.deb)" | sha256sum -c --quiet
	dpkg -x "${1%%=*}"_*.deb .
}
fetch golang-1.19-go=1.19.8-2 545123039b6c79e75cf2d86528781a825424cf33ce9d3f4513d772d7144cd531
pprof=usr/lib/go-1.19/pkg/tool/linux_amd64/pprof
# Of pprof's format what this profile needs.
cat >profile.proto <<'END'
syntax = "proto3";
message Profile {
	repeated ValueType sample_type = 1;
	repeated Sample sample = 2;
	repeated Location location = 4;
	repeated Function function = 5;
	repeated string string_table = 6;
}
message ValueType { int64 type = 1; int64 unit = 2; }
message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; }
message Location { uint64 id = 1; repeated Line line = 4; }
message Line { uint64 function_id = 1; }
message Function { uint64 id = 1; int64 name = 2; int64 system_name = 3; }
END
wrong=0
look() {
	local what=$1 first=$2 second=$3 expected=$4 found

	protoc --encode=Profile profile.proto >profile.pb <<END
string_table: ["", "space", "bytes", "std::vector<int>::push_back(int const&)",
	"std::vector<double>::push_back(double const&)", "grow(int)",
	"_ZNSt6vectorIiE9push_backERKi", "_ZNSt6vectorIdE9push_backERKd"]
sample_type { type: 1 unit: 2 }
sample { location_id: 1 value: 100 }
sample { location_id: 2 value: 200 }
sample { location_id: 3 value: 50 }
location { id: 1 line { function_id: 1 } }
location { id: 2 line { function_id: 2 } }
location { id: 3 line { function_id: 3 } }
function { id: 1 name: 3 system_name: $first }
function { id: 2 name: 4 system_name: $second }
function { id: 3 name: 5 system_name: 5 }
END
	PPROF_TMPDIR=$work $pprof -top profile.pb 2>/dev/null | grep -E '^ +[0-9]+B' >rows
	found="$(wc -l <rows) rows, $(awk 'NR == 1 { print $1; }' rows) $(head -1 rows | sed 's/.*%  //')"
	echo "$what: $found"
	[ "$found" = "$expected" ] && grep -q ' grow(int)$' rows || wrong=1
}
look "system_name is name" 3 4 "2 rows, 300B std::vector::push_back"
look "system_name is empty" 0 0 "3 rows, 200B std::vector<double>::push_back(double const&)"
look "system_name is mangled" 6 7 "3 rows, 200B std::vector<double>::push_back(double const&)"
exit $wrong
