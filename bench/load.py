#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Loading: its rate, beside a plain loop of INSERTs and beside heaptrack; its memory; the
size of the database; how long it takes to ask.

usage: bench/load.py BUILD-DIRECTORY [TURNS [MILLIONS OF THE LARGE TRACE'S EVENTS]]

Everything that is compared runs in turns; figures are medians.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PAIRS, LIVE, LEVELS = 10_000_000, 50_000, 11
LARGE_LIVE = 1_000_000
# Beside heaptrack, whose interpreter (1.4) dies of the other program's record
CHURN = ("20", "1", str(PAIRS))
SEED = {
    "top call sites, from the blocks":
        "SELECT bt, sum(size) FROM allocations GROUP BY bt ORDER BY sum(size) DESC LIMIT 10;",
    "short-lived, from the blocks":
        "SELECT bt, count(0), sum(size) FROM allocations where dealloc_after NOT NULL"
        " AND dealloc_after - alloc_after < 10000 GROUP BY bt ORDER BY sum(size) DESC LIMIT 5;",
    "a stack":
        "select frame_no, sym, file, line from backtraces where id = '17' limit 10;",
    "top call sites, from the totals":
        "SELECT stack, allocated_bytes, allocations, allocated_by, function, file, line"
        " FROM call_sites ORDER BY allocated_bytes DESC LIMIT 10;",
}


class Cost:
    """Of a command: seconds of wall and of CPU time, MiB at most, what it said."""

    def __init__(self, *command, stdin=None, stdout=subprocess.PIPE, **env):
        names = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_"))}
        begun = time.monotonic()
        child = subprocess.Popen(command, stdin=stdin, stdout=stdout, env={**names, **env})
        self.said = child.stdout.read().decode() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{command} failed")
        self.wall = time.monotonic() - begun
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss / 1024


def median(costs, what):
    return statistics.median(getattr(cost, what) for cost in costs)


class Bench:
    def __init__(self, build, directory):
        self.dir, self.loader = directory, os.path.join(build, "rheaper-load", "rheaper-load")
        flags = ["-g", "-O1", "-fno-builtin", "-fno-optimize-sibling-calls", "-pthread"]
        driver = os.path.join(build, "rheaper-cc", "rheaper-cc")
        for name, source, compiler in ("load", "load.c", driver), ("churn", "churn.c", driver), \
                ("plain", "churn.c", "cc"):
            subprocess.run([compiler, *flags, os.path.join(HERE, source), "-o", self.path(name)],
                           check=True)
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", os.path.join(HERE, "insert.c"), "-lsqlite3", "-o",
                        self.path("insert")], check=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def trace(self, name, *command):
        if os.path.exists(self.path(name)):
            os.remove(self.path(name))
        Cost(self.path(command[0]), *map(str, command[1:]), RHEAPER_TRACE=self.path(name))
        with open(self.path(name), "rb") as trace:  # into the page cache
            while trace.read(1 << 24):
                pass

    def load(self, trace):
        cost = Cost(self.loader, "--json", "--force", self.path(trace), self.path("profile.db"))
        cost.result = json.loads(cost.said)
        return cost

    def insert(self):
        if os.path.exists(self.path("rows.db")):
            os.remove(self.path("rows.db"))
        cost = Cost(self.path("insert"), self.path("profile.db"), self.path("rows.db"))
        cost.wall, cost.cpu = map(float, cost.said.split())
        return cost

    def record_with_heaptrack(self):
        Cost(self.path("plain"), *CHURN, LD_PRELOAD="/usr/lib/heaptrack/libheaptrack_preload.so",
             DUMP_HEAPTRACK_OUTPUT=self.path("heaptrack.raw"))

    def heaptrack(self):
        """Interpret, then print; the file between them is not compressed."""
        with open(self.path("heaptrack.raw")) as raw, open(self.path("heaptrack.data"), "w") as data:
            first = Cost("/usr/lib/heaptrack/libexec/heaptrack_interpret", stdin=raw, stdout=data)
        second = Cost("heaptrack_print", self.path("heaptrack.data"), stdout=subprocess.DEVNULL)
        first.wall += second.wall
        first.cpu += second.cpu
        first.memory = max(first.memory, second.memory)
        return first

    def ask(self, query):
        """Seconds, of a process of its own, its start not counted."""
        begun = Cost("sqlite3", self.path("profile.db"), "SELECT 1;")
        cost = Cost("sqlite3", self.path("profile.db"), query)
        cost.wall, cost.cpu = cost.wall - begun.wall, cost.cpu - begun.cpu
        return cost


def print_costs(rows, **costs):
    print("| | wall, s | CPU, s | million rows/s (wall) | peak memory, MiB |\n|---|---|---|---|---|")
    for name, found in costs.items():
        print(f"| {name.replace('_', ' ')} | {median(found, 'wall'):.2f} | {median(found, 'cpu'):.2f}"
              f" | {rows / 1e6 / median(found, 'wall'):.2f} | {median(found, 'memory'):.0f} |")


def report_heaptrack(b, turns):
    if not shutil.which("heaptrack_print"):
        return
    b.trace("trace.bin", "churn", *CHURN)
    b.record_with_heaptrack()
    loads, heaptracks = [], []
    for _ in range(turns):
        loads.append(b.load("trace.bin"))
        heaptracks.append(b.heaptrack())
    print_costs(loads[0].result["rows"], rheaper_load=loads, heaptrack_interpret_and_print=heaptracks)
    print(f"\ntime: {median(loads, 'wall') / median(heaptracks, 'wall'):.2f} of heaptrack's (bar 1)\n")


def report_rate(b, turns):
    b.trace("trace.bin", "load", PAIRS, LIVE, LEVELS, 2)
    loads, inserts = [], []
    for _ in range(turns):
        loads.append(b.load("trace.bin"))
        inserts.append(b.insert())
    rows = loads[0].result["rows"]
    print(f"{rows} allocations, {loads[0].result['events']} events; medians of {turns} turns\n")
    print_costs(rows, rheaper_load=loads, plain_INSERT_loop=inserts)
    print(f"\nrate: {median(inserts, 'wall') / median(loads, 'wall'):.2f} times the loop's (bar 2);"
          f" CPU time {median(loads, 'cpu') / median(inserts, 'cpu'):.2f} of the loop's")
    print(f"database: {loads[0].result['database_size'] / rows:.1f} bytes for an allocation (bar 56)\n")


def report_queries(b, turns):
    print("| query on these | wall, s | CPU, s |\n|---|---|---|")
    for name, query in SEED.items():
        costs = [b.ask(query) for _ in range(turns)]
        print(f"| {name} | {median(costs, 'wall'):.3f} | {median(costs, 'cpu'):.3f} |")


def report_memory(b, events):
    b.trace("trace.bin", "load", events // 2, LARGE_LIVE, LEVELS, 2)
    cost = b.load("trace.bin")
    bar = 256 + 64 * LARGE_LIVE / 2**20
    print(f"\n{cost.result['events']} events, {LARGE_LIVE} blocks live: {cost.wall:.1f} s,"
          f" {cost.memory:.0f} MiB at most (bar {bar:.0f} and stacks),"
          f" {cost.result['database_size'] / cost.result['rows']:.1f} bytes for an allocation")


def main():
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    events = int(float(sys.argv[3]) * 1e6) if len(sys.argv) > 3 else 100_000_000
    with tempfile.TemporaryDirectory(prefix="rheaper-bench-") as directory:
        b = Bench(os.path.abspath(sys.argv[1]), directory)
        report_rate(b, turns)
        report_queries(b, turns)
        report_heaptrack(b, turns)
        if events:
            report_memory(b, events)


main()
