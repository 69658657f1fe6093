#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Graphs of the heap: random programs with their own ledger of pointers, and what may go
wrong while one is written.

usage: check-graphs.py RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY RHEAPER-CTL RHEAPER-TOP|- [--long]
"""
import collections
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import tap  # noqa: E402
import workbench  # noqa: E402

LOAD, BIN, CTL, TOP = map(os.path.abspath, sys.argv[1:5])
N_PROGRAMS = 300 if "--long" in sys.argv else 40
LEVELS = "-O1", "-O0", "-O2", "-O3", "-Os"
INCLUDE = "-I" + os.path.join(HERE, "..", "..", "include")
WORD = 8


class Bench(workbench.Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.built = {}

    def build(self, source, *flags):
        """A program of this directory, or of the text."""
        key = (source, flags)
        if key not in self.built:
            path = os.path.join(HERE, source) if source.endswith(".c") else self.file("text.c", source)
            self.built[key] = self.path(f"program{len(self.built)}")
            self.run(os.path.join(BIN, "rheaper-cc"), "-g", "-O1", "-pthread", INCLUDE, *flags, "-o",
                     self.built[key], path)
        return self.built[key]

    def scan(self, program, *arguments, status=0, before=(), **env):
        """Runs it with a graph at its end, loads that: the output and the database."""
        for name in "t.bin", "t.db":
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))
        out = self.run(*before, program, *arguments, status=status, silent=False,
                       **{"RHEAPER_TRACE": "t.bin", "RHEAPER_LEAK_SCAN": "graph", **env})
        self.load("t.bin")
        return out

    def load(self, trace):
        self.said = self.run(LOAD, "--force", trace, "t.db", silent=False)
        self.db = sqlite3.connect(self.path("t.db"))

    def ask(self, sql, *values):
        return self.db.execute(sql, values).fetchall()


def parse(word):
    """105i@3: 105, into its middle, in slot 3."""
    block, slot = word.split("@")
    return int(block.rstrip("i")), int(block.endswith("i")), int(slot)


def ledger(out):
    """Pointers as (source, offset, target, possible), where the source is a block by its
    size, or (place, thread)."""
    blocks, pointers = set(), collections.Counter()
    for line in out.splitlines():
        what, word, *words = line.split()
        if what == "block":
            blocks.add(int(word))
            for target, inside, slot in map(parse, words):
                pointers[int(word), slot * WORD, target, inside] += 1
        else:
            target, inside, slot = parse(word)
            pointers[(words[0], int(words[1])), None, target, inside] += 1
    return blocks, pointers


KINDS = {"global": "global", "mapped": "memory", "variable": "thread-local", "stack": "stack"}
NAMES = {"global": "globals", "variable": "variables"}


def check_blocks(b, seed, blocks, pointers):
    """The pointers in blocks: these, and no others."""
    found = collections.Counter(
        row for row in b.ask("SELECT s.size, e.offset, t.size, e.possible FROM heap_edges e"
                             " JOIN heap_blocks s ON s.node = e.source AND s.snapshot = e.snapshot"
                             " JOIN heap_blocks t ON t.node = e.target AND t.snapshot = e.snapshot")
        if row[0] in blocks)
    want = collections.Counter({key: n for key, n in pointers.items() if isinstance(key[0], int)
                                # one of its own is none
                                and key[0] != key[2]})
    assert found == want, (seed, found - want, want - found)


def check_roots(b, seed, blocks, pointers):
    found = collections.Counter()
    for kind, name, tid, target, possible in b.ask(
            "SELECT r.kind, r.name, h.tid, t.size, e.possible FROM heap_edges e"
            " JOIN heap_roots r ON r.node = e.source AND r.snapshot = e.snapshot"
            " JOIN heap_blocks t ON t.node = e.target AND t.snapshot = e.snapshot"
            " LEFT JOIN threads h ON h.thread = r.thread WHERE r.kind <> 'lost'"):
        if target in blocks:
            found[kind, name if kind in ("global", "thread-local") else None, tid, target, possible] += 1
    for ((place, tid), _, target, possible), n in (item for item in pointers.items()
                                                   if not isinstance(item[0][0], int)):
        key = KINDS[place], NAMES.get(place), tid or None, target, possible
        # A stack may have copies of its own; the others are as they are
        assert found[key] == n or (place == "stack" and found[key] > n), (seed, key, n, found)


def reach(edges, without=None):
    seen, todo = set(), [0]
    while todo:
        node = todo.pop()
        if node != without and node not in seen:
            seen.add(node)
            todo += edges.get(node, ())
    return seen


def check_retained(b, seed):
    """What each block and root retains is what its removal cuts off."""
    edges, sizes = collections.defaultdict(list), dict(b.ask("SELECT node, size FROM heap_blocks"))
    lost = {node for node, in b.ask("SELECT node FROM heap_blocks WHERE leak_kind IN (1, 2)")}
    for source, target in b.ask("SELECT source, target FROM heap_edges"):
        if source not in lost or target in lost:  # which keep nothing else alive
            edges[source].append(target)
    for node, in b.ask("SELECT node FROM heap_roots WHERE kind = 'lost'"):
        edges[node] = [head for head, in b.ask("SELECT node FROM heap_blocks WHERE leak_kind = 1")]
    edges[0] = [node for node, in b.ask("SELECT node FROM heap_roots")]
    all_of_it = reach(edges)
    for node, n_bytes, n_blocks in b.ask(
            "SELECT node, retained_bytes, retained_blocks FROM heap_blocks"
            " UNION ALL SELECT node, retained_bytes, retained_blocks FROM heap_roots"):
        gone = [other for other in all_of_it - reach(edges, node) if other in sizes]
        if node in all_of_it:
            assert (n_bytes, n_blocks) == (sum(map(sizes.get, gone)), len(gone)), (seed, node)


def test_random_programs(b):
    """Every pointer of the ledger is in the graph, where it is, and blocks have no others."""
    programs = [b.build("graph.c", level) for level in LEVELS]
    n_pointers = 0
    for seed in range(1, N_PROGRAMS + 1):
        blocks, pointers = ledger(b.scan(programs[seed % len(programs)], str(seed), "places"))
        assert b.ask("SELECT name, error FROM heap_snapshots") == [("exit", None)]
        check_blocks(b, seed, blocks, pointers)
        check_roots(b, seed, blocks, pointers)
        if seed <= N_PROGRAMS // 4:
            check_retained(b, seed)
        n_pointers += sum(pointers.values())
    assert n_pointers > 50 * N_PROGRAMS, n_pointers
    print(f"# {N_PROGRAMS} programs, {n_pointers} pointers", flush=True)


STACKS = """
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <rheaper.h>
static pthread_barrier_t barrier;
static int tid;
__attribute__((noinline)) static void inner(char *volatile *held)
{
	tid = (int)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	for (;;)
		syscall(SYS_pause);
	free(*held);
}
static void await_pause(void)
{
	char path[64];
	int number = -1;
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	while (number != SYS_pause) {
		FILE *file = fopen(path, "r");
		if (!file || fscanf(file, "%d", &number) != 1)
			number = -1;
		if (file)
			fclose(file);
	}
}
__attribute__((noinline)) static void outer(void)
{
	char *volatile held = malloc(77);
	inner(&held);
}
static void *run(void *argument)
{
	char *volatile held = malloc(88);
	outer();
	free(held);
	return argument;
}
__attribute__((noinline)) static void look(void)
{
	char *volatile held = malloc(99);
	rheaper_heap_snapshot("stacks");
	free(held);
}
int main(void)
{
	char *volatile held = malloc(66);
	pthread_t thread;
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, run, NULL);
	pthread_barrier_wait(&barrier);
	await_pause();
	look();
	free(held);
	return 0;
}
"""


def test_frames_of_stacks(b):
    """Of the thread that asks, and of one that waits."""
    for flags in (), ("-static",), ("-O0",):
        b.scan(b.build(STACKS, *flags))
        rows = b.ask("SELECT DISTINCT t.size, r.kind, r.name FROM heap_edges e"
                     " JOIN heap_roots r ON r.node = e.source AND r.snapshot = e.snapshot"
                     " JOIN heap_blocks t ON t.node = e.target AND t.snapshot = e.snapshot"
                     " JOIN heap_snapshots s ON s.snapshot = e.snapshot"
                     " WHERE s.name = 'stacks' AND t.size IN (66, 77, 88, 99) AND r.kind = 'stack'")
        assert {(66, "stack", "main"), (77, "stack", "outer"), (88, "stack", "run"),
                (99, "stack", "look")} <= set(rows), (flags, rows)


MANY = """
#include <stdlib.h>
#include <rheaper.h>
void **volatile all;
int main(int argc, char **argv)
{
	size_t n = (size_t)atol(argv[1]);
	all = malloc(n * sizeof(*all));
	for (size_t i = 0; i < n; i++)
		all[i] = malloc(16);
	all[n / 2] = NULL;
	return argc > 2 ? rheaper_heap_snapshot(argv[2]).error : 0;
}
"""


def test_snapshots_have_names(b):
    program = b.build(MANY)
    name = "n\N{LATIN SMALL LETTER E WITH ACUTE}" + "x" * 300
    b.scan(program, "100", name)
    assert b.ask("SELECT snapshot, name, blocks, error FROM heap_snapshots") == \
        [(1, name.encode()[:255].decode(), 101, None), (2, "exit", 101, None)]
    b.scan(program, "100", "", RHEAPER_LEAK_SCAN="0")
    # The end is scanned, too, but its graph was not asked for
    assert b.ask("SELECT name FROM heap_snapshots") == [("",)]
    assert b.ask("SELECT leak_scan FROM processes") == [("made",)]


def test_far_offsets(b):
    """Pointers behind the first 64 MiB of a block."""
    program = b.build("""
