#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-top: what it shows of a program that runs, step by step, and of traces that are
finished, torn, damaged or none. Programs wait on a pipe, so that what they have done is
known.

usage: check-top.py RHEAPER-TOP RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys

import tap
from terminal import Terminal
from workbench import Workbench

TOP, LOADER, BIN = (os.path.abspath(path) for path in sys.argv[1:4])

# Does what each line of its standard input says, and says when it has.
PROGRAM = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#define OWN __attribute__((noinline, noclone))
static void *volatile block;
static void *kept[100000];
static int n;
static OWN void small(int count)
{
	while (count--)
		kept[n++] = malloc(100);
}
static OWN void large(void)
{
	kept[n++] = malloc(1000000);
}
static OWN void temporary(int count)
{
	while (count--) {
		block = malloc(10);
		free(block);
	}
}
static OWN void drop(int count)
{
	while (count--)
		free(kept[--n]);
}
static void *other(void *count)
{
	prctl(PR_SET_NAME, NAME);
	small(*(int *)count);
	return NULL;
}
static void obey(const char *word, int count)
{
	pthread_t thread;
	if (!strcmp(word, "small"))
		small(count);
	if (!strcmp(word, "large"))
		large();
	if (!strcmp(word, "temporary"))
		temporary(count);
	if (!strcmp(word, "drop"))
		drop(count);
	if (!strcmp(word, "thread")) {
		pthread_create(&thread, NULL, other, &count);
		pthread_join(thread, NULL);
	}
	if (!strcmp(word, "abort"))
		abort();
	if (!strcmp(word, "fork")) {
		int pid = fork();
		if (pid == 0) {
			read(0, &count, 1);
			_exit(0);
		}
		dprintf(1, "%d\n", pid);
		waitpid(pid, NULL, 0);
	}
}
int main(void)
{
	static char line[100], word[100];
	int count = 0;
	setvbuf(stdin, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		sscanf(line, "%s %d", word, &count);
		obey(word, count);
		write(1, "done\n", 5);
	}
	return 0;
}
"""
# Allocates through functions of its own, from as many places as its input says.
WRAPPERS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define OWN __attribute__((noinline, noclone))
static void *volatile keep;
static OWN void *take(size_t size)
{
	keep = malloc(size);
	return keep;
}
static OWN void *jump(size_t size)
{
	return take(size + 1);
}
static OWN void *pool(size_t size)
{
	keep = malloc(size * 2);
	return keep;
}
#define PLACE(n) static OWN void place##n(void) { keep = take(n * 10); keep = take(n * 20); }
PLACE(1) PLACE(2) PLACE(3) PLACE(4) PLACE(5) PLACE(6) PLACE(7) PLACE(8) PLACE(9)
static OWN void more(void) { keep = take(7); }
static OWN void jumps(void) { keep = jump(70); }
static OWN void pooled(void) { keep = pool(30); }
static void (*const places[])(void) = {place1, place2, place3, place4, place5, place6, place7,
				       place8, place9};
int main(void)
{
	static char line[100], word[100];
	unsigned int count = 0;
	setvbuf(stdin, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		sscanf(line, "%s %u", word, &count);
		if (!strcmp(word, "places")) {
			for (unsigned int i = 0; i < count; i++)
				places[i]();
		} else if (!strcmp(word, "take")) {
			keep = take(count);
		} else {
			more(), jumps(), pooled();
		}
		write(1, "done\n", 5);
	}
	return 0;
}
"""
HOSTILE = "\x1b]0;no\x07\u009b31m"


