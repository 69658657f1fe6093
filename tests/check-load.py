#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The built rheaper-load from outside: what it refuses, says and leaves behind.

usage: check-load.py RHEAPER-LOAD RHEAPER-CC

Prints TAP, one point per test_ function.
"""
import fcntl
import itertools
import json
import os
import re
import resource
import signal
import sqlite3
import struct
import subprocess
import sys

import tap
import versions

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
        self.build("program", PROGRAM)
        self.good = open(self.trace("good.bin"), "rb").read()

    def build(self, name, text):
        source = self.write(name + ".c", text.encode())
        subprocess.run([DRIVER, "-g", source, "-o", self.path(name)], check=True)
        return self.path(name)

    def trace(self, name, program=None):
        """A new trace of the program."""
        subprocess.run([program or self.path("program")], check=True,
                       env={**os.environ, "RHEAPER_TRACE": self.path(name)})
        return self.path(name)

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


def content(database):
    """All there is, but when it was loaded."""
    with sqlite3.connect(database) as connection:
        tables = [name for name, in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1")]
        assert "blocks" in tables and "call_tree" in tables
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
                for name in tables if name != "runs"}


def test_good_trace(b):
    result = b.load(b.path("good.bin"), b.path("good.db"))
    assert result.returncode == 0 and result.stderr == "", result
    assert result.stdout.startswith("2001 events, 1001 allocations, 1 live at exit (77 bytes),"
                                    " 0 lost; 1001 rows"), result
    assert one(b.path("good.db"), "SELECT count(*), sum(size) FROM allocations") == (
        1001, 999 * 1000 // 2 + 77)


def test_how_the_program_was_called(b):
    trace = b.path("called.bin")
    words = [b.path("program"), "", "it's \"quoted\"", "new\nline", "gr\u00f6\u00dfe", "x" * 5000]
    subprocess.run(words, check=True, env={**os.environ, "RHEAPER_TRACE": trace,
                                           "RHEAPER_STACK_DEPTH": "33"})
    assert b.load("-q", trace, b.path("called.db")).returncode == 0
    line, host, parent, depth, size = one(b.path("called.db"), "SELECT command_line, host,"
                                          " parent_pid, max_stack_depth, pointer_size FROM processes")
    assert json.loads(line)[:5] == words[:5], line
    assert words[5].startswith(json.loads(line)[5]) and len(line) > 1900, line  # cut
    assert (host, parent, depth, size) == (os.uname().nodename, os.getpid(), 33, 8)


def test_quiet_prints_nothing(b):
    result = b.load("-q", b.path("good.bin"), b.path("quiet.db"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", ""), result


def test_json_summary(b):
    result = b.load("--json", b.path("good.bin"), b.path("json.db"))
    assert (result.returncode, result.stderr) == (0, ""), result
    said = json.loads(result.stdout)
    process, = said["processes"]
    assert process["allocations"] == said["rows"] == 1001 and process["lost"] == 0, said
    assert process["live_bytes"] == 77 and process["ending"] == "exited", said
    assert process["executable"] == os.path.realpath(b.path("program")), said
    assert said["database_size"] == os.path.getsize(b.path("json.db")), said


def test_json_of_names_that_are_no_text(b):
    """Keys are in snake_case, and every name of a file makes valid JSON."""
    trace = b.path('q"\\\n\x1b\x7f\udcc2\u20ac.bin')
    os.link(b.path("good.bin"), trace)
    result = b.load("--json", trace, b.path("nasty.db"))
    assert (result.returncode, result.stderr) == (0, ""), result
    said = json.loads(result.stdout)
    assert said["processes"][0]["trace"] == trace.replace("\udcc2", "\\xc2"), said
    assert all(re.fullmatch("[a-z_]+", key) for key in [*said, *said["processes"][0]]), said
    assert "\x1b" not in result.stdout and "\x7f" not in result.stdout, result


def test_progress_says_how_far_it_is(b):
    result = b.load("--progress", b.path("good.bin"), b.path("progress.db"))
    assert result.returncode == 0, result
    assert "100 %, 0.0 million blocks" in result.stderr and "0 s left" in result.stderr, result


def test_many_traces_in_any_order(b):
    """Two runs of a program, one of another: the same database however they are named."""
    traces = [b.path("good.bin"), b.trace("second.bin"), b.trace("third.bin", b.build(
        "third", PROGRAM.replace("77", "78")))]
    seen = []
    for order in itertools.permutations(traces):
        result = b.load("-q", *order, b.path("many.db"), "--force")
        assert (result.returncode, result.stderr) == (0, ""), result
        seen.append(content(b.path("many.db")))
    for found in seen[1:]:
        for name, rows in found.items():
            assert rows == seen[0][name], (name, rows, seen[0][name])
    assert [(row[0], row[2]) for row in seen[0]["processes"]] == list(enumerate(traces, 1))
    totals = seen[0]["process_totals"]
    assert [row[8] for row in totals] == [1001] * 3, totals
    # One binary, one set of symbols and stacks
    paths = [row[1] for row in seen[0]["modules"]]
    assert len(paths) == len(set(paths)), paths
    assert one(b.path("many.db"), "SELECT count(*), count(DISTINCT stack), sum(bytes) FROM leaks"
               " WHERE function = 'main'") == (3, 2, 77 + 77 + 78)
    assert one(b.path("many.db"), "SELECT count(DISTINCT signature), count(DISTINCT stack)"
               " FROM stacks JOIN allocations a ON bt = stack WHERE a.ending = 'live'") == (1, 2)


def test_a_library_at_two_addresses(b):
    """Its stacks are one in the database, and what they keep adds up."""
    library = b.write("lib.c", b"#include <stdlib.h>\nvoid *get(void) { return malloc(1000000); }\n")
    subprocess.run(["cc", "-g", "-O0", "-fPIC", "-shared", library, "-o", b.path("lib.so")], check=True)
    program = b.build("loads", """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
