#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Heap snapshots in a database: what each block retains is what its removal cuts off, by the
pointers in the database itself; paths are shortest ones; roots have their names.

usage: check-heap.py RHEAPER-LOAD RHEAPER-REPORT RHEAPER-DIFF BUILD/RHEAPER-CC-DIRECTORY SOURCE-ROOT

Prints TAP, one point per test_ function.
"""
import collections
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

LOADER, REPORT, DIFF, BIN, SOURCE = (os.path.abspath(path) for path in sys.argv[1:6])

PROGRAM = """
#include <stdlib.h>
#include <rheaper.h>

struct node { struct node *a, *b; char text[]; };

static struct node *list;
static struct node *pairs[8];
static _Thread_local struct node *mine;
static struct node *both, *also;
struct node *volatile nobody;

static struct node *make(struct node *a, struct node *b, size_t size)
{
	struct node *node = malloc(sizeof(*node) + size);

	node->a = a;
	node->b = b;
	return node;
}

static struct node *make_tree(int depth)
{
	return depth ? make(make_tree(depth - 1), make_tree(depth - 1), 16) : make(0, 0, 8);
}

static struct node *make_ring(int n)
{
	struct node *first = make(0, 0, 32), *last = first;

	while (--n)
		last = make(last, 0, 40);
	first->a = last;
	return last;
}

static char **make_middle(void)
{
	static char *middle;

	middle = malloc(500);
	middle += 100;
	return &middle;
}

static void build(void)
{
	struct node *shared = make(make(0, 0, 700), 0, 600);

	for (int i = 0; i < 100; i++)
		list = make(list, i % 10 ? 0 : make(0, 0, 64), 0);
	pairs[0] = make_tree(4);
	pairs[1] = make_ring(9);
	pairs[6] = make(shared, 0, 0);
	pairs[7] = make(shared, shared->a, 0);
	both = also = make(0, 0, 800);
	mine = make(make(0, 0, 48), 0, 24);
	make_middle();
	nobody = make(make(0, 0, 128), make_ring(3), 256);
	nobody = make(nobody, list, 0);
	nobody = 0;
}

__attribute__((noinline)) static void wipe(void)
{
	volatile char words[8192];

	for (size_t i = 0; i < sizeof(words); i++)
		words[i] = 0;
}

static void look(void)
{
	struct node *volatile own = make(0, 0, 1100);

	rheaper_heap_snapshot("built");
	free(own);
}

int main(int argc, char **argv)
{
	struct node *volatile local = make(0, 0, 1000);

	(void)argv;
	build();
	wipe();
	if (argc == 1)
		look();
	for (struct node *node = list; node; node = list) {
		list = node->a;
		free(node->b);
		free(node);
	}
	free(local);
	return 0;
}
"""

CXX = """
#include <map>
#include <string>
#include <vector>
#include <rheaper.h>
namespace app {
struct cache { static std::map<int, std::string> names; };
std::map<int, std::string> cache::names;
static std::vector<std::string> log;
}
thread_local std::vector<int> scratch;
int main()
{
	app::cache::names[1] = std::string(100000, 'x');
	app::log.resize(7);
	scratch.resize(50);
	rheaper_heap_snapshot("filled");
}
"""

# What grows, moves to another holder, is new, gone, and replaced at the same address
BETWEEN = """%(lines)s
#include <stdlib.h>
#include <string.h>
#include <rheaper.h>

struct node { struct node *next, *data; };

static struct node *cache, *old, *fresh, *one, *other;
static struct node *first, *second;
static struct node *slots[2];

static struct node *make(struct node *next, struct node *data, size_t size)
{
	struct node *node = calloc(1, sizeof(*node) + size);

	node->next = next;
	node->data = data;
	return node;
}
%(lines)s
static void *data(size_t size)
{
	return calloc(1, size);
}

static void fill(int n)
{
	while (n--)
		cache = make(cache, data(80), 0);
}

static struct node *slot(int size)
{
	return memset(malloc(300 + size), 0, 300 + size);
}

