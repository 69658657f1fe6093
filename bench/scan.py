#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a scan for leaks costs, and one that records the graph of the heap: CPU time of the
program with its scanning child, and bytes of trace; medians of TURNS runs in turn (3 unless
given) of BLOCKS live blocks (10 million unless given).

usage: bench/scan.py BUILD-DIRECTORY [BLOCKS [TURNS]]
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SCANS = {"no scan": "0", "leak scan": "1", "graph": "graph"}


def measure(program, blocks, scan, directory):
    trace = os.path.join(directory, "t.bin")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, str(blocks)], check=True, env={
        **os.environ, "RHEAPER_QUIET": "1", "RHEAPER_TRACE": trace, "RHEAPER_LEAK_SCAN": scan})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    size = os.path.getsize(trace)
    os.remove(trace)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, size


def main():
    build = os.path.abspath(sys.argv[1])
    blocks = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    turns = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    runs = {name: [] for name in SCANS}
    with tempfile.TemporaryDirectory(prefix="rheaper-bench-") as directory:
        program = os.path.join(directory, "scan")
        subprocess.run([os.path.join(build, "rheaper-cc", "rheaper-cc"), "-O2", "-g", os.path.join(HERE, "scan.c"),
                        "-o", program], check=True)
        for _ in range(turns):
            for name, scan in SCANS.items():
                runs[name].append(measure(program, blocks, scan, directory))
    cpu, size = ({name: statistics.median(run[i] for run in rows) for name, rows in runs.items()} for i in (0, 1))
    print(f"{blocks} blocks | CPU s | less that of the program | bytes of trace a block\n|---|---|---|---|")
    for name in SCANS:
        print(f"| {name} | {cpu[name]:.1f} | {cpu[name] - cpu['no scan']:.1f} |"
              f" {(size[name] - size['no scan']) / blocks:.1f} |")
    print(f"graph / leak scan: {(cpu['graph'] - cpu['no scan']) / (cpu['leak scan'] - cpu['no scan']):.2f}")


main()
