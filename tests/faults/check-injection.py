#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each system call of the runtime fails in each way that it can, at each time: once, and
from then on. The program does what it does otherwise, and its trace is not there, with one
line said, or whole, or has lost what it says.

usage: check-injection.py [--long] RHEAPER-LOAD BINDIR DOCS

Prints TAP, one point per test_ function.
"""
import errno
import os
import random
import shutil
import struct
import subprocess

from ledger import BINDIR, HERE, LONG, call_numbers, documented
from ledger import Bench as LedgerBench

import tap

THREADS, ROUNDS = 3, 900  # 5 windows of 500 records in each thread
SEED = 20260801
EVERY = ("EPERM", "ENOSYS")  # what a filter of system calls says
MEMORY = (*EVERY, "ENOMEM", "EACCES")
DISK = ("ENOSPC", "EDQUOT", "EIO", "EFBIG", "EROFS", "EINTR")
ERRORS = {
    "openat": (*MEMORY, *DISK, "EMFILE"),
    "fallocate": (*EVERY, *DISK, "EOPNOTSUPP", "ENOMEM"),
    "pwritev": (*EVERY, *DISK, "ENOMEM"),
    "preadv": (*EVERY, "EIO", "EINTR", "ENOMEM"),
    "mmap": (*MEMORY, "EOPNOTSUPP"),
    "munmap": (*EVERY, "ENOMEM"),
    "madvise": (*MEMORY, "EIO"),
    "statx": (*MEMORY, "EIO"),
    "fcntl": (*EVERY, "EMFILE", "ENOMEM"),
    "close": (*EVERY, "EIO", "EINTR", "ENOSPC", "EDQUOT"),
    "read": (*EVERY, "EIO", "EINTR"),
    "fchmod": (*EVERY, "EIO", "EROFS"),
    "unlinkat": (*MEMORY, "EIO", "EROFS"),
    "readlinkat": (*MEMORY, "EIO"),
    "process_vm_readv": (*MEMORY,),
}
# Its arguments are sound: it fails where a filter refuses it, from the beginning on.
ALL_OR_NOTHING = ("rt_sigprocmask",)
# Without it no process ends, whatever it is.
NEVER = ("exit_group",)
TIMES = 24 if LONG else 2  # of the calls of one kind, if there are more
VARIANTS = {
    "": {},
    "ring": {"RHEAPER_MAX_BYTES": "600K,ring"},
    "limit": {"RHEAPER_MAX_BYTES": "450K"},
    "followed": {"RHEAPER_FOLLOW_FORK": "1"},
    "sampled": {"RHEAPER_SAMPLE_BYTES": "3000", "RHEAPER_SAMPLE_SEED": "1"},
    "scanned": {"RHEAPER_LEAK_SCAN": "1", "RHEAPER_SIGNAL": "USR2"},
    "kept": {"RHEAPER_SYMBOLS": "keep", "RHEAPER_SYMBOLS_DIR": "kept"},
}
# A child complains for itself, and a signal that is not to be had is another matter.
MOST_LINES = {"followed": 2, "scanned": 2, "kept": 2}
LIBRARY = """
#include <stdlib.h>
void *get(void)
{
	return malloc(700);
}
"""
ORDERS = struct.Struct("<4q512q")
FOR_EVER = 1 << 40


class Bench(LedgerBench):
    def __init__(self, directory):
        super().__init__(directory)
        self.calls = {number: name for name, number in call_numbers().items()}
        self.made = set()
        self.run("cc", "-shared", "-fPIC", "-O1", self.file("some.c", LIBRARY), "-o", "libsome.so")
        self.run(os.path.join(BINDIR, "rheaper-cc"), "-O1", "-fno-builtin", "-D_GNU_SOURCE",
                 "-pthread", os.path.join(HERE, "ledger.c"), os.path.join(HERE, "inject.c"), "-o",
                 "injected")
        self.printed = self.plain(THREADS, ROUNDS, "all-sorts", 400)

    def give_orders(self, number=-1, error=0, first=0, last=-1):
        with open(self.path("orders"), "wb") as file:
            file.write(ORDERS.pack(number, error, first, last, *[0] * 512))

    def inject(self, variant, *orders):
        """Runs the program with a fault; how often each system call was made."""
        for name in os.listdir(self.dir):
            if name.startswith("t.bin."):
                os.remove(self.path(name))
        shutil.rmtree(self.path("kept"), ignore_errors=True)
        self.give_orders(*orders)
        result = self.start(THREADS, ROUNDS, "all-sorts", 400, program="injected",
                            INJECT=self.path("orders"), RHEAPER_EVENT_BUFFER="500",
                            **VARIANTS[variant])
        with open(self.path("orders"), "rb") as file:
            seen = ORDERS.unpack(file.read())[4:]
        return result, {number: n for number, n in enumerate(seen) if n}

    def check_kept(self):
        """What has the name of a copy is one."""
        for name in os.listdir(self.path("kept")) if os.path.exists(self.path("kept")) else ():
            if not name.startswith("."):
                said = self.run("readelf", "-n", self.path("kept/" + name))
                assert f"Build ID: {name.split('.')[0]}\n" in said, name

    def check_trace(self, name, variant, said):
        if not os.path.exists(self.path(name)):
            assert said.startswith("rheaper: cannot write the trace"), said
            return
        trace = self.load(name)
        assert trace.status == 0, trace.said
        trace.check_sum(may_lack=variant in ("ring", "limit"))
        if variant == "" and trace.ending == "exited" and trace.lost == 0:
            self.check_whole(trace)
        elif variant == "":
            blocks, _ = self.seen(trace, may_lack="missing" in trace.losses)
            assert all(n <= book[0] for n, book in zip(blocks, self.books())), blocks
        assert trace.ending.split(":")[0] in ("exited", "full", "failed", "unknown"), trace.ending
        assert trace.ending != "unknown" or variant == "followed", trace.said

    def check(self, variant, result):
        assert (result.returncode, result.stdout) == (0, self.printed), result
        assert result.stderr.count("\n") <= MOST_LINES.get(variant, 1), result
        traces = [name for name in sorted(os.listdir(self.dir)) if name.startswith("t.bin")]
        self.check_kept()
        for name in traces or ["t.bin"]:
            self.check_trace(name, variant, result.stderr)


def times(n, rng):
    """Which of n calls are to fail: all, or the first ones and some others."""
    if n <= TIMES:
        return range(1, n + 1)
    first = range(1, TIMES // 2 + 1)
    return sorted({*first, *rng.sample(range(TIMES // 2 + 1, n + 1), TIMES - len(first))})


def faults(b, variant, seen):
    rng = random.Random(f"{SEED} {variant}")
    for number, n in sorted(seen.items()):
        name = b.calls[number]
        errors = () if name in NEVER else ERRORS.get(name, EVERY)
        for error in errors if LONG else rng.sample(errors, min(1, len(errors))):
            for first in (1,) if name in ALL_OR_NOTHING else times(n, rng):
                if name not in ALL_OR_NOTHING:
                    yield name, error, (number, getattr(errno, error), first, first)
                # No call is interrupted for ever: who is asks again.
                if error != "EINTR":
                    yield name, error, (number, getattr(errno, error), first, FOR_EVER)


def sweep(b, variant):
    result, seen = b.inject(variant)
    b.check(variant, result)
    b.made |= {b.calls[number] for number in seen}
    n, bad, names = 0, [], set()
    for name, error, orders in faults(b, variant, seen):
        what = f"{name} {error} {orders[2]}{'' if orders[2] == orders[3] else '+'}"
        try:
            result, _ = b.inject(variant, *orders)
            b.check(variant, result)
        except (AssertionError, subprocess.TimeoutExpired) as error_found:
            bad.append(f"{what}: {str(error_found)[:600]}")
        n += 1
        names.add(name)
    print(f"# {n} faults of {len(names)} system calls: {' '.join(sorted(names))}")
    assert not bad, f"{len(bad)} of {n}:\n" + "\n".join(bad[:20])


def test_F1_F2_F5_F9_plain_trace(b):
    sweep(b, "")


def test_F1_F2_F5_F9_ring(b):
    sweep(b, "ring")


def test_F1_F2_F5_F9_limited(b):
    sweep(b, "limit")


def test_F1_F2_F5_F9_followed_children(b):
    sweep(b, "followed")


def test_F1_F2_F5_F9_sampled(b):
    sweep(b, "sampled")


def test_F1_F2_F5_F9_scanned_for_leaks(b):
    sweep(b, "scanned")


def test_F13_keeping_symbols(b):
    sweep(b, "kept")


def test_F9_system_calls_are_documented(b):
    known = documented("when tracing begins") | documented("while a program runs") | \
        documented("when it looks for leaks") | documented("when it keeps symbols")
    assert b.made and b.made <= known, b.made - known


tap.run(globals(), Bench)
