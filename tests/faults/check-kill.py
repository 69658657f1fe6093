#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that are ended at any time by anything: the trace has whatever was done, and
what was being done in that moment is counted.

usage: check-kill.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import os
import random
import signal

from ledger import LONG, Bench, Group

import tap

THREADS = 4
KILLS, ENDS, OOMS = (1000, 100, 100) if LONG else (30, 4, 1)
SEED = 20260801


def check(b, n_threads=THREADS):
    """The trace of a program that was ended; the events that were in flight."""
    trace = b.load()
    b.check_whole(trace)
    # Each thread can be in the middle of one event.
    assert trace.lost <= n_threads, (trace.lost, trace.losses)
    return trace


def begun(b):
    """Whether the program came so far that there is something to be traced."""
    return any(page[0] for page in b.books())


def test_P8_F12_T5_killed_at_any_time(b):
    """From before its first instruction on, by a clock outside."""
    times = random.Random(SEED)
    n, in_flight, early = 0, 0, 0
    while n < KILLS:
        after = times.uniform(0.0002, 0.06)
        result = b.start(THREADS, 0, before=("timeout", "-s", "KILL", f"{after:.5f}"),
                         RHEAPER_EVENT_BUFFER="500")
        assert result.returncode == -signal.SIGKILL and result.stderr == "", result
        if not begun(b):  # there may be no trace yet, or one without a head
            early += 1
            if os.path.exists(b.path("t.bin")):
                trace = b.load()
                assert trace.status in (0, 2) and trace.said, (trace.status, trace.said)
            assert early <= 2 * KILLS + 100, "the machine is too slow for this test"
            continue
        trace = check(b)
        assert trace.ending == "unknown" and "did not exit normally" in trace.said, trace.said
        in_flight += trace.lost
        n += 1
    print(f"# {n} killed, and {early} before their first event; {in_flight} events in flight")


def end(b, how, status, ending, times=ENDS):
    rounds = random.Random(f"{SEED} {how}")
    in_flight = 0
    for _ in range(times):
        result = b.start(THREADS, 0, how, rounds.randrange(20000), RHEAPER_EVENT_BUFFER="500")
        assert result.returncode == status and result.stderr == "", result
        trace = check(b)
        assert trace.ending == ending, (trace.ending, trace.said)
        in_flight += trace.lost
    print(f"# {times} times {how}, {in_flight} events in flight")


def test_P8_segmentation_fault(b):
    end(b, "segv", -signal.SIGSEGV, "unknown")


def test_P8_abort(b):
    end(b, "abort", -signal.SIGABRT, "unknown")


def test_P8_division_by_zero(b):
    end(b, "fpe", -signal.SIGFPE, "unknown")


def test_P8_bare_exit(b):
    end(b, "_exit", 3, "unknown")


def test_P8_quick_exit(b):
    end(b, "quick_exit", 3, "unknown")


def test_P8_T5_exit_while_other_threads_allocate(b):
    end(b, "exit", 3, "exited")


def test_P8_killed_for_its_memory(b):
    group = Group(48 << 20)
    try:
        end_in(b, group)
    finally:
        group.remove()


def end_in(b, group):
    rounds = random.Random(f"{SEED} oom")
    for _ in range(OOMS):
        result = b.start(THREADS, 0, "oom", rounds.randrange(20000), before=group.enter())
        assert result.returncode == -signal.SIGKILL and result.stderr == "", result
        assert check(b).ending == "unknown"


tap.run(globals(), Bench)
