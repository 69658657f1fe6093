#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What profilers cost, side by side: one command, one table, one plot.

usage: bench/run.py BUILD-DIRECTORY [--runs N] [--only WORD] [--quick] [--svg FILE] [--json FILE]

Each workload runs plain, compiled with frame pointers (as the driver does; the micro
workloads always are, or never), with rheaper linked in (inactive, sampling every 512
KiB, tracing everything), and under the peers that are installed: heaptrack, gperftools'
heap profiler, jemalloc's profiling, Valgrind's DHAT and massif. Runs of all of them
alternate, so that a slow minute of the machine hits all. Times are medians; ratios to
plain are medians of the ratios within a turn. A profiler that is not here is named.

Micro workloads are bench/churn.c; their unit is nanoseconds of CPU time for a pair of
malloc and free, of all processes that the profiler runs for it. jemalloc's profiling
samples (every 512 KiB), over a malloc of its own. Real programs (an interpreter, a JSON
tool, an assembler) are built from Debian's sources, if they can be had; their unit is
seconds of user and system time. Nothing here fails on a time.
"""
import argparse
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIBDIR = "/usr/lib/x86_64-linux-gnu/"
FRAMES = ["-fno-omit-frame-pointer", "-mno-omit-leaf-frame-pointer"]

# name, arguments of churn (depth, threads, pairs for each), words for the compiler,
# and by how many the pairs are divided for tools that take a thousand times as long
MICRO = [
    ("depth 20", (20, 1, 5000000), FRAMES),
    ("depth 60", (60, 1, 5000000), FRAMES),
    ("2 threads", (20, 2, 4000000), FRAMES),
    ("4 threads", (20, 4, 2000000), FRAMES),
    ("no frame pointers", (20, 1, 2000000), ["-fomit-frame-pointer"]),
]


class Tool:
    """How a profiler is put around a command: words before it, and its environment."""

    def __init__(self, name, binary, before=(), needs=None, slow=1, helper=False, **env):
        self.helper = helper  # another process works for it
        self.name, self.binary, self.before, self.slow = name, binary, list(before), slow
        self.needs, self.env = needs, env

    def missing(self):
        if self.needs is None:
            return False
        return not (shutil.which(self.needs) or os.path.exists(self.needs))


TOOLS = [
    Tool("plain", "plain"),
    Tool("frame pointers", "frames"),
    Tool("rheaper inactive", "ours"),
    Tool("rheaper sampled", "ours", RHEAPER_TRACE="@out/trace.bin", RHEAPER_SAMPLE_BYTES="512K"),
    Tool("rheaper", "ours", RHEAPER_TRACE="@out/trace.bin"),
    Tool("heaptrack", "plain", ["heaptrack", "-o", "@out/heaptrack"], "heaptrack",
         helper=True),
    Tool("gperftools", "plain", needs=LIBDIR + "libtcmalloc.so", slow=20,
         LD_PRELOAD=LIBDIR + "libtcmalloc.so", HEAPPROFILE="@out/heap"),
    Tool("jemalloc prof", "plain", needs=LIBDIR + "libjemalloc.so.2",
         LD_PRELOAD=LIBDIR + "libjemalloc.so.2", MALLOC_CONF="prof:true,prof_prefix:@out/je"),
    Tool("Valgrind DHAT", "plain", ["valgrind", "-q", "--tool=dhat", "--dhat-out-file=@out/dhat"],
         "valgrind", slow=50),
    Tool("Valgrind massif", "plain", ["valgrind", "-q", "--tool=massif", "--massif-out-file=@out/ms"],
         "valgrind", slow=50),
]


def jemalloc_profiles():
    """Debian's jemalloc is built without it: it says so."""
    path = LIBDIR + "libjemalloc.so.2"
    result = subprocess.run(["true"], capture_output=True, text=True,
                            env={"LD_PRELOAD": path, "MALLOC_CONF": "prof:true"})
    return os.path.exists(path) and "Invalid conf" not in result.stderr


