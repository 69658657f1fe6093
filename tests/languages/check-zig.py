#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs and plug-ins that `zig cc` and `zig c++` compile and link by the driver: what their own ledgers
say beside what was recorded.

usage: check-zig.py RHEAPER-LOAD BINDIR

RHEAPER_ZIG is the zig to take; default: zig on PATH. Prints TAP, one point per test_ function.
"""
import os
import re
import shutil
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import tap
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])
GLIBC = "-target x86_64-linux-gnu.2.36"
MUSL = "-target x86_64-linux-musl"

# Name, source, words of both steps. zig compiles with -fsanitize=undefined unless it optimizes.
PROGRAMS = [
    ("native", "zig-work.c", ""),
    ("native_optimized", "zig-work.c", "-O3"),
    ("native_small", "zig-work.c", "-Os"),
    ("native_lto", "zig-work.c", "-O2 -flto"),
    ("native_static", "zig-work.c", "-static"),
    ("old_glibc", "zig-work.c", "-target x86_64-linux-gnu.2.17"),
    ("glibc", "zig-work.c", GLIBC + " -O2"),
    ("musl", "zig-work.c", MUSL),
    ("musl_optimized", "zig-work.c", MUSL + " -O2"),
    ("musl_pie", "zig-work.c", MUSL + " -pie -fPIE"),
    ("musl_i386", "zig-work.c", "-target x86-linux-musl"),
    ("musl_aarch64", "zig-work.c", "-target aarch64-linux-musl -DCHILD=0"),  # limits.md: qemu and fork
    ("cxx_glibc", "zig-throw.cc", GLIBC),
    ("cxx_glibc_optimized", "zig-throw.cc", GLIBC + " -O2"),
    ("cxx_musl", "zig-throw.cc", MUSL),
    ("cxx_musl_optimized", "zig-throw.cc", MUSL + " -O2"),
]

# What a target needs beside the compiler: its archive, and what runs its programs
OTHERS = {"x86-linux-musl": ("i386", None), "aarch64-linux-musl": ("aarch64", "qemu-aarch64")}

# The exception of a failing operator new (limits.md), and the child
HARMLESS = ("foreign_free", "quiet_children")

OPERATORS = {7301: "operator new(unsigned long)", 7302: "operator new[](unsigned long)",
             7303: "operator new(unsigned long)", 7304: "operator new(unsigned long)"}


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        zig = os.environ.get("RHEAPER_ZIG") or shutil.which("zig")
        if not zig:
            raise tap.Skip("no zig here")
        if os.uname().machine != "x86_64":
            raise tap.Skip("these are targets of x86-64")
        self.zig = os.path.abspath(zig)
        self.env |= {"RHEAPER_REAL_CC": self.zig + " cc", "RHEAPER_REAL_CXX": self.zig + " c++"}

    def drive(self, *words, name="rheaper-cc", status=0, **env):
        """zig builds its libraries when they are first asked for, and warns of its own headers."""
        return self.run(os.path.join(BINDIR, name), *words, status=status, silent=False, timeout=1800, **env)

    def build(self, source, words, name):
        """In two steps, as builds do."""
        driver = "rheaper-c++" if source.endswith(".cc") else "rheaper-cc"
        self.drive("-c", os.path.join(HERE, source), *words, "-o", name + ".o", name=driver)
        self.drive(name + ".o", *words, "-o", name, name=driver)

    def record(self, *command, name):
        """The program's ledger, {size: (made, kept)}, and its database."""
        said = self.run(*command, RHEAPER_TRACE=self.path(name + ".bin"))
        self.run(LOADER, "--quiet", name + ".bin", name + ".db")
        ledger = {int(size): (int(made), int(kept))
                  for size, made, kept in re.findall(r"ledger: (\d+) (\d+) (\d+)", said)}
        assert ledger, said
        return ledger, sqlite3.connect(self.path(name + ".db"))


def compare(ledger, database):
    """Each size of the ledger with what was recorded; what was lost, but for what is known."""
    for size, (made, kept) in ledger.items():
        found = dict(database.execute("SELECT ending, count(*) FROM allocations WHERE size = ? GROUP BY ending",
                                      (size,)))
        assert found == {ending: n for ending, n in (("live", kept), ("freed", made - kept)) if n}, (size, found)
    lost = [row for row in database.execute("SELECT reason, count FROM losses WHERE count > 0")
            if row[0] not in HARMLESS]
    assert lost == [], lost


def functions(database):
    """{size: function} of the blocks of the ledgers in C++."""
    return dict(database.execute(
        "SELECT DISTINCT size, f.name FROM allocations JOIN stacks ON stack = bt JOIN allocators f USING (allocator)"
        " WHERE size BETWEEN 7301 AND 7304"))


