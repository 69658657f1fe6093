#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How processes begin, multiply and end: none hangs, each does what it does without a
trace, and the trace has what happened in it and nothing else.

usage: check-life.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
from rows import LONG, equal, note, run


def test_P1_P2_forks_of_threads_that_allocate(b):
    """Those of children are no part of it; what _Fork and the system call make, neither."""
    n = 12000 if LONG else 240
    profile = b.same("fork-storm.c", 4, 8, n)
    equal(b.traces(), ["t.bin"])
    equal(profile.lost, {})
    equal(profile.of("child"), (0, 0))
    equal(profile.of_size(60000), (n, 0))
    note(f"{n} forks, {profile.total['events']:.0f} events, 0 lost")


def test_P1_children_that_are_followed(b):
    n = 1000 if LONG else 40
    said, _ = b.trace(b.build("fork-storm.c"), 4, 8, n, RHEAPER_FOLLOW_FORK="1")
    equal(said, f"{n} 0\n")
    followed = [trace for trace in b.traces() if trace != "t.bin"]
    # A third of them allocates; the others do nothing that would begin a trace.
    assert len(followed) >= n // 3, len(followed)
    for trace in followed[:50]:
        profile = b.load(trace)
        unexpected = set(profile.lost) - {"foreign_free", "foreign_realloc"}
        assert not unexpected, (trace, profile.lost)
        assert profile.of("child")[0] in (0, 50), profile.of("child")


def test_P3_children_that_share_memory(b):
    n = 10000 if LONG else 100
    profile = b.same("spawn.c", n)
    equal(b.traces(), ["t.bin"])
    # They have no environment, so they leave no trace
    equal(profile.lost, {"untraced_programs": 2 * n})
    equal(profile.of("in_child"), (n, 0))
    equal(profile.of_size(5002), (n, 0))
    note(f"{n} posix_spawn, {n} vfork and exec, 0 lost")


def test_P4_a_second_image_leaves_the_first_trace(b):
    profile = b.same("again.c")
    equal(b.traces(), ["t.bin", "t.bin.1"])
    equal((profile.of_size(6001), profile.of_size(6002)), ((1, 0), (0, 0)))
    pid = profile.row("SELECT pid FROM processes")
    profile = b.load("t.bin.1")
    equal((profile.of_size(6001), profile.of_size(6002)), ((0, 0), (1, 0)))
    equal(profile.row("SELECT pid FROM processes"), pid)


def test_P9_static_objects_at_the_end(b):
    profile = b.same("ends.cpp", status=3)
    for size in 7001, 7002, 7003, 7004:
        equal(profile.of_size(size), (1, 0))
    equal(profile.of_size(7010), (3, 0))
    assert set(profile.lost) <= {"unwritten", "missing"}, profile.lost


def test_P10_before_main(b):
    """Recorded, or before the runtime could start: then counted, an allocation once or
    twice, for it passes two shims."""
    for kind in "-pie", "-no-pie", "-static", "-static-pie":
        out = "begins" + kind
        program = b.build("begins.c", "-fPIE" if "pie" in kind and kind != "-no-pie" else "-O1",
                          kind, out=out)
        _, profile = b.trace(program, status=3)
        for size in 8002, 8003:
            equal((kind, profile.of_size(size)), (kind, (1, 0)))
        early = profile.lost.pop("early", 0)
        if early:
            equal((kind, profile.of_size(8001)), (kind, (0, 0)))
            assert 2 <= early <= 3, (kind, early)
        else:
            equal((kind, profile.of_size(8001)), (kind, (1, 0)))
        equal((kind, profile.lost), (kind, {}))
        note(kind, "before the runtime could start:", early)


run(globals())