#include <stdlib.h>
char *volatile large;
int main(void)
{
	large = malloc(200 << 20);
	for (size_t i = 0; i < 4; i++)
		*(void **)(large + (i * 50 << 20) + 8 * i) = malloc(100 + i);
	return 0;
}
""")
    b.scan(program)
    assert b.ask("SELECT t.size, e.offset FROM heap_edges e JOIN heap_blocks s ON s.node = e.source"
                 " JOIN heap_blocks t ON t.node = e.target WHERE s.size > 1000 ORDER BY 1") == \
        [(100 + i, (i * 50 << 20) + 8 * i) for i in range(4)]


def test_without_a_graph_nothing_is_written(b):
    b.scan(b.build(MANY), "10", RHEAPER_LEAK_SCAN="1")
    for table in "snapshots", "blocks", "edges", "roots", "groups":
        assert b.ask(f"SELECT count(*) FROM heap_{table}") == [(0,)], table


def memory_of(command, directory):
    """The most that a command has in memory, in KiB."""
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_maxrss


def test_who_follows_a_trace_keeps_no_graph(b):
    """It takes a third more, and may be asked for again and again while a server runs."""
    if not os.path.exists(TOP):
        raise tap.Skip("rheaper-top was not built")
    program, most = b.build(MANY), {"1": [], "graph": []}
    # Files count that it maps, as far as the kernel leaves them in memory: one run of many had 9 MB less. With
    # 140,000 blocks the tables are far from where they grow
    for scan in ("1", "graph") * 3:
        b.run(program, "140000", RHEAPER_TRACE="t.bin", RHEAPER_LEAK_SCAN=scan)
        most[scan].append(memory_of([TOP, "--batch", "t.bin"], b.dir))
        os.remove(b.path("t.bin"))
    assert min(most["graph"]) < 1.1 * max(most["1"]), most


def lost_of(b):
    return b.ask("SELECT sum(blocks) FROM leaks_by_kind WHERE leak_kind = 'definitely lost'")


def test_a_full_trace_has_the_verdict(b):
    """The limit comes in the middle of the graph: as for a disk that is full."""
    program = b.build(MANY)
    b.scan(program, "100000")
    size = os.path.getsize(b.path("t.bin"))
    assert lost_of(b) == [(1,)] and b.ask("SELECT error FROM heap_snapshots") == [(None,)]
    met = collections.Counter()
    for less in range(0, 2 << 20, 128 << 10):
        b.scan(program, "100000", RHEAPER_MAX_BYTES=str(size - less))
        (name, error), = b.ask("SELECT name, error FROM heap_snapshots")
        made = b.ask("SELECT leak_scan FROM processes") == [("made",)]
        assert name == "exit" and (made or error), b.said
        assert not made or lost_of(b) == [(1,)], b.said
        assert not error or b.ask("SELECT count(*) FROM heap_edges") == [(0,)]
        met[made, bool(error)] += 1
    assert met[True, True] and met[False, True], met


def test_a_child_that_is_killed_leaves_the_verdict(b):
    """At its first write behind the verdict, as the kernel sees it."""
    if not shutil.which("strace") or subprocess.run(
            ["strace", "-f", "-o", os.devnull, "true"], capture_output=True).returncode:
        raise tap.Skip("no strace")
    program = b.build(MANY)
    b.scan(program, "100000", before=("strace", "-f", "-qq", "-e", "trace=pwritev", "-o", b.path("calls")))
    writes = [line for line in open(b.path("calls")) if "pwritev" in line]
    pid = writes[-1].split()[0]
    n = sum(line.split()[0] == pid for line in writes)
    assert n > 8, writes
    b.scan(program, "100000", before=("strace", "-f", "-qq", "-o", b.path("calls"),
                                      f"--inject=pwritev:signal=KILL:when={n - 1}"))
    assert lost_of(b) == [(1,)], b.said
    assert b.ask("SELECT name, error IS NOT NULL FROM heap_snapshots") == [("exit", 1)]
    assert b.ask("SELECT leak_scan FROM processes") == [("made",)]


def test_samples_and_rings_have_none(b):
    program = b.build(MANY)
    for env in {"RHEAPER_SAMPLE_BYTES": "1"}, {"RHEAPER_MAX_BYTES": "2M,ring"}:
        b.scan(program, "10", **env)
        (name, error, blocks), = b.ask("SELECT name, error, blocks FROM heap_snapshots")
        assert name == "exit" and error and blocks == 0, (name, error)


SERVER = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
struct item { struct item *next; } *cache;
int main(void)
{
	for (int i = 0; i < 500; i++) {
		struct item *item = malloc(sizeof(*item) + 100);
		item->next = cache;
		cache = item;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
"""


