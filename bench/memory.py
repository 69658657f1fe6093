#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What rheaper adds to the resident memory of a process: inactive, sampling, tracing, by
threads and by distinct frames of stacks, beside heaptrack (the traced process alone).

usage: bench/memory.py BUILD-DIRECTORY
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MIB = 1024
CASES = [(1, 0), (1, 12), (1, 16), (8, 0), (64, 0), (64, 10)]  # threads, levels of calls


def resident(command, out, **env):
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    names = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_"))}
    result = subprocess.run(command, env={**names, **env}, text=True, capture_output=True, check=True)
    return int(next(line for line in result.stdout.split("\n") if line.isdigit()))


def main():
    driver = os.path.join(os.path.abspath(sys.argv[1]), "rheaper-cc", "rheaper-cc")
    with tempfile.TemporaryDirectory(prefix="rheaper-bench-") as directory:
        out = os.path.join(directory, "out")
        for program, compiler in (("plain", "cc"), ("ours", driver)):
            subprocess.run([compiler, "-O1", "-fno-builtin", "-fno-omit-frame-pointer",
                            "-fno-optimize-sibling-calls",
                            os.path.join(HERE, "memory.c"), "-pthread", "-o",
                            os.path.join(directory, program)], check=True)
        print("KiB added | threads | distinct frames | inactive | sampling | tracing | bound |"
              " heaptrack\n|---|---|---|---|---|---|---|")
        for threads, levels in CASES:
            words = [str(threads), str(levels)]
            plain = resident([os.path.join(directory, "plain"), *words], out)
            ours, trace = [os.path.join(directory, "ours"), *words], os.path.join(out, "t.bin")
            found = [resident(ours, out), resident(ours, out, RHEAPER_TRACE=trace,
                                                   RHEAPER_SAMPLE_BYTES="512K"),
                     resident(ours, out, RHEAPER_TRACE=trace)]
            if shutil.which("heaptrack"):
                found.append(resident(["heaptrack", "-o", os.path.join(out, "h"),
                                       os.path.join(directory, "plain"), *words], out))
            # The calls of the tree, and where each way calls malloc
            frames = 3 << levels
            bound = 8 * MIB + 256 * threads + 64 * frames // 1024
            cells = [f"{kib - plain}" for kib in found]
            cells.insert(3, str(bound))
            print(f"| {threads} | {frames} | " + " | ".join(cells) + " |")


main()
