#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A fleet in ClickHouse: how fast its windows go in, how many bytes they take, how long `rheaper-fleet diff` asks.

usage: bench/fleet.py BUILD-DIRECTORY [--hosts N] [--windows N] [--spread PERCENT] [--sites N] [--batch N]
                      [--day-hosts N] [--day-windows N] [--single N] [--starts N]

bench/fleet.c makes the windows, by the code of rheaper-push: each a request for the samples and one for the process.
ClickHouse is in this process (RHEAPER_CLICKHOUSE is the directory of libchdb.so), and decompresses and sorts what it is
given. In turn:

single  the requests as they are, one INSERT each
starts  what a process sends of its stacks when it has begun
hour    WINDOWS windows of HOSTS hosts, those of BATCH hosts in one INSERT, as a relay puts them together
day     DAY-WINDOWS windows of DAY-HOSTS hosts beside them, and five times what changed there from version to version

Rows arrive once in 300 s from each host: an hour that goes in within 3,600 s keeps up.
"""
import argparse
import os
import queue
import resource
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests"))
from clickhouse import ClickHouse  # pylint: disable=wrong-import-position

RUN, STACKS, SAMPLES = 8, 4, 3  # enum push_part
WINDOW_S = 300


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Request:
    def __init__(self, line, stream):
        parts, self.n, size, self.path = line.split()
        self.parts, self.n = int(parts), int(self.n)
        self.body = stream.read(int(size))

    def insert(self):
        """The query, and its settings."""
        words = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path.decode()).query))
        return words.pop("query"), words


class Bench:
    def __init__(self, options):
        self.o = options
        self.ch = ClickHouse(os.path.join(os.environ["RHEAPER_CLICKHOUSE"], "libchdb.so"))
        self.ch.create(subprocess.run([self.fleet(), "schema"], check=True, capture_output=True, text=True).stdout)
        self.begin = int(time.time()) // 86400 * 86400 - 86400  # yesterday: the tables keep 30 days

    def fleet(self):
        return os.path.join(self.o.build, "rheaper-fleet", "rheaper-fleet")

    def requests(self, first, end, windows, depth, service, *more):
        """Of another process, which makes them meanwhile: at most 2,000 ahead."""
        command = [os.path.join(self.o.build, "tests", "fleet-windows"), str(first), str(end), str(windows),
                   str(self.o.sites), str(depth), str(self.o.spread), service, str(self.begin + WINDOW_S), *more]
        waiting = queue.Queue(2000)

        def read():
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                while line := process.stdout.readline():
                    waiting.put(Request(line, process.stdout))
            waiting.put(process.returncode)

        threading.Thread(target=read, daemon=True).start()
        while isinstance(request := waiting.get(), Request):
            yield request
        if request:
            sys.exit("fleet-windows failed")

    def insert_alone(self, request):
        self.ch.insert(*request.insert(), request.body)

    def insert_together(self, requests):
        for parts in RUN, SAMPLES:
            chosen = [request for request in requests if request.parts == parts]
            self.ch.insert(chosen[0].insert()[0], {}, b"".join(request.body for request in chosen))

    def count(self, table, columns="count(), sum(rows), sum(bytes_on_disk)"):
        row, = self.ch.rows(f"SELECT {columns} FROM system.parts WHERE active AND table = '{table}'")
        return [int(value or 0) for value in row]

    def single(self):
        requests = list(self.requests(0, self.o.single, 1, 3, "single"))
        begun, before = time.monotonic(), cpu()
        for request in requests:
            self.insert_alone(request)
        seconds, used = time.monotonic() - begun, cpu() - before
        needed = self.o.hosts / WINDOW_S
        print(f"single: {self.o.single / seconds:.1f} windows a second, two INSERTs each, {1000 * used / self.o.single:.1f} ms "
              f"of CPU a window; {self.o.hosts} hosts send {needed:.1f}; {self.count('rheaper_samples')[0]} parts of samples are left", flush=True)

    def starts(self):
        requests = [request for request in self.requests(0, self.o.starts, 1, 25, "starts", "stacks")
                    if request.parts == STACKS]
        begun = time.monotonic()
        for request in requests:
            self.insert_alone(request)
        seconds, rows = time.monotonic() - begun, sum(request.n for request in requests)
        print(f"starts: {rows / self.o.starts:.0f} stacks of 25 frames a process in its first window, "
              f"{sum(len(request.body) for request in requests) / rows:.0f} bytes each, compressed; "
              f"{seconds / self.o.starts:.2f} s a process", flush=True)

    def fill(self, first, hosts, windows, service):
        """Seconds in ClickHouse alone, and in all."""
        begun, inside, batch = time.monotonic(), 0, []

        def flush():
            nonlocal inside
            inside -= time.monotonic()
            self.insert_together(batch)
            inside += time.monotonic()
            batch.clear()

        for request in self.requests(first, first + hosts, windows, 3, service):
            batch.append(request)
            if len(batch) == 2 * self.o.batch:
                flush()
        if batch:
            flush()
        return inside, time.monotonic() - begun

    def hour(self):
        self.ch.ask("TRUNCATE TABLE rheaper_samples")
        before = cpu()
        inside, all_in_all = self.fill(0, self.o.hosts, self.o.windows, "server")
        used = cpu() - before
        arrive = self.o.windows * WINDOW_S
        print(f"hour: {self.o.hosts} hosts, {self.o.windows} windows; arrives in {arrive} s, "
              f"was generated and inserted in {all_in_all:.0f} s, {inside:.0f} s of them in INSERT: "
              f"{arrive / all_in_all:.1f} and {arrive / inside:.1f} times as fast; "
              f"{used:.0f} s of CPU, merges too")
        self.sizes("then")
        begun = time.monotonic()
        self.ch.ask("OPTIMIZE TABLE rheaper_samples FINAL")
        self.sizes(f"merged in {time.monotonic() - begun:.0f} s more")

    def sizes(self, when):
        parts, rows, size = self.count("rheaper_samples")
        (sums,), = self.ch.rows("SELECT sum(bytes_on_disk) FROM system.projection_parts WHERE active AND "
                                "table = 'rheaper_samples'")
        print(f"hour, {when}: {rows} rows, {(size - int(sums)) / rows:.2f} bytes each, {size / rows:.2f} with projections, in "
              f"{parts} parts, spread {self.o.spread} %; columns in wide parts:", flush=True)
        for name, of_it in self.ch.rows("SELECT column, sum(column_data_compressed_bytes) / sum(rows) FROM "
                                        "system.parts_columns WHERE active AND table = 'rheaper_samples' AND part_type = 'Wide' "
                                        "GROUP BY column ORDER BY 2 DESC"):
            print(f"  {name:10} {of_it:.2f}")

    def diff(self, *words):
        day = [time.strftime("%Y-%m-%d", time.gmtime(self.begin + s)) for s in (0, 2 * 86400)]
        return subprocess.run([self.fleet(), "--service=day", "--before=v1", "--after=v2", "--from=" + day[0],
                               "--to=" + day[1], *words, "diff"], check=True, capture_output=True, text=True).stdout

    def day(self):
        for request in self.requests(10**6, 10**6 + self.o.day_hosts, 1, 3, "day", "stacks"):
            if request.parts == STACKS:
                self.insert_alone(request)
        self.fill(10**6, self.o.day_hosts, self.o.day_windows, "day")
        for words in ("--per=time",), ("--per=gib",), ("--kind=inuse",):
            sql, took, used = self.diff(*words).rstrip(";\n"), [], []
            for _ in range(5):
                begun, before = time.monotonic(), cpu()
                rows = self.ch.rows(sql)
                took.append(time.monotonic() - begun)
                used.append(cpu() - before)
            n = self.ch.rows(f"SELECT count() FROM rheaper_samples WHERE service = 'day' AND kind = "
                             f"'{'inuse' if 'inuse' in words[0] else 'alloc'}'")[0][0]
            print(f"day: diff {words[0]} of {n} rows, {self.o.day_hosts} hosts: {statistics.median(took):.2f} s "
                  f"({min(took):.2f} to {max(took):.2f}), {statistics.median(used):.2f} s of CPU, {sum(row[7] for row in rows)} changed, first {rows[0][0]} "
                  f"{rows[0][12]}", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    parser.add_argument("build", type=os.path.abspath)
    for name, default in (("hosts", 10000), ("windows", 12), ("spread", 0), ("sites", 5000), ("batch", 40),
                          ("day-hosts", 100), ("day-windows", 288), ("single", 300), ("starts", 10)):
        parser.add_argument("--" + name, type=int, default=default)
    o = parser.parse_args()
    subprocess.run(["ninja", "-C", o.build, "tests/fleet-windows"], check=True, stdout=subprocess.DEVNULL)
    bench = Bench(o)
    for phase, n in ((bench.single, o.single), (bench.starts, o.starts), (bench.hour, o.windows), (bench.day, o.day_windows)):
        if n:
            phase()
    bench.ch.leave()


if __name__ == "__main__":
    main()
