#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processes that fork: what their children are, silent, followed, or traced because they
ask for it.

usage: check-forks.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import os

import tap
from switching import Bench, lost

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
	struct rheaper_config config = RHEAPER_CONFIG_INIT;
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
