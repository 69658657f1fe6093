#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions of the hot path, counted by Valgrind: for a pair of malloc and free,
beyond the program's own. They are the same on every machine with this compiler, and
what raises them has to raise the bound here.

usage: check-cost.py BINDIR BENCH-DIRECTORY

Prints TAP, one point per test_ function.
"""
import os
import re
import shutil
import subprocess
import sys

import tap

BINDIR, BENCH = (os.path.abspath(path) for path in sys.argv[1:3])
FRAMES = ["-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer"]
PAIRS = 20000


class Bench:
    def __init__(self, directory):
        self.dir = directory
        source = os.path.join(BENCH, "churn.c")
        for name, compiler in (("plain", "gcc"), ("ours", os.path.join(BINDIR, "rheaper-gcc"))):
            subprocess.run([compiler, "-O2", *FRAMES, source, "-pthread", "-o",
                            os.path.join(directory, name)], check=True)

    def count(self, program, depth, pairs, **env):
        """Instructions of a whole run."""
        for name in os.listdir(self.dir):
            if name.startswith("t.bin"):
                os.remove(os.path.join(self.dir, name))
        names = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_"))}
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             os.path.join(self.dir, program), str(depth), "1", str(pairs)],
            env={**names, **env}, text=True, capture_output=True, check=True)
        return int(re.search(r"Collected : (\d+)", result.stderr).group(1))

    def per_pair(self, program, depth, **env):
        """Two runs tell what a pair takes from what the rest of the program does."""
        if not shutil.which("valgrind"):
            raise tap.Skip("no valgrind here")
        if os.uname().machine != "x86_64":
            raise tap.Skip("the bounds are for x86-64")
        return (self.count(program, depth, 2 * PAIRS, **env) -
                self.count(program, depth, PAIRS, **env)) / PAIRS

    def over_plain(self, depth, **env):
        return self.per_pair("ours", depth, **env) - self.per_pair("plain", depth)

    def traced(self, depth):
        return self.over_plain(depth, RHEAPER_TRACE=os.path.join(self.dir, "t.bin"))


def check(found, bound):
    print(f"# {found:.1f} instructions, at most {bound}")
    assert bound * 0.8 < found <= bound, f"{found:.1f} instructions: the bound is {bound}"


def test_inactive(b):
    check(b.over_plain(20), 7)


def test_sampled(b):
    # One block in 4,000 is recorded, which takes about 2,000 instructions.
    check(b.over_plain(20, RHEAPER_TRACE=os.path.join(b.dir, "t.bin"),
                       RHEAPER_SAMPLE_BYTES="512K", RHEAPER_SAMPLE_SEED="1"), 40)


def test_traced_at_depth_20(b):
    check(b.traced(20), 870)


def test_traced_at_depth_60(b):
    check(b.traced(60), 1250)


tap.run(globals(), Bench)