ALTERNATE = """
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
void *volatile kept;
int main(int argc, char **argv)
{
	(void)argc;
	size_t size = (size_t)sysconf(_SC_MINSIGSTKSZ) + (size_t)atol(argv[1]);
	stack_t stack = {.ss_sp = malloc(size), .ss_size = size};
	sigaltstack(&stack, NULL);
	kept = malloc(77);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
"""


def test_a_small_stack_of_handlers_is_not_overrun(b):
    """The program gives its handlers a stack of what the kernel needs, and so much more."""
    program = b.build(ALTERNATE)
    env = {**os.environ, "RHEAPER_TRACE": b.path("s.bin"), "RHEAPER_SIGNAL": "USR2", "RHEAPER_QUIET": "1"}
    for more, is_enough in ("2048", False), ("32768", True):
        with subprocess.Popen([program, more], cwd=b.dir, env=env, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout.readline() == "ready\n"
                result = subprocess.run([CTL, "--graph", str(server.pid), "snapshot", "now.bin"], cwd=b.dir, text=True,
                                        capture_output=True)
                assert (result.returncode == 0) == is_enough, (more, result)
                assert is_enough or "a stack that is too small" in result.stderr, result
                assert "on" in b.run(CTL, str(server.pid), "status")
            finally:
                server.send_signal(signal.SIGKILL)
        os.remove(b.path("s.bin"))
    b.load("now.bin")
    assert b.ask("SELECT count(*) FROM heap_blocks WHERE size = 77") == [(1,)]
    os.remove(b.path("now.bin"))


def test_a_server_is_asked_from_outside(b):
    program = b.build(SERVER)
    env = {**os.environ, "RHEAPER_TRACE": b.path("s.bin"), "RHEAPER_SIGNAL": "USR2", "RHEAPER_QUIET": "1"}
    with subprocess.Popen([program], cwd=b.dir, env=env, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout.readline() == "ready\n"
            b.run(CTL, "--graph", str(server.pid), "snapshot", "now.bin", silent=False)
        finally:
            server.send_signal(signal.SIGKILL)
    os.remove(b.path("s.bin"))
    b.load("now.bin")
    assert b.ask("SELECT name, error FROM heap_snapshots") == [("now.bin", None)]
    assert b.ask("SELECT name, retained_blocks FROM heap_roots WHERE name = 'cache'") == [("cache", 500)]
    os.remove(b.path("now.bin"))


tap.run(globals(), Bench)