int main(int argc, char **argv)
{
	(void)argv;
	fill(50);
	old = make(0, data(700), 900);
	one = make(0, data(640), 0);
	slots[0] = slot(0);
	first = make(0, 0, 1200);
	rheaper_heap_snapshot("before");
	fill(30 * argc);
	free(old->data);
	free(old);
	old = 0;
	fresh = make(0, data(512), 256);
	other = one->data;
	free(slots[0]);
	slots[0] = slot(0);
	slots[1] = slot(5);
	second = first;
	first = 0;
	rheaper_heap_snapshot("after");
	return 0;
}
"""


class Database:
    def __init__(self, path):
        self.db = sqlite3.connect(path)

    def ask(self, sql, *values):
        return self.db.execute(sql, values).fetchall()


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.run(os.path.join(BIN, "rheaper-cc"), "-g", "-O0", "-I" + os.path.join(SOURCE, "include"),
                 self.file("program.c", PROGRAM), "-o", "program")
        self.run("./program", RHEAPER_TRACE="a.bin", RHEAPER_LEAK_SCAN="graph")
        self.run(LOADER, "-q", "a.bin", "a.db")
        self.db = sqlite3.connect(self.path("a.db"))

    def ask(self, sql, *values):
        return self.db.execute(sql, values).fetchall()

    def line(self, text):
        return 1 + PROGRAM[:PROGRAM.index(text)].count("\n")


class Graph:
    """A snapshot by its pointers alone: node 0 points to the roots, the root of what is lost
    to the blocks that nothing points to. What is lost holds nothing else."""
    def __init__(self, b, snapshot):
        self.sizes = dict(b.ask("SELECT node, size FROM heap_blocks WHERE snapshot = ?", snapshot))
        roots = b.ask("SELECT node, kind FROM heap_roots WHERE snapshot = ?", snapshot)
        kinds = dict(b.ask("SELECT node, name FROM heap_blocks JOIN leak_kinds USING (leak_kind)"
                           " WHERE snapshot = ?", snapshot))
        heads = [node for node, kind in kinds.items() if kind == "definitely lost"]
        lost = {node for node, kind in kinds.items() if kind.endswith("ly lost") and kind != "possibly lost"}
        self.edges = collections.defaultdict(list)
        self.edges[0] = [(node, 0) for node, _ in roots]
        for node, kind in roots:
            if kind == "lost":
                self.edges[node] = [(block, 0) for block in heads]
        for source, target, possible in b.ask(
                "SELECT source, target, possible FROM heap_edges WHERE snapshot = ?", snapshot):
            if source not in lost or target in lost:
                self.edges[source].append((target, possible))

    def reach(self, without=None):
        seen, left = {0}, [0]
        while left:
            for target, _ in self.edges[left.pop()]:
                if target != without and target not in seen:
                    seen.add(target)
                    left.append(target)
        return seen

    def costs(self):
        """Of the best path to each node: possible pointers, then pointers."""
        costs, changed = {0: (0, 0)}, True
        while changed:
            changed = False
            for source in list(costs):
                for target, possible in self.edges[source]:
                    cost = costs[source][0] + possible, costs[source][1] + 1
                    if target not in costs or cost < costs[target]:
                        costs[target], changed = cost, True
        return costs


def snapshots(b):
    return [number for number, in b.ask("SELECT snapshot FROM heap_snapshots ORDER BY snapshot")]


def test_a_snapshot_is_told_by_its_name(b):
    rows = b.ask("SELECT name, blocks, edges, error FROM heap_snapshots ORDER BY snapshot")
    assert [row[0] for row in rows] == ["built", "exit"] and all(row[3] is None for row in rows), rows
    assert rows[0][1] > rows[1][1] + 100 and all(row[2] >= 20 for row in rows), rows
    for table, column in ("heap_blocks", "blocks"), ("heap_edges", "edges"), ("heap_roots", "roots"):
        assert b.ask(f"SELECT count(*) FROM {table} GROUP BY snapshot") == \
            b.ask(f"SELECT {column} FROM heap_snapshots"), table


def test_what_is_retained_is_what_a_removal_cuts_off(b):
    for snapshot in snapshots(b):
        graph = Graph(b, snapshot)
        whole = graph.reach()
        assert set(graph.sizes) <= whole
        rows = b.ask("SELECT node, retained_bytes, retained_blocks FROM heap_blocks WHERE snapshot = ?1 UNION ALL"
                     " SELECT node, retained_bytes, retained_blocks FROM heap_roots WHERE snapshot = ?1", snapshot)
        for node, size, blocks in rows:
            cut = (whole - graph.reach(node)) & set(graph.sizes)
            assert (size, blocks) == (sum(graph.sizes[n] for n in cut), len(cut)), (node, size, blocks, cut)


def test_a_dominator_is_the_closest_node_that_all_paths_have(b):
    for snapshot in snapshots(b):
        graph = Graph(b, snapshot)
        whole = graph.reach()
        cut = {node: whole - graph.reach(node) for node in whole if node}
        for node, dominator in b.ask("SELECT node, dominator FROM heap_blocks WHERE snapshot = ?", snapshot):
            above = [other for other in cut if other != node and node in cut[other]]
            closest = min(above, key=lambda other: len(cut[other]), default=0)
            assert dominator == closest, (node, dominator, closest)


def test_a_path_has_few_doubts_and_is_short(b):
    for snapshot in snapshots(b):
        costs = Graph(b, snapshot).costs()
        holders = {node: (holder, possible) for node, holder, possible in b.ask(
            "SELECT node, holder, holder_possible FROM heap_blocks WHERE snapshot = ?", snapshot)}
        pointers = collections.defaultdict(set)
        for source, target, offset, possible in b.ask(
                "SELECT source, target, offset, possible FROM heap_edges WHERE snapshot = ?", snapshot):
            pointers[source, target].add((offset, possible))
        for node, offset in b.ask("SELECT node, holder_offset FROM heap_blocks WHERE snapshot = ?", snapshot):
            holder, possible = holders[node]
            assert costs[holder] < costs[node] and possible == (costs[node][0] > 0), node
            if pointers[holder, node]:
                assert offset in {place for place, _ in pointers[holder, node]}, (node, offset)
                best = min(doubt for _, doubt in pointers[holder, node])
                assert (costs[holder][0] + best, costs[holder][1] + 1) == costs[node], node


def test_roots_have_their_names(b):
    rows = {name: (kind, os.path.basename(file or ""), line, size) for name, kind, file, line, size in b.ask(
        "SELECT name, kind, file, line, retained_bytes FROM retained_by_root WHERE snapshot = 1 AND name NOT NULL")}
    node, tree, ring = 16, 31 * 16 + 15 * 16 + 16 * 8, 9 * 16 + 32 + 8 * 40
    want = {
        "list": ("global", "program.c", b.line("static struct node *list;"), 100 * node + 10 * (node + 64)),
        "pairs": ("global", "program.c", b.line("static struct node *pairs"),
                  tree + ring + 2 * node + 600 + 700 + 2 * node),
        "mine": ("thread-local", "program.c", b.line("static _Thread_local"), node + 24 + node + 48),
    }
    assert {name: rows.get(name) for name in want} == want, rows
    assert rows["middle"] == ("global", "program.c", b.line("static char *middle;"), 500), rows


def test_variables_of_cxx_have_their_scopes(b):
    """In a static program, too, whose thread-local variables lie among those of libc."""
    b.file("names.cc", CXX)
    for flags in ("-O0",), ("-O2", "-static"):
        b.run(os.path.join(BIN, "rheaper-c++"), "-g", *flags, "-I" + os.path.join(SOURCE, "include"),
              "names.cc", "-o", "names", silent=False)
        trace, database = f"names{flags[0]}.bin", f"names{flags[0]}.db"
        b.run("./names", RHEAPER_TRACE=trace)
        b.run(LOADER, "-q", trace, database)
        with sqlite3.connect(b.path(database)) as db:
            rows = dict(db.execute("SELECT name, kind FROM heap_roots WHERE file LIKE '%names.cc' AND kind <> 'stack'"))
        db.close()
        assert rows == {"app::cache::names[abi:cxx11]": "global", "app::log": "global", "scratch": "thread-local"}, (flags, rows)
        # With -O2 a register may point there, too
        assert flags != ("-O0",) or "global app::cache::names (names.cc:" in b.run(REPORT, "--retained", database)


def test_a_frame_is_a_root(b):
    """In which a pointer is, not the one that was called from it."""
    for size, name, text in (1016, "main", "\t\tlook();"), (1116, "look", "\trheaper_heap_snapshot("):
        rows = b.ask("SELECT r.name, r.line, r.file LIKE '%program.c', t.number FROM heap_edges e JOIN heap_roots r"
                     " ON r.snapshot = e.snapshot AND r.node = e.source JOIN heap_blocks b ON b.snapshot = e.snapshot"
                     " AND b.node = e.target LEFT JOIN threads t USING (thread)"
                     " WHERE e.snapshot = 1 AND b.size = ? AND r.kind = 'stack'", size)
        assert (name, b.line(text), 1, 1) in rows, rows


def test_a_pointer_into_a_block_is_a_doubt(b):
    rows = b.ask("SELECT size, holder_possible FROM retained WHERE snapshot = 1 AND (size = 500 OR size = 716)"
                 " ORDER BY size")
    assert rows == [(500, 1), (716, 0)], rows


def test_what_is_lost_is_held_by_nobody(b):
    size = 16 + 16 + 256 + 16 + 128 + 3 * 16 + 32 + 2 * 40
    assert b.ask("SELECT retained_bytes, retained_blocks FROM heap_roots WHERE kind = 'lost' AND snapshot = 1") == [
        (size, 6)]


def test_a_list_is_one_group(b):
    rows = b.ask("SELECT g.blocks, g.retained_bytes FROM heap_groups g JOIN heap_groups p"
                 " ON p.snapshot = g.snapshot AND p.heap_group = g.parent JOIN heap_roots r"
                 " ON r.snapshot = g.snapshot AND r.node = p.root WHERE r.name = 'list' AND g.snapshot = 1")
    assert rows == [(100, 100 * 16 + 10 * 80)], rows
    for snapshot in snapshots(b):
        groups = b.ask("SELECT heap_group, parent, bytes, retained_bytes, retained_blocks FROM heap_groups"
                       " WHERE snapshot = ? ORDER BY heap_group DESC", snapshot)
        sums = collections.Counter()
        for number, parent, own, retained, _ in groups:
            sums[number] += own
            assert sums[number] == retained and (parent is None) == (number == 0), number
            sums[parent] += retained
        assert groups[-1][3:] == b.ask("SELECT bytes, blocks FROM heap_snapshots WHERE snapshot = ?", snapshot)[0]


def test_the_blocks_of_a_site_count_once(b):
    rows = b.ask("SELECT sum(blocks), max(retained_bytes) FROM retained_by_site WHERE snapshot = 1")
    assert rows[0][0] == b.ask("SELECT blocks FROM heap_snapshots")[0][0], rows
    graph = Graph(b, 1)
    for stack, retained in b.ask("SELECT stack, retained_bytes FROM retained_by_site WHERE snapshot = 1"):
        own = {node for node, in b.ask("SELECT node FROM heap_blocks WHERE snapshot = 1 AND stack = ?", stack)}
        cut = set().union(*((graph.reach() - graph.reach(node)) for node in own)) & set(graph.sizes)
        assert retained == sum(graph.sizes[node] for node in cut), (stack, retained)


def report(b, *words, **more):
    return b.run(REPORT, "a.db", "--snapshot=built", *words, **more)


def test_the_report_has_the_tree_of_what_is_retained(b):
    said = report(b, "--retained").split("\n")
    sums = dict(b.ask("SELECT name, retained_bytes FROM heap_roots WHERE snapshot = 1 AND name NOT NULL"))
    line = next(i for i, text in enumerate(said) if "global list (program.c:" in text)
    assert said[line].endswith(", through 1 site"), said
    # A list of 100 elements, and what they point to, are of one line of the program
    assert re.search(r"^ +[0-9.]+ kB +[0-9.]+ %    s\d+ build \(program.c:\d+\): 110 blocks of 2.40 kB$", said[line + 1]), said
    data = json.loads(report(b, "--retained", "--json"))
    assert sum(group["bytes"] for group in data["groups"]) == data["groups"][0]["retained_bytes"] == \
        data["snapshot"]["bytes"]
    for root in data["roots"]:
        if root["name"]:
            assert root["retained_bytes"] == sums[root["name"]], root
    for group in data["groups"][1:]:
        assert (group["root"] is None) != (group["site"] is None) and group["parent"] is not None, group


def test_the_report_says_why_a_block_is_alive(b):
    address, = b.ask("SELECT address FROM heap_blocks WHERE snapshot = 1 AND size = 616")[0]
    for place in address, address + 615:
        said = report(b, f"--why={place:#x}")
        assert re.search(r"The shortest path to it\n"
                         r"  global pairs \(program.c:\d+\)\n"
                         r"  \+(48|56) → build \(program.c:\d+\)\n"
                         r"  \+0 → build \(program.c:\d+\)\n$", said), said
        assert re.search(r"all paths to it lead through global pairs", said), said
    data = json.loads(report(b, f"--why={address:#x}", "--json"))
    assert [step["offset"] for step in data["path"]] in ([-1, 48, 0], [-1, 56, 0]), data["path"]
    assert data["block"]["retained_bytes"] == 616 and not data["block"]["possible"], data["block"]
    report(b, f"--why={address + 616:#x}", status=2, silent=False)


def test_the_overview_says_that_there_are_snapshots(b):
    shutil.copy(b.path("a.db"), b.path("g.db"))
    last, most = b.ask("SELECT name, (SELECT max(retained_bytes) FROM heap_roots r WHERE r.snapshot = h.snapshot)"
                       " FROM heap_snapshots h ORDER BY snapshot DESC")[0]
    roots = b.ask("SELECT name FROM heap_roots WHERE snapshot = 2 AND retained_bytes = ?", most)
    said = b.run(REPORT, "g.db")
    found = re.search(rf"^2 heap snapshots: in the last, '{last}' at [\d.]+ [mu]?s, the root that alone retains most is"
                      r" global (\w+) \(program.c:\d+\), with ([\d.]+) kB of [\d.]+ kB\. --retained shows who holds what, --why=sN ", said, re.M)
    assert (found[1],) in roots and float(found[2]) == round(most / 1000, 2), (found, roots, most)
    assert "heap snapshot" not in b.run(REPORT, "g.db", "--thread=t1")
    for sql, what in (("UPDATE heap_snapshots SET error = 'too large' WHERE snapshot = 2",
                       "2 heap snapshots: in the last, 'built' at "),
                      ("UPDATE heap_roots SET retained_bytes = 0", "no root alone retains anything."),
                      ("UPDATE heap_snapshots SET error = 'too large'", "2 heap snapshots: none of which is whole.")):
        with sqlite3.connect(b.path("g.db")) as db:
            db.execute(sql)
        db.close()
        assert what in b.run(REPORT, "g.db"), sql


def test_what_several_hold_is_held_by_none_alone(b):
    assert re.search(r"^ +816 B .* s\d+ build \(program.c:\d+\): 1 block of 816 B, held by several$",
                     report(b, "--retained"), re.M)
    address, = b.ask("SELECT address FROM heap_blocks WHERE snapshot = 1 AND size = 816")[0]
    said = report(b, f"--why={address:#x}")
    assert "\nno block and no root holds it alone\n" in said and re.search(r"\n  global (both|also) ", said), said


def test_a_list_is_one_step_of_a_path(b):
    holders = dict(b.ask("SELECT node, holder FROM heap_blocks WHERE snapshot = 1"))
    root, = b.ask("SELECT node FROM heap_roots WHERE snapshot = 1 AND name = 'list'")[0]
    depths = {}
    for node in holders:
        way = [node]
        while way[-1] in holders:
            way.append(holders[way[-1]])
        if way[-1] == root:
            depths[node] = len(way) - 1
    last = max(depths, key=depths.get)
    address, = b.ask("SELECT address FROM heap_blocks WHERE snapshot = 1 AND node = ?", last)[0]
    steps = [(step["offset"], step["blocks"]) for step in json.loads(report(b, f"--why={address:#x}", "--json"))["path"]]
    assert depths[last] >= 100 and sum(n for _, n in steps) == depths[last] + 1 and len(steps) <= 3, steps
    assert "99 more, each held by the one before" in report(b, f"--why={address:#x}"), steps


def test_a_site_has_the_block_that_retains_most(b):
    stack, retained = b.ask("SELECT stack, max(retained_bytes) FROM heap_blocks WHERE snapshot = 1 AND size = 500")[0]
    said = report(b, f"--why=s{stack}")
    assert f"s{stack} make_middle (program.c:" in said and "1 block of 500 B; 1 held by pointers that are only possible" in \
        said and "which has a possible pointer\n  global middle" in said, said
    assert json.loads(report(b, f"--why={stack}", "--json"))["block"]["retained_bytes"] == retained
    # Of the list, whose elements and what they point to are of one line
    stacks = b.ask("SELECT stack FROM sites WHERE owner_line = (SELECT owner_line FROM sites JOIN heap_blocks USING"
                   " (stack) JOIN heap_roots r ON r.snapshot = 1 AND r.node = holder WHERE heap_blocks.snapshot = 1"
                   " AND r.name = 'list')")
    most = max(b.ask("SELECT max(retained_bytes) FROM heap_blocks WHERE snapshot = 1 AND stack = ?", *stack)[0][0]
               for stack in stacks)
    assert most == 2400 and len(stacks) == 2, (most, stacks)
    for stack, in stacks:
        data = json.loads(report(b, f"--why=s{stack}", "--json"))
        assert (data["block"]["retained_bytes"], data["blocks"]) == (most, 110), data


def between(b, name, *words, lines=""):
    """A database of a run of BETWEEN, made once."""
    if not os.path.exists(b.path(name + ".db")):
        b.file("between.c", BETWEEN % {"lines": lines})
        b.run(os.path.join(BIN, "rheaper-cc"), "-g", "-O0", "-I" + os.path.join(SOURCE, "include"),
              "between.c", "-o", "between")
        b.run("./between", *words, RHEAPER_TRACE=name + ".bin")
        b.run(LOADER, "-q", name + ".bin", name + ".db")
    return Database(b.path(name + ".db"))


def folded(way):
    """What comes again further down is one with what is above."""
    path = []
    for part in way:
        path = path[:path.index(part) + 1] if part in path else path + [part]
    return path


def holders(db, snapshot, same_lines):
    """(path of roots and sites from the top) -> [bytes, blocks, retained bytes, retained blocks],
    by removals: what dominates a block is what alone cuts it off."""
    graph = Graph(db, snapshot)
    whole = graph.reach()
    cut = {node: whole - graph.reach(node) for node in whole if node}
    stacks = dict(db.ask("SELECT node, stack FROM heap_blocks WHERE snapshot = ?", snapshot))
    sites = {stack: (function, line if same_lines else None) for stack, function, line in db.ask(
        "SELECT stack, owner_function, owner_line FROM sites")}
    roots = {node: (kind, name, thread) for node, kind, name, thread in db.ask(
        "SELECT node, kind, heap_roots.name, number FROM heap_roots LEFT JOIN threads USING (thread) WHERE snapshot = ?", snapshot)}
    sums = collections.defaultdict(lambda: [0, 0, 0, 0])
    for node, size in graph.sizes.items():
        way = sorted((other for other in cut if node in cut[other]), key=lambda other: -len(cut[other]))
        path = folded(roots.get(n) or stacks[n] for n in way)
        path = tuple(folded(part if isinstance(part, tuple) else sites[part] for part in path))
        for n in range(len(path) + 1):
            own = n == len(path)
            sums[path[:n]] = [x + y for x, y in zip(sums[path[:n]], (size * own, own, size, 1))]
    return sums


def diff(b, *words, **more):
    return b.run(DIFF, "--retained", *words, **more)


def shown(data, same_lines):
    """The same of the JSON of a diff, for each side."""
    sides, paths = ({}, {}), {0: ()}
    for i, group in enumerate(data["groups"]):
        for side, name in enumerate("ab"):
            root, site, v = group[name + "_root"], group[name + "_site"], group[name]
            if i and (root or site):
                part = (root["kind"], root["name"], root["thread"] or None) if root else \
                    (site["function"], site["line"] if same_lines else None)
                paths[i] = paths[group["parent"]] + (part,)
            if i == 0 or root or site:
                values = [v["bytes"], v["blocks"], v["retained_bytes"], v["retained_blocks"]]
                old = sides[side].get(paths[i], [0, 0, 0, 0])
                sides[side][paths[i]] = [x + y for x, y in zip(old, values)]
    return sides


def test_a_diff_has_what_removals_cut_off_before_and_after(b):
    for db, names in (between(b, "between"), ("before", "after")), (Database(b.path("a.db")), ("built", "exit")):
        path = db.ask("PRAGMA database_list")[0][2]
        for words, order in ([], (1, 2)), (["--snapshots=" + ",".join(names[::-1])], (2, 1)):
            sides = shown(json.loads(diff(b, *words, path, "--json")), True)
            for side, snapshot in zip(sides, order):
                want = holders(db, snapshot, True)
                have = {path: values for path, values in side.items() if any(values)}
                assert have == {path: values for path, values in want.items() if any(values)}, (words, have, want)


def test_a_diff_says_what_is_new_and_what_is_gone(b):
    between(b, "between")
    data = json.loads(diff(b, "between.db", "--json"))
    roots = {}
    for group in data["groups"]:
        root = group["b_root"] or group["a_root"]
        if root and root["kind"] == "global" and root["name"]:
            roots[root["name"]] = (group["status"], group["a"]["retained_bytes"], group["b"]["retained_bytes"])
    assert roots == {"cache": ("grown", 50 * 96, 80 * 96), "old": ("gone", 16 + 1600, 0),
                     "fresh": ("new", 0, 16 + 768), "one": ("shrunk", 16 + 640, 16), "other": ("new", 0, 0),
                     "slots": ("grown", 300, 605), "first": ("gone", 1216, 0), "second": ("new", 0, 1216)}, roots
    said = diff(b, "between.db")
    for line in (r"^ +\+2.88 kB +4.80 kB +7.68 kB +\+60  global cache \(between.c:\d+\)$",
                 r"^ +\+2.88 kB +4.80 kB +7.68 kB +\+60    s\d+ make \(between.c:\d+\)$",
                 r"^ +\+2.40 kB +4.00 kB +6.40 kB +\+30      s\d+ data \(between.c:\d+\)$",
                 r"^ +-1.62 kB +1.62 kB +0 B +-2  global old \(between.c:\d+\), gone$",
                 r"^ +-1.62 kB +1.62 kB +0 B +-2    s\d+ make \(between.c:\d+\), gone$",
                 r"^ +\+640 B +0 B +640 B +\+1  s\d+ data \(between.c:\d+\), held by several, new$"):
        assert re.search(line, said, re.M), (line, said)
    short = diff(b, "between.db", "--top=1", "--min=1K")
    assert re.search(r"^ +-?\+?[0-9.]+ k?B +.* \(\d+ others\)$", short, re.M) and len(short) < len(said), short
    assert "Nothing retains more or less than before." in diff(b, "between.db", "between.db")


def test_a_diff_tells_blocks_that_stayed(b):
    """From those that came to be where others were."""
    db = between(b, "between")
    data = json.loads(diff(b, "between.db", "--json"))
    times = db.ask("SELECT at_ns FROM heap_snapshots ORDER BY snapshot")
    blocks, sites = [], {}
    for snapshot, (at,) in enumerate(times, 1):
        rows = db.ask("SELECT h.address, b.alloc_ns, h.size, s.owner_line FROM heap_blocks h JOIN blocks b ON"
                      " b.address = h.address AND b.alloc_ns <= ?2 AND coalesce(b.alloc_ns + b.lifetime_ns > ?2, 1)"
                      " JOIN sites s USING (stack) WHERE h.snapshot = ?1", snapshot, at)
        blocks.append({row[:2]: row[2:] for row in rows})
        assert len(rows) == db.ask("SELECT blocks FROM heap_snapshots WHERE snapshot = ?", snapshot)[0][0]
    before, after = blocks
    assert {address for address, _ in before} & {address for address, _ in set(after) - set(before)}
    for name, keys in ("both", set(before) & set(after)), ("gone", set(before) - set(after)), (
            "added", set(after) - set(before)):
        sizes = [{**before, **after}[key] for key in keys]
        assert (data["kept"][name + "_blocks"], data["kept"][name + "_bytes"]) == (
            len(sizes), sum(size for size, _ in sizes)), (name, data["kept"])
        for size, line in sizes:
            counted = sites.setdefault((line, name), [0, 0])
            counted[0], counted[1] = counted[0] + 1, counted[1] + size
    have = {(site["site"]["line"], name): [site[name + "_blocks"], site[name + "_bytes"]]
            for site in data["sites"] for name in ("both", "gone", "added") if site[name + "_blocks"]}
    assert have == sites, (have, sites)


def test_a_diff_of_two_builds_knows_roots_and_sites_by_their_names(b):
    """Lines have moved."""
    first, second = between(b, "between"), between(b, "rebuilt", "x", lines="\n\n\n/* moved */\n")
    data = json.loads(diff(b, "between.db", "rebuilt.db", "--json"))
    assert "kept" not in data and data["a"]["name"] == data["b"]["name"] == "after", data
    named = [group for group in data["groups"] if (group["a_root"] or group["b_root"] or {"kind": 0})["kind"] == "global"
             or group["a_site"] or group["b_site"]]
    assert {group["status"] for group in named} == {"same", "grown"}, named
    for side, db in zip(shown(data, False), (first, second)):
        have = {path: v for path, v in side.items() if any(v) and path and path[0][0] == "global"}
        want = {path: v for path, v in holders(db, 2, False).items() if any(v) and path and path[0][0] == "global"}
        assert have and have == want, (have, want)
    grown = [group["b"]["retained_bytes"] - group["a"]["retained_bytes"] for group in named if group["b_root"]
             and group["b_root"]["name"] == "cache"]
    assert grown == [30 * 96], grown
    data = json.loads(diff(b, "--snapshots=before,1", "between.db", "rebuilt.bin", "--json"))
    assert data["a"]["name"] == data["b"]["name"] == "before"


def test_a_diff_of_two_processes_of_a_database(b):
    between(b, "between")
    between(b, "rebuilt", "x", lines="\n\n\n/* moved */\n")
    shutil.copy(b.path("between.db"), b.path("both.db"))
    b.run(LOADER, "-q", "--append", "rebuilt.bin", "both.db")
    want = json.loads(diff(b, "between.db", "rebuilt.db", "--json"))

    def neutral(data):
        return [(group["parent"], group["status"], group["a"], group["b"]) for group in data["groups"]]
    for words in ["both.db:1", "both.db:2"], ["both.db:1", "both.db"], ["--process-a=1", "both.db", "both.db"], [
            "--process-a=1", "--process-b=2", "both.db"]:
        assert neutral(json.loads(diff(b, *words, "--json"))) == neutral(want), words
    one = json.loads(diff(b, "--process-b=1", "both.db", "--json"))
    assert (one["a"]["snapshot"], one["b"]["snapshot"]) == (1, 2) and one["kept"]["both_blocks"] > 100, one


def test_a_diff_that_cannot_be_is_refused(b):
    between(b, "between")
    b.run("./program", "no", RHEAPER_TRACE="none.bin")
    for words, what in ((["between.db"], "expected A and B, or --retained and one DATABASE"),
                        (["--snapshots=after,after", "between.db"], "are one heap snapshot, 'after'; the process has 2"),
                        (["--snapshots=after", "between.db"], "expected two names or numbers"),
                        (["--snapshots=,after", "between.db"], "expected two names or numbers"),
                        (["--snapshots=before,noon", "between.db"], "no heap snapshot 'noon'"),
                        (["--retained", "none.bin"], "has no heap snapshot"),
                        (["--retained", "--tree", "between.db"], "choose one of"),
                        (["--retained", "--sort=peak", "between.db"], "cannot be combined"),
                        (["--retained", "--process-b=7", "between.db"], "no process 7")):
        result = subprocess.run([DIFF, *words], cwd=b.dir, env=b.env, text=True, capture_output=True)
        assert result.returncode == 2 and what in result.stderr and not result.stdout, (words, result)


def page_blocks():
    """The program of the page, its commands, and (a command, what it says) of its examples."""
    with open(os.path.join(SOURCE, "docs", "how-to", "holders.md")) as page:
        text = page.read()
    program, = re.findall(r"```c\n(.*?)```", text, re.S)
    commands, = re.findall(r"```\n(rheaper-cc .*?)```", text, re.S)
    return program, commands.splitlines(), re.findall(r"```\n\$ (.*?)\n(.*?)```", text, re.S)


def test_the_page_shows_what_is_shown(b):
    """Addresses, times, the process and which of 16 equally long lists is the first differ."""
    program, commands, examples = page_blocks()
    folder = os.path.dirname(LOADER), os.path.dirname(REPORT), os.path.dirname(DIFF), BIN
    b.file("sessions.c", program)
    env = {"PATH": ":".join(folder) + ":" + b.env["PATH"], "C_INCLUDE_PATH": os.path.join(SOURCE, "include")}
    for command in commands:
        b.run("sh", "-c", command, silent=False, **env)

    def neutral(said):
        said = re.sub(r"0x[0-9a-f]+", "ADDRESS", said)
        said = re.sub(r"pid \d+", "PID", said)
        said = re.sub(r"at [0-9.]+ [mu]?s:", "at TIME:", said)
        return re.sub(r"\+\d+ → remember \(sessions.c:18\) and 9\d more", "+N → LIST", said)
    assert len(examples) == 3
    for command, want in examples:
        said = b.run("sh", "-c", command, **env)
        assert neutral(said) == neutral(want), (command, said)


def test_what_is_asked_for_and_not_there_is_said(b):
    b.run("./program", "no", RHEAPER_TRACE="d.bin")
    b.run(LOADER, "-q", "d.bin", "d.db")
    for words, what in ((("a.db", "--retained", "--snapshot=none"), "no heap snapshot 'none'; it has 2 others"),
                        (("d.db", "--retained"), "run the program with RHEAPER_LEAK_SCAN=graph"),
                        (("a.db", "--why=x"), "expected a call site such as s17, or the address"),
                        (("a.db", "--why=s99999"), "there is no such call site"),
                        (("a.db", "--snapshot=exit"), "--snapshot is for --retained, --why and --html"),
                        (("a.db", "--retained", "--window=1..2"), "cannot be combined")):
        result = subprocess.run([REPORT, *words], cwd=b.dir, env=b.env, text=True, capture_output=True)
        assert result.returncode == 2 and what in result.stderr, (words, result)
    assert "heap snapshot 'exit'" in b.run(REPORT, "a.db", "--retained")


def test_a_circle_of_holders_is_damage(b):
    shutil.copy(b.path("a.db"), b.path("e.db"))
    with sqlite3.connect(b.path("e.db")) as db:
        address, = db.execute("SELECT address FROM heap_blocks WHERE snapshot = 2 AND node = 1").fetchone()
        db.execute("UPDATE heap_blocks SET holder = 3 - node WHERE snapshot = 2 AND node IN (1, 2)")
    db.close()
    result = subprocess.run([REPORT, "e.db", f"--why={address:#x}"], cwd=b.dir, env=b.env, text=True,
                            capture_output=True, timeout=60)
    assert result.returncode == 2 and "is damaged" in result.stderr, result


def test_numbers_of_a_database_are_no_sizes(b):
    """A stack numbered four billion is one more stack."""
    shutil.copy(b.path("a.db"), b.path("f.db"))
    with sqlite3.connect(b.path("f.db")) as db:
        db.execute("UPDATE stacks SET stack = 4294967290 WHERE stack = (SELECT max(stack) FROM stacks)")
    db.close()
    with subprocess.Popen([REPORT, "f.db", "--retained", "--json"], cwd=b.dir, env=b.env, stdout=subprocess.PIPE) as child:
        said = json.load(child.stdout)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0 and any(site["site"] == 4294967290 for site in said["sites"])
    assert usage.ru_maxrss < 1 << 20, usage.ru_maxrss  # KiB


def test_a_trace_without_a_graph_has_no_rows(b):
    b.run("./program", "no", RHEAPER_TRACE="b.bin", RHEAPER_LEAK_SCAN="1")
    b.run(LOADER, "-q", "b.bin", "b.db")
    with sqlite3.connect(b.path("b.db")) as db:
        for table in "snapshots", "blocks", "roots", "edges", "groups":
            assert db.execute(f"SELECT count(*) FROM heap_{table}").fetchone() == (0,), table
    db.close()


def test_numbers_go_on_where_a_database_does(b):
    b.run("./program", RHEAPER_TRACE="c.bin", RHEAPER_LEAK_SCAN="graph")
    b.run(LOADER, "-q", "c.bin", "c.db")
    b.run(LOADER, "-q", "--append", "a.bin", "c.db")
    with sqlite3.connect(b.path("c.db")) as db:
        rows = db.execute("SELECT snapshot, process, name, blocks FROM heap_snapshots").fetchall()
        assert [row[:3] for row in rows] == [(1, 1, "built"), (2, 1, "exit"), (3, 2, "built"), (4, 2, "exit")], rows
        assert rows[0][3] == rows[2][3] and db.execute("PRAGMA foreign_key_check").fetchall() == []
    db.close()


tap.run(globals(), Bench)
