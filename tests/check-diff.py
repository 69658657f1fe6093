#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-diff: that its figures are those of SQL on both databases, which call sites of two
builds it takes for the same, and what it says of bad input.

usage: check-diff.py RHEAPER-DIFF RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY

Prints TAP, one point per test_ function.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import tap
from report_page import read_page
from workbench import Workbench

DIFF, LOADER, BIN = (os.path.abspath(path) for path in sys.argv[1:4])

PROGRAM = r"""
#include <stdlib.h>
#define OWN __attribute__((noinline, noclone))
static void *kept[4096];
static int n;
static OWN void *wrap(size_t size)
{
	void *block = malloc(size);
	__asm__ volatile("" : : : "memory");
	return block;
}
%(lines)s
static OWN void %(parse)s(int count)
{
	for (int i = 0; i < count; i++)
		kept[n++] = wrap(100);
	__asm__ volatile("" : : : "memory");
}
#ifdef NEW
static OWN void fresh(void)
{
	kept[n++] = malloc(5000);
	kept[n++] = malloc(77);
}
#else
static OWN void old(void)
{
	kept[n++] = malloc(3000);
}
#endif
static OWN void %(renamed)s(void)
{
	kept[n++] = malloc(1234);
}
static OWN void two(int small, int large)
{
#ifdef NEW
	kept[n++] = calloc(1, 1);
#endif
	for (int i = 0; i < small; i++)
		kept[n++] = malloc(16);
	for (int i = 0; i < large; i++)
		kept[n++] = malloc(32);
}
static OWN void churn(int count)
{
	for (int i = 0; i < count; i++) {
		void *volatile block = malloc(64);
		free(block);
	}
}
static OWN void load(int scale)
{
	%(renamed)s();
#ifdef NEW
	%(parse)s(40 * scale);
	fresh();
	two(10, 25);
	churn(2000);
#else
	%(parse)s(20 * scale);
	old();
	two(30, 20);
	churn(500);
#endif
	__asm__ volatile("" : : : "memory");
}
int main(int count, char **words)
{
	(void)words;
	load(count);
	for (int i = 0; i < 5; i++)
		free(kept[i]);
	return 0;
}
"""
TEMPLATES = r"""
#include <map>
#include <string>
#include <vector>
namespace app {
template <typename K> struct table {
	std::map<K, std::vector<std::string>> rows;
	__attribute__((noinline)) void add(K key, int n)
	{
		for (int i = 0; i < n; i++)
			rows[key].push_back(std::string(100, 'x'));
	}
};
}
int main(int count, char **)
{
	app::table<KEY> t;
	for (int i = 0; i < 10 * count; i++)
		t.add(i, 3);
	return t.rows.size() == 0;
}
"""
VALUES = {"blocks": "sum(allocations)", "bytes": "sum(allocated_bytes)",
          "live_blocks": "sum(live_blocks)", "live_bytes": "sum(live_bytes)",
          "peak_blocks": "sum(peak_blocks)", "peak_bytes": "sum(peak_bytes)",
          "temporary_blocks": "sum(temporary_blocks)"}


