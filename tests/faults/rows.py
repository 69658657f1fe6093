# SPDX-License-Identifier: MIT
"""Builds the programs beside it by the driver and by the plain compiler, runs them with
and without a trace, and asks what the traces say.

The scripts are called with [--long] RHEAPER-LOAD BINDIR.
"""
import glob
import os
import resource
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))

import tap  # noqa: E402
from workbench import Workbench  # noqa: E402

LONG = sys.argv[1:2] == ["--long"]
LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1 + LONG:3 + LONG])
LIMIT = 3000 if LONG else 250

# Any of these says that an event was paired with another block's.
MISORDERED = ("foreign_free", "foreign_realloc", "unseen_free", "unpaired_realloc")


class Profile:
    """A loaded trace."""

    def __init__(self, path):
        self.database = sqlite3.connect(path)
        self.lost = dict(self.rows("SELECT reason, count FROM losses WHERE count > 0"
                                   " AND reason <> 'clock_inversions'"))
        self.total = dict(self.rows("SELECT name, value FROM totals"))
        self.ending, = self.row("SELECT ending FROM processes")

    def rows(self, query, *values):
        return self.database.execute(query, values).fetchall()

    def row(self, query, *values):
        return self.rows(query, *values)[0]

    def misordered(self):
        return sum(self.lost.get(reason, 0) for reason in MISORDERED)

    def of(self, function):
        """Blocks that a function of the program allocated, and how many of them live."""
        return self.row("SELECT coalesce(sum(allocations), 0), coalesce(sum(live_blocks), 0)"
                        " FROM call_sites WHERE function = ?", function)

    def of_size(self, size):
        """Blocks of a size, and how many of them live."""
        return self.row("SELECT count(*), count(*) - count(dealloc_after) FROM allocations"
                        " WHERE size = ?", size)


class Bench(Workbench):
    def build(self, name, *words, out=None, plain=False, home=None):
        """Builds NAME.c or NAME.cpp beside this file; the program."""
        kind = "g++" if name.endswith("pp") else "gcc"
        out = out or name.split(".")[0] + (".plain" if plain else "")
        if not os.path.exists(self.path(out)):
            env = {"RHEAPER_HOME": home} if home else {}
            self.run(kind if plain else os.path.join(BINDIR, "rheaper-" + kind), "-O1", "-g",
                     "-pthread", "-fno-builtin", "-D_GNU_SOURCE", os.path.join(HERE, name),
                     *words, "-o", out, **env)
        return "./" + out

    def trace(self, program, *words, status=0, **env):
        """Runs a program, loads its trace; what it printed, and the profile."""
        for old in glob.glob(self.path("t.*")):
            os.remove(old)
        said = self.run(program, *map(str, words), status=status, timeout=LIMIT,
                        RHEAPER_TRACE=self.path("t.bin"), **env)
        return said, self.load()

    def load(self, trace="t.bin"):
        self.run(LOADER, "--quiet", "--force", trace, "t.db", silent=False, timeout=LIMIT)
        return Profile(self.path("t.db"))

    def traces(self):
        return sorted(os.path.basename(path) for path in glob.glob(self.path("t.bin*")))

    def same(self, name, *words, build=(), silent=True, status=0, **env):
        """The program does with a trace what it does without rheaper; the profile."""
        plain = self.run(self.build(name, *build, plain=True), *map(str, words), silent=silent,
                         status=status, timeout=LIMIT, **env)
        said, profile = self.trace(self.build(name, *build), *words, status=status, **env)
        assert said == plain, (said, plain)
        return profile


def equal(found, wanted):
    assert found == wanted, f"found {found}, not {wanted}"


def note(*words):
    """A line of the protocol that says what was measured."""
    print("#", *words, flush=True)


def most_memory():
    """Of the children so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10


def run(namespace):
    tap.run(namespace, Bench)
