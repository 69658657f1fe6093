#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What rheaper-push sends to ClickHouse, and what rheaper-fleet asks there: by ClickHouse itself, in this process.

usage: check-clickhouse.py RHEAPER-PUSH RHEAPER-LOAD RHEAPER-FLEET BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

RHEAPER_CLICKHOUSE is a directory with libchdb.so, RHEAPER_DUCKDB one with libduckdb.so. Prints TAP, one point per test_ function.
"""
import datetime
import json
import math
import os
import re
import sqlite3
import subprocess
import sys
import time

import tap
from clickhouse import Server, open_clickhouse
from duckdb import open_duckdb
from push_inputs import SECOND, Fed, make_database, put_block, put_process, put_stacks
from workbench import Workbench

PUSH, LOADER, FLEET, BIN, SOURCE = (os.path.abspath(path) for path in sys.argv[1:6])

# A fifth of the blocks stays
PROGRAM = """
#include <stdlib.h>
static void *volatile keep;
static __attribute__((noinline)) void *small(void) { return malloc(100); }
static __attribute__((noinline)) void *large(size_t size) { return calloc(1, size); }
int main(void)
{
	for (int i = 0; i < 20000; i++) {
		keep = i % 2 ? small() : large(200 + i % 7);
		if (i % 5)
			free(keep);
	}
	return 0;
}
"""

# Of a fleet of `hosts` hosts, half of them with each version: some `events` samples of blocks of 1 KiB each, from
# `sites` sites, of which few have most, sampled each 2 MiB. A host has more load than another. In the second version the
# site `planted` has a fifth more.
SAMPLES = """
INSERT INTO rheaper_samples SELECT concat('s', toString(run)), 'alloc', toDateTime('2026-01-01 01:00:00', 'UTC'),
  if(side = 1, 'new', 'old'), site + 1000000 * side, concat('host', toString(host)), 1000 * run + host + 1,
  sum(times), toUInt64(sum(times) * {weight}), toUInt64(sum(times) * {weight} * 1024),
  sum(times) * {weight} * ({weight} - 1) * 1024 * 1024
FROM (SELECT run, host, toUInt8(host >= {hosts} / 2) AS side,
    toUInt64(pow({sites}, cityHash64(run, host, k, 'site') / 18446744073709551616)) AS site,
    1 + (side = 1 AND site = {planted} AND cityHash64(run, host, k, 'more') % 5 = 0) AS times
  FROM (SELECT intDiv(number, {hosts}) + {first} AS run, number % {hosts} AS host,
      toUInt64({events} * exp(0.3 * sqrt(-2 * log(cityHash64(run, host, 'a') / 18446744073709551616))
        * cos(6.283185307179586 * cityHash64(run, host, 'b') / 18446744073709551616))) AS n
    FROM numbers({runs} * {hosts})) ARRAY JOIN range(n) AS k)
GROUP BY run, host, side, site
"""
RUNS = """
INSERT INTO rheaper_runs SELECT generateUUIDv4(), concat('s', toString(run)), if(host >= {hosts} / 2, 'v2', 'v1'), '', '',
  '', concat('host', toString(host)), 1000 * run + host + 1, '2026-01-01 00:00:00', '2026-01-01 01:00:00', 'sampled', 2097152
FROM (SELECT intDiv(number, {hosts}) + {first} AS run, number % {hosts} AS host FROM numbers({runs} * {hosts}))
"""
STACKS = """
INSERT INTO rheaper_stacks SELECT number % 10000 + 1000000 * intDiv(number, 10000), number % 10000,
  if(number < 10000, 'old', 'new'), 'malloc', ['it', 'it'], [1, 2], [concat('f', toString(number % 10000)), 'main'],
  ['f.c', 'f.c'], [1, 2], '2026-01-01 01:00:00' FROM numbers(20000)
