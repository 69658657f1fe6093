#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up the results of test runs: what failed and why, what was skipped and why, and in
the last line how many passed and failed.

usage: tools/tally.py [--broken=N] SKIPS TESTLOG...

TESTLOG is Meson's testlog.json. SKIPS has the skips that are allowed, one a line,

    TEST or TEST / POINT | REASON | why it may

with * for any text in the first two. What is skipped and not in it counts as failed: a
test that no machine runs any more is not noticed otherwise. --broken adds failures that no
log has, of builds. Exit status 0 if nothing failed, 1 if something did, 2 if a file
cannot be read.
"""
import argparse
import fnmatch
import json
import re
import sys

PASSED, SKIPPED = ("OK", "EXPECTEDFAIL"), ("SKIP", "IGNORED")
# A point of TAP that was skipped: "ok 3 - name # SKIP reason"; and a plan of none
POINT = re.compile(r"^\s*ok\b\s*\d*\s*-?\s*(.*?)\s*#\s*skip\S*\s*(.*)$", re.I)
NO_PLAN = re.compile(r"^\s*1\.\.0\b\s*(?:#\s*skip\S*\s*)?(.*)$", re.I)


def escape(pattern):
    """A pattern in which * alone is special."""
    return re.sub(r"([?[])", r"[\1]", pattern)


class Skips:
    """The skips that are allowed."""

    def __init__(self, lines, name="skips"):
        self.rows = []
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            columns = [column.strip() for column in line.split(" | ")]
            if len(columns) != 3 or not all(columns):
                raise ValueError(f"{name}, line {number}: not TEST | REASON | why it may")
            self.rows.append(columns)

    def allow(self, place, reason):
        return any(fnmatch.fnmatchcase(place, escape(test)) and fnmatch.fnmatchcase(reason, escape(why))
                   for test, why, _ in self.rows)


def last_line(test):
    """What a test that is no TAP said at last: by custom why it ended with 77."""
    for stream in "stdout", "stderr":
        lines = [line.strip() for line in (test.get(stream) or "").splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return "no reason is given"


def find_skips(test):
    """What a test left out: [(its name, or NAME / POINT, the reason)]."""
    points, plan = [], None
    name = re.split(" / |:", test["name"])[-1]  # before it Meson puts the project and suites, newer ones in another order
    for line in (test.get("stdout") or "").splitlines():
        point, none = POINT.match(line), NO_PLAN.match(line)
        if point:
            points.append((f"{name} / {point[1]}", point[2] or "no reason is given"))
        elif none:
            plan = [(name, none[1] or "no reason is given")]
    if points or test["result"] not in SKIPPED:
        return points
    return plan or [(name, last_line(test))]


def explain(test):
    """What a test that failed said of its failure, in few lines: who reads the end of a log
    reads this."""
    lines = (test.get("stdout") or "").splitlines()
    said = [text for at, line in enumerate(lines) if line.startswith("not ok") for text in lines[at:at + 4]]
    said = said or (lines + (test.get("stderr") or "").splitlines())[-8:]
    return [f"{test['name']}: {test['result']} after {test['duration']:.0f} s"] + [
        "    " + line[:600] for line in said[:24]]


class Tally:
    def __init__(self, skips, broken=0):
        self.skips, self.passed, self.failed, self.skipped = skips, 0, broken, 0
        self.failures, self.left_out = [], []

    def add(self, test):
        wrong = []
        if test["result"] not in PASSED + SKIPPED:
            wrong = explain(test)
        found = find_skips(test)
        for place, reason in found:
            if self.skips.allow(place, reason):
                self.left_out.append(f"{place}: {reason[:300]}")
            else:
                wrong.append(f"skipped, and not allowed to: {place}: {reason[:600]}")
        self.failures += wrong
        if wrong:
            self.failed += 1
        elif test["result"] in SKIPPED:
            self.skipped += 1
        else:
            self.passed += 1

    def lines(self):
        """The report."""
        said = []
        if self.left_out:
            said += ["", "What was skipped, as tests/skips.txt allows:", *self.left_out]
        if self.failures:
            said += ["", "What failed:", *self.failures]
        if self.skipped:
            said.append(f"{self.skipped} skipped")
        return said + [f"{self.passed} passed, {self.failed} failed"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--broken", type=int, default=0, metavar="N")
    parser.add_argument("skips", metavar="SKIPS")
    parser.add_argument("logs", metavar="TESTLOG", nargs="*")
    words = parser.parse_args()
    try:
        with open(words.skips) as file:
            tally = Tally(Skips(file, words.skips), words.broken)
        for log in words.logs:
            with open(log) as file:
                for line in file:
                    tally.add(json.loads(line))
    except (OSError, ValueError) as error:
        print("tally:", error, file=sys.stderr)
        print("0 passed, 1 failed")
        return 2
    print("\n".join(tally.lines()))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
