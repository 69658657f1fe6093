#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The built rheaper-load from outside: what it refuses, says and leaves behind.

usage: check-load.py RHEAPER-LOAD RHEAPER-CC

Prints TAP, one point per test_ function.
"""
import os
import resource
import signal
import sqlite3
import subprocess
import sys

import tap

LOADER, DRIVER = (os.path.abspath(path) for path in sys.argv[1:3])

PROGRAM = """
#include <stdlib.h>
static void *volatile keep;
int main(void)
{
	for (int i = 0; i < 1000; i++)
		free(keep = malloc(i));
	keep = malloc(77);
	return 0;
}
"""


class Bench:
    """A directory with one good trace."""

    def __init__(self, directory):
        self.dir = directory
        source = self.write("program.c", PROGRAM.encode())
        subprocess.run([DRIVER, source, "-o", self.path("program")], check=True)
        subprocess.run([self.path("program")], check=True,
                       env={**os.environ, "RHEAPER_TRACE": self.path("good.bin")})
        self.good = open(self.path("good.bin"), "rb").read()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as out:
            out.write(content)
        return self.path(name)

    def load(self, *words, **more):
        return subprocess.run([LOADER, *words], text=True, stdin=subprocess.DEVNULL,
                              stdout=more.pop("stdout", subprocess.PIPE),
                              stderr=subprocess.PIPE, **more)

    def refuse(self, *words, said, **more):
        """A load that must fail: status 2, one message, nothing new anywhere."""
        before = sorted(os.listdir(self.dir))
        result = self.load(*words, **more)
        assert result.returncode == 2, result
        assert said in result.stderr, result
        assert result.stderr.startswith("rheaper-load: "), result
        assert sorted(os.listdir(self.dir)) == before, os.listdir(self.dir)
        return result


def one(database, query):
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchone()


def test_good_trace(b):
    result = b.load(b.path("good.bin"), b.path("good.db"))
    assert result.returncode == 0 and result.stderr == "", result
    assert result.stdout.startswith("2001 events, 1001 allocations, 1 live at exit (77 bytes),"
                                    " 0 lost; 1001 rows"), result
    assert one(b.path("good.db"), "SELECT count(*), sum(size) FROM allocations") == (
        1001, 999 * 1000 // 2 + 77)


def test_quiet_prints_nothing(b):
    result = b.load("-q", b.path("good.bin"), b.path("quiet.db"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", ""), result


def test_empty_trace(b):
    b.refuse(b.write("empty.bin", b""), b.path("x.db"), said="empty.bin: the file is empty")


def test_what_is_no_trace(b):
    b.refuse(b.write("text.bin", b"hello, world\n" * 10000), b.path("x.db"), said="not a rheaper trace")
    b.refuse(sys.executable, b.path("x.db"), said="not a rheaper trace")
    b.refuse(b.dir, b.path("x.db"), said="Is a directory")
    b.refuse(b.path("none.bin"), b.path("x.db"), said="No such file or directory")


def test_other_version(b):
    other = bytearray(b.good)
    other[12] += 1  # rhp_file_header.version
    b.refuse(b.write("other.bin", other), b.path("x.db"), said="another version")


def test_truncated_in_the_header(b):
    b.refuse(b.write("short.bin", b.good[:100]), b.path("x.db"), said="cut short")


def test_truncated_later_loads_as_far_as_it_goes(b):
    end = len(b.good) - len(b.good) // 4
    result = b.load(b.write("cut.bin", b.good[:end]), b.path("cut.db"))
    assert result.returncode == 0, result
    events, = one(b.path("cut.db"), "SELECT value FROM totals WHERE name = 'events'")
    missing, = one(b.path("cut.db"), "SELECT sum(count) FROM losses"
                                     " WHERE reason IN ('missing', 'unwritten')")
    assert events + missing == 2001, (events, missing)
    assert missing == 0 or "events missing" in result.stderr, result


def test_existing_database_is_kept(b):
    old = b.path("old.db")
    with sqlite3.connect(old) as connection:
        connection.execute("CREATE TABLE precious (x)")
    before = open(old, "rb").read()
    b.refuse(b.path("good.bin"), old, said="old.db")
    assert open(old, "rb").read() == before
    # A load that fails leaves it too, even where it might replace it
    b.refuse("--force", b.write("empty.bin", b""), old, said="empty")
    assert open(old, "rb").read() == before
    assert b.load("--force", b.path("good.bin"), old).returncode == 0
    assert one(old, "SELECT count(*) FROM allocations") == (1001,)


def test_force_replaces_databases_only(b):
    b.refuse("--force", b.path("good.bin"), b.path("good.bin"), said="it is not a database")
    b.refuse("--force", b.path("good.bin"), b.path("program.c"), said="it is not a database")
    assert open(b.path("good.bin"), "rb").read() == b.good
    assert b.load("--force", b.path("good.bin"), b.write("new.db", b"")).returncode == 0


def test_unwritable_database(b):
    b.refuse(b.path("good.bin"), b.path("none/x.db"), said="No such file or directory")
    b.refuse(b.path("good.bin"), "/proc/x.db", said="/proc/x.db")
    os.mkdir(b.path("folder"))
    b.refuse("--force", b.path("good.bin"), b.path("folder"), said="folder")


def test_file_size_limit_leaves_nothing(b):
    b.refuse(b.path("good.bin"), b.path("x.db"), said="x.db",
             preexec_fn=lambda: resource.setrlimit(
                 resource.RLIMIT_FSIZE, (20000, 20000)))


def test_wrong_words(b):
    for words in [], [b.path("good.bin")], [b.path("good.bin"), "x.db", "y.db"], \
            ["--frobnicate", "a", "b"], ["-z", "a", "b"]:
        result = b.load(*words)
        assert result.returncode == 2, result
        assert "Try 'rheaper-load --help'" in result.stderr, result


def test_help_and_version(b):
    result = b.load("--help")
    assert result.returncode == 0 and result.stdout.startswith("Usage: rheaper-load"), result
    assert b.load("--version").stdout.startswith("rheaper-load (rheaper) "), result


def test_full_output_is_an_error(b):
    with open("/dev/full", "w") as full:
        result = b.load("--help", stdout=full)
    assert result.returncode == 2 and "No space left" in result.stderr, result


signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
tap.run(globals(), Bench)
