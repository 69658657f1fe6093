#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example of a container: its filter of system calls, as an OCI runtime would make one of
the profile, and namespaces with nothing but the program. The traces are whole.

usage: check-container.py [--long] RHEAPER-LOAD BINDIR DOCS

Prints TAP, one point per test_ function.
"""
import json
import os
import shutil
import subprocess

import rows
from ledger import call_numbers, documented
from rows import BINDIR, HERE, LOADER, ROOT, equal, tap

EXAMPLE = os.path.join(ROOT, "examples", "container")
RUNTIME, LEAKS, PROGRAM = range(3)


def profile():
    with open(os.path.join(EXAMPLE, "seccomp.json")) as file:
        return json.load(file)


class Bench(rows.Bench):
    def build_all(self):
        for name, source, how, compiler in (
                ("program", f"{EXAMPLE}/program.c", (), os.path.join(BINDIR, "rheaper-gcc")),
                ("static", f"{EXAMPLE}/program.c", ("-static",), os.path.join(BINDIR, "rheaper-gcc")),
                ("plain", f"{EXAMPLE}/program.c", (), "gcc"),
                ("filtered", f"{HERE}/filtered.c", ("-static",), "gcc")):
            if not os.path.exists(self.path(name)):
                self.run(compiler, "-O1", "-g", "-fno-builtin", "-pthread", *how, source, "-o", name)

    def words(self, groups):
        """The filter of some of the profile's groups, before a program."""
        numbers = call_numbers()
        allowed = {name for g in groups for name in profile()["syscalls"][g]["names"]}
        # Some are of another machine.
        return [str(profile()["defaultErrnoRet"]), *[str(numbers[n]) for n in sorted(allowed) if n in numbers], "--"]

    def in_filter(self, program, *groups, **env):
        self.build_all()
        if os.path.exists(self.path("t.bin")):
            os.remove(self.path("t.bin"))
        return subprocess.run([self.path("filtered"), *self.words(groups), self.path(program)], cwd=self.dir,
                              env={**self.env, "RHEAPER_TRACE": self.path("t.bin"), **env}, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=240)

    def is_whole(self, trace="t.bin", sysroot="/"):
        self.run(LOADER, "--quiet", "--force", "--sysroot", sysroot, trace, "t.db", timeout=120)
        trace = rows.Profile(self.path("t.db"))
        equal(({k: v for k, v in trace.lost.items() if k != "foreign_free"}, trace.ending), ({}, "exited"))
        equal(trace.of("work")[1], 20)
        equal([of_work(trace, size) for size in (100, 200, 500)], [(40000, 0), (40000, 0), (20, 20)])
        return trace


def of_work(trace, size):
    """The program's own blocks of a size, and how many of them live: in a static program libc
    has some of the same size."""
    return trace.row("SELECT count(*), count(*) - count(dealloc_after) FROM allocations JOIN sites ON stack = bt"
                     " WHERE function = 'work' AND size = ?", size)


def test_F9_the_profile_has_what_is_documented(b):
    made = profile()
    equal((made["defaultAction"], [group["action"] for group in made["syscalls"]]),
          ("SCMP_ACT_ERRNO", ["SCMP_ACT_ALLOW"] * 3))
    groups = [group["names"] for group in made["syscalls"]]
    assert all(names == sorted(set(names)) for names in groups), groups
    equal(set(groups[RUNTIME]), documented("when tracing begins") | documented("while a program runs"))
    equal(set(groups[LEAKS]), documented("when it looks for leaks"))


def test_F9_the_program_needs_its_own_calls_alone(b):
    """Not more than the profile says, without rheaper."""
    result = b.in_filter("plain", PROGRAM)
    if result.returncode == 77:
        raise tap.Skip("no filter can be installed here")
    equal((result.returncode, result.stdout, result.stderr), (0, "done\n", ""))


def test_F9_a_whole_trace_under_the_profile(b):
    for program in "program", "static":
        result = b.in_filter(program, RUNTIME, PROGRAM)
        if result.returncode == 77:
            raise tap.Skip("no filter can be installed here")
        equal((result.returncode, result.stdout, result.stderr), (0, "done\n", ""))
        b.is_whole()


