#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools/test says at its end: tools/tally.py, asked with logs made up here; and whether
tests/skips.txt speaks of tests that there are.

usage: check-tally.py SOURCE_ROOT BUILD_DIRECTORY
"""
import fnmatch
import json
import os
import subprocess
import sys

import tap
from workbench import Workbench

SOURCE, BUILD = map(os.path.abspath, sys.argv[1:3])
sys.path.insert(0, os.path.join(SOURCE, "tools"))
import tally  # noqa: E402

ALLOWED = """
# TEST | REASON | why it may
real-* | cannot fetch * | no network
files / mount* | needs root | a user
odd / [a] | why? | brackets and question marks are themselves
"""


class Bench(Workbench):
    def ask(self, *tests, skips=ALLOWED, words=(), status=0):
        """What is printed for a log of these tests: (name, result, stdout) each."""
        log = self.file("testlog.json", "".join(
            json.dumps({"name": name, "result": result, "duration": 1.2, "stdout": stdout}) + "\n"
            for name, result, stdout in tests))
        said = subprocess.run([sys.executable, os.path.join(SOURCE, "tools", "tally.py"), *words,
                               self.file("skips", skips), log], text=True, capture_output=True)
        assert said.returncode == status, (said, status)
        return said.stdout.splitlines()


def test_the_last_line_counts(b):
    assert b.ask(("a", "OK", "ok 1 - x\n"), ("b", "EXPECTEDFAIL", "")) == ["2 passed, 0 failed"]
    assert b.ask(status=0) == ["0 passed, 0 failed"]
    for result in "FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS":
        assert b.ask(("a", "OK", ""), ("b", result, ""), status=1)[-1] == "1 passed, 1 failed", result


def test_what_no_log_has_counts(b):
    assert b.ask(("a", "OK", ""), words=["--broken=2"], status=1) == ["1 passed, 2 failed"]


def test_of_a_failure_its_words_are_said(b):
    said = b.ask(("a", "FAIL", "ok 1 - fine\nnot ok 2 - bad\n# why\n"), ("b", "TIMEOUT", "\n".join(map(str, range(20)))),
                 status=1)
    assert said == ["", "What failed:", "a: FAIL after 1 s", "    not ok 2 - bad", "    # why", "b: TIMEOUT after 1 s",
                    *(f"    {n}" for n in range(12, 20)), "0 passed, 2 failed"], said


def test_an_allowed_skip_is_named(b):
    said = b.ask(("rheaper:a+b / real-x", "SKIP", "1..0 # SKIP cannot fetch the source of x: no route\n"), ("a", "OK", ""))
    assert said == ["", "What was skipped, as tests/skips.txt allows:",
                    "real-x: cannot fetch the source of x: no route", "1 skipped", "1 passed, 0 failed"], said


def test_a_newer_meson_names_tests_otherwise(b):
    said = b.ask(("a+b - rheaper:real-x", "SKIP", "1..0 # SKIP cannot fetch the source of x: no route\n"),
                 ("load - rheaper:files", "OK", "1..2\nok 1 - mount_twice # SKIP needs root\nok 2 - other\n"))
    assert said[2:] == ["real-x: cannot fetch the source of x: no route", "files / mount_twice: needs root",
                        "1 skipped", "1 passed, 0 failed"], said


def test_an_allowed_point_is_named_and_its_test_has_passed(b):
    said = b.ask(("rheaper:files / files", "OK", "1..2\nok 1 - mount_twice # SKIP needs root\nok 2 - other\n"))
    assert said[2:] == ["files / mount_twice: needs root", "1 passed, 0 failed"], said


def test_any_other_skip_fails(b):
    """Another test, another reason, another point; a test of which no point is left."""
    for name, result, stdout, what in (
            ("fake-x", "SKIP", "1..0 # SKIP cannot fetch it", "fake-x: cannot fetch it"),
            ("real-x", "SKIP", "1..0 # SKIP no make", "real-x: no make"),
            ("files", "OK", "1..1\nok 1 - mount # skip no disk", "files / mount: no disk"),
            ("files", "OK", "1..1\nok 1 - chroot # SKIP needs root", "files / chroot: needs root"),
            ("files", "SKIP", "1..1\nok 1 mount # SKIP", "files / mount: no reason is given"),
            ("files", "SKIP", "", "files: no reason is given"),
            ("rheaper:cases / case", "SKIP", "some words\nld.mold is not installed\n\n", "case: ld.mold is not installed"),
            ("odd", "OK", "ok 1 - a # SKIP why?", "odd / a: why?"),
            ("odd", "OK", "ok 1 - [a] # SKIP whys", "odd / [a]: whys")):
        said = b.ask((name, result, stdout), ("a", "OK", ""), status=1)
        assert said == ["", "What failed:", "skipped, and not allowed to: " + what, "1 passed, 1 failed"], said
    b.ask(("odd", "OK", "ok 1 - [a] # SKIP why?"))


def test_a_test_fails_once(b):
    said = b.ask(("files", "FAIL", "not ok 1 - a\nok 2 - b # SKIP x\nok 3 - c # SKIP y\n"), status=1)
    assert said[-1] == "0 passed, 1 failed" and sum("not allowed" in line for line in said) == 2, said


def test_a_row_has_its_reason(b):
    for row in "a | b", "a | b | ", " | b | c", "a|b|c":
        assert b.ask(skips="\n" + row + "\n", status=2) == ["0 passed, 1 failed"], row


def test_the_list_speaks_of_tests_that_there_are(_):
    with open(os.path.join(SOURCE, "tests", "skips.txt")) as file:
        rows = tally.Skips(file, "tests/skips.txt").rows
    with open(os.path.join(BUILD, "meson-info", "intro-tests.json")) as file:
        names = {test["name"] for test in json.load(file)}
    assert rows
    for place, *_ in rows:
        assert fnmatch.filter(names, place.split(" / ")[0]), f"{place}: there is no such test"


tap.run(globals(), Bench)
