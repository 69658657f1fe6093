#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tracking switched from outside, by signal and by rheaper-ctl.

usage: check-ctl.py RHEAPER-CTL RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import contextlib
import ctypes
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

CTL, LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:4])

# Reads commands: "N" allocates and frees a block of N bytes, "+N" keeps it, "-" frees the
# kept ones, "=" says whether anything is recorded, "f" forks a child that goes on to read,
# "i" takes the signal away, "c" closes all descriptors that it did not open. Answers each with
# a line. Reading allocates nothing.
SERVANT = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static size_t line(char *text, size_t size)
{
	size_t n = 0;
	char c;
	while (read(0, &c, 1) == 1) {
		if (c == '\\n') {
			text[n] = 0;
			return n;
		}
		if (n + 1 < size)
			text[n++] = c;
	}
	exit(0);
}
int main(void)
{
	static void *kept[100];
	size_t n_kept = 0;
	char text[64];
	if (write(1, "up\\n", 3) != 3)
		return 1;
	for (;;) {
		line(text, sizeof(text));
		switch (text[0]) {
		case '+':
			kept[n_kept++] = malloc(strtoul(text + 1, NULL, 10));
			break;
		case '-':
			while (n_kept)
				free(kept[--n_kept]);
			break;
		case 'f':
			if (fork()) {
				wait(NULL);
				return 0;
			}
			break;
		case 'i':
			signal(SIGUSR2, SIG_IGN);
			break;
		case 'c':
			for (int fd = 3; fd < 1024; fd++)
				close(fd);
			break;
		default:
			free(malloc(strtoul(text, NULL, 10)));
		}
		int said = snprintf(text, sizeof(text), "%d\\n", (int)getpid());
		if (write(1, text, (size_t)said) != said)
			return 1;
	}
}
"""

# Eight threads. For each line that is read, each of them allocates and frees 5,000 times
# at full speed; at the end of input they end. Thread i has blocks of 1000 + i.
BUSY = """
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static size_t allowed;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t begun;
static void *busy(void *arg)
{
	size_t n = (size_t)arg, i = 0;
	void *p = malloc(2000 + n);
	pthread_barrier_wait(&begun);
	while (i != (size_t)-1) {
		pthread_mutex_lock(&lock);
		while (allowed == i)
			pthread_cond_wait(&more, &lock);
		size_t end = allowed;
		pthread_mutex_unlock(&lock);
		if (end == (size_t)-1)
			break;
		for (; i < end; i++)
			free(realloc(malloc(i % 100), 1000 + n));
	}
	free(p);
	return NULL;
}
static void allow(size_t n)
{
	pthread_mutex_lock(&lock);
	allowed = n;
	pthread_cond_broadcast(&more);
	pthread_mutex_unlock(&lock);
}
int main(void)
{
	pthread_t threads[8];
	char c;
	size_t turns = 0;
	pthread_barrier_init(&begun, NULL, 9);
	for (size_t i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, busy, (void *)i);
	pthread_barrier_wait(&begun);
	if (write(1, "up\\n", 3) != 3)
		return 1;
	while (read(0, &c, 1) == 1)
		allow(++turns * 5000);
	allow((size_t)-1);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
"""


class Servant:
    def __init__(self, process):
        self.process = process
        self.pid = process.pid
        assert process.stdout.readline() == "up\n"

    def go(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def do(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self.pid = int(self.process.stdout.readline())


class Bench(Workbench):
    def build(self, text, *words):
        for name in os.listdir(self.dir):
            if name.startswith("t.bin"):
                os.remove(self.path(name))
        self.run(os.path.join(BINDIR, "rheaper-gcc"), "-O1", "-pthread", "-fno-builtin", *words,
                 self.file("main.c", text), "-o", "program")

    @contextlib.contextmanager
    def start(self, *words, **environment):
        environment.setdefault("RHEAPER_TRACE", self.path("t.bin"))
        process = subprocess.Popen([*words, self.path("program")], cwd=self.dir, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=dict(os.environ, **environment))
        try:
            yield Servant(process)
            said = process.communicate(timeout=240)[1]
            assert process.returncode == 0 and said == "", (process.returncode, said)
        finally:
            process.kill()
            process.communicate()

    def ctl(self, servant, *words):
        return self.run(CTL, "--timeout=60", str(servant.pid), *words)

    def on_for_later(self, servant):
        """Tracking begins with the next call, for which nobody waits: as short as that, the
        answer of a program that does not get a processor at once comes too late."""
        for seconds in 0.02, 0.5, 60:
            result = subprocess.run([CTL, f"--timeout={seconds}", str(servant.pid), "on"], text=True,
                                    capture_output=True, timeout=100)
            if "did not answer within" not in result.stderr:
                break
        assert result.returncode == 0 and result.stderr == "", result
        return result.stdout

    def switch_on(self, servant, trace, go_on):
        """The next allocation does it, so the program must go on."""
        on = subprocess.Popen([CTL, "--timeout=60", str(servant.pid), "on"], text=True,
                              stdout=subprocess.PIPE)
        while on.poll() is None:
            go_on()
        said = on.communicate()[0]
        assert trace is None or said == f"tracking is on: {self.path(trace)}\n", said

    def refused(self, *words, timeout="60"):
        result = subprocess.run([CTL, "--timeout=" + timeout, *words], text=True,
                                capture_output=True, timeout=100)
        assert result.returncode == 2 and result.stdout == "", result
        return result.stderr

    def copy_of_ctl(self):
        """Where anybody finds it."""
        return shutil.copy(CTL, self.path("theirs/ctl"))

    def load(self, trace):
        """It says what is missing; so do we."""
        subprocess.run([LOADER, "--quiet", "--force", trace, "t.db"], cwd=self.dir, check=True,
                       stderr=subprocess.DEVNULL)
        return sqlite3.connect(self.path("t.db"))

    def expect(self, trace, wanted):
        found = sizes(self.load(trace))
        assert found == wanted, (trace, found)

    def status(self, servant):
        return json.loads(self.run(CTL, "--json", str(servant.pid), "status"))


WAITING = {"RHEAPER_START": "0", "RHEAPER_SIGNAL": "SIGUSR2"}


def sizes(database, least=100):
    """Those of the commands; libc has larger ones."""
    return [size for size, in database.execute(
        "SELECT size FROM allocations WHERE size BETWEEN ? AND ? + 99 ORDER BY alloc_after",
        (least, least))]


def lost(database):
    return dict(database.execute("SELECT reason, count FROM losses WHERE count > 0 AND"
                                 " reason NOT LIKE 'foreign_%'"))


def test_it_waits_and_is_switched_on_marked_and_off(b):
    b.build(SERVANT)
    with b.start(**WAITING) as servant:
        servant.do("101")
        servant.do("+102")
        status = b.status(servant)
        assert status["tracking"] == "off" and status["program"] == "program", status
        assert not os.path.exists(b.path("t.bin"))
        # It waits for the next allocation.
        b.switch_on(servant, "t.bin", lambda: servant.do("103"))
        servant.do("104")
        status = b.status(servant)
        assert status["tracking"] == "on" and status["trace"] == b.path("t.bin"), status
        assert status["bytes"] > 0 and status["lost"] == 0, status
        assert b.ctl(servant, "mark", "half way") == ""
        servant.do("-")
        servant.do("+105")
        assert b.ctl(servant, "off") == "tracking is off: " + b.path("t.bin") + "\n"
        assert b.ctl(servant, "off") == "tracking was already off\n"
        servant.do("106")
        assert b.status(servant)["tracking"] == "off"
    database = b.load("t.bin")
    assert sizes(database)[-2:] == [104, 105] and 106 not in sizes(database), sizes(database)
    assert lost(database) == {}, lost(database)
    assert database.execute("SELECT text FROM markers").fetchall() == [("half way",)]
    assert database.execute("SELECT ending FROM processes").fetchone() == ("stopped",)
    assert database.execute("SELECT * FROM leaks").fetchall() == []
    assert database.execute("SELECT count FROM losses WHERE reason = 'foreign_free'").fetchone() == (1,)


def test_off_before_it_began(b):
    b.build(SERVANT)
    with b.start(**WAITING) as servant:
        servant.do("101")
        b.on_for_later(servant)
        assert b.ctl(servant, "off") == "tracking is off; it had not begun\n"
        assert b.status(servant)["trace"] is None


def test_names_are_no_text(b):
    """What a process is called may be any bytes, and commands of the terminal."""
    b.build("#include <sys/prctl.h>\n" + SERVANT.replace(
        "static void *kept[100];", 'static void *kept[100]; prctl(PR_SET_NAME, "a\\xff\\033[31mb");'))
    with b.start(**WAITING | {"RHEAPER_TRACE": os.fsdecode(os.fsencode(b.path("t\x1b.")) + b"\xff")}
                 ) as servant:
        b.switch_on(servant, None, lambda: servant.do("103"))
        status = b.status(servant)
        assert status["program"] == "a\\xff\x1b[31mb", status
        assert status["trace"] == b.path("t\x1b.\\xff"), status
        said = b.run(CTL, str(servant.pid), "status")
        assert f"({'a' + chr(92)}xff{chr(92)}x1b[31mb)" in said and "\x1b" not in said, said


def test_the_next_call_begins(b):
    b.build(SERVANT)
    with b.start(**WAITING) as servant:
        said = b.on_for_later(servant)
        assert said == "tracking will begin with the next allocation or free of the program\n", said
        assert b.status(servant)["tracking"] == "waiting"
        servant.do("101")
        assert b.status(servant)["tracking"] == "on"
        assert b.ctl(servant, "on") == "tracking was already on: " + b.path("t.bin") + "\n"
        b.ctl(servant, "off")
        servant.do("102")
        # Taken back before anything came of it
        b.on_for_later(servant)
        b.ctl(servant, "off")
        servant.do("103")
        assert b.status(servant)["tracking"] == "off"
    b.expect("t.bin", [101])
    assert not os.path.exists(b.path("t.bin.1"))


def test_the_signal_alone_changes_what_is(b):
    b.build(SERVANT)
    with b.start(RHEAPER_SIGNAL="12") as servant:
        servant.do("101")
        os.kill(servant.pid, signal.SIGUSR2)
        servant.do("102")
        os.kill(servant.pid, signal.SIGUSR2)
        servant.do("103")
    b.expect("t.bin", [101])
    b.expect("t.bin.1", [103])


def test_it_is_refused_with_a_reason(b):
    b.build(SERVANT)
    assert "no such process" in b.refused("2147483647", "status")
    assert "0: expected a process id" in b.refused("0", "status")
    assert "unknown command: stop" in b.refused("1", "stop")
    assert "mark: expected one argument" in b.refused("1", "mark")
    with b.start() as servant:
        assert "does not listen; link it with rheaper-cc" in b.refused(str(servant.pid), "on")
    with b.start(RHEAPER_TRACE="/nowhere/at/all", RHEAPER_SIGNAL="USR2", RHEAPER_START="0") as servant:
        assert "tracking is off" in b.refused(str(servant.pid), "mark", "x")
        assert "tracking is off" in b.refused(str(servant.pid), "snapshot", "x")
        servant.do("i")
        assert "no longer listens" in b.refused(str(servant.pid), "on")


def test_a_trace_that_cannot_be_written_is_named(b):
    b.build(SERVANT)
    os.mkdir(b.path("directory"))
    with b.start(RHEAPER_TRACE=b.path("directory/t"), **WAITING) as servant:
        os.rmdir(b.path("directory"))
        b.on_for_later(servant)
        servant.do("1")
        servant.do("1")
        status = b.status(servant)
        assert status["tracking"] == "off" and "No such file" in status["error"], status
        said = os.read(servant.process.stderr.fileno(), 1000).decode()
        assert "cannot write the trace" in said, said


def test_bad_signals_are_named(b):
    b.build(SERVANT)
    for bad in ("SIGSEGV", "KILL", "9", "32", "x", "65", ""):
        result = subprocess.run([b.path("program")], stdin=subprocess.DEVNULL, text=True,
                                capture_output=True, cwd=b.dir,
                                env=dict(os.environ, RHEAPER_TRACE=b.path("bad.bin"), RHEAPER_SIGNAL=bad))
        assert result.returncode == 0 and "is not HUP" in result.stderr, (bad, result)


def test_who_may_not_ask_is_not_heard(b):
    """A queued signal that names no request does nothing."""
    b.build(SERVANT)
    libc = ctypes.CDLL(None, use_errno=True)
    with b.start(RHEAPER_SIGNAL="USR2") as servant:
        servant.do("101")
        plain = os.open(b.file("plain", "rhpask1\n" + "\2" * 9000), os.O_RDWR)
        for fd in (plain, 999, -1, 0):
            assert libc.sigqueue(servant.pid, signal.SIGUSR2, ctypes.c_void_p(fd)) == 0
        servant.do("102")
        assert b.status(servant)["tracking"] == "on"
        os.close(plain)
    b.expect("t.bin", [101, 102])


def test_root_asks_for_anybody_and_others_do_not(b):
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise tap.Skip("needs root and setpriv")
    b.build(SERVANT)
    os.mkdir(b.path("theirs"))
    os.chmod(b.path("theirs"), 0o777)
    os.chmod(b.dir, 0o711)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    other = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]
    with b.start(*nobody, RHEAPER_TRACE=b.path("theirs/t.bin"), RHEAPER_SIGNAL="USR2") as servant:
        servant.do("101")
        assert b.ctl(servant, "mark", "by root") == ""
        assert b.ctl(servant, "off") == "tracking is off: " + b.path("theirs/t.bin") + "\n"
        refused = subprocess.run([*other, b.copy_of_ctl(), str(servant.pid), "status"], text=True,
                                 capture_output=True, timeout=60)
        assert refused.returncode == 2 and "Permission denied" in refused.stderr, refused
        servant.do("102")
    assert os.stat(b.path("theirs/t.bin")).st_uid == 65534
    b.expect("theirs/t.bin", [101])


def test_a_child_that_is_not_followed_says_so(b):
    b.build(SERVANT)
    with b.start(RHEAPER_SIGNAL="USR2") as servant:
        servant.do("f")
        assert servant.pid != servant.process.pid
        assert "forked child" in b.refused(str(servant.pid), "on")
        assert b.status(servant)["tracking"] == "off"


def test_a_child_that_is_followed_listens(b):
    b.build(SERVANT)
    with b.start(RHEAPER_SIGNAL="USR2", RHEAPER_FOLLOW_FORK="1") as servant:
        servant.do("f")
        servant.do("101")
        assert b.status(servant)["trace"] == b.path("t.bin.1")
        b.ctl(servant, "off")
        servant.do("102")
    b.expect("t.bin.1", [101])


def test_threads_at_full_speed(b):
    b.build(BUSY)
    traces = ["t.bin" + (f".{i}" if i else "") for i in range(8)]
    with b.start(**WAITING) as servant:
        for trace in traces:
            b.switch_on(servant, trace, servant.go)
            b.ctl(servant, "mark", trace)
            b.ctl(servant, "off")
    for trace in traces:
        database = b.load(trace)
        assert lost(database) == {}, (trace, lost(database))
        marks = database.execute("SELECT text FROM markers").fetchall()
        assert marks == [(trace,)], (trace, marks)


def test_a_snapshot_has_what_came_before(b):
    b.build(SERVANT)
    with b.start(RHEAPER_SIGNAL="USR2") as servant:
        servant.do("101")
        servant.do("+102")
        assert b.ctl(servant, "snapshot", b.path("now")).startswith(b.path("now") + ": ")
        servant.do("-")
        said = b.refused(str(servant.pid), "snapshot", b.path("now"))
        assert "File exists" in said, said
        assert os.stat(b.path("now")).st_mode & 0o777 == 0o600
    database = b.load("now")
    assert sizes(database) == [101, 102] and lost(database) == {}
    assert database.execute("SELECT ending FROM processes").fetchone() == ("snapshot",)
    assert database.execute("SELECT count(*) FROM leaks").fetchone() == (0,)
    assert database.execute("SELECT sum(dealloc_after IS NULL) FROM allocations WHERE size > 100"
                            ).fetchone() == (1,)


def test_a_snapshot_of_a_program_that_closed_the_trace(b):
    """As daemons close all that they did not open."""
    b.build(SERVANT)
    with b.start(RHEAPER_SIGNAL="USR2") as servant:
        servant.do("+102")
        servant.do("c")
        assert b.ctl(servant, "snapshot", b.path("closed")).startswith(b.path("closed") + ": ")
        servant.do("+103")
    assert sizes(b.load("closed")) == [102]
    assert sizes(b.load("t.bin")) == [102, 103]


def test_a_snapshot_has_the_chunk_at_the_end(b):
    """The latest one, which was written while the program ran."""
    b.build(SERVANT)
    with b.start(RHEAPER_SIGNAL="USR2") as servant:
        for i in range(9000):
            servant.do("100")
        b.ctl(servant, "snapshot", b.path("chunks"))
        assert os.path.getsize(b.path("chunks")) >= os.path.getsize(b.path("t.bin"))
        assert os.path.getsize(b.path("t.bin")) > 400000, "no window was full"
    database = b.load("chunks")
    assert len(sizes(database)) == 9000 and lost(database) == {}, (len(sizes(database)), lost(database))


def test_a_snapshot_of_threads_at_full_speed(b):
    b.build(BUSY)
    with b.start(RHEAPER_SIGNAL="USR2", RHEAPER_EVENT_BUFFER="500") as servant:
        for i in range(10):
            servant.go()
            b.ctl(servant, "snapshot", b.path(f"s{i}"))
    for i in range(10):
        database = b.load(f"s{i}")
        missing = lost(database)
        # Each thread may have been in the middle of one event.
        assert set(missing) <= {"unwritten", "missing"} and sum(missing.values()) <= 8, missing
        assert len(sizes(database, 2000)) == 8, sizes(database, 2000)
        live, = database.execute(
            "SELECT count(*) FROM allocations WHERE dealloc_after IS NULL"
            " AND (size < 100 OR size BETWEEN 1000 AND 1007)").fetchone()
        assert live <= 8 + sum(missing.values()), (live, missing)


tap.run(globals(), Bench)
