#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a program's trace begins and ends: which process, which place, which words.

usage: check-runtime.py RHEAPER-LOAD RHEAPER-CC

Prints TAP, one point per test_ function.
"""
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys

import tap
from terminal import Terminal

LOADER, DRIVER = (os.path.abspath(path) for path in sys.argv[1:3])

# argv[1] says what to do before and after the first allocation of the program.
PROGRAM = r"""
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static void *volatile sink;
static void allocate(int n)
{
	for (int i = 0; i < n; i++)
		free(sink = malloc(1000));
}
static pthread_key_t key;
static void *leave_something(void *p)
{
	pthread_setspecific(key, p);
	return NULL;
}
static void end_in_destructors(void)
{
	pthread_key_create(&key, free);
	for (int i = 0; i < 300; i++) {
		pthread_t thread;
		pthread_create(&thread, NULL, leave_something, malloc(1000));
		pthread_join(thread, NULL);
	}
}
static pthread_barrier_t together;
static void *hammer(void *p)
{
	free(sink = malloc(10));
	pthread_barrier_wait(&together);
	allocate(50000);
	free(sink = malloc(4321));
	return p;
}
static void run_threads(void)
{
	pthread_t threads[8];
	pthread_barrier_init(&together, NULL, 8);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, hammer, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}