def lines(database, size, where):
    """The source files of a function on the stacks of blocks."""
    return {os.path.basename(file or "") for file, in database.execute(
        "SELECT DISTINCT file FROM backtraces JOIN (SELECT DISTINCT bt FROM allocations WHERE size = ?) ON id = bt"
        " WHERE sym LIKE ?", (size, where + "%"))}


def check_program(bench, name, source, words):
    archive, runner = next((need for target, need in OTHERS.items() if target in words), (None, None))
    if archive and not os.path.exists(f"{BINDIR}/../wrap/librheaper-{archive}.a"):
        raise tap.Skip(f"no runtime for {archive} here")
    if runner and not shutil.which(runner):
        raise tap.Skip(f"no {runner} here")
    bench.build(source, words.split(), name)
    ledger, database = bench.record(*([runner] if runner else []), "./" + name, name=name)
    compare(ledger, database)
    if source.endswith(".cc"):
        assert functions(database) == OPERATORS, functions(database)
    size = 7302 if source.endswith(".cc") else 7202
    assert lines(database, size, "work") == {source}, lines(database, size, "work")


def test_one_step(b):
    b.drive(os.path.join(HERE, "zig-work.c"), "-o", "one")
    compare(*b.record("./one", name="one"))


def test_declared_functions(b):
    """Another declaration with the same words for zig: it has nothing of the link before in its cache."""
    b.file("pool.c", "static char pool[999]; void *pool_get(unsigned long n) { return pool + n % 9; }")
    b.file("main.c", '#include <stdio.h>\nvoid *pool_get(unsigned long n);\nint main(void) { puts("ledger: 7501 1 1");'
                     " return !pool_get(7501); }")
    for words, name in ([], "without"), (["--rheaper-wrap=pool_get:malloc"], "with"):
        b.drive(*words, *MUSL.split(), "main.c", "pool.c", "-o", "declared")
        ledger, database = b.record("./declared", name=name)
        found = database.execute("SELECT count(*) FROM allocations WHERE size = 7501").fetchone()
        assert found == (len(words),), (words, found)
    compare(ledger, database)


def test_a_plug_in_in_a_plain_host(b):
    b.drive("-fPIC", "-shared", "--rheaper-shared", os.path.join(HERE, "zig-plug.c"), "-o", "plug.so")
    b.run(b.zig, "cc", os.path.join(HERE, "host.c"), "-o", "host", silent=False)
    compare(*b.record("./host", "./plug.so", name="plug"))


def test_a_library_of_an_executable(b):
    b.drive("-fPIC", "-shared", os.path.join(HERE, "zig-plug.c"), "-o", "seen.so")
    b.drive(os.path.join(HERE, "host.c"), "-o", "host")
    compare(*b.record("./host", "./seen.so", name="seen"))


def test_a_compiler_that_drops_the_file_links_nothing(b):
    """No program without records comes out of it."""
    b.file("zig", '#!/bin/bash\nfor word; do [[ $word == -Wl,-u,@* ]] || kept+=("$word"); done\n'
                  f'exec {b.zig} "${{kept[@]}}"\n')
    os.chmod(b.path("zig"), 0o755)
    b.drive(os.path.join(HERE, "zig-work.c"), "-o", "dropped", status=1, RHEAPER_REAL_CC=b.path("zig") + " cc")
    assert not os.path.exists(b.path("dropped"))


def test_an_allocator_of_which_only_malloc_is_used(b):
    """zig links --as-needed, and lld does not count what is wrapped."""
    b.file("own.c", "static char room[9999]; void *malloc(unsigned long n) { return n == 7601 ? room : 0; }")
    b.file("user.c", '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { void *volatile p = malloc(7602);'
                     ' setvbuf(stdout, NULL, _IONBF, 0); puts(p ? "libc" : "own"); return 0; }')
    b.run("gcc", "-shared", "-fPIC", "-fno-builtin", "own.c", "-o", "libown.so")
    b.drive("user.c", "./libown.so", "-o", "user")
    assert b.run("./user") == "own\n"


def test_a_target_that_a_script_hides(b):
    """The driver takes the link for a dynamic one."""
    os.chmod(b.file("zig-musl", f'#!/bin/sh\nexec {b.zig} cc {MUSL} "$@"\n'), 0o755)
    b.drive(os.path.join(HERE, "zig-work.c"), "-o", "hidden", status=1, RHEAPER_REAL_CC=b.path("zig-musl"))


def make_tests():
    """A function for each row, as tap.run() wants them."""
    return {f"test_{row[0]}": lambda bench, row=row: check_program(bench, *row) for row in PROGRAMS}


tap.run({**globals(), **make_tests()}, Bench)
