#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whatever threads do with the same addresses, each block ends by its own free; and a
runtime that took its stamps in another order would be found out.

usage: check-order.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import itertools
import os
import re
import shutil

from mutant import mutant
from rows import LONG, equal, most_memory, note, run, tap

SHIMS = "wrap/core-shims.h"
HEAPS = {"": "", "no tcache": "glibc.malloc.tcache_count=0",
         "one arena": "glibc.malloc.arena_max=1",
         "no tcache, one arena": "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1"}
HARDEST = HEAPS["no tcache, one arena"]

# What a shim does, and what it would do wrong.
BEFORE = """	rhp_on_free(RHP_FN_free, frame, p, 0);
	struct rhp_place before = rhp_real_begin(frame);
	REAL(free)(p);
	rhp_real_end(before);
"""
AFTER = """	struct rhp_place before = rhp_real_begin(frame);
	REAL(free)(p);
	rhp_real_end(before);
	rhp_on_free(RHP_FN_free, frame, p, 0);
"""
BEGUN = "	bool begun = p && rhp_on_realloc_begin(p);\n"
RESIZED = """	void *q = REAL(realloc)(p, size);
	rhp_real_end(before);
"""


def check(said, profile):
    allocations, frees, failed, planted = map(int, said.split())
    assert profile.ending == "exited", profile.ending
    equal(profile.lost, {})
    equal(profile.of("plant"), (planted, planted))
    equal(profile.of("change"), (allocations, 0))
    equal(profile.total["failed_reallocs"], failed)
    assert profile.total["frees"] + profile.total["reallocs"] >= frees, (profile.total, frees)


def test_O1_I3_I4_every_event_in_its_order(b):
    program = b.build("order.c")
    every = list(itertools.product((2, 4, 8, 16), HEAPS.values(), (24, 1100, 262144)))
    events, rounds = 0, 700000 if LONG else 15000
    for i, (threads, heap, size) in enumerate(every):
        if LONG or i % 5 == 0:
            said, profile = b.trace(program, threads, rounds // threads, size,
                                    GLIBC_TUNABLES=heap)
            check(said, profile)
            events += profile.total["events"]
    assert events >= (50e6 if LONG else 1e5), events
    note(f"{events:.0f} events, 0 lost, 0 misordered")


def test_O1_I3_a_hundred_million_events_in_one_trace(b):
    if not LONG:
        raise tap.Skip("of the long set")
    said, profile = b.trace(b.build("order.c"), 4, 16000000, 1100)
    check(said, profile)
    size = os.path.getsize(b.path("t.bin"))
    assert profile.total["events"] >= 100e6, profile.total["events"]
    note(f"{profile.total['events']:.0f} events, {size >> 20} MiB, 0 lost; the loader took at most"
         f" {most_memory()} MiB")


def worst_of_ten(b, program):
    """Misordered events of the first of ten runs that has any."""
    for _ in range(10):
        _, profile = b.trace(program, 4, 40000, 1100, GLIBC_TUNABLES=HARDEST)
        if profile.misordered():
            return profile.misordered()
    return 0


def test_O2_a_free_stamped_after_the_call_is_found(b):
    home = mutant(b, "free", SHIMS, (BEFORE, AFTER))
    found = worst_of_ten(b, b.build("order.c", out="free-after", home=home))
    assert found > 0, "a free recorded after the call goes unnoticed"
    note("misordered:", found)


def test_O2_a_realloc_stamped_after_the_call_is_found(b):
    home = mutant(b, "realloc", SHIMS, (BEGUN, ""), (RESIZED, RESIZED + BEGUN))
    found = worst_of_ten(b, b.build("order.c", out="realloc-after", home=home))
    assert found > 0, "a realloc recorded after the call goes unnoticed"
    note("misordered:", found)


def test_O2_the_same_program_as_it_is(b):
    home = mutant(b, "same", SHIMS)
    program = b.build("order.c", out="same", home=home)
    for _ in range(3):
        said, profile = b.trace(program, 4, 40000, 1100, GLIBC_TUNABLES=HARDEST)
        check(said, profile)


def test_O2_a_profiler_with_one_record_for_a_realloc(b):
    if not LONG or not shutil.which("heaptrack"):
        raise tap.Skip("of the long set, and needs heaptrack")
    program = b.build("order.c", plain=True)
    for _ in range(10):
        said = b.run("sh", "-c", "exec heaptrack -o heaptrack.data $0 4 200000 1100 kept 2>&1",
                     program, GLIBC_TUNABLES=HARDEST)
        ledger = re.search(r"^\d+ \d+ \d+ (\d+)$", said, re.M)
        leaked = re.search(r"^\s*leaked allocations:\s*(\d+)\s*$", said, re.M)
        if not ledger or not leaked:
            raise tap.Skip("heaptrack says other words than 1.4")
        if int(leaked[1]) > int(ledger[1]) + 20:
            note(f"leaked by heaptrack: {leaked[1]}, planted: {ledger[1]}")
            return
    raise tap.Skip("heaptrack got it right ten times")


def test_O3_O4_A2_failing_reallocs_and_such_to_nothing(b):
    profile = b.same("resize.c")
    equal(profile.lost, {})
    equal(profile.of("keeps"), (1, 1))
    equal(profile.row("SELECT size, ending FROM allocations WHERE size = 1234"), (1234, "live"))
    equal(profile.of("fails"), (0, 0))
    equal(profile.of("vanishes"), (1000, 0))
    equal(profile.total["failed_reallocs"], 2000)


run(globals())
