#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One case, end to end: build, run traced, load, query, compare.

usage: run-case.py BINDIR LOADER COMPILER VARIANT SOURCE

BINDIR has rheaper-gcc and the other drivers, COMPILER is gcc, clang or musl-gcc,
VARIANT one of the keys of VARIANTS. Beside SOURCE (NAME.c or NAME.cpp) lie

  NAME.sql     queries on the database, each ended by ; and a new line
  NAME.expect  its rows, columns separated by |
  NAME.flags   optional, lines of `key: value`:
                 words    more words for the driver
                 env      NAME=VALUE for the run
                 args     arguments of the program; @lib is the library
                 status   exit status of the program, negative: signal
                 stderr   a pattern for its whole standard error
                 warns    why the build is not silent
                 trace    a path for the trace; nothing is loaded then
  NAME.lib.c   optional: a shared library, built by the plain compiler; linked
               to the program, or dlopened if `args` names it

In .sql and .expect, @source is the case's file name. Exit status 77: skipped.
"""
import difflib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

VARIANTS = {
    "pie": ["-fPIE", "-pie"],
    "no-pie": ["-fno-pie", "-no-pie"],
    "static": ["-static"],
    "static-pie": ["-fPIE", "-static-pie"],
    "gold": ["-fuse-ld=gold"],
    "lld": ["-fuse-ld=lld"],
    "mold": ["-fuse-ld=mold"],
    "gold-static": ["-fuse-ld=gold", "-static"],
    "lld-static": ["-fuse-ld=lld", "-static"],
    "mold-static": ["-fuse-ld=mold", "-static"],
    "lto": ["-flto"],
    "lld-thinlto": ["-flto=thin", "-fuse-ld=lld"],
    "gc": ["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"],
    "now": ["-Wl,-z,now", "-Wl,-z,relro"],
    "symbolic": ["-Wl,-Bsymbolic"],
    "lld-gc": ["-fuse-ld=lld", "-ffunction-sections", "-Wl,--gc-sections"],
    "mold-gc": ["-fuse-ld=mold", "-ffunction-sections", "-Wl,--gc-sections"],
    "gold-gc": ["-fuse-ld=gold", "-ffunction-sections", "-Wl,--gc-sections"],
}
CXX = {"gcc": "g++", "clang": "clang++"}


class Case:
    def __init__(self, source):
        self.source = os.path.abspath(source)
        self.stem, self.ext = os.path.splitext(self.source)
        self.library = self.stem + ".lib.c"
        self.flags = {}
        if os.path.exists(self.stem + ".flags"):
            for line in open(self.stem + ".flags"):
                key, _, value = line.partition(":")
                self.flags.setdefault(key.strip(), []).append(value.strip())

    def words(self, key):
        return [word for line in self.flags.get(key, []) for word in line.split()]

    def text(self, suffix):
        path = self.stem + suffix
        if not os.path.exists(path):
            return None
        return open(path).read().replace("@source", os.path.basename(self.source))


def fail(message, *details):
    print(message)
    for detail in details:
        print(detail)
    sys.exit(1)


def run(command, **more):
    result = subprocess.run(command, text=True, errors="replace", stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, **more)
    return result


def check(command, **more):
    result = run(command, **more)
    if result.returncode != 0:
        fail(f"status {result.returncode}: {' '.join(command)}", result.stdout, result.stderr)
    return result


def build(case, bindir, compiler, variant):
    """Builds ./program, and ./libcase.so by the plain compiler."""
    driver = compiler if case.ext == ".c" else CXX[compiler]
    env = dict(os.environ)
    if compiler == "musl-gcc":  # a name that no driver has
        driver, env["RHEAPER_REAL_CC"] = "cc", compiler
    words = ["-O0", "-D_GNU_SOURCE", *VARIANTS[variant], *case.words("words"), "-pthread"]
    library = []
    if os.path.exists(case.library):
        check([compiler, "-O0", "-g", "-fno-omit-frame-pointer", "-fPIC", "-shared",
               case.library, "-o", "libcase.so"])
        if "@lib" not in case.words("args"):
            library = ["./libcase.so"]
    result = check([os.path.join(bindir, "rheaper-" + driver), case.source, *words,
                    "-o", "program", *library], env=env)
    if result.stderr and not case.words("warns"):
        fail("the build is not silent", result.stderr)


def trace(case):
    """Runs the program; returns the path of its trace."""
    path = (case.words("trace") or [os.path.abspath("trace.bin")])[0]
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("RHEAPER_", "LD_", "MALLOC_", "GLIBC_"))}
    env.update(word.split("=", 1) for word in case.words("env"))
    env["RHEAPER_TRACE"] = path
    args = [os.path.abspath("libcase.so") if arg == "@lib" else arg for arg in case.words("args")]
    result = run(["./program", *args], env=env)
    status = int((case.words("status") or ["0"])[0])
    if result.returncode != status:
        fail(f"the program ended with {result.returncode}, not {status}",
             result.stdout, result.stderr)
    if not re.fullmatch((case.flags.get("stderr") or [""])[0], result.stderr.rstrip("\n")):
        fail("standard error is not as it should be:", result.stderr)
    return path


def query(case, database):
    connection = sqlite3.connect(database)
    try:
        rows = [row for statement in case.text(".sql").split(";\n")
                for row in connection.execute(statement)]
    except sqlite3.Error as error:
        fail(f"the query failed: {error}")
    lines = ["|".join("" if value is None else str(value) for value in row) for row in rows]
    want = case.text(".expect").splitlines()
    if lines == want:
        return
    losses = connection.execute("SELECT reason, count FROM losses WHERE count > 0").fetchall()
    fail("the answer is not as it should be:",
         "\n".join(difflib.unified_diff(want, lines, "expected", "found", lineterm="", n=99)),
         f"losses: {losses}")


def main():
    bindir, loader, compiler, variant, source = sys.argv[1:]
    case = Case(source)
    bindir, loader = os.path.abspath(bindir), os.path.abspath(loader)
    if not shutil.which(compiler if case.ext == ".c" else CXX[compiler]):
        print(f"{compiler} is not installed")
        return 77
    keep = os.environ.get("RHEAPER_KEEP")
    linker = variant.split("-")[0]
    if linker in ("gold", "lld", "mold") and not shutil.which("ld." + linker):
        print(f"{linker} is not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="rheaper-case-") as directory:
        os.chdir(keep or directory)
        build(case, bindir, compiler, variant)
        path = trace(case)
        if not case.words("trace"):
            result = check([loader, path, "profile.db"])
            query(case, "profile.db")
            print(result.stdout)
        os.chdir("/")
    return 0


sys.exit(main())
