#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper_trace.so in SQLite's own shell: the rows it gives of a program's trace, beside
what rheaper-load makes of it; what it says of files that are no traces.

usage: check-sqlite.py RHEAPER_TRACE.SO RHEAPER-LOAD RHEAPER-CC

Prints TAP, one point per test_ function.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

MODULE, LOADER, DRIVER = (os.path.abspath(path) for path in sys.argv[1:4])

PROGRAM = """
#include <pthread.h>
#include <stdlib.h>
static void *volatile keep;
static void *work(void *unused)
{
	for (int i = 1; i <= 1000; i++)
		free(keep = realloc(malloc(i), 2 * i));
	return unused;
}
int main(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, work, NULL);
	work(NULL);
	pthread_join(thread, NULL);
	keep = malloc(7777);
	return 0;
}
"""


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.file("p.c", PROGRAM)
        self.run(DRIVER, "-g", "p.c", "-o", "p", "-pthread")
        self.run(self.path("p"), RHEAPER_TRACE=self.path("good.bin"))
        self.run(LOADER, "-q", "good.bin", "good.db")
        with open(self.path("good.bin"), "rb") as good:
            self.good = good.read()

    def shell(self, sql):
        if not shutil.which("sqlite3"):
            raise tap.Skip("no sqlite3")
        return subprocess.run(["sqlite3", "-batch", "-bail", "-json", ":memory:"],
                              input=f".load '{MODULE}'\n{sql};\n", text=True,
                              capture_output=True, cwd=self.dir, env=self.env, timeout=240)

    def ask(self, sql):
        result = self.shell(sql)
        assert result.returncode == 0 and not result.stderr, result
        return json.loads(result.stdout or "[]")

    def refuse(self, name, said, content=None):
        if content is not None:
            with open(self.path(name), "wb") as out:
                out.write(content)
        result = self.shell(f"SELECT count(*) FROM rheaper_trace('{name}')")
        assert result.returncode == 1 and said in result.stderr, result

    def loaded(self, sql):
        with sqlite3.connect(self.path("good.db")) as db:
            return db.execute(sql).fetchone()


def test_a_newer_trace_is_logged(b):
    """The shell shows SQLite's log when it is asked to."""
    for _ in range(2):
        b.run(b.path("p"), RHEAPER_TRACE=b.path("again.bin"))
    ask = ".log stderr\nSELECT count(*) FROM rheaper_trace('%s')"
    told = "rheaper_trace: reading again.bin, although again.bin.1 is newer; name that to read it\n"
    for name, said in ("again.bin", told), ("again.bin.1", None):
        result = b.shell(ask % name)
        assert result.returncode == 0 and (result.stderr.endswith(told) if said else not result.stderr), result
    twice = b.shell(".log stderr\nSELECT count(*) FROM (VALUES (1), (2)) a, rheaper_trace('again.bin')")
    assert twice.stderr.count(told) == 1, twice
    assert not b.shell("SELECT count(*) FROM rheaper_trace('again.bin')").stderr


def test_the_events_of_a_program(b):
    kinds = {row["kind"]: row for row in b.ask(
        "SELECT kind, count(*) AS n, sum(size) AS bytes FROM rheaper_trace('good.bin')"
        " GROUP BY kind")}
    assert sum(row["n"] for row in kinds.values()) == b.loaded(
        "SELECT value FROM totals WHERE name = 'events'")[0]
    assert kinds["realloc_begin"]["n"] == kinds["realloc_end"]["n"] == 2000
    assert kinds["realloc_end"]["bytes"] == 2 * 1001 * 1000
    assert kinds["alloc"]["bytes"] + kinds["realloc_end"]["bytes"] == b.loaded(
        "SELECT sum(size) FROM allocations")[0]


def test_blocks_can_be_followed(b):
    row, = b.ask(
        "SELECT count(*) AS n, min(f.event > a.event) AS after FROM"
        " (SELECT *, lead(event) OVER (PARTITION BY address ORDER BY event) AS next"
        "  FROM rheaper_trace('good.bin') WHERE kind IN ('alloc', 'realloc_end')) a"
        " JOIN rheaper_trace('good.bin') f ON f.address = a.address AND f.event > a.event"
        "  AND f.event < ifnull(a.next, 1e9) AND f.kind IN ('free', 'realloc_begin')")
    freed, = b.loaded("SELECT count(*) FROM allocations WHERE dealloc_after IS NOT NULL")
    assert row == {"n": freed, "after": 1}, (row, freed)


def test_stacks(b):
    rows = b.ask("SELECT DISTINCT allocator, backtrace FROM rheaper_trace('good.bin')"
                 " WHERE size = 7777")
    assert len(rows) == 1 and rows[0]["allocator"] == "malloc", rows
    frames = json.loads(rows[0]["backtrace"])
    assert frames[0].startswith("p+0x") and any("libc" in frame for frame in frames), frames
    # The same place that the loader found
    offset, = b.loaded("SELECT printf('p+0x%x', f.address) FROM allocations"
                       " JOIN stack_frames ON stack = bt AND frame_no = 0"
                       " JOIN frames f USING (frame) WHERE size = 7777")
    assert frames[0] == offset, (frames, offset)


def test_what_is_no_trace(b):
    b.refuse("empty.bin", "read empty.bin: the file is empty", b"")
    b.refuse("text.bin", "not a rheaper trace", b"hello, world\n" * 10000)
    b.refuse("short.bin", "cut short", b.good[:100])
    other = bytearray(b.good)
    other[12] += 1  # rhp_file_header.version
    b.refuse("other.bin", "a newer format than this program reads", other)
    b.refuse("none.bin", "No such file or directory")
    b.refuse(b.dir, "directory")
    b.refuse("it''s", "read it's: No such file")


def test_a_cut_trace_gives_what_there_is(b):
    with open(b.path("cut.bin"), "wb") as out:
        out.write(b.good[:len(b.good) - len(b.good) // 4])
    b.run(LOADER, "-q", "cut.bin", "cut.db", silent=False)
    with sqlite3.connect(b.path("cut.db")) as db:
        events, = db.execute("SELECT value FROM totals WHERE name = 'events'").fetchone()
    assert b.ask("SELECT count(*) AS n FROM rheaper_trace('cut.bin')") == [{"n": events}]


def test_it_reads_as_far_as_is_asked(b):
    row, = b.ask("SELECT count(*) AS n, min(event) AS first, max(event) AS last FROM"
                 " (SELECT event FROM rheaper_trace('good.bin') ORDER BY event LIMIT 10)")
    assert row == {"n": 10, "first": 1, "last": 10}, row


def test_it_neither_prints_nor_exits(b):
    needs = b.run("nm", "-D", "--undefined-only", MODULE)
    names = {line.split()[-1].split("@")[0] for line in needs.splitlines()}
    for name in "exit", "_exit", "abort", "printf", "puts", "stdout", "stderr", "write":
        assert name not in names, names
    defined = b.run("nm", "-D", "--defined-only", MODULE)
    assert [line.split()[-1] for line in defined.splitlines()] == ["sqlite3_rheapertrace_init"]


tap.run(globals(), Bench)