static void *short_life(void *p)
{
	free(sink = malloc(4321));
	return p;
}
static void show_memory(void)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "r");
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, "VmRSS:", 6))
			fputs(line + 6, stderr);
	fclose(status);
}
/* Four at a time; says what memory there is after the first thousand and at the end. */
static void run_short_threads(int n)
{
	pthread_t threads[4];
	for (int i = 4; i <= n; i += 4) {
		for (int k = 0; k < 4; k++)
			pthread_create(&threads[k], NULL, short_life, NULL);
		for (int k = 0; k < 4; k++)
			pthread_join(threads[k], NULL);
		if (i == 1000 || i == n)
			show_memory();
	}
}
__attribute__((noinline)) static void free_below(void *p, int depth)
{
	if (depth == 0)
		free(p);
	else
		free_below(p, depth - 1);
	__asm__ volatile("");
}
static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}
/* Says how long it was between two blocks, and dies. */
static void pause_between(void)
{
	struct timespec third = {0, 333000000};
	double times[4] = {seconds()};
	sink = malloc(3001);
	times[1] = seconds();
	nanosleep(&third, NULL);
	times[2] = seconds();
	sink = malloc(3002);
	times[3] = seconds();
	dprintf(2, "%.6f %.6f\n", times[2] - times[1], times[3] - times[0]);
	raise(SIGKILL);
}
int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (!strcmp(what, "fork") && fork() == 0) {
		allocate(100);
		_exit(0);
	} else if (!strcmp(what, "fork")) {
		wait(NULL);
	} else if (!strcmp(what, "chdir") && chdir("/") != 0) {
		return 1;
	} else if (!strcmp(what, "clearenv")) {
		clearenv();
	} else if (!strcmp(what, "nothing")) {
		return 0;
	} else if (!strcmp(what, "destructors")) {
		end_in_destructors();
	} else if (!strcmp(what, "pause")) {
		pause_between();
	} else if (!strcmp(what, "many")) {
		allocate(100000);
	} else if (!strcmp(what, "many-threads")) {
		run_threads();
	} else if (!strcmp(what, "short-threads")) {
		run_short_threads(100000);
	} else if (!strcmp(what, "deep-free")) {
		free_below(sink = malloc(7777), 10);
	}
	allocate(1);
	if (!strcmp(what, "_exit"))
		_exit(3);
	if (!strcmp(what, "wait"))
		while (read(0, (char[1]){0}, 1) > 0)
			allocate(1);
	return 0;
}
"""


# A thread function without a frame pointer, which its callback calls again: the
# chain of frame pointers ends on the same garbage at the base and far from it.
LIBRARY = r"""
struct job { void (*f)(void *); long garbage; int depth; };
void *run_job(void *a)
{
	struct job *job = a;
	register long r __asm__("rbp") = job->garbage;
	__asm__ volatile("" : "+r"(r));
	job->f(a);
	__asm__ volatile("" : "+r"(r));
	return (void *)r;
}
"""
AGAIN = r"""
#include <pthread.h>
#include <stdlib.h>
struct job { void (*f)(void *); long garbage; int depth; };
void *run_job(void *);
static void *volatile sink;
__attribute__((noinline)) static void inner(void *a)
{
	run_job(a);
	__asm__ volatile("");
}
__attribute__((noinline)) static void leaf(void *a)
{
	struct job *job = a;
	sink = malloc(1000 * (size_t)++job->depth);
	if (job->depth == 1)
		inner(a);
	__asm__ volatile("");
}
int main(void)
{
	struct job job = {leaf, 7, 0};
	pthread_t thread;
	pthread_create(&thread, NULL, run_job, &job);
	pthread_join(thread, NULL);
	return 0;
}
"""

# Allocates above garbage: deep in a stack that was never written
DEEP = r"""
#include <stdlib.h>
static void *volatile sink;
__attribute__((noinline)) static void deep(void)
{
	volatile char garbage[100000];
	garbage[0] = 0;
	sink = malloc(1000);
	free(sink);
}
int main(void)
{
	deep();
	return 0;
}
"""


class Bench:
    def __init__(self, directory):
        self.dir = directory
        with open(self.path("program.c"), "w") as out:
            out.write(PROGRAM)
        subprocess.run([DRIVER, self.path("program.c"), "-o", self.path("program")], check=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def run(self, what="", trace="trace.bin", status=0, **env):
        """Runs the program in the directory; what it says on stderr."""
        for name in os.listdir(self.dir):
            if not name.startswith("program"):
                os.remove(self.path(name))
        result = subprocess.run([self.path("program"), what], cwd=self.dir, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE,
                                env={**os.environ, "RHEAPER_TRACE": trace, **env})
        assert result.returncode == status and result.stdout == "", result
        return result.stderr

    def load(self, query, trace="trace.bin"):
        """The first row of a query, and what the loader says on stderr."""
        result = subprocess.run([LOADER, "--force", self.path(trace), self.path("p.db")],
                                text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, check=True)
        with sqlite3.connect(self.path("p.db")) as profile:
            return profile.execute(query).fetchone(), result.stderr


def test_times_are_those_of_the_clock(b):
    """Of a program that is killed, too: how fast the clock runs must be known then."""
    least, most = (float(word) * 1000
                   for word in b.run("pause", status=-signal.SIGKILL).split())
    (found,), _ = b.load("SELECT max(alloc_after) - min(alloc_after) FROM allocations"
                         " WHERE size IN (3001, 3002)")
    assert 0.99 * least < found < 1.01 * most, (least, found, most)


COUNT = "SELECT count(*) FROM allocations WHERE size = 1000"


def test_fork_before_the_first_allocation(b):
    assert b.run("fork") == ""
    assert not os.path.exists(b.path("trace.bin.1")), os.listdir(b.dir)
    assert b.load(COUNT) == ((1,), ""), b.load(COUNT)


def test_chdir_before_the_first_allocation(b):
    assert b.run("chdir") == ""
    assert b.load(COUNT)[0] == (1,)


def test_environment_cleared_before_the_first_allocation(b):
    assert b.run("clearenv") == ""
    assert b.load(COUNT)[0] == (1,)


def test_no_allocation_at_all(b):
    assert b.run("nothing") == ""
    assert b.load("SELECT ending FROM processes") == (("exited",), "")


def test_exit_without_handlers_is_not_called_a_kill(b):
    b.run("_exit", status=3)
    ending, said = b.load("SELECT ending FROM processes")
    assert ending == ("unknown",) and "_exit" in said, (ending, said)


def test_size_limit_is_said(b):
    assert b.run("many", RHEAPER_MAX_BYTES="2M") == ""
    assert os.path.getsize(b.path("trace.bin")) <= 2 << 20
    ending, said = b.load("SELECT ending FROM processes")
    assert ending == ("full",) and "reached its size limit" in said, (ending, said)


def test_a_ring_keeps_the_newest(b):
    assert b.run("many", RHEAPER_MAX_BYTES="2M,ring") == ""
    assert os.path.getsize(b.path("trace.bin")) <= 2 << 20
    row, said = b.load("SELECT ending, max_bytes, ring FROM processes")
    assert row == ("exited", 2 << 20, 1) and "older events" in said, (row, said)
    assert "missing" not in said and said.count("\n") == 1, said
    (events,), _ = b.load("SELECT value FROM totals WHERE name = 'events'")
    (overwritten,), _ = b.load("SELECT count FROM losses WHERE reason = 'overwritten'")
    assert 90000 < events < 150000 and events + overwritten >= 2 * 100001, (events, overwritten)
    # Whatever is there has its stack and its thread, and the last of all is there.
    (bad,), _ = b.load("SELECT count(*) FROM allocations LEFT JOIN sites ON stack = bt"
                       " WHERE alloc_thread IS NULL OR size = 1000 AND function IS NULL")
    assert bad == 0, bad
    row, _ = b.load("SELECT count(*) FROM losses WHERE count > 0"
                    " AND reason NOT IN ('overwritten', 'foreign_free')")
    assert row == (0,), row


def test_a_ring_of_many_threads(b):
    assert b.run("many-threads", RHEAPER_MAX_BYTES="3M,ring", RHEAPER_EVENT_BUFFER="500") == ""
    assert os.path.getsize(b.path("trace.bin")) <= 3 << 20
    (events,), said = b.load("SELECT value FROM totals WHERE name = 'events'")
    (overwritten,), _ = b.load("SELECT count FROM losses WHERE reason = 'overwritten'")
    assert "missing" not in said and events + overwritten >= 8 * 50000 * 2, (said, events, overwritten)
    # Of each thread the last: whatever its number in the trace.
    (last,), _ = b.load("SELECT count(DISTINCT alloc_thread) FROM allocations WHERE size = 4321")
    assert last == 8, last


# More than a buffer has of what a ring keeps in one of its own, and no event
MARKS = r"""
#include <stdio.h>
extern int rheaper_runtime_mark(const char *text);
int main(void)
{
	char text[160];
	for (int i = 0; i < 8000; i++) {
		snprintf(text, sizeof(text), "%0150d", i);
		rheaper_runtime_mark(text);
	}
	return 0;
}
"""


def test_a_ring_of_marks_alone(b):
    """Whoever hands over the buffer that all threads share has its lock, and does not take it again."""
    with open(b.path("program-marks.c"), "w") as out:
        out.write(MARKS)
    subprocess.run([DRIVER, b.path("program-marks.c"), "-o", b.path("program-marks")], check=True)
    subprocess.run([b.path("program-marks")], cwd=b.dir, check=True, timeout=120,
                   env={**os.environ, "RHEAPER_TRACE": "marks.bin", "RHEAPER_MAX_BYTES": "4M,ring"})
    row, _ = b.load("SELECT ending, count(*), max(CAST(text AS INTEGER)) FROM markers JOIN processes USING (process)", "marks.bin")
    assert row == ("exited", 8000, 7999), row


def test_a_ring_too_small_for_its_threads(b):
    said = b.run("many-threads", RHEAPER_MAX_BYTES="1M,ring")
    assert said == "", said
    ending, said = b.load("SELECT ending FROM processes")
    assert ending == ("full",) and "reached its size limit" in said, (ending, said)


def test_threads_that_come_and_go_cost_no_memory(b):
    early, late = (int(line.split()[0]) for line in b.run("short-threads").splitlines())
    assert late <= early + 1024, (early, late)
    row, said = b.load("SELECT count(*), count(DISTINCT alloc_thread) FROM allocations"
                       " WHERE size = 4321 AND dealloc_after IS NOT NULL")
    assert row == (100000, 100000) and said == "", (row, said)
    # Five buffers at most of one time: four threads, main, the shared one, and some that
    # were not given back when the next thread came.
    size = os.path.getsize(b.path("trace.bin"))
    assert size < 100000 * 5 * 24 + 20 * 121000, size


def test_stacks_of_frees(b):
    assert b.run("deep-free") == ""
    depth = ("SELECT depth FROM allocations a JOIN stacks s ON s.stack = a.free_stack"
             " WHERE size = 7777")
    assert b.load(depth)[0][0] == 1
    assert b.run("deep-free", RHEAPER_FREE_STACKS="1") == ""
    assert b.load(depth)[0][0] > 5
    assert b.load("SELECT free_stacks FROM processes")[0] == (1,)


def test_room_that_is_reserved_ahead_is_little(b):
    assert b.run("many") == ""
    assert b.load("SELECT count(*) FROM allocations WHERE size = 1000") == ((100001,), "")
    size, pairs = os.path.getsize(b.path("trace.bin")), 100001
    assert 24 * pairs < size < 1.2 * 24 * pairs + 2000000, size


def test_a_limit_of_the_process_on_files(b):
    """What was to be reserved beyond it must not end the trace before it."""
    limit = 2000000
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        assert b.run("many") == ""
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    (count,), said = b.load("SELECT count(*) FROM allocations")
    assert count > (limit - 800000) / 30 and "File too large" in said, (count, said)
    assert os.path.getsize(b.path("trace.bin")) <= limit


def test_size_limit_too_small_for_anything(b):
    said = b.run(RHEAPER_MAX_BYTES="100K")
    assert "RHEAPER_MAX_BYTES too small" in said and said.count("\n") == 1, said
    assert not os.path.exists(b.path("trace.bin"))


def test_bad_value_names_its_range_and_default(b):
    said = b.run(RHEAPER_STACK_DEPTH="0")
    assert "RHEAPER_STACK_DEPTH=0 is not a value from 1 to 1024; 64 is used" in said, said
    assert b.load(COUNT)[0] == (1,)


def test_inert_program_says_nothing(b):
    assert b.run(trace="", RHEAPER_STACK_DEPTH="0") == ""
    assert os.listdir(b.dir) and not os.path.exists(b.path("trace.bin"))


def test_complaint_into_a_closed_pipe_kills_nobody(b):
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run([b.path("program")], stderr=writer, stdin=subprocess.DEVNULL,
                            restore_signals=True,
                            env={**os.environ, "RHEAPER_TRACE": "/nonexistent/trace.bin"})
    os.close(writer)
    assert result.returncode == 0, result


def test_devices_and_directories_are_no_place_for_a_trace(b):
    for place in "/dev/null", b.dir:
        before = os.path.exists(place + ".1")
        said = b.run(trace=place)
        assert "not a regular file" in said and said.count("\n") == 1, said
        assert os.path.exists(place + ".1") == before


def test_existing_file_is_kept(b):
    b.run(trace="program.c")
    assert open(b.path("program.c")).read() == PROGRAM
    assert b.load(COUNT, "program.c.1")[0] == (1,)


# Ends with another file as standard error, or after a child that ends as it does
TOLD = r"""
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>
static void *volatile keep;
int main(int argc, char **argv)
{
	keep = malloc(10);
	if (argc > 1 && strcmp(argv[1], "replace") == 0)
		dup2(open("replaced", O_WRONLY | O_CREAT, 0600), 2);
	if (argc > 1 && strcmp(argv[1], "fork") == 0 && fork() != 0)
		wait(NULL);
	keep = malloc(20);
	return 0;
}
"""
NAMES_IT = "rheaper: the trace of this run is %s\r\n"
IS_TAKEN = "rheaper: the name that RHEAPER_TRACE has is taken; the trace of this run is %s\r\n"


def test_a_terminal_is_told_of_the_trace(b):
    """Once at the end, and at once if the name is taken; nobody else is."""
    with open(b.path("told.c"), "w") as out:
        out.write(TOLD)
    subprocess.run([DRIVER, b.path("told.c"), "-o", b.path("program-told")], check=True)

    def said(*words, **env):
        terminal = Terminal([b.path("program-told"), *words], {**os.environ, "RHEAPER_TRACE": "t.bin", **env}, b.dir)
        status = terminal.report()
        terminal.close()
        assert status == "0", terminal.output
        return terminal.output.decode()

    b.run(trace="t.bin")
    os.remove(b.path("t.bin"))
    assert said() == NAMES_IT % "t.bin"
    assert said() == IS_TAKEN % "t.bin.1" + NAMES_IT % "t.bin.1"
    assert said("fork") == IS_TAKEN % "t.bin.2" + NAMES_IT % "t.bin.2"
    text = said("fork", RHEAPER_FOLLOW_FORK="1")
    assert text == "".join([IS_TAKEN % "t.bin.3", IS_TAKEN % "t.bin.4", NAMES_IT % "t.bin.4", NAMES_IT % "t.bin.3"]), text
    assert said(RHEAPER_QUIET="1") == "" and os.path.exists(b.path("t.bin.5"))
    assert said("replace", RHEAPER_TRACE="r.bin") == "" and open(b.path("replaced")).read() == ""
    assert said(RHEAPER_TRACE="") == ""
    result = subprocess.run([b.path("program-told")], cwd=b.dir, env={**os.environ, "RHEAPER_TRACE": "t.bin"},
                            capture_output=True)
    assert result.stdout == result.stderr == b"" and os.path.exists(b.path("t.bin.6")), result


def test_threads_that_end_in_destructors_use_few_buffers(b):
    assert b.run("destructors") == ""
    assert os.path.getsize(b.path("trace.bin")) < 5 << 20
    assert b.load("SELECT count(*), count(dealloc_after) FROM allocations"
                  " WHERE size = 1000")[0] == (301, 301)


def test_a_short_chain_is_not_taken_for_another_stack(b):
    for name, text in ("program-job.c", LIBRARY), ("program-again.c", AGAIN):
        with open(b.path(name), "w") as out:
            out.write(text)
    subprocess.run(["gcc", "-O2", "-fomit-frame-pointer", "-shared", "-fPIC", "program-job.c",
                    "-o", "program-job.so"], cwd=b.dir, check=True)
    subprocess.run([DRIVER, "-g", "-pthread", "program-again.c", "./program-job.so",
                    "-o", "program-again"], cwd=b.dir, check=True)
    subprocess.run(["./program-again"], cwd=b.dir, check=True,
                   env={**os.environ, "RHEAPER_TRACE": "again.bin"})
    stacks, _ = b.load("SELECT group_concat(sym, ' ') FROM (SELECT sym FROM allocations a"
                       " JOIN backtraces b ON b.id = a.bt WHERE a.size = 2000"
                       " ORDER BY frame_no LIMIT 5)", "again.bin")
    assert stacks == ("leaf run_job inner leaf run_job",), stacks


def test_valgrind_finds_no_error_in_us(b):
    if not shutil.which("valgrind"):
        raise tap.Skip("no valgrind")
    with open(b.path("program-deep.c"), "w") as out:
        out.write(DEEP)
    subprocess.run([DRIVER, "program-deep.c", "-o", "program-deep"], cwd=b.dir, check=True)
    result = subprocess.run(["valgrind", "-q", "--error-exitcode=9", "./program-deep"],
                            cwd=b.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True,
                            env={**os.environ, "RHEAPER_TRACE": "deep.bin"})
    assert (result.returncode, result.stdout) == (0, ""), result
    assert b.load(COUNT, "deep.bin")[0] == (1,)


def test_running_program_is_named(b):
    b.run("nothing")
    os.remove(b.path("trace.bin"))
    process = subprocess.Popen([b.path("program"), "wait"], cwd=b.dir, stdin=subprocess.PIPE,
                               env={**os.environ, "RHEAPER_TRACE": "trace.bin"})
    try:
        while not os.path.exists(b.path("trace.bin")) or \
                os.path.getsize(b.path("trace.bin")) < 500000:
            process.stdin.write(b"x")  # it is there once it takes what we say
            process.stdin.flush()
        said = b.load(COUNT)[1]
    finally:
        process.stdin.close()
        process.wait()
    assert f"process {process.pid}) is still running" in said, said


tap.run(globals(), Bench)