"""


class Bench(Workbench):
    engine = None

    def __init__(self, directory):
        super().__init__(directory)
        self.env["HOME"] = directory
        if not Bench.engine:
            Bench.engine = open_clickhouse()
        self.ch = Bench.engine
        self.schema = self.run(FLEET, "schema")
        self.ch.create(self.schema)

    def trace(self, **env):
        self.ch.create(self.schema)
        source = self.file("program.c", PROGRAM)
        self.run(BIN + "/rheaper-cc", "-g", "-O1", source, "-o", "program", RHEAPER_CC_FLAGS="")
        for name in "trace.bin", "it.db":
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))
        self.run(self.path("program"), RHEAPER_TRACE=self.path("trace.bin"), **env)
        self.run(LOADER, self.path("trace.bin"), self.path("it.db"))
        return self.path("it.db")

    def push(self, server, *words, spool="spool", status=0):
        return self.run(PUSH, "--to=clickhouse", "--spool", self.path(spool), "--backoff=1ms", *words, server.url,
                        self.path("it.db"), status=status, silent=False)

    def simulate(self, **what):
        self.ch.create(re.sub("TTL .* DAY", "", self.schema))  # it is of a day long ago
        what = {"planted": 0, "first": 0, "weight": 1 / -math.expm1(-1025 / 2**21), **what}
        for query in SAMPLES, RUNS, STACKS:
            self.ch.ask(query.format(**what))

    def diff(self, service, *words):
        sql = self.run(FLEET, "--service", service, "--before=v1", "--after=v2", *words, "diff")
        said = json.loads(self.ch.ask(sql.rstrip(";\n"), "JSON"))
        return sql, said["data"]


def from_sqlite(path, query):
    db = sqlite3.connect(path)
    return db.execute(query).fetchall()


def test_sums_are_those_of_the_database(b):
    """Also when an answer is lost, and the request sent again."""
    path = b.trace()
    with Server(b.ch, ["lost"]) as server:
        b.push(server, "--label=version=1.2", status=1)
        b.push(server, "--label=version=1.2")
        n = len(server.requests)
        assert n == 4, [request.path for request in server.requests]  # three tables
    wanted = from_sqlite(path, """SELECT CAST(signature AS TEXT), sum(t.allocations), sum(t.allocated_bytes),
        sum(t.live_blocks), sum(t.live_bytes) FROM stack_totals t JOIN stacks s USING (stack) GROUP BY 1 ORDER BY 1""")
    found = b.ch.rows("""SELECT lower(leftPad(hex(shape_id), 16, '0')) AS signature,
        toInt32(sumIf(objects, kind = 'alloc')), toInt32(sumIf(bytes, kind = 'alloc')), toInt32(sumIf(objects, kind = 'inuse')),
        toInt32(sumIf(bytes, kind = 'inuse')) FROM rheaper_samples JOIN rheaper_stacks USING (build_id, stack_id)
        GROUP BY shape_id ORDER BY 1""")
    assert [list(row) for row in wanted] == found, (wanted, found)
    assert b.ch.rows("SELECT sum(var), toInt32(sum(n * (kind = 'alloc'))) FROM rheaper_samples") == [[0, 20000 + sum(
        row[1] for row in wanted) - 20000]]
    run, = b.ch.rows("SELECT service, version, mode, toInt32(interval), host <> '', length(build_id) FROM rheaper_runs")
    assert run == ["program", "1.2", "full", 0, 1, 40], run


def test_a_request_again_changes_nothing(b):
    """Each of the three, after its answer was lost."""
    b.trace()
    counts = []
    for lost in (), ("lost",), (200, "lost"), (200, 200, "lost"):
        b.ch.create(b.schema)
        with Server(b.ch, lost) as server:
            if lost:
                b.push(server, spool=f"again{len(lost)}", status=1)
            b.push(server, spool=f"again{len(lost)}")
        counts.append(b.ch.rows("SELECT toInt32(count()), toInt32(sum(objects)), toInt32(sum(bytes)) FROM rheaper_samples"))
    assert counts[0][0][0] > 2 and all(count == counts[0] for count in counts), counts


def test_estimates_have_their_variance(b):
    """Of each recorded block, by the weights of the database."""
    path = b.trace(RHEAPER_SAMPLE_BYTES="4096")
    with Server(b.ch) as server:
        b.push(server)
    wanted, = from_sqlite(path, """SELECT count(*), sum(weight * size), sum(weight * size * weight * size * (1 - 1 / weight))
        FROM lots JOIN blocks ON block BETWEEN first_block AND last_block""")
    found, = b.ch.rows("""SELECT toInt32(sum(n)), toInt32(sum(bytes)), sum(var), toInt32(count())
        FROM rheaper_samples WHERE kind = 'alloc'""")
    assert found[0] == wanted[0] and abs(found[1] - wanted[1]) <= found[3], (found, wanted)
    # Each is rounded to 16 bits, by half of the last one at most: 1 / (2 * 32768) of it
    assert math.isclose(found[2], wanted[2], rel_tol=2**-16), (found, wanted)
    assert b.ch.rows("SELECT mode, toInt32(interval) FROM rheaper_runs") == [["sampled", 4096]]


def test_a_growth_is_first_in_the_list(b):
    """A fifth more in one of 5,000 sites, on 100 hosts, whose loads differ more than that."""
    b.simulate(runs=1, hosts=100, events=40000, sites=5000, planted=50)
    rows = b.diff("s0", "--per=gib")[1]
    first = rows[0]
    assert int(first["site"]) == 50 and first["changed"] == 1 and first["z"] > 4, rows[:3]
    growth = first["bytes_after"] / first["bytes_before"]
    assert abs(first["change"] - 0.2 * first["bytes_before"]) < 1.5 * first["plus_minus"], first
    print(f"# growth {growth:.3f}, z {first['z']:.2f}, p {first['p_of_all']:.2g}, "
          f"samples {first['samples_before']} and {first['samples_after']}")
    assert (int(first["hosts_before"]), int(first["hosts_after"])) == (50, 50), first
    assert [row["changed"] for row in rows[1:]].count(1) == 0, rows[:3]
    with Server(b.ch) as server:
        said = b.run(FLEET, "--run", server.url, "--service=s0", "--before=v1", "--after=v2", "--per=gib", "-n3", "diff").splitlines()
    assert len(said) == 4 and said[0].split()[0] == "site" and said[1].split()[0] == "50", said
    assert said[1].endswith("f50 < main"), said


def test_no_change_is_seldom_reported(b):
    """200 pairs of versions that are the same: at most one in twenty."""
    b.simulate(runs=200, hosts=40, events=500, sites=500)
    for per in "time", "gib":
        n = sum(b.diff(f"s{run}", "-n1", "--per=" + per)[1][0]["changed"] for run in range(200))
        print(f"# {n} of 200")
        assert n <= 10, n


# What was live at three snapshots, of which one has nothing in some processes; and peaks. A stack as it was before, too.
LIVE = (
    """INSERT INTO rheaper_samples SELECT service, 'inuse', ts + 300 * k, build_id, stack_id, host, instance, n * k, objects * k,
    bytes * k, var * k FROM rheaper_samples ARRAY JOIN [1, 2, 3] AS k WHERE kind = 'alloc' AND (k <> 2 OR instance % 4)""",
    """INSERT INTO rheaper_samples SELECT DISTINCT service, 'inuse', ts + 600, build_id, 0, host, instance, 0, 0, 0, 0
    FROM rheaper_samples WHERE kind = 'alloc' AND instance % 4 = 0""",
    """INSERT INTO rheaper_samples SELECT service, 'peak', ts + 100 + instance, build_id, stack_id, host, instance, n, objects,
    bytes, var FROM rheaper_samples WHERE kind = 'alloc' AND (stack_id + instance) % 3""",
    """INSERT INTO rheaper_stacks SELECT stack_id, shape_id, build_id, 'calloc', module, offset, ['zz', 'zz'], file, [8, 9],
    last_seen - 1 FROM rheaper_stacks WHERE stack_id % 2""")
TABLES = "rheaper_samples", "rheaper_runs", "rheaper_stacks"


def as_time(text):
    return datetime.datetime.fromisoformat(text)


def as_number(text):
    """Numbers of 64 bits are texts in JSON."""
    return int(text) if isinstance(text, str) and text.isdigit() and int(text) < 2**63 else text


def fill_sqlite(b):
    """The same rows, and the functions of ClickHouse that SQLite has not; arrays are JSON."""
    db = sqlite3.connect(":memory:")
    for table in TABLES:
        said = json.loads(b.ch.ask(f"SELECT * FROM {table}", "JSONCompact"))
        names = [column["name"] for column in said["meta"]]
        db.execute(f"CREATE TABLE {table} ({', '.join(map(json.dumps, names))})")
        for row in said["data"]:
            values = [json.dumps(value) if isinstance(value, list) else as_number(value) for value in row]
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", values)
    for name, function in (
            ("toString", str), ("toDate", lambda text: text[:10]), ("toDateTime64", lambda text, digits, zone: text),
            ("erfc", lambda x: None if x is None else math.erfc(x)),
            ("dateDiff", lambda unit, a, b: (as_time(b) - as_time(a)) / datetime.timedelta(milliseconds=1)),
            ("length", lambda text: len(json.loads(text))), ("arrayElement", lambda text, i: json.loads(text)[i - 1]),
            ("arraySlice", lambda text, first, n: json.dumps(json.loads(text)[first - 1:first - 1 + n])),
            ("arrayStringConcat", lambda text, between: between.join(json.loads(text)))):
        db.create_function(name, function.__code__.co_argcount if function is not str else 1, function)
    return lambda sql: db.execute(sql).fetchall()


def fill_duckdb(b):
    """What ClickHouse wrote as Parquet."""
    db = open_duckdb()
    for table in TABLES:
        path = b.path(table + ".parquet")
        b.ch.ask(f"INSERT INTO FUNCTION file('{path}', 'Parquet') SELECT * FROM {table}")
        db.rows(f"CREATE VIEW {table} AS SELECT * FROM '{path}'")
    return db.rows


def same(left, right):
    """DuckDB's answers are texts."""
    if left is None or right is None:
        return left is right
    try:
        return str(left) == str(right) or math.isclose(float(left), float(right), rel_tol=1e-6, abs_tol=1e-12)
    except ValueError:
        return False


