#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What dominators, retained sizes, paths and the fold by sites of a graph of 10 million
blocks cost: CPU time and memory, the median of TURNS runs (3 unless given).

usage: bench/graph.py BUILD-DIRECTORY [BLOCKS [TURNS]]
"""
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ["heap", "shuffled", "list", "mixed", "tree"]


def main():
    build = os.path.abspath(sys.argv[1])
    blocks = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    turns = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    runs = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="rheaper-bench-") as directory:
        program = os.path.join(directory, "graph")
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-I", os.path.dirname(HERE),
                        os.path.join(HERE, "graph.c"), os.path.join(build, "heap", "libheap.a"),
                        os.path.join(build, "common", "libcommon.a"), "-o", program], check=True)
        for _ in range(turns):
            for kind in KINDS:
                said = subprocess.run([program, kind, str(blocks)], text=True, capture_output=True, check=True)
                runs[kind].append([float(word) for word in said.stdout.split()])
    print(f"CPU s, {blocks} blocks | dominators | fold | paths | sums | all | bytes a block | said\n"
          "|---|---|---|---|---|---|---|---|")
    for kind, rows in runs.items():
        *times, peak, said = map(statistics.median, zip(*rows))
        whole = statistics.median(sum(row[:4]) for row in rows)
        print(f"| {kind} | " + " | ".join(f"{time:.2f}" for time in times) +
              f" | {whole:.2f} | {peak / blocks:.1f} | {said / blocks:.1f} |")


main()