def test_F9_a_scan_for_leaks_under_the_profile(b):
    result = b.in_filter("program", RUNTIME, LEAKS, PROGRAM, RHEAPER_LEAK_SCAN="1")
    if result.returncode == 77:
        raise tap.Skip("no filter can be installed here")
    equal((result.returncode, result.stdout, result.stderr), (0, "done\n", ""))
    trace = b.is_whole()
    equal(trace.row("SELECT count(*) FROM allocations WHERE size = 500 AND leak_kind = 'still reachable'"), (20,))


def test_F9_without_the_runtimes_calls(b):
    """The same filter, but for those: the program runs, and says that there is no trace. The
    file that it may open, but not fill, it may not remove either."""
    result = b.in_filter("static", PROGRAM)
    if result.returncode == 77:
        raise tap.Skip("no filter can be installed here")
    equal((result.returncode, result.stdout), (0, "done\n"))
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("rheaper: "), result
    equal(os.path.getsize(b.path("t.bin")), 0)


def container(b, *words):
    """Runs words in a container that has the program and the filter: what was said."""
    b.build_all()
    if not shutil.which("unshare"):
        raise tap.Skip("needs unshare")
    for name in "root", "traces":
        shutil.rmtree(b.path(name), ignore_errors=True)
        os.mkdir(b.path(name))
    for name in "static", "filtered":
        shutil.copy(b.path(name), b.path("root"))
    result = subprocess.run([f"{EXAMPLE}/run", "root", "traces", *words], cwd=b.dir, env=b.env, text=True,
                            capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
    if result.returncode != 0 and ("unshare" in result.stderr or "mount" in result.stderr):
        raise tap.Skip(result.stderr.strip().replace("\n", "; "))
    equal((result.returncode, result.stdout, result.stderr), (0, "done\n", ""))
    equal(sorted(os.listdir(b.path("root"))), ["filtered", "static", "traces"])
    equal((os.listdir(b.path("root/traces")), os.listdir(b.path("traces"))), ([], ["trace.bin"]))


def test_F8_a_container_with_nothing_but_the_program(b):
    container(b, "/static")
    trace = b.is_whole("traces/trace.bin", "root")
    equal(trace.row("SELECT pid, executable FROM processes"), (1, "/static"))


def test_F8_F9_a_container_with_the_profile(b):
    container(b, "/filtered", *b.words((RUNTIME, PROGRAM)), "/static")
    b.is_whole("traces/trace.bin", "root")


# A control group of each version, below which the program is; its limit is a file there
LIMITED = """mount -t tmpfs none "$0" && mkdir -p "$0/cgroup/memory" "$0/traces" && mount --bind "$0/cgroup" /sys/fs/cgroup &&
echo "$2" > "/sys/fs/cgroup/$1" && shift 2 && exec "$@"
"""


def test_F16_a_trace_in_memory_that_is_limited(b):
    b.build_all()
    os.makedirs(b.path("memory"), exist_ok=True)
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", b.path("memory")], capture_output=True).returncode:
        raise tap.Skip("no mount can be made here")
    limit = 64 << 20
    said = f"rheaper: the trace is in memory (tmpfs), of which this control group has {limit >> 20} MiB in all; " \
        "name a directory on disk, or set RHEAPER_MAX_BYTES: {}; the program continues\n"
    for file, value, trace, more, expected in (
            ("memory.max", limit, "memory/traces/t.bin", {}, said), ("memory/memory.limit_in_bytes", limit, "memory/traces/t.bin", {}, said),
            ("memory.max", "max", "memory/traces/t.bin", {}, ""),  # no limit, of either version
            ("memory/memory.limit_in_bytes", 9223372036854771712, "memory/traces/t.bin", {}, ""),
            ("memory.max", limit, "memory/traces/t.bin", {"RHEAPER_MAX_BYTES": "16M"}, ""),
            ("memory.max", limit, "t.bin", {}, "")):  # on disk
        if trace == "t.bin" and b.run("stat", "-f", "-c", "%T", b.dir).strip() in ("tmpfs", "ramfs"):
            continue  # of this machine's own
        for program in "program", "static":
            result = subprocess.run(["unshare", "-m", "sh", "-c", LIMITED, b.path("memory"), file, str(value), b.path(program)],
                                    cwd=b.dir, env={**b.env, "RHEAPER_TRACE": b.path(trace), **more}, text=True,
                                    capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
            if trace == "t.bin":
                os.remove(b.path(trace))
            equal((result.returncode, result.stdout, result.stderr), (0, "done\n", expected.format(b.path(trace))))


tap.run(globals(), Bench)