QUESTIONS = [(*words, "--service=s1", "--before=v1", "--after=v2", "-n1000") for words in (
    ("diff",), ("diff", "--per=gib"), ("top",), ("diff", "--from=2026-01-01 00:30:00", "--to=2026-01-02 00:00:00"),
    ("diff", "--kind=inuse"), ("diff", "--kind=inuse", "--per=gib"), ("top", "--kind=inuse"), ("diff", "--kind=peak"),
    ("top", "--kind=peak"), ("top", "--kind=inuse", "--from=2026-01-01 01:07:00"), ("diff", "--from=2026-01-01", "--to=2026-01-02"))] + [("site", "5"), ("site", "1000007", "-n1")]


def compare_answers(b, fill):
    b.simulate(runs=2, hosts=12, events=300, sites=60, planted=3)
    for query in LIVE:
        b.ch.ask(query)
    ask = fill(b)
    for words in QUESTIONS:
        sql = b.run(FLEET, *words).rstrip(";\n")
        ours, theirs = json.loads(b.ch.ask(sql, "JSONCompact"))["data"], ask(sql)
        assert len(ours) == len(theirs) >= (2 if "site" in words else 20), (words, len(ours), len(theirs))
        key = lambda row: tuple(map(str, row if "site" in words else row[:1]))
        for left, right in zip(sorted(ours, key=key), sorted(theirs, key=key)):
            assert all(same(x, y) for x, y in zip(left, right)), (words, left, right)


