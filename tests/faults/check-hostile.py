#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Traces that were made to do harm, each with what the programs must make of it:
hostile-traces writes them. rheaper-load, rheaper-check and rheaper-top --once take each;
with --long rheaper-export what was loaded, and the SQLite extension the trace, too.

usage: check-hostile.py [--long] HOSTILE-TRACES BUILD-DIRECTORY EXTENSION

Prints TAP, one point per trace.
"""
import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from workbench import Workbench

LONG = "--long" in sys.argv
MAKER, BUILD, MODULE = (os.path.abspath(word) for word in sys.argv[1:] if word != "--long")
LOAD, CHECK, TOP, EXPORT = (f"{BUILD}/rheaper-{name}/rheaper-{name}"
                            for name in ("load", "check", "top", "export"))

# A hang is that long at work, in seconds of the processor, which other programs do not
# make longer; or at rest.
PATIENCE, REST = 30, 240
MEMORY = 64 << 20


def limit_work():
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.largest = 0

    def program(self, *words, status):
        """Runs a program, which ends with one of those statuses, soon, and says nothing
        that a terminal or a log would take for more than text."""
        result = subprocess.run(words, cwd=self.dir, env=self.env, capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=REST, preexec_fn=limit_work)
        assert result.returncode in status, (words, result)
        said = result.stdout + result.stderr
        assert not any(byte < 32 and byte not in b"\n\t" or byte == 127 for byte in said), result
        said.decode()  # valid UTF-8
        return result


def events_in(database):
    # What is not closed is kept, and forked with every program
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("SELECT value FROM totals WHERE name = 'events'").fetchone()[0]


def load(b, trace, status, said):
    result = b.program(LOAD, trace, "x.db", status=(status,))
    assert said.encode() in (result.stderr if status else result.stdout), result
    if status:
        assert result.stderr.startswith(b"rheaper-load: read ") \
            and result.stderr.count(b"\n") == 1, result
        assert not os.path.exists(b.path("x.db"))
    else:
        assert result.stdout.startswith(b"%d events, " % events_in(b.path("x.db"))), result


def export(b):
    for form in "collapsed", "pprof":
        result = subprocess.run([EXPORT, "--format", form, "x.db"], cwd=b.dir, timeout=REST, preexec_fn=limit_work,
                                capture_output=True, stdin=subprocess.DEVNULL)
        assert result.returncode in (0, 2), result


def extension(b, trace, status):
    if not shutil.which("sqlite3"):
        return
    result = subprocess.run(
        ["sqlite3", "-batch", "-bail", ":memory:"], cwd=b.dir, capture_output=True,
        timeout=REST, preexec_fn=limit_work,
        input=f".load '{MODULE}'\nSELECT count(*) FROM rheaper_trace('{trace}');\n".encode())
    assert result.returncode == (1 if status else 0), result


def check_memory(b, trace):
    """Of the largest child so far, beside the largest trace so far."""
    b.largest = max(os.path.getsize(b.path(trace)), b.largest)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
    assert used <= MEMORY + 4 * b.largest, (used, b.largest)


def take(b, trace, status, check, said):
    load(b, trace, status, said)
    b.program(CHECK, "--no-default-suppressions", trace, status=(check,))
    if os.path.exists(TOP):
        b.program(TOP, "--once", "--no-symbols", trace, status=(0, 2) if status == 0 else (2,))
    if LONG and status == 0:
        export(b)
    if LONG:
        extension(b, trace, status)
    assert sorted(os.listdir(b.dir)) == sorted([trace] + ["x.db"] * (status == 0)), \
        os.listdir(b.dir)
    check_memory(b, trace)


def make_point(directory, name, status, check, said):
    def point(b):
        trace = name + ".trace"
        shutil.move(os.path.join(directory, trace), b.path(trace))
        try:
            take(b, trace, int(status), int(check), said)
        finally:
            for left in os.listdir(b.dir):
                os.unlink(b.path(left))
    return point


with tempfile.TemporaryDirectory(prefix="rheaper-test-") as made:
    lines = subprocess.run([MAKER, made], check=True, text=True, capture_output=True).stdout
    points = {"test_L1_X3_" + line.split("\t")[0]: make_point(made, *line.split("\t"))
              for line in lines.splitlines()}
    tap.run(points, Bench)
