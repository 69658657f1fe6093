#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Following: the CPU time of a program that allocates at full speed, with rheaper-top and
without; that of rheaper-top, and its memory.

usage: bench/top.py BUILD-DIRECTORY [TURNS [PAIRS OF MALLOC AND FREE [THREADS]]]

The two ways run in turns; figures are medians.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Bench:
    def __init__(self, build, directory, pairs, threads):
        self.top = os.path.join(build, "rheaper-top", "rheaper-top")
        self.program = os.path.join(directory, "churn")
        self.trace = os.path.join(directory, "trace.bin")
        self.words = ["20", str(threads), str(pairs // threads)]
        subprocess.run([os.path.join(build, "rheaper-cc", "rheaper-cc"), "-g", "-O1", "-fno-builtin",
                        "-fno-optimize-sibling-calls", "-pthread",
                        os.path.join(HERE, "churn.c"), "-o", self.program], check=True)

    def start(self, *command):
        return subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                env={**os.environ, "RHEAPER_TRACE": self.trace})

    def turn(self, follow):
        """Seconds of CPU of the program; of rheaper-top, and its MiB; seconds by the clock."""
        if os.path.exists(self.trace):
            os.remove(self.trace)
        begun, used, memory = time.monotonic(), 0, 0
        program = self.start(self.program, *self.words)
        while follow and not (os.path.exists(self.trace) and os.path.getsize(self.trace) > 1 << 20):
            time.sleep(0.001)
        if follow:
            top = self.start(self.top, "-b", "-r", "0", str(program.pid))
        status, usage = os.wait4(program.pid, 0)[1:]
        wall = time.monotonic() - begun
        program.returncode = status
        if follow:
            status, of_top = os.wait4(top.pid, 0)[1:]
            top.returncode = status
            used, memory = of_top.ru_utime + of_top.ru_stime, of_top.ru_maxrss / 1024
        if status:
            sys.exit("it failed")
        return usage.ru_utime + usage.ru_stime, used, memory, wall


def main():
    turns, pairs, threads = (int(word) for word in (sys.argv[2:] + ["5", "30000000", "1"][len(sys.argv) - 2:]))
    with tempfile.TemporaryDirectory(prefix="rheaper-bench-") as directory:
        bench = Bench(os.path.abspath(sys.argv[1]), directory, pairs, threads)
        alone, followed = [], []
        for i in range(turns):
            for figures, follow in ((alone, False), (followed, True))[::1 if i % 2 else -1]:
                figures.append(bench.turn(follow))
                print("%-8s program %.2f s CPU, rheaper-top %.2f s CPU, %.0f MiB; %.1f s" % (
                    "followed" if follow else "alone", *figures[-1]), flush=True)
    ratio = statistics.median(b[0] / a[0] for a, b in zip(alone, followed))
    top = statistics.median(figures[1] for figures in followed)
    print(f"program, CPU followed / alone: {ratio:.3f}")
    print(f"rheaper-top: {top:.2f} s CPU, {top / pairs / 2 * 1e9:.0f} ns an event")


main()
