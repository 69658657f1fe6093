#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Forked children, and processes that go on as another program: the trace counts them, and
the verdict does not pass them over.

usage: check-children.py RHEAPER-CHECK RHEAPER-LOAD RHEAPER-REPORT BINDIR

Prints TAP, one point per test_ function. BINDIR has rheaper-cc.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

CHECK, LOAD, REPORT, BIN = (os.path.abspath(path) for path in sys.argv[1:5])
HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = """
#include <stddef.h>
#include <unistd.h>
int execute_elsewhere(const char *path)
{
	return execl(path, path, (char *)NULL);
}
"""


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.program = self.build("children")

    def build(self, name, *flags, **env):
        self.run(os.path.join(BIN, "rheaper-cc"), "-g", "-O1", "-D_GNU_SOURCE",
                 "-I" + os.path.join(HERE, "../include"), os.path.join(HERE, "children.c"),
                 *flags, "-o", self.path(name), **env)
        return self.path(name)

    def trace(self, letters, program=None, **env):
        """Runs the program: its traces, of the parent first."""
        for old in os.listdir(self.dir):
            if ".bin" in old or old.endswith(".db"):
                os.remove(self.path(old))
        out = self.run(program or self.program, letters, **{"RHEAPER_TRACE": self.path("t.bin"), **env})
        assert out == ("outlived\n" if "D" in letters else ""), out
        traces = sorted(name for name in os.listdir(self.dir) if ".bin" in name)
        return [self.path(name) for name in traces]

    def children(self, traces):
        """Of each process: its ending, is it forked; its children: silent, executed, followed."""
        subprocess.run([LOAD, "-q", "--force", *traces, self.path("p.db")], check=True, stderr=subprocess.DEVNULL)
        with sqlite3.connect(self.path("p.db")) as db:
            return db.execute("SELECT ending, forked, silent_children, executed_children, followed_children"
                              " FROM processes ORDER BY process").fetchall()

    def processes(self, traces):
        """Their pids, and whether they were forked; p.db has them."""
        self.children(traces)
        with sqlite3.connect(self.path("p.db")) as db:
            return db.execute("SELECT pid, forked FROM processes").fetchall()

    def frees_at_exit(self, program):
        """Whether the program's end frees what its start allocated, as libgcc does in static
        programs by some versions. Then a child that ends by exit is not without a call."""
        self.children(self.trace("", program))
        with sqlite3.connect(self.path("p.db")) as db:
            return db.execute("SELECT count(*) FROM allocations WHERE ending = 'freed' AND bt NOT IN"
                              " (SELECT id FROM backtraces WHERE sym = 'main')").fetchone()[0] > 0

    def check(self, *words, status):
        return self.run(CHECK, *words, status=status, silent=False)


def test_children_are_counted(b):
    for letters, expected in (("", (0, 0, 0)), ("n", (0, 0, 0)), ("v", (0, 0, 0)), ("a", (1, 0, 0)), ("l", (1, 0, 0)),
                              ("e", (0, 1, 0)), ("b", (0, 1, 0)), ("f", (1, 0, 0)), ("naalebbvf", (4, 3, 0))):
        found = b.children(b.trace(letters))
        assert found == [("exited", 0, *expected)], (letters, found)


def test_children_that_are_followed(b):
    found = b.children(b.trace("nalebfv", RHEAPER_FOLLOW_FORK="1"))
    assert found == [("exited", 0, 0, 1, 4), ("unknown", 1, 0, 0, 0), ("exited", 1, 0, 0, 0), ("executed", 1, 0, 0, 0),
                     ("exited", 1, 0, 0, 0)], found


def test_who_executes(b):
    assert b.children(b.trace("X")) == [("executed", 0, 0, 0, 0)]
    assert b.children(b.trace("FX")) == [("executed", 0, 0, 0, 0)]
    assert b.children(b.trace("FF")) == [("exited", 0, 0, 0, 0)]


def test_a_child_that_outlives_its_parent(b):
    assert b.children(b.trace("D")) == [("exited", 0, 1, 0, 0)]


def test_exec_by_a_library(b):
    b.run("cc", "-shared", "-fPIC", b.file("library.c", LIBRARY), "-o", b.path("libelsewhere.so"))
    program = b.build("with-library", "-DWITH_LIBRARY", b.path("libelsewhere.so"), "-Wl,-rpath," + b.dir)
    assert b.children(b.trace("o", program)) == [("exited", 0, 0, 1, 0)]


def test_static_programs(b):
    for flag in "-static", "-static-pie":
        assert b.children(b.trace("naebflvF", b.build("static", flag))) == [("exited", 0, 3, 2, 0)], flag


def test_measured_coverage(b):
    """libgcov has forms of exec and fork of its own, and comes behind our archive."""
    for flags in ["--coverage"], ["--coverage", "-static"]:
        assert b.children(b.trace("naebflvF", b.build("coverage", *flags))) == [("exited", 0, 3, 2, 0)], flags