class Bench(Workbench):
    """Two builds of one program, and the database of a run of each."""

    def __init__(self, directory):
        super().__init__(directory)
        self.env["HOME"] = directory
        self.env.pop("XDG_CACHE_HOME", None)
        self.n = 0
        self.old = self.profile()
        self.new = self.profile("-DNEW", lines="\n\n/* moved */\n\n", parse="read_all",
                                renamed="called_otherwise")

    def program(self, *words, lines="", parse="parse", renamed="renamed", optimized="-O1"):
        self.file("p.c", PROGRAM % {"lines": lines, "parse": parse, "renamed": renamed})
        self.run(f"{BIN}/rheaper-cc", optimized, "-g", *words, "p.c", "-o", "program")
        return self.path("program")

    def trace(self, *words, args=(), **more):
        program = self.program(*words, **{k: v for k, v in more.items() if k.islower()})
        self.n += 1
        trace = self.path(f"t{self.n}.bin")
        self.run(program, *args, RHEAPER_TRACE=trace,
                 **{k: v for k, v in more.items() if k.isupper()})
        return trace

    def load(self, *words, database=None):
        self.n += 1
        database = database or self.path(f"d{self.n}.db")
        self.run(LOADER, "-q", *words, database)
        return database

    def profile(self, *words, **more):
        return self.load(self.trace(*words, **more))

    def diff(self, *words, status=0, **env):
        result = subprocess.run([DIFF, *words], text=True, capture_output=True, cwd=self.dir,
                                env={**self.env, **env}, timeout=120)
        assert result.returncode == status, result
        assert status or not result.stderr, result
        return result.stdout if status == 0 else result.stderr

    def json(self, *words):
        return json.loads(self.diff("--json", *words))

    def changes(self, *words):
        """(owner in A, owner in B) -> change."""
        found = {}
        for change in self.json(*words)["changes"]:
            key = tuple(site and (site["short_name"], site["line"])
                        for site in (change["a_site"], change["b_site"]))
            assert key not in found
            found[key] = change
        return found

    def owners(self, *words):
        """As text: "status old->new", for each change."""
        return sorted(f"{change['status']} {a and a[0]}->{b and b[0]}"
                      for (a, b), change in self.changes(*words).items())


def ask(database, sql, *values):
    with sqlite3.connect(database) as profile:
        return profile.execute(sql, values).fetchall()


def sql_sites(database, process):
    """The values by the owning line of stacks, of one process."""
    rows = ask(database, "SELECT owner_function, owner_line, " + ", ".join(VALUES.values())
               + " FROM call_sites WHERE process = ?"
               " GROUP BY owner_function, owner_line, owner_file", process)
    return {(function, line): dict(zip(VALUES, values)) for function, line, *values in rows}


def test_figures_are_those_of_sql(b):
    for key in "peak", "bytes", "count", "temporary", "leaked":
        found = b.json("--sort=" + key, b.old, b.new)
        for side, database in ("a", b.old), ("b", b.new):
            want = sql_sites(database, 1)
            have = {(change[side + "_site"]["function"], change[side + "_site"]["line"]):
                    change[side] for change in found["changes"] if change[side + "_site"]}
            assert have == want, (side, have, want)
            without = [change[side] for change in found["changes"]
                       if not change[side + "_site"]]
            assert all(value == 0 for change in without for value in change.values())
            totals = dict(ask(database, "SELECT name, value FROM totals WHERE process = 1"))
            for name in "allocations", "allocated_bytes", "peak_bytes", "live_bytes":
                assert found[side]["totals"][name] == totals[name], name


def test_the_tree_adds_up(b):
    found = b.json(b.old, b.new)
    for side, database in ("a", b.old), ("b", b.new):
        for value in VALUES:
            assert sum(node[side][value] for node in found["nodes"]) == \
                sum(site[value] for site in sql_sites(database, 1).values()), (side, value)
    # Of one function all that is below it
    nodes = found["nodes"]
    below = [False] * len(nodes)
    for i, node in enumerate(nodes[1:], 1):
        assert node["parent"] < i
        below[i] = below[node["parent"]] or node["function"] == "two"
    for side, database in ("a", b.old), ("b", b.new):
        assert sum(node[side]["bytes"] for i, node in enumerate(nodes) if below[i]) == ask(
            database, "SELECT sum(allocated_bytes) FROM call_sites WHERE function = 'two'"
        )[0][0]


def test_sites_of_two_builds(b):
    changes = b.changes(b.old, b.new)
    assert b.owners(b.old, b.new) == [
        "gone old->None",
        "grown two->two", "grown wrap->wrap",
        "new None->fresh", "new None->fresh", "new None->two",
        "same churn->churn", "same renamed->called_otherwise",
        "shrunk two->two"], b.owners(b.old, b.new)
    # The lines of `two` are told apart by their sizes, though all have moved
    sizes = {change["status"]: change for (a, c), change in changes.items()
             if a and a[0] == "two"}
    assert sizes["shrunk"]["a"]["bytes"] == 30 * 16 and sizes["shrunk"]["b"]["bytes"] == 10 * 16
    assert sizes["grown"]["a"]["bytes"] == 20 * 32 and sizes["grown"]["b"]["bytes"] == 25 * 32


