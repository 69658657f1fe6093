#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that replace operator new and delete: a table of compilers, optimization, links
and sources. Each block is recorded once and freed once, whether the program or libstdc++
asks for it.

usage: check-operators.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function. Valgrind says how many blocks there are.
"""
import functools
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])

# All operators but the aligned ones, 16 bytes before each block
WITH_HEADER = """
#include <cstdlib>
#include <new>
void *operator new(std::size_t n)
{
	char *p = (char *)malloc(n + 16);
	if (!p)
		throw std::bad_alloc();
	return p + 16;
}
void operator delete(void *p) noexcept { if (p) free((char *)p - 16); }
void operator delete(void *p, std::size_t) noexcept { if (p) free((char *)p - 16); }
void *operator new[](std::size_t n) { return operator new(n); }
void operator delete[](void *p) noexcept { operator delete(p); }
void operator delete[](void *p, std::size_t) noexcept { operator delete(p); }
"""
# Two of them: the library's others call these
TWO = """
#include <cstdlib>
#include <new>
void *operator new(std::size_t n) { return malloc(n); }
void operator delete(void *p) noexcept { if (p) free(p); }
"""
USE = """
#include <map>
#include <memory>
#include <string>
#include <vector>
struct widget { std::string name; std::map<int, std::string> rows; };
int main()
{
	std::vector<std::unique_ptr<widget>> all;
	for (int i = 0; i < 10; i++) {
		auto w = std::make_unique<widget>();
		w->name = std::string(100 + i, 'n');
		for (int k = 0; k < 3; k++)
			w->rows[k] = std::to_string(k) + std::string(40, 'v');
		all.push_back(std::move(w));
	}
	int *array = new int[100];
	array[all.size()] = 1;
	delete[] array;
	return all.size() != 10;
}
"""
LINKS = {"process": [], "link": ["--rheaper-capture=link"], "lto": ["-flto"], "static": ["-static"]}


def of_valgrind(b, program):
    said = subprocess.run(["valgrind", program], cwd=b.dir, env=b.env, capture_output=True, text=True,
                          timeout=240).stderr
    return int(re.search(r"heap usage: ([\d,]+) allocs", said)[1].replace(",", ""))


def recorded(b, program):
    """Allocations; blocks of the program that live; what does not fit."""
    for old in ("t.bin", "t.db"):
        if os.path.exists(b.path(old)):
            os.remove(b.path(old))
    b.run(program, RHEAPER_TRACE=b.path("t.bin"))
    b.run(LOADER, "-q", "t.bin", "t.db")
    with sqlite3.connect(b.path("t.db")) as database:
        def number(query):
            return database.execute(query).fetchone()[0] or 0
        # libstdc++ keeps a pool for exceptions, which is larger than any block here
        return (number("SELECT value FROM totals WHERE name = 'allocations'"),
                number("SELECT count(*) FROM allocations WHERE dealloc_after IS NULL AND size < 60000"),
                number("SELECT sum(count) FROM losses WHERE reason <> 'clock_inversions'"),
                number("SELECT count(*) FROM mismatches"))


@functools.lru_cache(maxsize=None)
def compiled(b, compiler, words, text):
    """An object, made once: how it is linked does not matter to it."""
    name = b.path(f"{compiled.cache_info().misses}.o")
    b.run(compiler, "-std=c++17", "-g", *words, "-c", b.file("source.cpp", text), "-o", name, silent=False)
    return name


def build(b, compiler, words, together, operators):
    """The operators in a file of their own, or in front of what uses them."""
    of_objects = tuple(word for word in words if word.startswith("-O") or word == "-flto")
    objects = [compiled(b, compiler, of_objects, text) for text in
               ([operators + USE] if together else [operators, USE])]
    b.run(compiler, *words, *objects, "-o", "program", silent=False)
    return "./program"


def check(b, compiler, link, together, operators=WITH_HEADER):
    if not shutil.which(compiler):
        raise tap.Skip("no " + compiler)
    b.driver = f"{BINDIR}/rheaper-{compiler}"
    # A static libc keeps some blocks too, whatever the operators are
    kept = recorded(b, build(b, b.driver, LINKS[link], True, ""))[1] if link == "static" else 0
    for level in ("-O0", "-O1", "-O2", "-O3") if link == "process" else ("-O0", "-O2"):
        program = build(b, b.driver, [level, *LINKS[link]], together, operators)
        found = recorded(b, program)
        assert found[1:] == (kept, 0, 0), (level, found)
        # Valgrind 3.19 cannot read the debug information of clang 14
        if link == "process" and compiler == "g++" and shutil.which("valgrind"):
            plain = build(b, compiler, [level], together, operators)
            assert found[0] == of_valgrind(b, plain), (level, found)


def check_linker(b, linker, capture):
    """Linkers differ in what they take the name of a wrapped function for."""
    if not shutil.which("ld." + linker):
        raise tap.Skip("no " + linker)
    words = ["-O2", "-fuse-ld=" + linker, *LINKS[capture]]
    for operators, together in (WITH_HEADER, False), (WITH_HEADER, True), (TWO, True):
        found = recorded(b, build(b, BINDIR + "/rheaper-g++", words, together, operators))
        assert found[1:] == (0, 0, 0), (found, together)
        assert families(b) == {"malloc"}, families(b)
    recorded(b, build(b, BINDIR + "/rheaper-g++", words, True, ""))
    assert "new" in families(b), families(b)


def families(b):
    with sqlite3.connect(b.path("t.db")) as database:
        return {name for name, in database.execute(
            "SELECT DISTINCT family FROM allocators JOIN stacks USING (allocator) JOIN stack_totals USING (stack)"
            " WHERE allocations > 0")}


def add(name, *words):
    globals()["test_" + name] = lambda b: check(b, *words)


for one in "g++", "clang++":
    for way in LINKS:
        add(f"{one}_{way}_in_two_files", one, way, False)
        # A static program cannot find out: docs/reference/limits.md
        if way != "static":
            add(f"{one}_{way}_in_one_file", one, way, True)
            add(f"{one}_{way}_two_operators", one, way, True, TWO)


for one in "bfd", "gold", "lld", "mold":
    for way in "process", "link":
        globals()[f"test_{one}_{way}"] = lambda b, one=one, way=way: check_linker(b, one, way)


def test_operators_of_a_static_library(b):
    """It stands before the archives with our operators, and before the C++ library."""
    if not shutil.which("g++"):
        raise tap.Skip("no g++")
    b.file("operators.cpp", "extern int n_own;" + TWO.replace("{ return malloc", "{ n_own++; return malloc"))
    b.file("use.cpp", "int n_own; int *volatile p; int main() { p = new int; delete p; return n_own != 1; }")
    b.run("g++", "-c", "operators.cpp", "-o", "operators.o")
    b.run("ar", "rc", "liboperators.a", "operators.o")
    for linker in "bfd", "gold", "lld", "mold":
        if not shutil.which("ld." + linker):
            continue
        for capture in "process", "link":
            b.run(BINDIR + "/rheaper-g++", "-fuse-ld=" + linker, "--rheaper-capture=" + capture, "use.cpp",
                  "liboperators.a", "-o", "program", silent=False)
            assert recorded(b, "./program")[1:] == (0, 0, 0), (linker, capture)
            assert families(b) == {"malloc"}, (linker, capture, families(b))


def test_static_in_one_file(b):
    """As docs/reference/limits.md says, from -O1 on: the file calls its own operators, and
    libstdc++ the shims."""
    if not shutil.which("g++"):
        raise tap.Skip("no g++")
    program = build(b, BINDIR + "/rheaper-g++", ["-O2", "-static"], True, WITH_HEADER)
    assert recorded(b, program)[2] > 0


tap.run(globals(), Workbench)
