#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper: that it runs programs as they run without it, shows their report, and leaves behind
what it says.

usage: check-run.py RHEAPER BUILD/RHEAPER-CC-DIRECTORY

Prints TAP, one point per test_ function.
"""
import glob
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

import tap
from terminal import Terminal
from workbench import Workbench

RHEAPER, BIN = (os.path.abspath(path) for path in sys.argv[1:3])

PROGRAM = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void *volatile keep;
static __attribute__((noinline)) void work(size_t size)
{
	keep = malloc(size);
}
int main(int argc, char **argv)
{
	work(1000);
	if (argc > 1 && strcmp(argv[1], "cd") == 0 && chdir("/") != 0)
		return 1;
	if (argc > 1 && strchr("fc", argv[1][0]) && fork() == 0) {
		work(50000);
		exit(0);
	}
	while (wait(NULL) > 0)
		;
	if (argc > 1 && strcmp(argv[1], "wait") == 0) {
		puts("ready");
		fflush(stdout);
		for (;;)
			pause();
	}
	if (argc > 1 && strcmp(argv[1], "die") == 0)
		raise(SIGKILL);
	for (int i = 1; i < argc; i++)
		printf("%s\\n", argv[i]);
	return argc > 2 ? atoi(argv[2]) : 0;
}
"""


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        os.mkdir(self.path("tmp"))
        self.env.update(TMPDIR=self.path("tmp"), LC_ALL="C.UTF-8")
        self.file("p.c", PROGRAM)
        self.run(f"{BIN}/rheaper-cc", "-g", "-O1", "p.c", "-o", "p")
        self.run("cc", "p.c", "-o", "plain")

    def rheaper(self, *words, status=0):
        """(standard output, standard error)"""
        result = subprocess.run([RHEAPER, *words], cwd=self.dir, env=self.env, text=True,
                                capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
        assert result.returncode == status, (words, result)
        return result.stdout, result.stderr

    def left(self):
        return sorted(os.path.relpath(path, self.path("tmp"))
                      for path in glob.glob(self.path("tmp/**"), recursive=True)[1:])


def test_one_command_shows_the_report(bench):
    out, said = bench.rheaper("./p", "--help", "-x")
    assert out == "--help\n-x\n"
    assert re.search(r"^s\d+ .* work  p\.c:\d+ < main$", said, re.M), said
    database = re.search(r"^profile: (.*)$", said, re.M).group(1)
    with sqlite3.connect(database) as db:
        assert db.execute("SELECT max(allocated_bytes) FROM call_sites").fetchone()[0] >= 1000
        assert db.execute("SELECT leak_scan FROM processes").fetchone()[0] == "made"
    assert [name.split("/")[-1] for name in bench.left() if "/" in name] == ["profile.db"], bench.left()
    os.unlink(database)
    os.rmdir(os.path.dirname(database))


def test_a_terminal_sees_the_report_and_no_more(bench):
    def on_terminal(*command):
        terminal = Terminal(command, bench.env, bench.dir)
        status = terminal.report()
        terminal.close()
        assert status == "0", terminal.output
        return terminal.output.decode()

    text = on_terminal(RHEAPER, "-o", "terminal.db", bench.path("p"), "x")
    assert "At the peak" in text and "the trace of this run" not in text, text


def test_the_status_is_the_program_s(bench):
    for status in (0, 1, 3, 77):
        bench.rheaper("-q", "-f", "-o", "s.db", "./p", "x", str(status), status=status)
    bench.rheaper("-q", "-f", "-o", "s.db", "./p", "die", status=128 + signal.SIGKILL)
    assert bench.left() == [], bench.left()


def test_the_database_is_where_it_was_wanted(bench):
    _, said = bench.rheaper("run", "-o", "w.db", "--label=first", "./p")
    assert said.endswith("\nprofile: w.db\n") and bench.left() == []
    out, said = bench.rheaper("-o", "w.db", "./p", "x", status=2)
    assert out == "" and "w.db: it exists" in said, said  # before the program ran
    bench.rheaper("-a", "-o", "w.db", "--label=second", "./p")
    with sqlite3.connect(bench.path("w.db")) as db:
        assert [row[0] for row in db.execute("SELECT label FROM runs")] == ["first", "second"]
    bench.rheaper("-f", "-o", "w.db", "-q", "./p")
    with sqlite3.connect(bench.path("w.db")) as db:
        assert db.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_children_have_processes_of_their_own(bench):
    _, said = bench.rheaper("-o", "c.db", "./p", "fork")
    assert "2 processes" in said, said
    with sqlite3.connect(bench.path("c.db")) as db:
        assert db.execute("SELECT count(*) FROM processes").fetchone() == (2,)
    _, said = bench.rheaper("-f", "-o", "c.db", "--no-children", "./p", "fork")
    assert " processes" not in said, said


def test_what_is_not_instrumented_is_told_how_to_be(bench):
    _, said = bench.rheaper("./plain", status=2)
    assert "./plain wrote no trace" in said and "CC=rheaper-cc" in said, said
    _, said = bench.rheaper("./missing", status=127)
    assert said == "rheaper: run ./missing: No such file or directory\n", said
    bench.file("text", "hello\n")
    _, said = bench.rheaper("./text", status=126)
    assert said == "rheaper: run ./text: Permission denied\n", said
    # What was started, and exits as a shell would if it had not been
    _, said = bench.rheaper("sh", "-c", "exit 127", status=2)
    assert "sh wrote no trace" in said, said
    assert bench.left() == [], bench.left()


def test_traces_may_be_kept(bench):
    symbols = bench.path("symbols")
    bench.env["RHEAPER_SYMBOLS_DIR"] = symbols
    bench.rheaper("-f", "-o", "k.db", "-q", "./p")
    assert not os.path.exists(symbols)
    _, said = bench.rheaper("-f", "-o", "k.db", "--keep-traces", "-q", "./p")
    del bench.env["RHEAPER_SYMBOLS_DIR"]
    assert os.listdir(symbols)
    directory = re.search(r"^traces: (.*)$", said, re.M).group(1)
    traces = os.listdir(directory)
    assert len(traces) == 1 and re.fullmatch(r"p\.\d+\.bin", traces[0]), traces
    os.unlink(os.path.join(directory, traces[0]))
    os.rmdir(directory)


def test_the_place_of_traces_may_have_any_name(bench):
    bench.file("sub", "")
    for place in ("tmp", "tmp/a%pb%%c%", "tmp/new\nline -x"):  # not from the root: the program goes elsewhere
        os.makedirs(bench.path(place), exist_ok=True)
        bench.env["TMPDIR"] = place
        try:
            _, said = bench.rheaper("-f", "-o", "c.db", "./p", "cd")
        finally:
            bench.env["TMPDIR"] = bench.path("tmp")
        assert "2 processes" in said, (place, said)
        if place != "tmp":
            os.rmdir(bench.path(place))  # nothing is in it
    assert bench.left() == [], bench.left()


def test_what_cannot_be_written_is_said_before_the_program_runs(bench):
    for words in (("-o", "missing/x.db"), ("--html=missing/x.html",), ("-o", "sub/x.db")):
        out, said = bench.rheaper(*words, "./p", "x", status=2)
        assert out == "" and said.startswith("rheaper: write ") and said.count("\n") == 1, said
    _, said = bench.rheaper("-q", "-f", "-o", "h.db", "--html=tmp", "./p", status=2)  # a directory
    assert "write tmp:" in said and said.endswith("profile: h.db\n"), said
    assert bench.left() == [], bench.left()


def test_an_interrupt_while_traces_are_loaded_says_where_they_are(bench):
    os.mkdir(bench.path("own"))
    shutil.copy(RHEAPER, bench.path("own/rheaper"))
    os.chmod(bench.file("own/rheaper-load", "#!/bin/sh\nkill -INT $PPID\nkill -INT $$\n"), 0o755)
    result = subprocess.run([bench.path("own/rheaper"), "./p"], cwd=bench.dir, env=bench.env, text=True,
                            capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
    assert result.returncode == 2, result
    directory = re.fullmatch(r"traces: (.*)\n", result.stderr).group(1)
    assert [re.sub(r"\d+", "N", name) for name in os.listdir(directory)] == ["p.N.bin"]
    shutil.rmtree(directory)


def test_an_interrupt_ends_the_program_and_the_report_follows(bench):
    for number, to_all in ((signal.SIGINT, True), (signal.SIGTERM, False)):
        ours = subprocess.Popen([RHEAPER, "-f", "-o", "i.db", "./p", "wait"], cwd=bench.dir, env=bench.env,
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)
        assert ours.stdout.readline() == "ready\n"
        if to_all:
            os.killpg(ours.pid, number)  # as a terminal does
        else:
            os.kill(ours.pid, number)
        _, said = ours.communicate(timeout=240)
        assert ours.returncode == 128 + number, (number, ours.returncode, said)
        assert "did not exit normally" in " ".join(said.split()) and "profile: i.db" in said, said


def test_commands_are_the_other_programs(bench):
    out, _ = bench.rheaper("report", "--version")
    assert out.startswith("rheaper-report (rheaper) "), out
    assert bench.rheaper("load", "--version")[0].startswith("rheaper-load ")
    _, said = bench.rheaper("report", "missing.db", status=2)
    assert said.startswith("rheaper-report: open missing.db: No such file or directory; "), said
    _, said = bench.rheaper(status=2)
    assert "PROGRAM" in said, said


tap.run(globals(), Bench)