def run(tool, command, out, timeout=600):
    """CPU and wall seconds of one run, and its output."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    env = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_", "MALLOC_"))}
    env.update({n: v.replace("@out", out) for n, v in tool.env.items()})
    words = [w.replace("@out", out) for w in tool.before] + command
    before, start = os.times(), time.monotonic()
    result = subprocess.run(words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, errors="replace", timeout=timeout,
                            check=False)
    wall, after = time.monotonic() - start, os.times()
    if result.returncode != 0:
        raise RuntimeError(f"{words}: status {result.returncode}\n{result.stderr[-500:]}")
    trace = env.get("RHEAPER_TRACE")
    if trace and not os.path.exists(trace):
        raise RuntimeError(f"{words[0]} was not traced")
    cpu = after.children_user + after.children_system - before.children_user \
        - before.children_system
    return cpu, wall, result.stdout


class Micro:
    unit = "ns"
    binaries = ("plain", "ours")

    def __init__(self, name, numbers, words):
        self.name, self.numbers, self.words = name, numbers, words

    def build(self, directory, driver):
        source = os.path.join(HERE, "churn.c")
        for program, compiler in (("plain", "cc"), ("ours", driver)):
            subprocess.run([compiler, "-O2", "-g", *self.words, source, "-pthread", "-o",
                            os.path.join(directory, program)], check=True)

    def measure(self, tool, directory, quick):
        depth, threads, pairs = self.numbers
        pairs //= tool.slow * (10 if quick else 1)
        command = [os.path.join(directory, tool.binary), str(depth), str(threads), str(pairs)]
        tree, _, text = run(tool, command, os.path.join(directory, "out"))
        line = next(line for line in text.split("\n") if line and line[0].isdigit())
        cpu, wall = map(float, line.split())
        if tool.helper:  # its work counts, whichever process does it
            cpu = max(cpu, tree * 1e9 / (pairs * threads))
        return cpu, wall


class Real:
    """A program from Debian's sources: programs.py has how it is built and run."""
    unit = "s"
    binaries = ("plain", "frames", "ours")

    def __init__(self, name, row):
        self.name, self.row = name, row

    def build(self, directory, driver):
        compilers = ("cc", " ".join(["cc", *FRAMES]), driver)
        for program, compiler in zip(self.binaries, compilers):
            self.row.build(os.path.join(directory, program + ".src"), compiler,
                           os.path.join(directory, program))

    def measure(self, tool, directory, quick):
        if tool.slow > 1 and not quick:
            raise RuntimeError("takes too long on a real program")
        program = os.path.join(directory, tool.binary)
        return run(tool, self.row.command(program, directory), os.path.join(directory, "out"))[:2]


def measure_all(workload, tools, directory, runs, quick):
    """{tool: [(cpu, wall), ...]}, runs of all tools alternating."""
    found = {tool.name: [] for tool in tools}
    given_up = set()
    for number in range(runs):
        for tool in tools:
            if tool.name in given_up or (tool.slow > 1 and number >= 2):
                continue
            try:
                found[tool.name].append(workload.measure(tool, directory, quick))
            except (RuntimeError, StopIteration, subprocess.TimeoutExpired) as error:
                print(f"  {tool.name}: {str(error).splitlines()[0]}", file=sys.stderr)
                given_up.add(tool.name)
    return {name: values for name, values in found.items() if values}


def summary(values, plain):
    """Median CPU, median wall, the spread of CPU as a share of its median, and how many
    times as long as plain: medians over the turns."""
    cpu = [value[0] for value in values]
    median = statistics.median(cpu)
    times = [statistics.median(value[i] / base[i] for value, base in zip(values, plain))
             for i in (0, 1)]
    return {"cpu": median, "wall": statistics.median(value[1] for value in values),
            "cpu_times": times[0], "wall_times": times[1],
            "spread": (max(cpu) - min(cpu)) / median, "runs": len(cpu)}