static void *volatile kept[2];
int main(int argc, char **argv)
{
	for (int i = 0; i < 2; i++) {
		struct link_map *library = dlopen("%s", RTLD_NOW);
		void *base = (void *)library->l_addr;
		kept[i] = ((void *(*)(void))dlsym(library, "get"))();
		dlclose(library);
		mmap(base, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	}
}
""" % b.path("lib.so"))
    database = b.path("two.db")
    assert b.load("-q", b.trace("two.bin", program), database).returncode == 0
    assert one(database, "SELECT count(*), sum(peak_bytes), sum(own_peak_bytes), sum(live_bytes) FROM"
               " call_sites WHERE function = 'get'") == (1, 2000000, 2000000, 2000000)


RESIDENT = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static void *volatile keep;
static long resident(void)
{
	long size = 0, pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (!file || fscanf(file, "%ld %ld", &size, &pages) != 2)
		abort();
	fclose(file);
	return pages * 4096;
}
int main(void)
{
	char *large = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(large, 1, 64 << 20);
	for (int i = 0; i < 20000; i++)
		free(keep = malloc(100));
	printf("%ld\\n", resident());
	munmap(large, 64 << 20);
	printf("%ld\\n", resident());
	return 0;
}
"""


def test_how_much_is_in_memory(b):
    """While the program runs and at its end, as it sees that itself."""
    if os.uname().machine not in ("x86_64", "i686"):
        return  # pages have another size
    program, trace = b.build("resident", RESIDENT), b.path("resident.bin")
    out = subprocess.run([program], check=True, text=True, capture_output=True,
                         env={**os.environ, "RHEAPER_TRACE": trace}).stdout
    most, last = map(int, out.split())
    b.load(trace, b.path("resident.db"))
    with sqlite3.connect(b.path("resident.db")) as db:
        rows = [n for n, in db.execute("SELECT bytes FROM resident ORDER BY at_ms")]
        timeline = db.execute("SELECT resident_bytes FROM memory_timeline ORDER BY at_ms").fetchall()
    assert abs(max(rows) - most) < 2 << 20 and abs(rows[-1] - last) < 2 << 20, (rows, most, last)
    assert most > 64 << 20 > last and len(rows) >= 2, rows
    assert timeline and (rows[0],) in timeline, (timeline, rows)


def test_append_adds_a_run(b):
    both, database = b.path("both.db"), b.path("append.db")
    second = b.trace("later.bin")
    assert b.load("-q", b.path("good.bin"), second, both).returncode == 0
    assert b.load("-q", "--label", "first", b.path("good.bin"), database).returncode == 0
    before = content(database)
    result = b.load("--append", "--label=it's the second", second, database)
    assert (result.returncode, result.stderr) == (0, ""), result
    after, expected = content(database), content(both)
    # What was there stays, and the rest is what one load gives
    for table in "stacks", "frames", "blocks", "lots", "top_down", "call_sites":
        assert after[table] == expected[table], table
    for table in "stacks", "frames", "modules", "allocators", "stack_frames", "lots", "threads":
        assert after[table][:len(before[table])] == before[table], table
    with sqlite3.connect(database) as connection:
        assert connection.execute(
            "SELECT run, label, sum(allocations) FROM process_totals GROUP BY run").fetchall() == [
                (1, "first", 1001), (2, "it's the second", 1001)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_append_follows_a_link(b):
    database, link = b.path("led-to.db"), b.path("link.db")
    assert b.load("-q", b.path("good.bin"), database).returncode == 0
    os.symlink("led-to.db", link)
    result = b.load("-q", "--append", b.trace("linked.bin"), link)
    assert result.returncode == 0 and os.path.islink(link), result
    assert one(database, "SELECT count(*) FROM runs") == (2,)


def test_appends_at_the_same_time(b):
    """Each run is there: whoever comes second waits, and adds to what the first has made."""
    n = 8
    for turn in range(4):
        database = b.path(f"together{turn}.db")
        assert b.load("-q", b.path("good.bin"), database).returncode == 0
        traces = [b.trace(f"together{turn}.{i}.bin") for i in range(n)]
        loads = [subprocess.Popen([LOADER, "-q", "--append", f"--label={i}", trace, database], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True) for i, trace in enumerate(traces)]
        said = [load.communicate(timeout=240)[1] for load in loads]
        assert [load.returncode for load in loads] == [0] * n, said
        with sqlite3.connect(database) as connection:
            labels = [label for label, in connection.execute("SELECT label FROM runs ORDER BY label")]
            assert labels == ["", *map(str, range(n))], labels
            assert connection.execute("SELECT count(*) FROM allocations").fetchone() == ((n + 1) * 1001,)


def test_who_waits_says_so(b):
    """And goes on with what is there then, be it another file or none."""
    database, second = b.path("waits.db"), b.trace("waits.bin")
    assert b.load("-q", "--label=old", b.path("good.bin"), database).returncode == 0
    for mode, then, status in (("--append", None, 0), ("--append", "new", 0), ("--force", None, 0),
                               ("--append", "gone", 2)):
        with open(database, "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with subprocess.Popen([LOADER, "-q", mode, second, database], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True) as load:
                said = load.stderr.readline()
                assert said == f"rheaper-load: {database}: waiting for another program that is changing it\n", said
                if then == "new":
                    assert b.load("-q", "--label=new", b.path("good.bin"), database + ".new").returncode == 0
                    os.rename(database + ".new", database)
                elif then == "gone":
                    os.remove(database)
                fcntl.flock(held, fcntl.LOCK_UN)
                said = load.stderr.read()
        assert load.returncode == status and (status == 0) == (said == ""), (mode, then, said)
        if status:
            continue
        with sqlite3.connect(database) as connection:
            labels = [label for label, in connection.execute("SELECT label FROM runs ORDER BY run")]
        assert labels == [""] if mode == "--force" else labels == [then or "old", ""], (mode, then, labels)
        assert b.load("-q", "--force", "--label=old", b.path("good.bin"), database).returncode == 0


def test_append_keeps_names_owner_and_permissions(b):
    database, name = b.path("kept.db"), b.path("other-name.db")
    assert b.load("-q", b.path("good.bin"), database).returncode == 0
    os.chmod(database, 0o640)
    if os.geteuid() == 0:
        os.chown(database, 1234, 4321)
    before = os.stat(database)
    for i, links in enumerate((1, 2)):
        if links == 2:
            os.link(database, name)
        assert b.load("-q", "--append", b.trace(f"kept{i}.bin"), database).returncode == 0
        after = os.stat(database)
        for fact in "st_mode", "st_uid", "st_gid":
            assert getattr(after, fact) == getattr(before, fact), (fact, before, after)
        assert after.st_nlink == links, after
        for path in [database, name][:links]:
            assert one(path, "SELECT count(*) FROM runs") == (i + 2,)
            assert one(path, "PRAGMA integrity_check") == ("ok",)
    assert not [left for left in os.listdir(b.dir) if left.startswith(("kept.db.", "kept.db-", "other-name.db-"))]


def test_append_refuses_what_does_not_fit(b):
    database = b.path("base.db")
    assert b.load("-q", b.path("good.bin"), database).returncode == 0
    second = b.trace("fits.bin")

    def refuse(*words, said, path=database):
        before = open(path, "rb").read()
        b.refuse("--append", *words, path, said=said)
        assert open(path, "rb").read() == before

    refuse(b.path("good.bin"), said="already contains this trace")
    refuse(second, b.write("torn.bin", b.good[:50]), said="torn.bin: the trace is cut short")
    refuse(second, b.path("program.c"), said="not a rheaper trace")
    b.refuse("--append", second, b.path("missing.db"), said="No such file")
    refuse(second, said="not a database", path=b.write("not.db", b"hello " * 1000))
    for name, change, said in [
            ("older", "PRAGMA user_version = 4", f"version 4, but this program writes version {versions.SCHEMA};"
             " load the traces again into a new database"),
            ("newer", "PRAGMA user_version = 99", "version 99"),
            ("foreign", "PRAGMA application_id = 1", "not a database of rheaper-load"),
            ("trigger", "CREATE TRIGGER t AFTER INSERT ON lots BEGIN DELETE FROM blocks; END",
             "its schema was changed"),
            ("column", "ALTER TABLE blocks ADD COLUMN x TEXT", "its schema was changed"),
            ("frames", "UPDATE stacks SET frames = '[1099511627776]'", "damaged"),
            ("lists", "UPDATE stacks SET frames = '[1,'", "malformed JSON"),
            ("nodes", "UPDATE bottom_up_nodes SET frame = 1 << 40 WHERE node = 1", "damaged"),
            ("parents", "UPDATE top_down_nodes SET parent = 1 << 20 WHERE node = 2", "damaged"),
            ("twins", "UPDATE top_down_nodes SET parent = (SELECT parent FROM top_down_nodes WHERE node = 1),"
             " frame = (SELECT frame FROM top_down_nodes WHERE node = 1) WHERE node = 2", "damaged"),
            ("numbers", "UPDATE frames SET frame = frame + 1000", "damaged"),
            ("parent", "UPDATE stacks SET allocator = -1", "damaged")]:
        path = b.path(name + ".db")
        with open(database, "rb") as good, open(path, "wb") as copy:
            copy.write(good.read())
        with sqlite3.connect(path) as connection:
            connection.execute(change)
        refuse(second, said=said, path=path)
    # The file system is full half way
    before = open(database, "rb").read()
    b.refuse("--append", second, database, said="base.db", preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_FSIZE, (len(before) - 1000, len(before) - 1000)))
    assert open(database, "rb").read() == before


def test_the_same_trace_twice(b):
    copy = b.write("copy.bin", b.good)
    b.refuse(b.path("good.bin"), copy, b.path("x.db"), said="this is the same trace as")


def test_one_bad_trace_among_good_ones(b):
    b.refuse(b.path("good.bin"), b.write("empty.bin", b""), b.path("x.db"),
             said="empty.bin: the file is empty")


def test_a_newer_trace_of_that_name_is_told(b):
    """RHEAPER_TRACE=again.bin twice: the plain name is that of the first."""
    for _ in range(3):
        b.trace("again.bin")
    for name in "again.bin.3", "again.bin.x", "again.bin.", "xagain.bin.9":
        b.write(name, b.good if name[0] == "x" else b"hello")
    first, second, third = (b.path("again.bin" + end) for end in ("", ".1", ".2"))
    told = f"rheaper-load: reading {first}, although {third} is newer; name that to read it\n"
    both = f"rheaper-load: reading {first}, although 2 traces of that name are newer, the newest {third}; name those to read them\n"
    for traces, said in ([first], both), ([first, second], told), ([first, third], ""), ([third], ""), ([second], ""):
        result = b.load("-q", "--force", *traces, b.path("again.db"))
        assert (result.returncode, result.stderr) == (0, said), result
    result = b.load("-q", "--force", "again.bin", "./again.bin.2", "again.db", cwd=b.dir)
    assert (result.returncode, result.stderr) == (0, ""), result
    result = b.load("-q", "--force", "again.bin", "again.db", cwd=b.dir)
    assert (result.returncode, result.stderr) == (0, both.replace(b.dir + "/", "")), result
    # In containers every process has the same pid. One that has ended does not trace again; one that
    # switched off may, and so does a forked child
    def change(name, at, value):
        with open(name, "r+b") as trace:
            trace.seek(at)
            trace.write(struct.pack("<I", value))
    pid = struct.unpack("<I", open(first, "rb").read(68)[64:])[0]
    change(third, 64, pid)
    for state, said in (2, both), (1, both), (3, told.replace(third, second)):
        change(first, 56, state)
        result = b.load("-q", "--force", first, b.path("again.db"))
        assert said in result.stderr, (state, result)
    change(first, 56, 2)
    # Times count, not numbers: a name that became free is taken again
    os.rename(first, third + "0")
    b.trace("again.bin")
    result = b.load("-q", "--force", first, b.path("again.db"))
    assert (result.returncode, result.stderr) == (0, ""), result


def test_empty_trace(b):
    b.refuse(b.write("empty.bin", b""), b.path("x.db"), said="empty.bin: the file is empty")


def test_what_is_no_trace(b):
    b.refuse(b.write("text.bin", b"hello, world\n" * 10000), b.path("x.db"), said="not a rheaper trace")
    b.refuse(b.dir, b.path("x.db"), said="Is a directory")
    b.refuse(b.path("none.bin"), b.path("x.db"), said="No such file or directory; a program that was built with rheaper-cc writes")
    # What people give in its place
    b.refuse(sys.executable, b.path("x.db"), said="not a trace but a program; build it with rheaper-cc")
    b.refuse(b.write("script", b"#!/bin/sh\n"), b.path("x.db"), said="not a trace but a program")
    database = b.write("swapped.db", b"")
    assert b.load("--force", b.path("good.bin"), database).returncode == 0
    b.refuse(database, b.path("new.bin"), said="not a trace but a database; traces come first, then the database")


def test_other_version(b):
    """The sentence names what this program reads, and what to do about it."""
    known = f"{versions.FORMAT_FIRST} to {versions.FORMAT}"
    for version, said in [
            (versions.FORMAT_FIRST - 1, f"an older format than this program reads ({known});"
             " use the rheaper that wrote it, or record it again"),
            (versions.FORMAT + 1, f"a newer format than this program reads ({known});"
             " use the rheaper that wrote it, or a later one")]:
        other = bytearray(b.good)
        other[12] = version  # rhp_file_header.version
        b.refuse(b.write("other.bin", other), b.path("x.db"), said=said)


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
    assert missing == 0 or "events are missing: " in result.stderr, result


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


def test_a_database_in_use_is_kept(b):
    path = b.path("used.db")
    b.write("used.db-journal", b"hello")
    b.refuse(b.path("good.bin"), path, said="used.db-journal is of a database that had this name")
    assert not os.path.exists(path)
    os.remove(path + "-journal")
    assert b.load(b.path("good.bin"), path).returncode == 0
    before = open(path, "rb").read()
    for suffix in "-journal", "-wal":
        b.write("used.db" + suffix, b"hello")
        for mode in "--force", "--append":
            said = b.refuse(mode, b.path("good.bin"), path, said=f"used.db{suffix} exists").stderr
            assert f"Do not remove {path}{suffix}" in said and said.count("emove") == 1, said
        os.remove(path + suffix)
    assert open(path, "rb").read() == before


# Changes a database in a way and does not come to the end of it.
INTERRUPTED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = " + sys.argv[2])
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN")
connection.execute("UPDATE runs SET label = 'changed'")
connection.execute("UPDATE blocks SET size = size + 1")
if sys.argv[2] == "WAL":
    connection.execute("COMMIT")
os.kill(os.getpid(), 9)
"""


def test_advice_for_a_database_in_use_is_safe(b):
    """Who follows it has all that was committed, and can append."""
    for mode, suffix in ("DELETE", "-journal"), ("PERSIST", "-journal"), ("WAL", "-wal"):
        path = b.path(f"advised-{mode}.db")
        assert b.load("-q", "--label=whole", b.path("good.bin"), path).returncode == 0
        before = one(path, "SELECT sum(size) FROM allocations")[0]
        subprocess.run([sys.executable, "-c", INTERRUPTED, path, mode], check=False)
        assert os.path.exists(path + suffix), os.listdir(b.dir)
        said = b.refuse("--append", b.trace(mode + ".bin"), path, said=f"{suffix} exists").stderr
        with sqlite3.connect(path) as connection:
            for statement in re.search("'(.*)'", said)[1].split(";"):
                connection.execute(statement).fetchall()
        connection.close()
        assert not os.path.exists(path + suffix), os.listdir(b.dir)
        assert b.load("-q", "--append", b.path(mode + ".bin"), path).returncode == 0
        label, total = ("changed", before + 1001) if mode == "WAL" else ("whole", before)
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT label FROM runs").fetchall() == [(label,), ("",)], mode
            assert connection.execute("SELECT sum(size) FROM blocks").fetchone() == (total + before,), mode


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
    for words in [], [b.path("good.bin")], ["--append", "-f", "a", "b"], \
            ["--quiet", "--json", "a", "b"], ["--label"], ["--frobnicate", "a", "b"], ["-z", "a", "b"]:
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
