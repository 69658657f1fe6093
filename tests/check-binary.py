#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an instrumented binary says of itself, and what it leaves in the world: no
library it did not need before, no symbol for others but the allocation functions.

usage: check-binary.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import os
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])
LINKERS = [name for name in ("bfd", "gold", "lld", "mold") if shutil.which("ld." + name)]

C = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
	char *text = strdup("text");
	free(text);
	free(malloc(101));
	return puts("done") < 0;
}
"""

CXX = """
#include <iostream>
#include <string>
#include <vector>
int main()
{
	std::vector<std::string> v(10, std::string(100, 'x'));
	std::cout << v.size() << '\\n';
}
"""

# The files of a program with allocators in all the places where one can be.
DECLARED = {
    "main.c": """
#include <stdlib.h>
void *in_library(size_t size);
void *in_other_file(size_t size);
void *called_in_its_own_file(size_t size);
int main(void)
{
	free(in_library(1));
	free(in_other_file(1));
	free(called_in_its_own_file(1));
	return 0;
}
""",
    "other.c": """
#include <stdlib.h>
void *in_other_file(size_t size) { return malloc(size); }
__attribute__((noinline)) void *only_in_its_own_file(size_t size) { return malloc(size); }
static __attribute__((noinline)) void *static_one(size_t size) { return malloc(size); }
void *called_in_its_own_file(size_t size)
{
	free(static_one(size));
	return only_in_its_own_file(size);
}
""",
    "library.c": """
