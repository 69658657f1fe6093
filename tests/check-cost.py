#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Instructions of the hot path, counted by Valgrind: for a pair of malloc and free,
beyond the program's own; and the bytes of its trace. They are the same on every machine with
this compiler, and what raises them has to raise the bound here.

usage: check-cost.py BINDIR BENCH-DIRECTORY

Prints TAP, one point per test_ function.
"""
import os
import re
import shutil
import struct
import subprocess
import sys

import tap

BINDIR, BENCH = (os.path.abspath(path) for path in sys.argv[1:3])
FRAMES = ["-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer"]
PAIRS = 20000


class Bench:
    def __init__(self, directory):
        self.dir = directory
        for source, prefix in ("churn.c", ""), ("stacks.c", "stacks-"):
            for name, compiler in (("plain", "gcc"), ("ours", os.path.join(BINDIR, "rheaper-gcc"))):
                subprocess.run([compiler, "-O2", *FRAMES, os.path.join(BENCH, source), "-pthread", "-o",
                                os.path.join(directory, prefix + name)], check=True)

    def count(self, program, *words, **env):
        """Instructions of a whole run."""
        for name in os.listdir(self.dir):
            if name.startswith("t.bin"):
                os.remove(os.path.join(self.dir, name))
        names = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_"))}
        if not shutil.which("valgrind"):
            raise tap.Skip("no valgrind here")
        if os.uname().machine != "x86_64":
            raise tap.Skip("the bounds are for x86-64")
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             os.path.join(self.dir, program), *map(str, words)],
            env={**names, **env}, text=True, capture_output=True, check=True)
        return int(re.search(r"Collected : (\d+)", result.stderr).group(1))

    def per_pair(self, program, depth, **env):
        """Two runs tell what a pair takes from what the rest of the program does."""
        return (self.count(program, depth, 1, 2 * PAIRS, **env) -
                self.count(program, depth, 1, PAIRS, **env)) / PAIRS

    def over_plain(self, depth, **env):
        return self.per_pair("ours", depth, **env) - self.per_pair("plain", depth)

    def traced(self, depth):
        return self.over_plain(depth, RHEAPER_TRACE=os.path.join(self.dir, "t.bin"))

    def bytes_per_pair(self, threads):
        """In the buffers of the trace, header.first_region to header.file_end."""
        pairs, trace = 400000, os.path.join(self.dir, "size.bin")
        subprocess.run([os.path.join(self.dir, "ours"), "20", str(threads), str(pairs)],
                       env={**os.environ, "RHEAPER_TRACE": trace}, check=True, capture_output=True)
        with open(trace, "rb") as file:
            first, end = struct.unpack_from("<QQ", file.read(56), 40)
        os.remove(trace)
        return (end - first) / pairs / threads

    def from_many_stacks(self, program, stacks, **env):
        """Of a pair from a stack that was seen before, and of one from a new stack."""
        once = self.count(program, stacks, stacks, **env)
        known = (self.count(program, stacks, 2 * stacks, **env) - once) / stacks
        half = self.count(program, stacks // 2, stacks // 2, **env)
        return known, (once - half) / (stacks // 2) - known


def check(found, bound, what="instructions"):
    print(f"# {found:.1f} {what}, at most {bound}")
    assert bound * 0.8 < found <= bound, f"{found:.1f} {what}: the bound is {bound}"


def test_inactive(b):
    check(b.over_plain(20), 7)


def test_start(b):
    """Of a program that is not traced. What the loader's lookups take differs between libcs; a look through all symbols
    of one would be 90,000 more."""
    found = b.count("ours", 20, 1, 0) - b.count("plain", 20, 1, 0)
    print(f"# {found} instructions")
    assert 0 < found < 60000, found


def test_sampled(b):
    # One block in 4,000 is recorded, which takes about 2,000 instructions.
    check(b.over_plain(20, RHEAPER_TRACE=os.path.join(b.dir, "t.bin"),
                       RHEAPER_SAMPLE_BYTES="512K", RHEAPER_SAMPLE_SEED="1"), 33)


def test_traced_at_depth_20(b):
    check(b.traced(20), 695)


def test_traced_at_depth_60(b):
    check(b.traced(60), 895)


def test_bytes_of_a_pair(b):
    """24, and what each buffer says once."""
    for threads in 1, 4:
        check(b.bytes_per_pair(threads), 27, "bytes")


def test_traced_from_many_stacks(b):
    """More than a thread has in its own cache, of depth 32; no two in turn are alike. 1,665 to 1,761 by where
    things lie in memory."""
    plain = b.from_many_stacks("stacks-plain", 10000)
    traced = b.from_many_stacks("stacks-ours", 10000, RHEAPER_TRACE=os.path.join(b.dir, "t.bin"))
    for ours, theirs, bound in zip(traced, plain, (1800, 15300)):
        check(ours - theirs, bound)


tap.run(globals(), Bench)
