#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Signals that come in the middle, jumps out of it, and stacks of every kind.

usage: check-flow.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import os
import shutil
import subprocess

from rows import BINDIR, HERE, LONG, equal, note, run, tap


def safe_heap(b):
    """A library for -l, with the directory."""
    if not os.path.exists(b.path("libsafe.so")):
        b.run("cc", "-O2", "-fPIC", "-fno-builtin", "-shared", os.path.join(HERE, "safe-heap.c"), "-o", "libsafe.so")
    return b.path("libsafe.so")


def stacks(b):
    b.run("cc", "-O2", "-g", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-c", os.path.join(HERE, "poison.c"),
          "-o", "poison.o")
    return b.path("poison.o"), "-fno-optimize-sibling-calls"


def test_S1_handlers_that_allocate(b):
    """One in the few instructions between a shim and the allocator is taken for the
    allocator's own (docs/reference/limits.md): neither its allocation nor its free is seen."""
    each = 600000 if LONG else 1000
    said, profile = b.trace(b.build("signals.c", safe_heap(b)), each)
    by_threads, by_handlers = map(int, said.split())
    equal(profile.lost, {})
    equal(profile.of_size(17), (by_threads, 0))
    seen, live = profile.of_size(333)
    assert live == 0 and 0.9 * by_handlers < seen <= by_handlers, (seen, live, by_handlers)
    note(f"{by_handlers} handlers, {by_handlers - seen} of them inside the allocator,"
         f" {profile.total['events']:.0f} events, 0 lost")


def test_S1_a_handler_of_the_one_signal_that_is_never_blocked(b):
    """In the middle of the runtime's own locks it is like one in the allocator: not seen."""
    n = 1000000 if LONG else 20000
    _, profile = b.trace(b.build("bus-storm.c", safe_heap(b)), n)
    equal(profile.lost, {})
    equal(profile.of_size(17), (n, 0))
    seen, live = profile.of_size(333)
    assert seen > 0 and live == 0, (seen, live)
    note(f"{seen} handlers seen")


def test_S2_jumps_out_of_handlers(b):
    n = 200000 if LONG else 1000
    _, profile = b.trace(b.build("jumps.c", safe_heap(b)), n)
    equal(profile.of("in_peace"), (1000, 0))
    # A jump between a stamp and its record costs this one event, and no other.
    lost = profile.lost.get("missing", 0) + profile.lost.get("unwritten", 0)
    assert lost <= n and not set(profile.lost) - {
        "missing", "unwritten", "foreign_free", "unseen_free", "torn_records"}, profile.lost
    note(f"{n} jumps, {profile.total['events']:.0f} events, {lost} lost")


def test_S4_deep_recursion(b):
    n = 1000000 if LONG else 50000
    profile = b.same("stacks.c", "deep", n, build=stacks(b))
    equal(profile.of_size(503), (1, 0))
    equal(profile.row("SELECT truncated FROM stacks JOIN allocations ON bt = stack WHERE size = 503"), (1,))


def test_S4_small_stacks(b):
    profile = b.same("stacks.c", "small", build=stacks(b))
    equal((profile.of_size(504), profile.of_size(507)), ((1, 0), (1, 0)))


def test_S5_U2_fibers_with_anything_in_the_frame_pointer(b):
    n = 5000000 if LONG else 50000
    profile = b.same("stacks.c", "fibers", n, build=stacks(b))
    equal(profile.lost, {})
    equal(profile.total["allocations"] >= 2 * n, True)
    equal(profile.row("SELECT sum(allocations), sum(live_blocks) FROM call_sites WHERE function = 'use'"), (2 * n, 0))
    note(f"{2 * n} switches, {profile.total['events']:.0f} events, 0 lost")


def test_S5_fibers_right_below_a_stack_without_guard(b):
    """They are readable, and go away: no part of the stack that the thread has."""
    profile = b.same("stacks.c", "below", build=stacks(b))
    equal(profile.lost, {})
    equal([profile.of_size(n) for n in (508, 509, 510)], [(2, 0), (1, 0), (1, 0)])


def n_calls(b, *words):
    """System calls of a traced run."""
    if not shutil.which("strace") or \
            subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        raise tap.Skip("strace does not work here")
    b.run("strace", "-f", "-o", "calls", *words, RHEAPER_TRACE=b.path("calls.bin"))
    os.remove(b.path("calls.bin"))
    with open(b.path("calls")) as calls:
        return len(calls.readlines())


def test_S4_frames_of_any_size(b):
    """An event asks the kernel nothing, however large the frames are that it is below."""
    program = b.build("stacks.c", *stacks(b))
    small, large = (n_calls(b, program, "frame", "2000", kib) for kib in ("4", "5000"))
    assert abs(large - small) < 50, (small, large)
    equal(b.same("stacks.c", "frame", 2000, 5000, build=stacks(b)).of_size(511), (2000, 0))


def test_S4_stacks_that_the_program_made(b):
    """The same in a thread, on a stack of libc's or of its own."""
    for compiler, *words in (("gcc",), ("musl-gcc", "-static")):
        if not shutil.which(compiler):
            continue
        b.run(os.path.join(BINDIR, "rheaper-cc"), *words, "-O1", "-g", "-pthread", os.path.join(HERE, "own-stack.c"), "-o", "own",
              RHEAPER_REAL_CC=compiler)
        for size in ((), ("65536",), ("4194304",)):
            few, many = (n_calls(b, "./own", n, *size) for n in ("500", "2500"))
            assert many - few < 200, (compiler, size, few, many)


def test_S6_errno_on_every_path(b):
    """New windows, regions and buffers among them."""
    n = 5000000 if LONG else 100000
    profile = b.same("stacks.c", "errno", n, build=stacks(b), RHEAPER_EVENT_BUFFER="500")
    equal(profile.lost, {})
    equal(profile.of("use"), (n, 0))


def test_X7_the_counter_may_not_be_read(b):
    """The clock goes on at its speed, by the kernel's."""
    if os.uname().machine != "x86_64":
        raise tap.Skip("there is no such prctl here")
    said, profile = b.trace(b.build("no-counter.c"))
    equal(profile.lost, {})
    equal([profile.of_size(n) for n in (601, 602, 603, 604)], [(1, 0), (1, 0), (200000, 0), (1, 0)])
    took, = profile.row("SELECT 1e6 * (max(alloc_after) FILTER (WHERE size = 604)"
                        " - min(dealloc_after) FILTER (WHERE size = 602)) FROM allocations")
    assert 0.9 * int(said) < took < 1.5 * int(said), (said, took)


def test_S7_handlers_of_faults(b):
    n = 100000 if LONG else 1000
    profile = b.same("stacks.c", "faults", n, build=stacks(b))
    equal(profile.lost, {})
    equal(profile.of_size(505), (n, 0))


run(globals())