def test_musl(b):
    if not shutil.which("musl-gcc"):
        raise tap.Skip("no musl-gcc here")
    for flags in ("-static",), ():
        program = b.build("musl", *flags, RHEAPER_REAL_CC="musl-gcc")
        assert b.children(b.trace("naebflvF", program)) == [("exited", 0, 3, 2, 0)], flags


def test_a_silent_child_is_no_verdict(b):
    trace, = b.trace("la")
    text = b.check(trace, status=2)
    assert "2 forked children allocated and were not recorded; set RHEAPER_FOLLOW_FORK=1" in text, text
    assert "inconclusive: forked children were left out; use --ignore-children to accept that" in text, text
    assert "note: " in b.check("--ignore-children", trace, status=0)
    problem, = json.loads(b.check("--json", trace, status=2))["problems"]
    assert problem["defect"] == "children", problem


def test_what_a_child_loses(b):
    parent, child = b.trace("l", RHEAPER_FOLLOW_FORK="1")
    text = b.check(parent, child, status=1)
    pid, = {pid for pid, forked in b.processes([parent, child]) if forked}
    assert f"leak: children: 1 block, 100 bytes (process {pid})\n" in text and "  live" in text, text
    pids = sorted(pid for pid, forked in b.processes(b.trace("llnl", RHEAPER_FOLLOW_FORK="1")) if forked)
    text = b.check(b.path("p.db"), status=1)
    assert f"leak: children: 3 blocks, 300 bytes (process {pids[0]} and others)\n" in text, text
    finding, = json.loads(b.check("--json", b.path("p.db"), status=1))["findings"]
    assert (finding["pid"], finding["more_processes"]) == (pids[0], True), finding
    parent, child = b.trace("l", RHEAPER_FOLLOW_FORK="1")
    text = b.run(CHECK, parent, status=2)  # and no word of a later run
    assert "1 forked child has a trace of its own that is not here; name all traces" in text, text
    b.check("--ignore-children", parent, status=0)
    # They may be in another database
    for trace in parent, child:
        b.run(LOAD, "-q", trace, trace + ".db")
    text = b.check(parent + ".db", child + ".db", status=1)
    assert "not here" not in text and "1 block, 100 bytes" in text, text


def test_no_child_stands_for_another_one(b):
    """What leaks is the one that is not named."""
    traces = b.trace("g", RHEAPER_FOLLOW_FORK="1")
    parent, _, grandchild = traces
    b.check(*traces, status=1)
    text = b.run(CHECK, parent, grandchild, status=2, silent=False)
    assert "1 forked child has a trace of its own that is not here" in text, text
    traces = b.trace("sl", RHEAPER_FOLLOW_FORK="1")
    parent, first, second, leaks = traces
    assert "not here" not in b.check(*traces, status=1)
    b.check(leaks, first, parent, second, status=1)
    text = b.run(CHECK, parent, first, second, status=2, silent=False)
    assert "1 forked child has a trace of its own that is not here" in text, text
    b.children(traces)
    with sqlite3.connect(b.path("p.db")) as db:
        assert db.execute("SELECT count(*) FROM processes c JOIN processes p ON c.counted_in = p.started_unix_ns"
                          " WHERE p.process = 1").fetchone() == (2,)


def test_later_traces_of_a_process(b):
    """They have what leaks, and a number behind the name that %p gave the first one."""
    for letters, pattern in ("t", "t.bin"), ("t", "%p.bin"), ("r", "t.bin"), ("r", "%p.bin"):
        traces = b.trace(letters, RHEAPER_FOLLOW_FORK="1", RHEAPER_TRACE=b.path(pattern))
        assert len(traces) == 3, traces
        b.check(*traces, status=1)
        later, = [trace for trace in traces if trace.endswith(".2" if pattern == "t.bin" else ".1")]
        rest = [trace for trace in traces if trace != later]
        said = b.run(CHECK, *rest, status=2, silent=False)
        assert f"{later}, a later trace of the same process, is not here; name it, too" in said, said
        b.check("--allow-partial", *rest, status=0)
        # Nothing says so of a database, so whoever makes it is told
        first = b.path("t.bin.1") if pattern == "t.bin" else later.removesuffix(".1")
        told = f"reading {first} without {later}, a later trace of the same process; name that, too\n"
        for named, said in (rest, told), ([later], ""), (traces, ""):
            result = subprocess.run([LOAD, "-q", "--force", *named, b.path("all.db")], text=True, capture_output=True,
                                    env=b.env, check=True)
            assert said in result.stderr and (said or "same process" not in result.stderr), result
        b.check(b.path("all.db"), status=1)
        os.remove(b.path("all.db"))


def test_a_program_that_a_child_executed_is_no_later_run(b):
    """It began while its parent was traced, and its trace is to be read, too."""
    traces = b.trace("r")
    executed, = traces[1:]
    told = f"rheaper-check: reading {traces[0]} without {executed}, of another process, which began while it was written; " \
        "name that, too, to read it\n"
    result = subprocess.run([CHECK, "-q", traces[0]], text=True, capture_output=True, env=b.env)
    assert (result.returncode, result.stderr) == (0, told), result
    result = subprocess.run([CHECK, "-q", *traces], text=True, capture_output=True, env=b.env)
    assert (result.returncode, result.stderr) == (1, ""), result
    traces = b.trace("rr")
    result = subprocess.run([CHECK, "-q", traces[0]], text=True, capture_output=True, env=b.env)
    assert "without 2 traces of other processes that began while it was written, the first " in result.stderr and \
        "newer" not in result.stderr, result


