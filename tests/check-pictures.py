#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-export: profiles for speedscope, DHAT's viewer, ms_print and the Firefox Profiler, each
opened by that very program, as far as it is here, and compared with SQL and with Valgrind; which
processes any export takes.

usage: check-pictures.py RHEAPER-EXPORT RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

RHEAPER_SPEEDSCOPE is the directory of speedscope's release, RHEAPER_PROFILER_CLI the command that
runs the Firefox Profiler's; without them and without Chromium points are skipped. Prints TAP, one
point per test_ function.
"""
import base64
import collections
import csv
import gzip
import html
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

EXPORT, LOADER, BIN, SOURCE = (os.path.abspath(path) for path in sys.argv[1:5])
DHAT_VIEW = "/usr/libexec/valgrind/dh_view"
FORMATS = "collapsed", "pprof", "speedscope", "dhat", "massif", "firefox"

PROGRAM = """
#include <stdlib.h>
#include <string.h>
#ifdef PLAIN
#define rheaper_mark(text) ((void)0)
#define RHEAPER_SCOPE(name) ((void)0)
#else
#include "rheaper.h"
#endif
#define OWN __attribute__((noinline, noclone))
static void *volatile keep;
static void *held[100];
static OWN void *leaf(size_t size)
{
	void *block = malloc(size);

	keep = block;
	memset(block, 1, size);
	return block;
}
static inline __attribute__((always_inline)) void *inlined(size_t size)
{
	void *block = leaf(size);

	__asm__ volatile("" : : : "memory");
	return block;
}
static OWN void grow(size_t n)
{
	RHEAPER_SCOPE("grow");
	for (size_t i = 0; i < n; i++)
		held[i] = inlined(100 + i);
}
static OWN void shrink(size_t n)
{
	RHEAPER_SCOPE("shrink");
	for (size_t i = 0; i < n; i++)
		free(held[i]);
}
static OWN void churn(void)
{
	for (int i = 0; i < 5000; i++)
		free(leaf(32));
}
int main(int argc, char **argv)
{
	size_t n = (size_t)atoi(argv[argc - 1]);

	rheaper_mark("begin");
	grow(n);
	churn();
	shrink(n - 10);
	rheaper_mark("end");
	keep = calloc(1, 500);
	return 0;
}
"""

EMPTY = "int main(void) { return 0; }\n"


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.file("p.c", PROGRAM)
        self.run(BIN + "/rheaper-cc", "-I", SOURCE + "/include", "-g", "-O1", "p.c", "-o", "p")
        for name, n in ("a", 100), ("b", 40), ("c", 60):
            self.run(self.path("p"), str(n), RHEAPER_TRACE=self.path(name + ".bin"))
        self.run(LOADER, "-q", "a.bin", "a.db")
        # Two runs, the second of two processes
        self.run(LOADER, "-q", "--label=first", "a.bin", "runs.db")
        self.run(LOADER, "-q", "--append", "--label=second", "b.bin", "c.bin", "runs.db")

    def export(self, form, *words, said=""):
        """What it writes, as text, if it says just that on standard error."""
        result = subprocess.run([EXPORT, "-f", form, *words], cwd=self.dir, env=self.env, timeout=240, capture_output=True)
        assert result.returncode == 0, result
        assert (said in result.stderr.decode() if said else result.stderr == b""), result
        output = result.stdout
        return (gzip.decompress(output) if form == "pprof" else output).decode("utf-8", "replace" if form == "pprof" else "strict")

    def sql(self, query, *values, db="a.db"):
        with sqlite3.connect(self.path(db)) as database:
            return database.execute(query, values).fetchall()

    def value(self, query, *values, db="a.db"):
        return self.sql(query, *values, db=db)[0][0]

    def change(self, name, sql, *values, db="a.db"):
        """A copy of a database with other content."""
        shutil.copy(self.path(db), self.path(name))
        with sqlite3.connect(self.path(name)) as database:
            if values:
                database.execute(sql, values)
            else:
                database.executescript(sql)
        return name

    def browse(self, url):
        """The page that headless Chromium makes of it."""
        browser = shutil.which("chromium")
        if not browser:
            raise tap.Skip("no chromium here")
        result = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
             "--allow-file-access-from-files", "--virtual-time-budget=20000", "--user-data-dir=" + self.path("chromium"),
             "--dump-dom", url], cwd=self.dir, env={**self.env, "HOME": self.dir}, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=240)
        assert result.returncode == 0, result
        return result.stdout

    def speedscope(self, text, view="sandwich"):
        """What speedscope's release shows: its own way to open a file from a command line."""
        release = os.environ.get("RHEAPER_SPEEDSCOPE")
        if not release:
            raise tap.Skip("speedscope was not fetched")
        data = base64.b64encode(text.encode()).decode()
        self.file("load.js", f'speedscope.loadFileFromBase64("p.json", "{data}")')
        page = self.browse(f"file://{release}/index.html#view={view}&localProfilePath={self.path('load.js')}")
        assert " - speedscope</title>" in page, page[:2000]
        return page

    def dh_view(self, text):
        """The tree that DHAT's viewer shows of a file."""
        if not os.path.exists(DHAT_VIEW + ".html"):
            raise tap.Skip("no dh_view here")
        with open(DHAT_VIEW + ".html") as page:
            page = page.read().replace("<head>", f'<head><base href="file://{os.path.dirname(DHAT_VIEW)}/">', 1)
        data = base64.b64encode(text.encode()).decode()
        self.file("dh.html", page + f"""<script>addEventListener("load", () => {{
            const files = new DataTransfer();
            files.items.add(new File([Uint8Array.from(atob("{data}"), c => c.charCodeAt(0))], "p.dhat"));
            gInput.files = files.files;
            gSelect.selectedIndex = 0;
            loadFile();
        }});</script>""")
        page = re.sub("<script.*?</script>", "", self.browse("file://" + self.path("dh.html")), flags=re.S)
        return html.unescape(re.sub("<[^>]*>", "", page))

    def ms_print(self, text, *words):
        if not shutil.which("ms_print"):
            raise tap.Skip("no ms_print here")
        self.file("m.massif", text)
        return self.run("ms_print", *words, "m.massif", TMPDIR=self.dir)

    def profiler(self, text, *commands):
        """What the Firefox Profiler answers to commands, which may depend on earlier answers, as JSON."""
        cli = os.environ.get("RHEAPER_PROFILER_CLI")
        if not cli:
            raise tap.Skip("the Firefox Profiler was not fetched")
        self.file("f.json", text)
        env = {**self.env, "PROFILER_CLI_SESSION_DIR": self.path("f"), "HOME": self.dir}  # has a socket: short

        def ask(*words):
            return subprocess.run([*cli.split("|"), *words, "--session", "s", "--json"], cwd=self.dir, env=env,
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=240)

        def answer_all():
            """The answers; None if the session was lost before the first one."""
            # Its own command to load a file waits half a second for this process, which may be too short
            daemon = subprocess.Popen([*cli.split("|"), "--daemon", self.path("f.json"), "--session", "s"], cwd=self.dir,
                                      env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            answers = []
            try:
                for _ in range(100):
                    ready = ask("profile", "info")
                    if ready.returncode == 0 or daemon.poll() is not None:
                        break
                if ready.returncode != 0:
                    return None
                for command in commands:
                    result = ask(*(command(answers) if callable(command) else command))
                    assert result.returncode == 0, (command, result)
                    answers.append(json.loads(result.stdout))
                return answers
            finally:
                daemon.kill()
                daemon.wait()
                shutil.rmtree(self.path("f"), ignore_errors=True)
        # Whoever asks before it listens may take it for dead, and forgets the session
        for _ in range(10):
            answers = answer_all()
            if answers is not None:
                return answers
        raise AssertionError("the Firefox Profiler did not begin to answer in ten attempts")


def stacks_of(b, value, db="a.db", where="1"):
    """Of each function the value of all stacks that it is in, and of those that it ends."""
    total, own = collections.Counter(), collections.Counter()
    for amount, functions in b.sql(
            f"SELECT sum(t.{value}), (SELECT json_group_array(function) FROM (SELECT f.function FROM stack_frames sf"
            " JOIN frames f USING (frame) WHERE sf.stack = t.stack ORDER BY frame_no)) FROM stack_totals t"
            f" WHERE {where} GROUP BY t.stack", db=db):
        functions = json.loads(functions)
        own[functions[0]] += amount
        for function in set(functions):
            total[function] += amount
    return total, own


def in_bytes(value):
    """As speedscope writes it."""
    return f"{value} B" if value < 1024 else f"{value / 1024:.2f} KB"


def test_speedscope_shows_it(b):
    page = b.speedscope(b.export("speedscope", "a.db"))
    sums = b.sql("SELECT sum(peak_bytes), sum(allocated_bytes), sum(allocations), sum(live_bytes), sum(live_blocks)"
                 " FROM stack_totals")[0]
    names = ["live at the peak, bytes", "allocated, bytes", "allocated, blocks", "not freed, bytes", "not freed, blocks"]
    listed = re.findall(r'<tr title="([^"]*)".*?</span></td><td[^>]*>([^<]*)</td></tr>', page)
    assert listed == [(name, in_bytes(value) if "bytes" in name else f"{value:,}")
                      for name, value in zip(names, sums)], (listed, sums)
    total, own = stacks_of(b, "peak_bytes")
    rows = re.findall(r"<td[^>]*>([^<(]*) \([^<]*<div.*?<td[^>]*>([^<(]*) \([^<]*<div.*?</span>([^<]*)</td></tr>", page)
    shown = {function: (all_of_it, self) for all_of_it, self, function in rows if total[function]}
    assert shown == {f: (in_bytes(total[f]), in_bytes(own[f])) for f in total if total[f]}, (shown, total, own)


def test_speedscope_has_a_schema(b):
    try:
        import jsonschema
    except ImportError:
        raise tap.Skip("no python3-jsonschema here")
    release = os.environ.get("RHEAPER_SPEEDSCOPE")
    if not release:
        raise tap.Skip("speedscope was not fetched")
    with open(release + "/file-format-schema.json") as schema:
        schema = json.load(schema)
    for db in "a.db", "empty.db":
        empty(b)
        jsonschema.validate(json.loads(b.export("speedscope", db)), schema)


def empty(b):
    if not os.path.exists(b.path("empty.db")):
        b.file("e.c", EMPTY)
        b.run(BIN + "/rheaper-cc", "-g", "e.c", "-o", "e")
        b.run(b.path("e"), RHEAPER_TRACE=b.path("e.bin"))
        b.run(LOADER, "-q", "e.bin", "empty.db")


def test_a_function_is_one_frame_of_speedscope(b):
    """It adds up by frames: one for each line would show a function many times."""
    frames = json.loads(b.export("speedscope", "a.db"))["shared"]["frames"]
    assert len({(f["name"], f.get("file")) for f in frames}) == len(frames), frames
    lines = {f["name"]: f.get("line") for f in frames}
    assert lines["main"] is None and lines["grow"] == b.value("SELECT line FROM frames WHERE function = 'grow'"), lines


def test_dh_view_shows_it(b):
    shown = b.dh_view(b.export("dhat", "a.db"))
    n = b.sql("SELECT sum(allocated_bytes), sum(allocations), sum(peak_bytes), sum(peak_blocks), sum(live_bytes),"
              " sum(live_blocks) FROM stack_totals")[0]
    root = shown[shown.index("PP 1/1"):].split("PP 1.1")[0]
    assert re.search(rf"Total: +{n[0]:,} bytes .*in {n[1]:,} blocks", root), (root, n)
    assert re.search(rf"At t-gmax: +{n[2]:,} bytes .*in {n[3]:,} blocks", root), (root, n)
    assert re.search(rf"At t-end: +{n[4]:,} bytes .*in {n[5]:,} blocks", root), (root, n)
    assert "#1: malloc" in shown and re.search(r"\d: 0x[0-9A-F]+: grow \(.*p\.c:\d+\)", shown), shown
    assert "Command: " + b.path("p") + " 100" in shown, shown


def test_dhat_has_the_figures_of_sql(b):
    profile = json.loads(b.export("dhat", "a.db"))
    end = b.value("SELECT CAST(duration_ms * 1e6 AS INTEGER) FROM processes")
    got = sorted([p[k] for k in ("tb", "tbk", "mb", "gb", "gbk", "eb", "ebk", "tl", "mbk")] for p in profile["pps"])
    want = sorted(list(row) for row in b.sql(
        "SELECT allocated_bytes, allocations, own_peak_bytes, peak_bytes, peak_blocks, live_bytes, live_blocks,"
        " (SELECT sum(ifnull(dealloc_after, ? / 1e6) * 1e6 - alloc_after * 1e6) FROM allocations a"
        "  WHERE a.bt = t.stack) / 1000,"
        " (SELECT count(*) FROM allocations a WHERE a.bt = t.stack AND alloc_after * 1e6 < own_peak_ns + 0.5"
        "  AND ifnull(dealloc_after * 1e6 > own_peak_ns + 0.5, 1)) FROM stack_totals t", end))
    for mine, theirs in zip(got, want):
        assert mine[:7] == theirs[:7] and abs(mine[7] - theirs[7]) <= 1 and mine[8] == theirs[8], (mine, theirs)
    # Blocks of one stack of one size: the most of them at once are its most bytes
    assert all(p["mb"] == 32 * p["mbk"] for p in profile["pps"] if p["tb"] == 32 * p["tbk"]), profile["pps"]
    assert profile["tg"] == b.value("SELECT value / 1000 FROM totals WHERE name = 'peak_ns'")
    assert profile["te"] == end // 1000


def plain(b):
    if not shutil.which("valgrind"):
        raise tap.Skip("no valgrind here")
    b.run("gcc", "-DPLAIN", "-g", "-O1", "p.c", "-o", "plain")
    return b.path("plain")


def test_dhat_counts_as_dhat_does(b):
    program = plain(b)
    b.run("valgrind", "--tool=dhat", "--dhat-out-file=theirs.dhat", program, "100", silent=False)
    with open(b.path("theirs.dhat")) as theirs:
        theirs = json.load(theirs)

    def by_line(profile):
        """Totals by the lines of the program in a stack, in which compilers agree."""
        totals = collections.Counter()
        for point in profile["pps"]:
            lines = tuple(line for frame in point["fs"] for line in re.findall(r"p\.c:(\d+)\)", profile["ftbl"][frame]))
            for key in "tb", "tbk", "gb", "gbk", "eb", "ebk", "mb", "mbk":
                totals[lines, key] += point[key]
        return totals
    assert theirs["dhatFileVersion"] == 2
    ours, theirs = by_line(json.loads(b.export("dhat", "a.db"))), by_line(theirs)
    # It looks for the maximum of a stack when a block is freed, so that of calloc's last block is none
    for (lines, key), value in ours.items():
        if key not in ("mb", "mbk") or theirs[lines, "eb"] < theirs[lines, "tb"]:
            assert value == theirs[lines, key], (lines, key, ours, theirs)
    assert {lines for lines, _ in ours} == {lines for lines, _ in theirs}, (ours, theirs)


def massif_snapshots(text):
    """Of each snapshot its time, bytes, kind of tree and, of a tree, the bytes of each function."""
    snapshots = []
    for part in re.split(r"#-+\nsnapshot=\d+\n#-+\n", text)[1:]:
        head = dict(re.findall(r"^(\w+)=(.*)$", part, re.M))
        functions = collections.Counter()
        for size, function in re.findall(r"^ +n\d+: (\d+) 0x[0-9A-F]+: (\S+) \(", part, re.M):
            functions[function] += int(size)
        snapshots.append((float(head["time"]), int(head["mem_heap_B"]), head["heap_tree"], functions))
    return snapshots


def test_ms_print_shows_it(b):
    text = b.export("massif", "a.db")
    snapshots = massif_snapshots(text)
    shown = b.ms_print(text, "--threshold=0")
    assert f"Command:            {b.path('p')} 100\n" in shown, shown
    assert f"Number of snapshots: {len(snapshots)}\n" in shown and 10 < len(snapshots) <= 100, shown
    number = [kind for _, _, kind, _ in snapshots].index("peak")
    assert re.search(rf"Detailed snapshots: \[.*\b{number} \(peak\)", shown), shown
    peak = shown.split(f"\n{number:3} ")[1].split("\n--------")[0]
    total, own = stacks_of(b, "peak_bytes")
    assert f"{sum(own.values()):,}" in peak.split("\n")[0], peak
    for function in "leaf", "grow", "inlined":
        assert f"({total[function]:,}B) 0x" in peak and f": {function} (" in peak, (peak, total)


def test_massif_has_the_figures_of_sql(b):
    snapshots = massif_snapshots(b.export("massif", "a.db"))
    assert [s[0] for s in snapshots] == sorted(s[0] for s in snapshots)
    peak = b.sql("SELECT round(peak_ms, 3), peak_bytes FROM peaks")[0]
    assert [s[:2] for s in snapshots if s[2] == "peak"] == [peak], (snapshots, peak)
    assert max(size for _, size, _, _ in snapshots) == peak[1]
    assert snapshots[-1][1] == b.value("SELECT sum(live_bytes) FROM stack_totals")
    timeline = collections.defaultdict(list)  # points may be closer than what is written of their times
    for at, size in b.sql("SELECT at_ms, live_bytes FROM timeline"):
        timeline[round(at, 3), size].append(at)
    exact_peak = b.value("SELECT peak_ms FROM peaks")
    detailed = [s for s in snapshots[:-1] if s[2] == "detailed"]
    assert len(detailed) >= 3, snapshots
    for at, size, kind, functions in snapshots[1:-1]:
        # A point has what was before it, the peak what it is made of
        exact = [exact_peak + 5e-7] if kind == "peak" else [t - 5e-7 for t in timeline[at, size]]
        assert exact, (at, size, timeline)
        if kind != "empty":
            leaf = [b.value("SELECT sum(size) FROM allocations JOIN backtraces ON id = bt AND sym = 'leaf' WHERE alloc_after < ?1"
                            " AND ifnull(dealloc_after > ?1, 1)", t) for t in exact]
            assert functions["leaf"] in leaf, (at, kind, functions, leaf)


def test_massif_counts_as_massif_does(b):
    program = plain(b)
    b.run("valgrind", "--tool=massif", "--time-unit=B", "--peak-inaccuracy=0", "--massif-out-file=theirs", program, "100",
          silent=False)
    with open(b.path("theirs")) as theirs:
        theirs = {kind: (size, functions) for _, size, kind, functions in massif_snapshots(theirs.read())}
    ours = {kind: (size, functions) for _, size, kind, functions in massif_snapshots(b.export("massif", "a.db"))}
    assert theirs["peak"][0] == ours["peak"][0], (theirs, ours)
    for function in "leaf", "grow":
        assert theirs["peak"][1][function] == ours["peak"][1][function], (theirs, ours)


def by_function(answer):
    return {f["name"]: (f["totalSamples"], f["selfSamples"]) for f in answer["functions"] if f["totalSamples"]}


def expected(b, value):
    total, own = stacks_of(b, value)
    return {f: (total[f], own[f]) for f in total if total[f]}


def test_the_firefox_profiler_shows_it(b):
    answers = b.profiler(b.export("firefox", "a.db"), ["profile", "info"], ["thread", "functions"],
                         ["strategy", "native-retained-allocations"], ["thread", "functions"], ["thread", "markers", "--list"],
                         ["strategy", "native-deallocations-memory"], ["thread", "functions"])
    assert by_function(answers[1]) == expected(b, "allocated_bytes"), answers[1]
    assert by_function(answers[3]) == expected(b, "live_bytes"), answers[3]
    marks = {m["markerName"] for m in answers[4]["byType"]}
    assert marks == {"begin", "end", "grow", "shrink"}, answers[4]
    freed = {f: total[0] - expected(b, "live_bytes").get(f, (0, 0))[0] for f, total in expected(b, "allocated_bytes").items()}
    assert {f: -total for f, (total, _) in by_function(answers[6]).items()} == {f: n for f, n in freed.items() if n}, answers[6]


def test_the_firefox_profiler_follows_a_range(b):
    """What is retained in the time of a scope is what was allocated in it and not freed by its end."""
    text = b.export("firefox", "a.db")
    answer = b.profiler(text, ["strategy", "native-retained-allocations"], ["thread", "markers", "--list"],
                        lambda answers: ["zoom", "push", [
                            m["topMarkers"][0]["handle"] for m in answers[1]["byType"] if m["markerName"] == "grow"][0]],
                        ["thread", "functions"])[3]
    kept = b.value("SELECT kept_bytes FROM scope_totals WHERE name = 'grow'")
    assert by_function(answer)["grow"][0] == kept == sum(range(100, 200)), (answer, kept)


def test_firefox_has_the_memory_of_the_timeline(b):
    profile = json.loads(b.export("firefox", "a.db"))
    samples = profile["counters"][0]["samples"]
    live, total = [], 0
    for change in samples["count"]:
        total += change
        live.append(total)
    assert list(zip(samples["time"], live)) == b.sql("SELECT round(at_ms, 6), live_bytes FROM timeline ORDER BY at_ms")


def firefox_events(text):
    return [event for thread in json.loads(text)["threads"] for table in [thread["nativeAllocations"]]
            for event in zip(table["time"], table["weight"], table["memoryAddress"])]


def test_too_many_events_are_a_sample(b):
    n = 2000
    text = b.export("firefox", f"--max-events={n}", "a.db", said=f"more than --max-events={n}: this is a sample")
    events = firefox_events(text)
    assert n / 2 < len(events) <= n, len(events)
    live, allocated = {}, 0
    for _, weight, address in events:
        if weight > 0:
            assert address not in live
            live[address] = weight
            allocated += weight
        else:
            assert live.pop(address) == -weight
    truth = b.sql("SELECT sum(size), sum(size * (dealloc_after IS NULL)) FROM allocations")[0]
    step = truth[0] // (n // 2 - 1) + 1
    assert abs(allocated - truth[0]) <= step, (allocated, truth, step)
    assert abs(sum(live.values()) - truth[1]) <= 10 * step, (live, truth)
    assert all(weight >= step for _, weight, _ in events if weight > 0)
    assert text == b.export("firefox", f"--max-events={n}", "a.db", said="sample"), "it is the same each time"
    assert len(firefox_events(b.export("firefox", "a.db"))) == 2 * 5101 - 11
    by = by_function(b.profiler(text, ["thread", "functions"])[0])
    for function, (total, _) in expected(b, "allocated_bytes").items():
        assert abs(by.get(function, (0, 0))[0] - total) <= 20 * step, (function, by, total)


def total_of(b, form, text):
    """The bytes that a profile says were allocated; of massif those at the end."""
    if form == "collapsed":
        return sum(int(line.rpartition(" ")[2]) for line in text.splitlines())
    if form == "speedscope":
        return [sum(p["weights"]) for p in json.loads(text)["profiles"] if p["name"] == "allocated, bytes"][0]
    if form == "dhat":
        return sum(point["tb"] for point in json.loads(text)["pps"])
    if form == "massif":
        return massif_snapshots(text)[-1][1]
    return sum(weight for _, weight, _ in firefox_events(text) if weight > 0)


def wanted(b, form, where):
    return b.value(f"SELECT sum(t.{'live_bytes' if form == 'massif' else 'allocated_bytes'}) FROM stack_totals t"
                   f" JOIN processes p USING (process) WHERE {where}", db="runs.db")


def test_which_processes_are_taken(b):
    last = "runs.db has 2 runs: this is the last one, run 2; --run=RUN takes another"
    largest = "is about one process: this is process 3, whose peak is the highest of 2"
    for form in FORMATS:
        if form == "pprof":
            continue  # its own reader is asked below
        one = form in ("dhat", "massif")
        for words, where, said in (
                ([], "process = 3" if one else "run = 2", last),
                (["--run=2"], "process = 3" if one else "run = 2", largest if one else ""),
                (["--run=second"], "process = 3" if one else "run = 2", largest if one else ""),
                (["--run=first"], "run = 1", ""), (["--run=1"], "run = 1", ""),
                (["--run=all"], "process = 1" if one else "1", "highest of 3" if one else ""),
                (["--process=2"], "process = 2", ""), (["--process=1"], "process = 1", ""),
                (["--run=2", "--process=2"], "process = 2", "")):
            text = b.export(form, *words, "runs.db", said=said)
            assert total_of(b, form, text) == wanted(b, form, where), (form, words, where, text[:1000])


def test_which_processes_pprof_takes(b):
    if not shutil.which("go"):
        raise tap.Skip("no go tool pprof")
    for words, where in (["--run=first"], "run = 1"), (["--run=2"], "run = 2"), (["--run=all"], "1"), (["--process=3"], "process = 3"):
        b.run(EXPORT, "-f", "pprof", *words, "runs.db", "-o", "p.pb.gz")
        top = b.run("go", "tool", "pprof", "-symbolize=none", "-top", "-unit=B", "-sample_index=alloc_space", "p.pb.gz",
                    silent=False, HOME=b.dir, PPROF_BINARY_PATH=b.dir)
        assert f" {wanted(b, 'pprof', where)}B total" in top, (words, top)


def test_names_of_other_runs_stay_out(b):
    """Of frames that only other runs have nothing is told."""
    db = b.change("other.db", "INSERT INTO frames (frame, address, exact, module, inline_depth, inferred, function)"
                  "  SELECT 1000, address, exact, module, inline_depth, 0, 'secret' FROM frames LIMIT 1;"
                  "INSERT INTO stacks SELECT 1000, signature, allocator, 1, 0, 0, 0, 0, top_down_node, bottom_up_node,"
                  "  0, owner_chain, 1000, 1000, '[1000]' FROM stacks WHERE stack = 1;"
                  "INSERT INTO stack_totals VALUES (1000, 1, 9, 90000, 9, 90000, 9, 90000, 90000, 1, 0, 9)", db="runs.db")
    for form in FORMATS:
        assert "secret" in b.export(form, "--run=1", db), form
        assert "secret" not in b.export(form, "--process=2", db), form


def test_which_rows_are_taken(b):
    def rows(*words, db="runs.db"):
        return list(csv.DictReader(io.StringIO(b.export("csv", *words, db))))
    for view in "call_sites", "stack_totals", "process_totals", "timeline", "processes", "totals":
        everything = rows("--view", view)
        assert {row["process"] for row in everything} == {"1", "2", "3"}, view  # each row says whose it is
        for words, these in (["--run=2"], {"2", "3"}), (["--run=first"], {"1"}), (["--process=3"], {"3"}), \
                (["--run=second", "--process=2"], {"2"}), (["--run=all"], {"1", "2", "3"}):
            assert rows(*words, "--view", view) == [row for row in everything if row["process"] in these], (view, words)
    assert [row["run"] for row in rows("--run=second", "--view=runs")] == ["2"]
    objects = json.loads(b.export("json", "--process=2", "--view=peaks", "runs.db"))
    assert [row["process"] for row in objects] == [2], objects


def test_what_is_not_there_is_refused(b):
    for words, said in (["-f", "collapsed", "--run=third"], "no run has the number or label third"), \
            (["-f", "dhat", "--run=7"], "no run has the number or label 7"), \
            (["-f", "massif", "--process=9"], "the database has no process 9"), \
            (["-f", "firefox", "--run=1", "--process=2"], "this run has no process 2"), \
            (["-f", "csv", "--view=leaks", "--process=4"], "the database has no process 4"), \
            (["-f", "csv", "--view=frames", "--process=1"], "the rows of frames belong to no process"), \
            (["-f", "json", "--view=frames", "--run=1"], "the rows of frames belong to no process or run"), \
            (["-f", "json", "--query=SELECT 1", "--run=1"], "--run and --process are not for queries"), \
            (["-f", "dhat", "--value=bytes"], "--value is for collapsed and pprof only"), \
            (["-f", "dhat", "--max-events=9"], "--max-events is for firefox only"), \
            (["-f", "firefox", "--max-events=3"], "expected"), (["-f", "dhat", "--process=0"], "expected"), \
            (["-f", "speedscope", "--view=leaks"], "--view and --query are for csv and json only"):
        result = subprocess.run([EXPORT, *words, "runs.db"], cwd=b.dir, env=b.env, capture_output=True, text=True)
        assert result.returncode == 2 and said in result.stderr and not result.stdout, (words, result)


def test_a_program_that_allocates_nothing(b):
    empty(b)
    assert json.loads(b.export("dhat", "empty.db"))["pps"] == []
    assert "Number of snapshots: 3" in b.ms_print(b.export("massif", "empty.db"))
    assert firefox_events(b.export("firefox", "empty.db")) == []
    assert "nothing was allocated" in b.speedscope(b.export("speedscope", "empty.db"))
    b.run("cp", "empty.db", "none.db")
    with sqlite3.connect(b.path("none.db")) as db:
        db.executescript("DELETE FROM totals; DELETE FROM losses; DELETE FROM timeline; DELETE FROM process_modules;"
                         "DELETE FROM threads; DELETE FROM processes;")
    for form in "dhat", "massif":
        result = subprocess.run([EXPORT, "-f", form, "none.db"], cwd=b.dir, capture_output=True, text=True)
        assert result.returncode == 2 and "no process was loaded" in result.stderr, result
    for form in "speedscope", "firefox", "collapsed":
        b.export(form, "none.db")


def test_stacks_that_look_alike(b):
    """dh_view refuses a file that has one twice."""
    db = b.change("alike.db", "INSERT INTO stacks SELECT 1000, signature, allocator, depth, truncated, incomplete, damaged,"
                  " unsampled, top_down_node, bottom_up_node, owner_frame_no, owner_chain,"
                  "  first_frame, owner_frame, frames FROM stacks WHERE stack = 1;"
                  "INSERT INTO stack_totals SELECT 1000, process, 7, 70, 0, 0, 0, 0, 0, 0, 0, 7 FROM stack_totals"
                  " WHERE stack = 1;")
    text = b.export("dhat", db)
    points = [tuple(point["fs"]) for point in json.loads(text)["pps"]]
    assert len(set(points)) == len(points) and "[stack 1000]" in json.loads(text)["ftbl"], points
    total = b.value("SELECT sum(allocated_bytes) FROM stack_totals", db=db)
    assert f"{total:,} bytes (100%" in b.dh_view(text)


# Characters that control a terminal, turn text or cannot be seen
HIDDEN = "[\x01-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
# As functions of a stranger's program may be called
NAMES = [
    "<img src=x onerror=\"document.title='owned'\">", "</script><script>document.title='owned'</script>",
    "\"];document.title='owned'//", "a\nn0: 5 b", "snapshot=1\n#-----------\n", "f#g(int)", "\x1b[31m\x07", "%s%n", "'); DROP TABLE x",
    "\u202e\U0001f600\ufeff", " ", "", "x" * 100000,
]


def test_names_of_strangers(b):
    for name in NAMES:
        db = b.change("names.db", "UPDATE frames SET function = ?, file = ?1 WHERE function IN ('grow')", name)
        shown = name or "[unnamed]"
        assert shown in [f["name"] for f in json.loads(b.export("speedscope", db))["shared"]["frames"]], name
        assert shown in json.loads(b.export("firefox", db))["threads"][0]["stringArray"], name
        printable = re.sub(HIDDEN, lambda c: "".join(f"\\x{byte:02x}" for byte in c[0].encode()), shown)
        assert any(f": {printable} (" in text for text in json.loads(b.export("dhat", db))["ftbl"]), name
        text = b.export("massif", db)
        assert f": {printable.replace('#', '_')} (" in text, name
        assert all(re.match(r"#-+$|snapshot=\d+$|time=[\d.]+$|mem_\w+=\d+$|heap_tree=\w+$| *n\d+: \d+ |desc: |cmd: |time_unit: ms$",
                            line) for line in text.splitlines()), text
        assert len(massif_snapshots(text)) == len(massif_snapshots(b.export("massif", "a.db")))
        assert f": {printable.replace('#', '_')} (" in b.ms_print(text), name


def test_viewers_show_names_as_text(b):
    for name in NAMES[:3]:
        db = b.change("names.db", "UPDATE frames SET function = ?, file = ?1 WHERE function = 'grow'", name)
        page = b.speedscope(b.export("speedscope", db))
        assert html.escape(name, quote=False) in page and "<title>owned" not in page, page
        shown = b.dh_view(b.export("dhat", db))
        assert name in shown and "Total:" in shown, shown
        answer = b.profiler(b.export("firefox", db), ["thread", "functions"])[0]
        assert name in [f["name"] for f in answer["functions"]], answer


def test_a_command_with_odd_words(b):
    b.run(b.path("p"), "a b\n#c", "20", RHEAPER_TRACE=b.path("odd.bin"))
    b.run(LOADER, "-q", "odd.bin", "odd.db")
    assert json.loads(b.export("dhat", "odd.db"))["cmd"] == b.path("p") + " a b\n#c 20"
    assert f"cmd: {b.path('p')} a b\\x0a_c 20\n" in b.export("massif", "odd.db")
    db = b.change("no-words.db", "UPDATE processes SET command_line = 'not JSON'")
    assert json.loads(b.export("dhat", db))["cmd"] == b.path("p")


def test_a_sample_is_called_one(b):
    b.run(b.path("p"), "100", RHEAPER_TRACE=b.path("s.bin"), RHEAPER_SAMPLE_BYTES="1024", RHEAPER_SAMPLE_SEED="1")
    b.run(LOADER, "-q", "s.bin", "s.db")
    total = b.value("SELECT sum(allocated_bytes) FROM stack_totals", db="s.db")
    dhat = json.loads(b.export("dhat", "s.db"))
    assert "estimates" in dhat["mode"] and sum(p["tb"] for p in dhat["pps"]) == total, dhat
    assert "estimates" in b.export("massif", "s.db").split("\n")[0]
    b.ms_print(b.export("massif", "s.db"))
    events = firefox_events(b.export("firefox", "s.db"))
    assert abs(sum(weight for _, weight, _ in events if weight > 0) - total) <= len(events), (events, total)


tap.run(globals(), Bench)
