#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server followed under load: redis from Debian's sources, its windows in ClickHouse, and sums that are the trace's.

usage: bench/follow.py BUILD-DIRECTORY [MINUTES [BYTES [SECONDS]]]

redis-server runs for MINUTES (10) under redis-benchmark, sampled each BYTES (65536; 0: every block), and `rheaper-push
--follow` sends its windows of SECONDS (60). ClickHouse is in this process (RHEAPER_CLICKHOUSE is the directory of
libchdb.so). Then the trace is loaded, and what each stack allocated, had live at last and at the peak is compared:
numbers of recorded blocks exactly, estimates of them within one for each row that was rounded. Ends with 1 if one differs.
"""
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests"))
import debian  # pylint: disable=wrong-import-position
from clickhouse import ClickHouse, Server  # pylint: disable=wrong-import-position

TESTS = "set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset"
SIGNATURE = "lower(leftPad(hex(shape_id), 16, '0'))"
SAMPLES = f"""SELECT signature, {{columns}} FROM (SELECT DISTINCT stack_id, build_id, {SIGNATURE} AS signature
  FROM rheaper_stacks) k RIGHT JOIN rheaper_samples s USING (stack_id, build_id) WHERE s.stack_id <> 0 GROUP BY 1"""
LAST = "(kind <> 'inuse' OR ts = (SELECT max(ts) FROM rheaper_samples WHERE kind = 'inuse'))"
OF_KIND = f"""toInt64(sumIf(objects, kind = '{{0}}' AND {LAST})), toInt64(sumIf(bytes, kind = '{{0}}' AND {LAST})),
  toInt64(sumIf(n, kind = '{{0}}' AND {LAST})), toInt64(countIf(kind = '{{0}}' AND {LAST}))"""
OF_TRACE = """SELECT CAST(signature AS TEXT), sum(t.allocations), sum(t.allocated_bytes), sum(t.live_blocks),
  sum(t.live_bytes), sum(t.peak_blocks), sum(t.peak_bytes), count(*) FROM stack_totals t JOIN stacks s USING (stack) GROUP BY 1"""
RECORDED = """SELECT CAST(signature AS TEXT), sum(b), sum(e) FROM (SELECT stack, sum(last_block - first_block + 1) AS b,
  sum((last_block - first_block + 1) * (ending = 2)) AS e FROM lots GROUP BY 1) JOIN stacks s USING (stack) GROUP BY 1"""


def build_redis(build):
    directory = os.path.join(build, "bench-follow.d")
    source = os.path.join(directory, "redis")
    if not os.path.exists(os.path.join(source, "src", "redis-server")):
        dsc = debian.fetch(os.path.join(build, "truth"), "redis")
        subprocess.run(["rm", "-rf", directory], check=True)
        os.makedirs(directory)
        subprocess.run(["dpkg-source", "--no-check", "-x", dsc, source], check=True, stdout=subprocess.DEVNULL)
        driver = os.path.join(build, "rheaper-cc", "rheaper-cc")
        subprocess.run(["make", "-s", "-j2", "-C", source, "MALLOC=libc", "CC=" + driver, "BUILD_TLS=no", "USE_SYSTEMD=no"],
                       check=True, env=debian.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return os.path.join(source, "src")


def load(programs, address, seconds):
    """Rounds of redis-benchmark until the time is over; how many."""
    end, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        subprocess.run([os.path.join(programs, "redis-benchmark"), "-s", address, "-q", "-n", "20000", "-c", "20", "-r", "100000",
                        "-d", str(16 << rounds % 8), "-t", TESTS], check=True, stdout=subprocess.DEVNULL)
        rounds += 1
    return rounds


def most_memory(pid):
    """MiB. What wait4 says has what this process had when it forked."""
    with open(f"/proc/{pid}/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM:")).split()[1]) / 1024


def compare(clickhouse, database):
    """How many stacks differ."""
    found = {row[0]: [int(value) for value in row[1:]] for row in clickhouse.rows(SAMPLES.format(
        columns=", ".join(OF_KIND.format(kind) for kind in ("alloc", "inuse", "peak"))))}
    wanted = {row[0]: row[1:] for row in database.execute(OF_TRACE)}
    recorded = {row[0]: row[1:] for row in database.execute(RECORDED)}
    bad = 0
    for signature in found.keys() | wanted.keys():
        sums, of_trace = found.get(signature, [0] * 12), wanted.get(signature, [0] * 7)
        n = recorded.get(signature, (0, 0))
        near = of_trace[-1]  # stacks, each rounded
        differs = any(abs(sums[4 * (i // 2) + i % 2] - of_trace[i]) > near for i in range(6))
        differs |= (sums[2], sums[6]) != n
        bad += differs
        if differs:
            print("  differs:", signature, sums, of_trace, n)
    totals = [sum(row[i] for row in found.values()) for i in range(12)]
    names = "allocated", "live at last", "live at the peak"
    for i, name in enumerate(names):
        print(f"{name}: {totals[4 * i]} blocks, {totals[4 * i + 1]} bytes in ClickHouse, "
              f"{sum(row[2 * i] for row in wanted.values()):.0f} and {sum(row[2 * i + 1] for row in wanted.values()):.0f} in the "
              f"trace; {totals[4 * i + 2]} recorded, in {totals[4 * i + 3]} rows")
    print(f"{len(wanted)} call sites, {bad} differ")
    return bad


def main():
    build = os.path.abspath(sys.argv[1])
    minutes, sample, window = (float(word) for word in (sys.argv[2:] + ["10", "65536", "60"][len(sys.argv) - 2:]))
    programs = build_redis(build)
    clickhouse = ClickHouse(os.path.join(os.environ["RHEAPER_CLICKHOUSE"], "libchdb.so"))
    clickhouse.create(subprocess.run([os.path.join(build, "rheaper-fleet", "rheaper-fleet"), "schema"], check=True,
                                     capture_output=True, text=True).stdout)
    with tempfile.TemporaryDirectory(prefix="rheaper-follow-") as directory, Server(clickhouse) as server:
        traces, address = os.path.join(directory, "traces"), os.path.join(directory, "socket")
        os.mkdir(traces)
        trace = os.path.join(traces, "redis.trace")
        watcher = subprocess.Popen([os.path.join(build, "rheaper-push", "rheaper-push"), "--to=clickhouse", "--follow", traces,
                                    "--spool", os.path.join(directory, "spool"), "--window", f"{window:.0f}s", server.url])
        env = {"RHEAPER_TRACE": trace, **({"RHEAPER_SAMPLE_BYTES": f"{sample:.0f}"} if sample else {})}
        redis = subprocess.Popen([os.path.join(programs, "redis-server"), "--port", "0", "--unixsocket", address, "--save", "",
                                  "--maxmemory", "200mb", "--maxmemory-policy", "allkeys-lru", "--dir", directory],
                                 env={**os.environ, **env}, stdout=subprocess.DEVNULL)
        while not os.path.exists(address):
            assert redis.poll() is None
            time.sleep(0.01)
        begun = time.monotonic()
        rounds = load(programs, address, 60 * minutes)
        seconds = time.monotonic() - begun
        redis.send_signal(signal.SIGTERM)
        usage_of_redis = os.wait4(redis.pid, 0)[2]
        server.wait_for(lambda requests: any("-p2-" in request.path for request in requests))
        memory = most_memory(watcher.pid)
        watcher.terminate()
        status, usage = os.wait4(watcher.pid, 0)[1:]
        watcher.returncode = redis.returncode = os.waitstatus_to_exitcode(status)
        print(f"redis: {rounds} rounds of redis-benchmark in {seconds:.0f} s, {usage_of_redis.ru_utime + usage_of_redis.ru_stime:.0f} "
              f"s of CPU, trace of {os.path.getsize(trace) / 1e6:.1f} MB")
        print(f"rheaper-push --follow: {usage.ru_utime + usage.ru_stime:.2f} s of CPU, {memory:.0f} MiB, "
              f"{sum(request.accepted for request in server.requests)} requests, status {watcher.returncode}")
        database = os.path.join(directory, "redis.db")
        subprocess.run([os.path.join(build, "rheaper-load", "rheaper-load"), "--quiet", trace, database], check=True)
        with sqlite3.connect(database) as db:
            bad = compare(clickhouse, db)
    return 1 if bad or watcher.returncode else 0


sys.exit(main())
