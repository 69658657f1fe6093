#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-report: that its figures are those of SQL on the same database, what it shows of a
part of a process, how text fits a terminal, and what it says of bad input.

usage: check-report.py RHEAPER-REPORT RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY

Prints TAP, one point per test_ function.
"""
import bisect
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree

import tap
from report_page import read_page
from terminal import Terminal
from workbench import Workbench

REPORT, LOADER, BIN = (os.path.abspath(path) for path in sys.argv[1:4])
INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../include")

PROGRAM = """
#include <pthread.h>
#include <stdlib.h>
#include <rheaper.h>
#define OWN __attribute__((noinline, noclone))
static void *volatile lost;
static void *kept[1000];
static OWN void churn(int n)
{
	for (int i = 0; i < n; i++) {
		void *volatile block = malloc(64);
		free(block);
	}
}
static OWN void *leak(size_t size)
{
	lost = malloc(size);
	return lost;
}
static OWN void grow(void)
{
	char *volatile block = malloc(8);
	for (size_t size = 16; size <= 4096; size *= 2)
		block = realloc(block, size);
	free(block);
}
static OWN void fill(int n, size_t size)
{
	for (int i = 0; i < n; i++)
		kept[i] = malloc(size);
}
static OWN void drain(int n)
{
	for (int i = 0; i < n; i++)
		free(kept[i]);
}
static void *worker(void *nothing)
{
	fill(1000, 100);
	return nothing;
}
int main(void)
{
	pthread_t thread;
	churn(500);
	rheaper_mark("load");
	pthread_create(&thread, NULL, worker, NULL);
	pthread_join(thread, NULL);
	for (int i = 0; i < 5; i++)
		leak(1000);
	rheaper_mark("serve");
	drain(900);
	for (int i = 0; i < 20; i++)
		grow();
	rheaper_mark("end of it");
	fill(10, 50);
	drain(10);
	return 0;
}
"""
EDGE = 1e-6  # ms: SQL has times as real numbers


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.env.update(LC_ALL="C.UTF-8", TERM="xterm")
        for name in ("NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PAGER", "COLUMNS", "LESS"):
            self.env.pop(name, None)
        self.file("p.c", PROGRAM)
        self.run(f"{BIN}/rheaper-cc", "-g", "-O1", "-pthread", f"-I{INCLUDE}", "p.c", "-o", "p")
        self.run("./p", RHEAPER_TRACE=self.path("p.bin"), RHEAPER_LEAK_SCAN="1")
        self.run(LOADER, "p.bin", "p.db")

    def report(self, *words, status=0, **more):
        return self.run(REPORT, *words, status=status, **more)

    def json(self, *words):
        return json.loads(self.report("--json", *words))

    def ask(self, sql, *values, db="p.db"):
        with sqlite3.connect(self.path(db)) as connection:
            return connection.execute(sql, values).fetchall()


def by_site(bench, data, sql, *values):
    """The sums of SQL by stack, as sums by site: its handle is its lowest stack."""
    frames = {}
    owners = {}
    for stack, function, file, line in bench.ask(
            "SELECT id, sym, file, line FROM backtraces b WHERE frame_no = "
            "(SELECT owner_frame_no FROM stacks WHERE stack = b.id) ORDER BY id"
            if has_owners(bench) else
            "SELECT id, sym, file, line FROM backtraces WHERE frame_no = 0 ORDER BY id"):
        owners[stack] = frames.setdefault((function, file, line), stack)
    sums = {}
    for stack, *row in bench.ask(sql, *values):
        total = sums.setdefault(owners[stack], [0] * len(row))
        for i, value in enumerate(row):
            total[i] += value
    return sums


def has_owners(bench):
    return any(row[1] == "owner_frame_no" for row in bench.ask("PRAGMA table_info(stacks)"))


def sites_of(data, *names):
    return {site["site"]: [site[name] for name in names] for site in data["sites"]
            if any(site[name] for name in names)}


def test_sites_have_the_figures_of_the_database(bench):
    data = bench.json("p.db")
    names = ["blocks", "bytes", "live_blocks", "live_bytes", "peak_blocks", "peak_bytes",
             "temporary_blocks"]
    expected = by_site(bench, data, "SELECT stack, allocations, allocated_bytes, live_blocks, "
                       "live_bytes, peak_blocks, peak_bytes, temporary_blocks FROM stack_totals")
    assert sites_of(data, *names) == expected
    assert {site["site"]: site["stacks"] for site in data["sites"]} == {
        site: row[0] for site, row in by_site(bench, data, "SELECT stack, 1 FROM stack_totals").items()}


def test_totals_are_those_of_the_database(bench):
    data, totals = bench.json("p.db"), dict(bench.ask("SELECT name, value FROM totals"))
    found = data["totals"]
    for ours, theirs in (("allocations", "allocations"), ("allocated_bytes", "allocated_bytes"),
                         ("temporary", "temporary_blocks"), ("peak_bytes", "peak_bytes"),
                         ("peak_blocks", "peak_blocks"), ("live_blocks", "live_blocks"),
                         ("live_bytes", "live_bytes")):
        assert found[ours] == totals[theirs], ours
    lost = bench.ask("SELECT sum(blocks), sum(bytes) FROM leaks_by_kind WHERE leak_kind <> 'still reachable'")[0]
    assert (found["leaked_blocks"], found["leaked_bytes"]) == lost
    assert abs(found["peak_ms"] * 1e6 - totals["peak_ns"]) < 1


def test_the_tree_has_every_block_once(bench):
    data = bench.json("p.db")
    for value, total in (("blocks", "allocations"), ("bytes", "allocated_bytes"),
                         ("peak_bytes", "peak_bytes"), ("live_bytes", "live_bytes"),
                         ("temporary_blocks", "temporary")):
        assert sum(node.get(value, 0) for node in data["nodes"]) == data["totals"][total], value
    for number, node in enumerate(data["nodes"][1:], 1):
        assert node["parent"] < number
    # Each path is a stack, with its frames
    paths = {}
    for number, node in enumerate(data["nodes"]):
        frame = data["frames"][node["frame"]]
        paths[number] = [] if number == 0 else paths[node["parent"]] + [(frame["function"], frame["line"])]
    ours = {tuple(paths[i]): node["bytes"] for i, node in enumerate(data["nodes"]) if node.get("bytes")}
    stacks = {}
    for stack, function, line in bench.ask(
            "SELECT id, sym, ifnull(line, 0) FROM backtraces ORDER BY id, frame_no DESC"):
        stacks.setdefault(stack, []).append((function, line))
    theirs = {}
    for stack, count in bench.ask("SELECT stack, allocated_bytes FROM stack_totals"):
        theirs[tuple(stacks[stack])] = theirs.get(tuple(stacks[stack]), 0) + count
    assert ours == {path: count for path, count in theirs.items() if count}


AROUND_THE_PEAK = """
#include <stdlib.h>
static void *early[1000], *kept[4000], *late[1000];
int main(void)
{
	for (int i = 0; i < 1000; i++)
		early[i] = malloc(100);
	for (int i = 0; i < 4000; i++) {
		kept[i] = malloc(200);
		if (i % 8 == 0)
			free(early[i / 8]);
	}
	for (int i = 0; i < 1000; i++) {
		late[i] = malloc(50);
		free(kept[i]);
	}
	for (int i = 500; i < 1000; i++)
		free(early[i]);
	return late[0] == kept[0];
}
"""


def move_peak(bench):
    """Moves blocks to the other side of the peak in a database, and asks the report for its sums. Returns how many
    kinds of blocks it found to move."""
    for name in ("a.bin", "a.db"):
        pathlib.Path(bench.path(name)).unlink(missing_ok=True)
    bench.run("./around", RHEAPER_TRACE=bench.path("a.bin"))
    bench.run(LOADER, "a.bin", "a.db")
    data = bench.json("a.db", "--buckets=2")
    edge = data["peak_edge"]
    # A little late, for SQL has times as real numbers
    before, peak, after = (at + EDGE / 10 for at in data["edges"][edge - 1:edge + 2])
    moves = {
        "born later": ("alloc_after > :peak AND alloc_after <= :after AND ifnull(dealloc_after > :after, 1)", 1),
        "died before": ("alloc_after <= :before AND dealloc_after > :before AND dealloc_after <= :peak", 1),
        "born with it": ("alloc_after > :before AND alloc_after <= :peak AND ifnull(dealloc_after > :after, 1)", -1),
        "died later": ("alloc_after <= :before AND dealloc_after > :peak AND dealloc_after <= :after", -1),
    }
    moved = 0
    for what, (where, sign) in moves.items():
        with sqlite3.connect(bench.path("a.db")) as db:
            found = db.execute(f"SELECT bt, size FROM allocations WHERE {where} LIMIT 1",
                               {"before": before, "peak": peak, "after": after}).fetchall()
        if not found:
            continue
        (stack, size), moved = found[0], moved + 1
        shutil.copy(bench.path("a.db"), bench.path("moved.db"))
        with sqlite3.connect(bench.path("moved.db")) as db:
            db.execute("UPDATE stack_totals SET peak_blocks = peak_blocks + ?, peak_bytes = peak_bytes + ?"
                       " WHERE stack = ?", (sign, sign * size, stack))
        data = bench.json("moved.db", "--buckets=2")
        for name in ("peak_blocks", "peak_bytes", "blocks", "bytes", "live_bytes"):
            assert sum(node.get(name, 0) for node in data["nodes"]) == sum(
                site[name] for site in data["sites"]), (what, name)
    return moved


def test_the_peak_is_the_loader_s_where_clocks_cannot_tell(bench):
    """Two threads do something in the same nanoseconds: the loader knows the order, the times do not."""
    bench.file("a.c", AROUND_THE_PEAK)
    bench.run(f"{BIN}/rheaper-cc", "-g", "-O0", "a.c", "-o", "around")
    # Where the edges lie depends on the machine, and a run that was held up has all its blocks between two
    assert any(move_peak(bench) >= 2 for _ in range(5))


def test_a_window_has_what_sql_finds_in_it(bench):
    end = bench.ask("SELECT duration_ms FROM processes")[0][0]
    chosen = random.Random(1)
    for _ in range(30):
        a, b = sorted(chosen.uniform(0, end) for _ in range(2))
        a, b = round(a, 6), round(b, 6)
        data = bench.json("p.db", f"--window={a:.6f}ms..{b:.6f}ms", "--buckets=10")
        within = "alloc_after > ? + 1e-9 AND alloc_after <= ? + 1e-7"
        expected = by_site(bench, data, "SELECT bt, 1, size, dealloc_after IS NULL, "
                           f"iif(dealloc_after IS NULL, size, 0) FROM allocations WHERE {within}", a + EDGE / 10, b)
        assert sites_of(data, "blocks", "bytes", "live_blocks", "live_bytes") == expected, (a, b)
        at = data["totals"]["peak_ms"] + EDGE / 10
        live = bench.ask("SELECT ifnull(sum(size), 0) FROM allocations WHERE alloc_after <= ? "
                         "AND ifnull(dealloc_after > ?, 1)", at, at)[0][0]
        assert data["totals"]["peak_bytes"] == live, (a, b)
        assert all(live >= bench.ask(
            "SELECT ifnull(sum(size), 0) FROM allocations WHERE alloc_after <= ?1 AND "
            "ifnull(dealloc_after > ?1, 1)", data["edges"][edge] + EDGE / 10)[0][0]
            for edge in range(data["window"][0], data["window"][1] + 1))


def test_a_window_may_begin_and_end_at_marks(bench):
    load, serve = (row[0] for row in bench.ask("SELECT at_ms FROM markers ORDER BY marker LIMIT 2"))
    data = bench.json("p.db", "--window=load..serve")
    assert [data["edges"][edge] for edge in data["window"]] == [load, serve]
    assert data["totals"]["allocations"] == bench.ask(
        "SELECT count(*) FROM allocations WHERE alloc_after > ? AND alloc_after <= ?", load, serve)[0][0]
    whole = bench.json("p.db", "--window=start..end")["totals"]
    assert whole["allocations"] == bench.json("p.db")["totals"]["allocations"]
    assert bench.json("p.db", "--window=..load")["totals"]["temporary"] == 0  # not known of a part
    for wrong in ("serve..load", "5..", "x..y", "load", "..-1"):
        text = bench.run(REPORT, "p.db", f"--window={wrong}", status=2, silent=False)
        assert text == "", wrong


def test_a_thread_has_what_it_allocated(bench):
    threads = bench.ask("SELECT number, thread, name FROM threads")
    assert len(threads) == 2
    for number, thread, _ in threads:
        data = bench.json("p.db", f"--thread=t{number}")
        expected = by_site(bench, data, "SELECT bt, 1, size FROM allocations WHERE alloc_thread = ?", thread)
        assert sites_of(data, "blocks", "bytes") == expected
    shares = {t["number"]: (t["allocations"], t["allocated_bytes"], t["live_bytes"])
              for t in bench.json("p.db")["threads"]}
    assert shares == {row[0]: row[1:] for row in bench.ask(
        "SELECT number, allocations, allocated_bytes, live_bytes FROM thread_totals")}


def test_frees_are_those_of_the_database(bench):
    data = bench.json("p.db")
    ours = {}
    for row in data["frees"]:
        frame = data["frames"][row["free_frame"]] if row["free_frame"] is not None else {}
        key = row["site"], frame.get("function")
        ours[key] = ours.get(key, 0) + row["blocks"]
    assert sum(ours.values()) == bench.ask("SELECT sum(blocks) FROM frees")[0][0]
    fill = [site for site in data["sites"] if data["frames"][site["frame"]]["function"] == "fill"]
    assert sum(ours.get((site["site"], "drain"), 0) for site in fill) == 910
    crossed = sum(row["crossed_blocks"] for row in data["frees"])
    assert crossed == bench.ask("SELECT sum(blocks) FROM frees WHERE alloc_thread <> free_thread")[0][0] == 900


def test_frees_by_another_family_are_counted(bench):
    shutil.copy(bench.path("p.db"), bench.path("other.db"))
    with sqlite3.connect(bench.path("other.db")) as db:
        db.execute("UPDATE allocators SET family = 'c++' WHERE name = 'free'")
    mismatched = sum(row["mismatched_blocks"] for row in bench.json("other.db")["frees"])
    assert mismatched == bench.ask("SELECT count(*) FROM mismatches", db="other.db")[0][0] > 0
    assert f"{mismatched:,} blocks were freed by an allocator of another family" in \
        " ".join(bench.report("other.db").split())
    os.unlink(bench.path("other.db"))


def test_reallocs_are_those_of_the_database(bench):
    row = [r for r in bench.json("p.db")["reallocs"]]
    assert len(row) == 1
    expected = bench.ask("SELECT count(*), sum(reallocs), sum(moves), sum(copied_bytes), "
                         "max(final_size) FROM realloc_chains")[0]
    assert (row[0]["chains"], row[0]["reallocs"], row[0]["moves"], row[0]["copied_bytes"],
            row[0]["final_max"]) == expected
    assert row[0]["final_p50"] == row[0]["final_p95"] == 4096


def test_leaks_are_those_of_the_scan(bench):
    ours = {}
    for leak in bench.json("p.db")["leaks"]:
        blocks, count = ours.get(leak["leak_kind"], (0, 0))
        ours[leak["leak_kind"]] = blocks + leak["blocks"], count + leak["bytes"]
    theirs = {kind: (blocks, count) for kind, blocks, count in bench.ask(
        "SELECT leak_kind, sum(blocks), sum(bytes) FROM leaks_by_kind GROUP BY 1")}
    assert ours == theirs and theirs["definitely lost"][0] == 4, (ours, theirs)


STRUCTURE = """
#include <stdlib.h>
struct node { struct node *next; char *name; };
static __attribute__((noinline)) struct node *make(struct node *next)
{
	struct node *volatile node = malloc(80);
	node->next = next;
	node->name = malloc(300);
	return node;
}
static __attribute__((noinline)) void lose(int n)
{
	struct node *node = NULL;
	for (int i = 0; i < n; i++)
		node = make(i % 5 ? node : NULL);
}
int main(void)
{
	static void *volatile kept;

	kept = malloc(9);
	for (int i = 0; i < 4; i++)
		lose(5);
	lose(0);
	return 0;
}
"""


def test_what_hangs_below_a_lost_block_is_with_it(bench):
    bench.file("s.c", STRUCTURE)
    bench.run(f"{BIN}/rheaper-cc", "-g", "-O1", "s.c", "-o", "s")
    bench.run("./s", RHEAPER_TRACE=bench.path("lost.bin"), RHEAPER_LEAK_SCAN="1")
    bench.run(LOADER, "lost.bin", "lost.db")
    data = bench.json("lost.db")
    lost = [leak for leak in data["leaks"] if leak["leak_kind"] == "definitely lost"]
    theirs = bench.ask("SELECT sum(blocks), sum(bytes), sum(indirect_blocks), sum(indirect_bytes) "
                       "FROM leaks_by_kind WHERE leak_kind = 'definitely lost'", db="lost.db")[0]
    assert tuple(sum(leak[name] for leak in lost) for name in (
        "blocks", "bytes", "indirect_blocks", "indirect_bytes")) == theirs, (lost, theirs)
    assert theirs[2] > 3 * theirs[0] > 0
    text = bench.report("lost.db")
    assert re.search(r"^definitely lost: .* and [\d.]+ kB reachable only through them$", text, re.M), text
    assert re.search(r"make  s\.c:6 .*\(\+ [\d.]+ kB only through them\)", text), text
    assert data["totals"]["leaked_bytes"] == bench.ask(
        "SELECT sum(bytes) FROM leaks_by_kind WHERE leak_kind <> 'still reachable'", db="lost.db")[0][0]
    # Where the trace was cut short afterwards, what was lost by then, and nothing else
    with sqlite3.connect(bench.path("lost.db")) as db:
        kinds = {kind for kind, in db.execute("SELECT leak_kind FROM allocations WHERE ending = 'live'")}
        assert kinds == {"definitely lost", "indirectly lost", "still reachable"}, kinds
        db.execute("UPDATE processes SET ending = 'stopped'")
    cut = bench.json("lost.db")
    assert {leak["leak_kind"] for leak in cut["leaks"]} == {"definitely lost", "indirectly lost"}, cut["leaks"]
    assert [leak for leak in cut["leaks"] if leak["leak_kind"] == "definitely lost"] == lost
    assert cut["totals"]["leaked_bytes"] == bench.ask("SELECT sum(bytes) FROM leaks_by_kind", db="lost.db")[0][0]
    text = bench.report("lost.db")
    assert "is not called leaked, but for what a leak scan had found lost." in text and "definitely lost: " in text, text


def test_the_overview_says_what_ran_and_what_stands_out(bench):
    text = bench.report("p.db")
    totals = dict(bench.ask("SELECT name, value FROM totals"))
    assert text.startswith("p  (pid ") and f"{totals['allocations']:,} allocations" in text
    for heading in ("At the peak: ", "Most allocations: ", "Temporary ", "definitely lost: ",
                    "Threads", "Findings"):
        assert "\n" + heading in text, (heading, text)
    assert re.search(r"^s\d+ .* fill  p\.c:\d+ < worker", text, re.M), text
    assert re.search(r"^s\d+ .*leak lost 4 blocks: 4\.00 kB that nothing points to\.$", text, re.M), text
    assert "\x1b" not in text and "█" not in text
    assert "Not seen" not in text, text
    bench.run("./p", RHEAPER_TRACE=bench.path("q.bin"))
    text = bench.report("q.bin")
    assert "Not seen\n" in text and "-> RHEAPER_LEAK_SCAN=1\n" in text, text
    os.unlink(bench.path("q.bin"))


def test_the_overview_says_whose_strings_are_not_in_it(bench):
    code = bench.file("own.c", "int main(void) { return 0; }\n")
    for words, said in ((["--rheaper-capture=link"], True), ([], False)):
        bench.run(os.path.join(BIN, "rheaper-cc"), "-g", code, "-o", "own", *words)
        bench.run("./own", RHEAPER_TRACE=bench.path("own.bin"))
        text = bench.report("own.bin")
        assert ("not all memory of std::string" in " ".join(text.split())) == said, (words, text)
        assert ("a plug-in in C++ with -static-libstdc++" in " ".join(text.split())) == said, text
        os.unlink(bench.path("own.bin"))


def test_the_overview_says_what_was_in_memory(bench):
    """Beside what was live at that moment; of the whole process only."""
    size, at = bench.ask("SELECT bytes, at_ms FROM resident ORDER BY bytes DESC, at_ms")[0]
    live = bench.ask("SELECT coalesce(sum(size), 0) FROM blocks WHERE alloc_ns <= ?1"
                     " AND coalesce(alloc_ns + lifetime_ns > ?1, 1)", round(at * 1e6))[0][0]

    def figure(text):
        number, unit = text.split()
        return float(number) * 1000 ** ["B", "kB", "MB"].index(unit)
    said = re.search(r"^In memory: at most ([\d.]+ MB) at [\d.]+ [mu]?s, when ([\d.]+ k?B) were live\.$",
                     bench.report("p.db"), re.M)
    assert abs(figure(said[1]) - size) <= size / 100 and abs(figure(said[2]) - live) <= live / 100, (said, size, live)
    for words in ["--window=load..serve"], ["--thread=t1"]:
        assert "In memory" not in bench.report("p.db", *words), words
    shutil.copy(bench.path("p.db"), bench.path("unknown.db"))
    with sqlite3.connect(bench.path("unknown.db")) as connection:
        connection.execute("DELETE FROM resident")
    connection.close()
    text = bench.report("unknown.db")
    assert "In memory" not in text and "heap snapshot" not in text, text


def test_a_site_is_found_by_its_handle(bench):
    text = bench.report("p.db")
    handle = re.search(r"^(s\d+) .* fill  p\.c", text, re.M).group(1)
    shown = bench.report("p.db", f"--site={handle}")
    assert f"\n{handle}  fill  p.c:" in shown and "Freed by" in shown, shown
    assert re.search(r" 910 blocks, +90\.5 kB  drain  p\.c:\d+", shown), shown
    assert "\n    worker  p.c:" in shown and "Stacks: 2" in shown, shown
    assert re.search(r"^  from 64 B +1,000 *$", shown, re.M), shown
    assert bench.run(REPORT, "p.db", "--site=s999999", status=2, silent=False) == ""


def test_sites_are_outside_of_wrappers(bench):
    text = bench.report("p.db")
    assert re.search(r"^s\d+ .* fill  p\.c:\d+ < worker", text, re.M), text
    text = bench.report("p.db", "--wrapper=fill", "--wrapper=chur?")
    assert re.search(r"^s\d+ .* malloc ← fill ← worker  p\.c:\d+$", text, re.M), text
    assert re.search(r"^s\d+ .* malloc ← churn ← main  p\.c:\d+$", text, re.M), text
    data = bench.json("p.db", "--wrapper=fill")
    skipped = {frame["function"] for frame in data["frames"] if frame["skipped"]}
    assert "fill" in skipped and "churn" not in skipped, skipped
    assert data["totals"] == bench.json("p.db")["totals"]
    whole = bench.report("p.db", "--wrapper=fill", "--full-names")
    assert re.search(r"^s\d+ .*  worker  /.*/p\.c:\d+$", whole, re.M), whole


def test_trees_go_both_ways(bench):
    down = bench.report("p.db", "--tree", "--sort=count").splitlines()
    up = bench.report("p.db", "--callers", "--sort=count").splitlines()

    def column(lines, name):
        return [line for line in lines if line.endswith(" " + name)]

    calls = bench.ask("SELECT sum(allocations) FROM call_sites WHERE function = 'churn'")[0][0]
    assert len(column(down, "churn")) == 1 and f" {calls:,} " in column(down, "churn")[0], down
    assert down.index(column(down, "main")[0]) < down.index(column(down, "churn")[0])
    churn = up.index(column(up, "churn")[0])
    assert up[churn + 1].endswith(" main"), up


def columns_of(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


def on_terminal(bench, *words, columns=80, lines=1000, **env):
    terminal = Terminal([REPORT, *words], {**bench.env, **env}, bench.dir, lines, columns)
    status = terminal.report()
    terminal.close()
    assert status == "0", (status, terminal.output)
    return terminal.output.decode()


def test_lines_fit_the_terminal(bench):
    for columns in (120, 80, 60, 40, 30):
        for words in ((), ("--tree",), ("--callers",), ("--sort=bytes",)):
            text = on_terminal(bench, "p.db", "--no-pager", *words, columns=columns)
            for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
                if not line.startswith("Next: ") and columns >= 60:
                    assert columns_of(line) <= columns, (columns, words, line)
    assert "█" in on_terminal(bench, "p.db", "--no-pager", columns=120)
    assert "█" not in on_terminal(bench, "p.db", "--no-pager", columns=120, LC_ALL="C")


def test_colours_are_for_terminals(bench):
    assert "\x1b[1m" in on_terminal(bench, "p.db", "--no-pager")
    assert "\x1b" not in on_terminal(bench, "p.db", "--no-pager", NO_COLOR="1")
    assert "\x1b" not in on_terminal(bench, "p.db", "--no-pager", TERM="dumb")
    assert "\x1b" in on_terminal(bench, "p.db", "--no-pager", "--color=always", NO_COLOR="1")
    assert "\x1b" in bench.report("p.db", "--color=always")
    assert "\x1b" not in bench.report("p.db")
    assert "\x1b" in bench.report("p.db", CLICOLOR_FORCE="1")


def test_long_text_goes_through_the_pager(bench):
    text = on_terminal(bench, "p.db", lines=10, RHEAPER_PAGER="sed s/^/paged:/")
    assert all(line.startswith("paged:") for line in text.splitlines()), text
    assert "paged:" not in on_terminal(bench, "p.db", RHEAPER_PAGER="")
    assert "paged:" not in bench.report("p.db", RHEAPER_PAGER="sed s/^/paged:/")


def test_units_may_be_of_1024(bench):
    assert " kB" in bench.report("p.db") and " KiB" not in bench.report("p.db")
    assert " KiB" in bench.report("p.db", "--iec") and " kB" not in bench.report("p.db", "--iec")


def test_of_several_processes_it_is_the_largest_of_the_last_run(bench):
    shutil.copy(bench.path("p.db"), bench.path("two.db"))
    bench.file("small.c", "#include <stdlib.h>\nint main(void) { free(malloc(7)); return 0; }\n")
    bench.run(f"{BIN}/rheaper-cc", "-g", "small.c", "-o", "small")
    bench.run("./small", RHEAPER_TRACE=bench.path("small.bin"))
    bench.run(LOADER, "--append", "--label=second", "small.bin", "two.db")
    assert bench.report("two.db").startswith("small  (pid ")
    assert "2 processes; this report is about p2" in bench.report("two.db")
    assert bench.report("two.db", "--run=1").startswith("p  (pid ")
    assert bench.report("two.db", "--run=second").startswith("small  (pid ")
    assert bench.report("two.db", "--process=1").startswith("p  (pid ")
    for words in (("--process=3",), ("--run=third",)):
        assert bench.run(REPORT, "two.db", *words, status=2, silent=False) == ""
    text = bench.report("p.bin", "small.bin")  # one run
    assert text.startswith("p  (pid ")


def test_traces_are_loaded_on_the_way(bench):
    def without_times(text):
        return re.sub(r"at \S+ \S+;", "", text).split("\nNext")[0]

    assert without_times(bench.report("p.bin")) == without_times(bench.report("p.db"))
    left = [name for name in os.listdir(bench.dir) if "rheaper-" in name]
    bench.report("p.bin", TMPDIR=bench.dir)
    assert left == [name for name in os.listdir(bench.dir) if "rheaper-" in name]


def test_a_sample_is_called_an_estimate(bench):
    bench.run("./p", RHEAPER_TRACE=bench.path("s.bin"), RHEAPER_SAMPLE_BYTES="512")
    text = bench.report("s.bin")
    assert re.search(r"^about [\d,]+ allocations", text, re.M), text
    assert "every figure is an estimate" in text, text
    assert re.search(r"^site +bytes +95 % ", text, re.M) and re.search(r" ± \d+\.\d %", text), text
    bench.run(LOADER, "s.bin", "s.db")
    data = bench.json("s.db")
    assert data["estimate"]["sample_bytes"] == 512
    for name, what in (("blocks", "1"), ("bytes", "size * size"),
                       ("live_bytes", "size * size * (dealloc_after IS NULL)")):
        variance = bench.ask(f"SELECT sum(weight * (weight - 1) * {what}) FROM allocations", db="s.db")[0][0]
        assert abs(data["errors"][name] - 1.96 * variance ** 0.5) < 1, (name, variance)
        assert abs(sum(site["errors"][name] ** 2 for site in data["sites"]) ** 0.5 - data["errors"][name]) < \
            len(data["sites"])
    assert "errors" not in bench.json("p.db")


def test_names_from_outside_are_only_text(bench):
    evil = ["\x1b]52;c;cm0=\x07", "a\u202eb", "</script><script>", "x\x9by", "\u4e2d\u6587" * 60]
    shutil.copy(bench.path("p.db"), bench.path("evil.db"))
    with sqlite3.connect(bench.path("evil.db")) as db:
        for i, name in enumerate(evil):
            db.execute("UPDATE frames SET function = ? WHERE frame % ? = ?", (name, len(evil), i))
        db.execute("UPDATE threads SET name = ?", (evil[0],))
        db.execute("UPDATE processes SET executable = ?, command_line = ?", (evil[0], '["a", ] <!--'))
    for words in ((), ("--tree",), ("--callers",), ("--site=s1",)):
        text = bench.report("evil.db", *words)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text), (words, text)
    data = json.loads(bench.report("evil.db", "--json"))
    names = {frame["function"] for frame in data["frames"]}
    assert names >= set(evil[:2]) or len(names) > 1, names
    assert data["process"]["command_line"] is None


def changed(bench, sql):
    """A database that lies: its name."""
    shutil.copy(bench.path("p.db"), bench.path("lie.db"))
    with sqlite3.connect(bench.path("lie.db")) as db:
        db.executescript(sql)
    return "lie.db"


def test_damaged_lots_and_weights_are_refused(bench):
    for sql in ("UPDATE lots SET first_block = 1", "UPDATE lots SET weight = 9e999", "UPDATE lots SET weight = -1",
                f"UPDATE lots SET first_block = {2**63 - 1}, last_block = {-2**63}",
                f"UPDATE lots SET first_block = {-2**63}, last_block = {2**63 - 1}",
                f"INSERT INTO blocks VALUES ({2**63 - 1}, 1, 1, 1, 1); "
                f"UPDATE lots SET first_block = {2**63 - 1}, last_block = {2**63 - 1}"):
        result = subprocess.run([REPORT, "--json", changed(bench, sql)], cwd=bench.dir, env=bench.env,
                                capture_output=True, text=True)
        assert result.returncode == 2 and result.stdout == "", (sql, result)
        assert re.fullmatch(r"rheaper-report: read lie.db: the database is damaged: .*\n", result.stderr), result


def test_times_and_totals_that_lie_stay_in_order(bench):
    for sql in ("UPDATE processes SET duration_ms = -7; UPDATE totals SET value = -100 WHERE name = 'peak_ns'",
                "UPDATE processes SET duration_ms = 9e999", "UPDATE processes SET duration_ms = 1e300",
                "UPDATE markers SET at_ms = 9e999", "UPDATE markers SET at_ms = -1e300"):
        data = bench.json(changed(bench, sql))
        assert data["edges"][0] == 0 and data["edges"] == sorted(data["edges"]), sql
        ends = [m["edge"] for m in data["markers"]]
        assert ends == sorted(ends), (sql, ends)
    data = bench.json(changed(bench, "UPDATE processes SET duration_ms = 9e999"))
    assert data["edges"][-1] > 9e12, data["edges"][-1]
    text = bench.report(changed(bench, "UPDATE processes SET process = 0"))
    assert text.startswith("p  (pid "), text
    assert bench.json(changed(bench, "UPDATE processes SET command_line = '[1]' || char(0) || 'x'"))[
        "process"]["command_line"] is None


def test_frames_of_no_stack_count_nothing(bench):
    data = bench.json(changed(bench, "DELETE FROM stacks WHERE stack % 2"))
    known = bench.ask("SELECT count(*) FROM stack_totals JOIN stacks USING (stack)", db="lie.db")[0][0]
    assert sum(site["stacks"] for site in data["sites"]) == known + 1  # the unknown one


def test_a_name_of_megabytes_takes_no_time(bench):
    name = changed(bench, "UPDATE frames SET function = printf('%.*c', 4000000, 'x') WHERE function = 'fill'")
    for words in (("--tree",), ("--site=s1",), ()):
        bench.report(name, "--full-names", *words)
    os.unlink(bench.path("lie.db"))


def test_a_temporary_database_does_not_outlive_the_pager(bench):
    os.mkdir(bench.path("tmp"))
    terminal = Terminal([REPORT, "p.bin"], {**bench.env, "TMPDIR": bench.path("tmp"),
                                            "PAGER": "kill -TERM $PPID; cat"}, bench.dir)
    assert terminal.report() == str(-signal.SIGTERM), terminal.output
    terminal.close()
    assert os.listdir(bench.path("tmp")) == []


def test_an_interrupt_is_the_pager_s(bench):
    """As less takes it for the end of a search: the report waits until it is left."""
    text = on_terminal(bench, "p.db", PAGER="trap '' INT; kill -INT $PPID; cat; echo over")
    assert text.rstrip().endswith("over") and "allocations" in text, text


def test_bad_input_is_refused_with_a_sentence(bench):
    bench.file("empty", "")
    bench.file("text", "hello\n" * 1000)
    with sqlite3.connect(bench.path("other.db")) as db:
        db.execute("CREATE TABLE x (y)")
    shutil.copy(bench.path("p.db"), bench.path("none.db"))
    with sqlite3.connect(bench.path("none.db")) as db:
        for table in ("blocks", "lots", "stack_totals", "timeline", "totals", "losses", "threads",
                      "process_modules", "markers", "realloc_chains", "processes"):
            db.execute(f"DELETE FROM {table}")
    for name in ("empty", "text", "other.db", "none.db", "missing", ".", "/dev/null"):
        text = bench.run(REPORT, name, status=2, silent=False)
        assert text == "", name
    for words in (("p.db", "p.db"), ("p.bin", "p.db"), ("p.db", "--tree", "--site=s1"),
                  ("p.db", "--thread=t9"), ("p.db", "--json", "--tree"), ("p.db", "--buckets=0")):
        assert bench.run(REPORT, *words, status=2, silent=False) == "", words


def test_no_page_takes_the_place_of_what_is_read(bench):
    shutil.copy(bench.path("p.bin"), bench.path("first.bin"))
    shutil.copy(bench.path("small.bin"), bench.path("second.bin"))
    for name in "first.bin", "second.bin":
        with open(bench.path(name), "rb") as trace:
            before = trace.read()
        for kind in "--svg", "--html":
            assert bench.run(REPORT, "first.bin", "second.bin", f"{kind}={name}", status=2, silent=False) == ""
            with open(bench.path(name), "rb") as trace:
                assert trace.read() == before, (kind, name)


def test_a_process_without_blocks_is_reported(bench):
    bench.file("idle.c", "int main(void) { return 0; }\n")
    bench.run(f"{BIN}/rheaper-cc", "idle.c", "-o", "idle", "--rheaper-capture=link")
    bench.run("./idle", RHEAPER_TRACE=bench.path("idle.bin"))
    for words in ((), ("--tree",), ("--callers",), ("--sort=bytes",)):
        bench.report("idle.bin", *words)
    assert bench.json("idle.bin")["totals"]["allocations"] == 0, bench.json("idle.bin")["totals"]


def test_a_stack_may_be_deep(bench):
    """10,000 frames and more: nothing here recurses."""
    shutil.copy(bench.path("p.db"), bench.path("deep.db"))
    with sqlite3.connect(bench.path("deep.db")) as db:
        stack, depth, frame = db.execute(
            "SELECT stack, count(*), max(frame) FROM stack_frames GROUP BY stack ORDER BY 2 DESC").fetchone()
        db.execute("UPDATE stacks SET depth = ?, frames = replace(frames, ']', ?) WHERE stack = ?",
                   (depth + 20000, f",{frame}" * 20000 + "]", stack))
    for words in ((), ("--tree",), ("--callers",), ("--json",), (f"--site=s{stack}",)):
        bench.report("deep.db", *words)


def test_a_flame_graph_has_the_tree(bench):
    bench.report("p.db", "--svg=p.svg", "--sort=count")
    root = xml.etree.ElementTree.parse(bench.path("p.svg")).getroot()
    space = "{http://www.w3.org/2000/svg}"
    boxes = {group.find(space + "title").text: float(group.find(space + "rect").get("width"))
             for group in root.iter(space + "g")}
    total = bench.ask("SELECT sum(allocations) FROM stack_totals")[0][0]
    churn = bench.ask("SELECT sum(allocations) FROM call_sites WHERE function = 'churn'")[0][0]
    whole, = [width for title, width in boxes.items() if title.startswith("all: ")]
    part, = [width for title, width in boxes.items() if title.startswith(f"churn: {churn:,} blocks, ")]
    assert abs(part / whole - churn / total) < 0.001
    with open(bench.path("p.svg")) as picture:
        text = picture.read()
    assert "<script" not in text and text.count("http") == 1
    bench.report("p.db", "--svg=up.svg", "--callers")
    assert bench.run(REPORT, "p.db", "--svg=x.svg", "--html=x.html", status=2, silent=False) == ""


def page_of(bench, *words, db="p.db"):
    bench.report(db, f"--html={bench.path('page.html')}", *words)
    return read_page(bench.path("page.html"))


def needs_page(bench):
    result = subprocess.run([REPORT, "p.db", f"--html={bench.path('page.html')}"], cwd=bench.dir,
                            env=bench.env, capture_output=True, text=True)
    if "built without the libraries" in result.stderr:
        assert result.returncode == 2 and not os.path.exists(bench.path("page.html"))
        raise tap.Skip("the libraries of report pages were not fetched")
    assert result.returncode == 0, result


def test_the_page_has_the_cube_of_the_database(bench):
    needs_page(bench)
    for words in ((), ("--prune=0",), ("--prune=30",)):
        text, columns = page_of(bench, *words)
        edges = text["edges"]
        born, died = columns["cube.born"], columns["cube.died"]
        cells = list(zip(born, died, columns["cube.blocks"], columns["cube.bytes"]))
        ours = {}
        for a, f, blocks, count in cells:
            total = ours.setdefault((a, f), [0, 0])
            total[0] += blocks
            total[1] += count
        theirs = {}
        for alloc, free, size in bench.ask("SELECT alloc_after, dealloc_after, size FROM allocations"):
            a = bisect.bisect_left(edges, alloc - EDGE / 10)
            f = len(edges) if free is None else bisect.bisect_left(edges, free - EDGE / 10)
            total = theirs.setdefault((a, f), [0, 0])
            total[0] += 1
            total[1] += size
        assert ours == theirs, words
        peak = text["peak_edge"]
        assert sum(c for a, f, _, c in cells if a <= peak < f) == text["totals"]["peak_bytes"]
        assert abs(edges[peak] - text["totals"]["peak_ms"]) < EDGE
        assert [edges[m["edge"]] for m in text["markers"]] == [m["at_ms"] for m in text["markers"]]
    assert text["pruned"]["nodes"] > 0


def test_the_page_has_the_tree_and_the_sites(bench):
    needs_page(bench)
    text, columns = page_of(bench, "--prune=0")
    for parent, number in zip(columns["node.parent"], range(len(columns["node.parent"]))):
        assert parent < number or number == 0
    by_site = {}
    for node, count in zip(columns["cube.node"], columns["cube.bytes"]):
        by_site[columns["node.site"][node]] = by_site.get(columns["node.site"][node], 0) + count
    assert by_site == {i + 1: count for i, count in enumerate(columns["site.bytes"]) if count}
    names = [text["strings"][i] for i in columns["function.full"]]
    functions = {names[columns["frame.function"][frame - 1]] for frame in columns["site.frame"]}
    assert functions == {row[0] for row in bench.ask("SELECT DISTINCT function FROM call_sites")} or \
        has_owners(bench)
    for table, total in (("heat", "blocks"), ("handover", "blocks"), ("thread_site", "blocks")):
        assert sum(columns[f"{table}.{total}"]) == text["totals"]["allocations"], table
    assert sum(columns["free.blocks"]) == bench.ask("SELECT sum(blocks) FROM frees")[0][0]
    assert sum(columns["leak.blocks"]) == text["totals"]["live_blocks"]
    for value, sql in (("high_bytes", "peak_bytes"), ("low_bytes", "low_bytes")):
        assert columns[f"timeline.{value}"] == [
            row[0] for row in bench.ask(f"SELECT {sql} FROM timeline ORDER BY at_ms")]


def test_a_page_is_the_same_every_time_and_as_small_as_wanted(bench):
    needs_page(bench)
    pages = []
    for _ in range(2):
        page_of(bench)
        with open(bench.path("page.html"), "rb") as page:
            pages.append(page.read())
    assert pages[0] == pages[1]
    sizes = []
    for words in (("--prune=0",), ("--prune=90",)):
        page_of(bench, *words)
        sizes.append(os.path.getsize(bench.path("page.html")))
    least = sum(sizes) // 2
    text = bench.run(REPORT, "p.db", f"--html={bench.path('page.html')}", "--max-size=10K", status=2,
                     silent=False)
    assert text == ""
    assert page_of(bench, "--prune=0", f"--max-size={least}")[0]["pruned"]["threshold"] > 0
    assert os.path.getsize(bench.path("page.html")) <= least


def test_a_page_leaves_out_what_is_redacted(bench):
    needs_page(bench)
    source = os.path.basename(bench.dir)
    whole = json.dumps(page_of(bench)[0])
    text = page_of(bench, "--redact=args,paths", "--redact=host")[0]
    assert source in whole and source not in json.dumps(text)
    assert text["redacted"] == ["args", "paths", "host"]
    assert text["process"]["host"] is None and text["process"]["command_line"] is None
    assert text["command"] is None and text["sources"] == {}
    sources = page_of(bench, f"--embed-source={bench.dir}")[0]["sources"]
    lines = [line for path, lines in sources.items() for _, line in lines]
    assert any(path.endswith("p.c") for path in sources) and "\tlost = malloc(size);" in lines, sources
    os.mkdir(bench.path("elsewhere"))
    assert page_of(bench, f"--embed-source={bench.path('elsewhere')}")[0]["sources"] == {}
    assert bench.run(REPORT, "p.db", "--html=x", "--redact=all", status=2, silent=False) == ""


def test_names_cannot_leave_their_place_in_a_page(bench):
    needs_page(bench)
    evil = ["</script><script>alert(1)</script>", "<!--<script>", "</title><b>", "\"'><img src=x>", "\0x\x1b]"]
    shutil.copy(bench.path("p.db"), bench.path("evil.db"))
    with sqlite3.connect(bench.path("evil.db")) as db:
        for i, name in enumerate(evil):
            db.execute("UPDATE frames SET function = ?, file = ? WHERE frame % ? = ?", (name, name, len(evil), i))
        for table, column in (("threads", "name"), ("markers", "text"), ("processes", "executable"),
                              ("processes", "host"), ("modules", "path"), ("runs", "label")):
            db.execute(f"UPDATE {table} SET {column} = ?", (evil[2] + evil[1] + evil[0],))
    text, columns = page_of(bench, db="evil.db")
    with open(bench.path("page.html"), encoding="utf-8") as page:
        html = page.read()
    for name in evil:
        assert name not in html, name
    assert html.count("<script") == 3 + html.count('"<script')
    assert {text["strings"][i] for i in columns["function.full"]} >= set(evil[:4])


def test_sources_are_files_only(bench):
    needs_page(bench)
    os.mkdir(bench.path("src"))
    os.mkfifo(bench.path("src/pipe.c"))
    os.symlink("/dev/zero", bench.path("src/zero.c"))
    os.symlink("../p.c", bench.path("src/p.c"))
    for place in ("src/pipe.c", "src/zero.c", "src/p.c", "../p.c", "/dev/zero"):
        path = place if place[0] == "/" else bench.path(place)
        name = changed(bench, f"UPDATE frames SET file = '{path}'")
        for root in (bench.path("src"), *(["/"] if place == "/dev/zero" else [])):
            assert not any(page_of(bench, f"--embed-source={root}", db=name)[0]["sources"].values()), place


tap.run(globals(), Bench)
