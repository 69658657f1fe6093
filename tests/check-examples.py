#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples: built by the driver as they say, run, loaded, and asked by their query
what each test allocated and leaked. One whose framework is missing is skipped.

usage: check-examples.py RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

Prints TAP, one point per framework.
"""
import glob
import os
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

LOADER, BIN, SOURCE = (os.path.abspath(path) for path in sys.argv[1:4])
EXAMPLES = os.path.join(SOURCE, "examples")
# What each test does itself: blocks, bytes, and the same of what it leaks
NOTHING, FREES_ALL, LEAKS, THREAD = (0, 0, 0, 0), (3, 300, 0, 0), (2, 100, 2, 100), (1, 70, 1, 70)


def has_library(name):
    """Whether the linker would find -lNAME."""
    for suffix in ".a", ".so":
        file = f"lib{name}{suffix}"
        found = subprocess.run(["cc", "-print-file-name=" + file], capture_output=True, text=True)
        if found.stdout.strip() != file:
            return True
    return False


class Bench(Workbench):
    def trace(self, example, *libraries):
        """The rows of the query, and the database."""
        driver = "rheaper-cc" if example.endswith(".c") else "rheaper-c++"
        missing = [name for name in libraries if not has_library(name)]
        if missing or not shutil.which(driver[8:]):
            raise tap.Skip("missing: " + ", ".join(missing or [driver[8:]]))
        name = example.split(".")[0]
        self.run(os.path.join(BIN, driver), "-Wall", "-Wextra", "-Werror", "-g", "-O0", "-pthread",
                 "-I" + os.path.join(SOURCE, "include"), os.path.join(EXAMPLES, example), "-o", name,
                 *["-l" + library for library in libraries], timeout=300)
        self.run("./" + name, RHEAPER_TRACE=self.path(name + ".bin"), silent=False)
        self.run(LOADER, "-q", name + ".bin", name + ".db")
        database = sqlite3.connect(self.path(name + ".db"))
        with open(os.path.join(EXAMPLES, "per-test.sql")) as query:
            cursor = database.execute(query.read())
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor], database


def meanwhile(database, scope, where=""):
    """Blocks and bytes that were allocated while the scope lasted, and those that leaked."""
    return database.execute(
        "SELECT count(*), ifnull(sum(size), 0), ifnull(sum(a.ending = 'live'), 0),"
        " ifnull(sum((a.ending = 'live') * size), 0)"
        " FROM allocations a, scopes s WHERE s.scope = ? AND alloc_after >= begin_ns / 1e6"
        " AND alloc_after < end_ns / 1e6 " + where, (scope,)).fetchone()


def check(bench, example, expected, *libraries):
    rows, database = bench.trace(example, *libraries)
    assert [row["test"] for row in rows] == list(expected), rows
    for row in rows:
        scope, = database.execute("SELECT scope FROM scopes WHERE name = ?", (row["test"],)).fetchone()
        figures = tuple(row[name] for name in ("allocations", "bytes", "leaks", "leaked_bytes"))
        assert figures == meanwhile(database, scope), row
        own = meanwhile(database, scope, "AND bt IN (SELECT id FROM backtraces WHERE frame_no = 0"
                        f" AND file LIKE '%/examples/{example}')")
        assert own == expected[row["test"]], (own, row)
        # A framework does not leak: what is more is libc's, for the next thread.
        assert figures[2:] == own[2:] or expected[row["test"]] == THREAD, row
    assert database.execute("SELECT count(*) FROM scopes WHERE ending <> 0").fetchone() == (0,)


def test_cmocka(bench):
    check(bench, "cmocka.c", {"allocates_nothing": NOTHING, "frees_all": FREES_ALL, "leaks": LEAKS},
          "cmocka")


def test_googletest(bench):
    check(bench, "googletest.cpp", {"Blocks.AllocatesNothing": NOTHING, "Blocks.FreesAll": FREES_ALL,
                                    "Blocks.Leaks": LEAKS, "Blocks.LeaksInAThread": THREAD}, "gtest")


def test_catch2(bench):
    # Version 3, or 2 with its main in a library
    libraries = ["Catch2Main", "Catch2"] if has_library("Catch2Main") else ["Catch2WithMain"]
    check(bench, "catch2.cpp", {"allocates nothing": NOTHING, "frees all": FREES_ALL, "leaks": LEAKS},
          *libraries)


def test_without_the_runtime_they_are_the_same(bench):
    """By the plain compiler, and not traced: every example that can be built runs."""
    for example, library in ("cmocka.c", "cmocka"), ("googletest.cpp", "gtest"):
        if has_library(library):
            bench.run("cc" if example.endswith(".c") else "c++", "-pthread",
                      "-I" + os.path.join(SOURCE, "include"), os.path.join(EXAMPLES, example),
                      "-o", "plain", "-l" + library, timeout=300)
            bench.run("./plain", RHEAPER_TRACE=bench.path("plain.bin"), silent=False)
            assert not glob.glob(bench.path("plain.bin*"))


tap.run(globals(), Bench)
