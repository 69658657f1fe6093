#!/bin/bash
# SPDX-License-Identifier: MIT
#
# xunit-viewer 10.6.1: two test cases of JUnit's XML that have the same classname and name are one to
# it, and the status of the last one counts. So where one of the name failed and a later one passed, a
# second try for instance, the whole report is "1 passed", although the suite says failures="1"; two
# that fail are one failure.
#
# Output seen:
#   failed and passed: 1 passed
#   failed twice: 1 failure
#   failed and passed, other names: 1 passed, 1 failure
#
# Needs npm and Node.js 18 or newer. Fails if xunit-viewer behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{ "private": true }' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --before=2026-11-01 xunit-viewer@10.6.1 >/dev/null
grep -q '"sha512-ZMprLPVhCQJf2KD56tv2hlOjc4T+KnUe1E9DkEBHnuliOq7IOXWJf61pxyBMo/7H83B7Ln0DIeWNMMbx/3I7Jg=="' package-lock.json
failed='"><failure message="it fails"/></testcase>'
passed='"/>'
wrong=0
look() {
	local what=$1 failures=$2 expected=$3 found

	cat >report.xml <<END
<?xml version="1.0"?>
<testsuites><testsuite name="suite" tests="2" failures="$failures">
<testcase classname="class" name="one$4
<testcase classname="class" name="$5$6
</testsuite></testsuites>
END
	found=$(NO_COLOR=1 FORCE_COLOR=0 node node_modules/xunit-viewer/bin/xunit-viewer.js -r report.xml -c -o page.html |
		grep -E '^[0-9]+ (failure|passed)')
	echo "$what: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look "failed and passed" 1 "1 passed" "$failed" one "$passed"
look "failed twice" 2 "1 failure" "$failed" one "$failed"
look "failed and passed, other names" 1 "1 passed, 1 failure" "$failed" two "$passed"
exit $wrong
