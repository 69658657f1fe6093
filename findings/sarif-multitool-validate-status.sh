#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Microsoft's sarif-multitool 5.7.0: `validate` says "Analysis completed successfully" and ends with
# status 0 whatever it finds, also for a file that its own messages call an error against the schema
# of SARIF 2.1.0. A step of CI that runs it cannot fail; what it found is in the file of --output.
# And a file that it finds nothing wrong with by the rules of SARIF has five errors by those of GitHub
# (--rule-kind Ghas): a result without a location and a rule without fullDescription and help are valid,
# and GitHub refuses them.
#
# Output seen:
#   no tool: status 0, errors by SARIF 1
#   a result without a location: status 0, errors by SARIF 0
#   a result without a location: status 0, errors by GitHub 5
#
# Needs npm on x86-64. Fails if sarif-multitool behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack -s @microsoft/sarif-multitool-linux@5.7.0 >/dev/null
[ "sha512-$(openssl dgst -sha512 -binary ./*.tgz | base64 -w0)" = "sha512-NxUbpq6ISCWoTQ/NfOYEwEDKq1Heka/rMoJ5R5LMydcAZQX/X7g5mWHcgxDub+0M07LC96tZ5LZHvF1Qy3gjTA==" ]
tar -xzf ./*.tgz
tool=$PWD/package/Sarif.Multitool
chmod +x "$tool"
cat >"no tool.sarif" <<'END'
{ "version": "2.1.0", "runs": [ { "tool": {} } ] }
END
cat >"a result without a location.sarif" <<'END'
{ "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
  "version": "2.1.0", "runs": [ {
    "tool": { "driver": { "name": "tool", "rules": [ { "id": "R1", "shortDescription": { "text": "A rule." } } ] } },
    "results": [ { "ruleId": "R1", "message": { "text": "It is so." } } ] } ] }
END
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
wrong=0
look() {
	local file=$1 rules=$2 expected=$3 found status=0

	"$tool" validate "$file.sarif" --rule-kind "$rules" --output said.sarif --log ForceOverwrite >said || status=$?
	grep -q 'Analysis completed successfully' said
	grep -q '1 files scanned' said
	found="status $status, errors by ${rules/Ghas/GitHub}"
	found="${found/Sarif/SARIF} $(grep -c ': error ' said || true)"
	echo "$file: $found"
	[ "$found" = "$expected" ] || wrong=1
}
look "no tool" Sarif "status 0, errors by SARIF 1"
look "a result without a location" Sarif "status 0, errors by SARIF 0"
look "a result without a location" Ghas "status 0, errors by GitHub 5"
exit $wrong