def test_equal_runs_have_no_differences(b):
    again = b.profile()
    for words in [], ["--sort=bytes"], ["--sort=count", "--relative"], ["--sort=temporary"]:
        assert "No call site differs." in b.diff(*words, b.old, again), words
        assert "\nGrown" not in b.diff(*words, b.old, b.old)
    assert all(change["status"] == "same" for change in b.changes(b.old, again).values())
    assert b.diff("--tree", b.old, again).count("\n") == 6


def test_swapped_sides_are_opposite(b):
    opposite = {"grown": "shrunk", "shrunk": "grown", "new": "gone", "gone": "new",
                "same": "same"}
    forth = b.changes("--sort=bytes", b.old, b.new)
    back = b.changes("--sort=bytes", b.new, b.old)
    assert {(c, a): opposite[change["status"]] for (a, c), change in forth.items()} == \
        {key: change["status"] for key, change in back.items()}


def test_other_optimization_and_compilers(b):
    for words in [{"optimized": "-O0"}, {"optimized": "-O2"}, {"optimized": "-O3"}]:
        other = b.profile(**words)
        assert {change["status"] for change in b.changes("--sort=bytes", b.old, other).values()
                } == {"same"}, words
    if shutil.which("clang"):
        b.file("p.c", PROGRAM % {"lines": "", "parse": "parse", "renamed": "renamed"})
        b.run(f"{BIN}/rheaper-clang", "-O2", "-g", "-w", "p.c", "-o", "program")
        b.run(b.path("program"), RHEAPER_TRACE=b.path("clang.bin"))
        other = b.load(b.path("clang.bin"))
        assert {change["status"] for change in b.changes("--sort=bytes", b.old, other).values()
                } == {"same"}


def test_arguments_of_templates_do_not_part_sites(b):
    databases = []
    b.file("t.cpp", TEMPLATES)
    for key, count in ("int", 1), ("long", 2):
        b.run(f"{BIN}/rheaper-c++", "-O1", "-g", "-DKEY=" + key, "t.cpp", "-o", "templates")
        b.run(b.path("templates"), *["x"] * (count - 1), RHEAPER_TRACE=b.path(key + ".bin"))
        databases.append(b.load(b.path(key + ".bin")))
    statuses = [change["status"] for change in b.changes("--sort=count", *databases).values()]
    assert set(statuses) <= {"grown", "same"} and "grown" in statuses, statuses
    tree = b.diff("--tree", "--sort=count", *databases)
    assert tree.count("app::table<long>::add") == 1, tree
    assert "app::table<int>" not in tree


def test_traces_and_their_names_after_a_rebuild(b):
    """The natural order: trace, edit, rebuild, trace, load both."""
    kept = {"RHEAPER_SYMBOLS": "keep"}
    first = b.trace(**kept)
    second = b.trace("-DNEW", parse="read_all", renamed="called_otherwise", **kept)
    assert b.owners(first, second) == b.owners(b.old, b.new)
    shutil.rmtree(b.path(".cache"))
    result = subprocess.run([DIFF, first, second], text=True, capture_output=True, env=b.env)
    assert result.returncode == 0 and "RHEAPER_SYMBOLS=keep" in result.stderr, result
    assert "A  program has no symbols" in result.stdout, result.stdout


def test_several_runs_and_processes(b):
    first, second, third = b.trace(), b.trace(args=["x"]), b.trace(args=["x", "x"])
    database = b.load("--label=one", first)
    b.run(LOADER, "-q", "--append", "--label=two", second, third, database)
    # By default the largest process of the last run
    found = b.json(b.old, database)
    largest = ask(database, "SELECT process FROM totals JOIN processes USING (process)"
                            " WHERE run = 2 AND name = 'peak_bytes' ORDER BY value DESC")[0][0]
    assert found["b"]["process"]["process"] == largest
    for run in "one", "1":
        found = b.json(f"{database}:{run}", database)
        assert found["a"]["process"]["label"] == "one"
        assert found["b"]["process"]["label"] == "two"
    assert b.json("--process-a=2", "--process-b=3", database, database)["a"]["process"][
        "process"] == 2
    text = b.diff(f"{database}:one", database)
    # By program, over all processes of the run
    assert "program (1 and 2)" in text, text
    both = ask(database, "SELECT sum(value) FROM totals JOIN processes USING (process)"
                         " WHERE run = 2 AND name = 'allocations'")[0][0]
    assert re.search(rf"  allocations +\S+ +{both:,} ", text), text
    # A file whose name has a colon is a file
    shutil.copy(b.old, b.path("with:colon"))
    assert "No call site differs." in b.diff(b.path("with:colon"), b.old)


