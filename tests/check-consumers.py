#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reports of rheaper-check, each read by programs that people read them with: SARIF by the validator
that has GitHub's rules, JUnit's XML by what uploads it and by what shows it.

usage: check-consumers.py RHEAPER-CHECK RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

RHEAPER_CONSUMERS is a directory in which npm installed what tests/consumers lists; without it all
points are skipped. RHEAPER_NODE is Node.js, if not that of PATH. Prints TAP, one point per test_ function.
"""
import json
import os
import shutil
import subprocess

import tap
from leaky import TWO_WAYS, Bench, read

MODULES = os.path.join(os.environ.get("RHEAPER_CONSUMERS", ""), "node_modules")
NODE = os.environ.get("RHEAPER_NODE", "node")
VALIDATOR = MODULES + "/@microsoft/sarif-multitool-linux/Sarif.Multitool"


def node(b, script, *words, oldest=18, **env):
    """What a program of npm's says; it succeeds."""
    if "RHEAPER_CONSUMERS" not in os.environ:
        raise tap.Skip("no consumers of reports here")
    version = int(subprocess.run([NODE, "-p", "process.versions.node.split('.')[0]"], text=True,
                                 capture_output=True, check=True).stdout)
    if version < oldest:
        raise tap.Skip(f"needs Node.js {oldest}")
    return b.run(NODE, f"{MODULES}/{script}", *words, silent=False, NO_COLOR="1", FORCE_COLOR="0", **env)


def validate(b, *paths):
    """What Microsoft's validator says by the rules of SARIF and of GitHub's code scanning."""
    if "RHEAPER_CONSUMERS" not in os.environ:
        raise tap.Skip("no consumers of reports here")
    if not os.access(VALIDATOR, os.X_OK):
        raise tap.Skip("no validator of SARIF for this machine")
    said = b.run(VALIDATOR, "validate", *paths, "--rule-kind", "Sarif;Ghas", "--output", b.path("said.sarif"),
                 "--log", "ForceOverwrite", silent=False, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="1")
    assert f"Done. {len(paths)} files scanned." in said, said
    run, = json.loads(read(b.path("said.sarif")).lstrip("\ufeff"))["runs"]
    return [(result["ruleId"], result["message"]) for result in run["results"]]


def sarif(b, name, status, *words):
    b.check(status, "-q", f"--report=sarif={b.path(name)}", *words)
    return b.path(name)


def test_github_takes_sarif(b):
    """Leaks with lines and without, limits, rules, growth, an incomplete trace, hostile names, nothing at all."""
    trace = b.trace(3, 2)
    bare = b.trace(3, program=b.build("bare", "rheaper-gcc", "-g0"))
    rules = b.file("rules", "expect little\n\tallocations 1\nexpect one\n\tscope none\n\tallocations 1\n")
    growth = "--max-growth=allocations=0", "--max-growth=site-allocations=0"
    known = b.baseline(*growth, trace=b.trace(1))
    name = "<b>&\"'|`]]>::error,%0A @all #1\n::error::x\n| x |\ufffe\u2028"
    hostile = b.change(b.load(trace), "UPDATE frames SET line = 1, file = '/x y' || function, function = '%s'" %
                       name.replace("'", "''"))
    scanned = b.trace(3, 2, RHEAPER_LEAK_SCAN="1")
    paths = [
        sarif(b, "leaks.sarif", 1, trace),
        sarif(b, "bare.sarif", 1, "--limit=peak=1", bare),
        sarif(b, "far.sarif", 1, "--source-root=/usr", bare),
        sarif(b, "rules.sarif", 1, "-e", rules, "--limit=bytes=1", "--limit=peak=1", trace),
        sarif(b, "growth.sarif", 1, "-b", known, *growth, trace),
        sarif(b, "killed.sarif", 2, b.trace(1, 0, 0, 1)),
        sarif(b, "hostile.sarif", 1, "--full-names", hostile),
        sarif(b, "scanned.sarif", 1, scanned),
        sarif(b, "good.sarif", 0, b.trace(program=b.build("good"))),
    ]
    assert validate(b, *paths) == []


def test_the_validator_finds_what_is_missing(b):
    """Or else it would be no judge."""
    path = sarif(b, "whole.sarif", 1, b.trace(1))
    log = json.loads(read(path))
    run, = log["runs"]
    del run["tool"]["driver"]["rules"][0]["help"]
    del run["results"][0]["locations"]
    said = validate(b, b.file("part.sarif", json.dumps(log)))
    assert any(rule.startswith("GH") for rule, _ in said), said


def junit(b, status, *words):
    b.check(status, "-q", "--report=junit=" + b.path("r.xml"), *words)
    return b.path("r.xml")


def names(b, path):
    """As junit2json reads them."""
    suite, = json.loads(node(b, "junit2json/dist/esm/cli.js", path))["testsuite"]
    return [(case["classname"], case["name"]) for case in suite["testcase"]]


def test_junit_is_read(b):
    program = b.build("ways", "rheaper-gcc", text=TWO_WAYS)
    found = []
    for sizes in (10, 20), (30, 5):
        path = junit(b, 1, "--limit=peak=1", b.trace(*sizes, program=program), b.trace(program=b.build("good")))
        found.append(names(b, path))
        assert len(set(found[-1])) == len(found[-1]) == 4, found
    assert sorted(found[0]) == sorted(found[1]), found


def test_junit_is_shown(b):
    """xunit-viewer keeps one of the test cases that have the same name."""
    path = junit(b, 1, b.trace(10, 20, program=b.build("ways", "rheaper-gcc", text=TWO_WAYS)))
    said = node(b, "xunit-viewer/bin/xunit-viewer.js", "-r", path, "-c", "-o", b.path("shown.html"))
    assert "2 failure" in said and "mk \u2190 from_a" in said and "mk \u2190 from_b" in said, said


def test_junit_is_uploaded(b):
    """As far as that goes without a network: datadog-ci refuses what is not valid."""
    words = "junit", "upload", "--dry-run", "--skip-git-metadata-upload", "--service=test"
    script = "@datadog/datadog-ci/dist/bundle.js"
    shutil.copy(junit(b, 1, b.trace(2, 2)), b.path("leaks.xml"))
    shutil.copy(junit(b, 2, b.trace(1, 0, 0, 1)), b.path("killed.xml"))
    said = node(b, script, *words, b.path("leaks.xml"), b.path("killed.xml"), oldest=20, DATADOG_API_KEY="none")
    assert "Uploaded 2 files" in said and "nvalid" not in said, said
    b.file("wrong.xml", "<testsuites><testsuite></testsuites>")
    said = node(b, script, *words, b.path("wrong.xml"), oldest=20, DATADOG_API_KEY="none")
    assert "Uploaded 0 files" in said or "nvalid" in said, said


tap.run(globals(), Bench)
