#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tracking switched on and off in a running program: each time a trace of its own, in
which everything is that happened in between.

usage: check-control.py RHEAPER-LOAD BINDIR [CYCLES]

Prints TAP, one point per test_ function.
"""
import os
import sqlite3
import sys

import tap
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])
CYCLES = int(sys.argv[3]) if len(sys.argv) > 3 else 100
INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "include")

# Eight threads at full speed. Between two barriers four of them do what is counted
# afterwards; the others go on through the switching. Of the traces the first, the last
# and each 25th are kept. Prints mappings, open files, and KiB resident, after the
# first 20 cycles and at the end.
CYCLE = """
#include <pthread.h>
#include <rheaper.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define COUNTED 4
#define PAIRS 100
static pthread_barrier_t go, done;
static int stop;
static void *counted(void *arg)
{
	size_t size = 100000 + (size_t)arg;
	for (;;) {
		pthread_barrier_wait(&go);
		if (stop)
			return NULL;
		for (int i = 0; i < PAIRS; i++)
			free(realloc(malloc(size), size + 1000));
		pthread_barrier_wait(&done);
	}
}
static void *busy(void *arg)
{
	char *p = NULL;
	for (size_t i = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		p = realloc(p, i % 500 + 1);
		free(malloc(i % 70));
	}
	free(p);
	return arg;
}
static int lines(const char *command)
{
	char text[64] = "";
	FILE *f = popen(command, "r");
	fgets(text, sizeof(text), f);
	pclose(f);
	return atoi(text);
}
static void show(void)
{
	char maps[64], files[64], resident[64];
	int pid = getpid();
	snprintf(maps, sizeof(maps), "wc -l < /proc/%d/maps", pid);
	snprintf(files, sizeof(files), "ls /proc/%d/fd | wc -l", pid);
	snprintf(resident, sizeof(resident), "awk '/VmRSS/{print $2}' /proc/%d/status", pid);
	printf("%d %d %d\\n", lines(maps), lines(files), lines(resident));
}
int main(int argc, char **argv)
{
	pthread_t threads[8];
	int cycles = atoi(argv[1]);
	(void)argc;
	pthread_barrier_init(&go, NULL, COUNTED + 1);
	pthread_barrier_init(&done, NULL, COUNTED + 1);
	for (size_t i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, i < COUNTED ? counted : busy, (void *)i);
	for (int i = 1; i <= cycles; i++) {
		struct rheaper_config config = {0};
		struct rheaper_enabled on;
		config.profile_dir = "traces";
		config.tracker_event_buffer_size = 500;
		config.sample_bytes = i % 4 == 3 ? 1 : 0;
		on = rheaper_enable_tracking(&config);
		if (on.error != RHEAPER_OK || strncmp(on.path, "traces/program.", 15) != 0)
			abort();
		pthread_barrier_wait(&go);
		pthread_barrier_wait(&done);
		char path[4096], name[64];
		strcpy(path, on.path);
		if (rheaper_disable_tracking() != RHEAPER_OK)
			abort();
		snprintf(name, sizeof(name), "traces/%d", i);
		if (i == 1 || i == cycles || i % 25 == 0)
			rename(path, name);
		else
			unlink(path);
		if (i == 20 || i == cycles)
			show();
	}
	stop = 1;
	pthread_barrier_wait(&go);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
"""

SWITCH = """
#include <math.h>
#include <rheaper.h>
#include <stdio.h>
#include <stdlib.h>
static int enable(struct rheaper_config config)
{
	struct rheaper_enabled on = rheaper_enable_tracking(&config);
	if (on.error == RHEAPER_CANNOT_WRITE && on.system_error == 0)
		abort();
	return on.error;
}
static struct rheaper_config none;
static void say(int n)
{
	printf("%d ", n);
}
#define WITH(field, value) (config = none, config.field = (value), enable(config))
int main(void)
{
	struct rheaper_config config;
	say(rheaper_disable_tracking());
	say(WITH(max_stack_depth, 1025));
	say(WITH(max_trackers, 10001));
	say(WITH(tracker_event_buffer_size, 499));
	say(WITH(sample_rate, 1.5));
	say(WITH(sample_rate, -0.1));
	say(WITH(sample_rate, NAN));
	say(WITH(profile_dir, "/nowhere/at/all"));
	say(WITH(max_bytes, 1));
	say(WITH(ring, 1));
	say(WITH(scope, 2));
	say(WITH(free_stacks, 2));
	void *before = malloc(1001);
	say(rheaper_enable_tracking(NULL).error);
	say(rheaper_is_tracking());
	say(enable(none));
	free(before);
	free(malloc(1002));
	void *live = malloc(1003);
	rheaper_mark("one");
	say(rheaper_disable_tracking());
	say(rheaper_is_tracking());
	free(live);
	live = malloc(1004);
	say(enable(none));
	live = realloc(live, 1005);
	say(rheaper_disable_tracking());
	say(rheaper_disable_tracking());
	free(live);
	return 0;
}
"""
OK, ALREADY, NOT_ENABLED, BAD, CANNOT, ABSENT = 0, 1, 2, 3, 4, 5


class Bench(Workbench):
    def build(self, text, *words, driver="rheaper-gcc", name="main.c"):
        for trace in self.traces():
            os.remove(self.path(trace))
        driver = os.path.join(BINDIR, driver) if driver.startswith("rheaper-") else driver
        self.run(driver, "-O1", "-pthread", "-fno-builtin", "-I" + INCLUDE, *words,
                 self.file(name, text), "-o", "program")

    def load(self, trace):
        self.run(LOADER, "--quiet", "--force", trace, "t.db")
        return sqlite3.connect(self.path("t.db"))

    def traces(self):
        return sorted(name for name in os.listdir(self.dir) if ".trace" in name)


def lost(database):
    return dict(database.execute("SELECT reason, count FROM losses WHERE count > 0 AND"
                                 " reason NOT LIKE 'foreign_%'"))


def test_every_cycle_has_a_whole_trace(b):
    os.mkdir(b.path("traces"))
    b.build(CYCLE)
    said = b.run("./program", str(CYCLES), timeout=3600)
    kept = os.listdir(b.path("traces"))
    assert len(kept) == 1 + CYCLES // 25, kept
    for name in kept:
        database = b.load("traces/" + name)
        assert lost(database) == {}, (name, lost(database))
        rows = database.execute(
            "SELECT size, count(*), count(dealloc_after) FROM allocations"
            " WHERE size BETWEEN 100000 AND 200000 GROUP BY size").fetchall()
        assert rows == [(100000 + i + more, 100, 100) for more in (0, 1000) for i in range(4)], rows
    early, late = ([int(n) for n in line.split()] for line in said.split("\n")[:2])
    # Nothing stays behind: neither mappings nor open files, nor memory.
    assert late[0] <= early[0] + 4 and late[1] <= early[1] and late[2] <= early[2] + 1024, said


def test_what_is_refused_and_what_is_recorded(b):
    b.build(SWITCH)
    said = [int(word) for word in b.run("./program").split()]
    assert said == [NOT_ENABLED, BAD, BAD, BAD, BAD, BAD, BAD, CANNOT, CANNOT, BAD, BAD, BAD, OK, 1, ALREADY, OK, 0,
                    OK, OK, NOT_ENABLED], said
    first, second = b.traces()
    database = b.load(first)
    sizes = database.execute("SELECT size, dealloc_after IS NULL FROM allocations"
                             " WHERE size BETWEEN 1001 AND 1010").fetchall()
    assert sizes == [(1002, 0), (1003, 1)], sizes
    assert database.execute("SELECT count(*) FROM markers").fetchone() == (1,)
    assert database.execute("SELECT ending FROM processes").fetchone() == ("stopped",)
    assert database.execute("SELECT * FROM leaks").fetchall() == []
    assert database.execute("SELECT count FROM losses WHERE reason = 'foreign_free'").fetchone() == (1,)
    sizes = b.load(second).execute("SELECT size, dealloc_after IS NULL FROM allocations"
                                   " WHERE size BETWEEN 1001 AND 1010").fetchall()
    assert sizes == [(1005, 1)], sizes


NAMED = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <rheaper.h>
#include <stdlib.h>
static void *volatile kept[2];
int main(void)
{
	uint32_t off = rheaper_begin("off"), one, two;
	if (off || rheaper_enable_tracking(NULL).error)
		return 1;
	one = rheaper_begin("one");
	kept[0] = malloc(1101);
	pthread_setname_np(pthread_self(), "of the first");
	if (rheaper_disable_tracking() || rheaper_begin("off"))
		return 2;
	pthread_setname_np(pthread_self(), "of the second");
	if (rheaper_enable_tracking(NULL).error)
		return 3;
	two = rheaper_begin("two");
	rheaper_end(one);
	rheaper_end(off);
	kept[1] = malloc(1102);
	rheaper_end(two);
	return rheaper_disable_tracking();
}
"""


LIBRARY = """
#include <stdlib.h>
void *library_makes(size_t n) { return malloc(n); }
void *library_resizes(void *p, size_t n) { return realloc(p, n); }
void library_frees(void *p) { free(p); }
"""
SCOPES = """
#include <rheaper.h>
#include <stdlib.h>
void *library_makes(size_t n);
void *library_resizes(void *p, size_t n);
void library_frees(void *p);
static void work(uint32_t scope)
{
	struct rheaper_config config = {0};
	config.scope = scope;
	config.ring = 1;
	config.max_bytes = 10000000;
	config.free_stacks = 1;
	if (rheaper_enable_tracking(&config).error)
		abort();
	void *ours = malloc(2001), *theirs = library_makes(2002);
	ours = library_resizes(ours, 2003);
	theirs = library_resizes(theirs, 2004);
	library_frees(ours);
	free(theirs);
	if (rheaper_disable_tracking())
		abort();
}
int main(void)
{
	work(RHEAPER_SCOPE_AS_LINKED);
	work(RHEAPER_SCOPE_OWN);
	return 0;
}
"""


def test_scopes_and_names_are_those_of_their_trace(b):
    b.build(NAMED)
    b.run("./program")
    for trace, row, name, unpaired in zip(
            b.traces(), (("one", 2, 1, 1101), ("two", 0, 1, 1102)), ("of the first", "of the second"),
            ({}, {"unpaired_scope_end": 1}), strict=True):
        database = b.load(trace)
        rows = database.execute("SELECT name, ending, allocations, bytes FROM scope_totals").fetchall()
        assert rows == [row], rows
        assert database.execute("SELECT name FROM threads").fetchall() == [(name,)]
        assert lost(database) == unpaired, lost(database)


def test_what_shared_libraries_allocate_can_be_left_out(b):
    b.run("cc", "-shared", "-fPIC", "-fno-builtin", "-g", b.file("library.c", LIBRARY), "-o", "library.so")
    b.build(SCOPES, "-Wl,--no-as-needed", b.path("library.so"), "-Wl,-rpath," + b.dir)
    b.run("./program")
    whole, own = b.traces()
    found = {}
    for trace in whole, own:
        database = b.load(trace)
        assert lost(database) == {}, lost(database)
        found[trace] = database.execute("SELECT size, end FROM allocations WHERE size > 2000 AND"
                                        " size < 2010 ORDER BY size").fetchall()
        row = database.execute("SELECT scope, ring, free_stacks FROM processes").fetchone()
        assert row == ("process" if trace == whole else "link", 1, 1), row
    assert found[whole] == [(2001, 1), (2002, 1), (2003, 0), (2004, 0)], found
    assert found[own] == [(2001, 1), (2003, 0)], found


def test_a_sample_does_not_begin_where_the_last_one_ended(b):
    b.build("""
#include <rheaper.h>
#include <stdlib.h>
int main(void)
{
	struct rheaper_config config = {0};
	config.sample_bytes = 4000000000u;
	rheaper_enable_tracking(&config);
	free(malloc(100));
	rheaper_disable_tracking();
	config.sample_bytes = 1000;
	rheaper_enable_tracking(&config);
	for (int i = 0; i < 20000; i++)
		free(malloc(99));
	rheaper_disable_tracking();
	return 0;
}
""")
    b.run("./program")
    blocks, = b.load(b.traces()[1]).execute("SELECT count(*) FROM allocations").fetchone()
    # 1903 are expected, and 41 is their standard deviation.
    assert 1500 < blocks < 2300, blocks


def test_it_goes_with_c_plus_plus(b):
    b.build(SWITCH, driver="rheaper-g++", name="main.cpp")
    assert b.run("./program").split()[0] == str(NOT_ENABLED)


def test_it_is_harmless_without_the_runtime(b):
    b.build(SWITCH, driver="cc")
    said = [int(word) for word in b.run("./program").split()]
    assert set(said) <= {ABSENT, -1}, said
    assert b.traces() == []


def test_the_trace_of_the_environment_can_be_ended(b):
    b.build(SWITCH)
    said = [int(word) for word in b.run("./program", RHEAPER_TRACE=b.path("t.bin")).split()]
    assert said[0] == OK and said[12] == OK, said
    # No directory is asked for: the environment's name, never twice.
    names = sorted(name for name in os.listdir(b.dir) if name.startswith("t.bin"))
    assert names == ["t.bin", "t.bin.1", "t.bin.2"], names


# A child that the runtime has left alone, and one that asks for a trace of its own.
CHILD = """
#include <rheaper.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	rheaper_enable_tracking(NULL);
	void *ours = malloc(2000);
	if (fork() == 0) {
		free(malloc(2001));
		if (rheaper_disable_tracking() != RHEAPER_NOT_ENABLED)
			abort();
		if (rheaper_enable_tracking(NULL).error != RHEAPER_OK)
			abort();
		free(ours);
		free(malloc(2003));
		_exit(rheaper_disable_tracking());
	}
	int status;
	wait(&status);
	free(malloc(2002));
	free(ours);
	rheaper_disable_tracking();
	return status != 0;
}
"""

# A process that forks while eight threads allocate; its children make a thread each, and
# children of their own. Each says which sizes it allocates after the fork.
FAMILY = """
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static int stop;
static void *busy(void *arg)
{
	for (size_t i = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++)
		free(realloc(malloc(i % 100 + 1), i % 400 + 1));
	return arg;
}
static void *in_child(void *arg)
{
	free(malloc((size_t)arg));
	return arg;
}
static void child(size_t n, int deeper)
{
	pthread_t thread;
	int status = 0;
	if (n % 2 == 0)
		free(malloc(10000 + n));
	pthread_create(&thread, NULL, in_child, (void *)(20000 + n));
	pthread_join(thread, NULL);
	free(malloc(30000 + n));
	if (deeper && fork() == 0)
		child(n + 5000, 0);
	if (deeper)
		wait(&status);
	exit(status != 0);
}
int main(int argc, char **argv)
{
	pthread_t threads[8];
	int n = atoi(argv[1]), bad = 0, status;
	(void)argc;
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, busy, NULL);
	for (int i = 0; i < n; i++) {
		if (fork() == 0)
			child((size_t)i, 1);
		wait(&status);
		bad += status != 0;
	}
	stop = 1;
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	free(malloc(40000));
	return bad != 0;
}
"""
N_CHILDREN = 20


def above(database, least):
    return sorted(size for size, in database.execute(
        "SELECT size FROM allocations WHERE size >= ?", (least,)))


def test_a_child_is_no_part_of_it(b):
    b.build(CHILD)
    b.run("./program")
    assert len(b.traces()) == 2, b.traces()
    found = {}
    for trace in b.traces():
        database = b.load(trace)
        foreign = database.execute(
            "SELECT count FROM losses WHERE reason = 'foreign_free'").fetchone()[0]
        sizes = [size for size in above(database, 2000) if size < 2010]
        found[foreign] = sizes
        assert lost(database) == {}, (trace, lost(database))
    # The child frees what it has from its parent.
    assert found == {0: [2000, 2002], 1: [2003]}, found


def test_children_are_silent_unless_they_are_followed(b):
    b.build(FAMILY)
    b.run("./program", str(N_CHILDREN), RHEAPER_TRACE=b.path("%p.trace"))
    trace, = b.traces()
    assert above(b.load(trace), 10000) == [40000]


def test_every_child_has_a_trace_of_its_own(b):
    b.build(FAMILY)
    b.run("./program", str(N_CHILDREN), RHEAPER_TRACE=b.path("%p.trace"), RHEAPER_FOLLOW_FORK="1")
    found = []
    for trace in b.traces():
        database = b.load(trace)
        assert lost(database) == {}, (trace, lost(database))
        found.append(above(database, 10000))
        pid, parent = database.execute("SELECT pid, parent_pid FROM processes").fetchone()
        assert trace == f"{pid}.trace" and parent > 0, trace
    wanted = [[40000]]
    for i in range(N_CHILDREN):
        for n in (i, i + 5000):
            wanted.append([10000 + n] * (n % 2 == 0) + [20000 + n, 30000 + n])
    assert sorted(found) == sorted(wanted), found


# Threads make events while others have their first one in the child of a vfork. With main
# they have 15 trackers: before the 16th is made, one is looked for that nobody has any more.
VFORK = """
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static int stop;
static pthread_barrier_t begun;
static void *busy(void *arg)
{
	free(malloc(10));
	pthread_barrier_wait(&begun);
	for (size_t i = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++)
		free(malloc(i % 400 + 1));
	return arg;
}
static void *first_in_child(void *arg)
{
	int status;
	pid_t pid = vfork();
	if (pid == 0) {
		free(malloc(5001));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	free(malloc(5002));
	return arg;
}
int main(void)
{
	pthread_t threads[14], thread;
	pthread_barrier_init(&begun, NULL, 15);
	for (int i = 0; i < 14; i++)
		pthread_create(&threads[i], NULL, busy, NULL);
	pthread_barrier_wait(&begun);
	for (int i = 0; i < 200; i++) {
		pthread_create(&thread, NULL, first_in_child, NULL);
		pthread_join(thread, NULL);
	}
	stop = 1;
	for (int i = 0; i < 14; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
"""

# A child of a process that was traced earlier, and is not when it forks; eight threads.
LATER = """
#include <pthread.h>
#include <rheaper.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void *busy(void *arg)
{
	for (size_t i = 0; i < 20000; i++)
		free(malloc(i % 100 + 1));
	return arg;
}
static void work(void)
{
	pthread_t threads[20];
	for (int i = 0; i < 20; i++)
		pthread_create(&threads[i], NULL, busy, NULL);
	busy(NULL);
	for (int i = 0; i < 20; i++)
		pthread_join(threads[i], NULL);
}
int main(void)
{
	int status;
	struct rheaper_config config = {0};
	config.profile_dir = "100%pure";
	if (rheaper_enable_tracking(&config).error)
		return 1;
	work();
	rheaper_disable_tracking();
	if (fork() == 0) {
		if (rheaper_enable_tracking(&config).error)
			_exit(1);
		work();
		exit(rheaper_disable_tracking());
	}
	wait(&status);
	return status != 0;
}
"""


def test_a_thread_begins_in_the_child_of_a_vfork(b):
    b.build(VFORK)
    b.run("./program", RHEAPER_TRACE=b.path("v.trace"))
    database = b.load("v.trace")
    assert lost(database) == {}, lost(database)
    assert above(database, 5000)[-400:] == [5001] * 200 + [5002] * 200


def test_a_child_is_traced_after_its_parent_was(b):
    os.mkdir(b.path("100%pure"))
    b.build(LATER)
    b.run("./program")
    names = os.listdir(b.path("100%pure"))
    assert len(names) == 2, names
    for name in names:
        database = b.load("100%pure/" + name)
        assert lost(database) == {}, (name, lost(database))
        pid, = database.execute("SELECT pid FROM processes WHERE command_line IS NOT NULL").fetchone()
        assert name == f"program.{pid}.trace", (name, pid)
        assert database.execute("SELECT count(*) FROM threads WHERE tid = ?", (pid,)).fetchone() == (1,)


tap.run(globals(), Bench)