def test_a_child_that_executes_is_no_doubt(b):
    b.check(*b.trace("eebb"), status=0)
    text = b.check(*b.trace("ebb", RHEAPER_FOLLOW_FORK="1"), status=0)
    assert text.count("this forked child executed another program; blocks that were live then are not judged") == 2, text
    # The program that was to be judged is another matter
    text = b.check(*b.trace("X"), status=2)
    assert "the program went on as another one, by exec" in text, text


def test_what_a_child_began_with_is_not_judged(b):
    """Nobody saw it allocated there; Valgrind, with --trace-children, calls either lost."""
    told = "note: what a forked child had when its trace began, from its parent or of its own, is not judged\n"
    for letters, env in ("i", {"RHEAPER_FOLLOW_FORK": "1"}), ("w", {}):
        traces = b.trace(letters, **env)
        assert told in b.check(*traces, status=0), letters
        b.children(traces)
        assert told in b.check(b.path("p.db"), status=0), letters
        text = b.check(*b.trace(2 * letters, **env), status=0)
        assert "note: what 2 forked children had when their traces began" in text, text
    # None has what it had, or has a trace
    for letters, env in ("ee", {"RHEAPER_FOLLOW_FORK": "1"}), ("nn", {"RHEAPER_FOLLOW_FORK": "1"}), ("n", {}):
        assert "forked child had" not in b.check(*b.trace(letters, **env), status=0), letters
    # What another trace of the child did not see is told of that one
    text = b.check(*b.trace("s", RHEAPER_FOLLOW_FORK="1"), status=0)
    assert told in text and text.count("tracing began while the program ran") == 1, text


def test_a_child_that_calls_nothing(b):
    """It has no trace, and may lose what it inherited; so Valgrind says."""
    if shutil.which("valgrind"):
        b.run("cc", "-g", "-O1", "-D_GNU_SOURCE", "-I" + os.path.join(HERE, "../include"), os.path.join(HERE, "children.c"),
              "-o", b.path("plain"))
        judge = subprocess.run(["valgrind", "--leak-check=full", b.path("plain"), "q"], text=True, capture_output=True, check=True)
        assert "100 bytes in 1 blocks are definitely lost" in judge.stderr, judge
    told = "1 forked child called no recorded function; what it lost of what it had from its parent is not judged\n"
    for env in {"RHEAPER_LEAK_SCAN": "1"}, {"RHEAPER_LEAK_SCAN": "1", "RHEAPER_FOLLOW_FORK": "1"}:
        for program in b.program, b.build("static", "-static"):
            exits = "" if b.frees_at_exit(program) else "q"
            for letters in *exits, "n", "nvePb":
                text = b.check(*b.trace(letters, program, **env), status=0)
                assert "note: " in text and told in text, (letters, text)
            assert "2 forked children called no recorded function; what they lost of what they had from their" in \
                b.check(*b.trace("n" + (exits or "n"), program, **env), status=0)
        # It called something after all, or went on as another program
        text = b.check("--ignore-children", *b.trace("siebv", **env), status=0)
        assert "no recorded function" not in text, text


def test_a_program_without_a_trace(b):
    """Whatever it was built with, without RHEAPER_TRACE it leaves nothing."""
    for env in {"RHEAPER_LEAK_SCAN": "1"}, {"RHEAPER_LEAK_SCAN": "1", "RHEAPER_FOLLOW_FORK": "1"}:
        for program in b.program, b.build("static", "-static"):
            exits = () if b.frees_at_exit(program) else (("c", 0),)
            for letters, n in ("u", 1), ("p", 1), ("y", 1), ("uupy", 4), ("ebvP", 0), *exits:
                text = b.check(*b.trace(letters, program, **env), status=0)
                told = f"{n} program{' was' if n == 1 else 's were'} executed without RHEAPER_TRACE in the environment; what " \
                    f"{'it' if n == 1 else 'they'} did is not judged\n"
                assert (told in text) == (n > 0) and ("without RHEAPER_TRACE" in text) == (n > 0), (letters, text)
    b.children(b.trace("up"))
    text = b.run(REPORT, b.path("p.db"), silent=False)
    assert "executed without RHEAPER_TRACE in their environment: they left no trace." in text, text


def test_the_report_says_so(b):
    text = b.run(REPORT, *b.trace("ala"), silent=False)
    assert "3 forked children allocated and were not recorded." in text and "RHEAPER_FOLLOW_FORK=1" in text, text
    traces = b.trace("ll", RHEAPER_FOLLOW_FORK="1")
    b.children(traces)
    text = b.run(REPORT, "--process=1", b.path("p.db"), silent=False)
    assert "2 forked children have traces of their own." in text, text


if __name__ == "__main__":
    tap.run(dict(globals()), Bench)