#include <stdlib.h>
void *in_library(size_t size) { return malloc(size); }
""",
}
NAMES = ["in_library", "in_other_file", "only_in_its_own_file", "static_one", "nowhere"]


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        for name, text in {"c.c": C, "cxx.cpp": CXX, **DECLARED}.items():
            self.file(name, text)

    def build(self, *words, driver="cc", out="program"):
        self.run(os.path.join(BINDIR, "rheaper-" + driver), *words, "-o", out)

    def explain(self, *words):
        return self.run(os.path.join(BINDIR, "rheaper-cc"), "--rheaper-explain", *words)

    def needed(self, name):
        return {line.split()[-1] for line in self.run("readelf", "-dW", name).splitlines()
                if "(NEEDED)" in line}

    def exported(self, name):
        lines = self.run("nm", "-D", "--defined-only", name).splitlines()
        return {line.split()[-1].split("@")[0] for line in lines}

    def may_export(self):
        rows = [line.split()[:2] for line in self.run(
            os.path.join(BINDIR, "rheaper-cc"), "--rheaper-list-wrapped").splitlines()]
        # dlclose is heard, so that an address is not taken for what was there before; exec, for it
        # ends a trace
        return {name for name, group in rows if group in ("core", "cxx", "loader", "exec")}


def test_the_note_says_capture_and_operators(bench):
    for words, said in ((["c.c"], "capture=process; C++ operators not wrapped"),
                        (["c.c", "--rheaper-capture=link"], "capture=link;"),
                        (["c.c", "-static"], "capture=process (static);"),
                        (["-fPIC", "-shared", "--rheaper-shared", "c.c"], "capture=plug-in;")):
        bench.build(*words)
        got = bench.explain("program")
        assert got.startswith("program: instrumented by rheaper ") and said in got, got
    bench.build("cxx.cpp", driver="c++")
    assert "operators as such" in bench.explain("program")


def test_the_linker_is_told(bench):
    names = {"bfd": "GNU ld", "gold": "gold", "lld": "LLD", "mold": "mold"}
    for linker in LINKERS:
        bench.build("-fuse-ld=" + linker, "c.c", "-Wl,--gc-sections", "-s")
        assert names[linker] in bench.explain("program").split("linked by")[1], linker


def test_a_plain_program_is_not_instrumented(bench):
    bench.run("cc", "c.c", "-o", "program")
    assert bench.explain("program") == "program: not instrumented\n"
    # an object is still a command line to be judged
    bench.run("cc", "-c", "c.c", "-o", "c.o")
    assert bench.explain("c.o").startswith("executable: ")


def build_declared(bench, *words):
    bench.run("cc", "-fPIC", "-shared", "library.c", "-o", "liblibrary.so")
    flags = ["--rheaper-wrap=%s:malloc" % name for name in NAMES]
    bench.build("-O0", "main.c", "other.c", "./liblibrary.so", *flags, *words)
    rows = {line.split(" ")[0].rstrip(":"): line.split(": ", 1)[1]
            for line in bench.explain("program", *flags).splitlines()[1:]}
    assert sorted(rows) == sorted(NAMES), rows
    return rows


def test_declared_functions_and_why_not(bench):
    for linker in LINKERS:
        rows = build_declared(bench, "-fuse-ld=" + linker)
        assert rows["in_library"] == "recorded, except calls inside shared libraries", rows
        assert rows["in_other_file"] == \
            "recorded, except calls from the source file that defines it", rows
        if linker != "lld":  # which rewrites calls within a file too
            assert "only the source file that defines it" in rows["only_in_its_own_file"], rows
        assert "only the source file that defines it" in rows["static_one"], rows
        assert "nothing here refers to it" in rows["nowhere"], rows
        bench.run("./program")


def test_declared_functions_in_a_stripped_program(bench):
    rows = build_declared(bench, "-s")
    assert rows["in_library"].startswith("recorded"), rows
    assert rows["in_other_file"] == "recorded", rows
    assert "stripped" in rows["static_one"], rows


def test_declared_too_late(bench):
    bench.run("cc", "-fPIC", "-shared", "library.c", "-o", "liblibrary.so")
    bench.build("-O0", "main.c", "other.c", "./liblibrary.so")
    got = bench.explain("program", "--rheaper-wrap=in_library:malloc")
    assert "was not declared when this was linked" in got, got


def test_no_library_is_added_and_no_name(bench):
    kinds = [("cc", ["c.c"]), ("cc", ["c.c", "-pthread"]), ("c++", ["cxx.cpp"]),
             ("c++", ["cxx.cpp", "-static-libstdc++", "-static-libgcc"])]
    for driver, words in kinds:
        if not shutil.which(driver):
            continue
        for linker in LINKERS:
            for scope in "process", "link":
                every = ["-fuse-ld=" + linker, "-Wl,--as-needed", *words]
                bench.run(driver, *every, "-o", "plain")
                bench.build(*every, "--rheaper-capture=" + scope, driver=driver)
                case = (linker, scope, words)
                assert bench.needed("program") == bench.needed("plain"), case
                added = bench.exported("program") - bench.exported("plain")
                allowed = bench.may_export()
                assert {n for n in added - allowed if not n.startswith("rheaper_")} == set(), \
                    (case, added - allowed)


def test_a_program_with_its_own_libunwind(bench):
    with open(bench.path("u.c"), "w") as out:
        out.write("""
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <stdlib.h>
static int depth(void)
{
	unw_context_t context;
	unw_cursor_t cursor;
	int n = 0;
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	do
		free(malloc(303));
	while (++n < 100 && unw_step(&cursor) > 0);
	return n;
}
static int deeper(int n) { return n ? deeper(n - 1) + 1 : depth(); }
int main(void) { return deeper(20) < 42; }
""")
    linked = [words for words in (["-lunwind"], ["-l:libunwind.a", "-l:liblzma.so.5"])
              if subprocess.run(["cc", "-O0", "u.c", *words, "-o", "plain"], cwd=bench.dir,
                                capture_output=True).returncode == 0]
    if not linked:
        raise tap.Skip("libunwind is not installed")
    for words in linked:
        bench.build("-O0", "u.c", *words)
        trace, database = bench.path("u.bin"), bench.path("u.db")
        bench.run("./program", RHEAPER_TRACE=trace)
        bench.run(LOADER, "--quiet", "--force", trace, database)
        os.remove(trace)
        rows = sqlite3.connect(database).execute(
            "SELECT count(*) >= 22, max(ending) FROM allocations WHERE size = 303").fetchall()
        assert rows == [(1, "freed")], (words, rows)


tap.run(globals(), Bench)