def test_wrappers(b):
    """With `wrap` passed over, its caller owns the blocks, which was renamed."""
    owners = b.owners("--wrapper=wrap", b.old, b.new)
    assert "grown parse->read_all" in owners and not any("wrap" in o for o in owners), owners
    text = b.diff("--wrapper=wrap", b.old, b.new)
    assert re.search(r"malloc ← wrap ← read_all  p\.c:\d+  \(was parse\)", text), text
    # Whatever owns them: stacks are the same
    once = b.profile("-DNEW", parse="parse")
    assert "(was" not in b.diff("--wrapper=wrap", b.old, once)


def test_a_threshold_and_a_length(b):
    text = b.diff("--sort=bytes", "--min=1000", b.old, b.new)
    rows = re.findall(r"^s\d+ +([+-][\d.]+ k?B)", text, re.M)
    assert rows and all("kB" in row for row in rows), text
    small = [change["b"]["bytes"] - change["a"]["bytes"]
             for change in b.changes(b.old, b.new).values()]
    small = [n for n in small if n and abs(n) < 1000]
    assert f"{len(small)} sites changed by less than 1.00 kB, {sum(small):+d} B in all." in text
    share = b.diff("--sort=bytes", "--min=10%", b.old, b.new)
    total = ask(b.old, "SELECT value FROM totals WHERE name = 'allocated_bytes'")[0][0]
    n = sum(abs(c["b"]["bytes"] - c["a"]["bytes"]) >= total / 10
            for c in b.changes(b.old, b.new).values())
    assert len(re.findall(r"^s\d+ ", share, re.M)) == n, share
    short = b.diff("--sort=bytes", "--top=1", b.old, b.new)
    assert short.count("more sites)") == 2, short


def test_relative_order(b):
    def grown(*words):
        text = b.diff("--sort=count", *words, b.old, b.new)
        part = text[text.index("\nGrown"):].split("\n\n")[0]
        return [re.search(r"  (\w+)  p\.c", line).group(1) for line in part.splitlines()[2:]]
    assert grown() == ["churn", "wrap", "two"], grown()
    assert grown("--relative") == ["churn", "wrap", "two"]
    b.relative = b.diff("--sort=peak", "--relative", b.old, b.new)
    assert b.relative.index("wrap  p.c") < b.relative.index("two  p.c")


def test_samples_say_that_they_are(b):
    env = {"RHEAPER_SAMPLE_BYTES": "2000", "RHEAPER_SAMPLE_SEED": "7"}
    first = b.profile(**env)
    second = b.profile("-DNEW", **env)
    text = b.diff("--sort=bytes", first, second)
    assert "(estimates)" in text and "±" in text, text
    found = b.json(first, second)
    assert found["a"]["estimate"] and found["b"]["estimate"]
    assert any("errors" in change for change in found["changes"])
    # A sample beside the whole
    assert "±" in b.diff("--sort=bytes", b.old, second)


def test_leaks_by_kind(b):
    env = {"RHEAPER_LEAK_SCAN": "1"}
    first, second = b.profile(**env), b.profile("-DNEW", **env)
    text = b.diff("--sort=leaked", first, second)
    want = [ask(d, "SELECT coalesce(sum(bytes), 0) FROM leaks_by_kind"
                   " WHERE leak_kind = 'still reachable'")[0][0] for d in (first, second)]
    line = re.search(r"^still reachable.*", text, re.M).group()
    assert f"{(want[1] - want[0]) / 1000:+.2f} kB" in line, (line, want)