def print_table(name, unit, rows):
    plain = rows["plain"]
    peer = rows.get("heaptrack")
    over_peer = peer["cpu"] - plain["cpu"] if peer else None
    print(f"\n### {name} ({unit} of CPU time; wall time in parentheses)\n")
    print("| | median | spread | x plain | overhead | of heaptrack's |")
    print("|---|---|---|---|---|---|")
    for tool, row in rows.items():
        over = row["cpu"] - plain["cpu"]
        share = f"{over / over_peer:.3f}" if over_peer and tool != "heaptrack" else ""
        print(f"| {tool} | {row['cpu']:.2f} ({row['wall']:.2f}) | {100 * row['spread']:.0f} % |"
              f" {row['cpu_times']:.2f} ({row['wall_times']:.2f}) |"
              f" {over:.2f} | {share} |")
    sys.stdout.flush()


def svg(results):
    """Overhead of each tool on each workload, as bars on a logarithmic scale."""
    import math
    rows = [(w, t, r["cpu_times"]) for w, tools in results.items()
            for t, r in tools.items() if t != "plain"]
    height, lines = 22 * len(rows) + 40, []
    for i, (workload, tool, ratio) in enumerate(rows):
        y, width = 30 + 22 * i, max(1, 150 * math.log10(max(ratio, 1.0001)))
        colour = "#2a7" if tool.startswith("rheaper") else "#999"
        lines.append(f'<text x="4" y="{y + 13}">{workload}: {tool}</text>'
                     f'<rect x="300" y="{y}" width="{width:.0f}" height="16" fill="{colour}"/>'
                     f'<text x="{306 + width:.0f}" y="{y + 13}">{ratio:.2f}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="{height}" '
            'font-family="sans-serif" font-size="13"><text x="4" y="18">CPU time, times plain '
            '(logarithmic)</text>' + "".join(lines) + "</svg>\n")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="a build directory of rheaper")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--only", default="", help="workloads with this in their name")
    parser.add_argument("--tools", default="", help="tools with one of these words, by commas")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    parser.add_argument("--svg", help="write a plot")
    parser.add_argument("--json", help="write all figures")
    return parser.parse_args()


def choose_tools(words):
    tools = []
    for tool in TOOLS:
        if words and tool.name != "plain" and not any(w in tool.name for w in words.split(",")):
            continue
        if tool.missing() or (tool.name == "jemalloc prof" and not jemalloc_profiles()):
            print(f"not here: {tool.name}", file=sys.stderr)
            continue
        tools.append(tool)
    return tools


def workloads(only):
    import programs
    every = [Micro(*row) for row in MICRO] + [Real(n, r) for n, r in programs.PROGRAMS.items()]
    return [w for w in every if only in w.name]


def main():
    options = parse()
    driver = os.path.join(os.path.abspath(options.build), "rheaper-cc", "rheaper-cc")
    tools, results = choose_tools(options.tools), {}
    for workload in workloads(options.only):
        with tempfile.TemporaryDirectory(prefix="rheaper-bench-") as directory:
            try:
                workload.build(directory, driver)
            except (subprocess.CalledProcessError, OSError) as error:
                print(f"{workload.name}: not built: {error}", file=sys.stderr)
                continue
            usable = [tool for tool in tools if tool.binary in workload.binaries]
            found = measure_all(workload, usable, directory, options.runs, options.quick)
        results[workload.name] = {name: summary(values, found["plain"])
                                   for name, values in found.items()}
        print_table(workload.name, workload.unit, results[workload.name])
    for path, text in ((options.svg, svg(results)), (options.json, json.dumps(results, indent=1))):
        if path:
            with open(path, "w") as out:
                out.write(text)


sys.path.insert(0, HERE)
if __name__ == "__main__":
    main()