class Program:
    """The program while it runs."""

    def __init__(self, bench, trace, name="program", **env):
        self.trace = bench.path(trace)
        if os.path.exists(self.trace):
            os.remove(self.trace)
        self.process = subprocess.Popen(
            [bench.path(name)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, cwd=bench.dir, env={**bench.env, "RHEAPER_TRACE": self.trace, **env})

    def do(self, *lines):
        for line in lines:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "done\n", line

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        source = self.file("program.c", PROGRAM)
        name = "".join(f"\\x{byte:02x}\"\"" for byte in HOSTILE.encode())
        self.run(BIN + "/rheaper-cc", "-g", "-O1", "-fno-builtin", f'-DNAME="{name}"', source,
                 "-o", "program", "-lpthread")
        source = self.file("wrappers.c", WRAPPERS)
        for name, level in ("wrappers", "-O1"), ("tails", "-O2"):
            self.run(BIN + "/rheaper-cc", "-g", level, "-fno-builtin", source, "-o", name)

    def json(self, *words):
        return json.loads(self.run(TOP, "--json", *words))

    def refuse(self, *words, said):
        result = subprocess.run([TOP, *words], cwd=self.dir, env=self.env, text=True,
                                capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
        assert result.returncode == 2, result
        assert result.stderr.startswith("rheaper-top: ") and said in result.stderr, result
        assert result.stdout == "", result

    def terminal(self, *words, term="xterm", **more):
        env = {**self.env, "TERM": term, "LC_ALL": "C.UTF-8"}
        return Terminal([TOP, "-d", "0.05", *words], env, self.dir, **more)

    def load(self, trace, *words):
        """The database of a trace."""
        self.run(LOADER, "--force", "-q", *words, trace, "loaded.db", silent=False)
        return sqlite3.connect(self.path("loaded.db"))


def sites(view):
    """By function: what it has live, in bytes and blocks; what it allocated."""
    return {site["name"].split()[0]: tuple(site[key] for key in (
        "live_bytes", "live_blocks", "bytes", "allocations")) for site in view["sites"]}


def owners(view):
    """What each owning site has, and the chains to it."""
    shown = {}
    for site in view["sites"]:
        owner = site["owner"] or {}
        key = tuple(owner.get(name) for name in ("function", "file", "line", "module_path"))
        assert (key not in shown or not site["owner"]) and bool(site["chain"]) == bool(owner), view
        shown[key] = [a + b for a, b in zip(shown.get(key, [0] * 4), (
            site["live_bytes"], site["live_blocks"], site["bytes"], site["allocations"]))]
    return shown


def check_owners(bench, trace, *words):
    """The rows are those of SQL over a load; returns them, with the chain by function."""
    view = bench.json(*words, trace)
    with bench.load(trace, *words) as db:
        columns = "owner_function, owner_file, owner_line, owner_module_path"
        rows = {row[:4]: list(row[4:]) for row in db.execute(
            f"SELECT {columns}, sum(live_bytes), sum(live_blocks), sum(allocated_bytes),"
            f" sum(allocations) FROM call_sites WHERE allocations > 0 GROUP BY {columns}")}
        chains = db.execute(f"SELECT DISTINCT {columns}, chain FROM call_sites").fetchall()
    assert owners(view) == rows, (owners(view), rows)
    for site in view["sites"]:
        if site["owner"]:
            assert (*site["owner"].values(), site["chain"]) in chains, (site, chains)
    return rows, {site["owner"]["function"]: site["chain"] for site in view["sites"] if site["owner"]}


def test_a_running_program_step_by_step(bench):
    with Program(bench, "steps.bin") as program:
        program.do("small 10", "large 1")
        view = bench.json(program.trace)
        assert sites(view) == {"small": (1000, 10, 1000, 10),
                               "large": (1000000, 1, 1000000, 1)}, view
        assert view["state"] == "tracing" and not view["over"], view
        assert view["pid"] == program.process.pid, view
        program.do("drop 2", "temporary 50", "thread 5")
        view = bench.json(program.trace)
        # The thread's own memory is libc's affair
        found = sites(view)
        assert found["small"] == (1400, 14, 1500, 15), view
        assert found["large"] == (0, 0, 1000000, 1), view
        assert found["temporary"] == (0, 0, 500, 50), view
        temporary = [site["temporary"] for site in view["sites"] if "temporary" in site["name"]]
        assert temporary == [100.0], view
        assert view["peak_bytes"] >= 1001000 and view["frees"] >= 52, view
        assert view["foreign"] == 0 and view["lost"] == 0, view
        program.end()
        view = bench.json(program.trace)
        assert view["state"] == "exited" and view["over"], view


def test_a_process_is_found_by_its_number(bench):
    with Program(bench, "pid.bin") as program:
        program.do("small 7")
        assert sites(bench.json(str(program.process.pid)))["small"] == (700, 7, 700, 7)


def test_a_ring_is_not_followed_while_it_is_written(bench):
    with Program(bench, "ring.bin", RHEAPER_MAX_BYTES="4M,ring") as program:
        program.do("small 7")
        bench.refuse(program.trace, said="snapshot")
        program.end()
        assert sites(bench.json(program.trace))["small"] == (700, 7, 700, 7)


def test_the_result_is_that_of_a_load(bench):
    with Program(bench, "load.bin", RHEAPER_EVENT_BUFFER="500") as program:
        program.do("small 20", "large 1", "thread 700", "drop 300", "temporary 900")
        follower = subprocess.Popen([TOP, "-b", "-r", "0", "-d", "0.05", program.trace],
                                    cwd=bench.dir, env=bench.env, text=True,
                                    stdout=subprocess.PIPE)
        assert follower.stdout.readline().startswith("program, process ")
        program.do("small 3000", "drop 1000", "thread 800", "temporary 2000", "large 1")
        program.end()
        text = follower.communicate(timeout=240)[0]
        assert follower.returncode == 0
    view = bench.json(program.trace)
    with bench.load(program.trace) as db:
        totals = dict(db.execute("SELECT name, value FROM totals"))
        threads = db.execute("SELECT tid, live_bytes, allocated_bytes, allocations FROM thread_totals"
                             ).fetchall()
    for name, column in (("live_bytes", "live_bytes"), ("live_blocks", "live_blocks"),
                         ("allocations", "allocations"), ("bytes", "allocated_bytes"),
                         ("peak_bytes", "peak_bytes")):
        assert view[name] == totals[column], (name, view, totals)
    check_owners(bench, program.trace)
    assert sorted((int(thread["name"].split()[0]), thread["live_bytes"], thread["bytes"],
                   thread["allocations"]) for thread in view["threads"]) == sorted(threads)
    # Who followed it says in the end the same as who reads it now
    last = text.strip().split("\n\n")[-1].splitlines()
    now = bench.run(TOP, "--once", "-r", "0", program.trace).splitlines()
    assert last[0].rsplit(",", 1)[0] == now[0].rsplit(",", 1)[0], (last, now)
    assert last[1] == now[1], (last, now)
    strip = re.compile(r"^((?: +\d+){4}) +\d+(.*)$")
    assert ([strip.sub(r"\1\2", line) for line in last[5:]]
            == [strip.sub(r"\1\2", line) for line in now[5:]]), (last, now)


def test_rows_are_owning_sites(bench):
    places = {f"place{i}" for i in range(1, 10)}
    with Program(bench, "owners.bin", "wrappers") as program:
        program.do("places 9", "more", "take 5")
        program.end()
    rows, chains = check_owners(bench, program.trace)
    # take is one by rule; pool is not: it has one caller
    assert {row[0] for row in rows} >= places | {"more", "jump", "pool", "main"}, rows
    assert "take" not in chains and chains["more"] == "malloc \u2190 take \u2190 more", chains
    rows, chains = check_owners(bench, program.trace, "--wrapper=jump", "--wrapper=po?l")
    assert chains["jumps"] == "malloc \u2190 take \u2190 jump \u2190 jumps", chains
    assert chains["pooled"] == "malloc \u2190 pool \u2190 pooled", chains
    check_owners(bench, program.trace, "--no-symbols")
    lines = bench.run(TOP, "--once", program.trace)
    assert re.search(r" malloc \u2190 take \u2190 more wrappers\.c:\d+$", lines, re.M), lines
    assert re.search(r" \d pool wrappers\.c:\d+$", lines, re.M), lines
    lines = bench.run(TOP, "--once", "--full-names", program.trace)
    assert "\u2190" not in lines and re.search(r" \d more wrappers\.c:\d+$", lines, re.M), lines


def test_tail_calls_own(bench):
    with Program(bench, "tails.bin", "tails") as program:
        program.do("places 9", "more")
        program.end()
    rows, chains = check_owners(bench, program.trace, "--wrapper=jump")
    with bench.load(program.trace) as db:
        assert db.execute("SELECT count(*) FROM frames WHERE inferred AND function = 'jump'").fetchone()[0]
    assert chains["jumps"] == "malloc \u2190 take \u2190 jump \u2190 jumps", chains


def test_an_owner_in_a_sample(bench):
    with Program(bench, "rate.bin", "wrappers", RHEAPER_SAMPLE_RATE="0.3") as program:
        program.do(*["places 9", "more"] * 5)
        program.end()
    check_owners(bench, program.trace)


def read_view(follower):
    """The rows of the next view of a follower: the last column, and the figures."""
    rows, line = {}, follower.stdout.readline()
    while line and not line.startswith("  LIVE BYTES"):
        line = follower.stdout.readline()
    for line in iter(follower.stdout.readline, ""):
        if line == "\n":
            break
        words = line.rstrip().split(None, 6)
        rows[words[6]] = words[:4]
    return rows


def test_wrappers_show_while_the_program_runs(bench):
    def is_owner(rows, name):
        return any(row.split()[-2] == name for row in rows)

    with Program(bench, "live.bin", "wrappers") as program:
        program.do("take 5", "places 1")
        follower = subprocess.Popen([TOP, "-b", "-r", "0", "-d", "0.05", program.trace],
                                    env=bench.env, text=True, stdout=subprocess.PIPE)
        rows = read_view(follower)
        assert is_owner(rows, "take") and not is_owner(rows, "place1"), rows
        # More callers: it is a wrapper, and what it had is now its callers'
        program.do("places 9")
        while rows and not is_owner(rows, "place9"):
            rows = read_view(follower)
        assert rows and not is_owner(rows, "take"), rows
        assert is_owner(rows, "place1") and is_owner(rows, "main"), rows
        # One stack more is not a quarter, and its owner is not the wrapper either
        program.do("more")
        while rows and not is_owner(rows, "more"):
            rows = read_view(follower)
        assert rows and not is_owner(rows, "take"), rows
        program.end()
        for last in iter(lambda: read_view(follower), {}):
            rows = last
        assert follower.wait(240) == 0
    now = bench.run(TOP, "--once", "-r", "0", program.trace).splitlines()[5:]
    assert rows == {line.split(None, 6)[6]: line.split(None, 6)[:4] for line in now}, (rows, now)


def test_text_of_a_trace(bench):
    with Program(bench, "text.bin") as program:
        program.do("small 10", "large 1", "drop 1")
        program.end()
    lines = bench.run(TOP, "--once", "-s", "bytes", "-r", "1", program.trace).splitlines()
    assert lines[0].startswith(f"program, process {program.process.pid}: exited, "), lines
    assert lines[1] == "live: 1000 bytes in 10 blocks; peak: 1001000 bytes", lines
    assert lines[2].startswith("allocated: 11 blocks ("), lines
    assert lines[3] == "foreign frees: 0; events lost: 0; threads: 1", lines
    assert lines[4].split() == ["LIVE", "BYTES", "LIVE", "BLOCKS", "ALL", "BYTES", "ALL",
                                "BLOCKS", "BLOCKS/S", "TEMP%", "CALL", "SITE"], lines
    assert re.fullmatch(r" +0 +0 +1000000 +1 +\d+ +100 large program\.c:\d+", lines[5]), lines
    assert len(lines) == 6, lines
    lines = bench.run(TOP, "-b", "-t", program.trace).splitlines()
    assert re.fullmatch(r" +1000 +10 +1001000 +11 +\d+ \d+ program", lines[5]), lines
    lines = bench.run(TOP, "--once", "--no-symbols", program.trace).splitlines()
    assert re.search(r" program\+0x[0-9a-f]+$", lines[5]), lines


def test_a_killed_program(bench):
    with Program(bench, "killed.bin") as program:
        program.do("small 10")
        follower = subprocess.Popen([TOP, "-b", "-d", "0.05", program.trace], env=bench.env,
                                    text=True, stdout=subprocess.PIPE)
        assert ": tracing, " in follower.stdout.readline()
        program.process.send_signal(signal.SIGKILL)
        text = follower.communicate(timeout=240)[0]
    assert follower.returncode == 0
    assert "ended: killed, or by _exit" in text.split("\n\n")[-1], text
    assert sites(bench.json(program.trace))["small"] == (1000, 10, 1000, 10)


def test_what_comes_between_two_views_is_read(bench):
    with Program(bench, "much.bin") as program:
        program.do("small 1")
        follower = subprocess.Popen([TOP, "-b", "-n", "2", "-d", "3", program.trace], env=bench.env,
                                    text=True, stdout=subprocess.PIPE)
        assert ": tracing, " in follower.stdout.readline()
        # It does not look while we work, and reads for longer than for one poll then
        follower.send_signal(signal.SIGSTOP)
        program.do("temporary 1500000")
        follower.send_signal(signal.SIGCONT)
        text = follower.communicate(timeout=240)[0]
        assert "freed: 1500000 blocks" in text, text


def test_names_command_no_terminal(bench):
    with Program(bench, "hostile.bin") as program:
        program.do("thread 5")
        program.end()
    text = bench.run(TOP, "--once", "-t", program.trace)
    assert r"\x1b]0;no\x07\xc2\x9b31" in text, text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), text
    view = bench.json(program.trace)
    assert any(r"\x1b]0;no" in thread["name"] for thread in view["threads"]), view


def test_samples_are_estimates(bench):
    with Program(bench, "sampled.bin", RHEAPER_SAMPLE_BYTES="10000") as program:
        program.do("small 20000", "large 1")
        program.end()
    lines = bench.run(TOP, "--once", program.trace).splitlines()
    assert re.match(r"live: ~\d+ bytes in ~\d+ blocks; peak: ~\d+ bytes", lines[1]), lines
    assert lines[3].endswith("; ~ estimated from a sample"), lines
    assert all(line.split()[0].startswith("~") for line in lines[5:]), lines
    view = bench.json(program.trace)
    with bench.load(program.trace) as db:
        totals = dict(db.execute("SELECT name, value FROM totals"))
    assert abs(view["live_bytes"] - totals["live_bytes"]) <= 1, (view, totals)
    assert 1000000 < view["live_bytes"] < 9000000, view


def test_what_is_no_trace_is_refused(bench):
    bench.refuse("nothing.bin", said="read nothing.bin: No such file")
    bench.refuse(bench.file("empty", ""), said="the file is empty")
    bench.refuse(bench.file("text", "hello, world\n"), said="not a rheaper trace")
    bench.refuse("4000000000", said="no such process")
    bench.refuse(str(os.getpid()), said=f"follow process {os.getpid()}: not traced")
    bench.refuse(said="missing operand: expected one TRACE or PID")
    bench.refuse("a", "b", said="too many operands: expected one TRACE or PID")
    bench.refuse("-s", "color", "a", said="--sort=color: expected one of live-bytes, live-blocks,")
    bench.refuse("-d", "0", "a", said="--delay=0: expected a number from 0.01 to 86400")
    bench.refuse("-n", "x", "a", said="--views=x: expected a number, 0 or more")


def test_a_process_that_is_gone(bench):
    with Program(bench, "gone.bin") as program:
        program.end()
        bench.refuse(str(program.process.pid), said="no such process")


def test_a_forked_child_is_not_traced(bench):
    with Program(bench, "fork.bin") as program:
        program.process.stdin.write("fork\n")
        child = program.process.stdout.readline().strip()
        bench.refuse(child, said=f"forked child of process {program.process.pid}")


def test_a_removed_trace(bench):
    with Program(bench, "removed.bin") as program:
        program.do("small 1")
        os.remove(program.trace)
        bench.refuse(str(program.process.pid), said="removed.bin (deleted); a removed trace cannot be followed")


def test_a_program_that_waits(bench):
    with Program(bench, "waits.bin", RHEAPER_START="0", RHEAPER_SIGNAL="USR2") as program:
        program.do("small 1")
        bench.refuse(str(program.process.pid), said="tracking is off; 'rheaper-ctl ")


def test_a_trace_that_shrinks_ends_it(bench):
    with Program(bench, "shrinks.bin") as program:
        program.do("small 100")
        copy = bench.path("copy.bin")
        with open(program.trace, "rb") as source, open(copy, "wb") as out:
            out.write(source.read())
        follower = subprocess.Popen([TOP, "-b", "-d", "0.05", copy], env=bench.env, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # The process has another file mapped, so this trace is at rest
        text, said = follower.communicate(timeout=240)
        assert follower.returncode == 0 and "ended: killed" in text, (text, said)
        follower = subprocess.Popen([TOP, "-b", "-d", "0.05", program.trace], env=bench.env,
                                    text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert ": tracing, " in follower.stdout.readline()
        os.truncate(program.trace, 4096)
        text, said = follower.communicate(timeout=240)
        assert follower.returncode == 2, (text, said)
        assert "the trace became shorter while it was read" in said, said


def test_torn_and_damaged_traces_end_well(bench):
    with Program(bench, "whole.bin", RHEAPER_EVENT_BUFFER="500") as program:
        program.do("small 2000", "thread 100", "drop 500")
        program.end()
    with open(program.trace, "rb") as source:
        whole = source.read()
    torn = bench.path("torn.bin")
    for cut in (10, 4096, 4096 + 64 * 4096, len(whole) // 2, len(whole) - 5000):
        with open(torn, "wb") as out:
            out.write(whole[:cut])
        result = subprocess.run([TOP, "--once", torn], env=bench.env, capture_output=True,
                                timeout=240)
        assert result.returncode in (0, 2), (cut, result)
        assert (result.returncode == 2) == bool(result.stderr), (cut, result)
    for at in range(0, len(whole), len(whole) // 97):
        with open(torn, "wb") as out:
            out.write(whole[:at] + bytes([whole[at] ^ 0xff]) + whole[at + 1:])
        result = subprocess.run([TOP, "--once", torn], env=bench.env, capture_output=True,
                                timeout=240)
        assert result.returncode in (0, 2), (at, result)


def test_a_full_trace_says_so(bench):
    with Program(bench, "full.bin", RHEAPER_EVENT_BUFFER="500",
                 RHEAPER_MAX_BYTES="1M") as program:
        program.do("temporary 90000")
        assert bench.json(program.trace)["state"] == "stopped: the trace is full"
        text = bench.run(TOP, "-b", program.trace)
        assert "stopped: the trace is full" in text, text


# What xterm is told at the beginning and at the end
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
SHOW_CURSOR = b"\x1b[?25h"


def check_restored(terminal):
    terminal.drain()
    assert terminal.output.count(ENTER) == terminal.output.count(LEAVE) > 0, terminal.output
    tail = terminal.output[terminal.output.rindex(LEAVE):]
    assert ENTER not in tail and SHOW_CURSOR in terminal.output[-200:], terminal.output[-200:]
    assert terminal.modes() == terminal.before, (terminal.modes(), terminal.before)
    return tail


def test_terminal(bench):
    with Program(bench, "screen.bin") as program:
        program.do("small 10", "large 1")
        with bench.terminal(program.trace) as terminal:
            terminal.expect(ENTER, b"tracing", b"LIVE", b"1.00M", b"large program.c:",
                            b"small program.c:")
            assert terminal.modes() != terminal.before
            program.do("small 25000")
            terminal.expect(b"25.0k")
            terminal.type(b"t")
            terminal.expect(b"THREAD", b" program")
            terminal.type(b"h")
            terminal.expect(b"pause or continue reading the trace")
            terminal.type(b"\x1b")
            terminal.expect(b"THREAD")
            terminal.type(b"tl\r")  # the stack of the largest
            terminal.expect(b"malloc", b"small program.c:", b"obey program.c:",
                            b"main program.c:")
            terminal.type(b"\r\x1b[B\x1bOB")
            terminal.type(b"q")
            assert terminal.report() == "0", terminal.output
            check_restored(terminal)


def test_terminal_shows_the_way(bench):
    with Program(bench, "way.bin", "wrappers") as program:
        program.do("places 9", "more")
        with bench.terminal(program.trace, columns=120) as terminal:
            terminal.expect(ENTER, "malloc \u2190 take \u2190 place9 wrappers.c:".encode())
            terminal.type(b"\r")
            terminal.expect("malloc \u2190 take \u2190 place9 wrappers.c:".encode(), b"malloc", b"take wrappers.c:",
                            b"place9 wrappers.c:", b"main wrappers.c:")
            terminal.type(b"q")
            assert terminal.report() == "0", terminal.output
        # Where it does not fit there is the site
        with bench.terminal(program.trace, columns=70) as terminal:
            terminal.expect(ENTER, b"place9 wrappers.c:")
            assert "\u2190".encode() not in terminal.output, terminal.output
            terminal.type(b"q")
            assert terminal.report() == "0", terminal.output


def test_terminal_sorts(bench):
    with Program(bench, "sorts.bin") as program:
        program.do("large 1", "small 20", "temporary 30")
        with bench.terminal(program.trace) as terminal:
            for key, first, last in (b"l", b"large", b"temporary"), (b"a", b"temporary", b"large"):
                terminal.type(key)
                terminal.redraw_until(lambda text: text.find(first + b" program.c:") <
                                      text.find(last + b" program.c:"))
            terminal.type(b"q")
            assert terminal.report() == "0", terminal.output


def test_terminal_is_restored_by_each_signal(bench):
    with Program(bench, "signals.bin") as program:
        program.do("small 10")
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT:
            with bench.terminal(program.trace) as terminal:
                terminal.expect(ENTER, b"small program.c:")
                os.kill(terminal.pid, number)
                assert terminal.report() == str(-number), terminal.output
                check_restored(terminal)
        with bench.terminal(program.trace) as terminal:
            terminal.expect(ENTER, b"small program.c:")
            terminal.type(b"\x03")
            assert terminal.report() == str(-signal.SIGINT), terminal.output
            check_restored(terminal)


def test_terminal_is_restored_while_stopped(bench):
    with Program(bench, "stopped.bin") as program:
        program.do("small 10")
        with bench.terminal(program.trace) as terminal:
            terminal.expect(ENTER, b"small program.c:")
            for stop in lambda: terminal.type(b"\x1a"), lambda: os.kill(terminal.pid,
                                                                        signal.SIGTSTP):
                stop()
                assert terminal.report() == "stopped", terminal.output
                check_restored(terminal)
                terminal.mark = len(terminal.output)
                os.kill(terminal.pid, signal.SIGCONT)
                terminal.expect(ENTER, b"small program.c:", b"q: quit")
                assert terminal.modes() != terminal.before
            terminal.type(b"q")
            assert terminal.report() == "0", terminal.output
            check_restored(terminal)


def test_terminal_changes_its_size(bench):
    with Program(bench, "size.bin") as program:
        program.do("small 10")
        with bench.terminal(program.trace, lines=10, columns=40) as terminal:
            terminal.expect(ENTER, b"q: quit")
            for lines, columns in (40, 120), (3, 10), (1, 1), (24, 80):
                terminal.resize(lines, columns)
            terminal.redraw_until(lambda text: b"\x1b[24" in text and
                                  b"small program.c:" in text)
            terminal.type(b"q")
            assert terminal.report() == "0", terminal.output
            check_restored(terminal)


def test_terminal_stays_when_the_program_is_killed(bench):
    with Program(bench, "stays.bin") as program:
        program.do("small 10")
        with bench.terminal(str(program.process.pid)) as terminal:
            terminal.expect(ENTER, b"tracing")
            program.process.kill()
            program.process.wait()
            terminal.expect(b"ended: killed, or by _exit")
            terminal.type(b"t")
            terminal.expect(b"THREAD")
            terminal.type(b"q")
            assert terminal.report() == "0", terminal.output
            check_restored(terminal)


def test_terminal_pauses(bench):
    with Program(bench, "pauses.bin") as program:
        program.do("small 10")
        with bench.terminal(program.trace) as terminal:
            terminal.expect(ENTER, b"small program.c:")
            terminal.type(b"p")
            terminal.expect(b"paused")
            program.do("large 1")
            terminal.type(b"t")
            new = terminal.expect(b"THREAD")
            assert b"1.00M" not in new, new
            terminal.type(b"p")
            terminal.expect(b"1.00M")
            terminal.type(b"q")
            assert terminal.report() == "0", terminal.output


def test_terminal_and_a_trace_that_shrinks(bench):
    with Program(bench, "cut.bin") as program:
        program.do("small 10")
        with bench.terminal(program.trace) as terminal:
            terminal.expect(ENTER, b"small program.c:")
            os.truncate(program.trace, 4096)
            assert terminal.report() == "2", terminal.output
            assert b"the trace became shorter" in check_restored(terminal), terminal.output


def test_terminal_shows_no_hostile_name(bench):
    with Program(bench, "hostile2.bin") as program:
        program.do("thread 5")
        with bench.terminal("-t", program.trace) as terminal:
            terminal.expect(ENTER, rb"\x1b]0;no\x07\xc2\x9b31")
            terminal.type(b"q")
            assert terminal.report() == "0", terminal.output
            assert b"\x1b]0;" not in terminal.output and b"\xc2\x9b" not in terminal.output


def test_what_is_no_terminal(bench):
    with Program(bench, "pipe.bin") as program:
        program.do("small 10")
        program.end()
    result = subprocess.run([TOP, program.trace], env={**bench.env, "TERM": "xterm"}, text=True,
                            capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
    assert result.returncode == 0 and "small program.c:" in result.stdout, result
    assert "standard output is not a terminal; printing text instead" in result.stderr, result
    assert "\x1b" not in result.stdout, result
    with bench.terminal(program.trace, term="no-such-terminal") as terminal:
        assert terminal.report() == "2", terminal.output
        assert b'unknown terminal type "no-such-terminal"' in terminal.output, terminal.output
        assert terminal.modes() == terminal.before


def test_help_and_version(bench):
    text = bench.run(TOP, "--help")
    assert text.startswith("Usage: rheaper-top "), text
    assert bench.run(TOP, "--version").startswith("rheaper-top (rheaper) ")


if __name__ == "__main__":
    tap.run(dict(globals()), Bench)
