#!/bin/bash
# SPDX-License-Identifier: MIT
#
# pprof-format 2.3.2, the decoder of pprof's profiles for JavaScript: a negative value of a sample,
# as the difference of two profiles has it (`pprof -diff_base ... -proto`), comes out as a number
# near 2^64, for int64 is read as unsigned and not converted. No error is given, and sums and pictures
# are of that number. `go tool pprof` of Go 1.19.8 reads -200.
#
# Output seen:
#   pprof: 100 -200
#   pprof-format: 100 18446744073709551416
#
# Needs apt-get, npm, Node.js 18 or newer and protoc on x86-64, Debian 12. Fails if it behaves otherwise.
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
npm pack -s pprof-format@2.3.2 >/dev/null
[ "sha512-$(openssl dgst -sha512 -binary ./*.tgz | base64 -w0)" = "sha512-fcMM+sgKMOveSurz7i0BMHfy1hHNnI9+VWjd4kdclqQjSTuiHWaP69DGwvkw3zcLkM/F76LhVIKvPyrxmp6iiw==" ]
tar -xzf ./*.tgz
# Of pprof's format what this profile needs.
cat >profile.proto <<'END'
syntax = "proto3";
message Profile {
	repeated ValueType sample_type = 1;
	repeated Sample sample = 2;
	repeated Location location = 4;
	repeated string string_table = 6;
}
message ValueType { int64 type = 1; int64 unit = 2; }
message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; }
message Location { uint64 id = 1; uint64 address = 3; }
END
protoc --encode=Profile profile.proto >profile.pb <<'END'
string_table: ["", "space", "bytes"]
sample_type { type: 1 unit: 2 }
sample { location_id: 1 value: 100 }
sample { location_id: 2 value: -200 }
location { id: 1 address: 4096 }
location { id: 2 address: 8192 }
END
cat >read.mjs <<'END'
import { readFileSync } from 'node:fs';
import { Profile } from './package/dist/esm/index.js';
console.log(Profile.decode(readFileSync('profile.pb')).sample.map(sample => String(sample.value[0])).join(' '));
END
wrong=0
look() {
	echo "$1: $2"
	[ "$2" = "$3" ] || wrong=1
}
look pprof "$(PPROF_TMPDIR=$work usr/lib/go-1.19/pkg/tool/linux_amd64/pprof -raw profile.pb 2>/dev/null |
	awk '/^ +-?[0-9]+: [0-9]+ *$/ { sub(":", ""); print $1 }' | paste -sd' ')" "100 -200"
look pprof-format "$(node read.mjs)" "100 18446744073709551416"
exit $wrong