def test_sqlite_has_the_same_answers(b):
    compare_answers(b, fill_sqlite)


def test_duckdb_has_the_same_answers(b):
    """Of Parquet that ClickHouse writes."""
    compare_answers(b, fill_duckdb)


def test_days_are_asked_of_sums(b):
    """The table keeps them, and drops them with the samples after 30 days."""
    b.simulate(runs=1, hosts=10, events=300, sites=60, planted=3)
    b.ch.ask(LIVE[0])
    for words, *used in ((("diff",), True, False), (("diff", "--from=2026-01-01", "--to=2026-01-02"), True, False),
                         (("top",), True, False), (("diff", "--from=2026-01-01 00:30:00"), False, False),
                         (("diff", "--kind=inuse"), True, True),
                         (("diff", "--kind=inuse", "--from=2026-01-01 00:30:00"), False, True)):
        sql = b.run(FLEET, "--service=s0", "--before=v1", "--after=v2", *words).rstrip(";\n")
        plan = b.ch.ask("EXPLAIN " + sql).decode()
        found = [f"({name})" in plan for name in ("by_day", "snapshots")]
        assert found == used, (words, found, plan.count("ReadFromMergeTree"))
        assert b.ch.ask(sql) == b.ch.ask(sql + " SETTINGS optimize_use_projections = 0"), words
    b.ch.ask("ALTER TABLE rheaper_samples MODIFY TTL ts + INTERVAL 30 DAY SETTINGS mutations_sync = 2")
    b.ch.ask("OPTIMIZE TABLE rheaper_samples FINAL")
    assert b.ch.rows("SELECT count() FROM rheaper_samples") in ([[0]], [["0"]])
    assert json.loads(b.ch.ask(b.run(FLEET, "--service=s0", "top").rstrip(";\n"), "JSONCompact"))["data"] == []