def test_narrow_lines_and_plain_output(b):
    for columns in 20, 40, 60, 80, 120:
        text = b.diff("--color=never", b.old, b.new, COLUMNS=str(columns))
        assert "\x1b" not in text
    assert "\x1b[" in b.diff("--color=always", b.old, b.new)


def test_bad_input(b):
    b.file("text", "no database")
    b.file("empty", "")
    cases = [
        (["missing.db", b.old], "missing.db"),
        ([b.old, "text"], "text"),
        (["empty", b.old], "empty"),
        ([b.old], "A and B"),
        ([b.old, b.old, b.old], "A and B"),
        ([b.old + ":nowhere", b.old], "nowhere"),
        ([b.old + ":", b.old], "after the colon"),
        ([b.trace() + ":1", b.old], "is a trace"),
        (["--process-a=99", b.old, b.old], "no process 99"),
        (["--process-a=1", b.old + ":1", b.old], "cannot be combined"),
        (["--min=much", b.old, b.old], "--min=much"),
        (["--min=200%", b.old, b.old], "--min=200%"),
        (["--sort=size", b.old, b.old], "--sort"),
        (["--tree", "--json", b.old, b.old], "choose one"),
    ]
    for words, said in cases:
        assert said in b.diff(*words, status=2), words
    shutil.copy(b.old, b.path("other.db"))
    with sqlite3.connect(b.path("other.db")) as profile:
        profile.execute("PRAGMA user_version = 3")
    assert "version" in b.diff(b.path("other.db"), b.old, status=2)


def test_nothing_allocated_and_nothing_in_common(b):
    b.file("none.c", "int main(void) { return 0; }\n")
    b.file("far.c", "#include <stdlib.h>\n#include <unistd.h>\nvoid *volatile p;\n"
                    "static __attribute__((noinline)) void elsewhere(void) { p = malloc(9); }\n"
                    "int main(void) { elsewhere(); return 0; }\n")
    databases = []
    for name in "none", "far":
        b.run(f"{BIN}/rheaper-cc", "-O1", "-g", name + ".c", "-o", name)
        b.run(b.path(name), RHEAPER_TRACE=b.path(name + ".bin"))
        databases.append(b.load(b.path(name + ".bin")))
    none, far = databases
    assert "No call site differs." in b.diff(none, none)
    assert b.owners(none, far) == ["new None->elsewhere"]
    assert b.owners(far, none) == ["gone elsewhere->None"]
    assert "grown" not in " ".join(b.owners(far, b.old)), b.owners(far, b.old)


def test_the_page_has_both_sides(bench):
    page = bench.path("page.html")
    result = subprocess.run([DIFF, bench.old, bench.new, f"--html={page}"], cwd=bench.dir, env=bench.env,
                            capture_output=True, text=True)
    if "built without the libraries" in result.stderr:
        raise tap.Skip("the libraries of report pages were not fetched")
    assert result.returncode == 0 and result.stderr == "", result
    text, columns = read_page(page)
    assert text["kind"] == "diff" and len(columns["node.parent"]) > 5
    for side, database in (("a", bench.old), ("b", bench.new)):
        with sqlite3.connect(database) as db:
            for name in ("blocks", "bytes", "peak_bytes", "live_bytes", "live_blocks"):
                expected = db.execute(f"SELECT {VALUES[name]} FROM stack_totals").fetchone()[0]
                assert sum(columns[f"value.{side}_{name}"]) == expected, (side, name)
                assert sum(columns[f"change.{side}_{name}"]) == expected, (side, name)
        assert text[side]["totals"]["peak_bytes"] == sum(columns[f"value.{side}_peak_bytes"])
    names = [text["strings"][i] for i in columns["function.short"]]
    changed = {names[columns["frame.function"][frame - 1]]: text["statuses"][status]
               for frame, status in zip(columns["change.frame"], columns["change.status"])}
    assert changed["fresh"] == "new" and changed["old"] == "gone", changed
    assert bench.run(DIFF, bench.old, bench.new, "--html=x", "--json", status=2, silent=False) == ""


tap.run(globals(), Bench)
