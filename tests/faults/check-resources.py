#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Little memory, filters of system calls, threads that are cancelled, disks that hang, and
traces that are larger than 4 GiB.

usage: check-resources.py [--long] RHEAPER-LOAD BINDIR DOCS

Prints TAP, one point per test_ function.
"""
import os
import resource
import shutil
import signal
import struct
import subprocess

from ledger import BINDIR, HERE, LONG, Bench, Group, Trace, call_numbers, documented

import tap

MIB, GIB = 1 << 20, 1 << 30
THREADS, ROUNDS = 3, 20000


def build(b, name, *words):
    b.run(os.path.join(BINDIR, "rheaper-cc"), "-O1", "-fno-builtin", "-D_GNU_SOURCE", "-pthread",
          os.path.join(HERE, name + ".c"), *words, "-o", name)


def in_group(b, mib, **more):
    group = Group(mib * MIB)
    try:
        return b.start(THREADS, ROUNDS, before=group.enter(), **more)
    finally:
        group.remove()


TRIES = 5
NEEDED = 3  # MiB that three threads' buffers, caches and the head of the trace take


def test_F5_memory_limit_of_a_group(b):
    """The trace may be much larger: its pages are the kernel's, to be had back. While the disk
    is slow to take them the kernel may kill instead, in one run of twenty at this limit: what
    needs more memory is killed each time."""
    printed = b.plain(THREADS, ROUNDS)
    least = next(mib for mib in range(1, 100)
                 if in_group(b, mib, trace=None, program="plain").returncode == 0)
    for i in range(16) if LONG else (0, 15):
        result = next((r for r in (in_group(b, least + NEEDED + i) for _ in range(TRIES))
                       if r.returncode == 0), None)
        assert result, f"killed {TRIES} times in {least + NEEDED + i} MiB"
        assert b.check_stopped(result, printed).ending == "exited", (least, i, result)
    print(f"# the program alone runs in {least} MiB")


def test_F5_X1_a_gibibyte_in_little_memory(b):
    if not LONG:
        raise tap.Skip("in the long set")
    rounds = GIB // 24 // 4 // THREADS
    group = Group(64 * MIB)
    try:
        result = b.start(THREADS, rounds, before=group.enter(), timeout=1200)
    finally:
        group.remove()
    assert os.path.getsize(b.path("t.bin")) > GIB
    assert b.check_stopped(result, b.plain(THREADS, rounds)).ending == "exited"


def sandbox(b, how, names, status=0):
    """Runs the program in a filter; its trace."""
    numbers = call_numbers()
    if os.path.exists(b.path("sandbox.bin")):
        os.remove(b.path("sandbox.bin"))
    printed = b.run(b.path("sandbox"), how, *[str(numbers[name]) for name in sorted(names)],
                    status=status, RHEAPER_TRACE=b.path("sandbox.bin"))
    assert status != 0 or printed == "done\n", printed
    return b.load("sandbox.bin")


def test_F9_system_calls_refused(b):
    """Each alone, and all of them."""
    build(b, "sandbox")
    calls = documented("while a program runs")
    # A program of this kind cannot do without these itself.
    for names in *({name} for name in sorted(calls)), calls:
        trace = sandbox(b, "refuse", names)
        trace.check_sum()
        whole = trace.ending == "exited" and trace.lost == 0
        blocks = trace.one("SELECT count(*) FROM allocations WHERE size = 1000")[0]
        assert whole and blocks == 20000 or trace.ending == "failed" and \
            1000 <= blocks < 20000, (names, trace.ending, blocks, trace.losses)


def test_F9_only_documented_system_calls(b):
    """Any other call would kill the program."""
    build(b, "sandbox")
    calls = documented("while a program runs")
    trace = sandbox(b, "allow", calls | {"brk", "write", "exit_group"})
    trace.check_sum()
    assert trace.lost == 0 and trace.ending == "exited", (trace.ending, trace.losses)
    sandbox(b, "allow", (calls - {"pwritev"}) | {"brk", "write", "exit_group"},
            status=-signal.SIGSYS).check_sum()


def test_F11_a_disk_that_hangs(b):
    """Who writes to it waits; others allocate, begin and end meanwhile."""
    build(b, "stall")
    b.run(b.path("stall"), RHEAPER_TRACE=b.path("stall.bin"))
    trace = b.load("stall.bin")
    trace.check_sum()
    assert trace.one("SELECT count(*) FROM allocations WHERE size = 1000") == (30000,)


def test_T4_threads_cancelled(b):
    rounds = 2500 if LONG else 100
    build(b, "cancel")
    b.run(b.path("cancel"), str(rounds), RHEAPER_TRACE=b.path("cancel.bin"),
          RHEAPER_EVENT_BUFFER="500", timeout=900)
    trace = b.load("cancel.bin")
    trace.check_sum()
    assert trace.lost == 0 and trace.ending == "exited", (trace.ending, trace.losses)
    threads, live = trace.one("SELECT count(DISTINCT alloc_thread), sum(ending <> 'freed') FROM allocations"
                              " WHERE size = 2000")
    assert (threads, live) == (8 * rounds, 0), (threads, live)


def test_X1_a_hole_of_120_gib(b):
    """What is behind it has its place beyond all 32 bits."""
    b.start(1, ROUNDS)
    whole = b.load()
    b.check_whole(whole)
    far = 120 * GIB
    with open(b.path("t.bin"), "r+b") as file:
        head = file.read(4096)
        region, = struct.unpack_from("<I", head, 24)
        first, end = struct.unpack_from("<QQ", head, 40)
        to_head, = struct.unpack_from("<I", head, 3432)
        far -= (far - first) % region
        chunk = next(at for at in range(end - region, first, -region)
                     if b"regn\2\0" == os.pread(file.fileno(), 6, at + to_head))
        records = os.pread(file.fileno(), region, chunk)
        try:
            os.pwrite(file.fileno(), records, far)
        except OSError as error:
            raise tap.Skip("no file of 120 GiB here: " + error.strerror)
        os.pwrite(file.fileno(), bytes(region), chunk)
        os.pwrite(file.fileno(), struct.pack("<Q", far + region), 48)
    b.check_whole(b.load())


def test_X1_more_than_4_gib(b):
    if not LONG:
        raise tap.Skip("in the long set")
    if shutil.disk_usage(b.dir).free < 16 * GIB:
        raise tap.Skip("needs 16 GiB of free disk")
    rounds = 5 * GIB // 24 // 4 // THREADS
    result = b.start(THREADS, rounds, timeout=1800)
    assert result.returncode == 0 and result.stderr == "", result
    assert os.path.getsize(b.path("t.bin")) > 5 * GIB
    b.check_whole(Trace(b, b.path("t.bin")))
    # Of the loader, which was the largest of all children.
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(f"# {most} MiB resident")
    assert most < 2048, most


tap.run(globals(), Bench)