def test_the_newest_of_a_stack_is_shown(b):
    b.simulate(runs=1, hosts=2, events=10, sites=10)
    for query in LIVE[-1], LIVE[-1].replace("last_seen - 1", "last_seen + 1").replace("'zz'", "'new'"):
        b.ch.ask(query)
    for word, wanted in ("4", [("4", "malloc", 1, "f4", 1), ("4", "malloc", 2, "main", 2)] * 2), (
            "1000005", [("5", "calloc", 1, "new", 8), ("5", "calloc", 2, "new", 9)]):
        found = b.ch.rows(b.run(FLEET, "site", word).rstrip(";\n"))
        assert [(str(int(row[1]) % 1000000), row[2], int(row[3]), row[4], int(row[6])) for row in found] == wanted, found


def test_a_snapshot_of_nothing_counts(b):
    """A process that has 1,200 bytes live at one of its four snapshots, and one that has nothing at any."""
    def fill(db):
        put_stacks(db, ["leaf", "other"])
        for process in 1, 2:
            put_process(db, process, time.time_ns() - 2000 * SECOND, 1000 * SECOND, host=f"host{process}")
        put_block(db, 1, 1, 100 * SECOND, 300 * SECOND, 1200)
        put_block(db, 2, 2, 320 * SECOND, 10 * SECOND, 500)

    b.ch.create(b.schema)
    make_database(b.path("it.db"), SOURCE, fill)
    with Server(b.ch) as server:
        b.push(server, "--label=version=v1", "--label=service=s", "--window=100s")
    rows = b.ch.rows("SELECT host, toInt32(uniqExact(ts)), toInt32(countIf(stack_id = 0)), toInt32(sum(bytes)) FROM rheaper_samples "
                     "WHERE kind = 'inuse' GROUP BY host ORDER BY host")
    assert rows == [["host1", 4, 3, 1200], ["host2", 4, 4, 0]], rows
    # The hours of a process that is idle count, too
    rows = b.ch.rows("SELECT dateDiff('second', min(started), max(ended)) FROM rheaper_runs GROUP BY host")
    assert [int(row[0]) for row in rows] == [1000, 1000], rows
    (_, size, _, objects, *_), = b.ch.rows(b.run(FLEET, "--service=s", "--kind=inuse", "top").rstrip(";\n"))
    assert (size, objects) == (300, 0.25), (size, objects)
    row, = b.diff("s", "--kind=inuse")[1]
    assert row["bytes_before"] == 150 and (int(row["hosts_before"]), int(row["samples_before"])) == (1, 1), row
    rows = b.diff("s")[1]
    assert sorted(row["bytes_before"] for row in rows) == [500 / 2000 * 3600, 1200 / 2000 * 3600], rows


