#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Threads: many at a time, many in turn, more than there are trackers, and what they do
when they end.

usage: check-threads.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import os
import re

from rows import BINDIR, LONG, equal, note, run, tap


def test_T1_destructors_allocate(b):
    n = 10000 if LONG else 800
    for trackers in "200", "4":
        _, profile = b.trace(b.build("thread-ends.cpp"), n, RHEAPER_MAX_TRACKERS=trackers)
        equal(profile.lost, {})
        equal(profile.of_size(9001), (3 * n, 0))
        equal(profile.of_size(9002), (n, 0))
        # Trackers came back: the file has few streams' windows that nobody filled.
        size = os.path.getsize(b.path("t.bin"))
        assert size < 27 * profile.total["events"] + 24 * 121000, size
    note(f"{n} threads, {profile.total['events']:.0f} events, 0 lost")


def test_T2_T6_more_threads_than_trackers(b):
    rounds = 20000 if LONG else 500
    profile = b.same("alive.c", 64, rounds, RHEAPER_MAX_TRACKERS="8")
    equal(profile.lost, {})
    equal(profile.of_size(9100), (64 * rounds, 0))
    equal(profile.row("SELECT count(DISTINCT alloc_thread) FROM allocations WHERE size = 9100"), (64,))


def test_T3_T5_T6_thousands_alive(b):
    """The point compares the number of tasks, too: the runtime has no thread."""
    n = 5000 if LONG else 500
    profile = b.same("alive.c", n, 20)
    equal(profile.lost, {})
    equal(profile.of_size(9100), (20 * n, 0))
    note(f"{n} threads at a time, {profile.total['events']:.0f} events, 0 lost")


def test_T7_a_task_without_thread_local_storage(b):
    profile = b.same("bare-clone.c")
    equal(profile.misordered(), 0)
    equal(profile.lost, {})
    equal(profile.of_size(9200), (20000, 0))
    equal(profile.of_size(9201), (20, 0))


def test_T8_little_thread_local_storage(b):
    """In a program; plug-ins have none (check-plugins.py)."""
    archive = os.path.join(os.path.dirname(BINDIR), "wrap", "librheaper.a")
    sizes = [int(size, 0) for size in re.findall(r"^\S+\s+[\da-f]*\s+(\d+|0x[\da-f]+)\s+TLS",
             b.run("sh", "-c", f"readelf -sW {archive} | awk '$4 == \"TLS\" && $7 != \"UND\" "
                   "{print $8, $2, $3, $4}'"), re.M)]
    if not sizes:
        raise tap.Skip("readelf shows no thread-local variables")
    assert sum(sizes) <= 256, sizes
    note(sum(sizes), "bytes")


run(globals())
