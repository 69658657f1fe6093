#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tracking switched on and off in a running program: each time a trace of its own, in
which everything is that happened in between.

usage: check-control.py RHEAPER-LOAD BINDIR [CYCLES]

Prints TAP, one point per test_ function.
"""
import os
import sys

import tap
from switching import Bench, lost

CYCLES = int(sys.argv[3]) if len(sys.argv) > 3 else 100

# Eight threads at full speed. Between two barriers four of them do what is counted
# afterwards; the others go on through the switching. Of the traces the first, the last
# and each 25th are kept. Prints mappings and KiB resident after the first 20 cycles and
# at the end, and before and after all of that the number of open files.
CYCLE = """
#include <dirent.h>
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
	char maps[64], resident[64];
	int pid = getpid();
	snprintf(maps, sizeof(maps), "wc -l < /proc/%d/maps", pid);
	snprintf(resident, sizeof(resident), "awk '/VmRSS/{print $2}' /proc/%d/status", pid);
	printf("%d %d\\n", lines(maps), lines(resident));
}
static void show_files(void)
{
	DIR *files = opendir("/proc/self/fd");
	int n = 0;
	while (readdir(files))
		n++;
	closedir(files);
	printf("%d 0\\n", n);
}
int main(int argc, char **argv)
{
	pthread_t threads[8];
	int cycles = atoi(argv[1]);
	(void)argc;
	show_files();
	pthread_barrier_init(&go, NULL, COUNTED + 1);
	pthread_barrier_init(&done, NULL, COUNTED + 1);
	for (size_t i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, i < COUNTED ? counted : busy, (void *)i);
	for (int i = 1; i <= cycles; i++) {
		struct rheaper_config config = RHEAPER_CONFIG_INIT;
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
	show_files();
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
static const struct rheaper_config none = RHEAPER_CONFIG_INIT;
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
	say(WITH(capture, 2));
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
    first, early, late, last = ([int(n) for n in line.split()] for line in said.splitlines())
    # Nothing stays behind: neither mappings nor memory, nor open files.
    assert late[0] <= early[0] + 4 and late[1] <= early[1] + 1024 and first == last, said


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
static void work(uint32_t capture)
{
	struct rheaper_config config = RHEAPER_CONFIG_INIT;
	config.capture = capture;
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
	work(RHEAPER_CAPTURE_AS_LINKED);
	work(RHEAPER_CAPTURE_OWN);
	return 0;
}
"""


# Three threads in turn.
MARKS = """
#include <pthread.h>
#include <stdlib.h>
#include <rheaper.h>
static pthread_barrier_t turn;
static void *run(void *number)
{
	free(malloc(1));
	for (long i = 0; i < 9; i++) {
		char text[] = {(char)('0' + i), 0};
		pthread_barrier_wait(&turn);
		if (i % 3 == (long)number)
			rheaper_mark(text);
	}
	pthread_barrier_wait(&turn);
	return NULL;
}
int main(void)
{
	pthread_t threads[3];
	pthread_barrier_init(&turn, NULL, 3);
	for (long i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, run, (void *)i);
	for (long i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}
"""


def test_marks_of_many_threads_have_their_order(b):
    b.build(MARKS)
    b.run("./program", RHEAPER_TRACE=b.path("t.trace"))
    database = b.load("t.trace")
    assert database.execute("SELECT group_concat(text, '') FROM (SELECT text FROM markers ORDER BY marker)"
                            ).fetchone() == ("012345678",)
    assert database.execute("SELECT count(DISTINCT thread) FROM markers").fetchone() == (3,)


def test_scopes_and_names_are_those_of_their_trace(b):
    b.build(NAMED)
    b.run("./program")
    for trace, row, name, unpaired in zip(
            b.traces(), (("one", "open", 1, 1101), ("two", "ended", 1, 1102)), ("of the first", "of the second"),
            ({}, {"unpaired_scope_end": 1}), strict=True):
        database = b.load(trace)
        rows = database.execute("SELECT name, ending, allocations, allocated_bytes FROM scope_totals").fetchall()
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
        found[trace] = database.execute("SELECT size, ending FROM allocations WHERE size > 2000 AND"
                                        " size < 2010 ORDER BY size").fetchall()
        row = database.execute("SELECT capture, ring, free_stacks FROM processes").fetchone()
        assert row == ("process" if trace == whole else "link", 1, 1), row
    assert found[whole] == [(2001, "resized"), (2002, "resized"), (2003, "freed"), (2004, "freed")], found
    assert found[own] == [(2001, "resized"), (2003, "freed")], found


EARLY = """
#include <rheaper.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static int error = -1;
static void early(void)
{
	struct rheaper_config config = RHEAPER_CONFIG_INIT;
	config.profile_dir = DIRECTORY;
	error = rheaper_enable_tracking(&config).error;
}
__attribute__((section(".preinit_array"), used)) static void (*const entry)(void) = early;
int main(void)
{
	void *volatile p = malloc(10);
	free(p);
	printf("%d %d\\n", error, rheaper_is_tracking());
	fflush(stdout);
	if (fork() == 0) {
		p = malloc(20);
		printf("child %d\\n", rheaper_is_tracking());
		exit(0);
	}
	wait(NULL);
	return 0;
}
"""


def test_a_program_that_enables_before_all_else_is_not_its_own_child(b):
    """Its first attempt fails, and the environment is asked as if nothing had been; its children
    are told from it whether it succeeds or not."""
    follow = {"RHEAPER_TRACE": b.path("%p.early"), "RHEAPER_FOLLOW_FORK": "1"}
    for directory, error, first in ("/nonexistent", 4, ".early"), (b.path("early"), 0, ".trace"):
        os.makedirs(b.path("early"), exist_ok=True)
        b.build(EARLY, f'-DDIRECTORY="{directory}"')
        assert b.run("./program", **follow, silent=False) == f"{error} 1\nchild 1\n"
        names = os.listdir(b.path("early")) + [n for n in os.listdir(b.dir) if n.endswith(".early")]
        assert len(names) == 2 and any(name.endswith(first) for name in names), names
        for name in names:
            os.remove(b.path(name) if name.endswith(".early") else b.path("early/" + name))


def test_what_a_library_allocates_before_anything_else(b):
    """Its constructor runs before the program's, with the first call of all."""
    b.run("cc", "-shared", "-fPIC", "-fno-builtin", "-g", b.file("library.c", """
#include <stdlib.h>
static void *volatile kept;
void *library_kept(void) { return kept; }
__attribute__((constructor)) static void begin(void) { kept = malloc(2019); }
"""), "-o", "library.so")
    b.build("""
void *library_kept(void);
int main(void) { return !library_kept(); }
""", "-Wl,--no-as-needed", b.path("library.so"), "-Wl,-rpath," + b.dir)
    b.run("./program", RHEAPER_TRACE=b.path("first.trace"))
    assert b.load("first.trace").execute(
        "SELECT count(*) FROM allocations WHERE size = 2019").fetchone() == (1,)


def test_a_sample_does_not_begin_where_the_last_one_ended(b):
    b.build("""
#include <rheaper.h>
#include <stdlib.h>
int main(void)
{
	struct rheaper_config config = RHEAPER_CONFIG_INIT;
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


tap.run(globals(), Bench)
