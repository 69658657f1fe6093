#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One case, end to end: build, run traced, load, query, compare.

usage: run-case.py BINDIR LOADER COMPILER VARIANT SOURCE

BINDIR has rheaper-gcc and the other drivers, COMPILER is a key of COMPILERS, VARIANT
one of the keys of VARIANTS. Beside SOURCE (NAME.c or NAME.cpp) lie

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

A program that an emulator runs and that does not end as it should is built by the plain
compiler, too. If that ends in the same way, the emulator cannot run it, and the case is
skipped.

In .sql and .expect, @source is the case's file name, @size_t the type of sizes as
C++ names have it. Exit status 77: skipped.
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
    "signed": ["-fPIE", "-pie", "-mbranch-protection=standard"],
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


class Compiler:
    """c, cxx: its names; masked: no driver is called so. words: for every command.
    lacks: words of cases that it does not know. runner: what runs the program."""

    def __init__(self, c, cxx="", masked=False, words="", lacks="", runner=""):
        self.c, self.cxx, self.masked = c, cxx, masked
        self.words, self.lacks, self.runner = words.split(), lacks.split(), runner.split()
        self.size_t = "unsigned int" if "-m32" in self.words or "gnueabihf" in c + words else "unsigned long"

    def plain(self, source):
        return self.c if source.endswith(".c") else self.cxx

    def driver(self, source):
        """The driver's name, and what the environment must say."""
        if not self.masked:
            return "rheaper-" + self.plain(source), {}
        return ("rheaper-cc" if source.endswith(".c") else "rheaper-c++",
                {"RHEAPER_REAL_CC": self.c, "RHEAPER_REAL_CXX": self.cxx})


# Debian has <asm/...> for -m32 among the headers of x86-64 only
M32 = "-m32 -idirafter /usr/include/x86_64-linux-gnu"
COMPILERS = {
    "gcc": Compiler("gcc", "g++"),
    "clang": Compiler("clang", "clang++"),
    "musl-gcc": Compiler("musl-gcc", masked=True),
    "gcc-i386": Compiler("gcc", "g++", words=M32),
    "clang-i386": Compiler("clang", "clang++", words=M32),
}
LEAF = "-momit-leaf-frame-pointer"
for machine, triple, lacks in (("aarch64", "aarch64-linux-gnu", ""),
                               ("riscv64", "riscv64-linux-gnu", LEAF),
                               ("armhf", "arm-linux-gnueabihf", LEAF)):
    runner = f"qemu-{machine.removesuffix('hf')} -L /usr/{triple}"
    COMPILERS["gcc-" + machine] = Compiler(triple + "-gcc", triple + "-g++", masked=True,
                                           lacks=lacks, runner=runner)
    COMPILERS["clang-" + machine] = Compiler("clang", "clang++", words="--target=" + triple,
                                             runner=runner)


class Case:
    def __init__(self, source, size_t):
        self.source, self.size_t = os.path.abspath(source), size_t
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
        text = open(path).read().replace("@source", os.path.basename(self.source))
        return text.replace("@size_t", self.size_t)


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


def words_of(case, compiler, variant):
    return [*compiler.words, "-O0", "-D_GNU_SOURCE", *VARIANTS[variant],
            *(word for word in case.words("words") if word not in compiler.lacks), "-pthread"]


def build(case, bindir, compiler, variant):
    """Builds ./program, and ./libcase.so by the plain compiler."""
    driver, env = compiler.driver(case.source)
    words = words_of(case, compiler, variant)
    library = []
    if os.path.exists(case.library):
        check([compiler.c, *compiler.words, "-O0", "-g", "-fno-omit-frame-pointer",
               "-fasynchronous-unwind-tables", "-fPIC", "-shared", case.library, "-o", "libcase.so"])
        if "@lib" not in case.words("args"):
            library = ["./libcase.so"]
    result = check([os.path.join(bindir, driver), case.source, *words,
                    "-o", "program", *library], env={**os.environ, **env})
    if result.stderr and not case.words("warns"):
        fail("the build is not silent", result.stderr)


def skip_if_plain_ends_so(case, compiler, variant, command, status):
    """As the traced program ended, by the same command."""
    plain = [word for word in words_of(case, compiler, variant) if not word.startswith("--rheaper")]
    library = ["./libcase.so"] if os.path.exists("libcase.so") else []
    built = run([compiler.plain(case.source), case.source, *plain, "-o", "program", *library])
    if built.returncode == 0 and run(command, env=environment(case)).returncode == status:
        print(f"the plain program ends with {status} under {compiler.runner[0]}")
        sys.exit(77)


def environment(case):
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("RHEAPER_", "LD_", "MALLOC_", "GLIBC_"))}
    env.update(word.split("=", 1) for word in case.words("env"))
    return env


def trace(case, compiler, variant):
    """Runs the program; returns the path of its trace."""
    path = (case.words("trace") or [os.path.abspath("trace.bin")])[0]
    args = [os.path.abspath("libcase.so") if arg == "@lib" else arg for arg in case.words("args")]
    command = [*compiler.runner, "./program", *args]
    result = run(command, env={**environment(case), "RHEAPER_TRACE": path})
    status = int((case.words("status") or ["0"])[0])
    if result.returncode != status:
        if compiler.runner:
            skip_if_plain_ends_so(case, compiler, variant, command, result.returncode)
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


def missing(compiler, variant, case):
    """Why the case cannot run here, or None."""
    linker = variant.split("-")[0]
    linkers = ["ld." + linker] if linker in ("gold", "lld", "mold") else []
    for program in [compiler.plain(case.source), *linkers, *compiler.runner[:1]]:
        if not shutil.which(program):
            return f"{program} is not installed"
    if not compiler.words and not compiler.runner:
        return None
    with tempfile.TemporaryDirectory(prefix="rheaper-case-") as directory:
        probe = os.path.join(directory, "probe" + case.ext)
        with open(probe, "w") as out:
            out.write("#include <stdlib.h>\nint main(void) { return 0; }\n")
        command = [compiler.plain(probe), *compiler.words, *VARIANTS[variant], probe, "-o",
                   os.path.join(directory, "probe")]
        if run(command).returncode != 0:
            return "no headers or libraries for " + " ".join(command[:-3])
    return None


def main():
    bindir, loader, compiler, variant, source = sys.argv[1:]
    compiler = COMPILERS[compiler]
    case = Case(source, compiler.size_t)
    bindir, loader = os.path.abspath(bindir), os.path.abspath(loader)
    reason = missing(compiler, variant, case)
    if reason:
        print(reason)
        return 77
    keep = os.environ.get("RHEAPER_KEEP")
    with tempfile.TemporaryDirectory(prefix="rheaper-case-") as directory:
        os.chdir(keep or directory)
        build(case, bindir, compiler, variant)
        path = trace(case, compiler, variant)
        if not case.words("trace"):
            result = check([loader, path, "profile.db"])
            query(case, "profile.db")
            print(result.stdout)
        os.chdir("/")
    return 0


sys.exit(main())
