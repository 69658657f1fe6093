#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the ways to read unwind tables cost, in instructions as Valgrind counts them: those of
builds of rheaper that differ in -Dunwinder.

usage: bench/unwinders.py BUILD-DIRECTORY...

For each build: what a pair of malloc and free adds to a program, from stacks of depth 32 with and
without frame pointers, where the stack is known and where it is new; and what a call site adds
that is seen for the first time: three return addresses that nobody has a rule for, and the
records of its stack and of its module.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
STACKS, SITES = 2000, 1000
FRAMES = {"frame pointers": ["-fno-omit-frame-pointer"], "none": ["-fomit-frame-pointer"]}


def write_sites(path, n):
    """A program that allocates once in each of n functions."""
    with open(path, "w") as out:
        out.write("#include <stdlib.h>\nstatic void *volatile p;\nstatic volatile int sink;\n")
        for i in range(n):
            out.write(f"__attribute__((noinline)) static void f{i}(void) {{ p = malloc({i} + 1); free(p); sink = {i}; }}\n")
        out.write("int main(void)\n{\n" + "".join(f"\tf{i}();\n" for i in range(n)) + "\treturn 0;\n}\n")


class Program:
    def __init__(self, directory, driver, source, flags):
        name = os.path.join(directory, "p")
        self.plain, self.traced, self.trace = name + "-plain", name + "-traced", name + ".bin"
        for compiler, path in (("gcc", self.plain), (driver, self.traced)):
            subprocess.run([compiler, "-O2", *flags, source, "-pthread", "-o", path], check=True)

    def count(self, *words):
        """What tracing adds."""
        return self.run(self.traced, words, RHEAPER_TRACE=self.trace) - self.run(self.plain, words)

    def run(self, path, words, **env):
        if os.path.exists(self.trace):
            os.remove(self.trace)
        names = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_"))}
        result = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", path,
                                 *map(str, words)], env={**names, **env}, text=True, capture_output=True,
                                check=True)
        return int(re.search(r"Collected : (\d+)", result.stderr).group(1))


def many_stacks(directory, driver, flags):
    """Of a pair whose stack is known, and of one whose stack is new."""
    program = Program(directory, driver, os.path.join(HERE, "stacks.c"), flags)
    half, once = (program.count(n, n) for n in (STACKS // 2, STACKS))
    known = (program.count(STACKS, 2 * STACKS) - once) / STACKS
    return known, (once - half) / (STACKS // 2) - known


def new_sites(directory, driver):
    counts = []
    for n in SITES, 2 * SITES:
        source = os.path.join(directory, "sites.c")
        write_sites(source, n)
        counts.append(Program(directory, driver, source, FRAMES["none"]).count())
    return (counts[1] - counts[0]) / SITES


def main():
    print("| build | " + " | ".join(f"{what} stack, {frames}" for frames in FRAMES for what in ("known", "new")) +
          " | a new call site |\n" + "|---" * (2 * len(FRAMES) + 2) + "|")
    for build in sys.argv[1:]:
        driver = os.path.join(os.path.abspath(build), "rheaper-cc", "rheaper-gcc")
        with tempfile.TemporaryDirectory(prefix="rheaper-bench-") as directory:
            cells = [n for flags in FRAMES.values() for n in many_stacks(directory, driver, flags)]
            cells.append(new_sites(directory, driver))
        print(f"| {build} | " + " | ".join(f"{n:,.0f}" for n in cells) + " |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
