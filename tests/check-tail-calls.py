#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Frames that tail calls left out are put back where there is one way, and nowhere else. The
judges are the same program without optimization, and GDB.

usage: check-tail-calls.py RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY

Prints TAP, one point per test_ function.
"""
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

LOADER, BIN = (os.path.abspath(path) for path in sys.argv[1:3])

# What main calls, and the size that comes out at the end. Two units, with one name in both.
FIRST = """
#include <stdlib.h>
#ifdef __clang__
#define OWN __attribute__((noinline))
#else
#define OWN __attribute__((noinline, noclone))
#endif
#define STAY __asm__ volatile("" : : : "memory")
void *volatile keep;
void *own(size_t size);
void elsewhere(size_t size);
OWN void work(size_t size) { keep = malloc(size); free(keep); STAY; }
static OWN void last(size_t size) { work(size + 1); }
static OWN void middle(size_t size) { if (size > 99999) STAY; last(size + 1); }
OWN void one_way(size_t size) { middle(size + 1); }
static OWN void a(size_t size) { work(size + 5); }
static OWN void b(size_t size) { work(size + 2); }
OWN void two_ways(size_t size) { if (size & 1) a(size); else b(size); }
void (*volatile pointer)(size_t) = work;
OWN void by_pointer(size_t size) { pointer(size); }
OWN void perhaps_by_pointer(size_t size) { if (size & 1) pointer(size); else a(size); }
OWN void again(size_t size, int n) { if (n) again(size + 1, n - 1); else work(size); }
static OWN void same(size_t size) { elsewhere(size + 1); }
OWN void two_units(size_t size) { same(size + 1); }
static inline __attribute__((always_inline)) void within(size_t size) { a(size + 1); }
OWN void inlined(size_t size) { within(size + 1); }
int main(void)
{
	one_way(1000); STAY;
	two_ways(2000); STAY;
	by_pointer(3000); STAY;
	perhaps_by_pointer(4000); STAY;
	again(5000, 2); STAY;
	two_units(6000); STAY;
	inlined(7000); STAY;
	work(8000); STAY;
	keep = own(9000); free(keep);
	return 0;
}
"""
SECOND = """
#include <stdlib.h>
#ifdef __clang__
#define OWN __attribute__((noinline))
#else
#define OWN __attribute__((noinline, noclone))
#endif
void work(size_t size);
static OWN void same(size_t size) { work(size + 1); }
OWN void elsewhere(size_t size) { same(size + 1); }
OWN void *own(size_t size) { return malloc(size + 1); }
"""
KNOWN = {1003: ["work", "last", "middle", "one_way", "main"],
         6004: ["work", "same", "elsewhere", "same", "two_units", "main"],
         7007: ["work", "a", "within", "inlined", "main"],
         8000: ["work", "main"]}
UNKNOWN = {2002: ["work", "main"], 3000: ["work", "main"], 4005: ["work", "main"]}
COMPILERS = ("gcc", ["-gdwarf-5"]), ("gcc", ["-gdwarf-4"]), ("clang", ["-gdwarf-5"]), ("clang", ["-gdwarf-4"])


class Bench(Workbench):
    def build(self, compiler, words, name="program"):
        if not shutil.which(compiler):
            raise tap.Skip(f"no {compiler}")
        self.run(os.path.join(BIN, "rheaper-" + compiler) if name == "program" else compiler,
                 *words, self.file("first.c", FIRST), self.file("second.c", SECOND), "-o", name)

    def stacks(self, compiler, words, database="d.db"):
        """The functions of each stack up to main, and which are inferred, by size."""
        self.build(compiler, words)
        if os.path.exists(self.path("t.bin")):
            os.remove(self.path("t.bin"))
        self.run("./program", RHEAPER_TRACE="t.bin")
        self.run(LOADER, "-q", "-f", "t.bin", database)
        return self.read(database)

    def read(self, database):
        found = {}
        with sqlite3.connect(self.path(database)) as db:
            for size, name, inferred in db.execute(
                    "SELECT size, sym, inferred FROM allocations JOIN backtraces ON id = bt"
                    " WHERE size >= 1000 AND size < 10000 ORDER BY size, frame_no"):
                stack = found.setdefault(size, [])
                if not stack or stack[-1][0] != "main":
                    stack.append((name, inferred))
        return found


def names(stack):
    return [name for name, _ in stack]


def test_the_one_way_is_put_back(b):
    for compiler, words in COMPILERS:
        plain = b.stacks(compiler, ["-O0", *words])
        found = b.stacks(compiler, ["-O2", *words])
        assert not any(inferred for stack in plain.values() for _, inferred in stack), plain
        for size, stack in KNOWN.items():
            assert names(plain[size]) == stack, (compiler, words, size, plain[size])
            assert names(found[size]) == stack, (compiler, words, size, found[size])
            assert [inferred for _, inferred in found[size]] == [
                int(name not in ("work", "main")) for name in stack], (compiler, words, found[size])


def test_of_several_ways_there_is_none(b):
    for compiler, words in COMPILERS:
        found = b.stacks(compiler, ["-O2", *words])
        for size, stack in UNKNOWN.items():
            assert names(found[size]) == stack, (compiler, words, size, found[size])


def test_an_allocator_is_called_last(b):
    """gcc says that the jump goes to malloc; clang, of functions that it knows itself, nothing."""
    for compiler, words in COMPILERS[:2]:
        assert names(b.stacks(compiler, ["-O2", *words])[9001]) == ["own", "main"]
    with sqlite3.connect(b.path("d.db")) as db:
        assert db.execute("SELECT owner_function, chain FROM call_sites WHERE allocated_bytes = 9001").fetchall() == [
            ("own", "malloc \u2190 own")]


def test_without_call_sites_nothing_is_inferred(b):
    for compiler in "gcc", "clang":
        found = b.stacks(compiler, ["-O2", "-g1"])
        assert not any(inferred for stack in found.values() for _, inferred in stack), found
        assert names(found[1003]) == ["work", "main"], found


def test_signatures_are_what_they_were(b):
    query = "SELECT size, signature FROM allocations JOIN stacks ON stack = bt WHERE size BETWEEN 1000 AND 9999"
    answers = []
    for words in ["-O2", "-g"], ["-O2", "-g1"]:
        b.stacks("gcc", words)
        with sqlite3.connect(b.path("d.db")) as db:
            answers.append(sorted(db.execute(query).fetchall()))
    assert answers[0] == answers[1] and len(answers[0]) == 9, answers


def test_appending_keeps_them(b):
    found = b.stacks("gcc", ["-O2", "-g"])
    shutil.copy(b.path("t.bin"), b.path("first.bin"))
    os.remove(b.path("t.bin"))
    b.run("./program", RHEAPER_TRACE="t.bin")
    count = "SELECT count(*), sum(inferred) FROM frames"
    with sqlite3.connect(b.path("d.db")) as db:
        before = db.execute(count).fetchone(), db.execute("SELECT * FROM stacks ORDER BY 1").fetchall()
    b.run(LOADER, "-q", "--append", "t.bin", "d.db")
    with sqlite3.connect(b.path("d.db")) as db:
        after = db.execute(count).fetchone(), db.execute("SELECT * FROM stacks ORDER BY 1").fetchall()
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert before == after and b.read("d.db").keys() == found.keys(), (before, after)


# Of a second run with an odd number no location is new after a first one with an even one and
# "last": only who calls whom is.
ANEW = """
#include <stdlib.h>
#define OWN __attribute__((noinline, noclone))
#define STAY __asm__ volatile("" : : : "memory")
void *volatile keep;
OWN void work(size_t size) { keep = malloc(size); free(keep); STAY; }
OWN void other(size_t size) { keep = malloc(size); free(keep); STAY; }
OWN void last(size_t size) { work(size + 1); }
OWN void one_way(size_t size) { if (size & 1) last(size + 1); else other(size); }
OWN void go(const char *word)
{
	if (*word == 'l') last(2000); else one_way(strtoul(word, NULL, 10));
	STAY;
}
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		go(argv[i]);
	return 0;
}
"""


def test_known_locations_in_a_new_order(b):
    b.run(os.path.join(BIN, "rheaper-gcc"), "-O2", "-g", b.file("anew.c", ANEW), "-o", "anew")
    b.run("./anew", "1000", "last", RHEAPER_TRACE="even.bin")
    b.run("./anew", "1001", RHEAPER_TRACE="odd.bin")
    b.run(LOADER, "-q", "even.bin", "odd.bin", "together.db")
    b.run(LOADER, "-q", "even.bin", "later.db")
    with sqlite3.connect(b.path("later.db")) as db:
        before = db.execute("SELECT count(DISTINCT address) FROM frames WHERE NOT inferred").fetchone()
    b.run(LOADER, "-q", "--append", "odd.bin", "later.db")
    with sqlite3.connect(b.path("later.db")) as db:
        assert before == db.execute("SELECT count(DISTINCT address) FROM frames WHERE NOT inferred").fetchone()
    assert names(b.read("together.db")[1003]) == ["work", "last", "one_way", "go", "main"]
    assert b.read("later.db") == b.read("together.db")


def test_gdb_says_the_same(b):
    if not shutil.which("gdb"):
        raise tap.Skip("no gdb")
    for compiler, words in COMPILERS:
        if (compiler, words) == ("clang", ["-gdwarf-5"]):
            continue  # it says where a jump is (DW_AT_call_pc), and GDB 13 wants to know what is behind it
        words = ["-O2", *words]
        found = b.stacks(compiler, words)
        b.build(compiler, words, "plain")
        said = subprocess.run(
            ["gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "break work", "-ex", "run",
             *["-ex", "printf \"size %d\\n\", size", "-ex", "bt", "-ex", "continue"] * 9, "./plain"],
            cwd=b.dir, text=True, capture_output=True, timeout=120).stdout
        stacks = dict(re.findall(r"^size (\d+)\n((?:#.*\n)+)", said, re.M))
        if "1003" not in stacks:
            raise tap.Skip("gdb cannot run a program here")
        # In a frame that it infers, GDB shows the function that was inlined, and not the one around it
        for size in (KNOWN.keys() | UNKNOWN.keys()) - {7007}:
            frames = re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+)", stacks[str(size)], re.M)
            assert frames == names(found[size]), (compiler, words, size, frames, found[size])


tap.run(globals(), Bench)
