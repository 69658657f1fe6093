#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Modules that come and go, frees of what is no block, and numbers beyond 32 bits.

usage: check-semantics.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import os
import signal
import sqlite3
import struct
import subprocess

from rows import HERE, LOADER, LONG, Profile, equal, note, run, tap


PT_NOTE, PT_GNU_EH_FRAME = 4, 0x6474e550


def library(b, name, *words, value=2):
    os.makedirs(b.path("sub"), exist_ok=True)
    path = os.path.join(b.path("sub"), f"lib{name}{value}.so")
    if not os.path.exists(path):
        b.run("cc", "-O1", "-g", "-fPIC", "-shared", "-pthread", "-fno-builtin", "-DNAME=" + name,
              f"-DVALUE={value}", *words, os.path.join(HERE, "plugin-part.c"), "-o", path)
    return path


HOST = ("-rdynamic", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/sub")


def test_U1_a_library_waits_for_a_thread_while_it_is_loaded(b):
    """With the loader's lock held: an event that wanted it would wait for ever."""
    profile = b.same("plugin-host.c", "waits", library(b, "one", "-DWAITS", value=3), build=HOST)
    equal(profile.lost, {})
    equal(profile.of("one"), (1001, 0))


def test_U4_two_libraries_at_one_address(b):
    n = 2000 if LONG else 50
    words = "turns", library(b, "one"), library(b, "two"), n
    said, profile = b.trace(b.build("plugin-host.c", *HOST), *words)
    if "not always" in said:
        raise tap.Skip("the loader gave them addresses of their own")
    equal((profile.of("one"), profile.of("two")), ((n, 0), (n, 0)))
    equal(profile.lost, {})


def test_U4_a_library_that_opens_and_closes_others(b):
    b.run("cc", "-O1", "-g", "-fPIC", "-shared", os.path.join(HERE, "plugin-opener.c"), "-o", "libopener.so")
    program = b.build("plugin-user.c", "-L.", "-lopener", "-Wl,-rpath,$ORIGIN")
    said, profile = b.trace(program, library(b, "one"), library(b, "two"))
    if "not always" in said:
        raise tap.Skip("the loader gave them addresses of their own")
    equal((profile.of("one"), profile.of("two")), ((20, 0), (20, 20)))
    equal(profile.lost, {})


def patched(path, kind, place):
    """A copy whose program headers of a kind say that it is elsewhere."""
    with open(path, "rb") as file:
        image = bytearray(file.read())
    start, size, count = struct.unpack_from("<Q", image, 32)[0], *struct.unpack_from("<HH", image, 54)
    for at in range(start, start + size * count, size):
        if struct.unpack_from("<I", image, at)[0] == kind:
            struct.pack_into("<Q", image, at + 16, place)
    copy = path.replace(".so", f"-{kind}-{place}.so")
    with open(copy, "wb") as file:
        file.write(image)
    return copy


def test_U7_headers_that_lead_outside_of_what_is_loaded(b):
    """Notes and the unwind table: behind all that is mapped, far away, at the end of it."""
    if os.uname().machine != "x86_64":
        raise tap.Skip("the offsets are those of 64 bits")
    path = library(b, "one")
    for kind in PT_NOTE, PT_GNU_EH_FRAME:
        for place in 0x3ffc, 0x800000, 0x7fffffff0000, 2 ** 64 - 8:
            copy = patched(path, kind, place)
            profile = b.same("plugin-host.c", "turns", copy, library(b, "two"), 3, build=HOST)
            equal(profile.lost, {})
            equal(profile.of("one"), (3, 0))


def test_U8_the_loader_is_called_with_the_program(b):
    """The program is not the loader, whatever /proc/self/exe is."""
    loader = subprocess.run(["readelf", "-p", ".interp", b.path(b.build("wrong-free.c"))], capture_output=True,
                            text=True, check=True).stdout.split()[-1]
    _, direct = b.trace("./wrong-free", "nothing")
    _, through = b.trace(loader, "./wrong-free", "nothing")
    for query in "SELECT executable FROM processes", "SELECT DISTINCT function, file FROM call_sites ORDER BY 1":
        equal(through.rows(query), direct.rows(query))
    assert ("main",) in through.rows("SELECT sym FROM backtraces")
    b.run(loader, "./wrong-free", "nothing", RHEAPER_TRACE=b.path("%e.trace"))
    assert os.path.exists(b.path("wrong-free.trace"))


def test_U5_libraries_are_found_where_they_were(b):
    """By the program's RUNPATH, in a namespace of their own, before the program's, next."""
    library(b, "one")
    profile = b.same("plugin-host.c", "scopes", "libone2.so", build=HOST)
    equal(profile.lost.get("missing", 0), 0)


def ends(b, program, what, **env):
    made = subprocess.run([program, what], cwd=b.dir, capture_output=True, text=True, timeout=240,
                          env={**b.env, **env})
    return made.returncode, made.stdout, made.stderr


def test_A3_A4_frees_of_what_is_no_block(b):
    plain, ours = b.build("wrong-free.c", plain=True), b.build("wrong-free.c")
    for what, wrong in ("nothing", 0), ("twice", 1), ("inside", 1), ("no-block", 1), ("threads", 1):
        for old in b.traces():
            os.remove(b.path(old))
        wanted = ends(b, plain, what)
        equal((what, ends(b, ours, what, RHEAPER_TRACE="t.bin")), (what, wanted))
        assert (wanted[0] == -signal.SIGABRT) == (wrong > 0), (what, wanted)
        profile = b.load()
        foreign = profile.lost.pop("foreign_free", 0)
        assert foreign == wrong or what == "threads" and foreign >= 1, (what, foreign)
        profile.lost.pop("unwritten", 0)
        equal((what, profile.lost), (what, {}))
        equal(profile.of_size(555), (1000, 1000))
        freed = what in ("twice", "threads")
        equal((what, profile.of_size(1111)), (what, (1, 0 if freed else 1)))


def test_X5_numbers_beyond_32_bits(b):
    """What is added goes on where the tables end."""
    _, profile = b.trace(b.build("wrong-free.c"), "nothing")
    blocks = profile.total["recorded_blocks"]
    beyond = (1 << 31) + (1 << 32)
    with sqlite3.connect(b.path("t.db")) as database:
        database.execute("UPDATE blocks SET block = -block")
        database.execute("UPDATE blocks SET block = ? - block", (beyond,))
        database.execute("UPDATE lots SET first_block = first_block + ?, last_block = last_block + ?", (beyond, beyond))
    database.close()
    os.rename(b.path("t.bin"), b.path("first"))
    b.run("./wrong-free", "nothing", RHEAPER_TRACE=b.path("t.bin"))
    b.run(LOADER, "--quiet", "--append", "t.bin", "t.db")
    profile = Profile(b.path("t.db"))
    equal(profile.of_size(555), (2000, 2000))
    found, most = profile.row("SELECT count(*), max(block) FROM allocations")
    assert found == 2 * blocks and most >= beyond + found, (found, blocks, most)


run(globals())