def test_snapshots_within_a_second_are_two(b):
    """The last one comes when the process ends."""
    def fill(db):
        put_stacks(db, ["leaf"])
        put_process(db, 1, (int(time.time()) - 1000) * SECOND, 300 * SECOND + SECOND // 2)
        put_block(db, 1, 1, 100 * SECOND, None, 1000)

    b.ch.create(b.schema)
    make_database(b.path("it.db"), SOURCE, fill)
    with Server(b.ch) as server:
        b.push(server, "--label=service=s", "--window=100s")
    (_, size, *_), = b.ch.rows(b.run(FLEET, "--service=s", "--kind=inuse", "top").rstrip(";\n"))
    assert size == 1000 and b.ch.rows("SELECT toInt32(sum(bytes)) FROM rheaper_samples WHERE kind = 'inuse'") == [[2000]], size


def test_a_growing_trace_is_followed(b):
    """Windows add up to the trace, what was live at last and at the peak is there, and a watcher that is killed and
    comes again sends nothing twice."""
    directory = b.path("followed")
    os.mkdir(directory)
    b.ch.create(b.schema)
    with Server(b.ch, [503, 200, "lost"]) as server:
        def follow():
            return subprocess.Popen([PUSH, "--to=clickhouse", "--follow", directory, "--spool", b.path("follow-spool"),
                                     "--interval=10ms", "--backoff=10ms", "--window=1s", server.url], env=b.env, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

        watcher = follow()
        fed = Fed(b, BIN, directory).feed("aa")
        server.wait_for(lambda requests: any("samples" in request.path for request in requests if request.accepted))
        watcher.kill()
        watcher.communicate()
        fed.feed("apak").end()
        watcher = follow()
        server.wait_for(lambda requests: any("-p2-" in request.path for request in requests if request.accepted))
        watcher.terminate()
        said = watcher.communicate()
        assert watcher.returncode == 0, (said, [(r.path[-80:], r.accepted) for r in server.requests])
    b.run(LOADER, "--quiet", "--force", fed.trace, "totals.db", silent=False)
    wanted, = from_sqlite(b.path("totals.db"), """SELECT sum(allocations), sum(allocated_bytes), sum(live_blocks),
        sum(live_bytes), sum(peak_blocks), sum(peak_bytes) FROM stack_totals""")
    found, = b.ch.rows("""SELECT toInt32(sumIf(objects, kind = 'alloc')), toInt32(sumIf(bytes, kind = 'alloc')),
        toInt32(sumIf(objects, kind = 'inuse')), toInt32(sumIf(bytes, kind = 'inuse')), toInt32(sumIf(objects, kind = 'peak')),
        toInt32(sumIf(bytes, kind = 'peak')) FROM rheaper_samples""")
    assert list(wanted) == found and found[0] == 6001 and found[2] == 600, (wanted, found)
    for kind, objects in ("alloc", found[0]), ("inuse", found[2]), ("peak", found[4]):
        rows = b.ch.rows(b.run(FLEET, "--service=fed", "--kind=" + kind, "top").rstrip(";\n"))
        assert sum(row[3] for row in rows) == objects and "grow" in rows[0][-1], (kind, rows)


def test_words_that_are_wrong(b):
    for words in (("diff",), ("--service=x", "diff"), ("site",), ("site", "1 OR 1"), ("schema", "x"), ("drop",),
                  ("--service=x", "--from=now()", "top")):
        result = subprocess.run([FLEET, *words], env=b.env, capture_output=True, text=True, check=False)
        assert result.returncode == 2 and "Try" in result.stderr and result.stdout == "", result
    sql = b.run(FLEET, "--service", "it's \\'", "top")
    assert "'it\\'s \\\\\\''" in sql, sql
    b.ch.ask(sql.rstrip(";\n"))


tap.run(globals(), Bench)
if Bench.engine:
    Bench.engine.leave()
