#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each row of tests/languages/rows.py: built by the driver, run traced, and what its own ledger
says compared with what was recorded: how many blocks, how many of them leak, and where.

usage: check-table.py RHEAPER-LOAD BINDIR [--row=NAME]

RHEAPER_ZIG is the zig to take; default: zig on PATH.
Prints TAP, one point per row; one without its compiler here is skipped.
"""
import glob
import os
import re
import shutil
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import rows
import tap
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])
NAMED = [word[6:] for word in sys.argv[3:] if word.startswith("--row=")]

ALL = rows.PROGRAMS + rows.PLUGINS + rows.OTHERS

# What hosts and libraries do outside of what is recorded
HARMLESS = ("foreign_free", "foreign_realloc", "unseen_free", "quiet_children", "untraced_programs")


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        if os.environ.get("RHEAPER_ZIG"):
            self.env["PATH"] = os.path.dirname(os.path.abspath(os.environ["RHEAPER_ZIG"])) + ":" + os.environ["PATH"]
        self.run("cc", os.path.join(HERE, "host.c"), "-o", "host")
        self.number = 0
        os.chmod(directory, 0o711)  # for who may not be root

    def has(self, need):
        """Whether a command, a program of gcc's, or a file is here."""
        name = self.shell('echo "' + need + '"').strip() if "$" in need else need
        if os.path.isabs(name):
            return os.path.exists(name)
        return shutil.which(name, path=self.env.get("PATH")) or os.path.isabs(
            self.run("gcc", "-print-prog-name=" + name).strip())

    def shell(self, text, **env):
        words = {"cc": BINDIR + "/rheaper-gcc", "bin": BINDIR, "host": self.path("host"),
                 "plug": rows.PLUG.format(cc=BINDIR + "/rheaper-gcc"), "python": rows.PYTHON}
        return self.run("sh", "-ec", f"cd {self.dir}/{self.number or ''}\n" + text.format(**words),
                        silent=False, **env)

    def begin(self):
        """A directory with all sources, and one for traces that anybody may write to."""
        self.number += 1
        shutil.copytree(HERE, self.path(str(self.number)))
        traces = self.path(f"{self.number}/traces")
        os.mkdir(traces)
        os.chmod(traces, 0o777)
        return traces


def ledgers(output):
    """[(size, made, kept)] of each process that printed one."""
    return [tuple(int(word) for word in found)
            for found in re.findall(r"ledger: (\d+) (\d+) (\d+)", output)]


def endings(database, size):
    """{ending: blocks}"""
    return dict(database.execute("SELECT ending, count(*) FROM allocations WHERE size = ?"
                                 " GROUP BY ending", (size,)))


def functions(database, size):
    """The functions on the stacks of the blocks."""
    return {name for name, in database.execute(
        "SELECT DISTINCT sym FROM backtraces JOIN (SELECT DISTINCT bt FROM allocations"
        " WHERE size = ?) ON id = bt", (size,))}


def check(bench, row):
    for need in row.needs:
        if not bench.has(need):
            raise tap.Skip(f"no {os.path.basename(need)} here")
    traces = bench.begin()
    bench.shell(row.build)
    said = ledgers(bench.shell(row.run, RHEAPER_TRACE=traces + "/%p.bin"))
    assert said and {kept for _, _, kept in said} == {row.kept}, (row.name, said)
    found = glob.glob(traces + "/*.bin")
    assert len(found) == len(said), (row.name, found, said)
    bench.run(LOADER, "--quiet", *found, f"{bench.number}.db", silent=False)
    with sqlite3.connect(bench.path(f"{bench.number}.db")) as database:
        size = said[0][0]
        want = {"live": row.kept * len(said), row.ending: (said[0][1] - row.kept) * len(said)}
        assert endings(database, size) == {k: n for k, n in want.items() if n}, (
            row.name, endings(database, size), want)
        assert any(row.where in name for name in functions(database, size)), (
            row.name, functions(database, size))
        lost = database.execute("SELECT reason, count FROM losses WHERE count > 0 AND reason NOT IN"
                                f" {HARMLESS}").fetchall()
        assert lost == [], (row.name, lost)


def make_tests(table):
    """A function for each row, as tap.run() wants them."""
    return {"test_" + row.name: lambda bench, row=row: check(bench, row) for row in table
            if not NAMED or row.name in NAMED}


def test_the_page_has_each_row(bench):
    """docs/reference/languages.md, where the repository is."""
    with open(os.path.join(HERE, "../../docs/reference/languages.md")) as page:
        text = page.read()
    rows_of_page = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    for row in ALL:
        assert any(cell.strip().endswith(row.name) for cell in rows_of_page), row.name


tap.run({"test_the_page_has_each_row": test_the_page_has_each_row, **make_tests(ALL)}, Bench)
