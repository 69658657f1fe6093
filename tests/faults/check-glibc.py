#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""glibc's own tests of malloc, from Debian's package of its sources, compiled as they are
with and without the runtime: they end and print the same.

usage: check-glibc.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function. Quick, it does nothing.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess

from rows import BINDIR, LONG, equal, note, run, tap

# Parts of their support library that need other headers of glibc than those below, and
# that none of the tests wants.
WITHOUT = re.compile(r"^(tst-|test-|check_|links-|echo-|shell-|true-|resolv|support_(format|resolv|"
                     r"enter_|stack_alloc|test_compare_string_wide|quote_blob_wide|become|can_|chroot|"
                     r"select|process_state|ptrace)|xdl|xsigstack|xptrace)")
HEADERS = "array_length.h", "libc-diag.h", "intprops.h", "scratch_buffer.h", "malloc-size.h"
PATHS = ("SRCDIR OBJDIR INSTDIR LIBDIR BINDIR SBINDIR ROOTSBINDIR COMPLOCALEDIR SLIBDIR SYSCONFDIR"
         " OBJDIR_ELF_LDSO ROOT").split()
WORDS = ("-O2", "-w", "-D_GNU_SOURCE", "-std=gnu11", "-pthread", "-fno-builtin", "-include", "stdbool.h",
         "-include", "limits.h", "-DTIMEOUTFACTOR=1", "-Dlibc_hidden_proto(x)=", "-Dattribute_hidden=",
         *(f'-D{name}_PATH="."' for name in PATHS))

# Not programs, or tests of what is inside glibc and in no library.
NO_TESTS = re.compile(r"^tst-(dynarray|scratch_buffer|alloc_buffer|mallocstate|compathooks|mallocalign1|"
                      r"interpose-(aux|skeleton))")
# One destroys a pointer by a random number, and tries again while that looks like another
# pointer: what it says differs from run to run. How it ends is compared.
RANDOM = "tst-safe-linking"


def sources(b):
    """The directory of the sources."""
    found = glob.glob("/usr/src/glibc/glibc-*.tar.*")
    if not found and shutil.which("apt-get"):
        subprocess.run("apt-get download -q glibc-source && dpkg -x glibc-source_*.deb .", shell=True,
                       cwd=b.dir, capture_output=True)
        found = glob.glob(b.path("usr/src/glibc/glibc-*.tar.*"))
    if not found:
        raise tap.Skip("there is no Debian package glibc-source")
    name = os.path.basename(found[0]).split(".tar")[0]
    b.run("tar", "-xf", found[0], *(name + part for part in ("/malloc", "/support", "/include", "/test-skeleton.c")))
    return b.path(name)


def compile_support(b, source):
    """Their library for tests, of what compiles outside of their tree."""
    os.makedirs(b.path("shim"))
    for header in HEADERS:
        if os.path.exists(os.path.join(source, "include", header)):
            shutil.copy(os.path.join(source, "include", header), b.path("shim"))

    def compile_one(path):
        name = os.path.basename(path)[:-2]
        if not WITHOUT.match(name):
            subprocess.run(["gcc", *words(b, source), "-c", path, "-o", b.path("support-" + name + ".o")],
                           capture_output=True, cwd=b.dir)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(compile_one, glob.glob(os.path.join(source, "support", "*.c"))))
    b.run("ar", "rc", "libsupport.a", *glob.glob(b.path("support-*.o")))


def words(b, source):
    return (*WORDS, *("-I" + path for path in (b.path("shim"), source, os.path.join(source, "support"),
                                               os.path.join(source, "malloc"))))


def build(b, source, name):
    """The program without and with the runtime; nothing if it does not compile here."""
    path, static = os.path.join(source, "malloc", name + ".c"), ["-static"] * ("static" in name)
    if name.startswith("tst-interpose") and not static:
        kind = "nothread" if "nothread" in name else "thread"
        static.append(os.path.join(source, "malloc", f"tst-interpose-aux-{kind}.c"))
    for driver, out in (["gcc", name + ".plain"], [os.path.join(BINDIR, "rheaper-gcc"), name + ".ours"]):
        made = subprocess.run([driver, *words(b, source), *static, path, "libsupport.a", "-o", out],
                              cwd=b.dir, capture_output=True, text=True, env=b.env)
        if made.returncode != 0:
            return made.stderr
    return None


def behave(b, program, **env):
    """How it ends, and what it says, without numbers."""
    try:
        made = subprocess.run([program], cwd=b.dir, capture_output=True, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, env={**b.env, **env}, timeout=300)
    except subprocess.TimeoutExpired:
        return "hangs"
    said = re.sub(r"0x[\da-f]+|\d+", "N", made.stdout + made.stderr).replace(program, "")
    return made.returncode, re.sub(r"tst-\S+\.(plain|ours)", "PROGRAM", said)


def test_A1_P1_S6_their_tests_end_the_same(b):
    if not LONG:
        raise tap.Skip("of the long set")
    source = sources(b)
    compile_support(b, source)
    same, differ, left = [], {}, []
    for path in sorted(glob.glob(os.path.join(source, "malloc", "tst-*.c"))):
        name = os.path.basename(path)[:-2]
        if NO_TESTS.match(name):
            continue
        error = build(b, source, name)
        if error:
            left.append(name)
            note(name, "does not compile:", next((line for line in error.splitlines() if "error" in line
                                                  or "undefined" in line), "?")[:160])
            continue
        wanted = behave(b, "./" + name + ".plain")
        found = behave(b, "./" + name + ".ours", RHEAPER_TRACE=b.path("t.bin"))
        if name in RANDOM:
            wanted, found = wanted[:1], found[:1]
        for trace in b.traces():
            os.remove(b.path(trace))
        if found == wanted:
            same.append(name)
            note(name, "ends with", wanted[0])
        else:
            differ[name] = wanted, found
            note(name, "differs:", repr((wanted, found))[:600])
    note(f"{len(same)} the same, {len(differ)} differ, {len(left)} left out")
    assert len(same) >= 30, same
    equal(differ, {})


run(globals())
