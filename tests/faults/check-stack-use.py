#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How much stack a wrapped call takes, by the compiler's own report: the longest chain of
calls from any shim. docs/design/reliability.md has the bounds, one row for the way of an event
and one for each function that is seldom called on it.

usage: check-stack-use.py RHEAPER-LOAD BINDIR

Prints TAP, one point per row, and what was found. libc's functions are not in the report:
the runtime calls few of them (tests/check-archive.py), and the real allocator's stack is
that of the program without rheaper.
"""
import collections
import os
import re
import subprocess

from mutant import compile_command, units
from rows import ROOT, note, tap
from workbench import Workbench

# A call back into what it comes from: in a window that was just cleared there is room,
# so what is called from there makes room in the other stream of a ring at most.
AGAIN = {("hand_over", "write_thread"), ("make_room_slowly", "rhp_stream_name_again"),
         ("make_room_slowly", "rhp_stream_resident")}
# Calls through pointers go to the real function, which is the program's, but in
INDIRECT = {"rhp_settings_read":
            "parse_number parse_share parse_signal parse_limit parse_keep parse_scan".split(),
            "rhp_os_names": ["list", "count_name"]}
# The size is one that the compiler does not call constant; and of exec the program's words.
DYNAMIC = {"capture_nested"} | {prefix + name for prefix in ("", "__wrap_") for name in ("execl", "execlp", "execle")}


def documented():
    """Rows of docs/design/reliability.md: what is called, the bound, what was measured."""
    with open(os.path.join(ROOT, "docs", "design", "reliability.md")) as file:
        section = file.read().split("\n## Stack use\n")[1].split("\n## ")[0]
    found = {entry: (int(bound), int(figure)) for entry, figure, bound in
             re.findall(r"^\| [^|]* \| `?(\w+)`? \| (\d+) \| (\d+) \|$", section, re.M)}
    assert {"none", "all"} <= set(found) and found["none"][0] <= 1024, found
    return found


class Calls:
    """The functions of an archive, their frames, and who calls whom."""

    def __init__(self, b, archives):
        self.frame, self.called, self.shims = {}, collections.defaultdict(set), set()
        self.dynamic, self.indirect = set(), set()
        calls = []
        for archive in archives:
            for unit in units(archive):
                directory, words, output = compile_command(unit, archive)
                if any("clang" in word for word in words[:2]):
                    raise tap.Skip("the report is gcc's")
                output = b.path(f"{archive}-{output}")
                subprocess.run([*words, "-w", "-fcallgraph-info=su", "-c", os.path.join(ROOT, unit),
                                "-o", output], cwd=directory, check=True)
                calls += self.read(output[:-2] + ".ci", unit)
        for caller, to in calls:
            if to in self.frame:
                self.called[caller].add(to)
        for function in list(self.frame):
            targets = INDIRECT.get(self.name(function), [])
            self.called[function] |= {f for f in self.frame if self.name(f) in targets}

    def read(self, path, unit):
        calls = []
        with open(path) as file:
            for line in file:
                node = re.match(r'node: { title: "([^"]*)" label: ".*?(\d+) bytes \(([^)]*)\)', line)
                edge = re.match(r'edge: { sourcename: "([^"]*)" targetname: "([^"]*)"', line)
                if node:
                    function = node[1]
                    self.frame[function] = int(node[2])
                    if node[3] == "dynamic":
                        self.dynamic.add(self.name(function))
                    if unit.startswith("wrap/"):
                        self.shims.add(function)
                elif edge and edge[2] == "__indirect_call":
                    if not unit.startswith("wrap/"):
                        self.indirect.add(self.name(edge[1]))
                elif edge:
                    calls.append(edge.groups())
        return calls

    @staticmethod
    def name(function):
        """Without the file, and what the compiler appends to a part of it."""
        return function.split(":")[-1].split(".")[0]

    def chains(self, left_out, again=None):
        """Of each function the longest chain, as bytes and names."""
        found, begun = {}, set()

        def chain(function):
            if function in found:
                return found[function]
            assert function not in begun, f"{self.name(function)} calls itself: AGAIN has no row"
            begun.add(function)
            longest = (0, ())
            for to in self.called[function]:
                if self.name(to) in left_out:
                    continue
                if (self.name(function), self.name(to)) in AGAIN:
                    longest = max(longest, again[to] if again else (0, ()))
                else:
                    longest = max(longest, chain(to))
            found[function] = (self.frame[function] + longest[0], (self.name(function), *longest[1]))
            return found[function]

        for function in self.frame:
            chain(function)
        return found

    def longest(self, left_out):
        chains = self.chains(left_out, self.chains(left_out))
        return max(chains[shim] for shim in self.shims)

    def reachable(self):
        seen, waiting = set(), list(self.shims)
        while waiting:
            function = waiting.pop()
            if function not in seen:
                seen.add(function)
                waiting += self.called[function]
        return {self.name(function) for function in seen}


class Bench(Workbench):
    kept = None

    def calls(self):
        if not self.kept:
            self.kept = Calls(self, ("rheaper", "rheaper-interpose", "rheaper-interpose-cxx"))
        return self.kept


def every_call_is_known(b):
    """But for what stands in the tables above, which have nothing that is not there."""
    calls = b.calls()
    reachable = calls.reachable()
    assert len(calls.shims) > 100, len(calls.shims)
    assert calls.dynamic & reachable == DYNAMIC, calls.dynamic
    assert calls.indirect & reachable == set(INDIRECT), calls.indirect & reachable
    wanted = {name for pair in AGAIN for name in pair}.union(
        *INDIRECT.values(), set(documented()) - {"none", "all"})
    assert wanted <= reachable, wanted - reachable


def longest(b, entry):
    """With `entry` alone of those that are seldom called; none of them, or all."""
    seldom = set(documented()) - {"none", "all"}
    return b.calls().longest(set() if entry == "all" else seldom - {entry})


def bounded(entry, bound, figure):
    """As one compiler or another has it, the chain through `entry` may be no longer than
    those without it: nothing is added then, and the row's bound is theirs."""
    def test(b):
        found, chain = longest(b, entry)
        note(f"{found} bytes: {' '.join(chain)}")
        assert entry in ("none", "all") or entry in chain or found == longest(b, "none")[0], \
            f"{entry} is not on the longest chain"
        assert found <= bound, f"more than {bound} bytes"
        if found != figure:
            note(f"docs/design/reliability.md has {figure}, of another compiler")
    return test


points = {"test_S4_every_call_is_known": every_call_is_known}
for entry, (bound, figure) in documented().items():
    points[f"test_S4_{entry}"] = bounded(entry, bound, figure)
tap.run(points, Bench)
