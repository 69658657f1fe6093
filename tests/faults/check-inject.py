#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every system call of rheaper-load and rheaper-check fails, one after the other, once and
from then on, with each of its errors; loads are killed, and come to the end of a disk. In
the end there is the whole database, or the one that was there, to the byte, and one
message; and rheaper-check says what it says else, or that it cannot tell.

usage: check-inject.py [--long] HOSTILE-TRACES BUILD-DIRECTORY

Prints TAP, one point per test_ function.
"""
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
from workbench import Workbench

LONG = "--long" in sys.argv
MAKER, BUILD = (os.path.abspath(word) for word in sys.argv[1:] if word != "--long")
LOAD, CHECK = (f"{BUILD}/rheaper-{name}/rheaper-{name}" for name in ("load", "check"))
SEED = 20260802

# What a call can give; retval=0 of a read is a file that became shorter. What is
# EINTR for ever is no kernel; nor is an error of brk, which says where the end is.
CALLS = {
    "openat": "EACCES EMFILE ENOMEM EIO ENOSPC",
    "newfstatat": "EACCES EIO ENOMEM",
    "read": "EIO EINTR retval=0",
    "pread64": "EIO EINTR retval=0",
    "write": "EIO ENOSPC EPIPE EINTR",
    "pwrite64": "ENOSPC EIO EDQUOT EFBIG EINTR",
    "fsync": "EIO ENOSPC EDQUOT EINTR",
    "ftruncate": "EIO EFBIG",
    "renameat2": "EACCES EIO ENOSPC EPERM EROFS EINVAL ENOSYS EEXIST",
    "close": "EIO ENOSPC EINTR",
    "fcntl": "EAGAIN ENOLCK EINTR",
    "mmap": "ENOMEM EAGAIN",
    "mprotect": "ENOMEM",
    "munmap": "ENOMEM",
    "clone3": "EAGAIN ENOMEM ENOSYS",
    "lseek": "EIO",
    "access": "EACCES EIO",
    "getcwd": "ENOENT EACCES",
    "getrandom": "EAGAIN ENOSYS EINTR",
    "ioctl": "EIO ENOTTY",
    "unlink": "EACCES EIO",
    "readlink": "EACCES EIO",
    "rt_sigaction": "EINVAL",
    "rt_sigprocmask": "EINVAL",
    "sysinfo": "EFAULT",
    "madvise": "ENOMEM",
}
# Every fault is of one of the first calls of a kind, in the quick set of few of them.
STEPS = range(1, 400) if LONG else (1, 8, 25)


def content(database):
    """All there is, but when it was loaded."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = [name for name, in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
                for name in tables if name != "runs"}


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        os.mkdir(self.path("traces"))
        self.run(MAKER, self.path("traces"))
        shutil.copy(self.path("traces/usual.trace"), self.path("first.trace"))
        shutil.copy(self.path("traces/left-live.trace"), self.path("second.trace"))
        shutil.rmtree(self.path("traces"))
        with open(self.path("second.trace"), "r+b") as trace:
            trace.seek(72)  # rhp_file_header.start_realtime_ns: it is of another run
            trace.write(b"\1")
        os.mkdir(self.path("work"))
        os.mkdir(self.path("tmp"))
        self.env["TMPDIR"] = self.path("tmp")
        subprocess.run([LOAD, "-q", "first.trace", "old.db"], cwd=self.dir, check=True,
                       capture_output=True)
        self.old = read(self.path("old.db"))
        self.n = self.n_fine = self.n_refused = 0

    def need_strace(self):
        if not shutil.which("strace"):
            raise tap.Skip("no strace")
        result = subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "true"],
                                capture_output=True, check=False)
        if result.returncode:
            raise tap.Skip("strace does not work here")

    def inject(self, call, fault, when, command):
        """Runs a command with that fault; its result, or None if the fault did not come."""
        fault = fault if "=" in fault else "error=" + fault
        result = subprocess.run(
            ["strace", "-f", "-qq", "--seccomp-bpf", "-o", self.path("log"), "-e",
             f"trace={call}", "-e", f"inject={call}:{fault}:when={when}", *command],
            cwd=self.path("work"), env=self.env, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=240)
        came = "(INJECTED)" in read(self.path("log")).decode(errors="replace")
        return result if came else None

    def faults(self, command, prepare, judge):
        """Every fault, until none comes any more."""
        before = self.count_before_main(command[0])
        for call, errors in CALLS.items():
            for fault in errors.split():
                for form in ("{}", "{}+") if fault != "EINTR" else ("{}",):
                    for step in STEPS:
                        prepare()
                        result = self.inject(call, fault, form.format(before[call] + step),
                                             command)
                        if result is None:
                            break
                        self.n += 1
                        try:
                            judge(result, call, fault)
                        except Exception as error:
                            raise AssertionError((call, fault, form.format(before[call] + step),
                                                  result, error)) from error

    def count_before_main(self, program):
        """Calls of each kind that the dynamic loader makes, whose failures are not ours:
        up to where it gives its cache back, the last thing that it does."""
        self.run("strace", "-o", "log", program, "--version")
        counts = dict.fromkeys(CALLS, 0)
        for line in read(self.path("log")).decode(errors="replace").splitlines():
            name = line.split("(")[0]
            if name in counts:
                counts[name] += 1
            if name == "munmap":
                break
        return counts

    def begin(self, keep):
        for name in os.listdir(self.path("work")):
            os.unlink(self.path("work/" + name))
        if keep:
            with open(self.path("work/x.db"), "wb") as database:
                database.write(self.old)

    def check_left(self, keep):
        """What is there after a load that failed: what was there."""
        names = os.listdir(self.path("work"))
        assert names == ["x.db"] * keep, names
        assert not keep or read(self.path("work/x.db")) == self.old

    def has_new(self):
        path = self.path("work/x.db")
        return os.path.exists(path) and read(path) != self.old

    def check_whole(self, whole):
        assert os.listdir(self.path("work")) == ["x.db"]
        assert content(self.path("work/x.db")) == whole, "another content"

    def judge_load(self, result, call, fault, keep, whole):
        if result.returncode == 0:
            self.n_fine += 1
            if fault != "retval=0" or "events are missing" not in result.stderr:
                self.check_whole(whole)
            return
        self.n_refused += 1
        assert result.returncode == 2, "its status"
        if call == "write" and self.has_new():  # the summary was not taken
            self.check_whole(whole)
            return
        if call != "unlink":
            self.check_left(keep)
        if call == "write":  # perhaps the message was not, either
            return
        lines = [line for line in result.stderr.splitlines() if "read symbols of" not in line]
        assert len(lines) == 1 and lines[0].startswith("rheaper-load: "), "its message"


def load(b, *words, keep):
    b.need_strace()
    command = [LOAD, *words, "--no-progress", "../second.trace", "x.db"]
    b.begin(keep)
    subprocess.run(command, cwd=b.path("work"), env=b.env, check=True, capture_output=True)
    whole = content(b.path("work/x.db"))
    b.n = b.n_fine = b.n_refused = 0
    b.faults(command, lambda: b.begin(keep), lambda *of: b.judge_load(*of, keep, whole))
    print(f"# {b.n} faults: {b.n_fine} loads whole, {b.n_refused} refused")
    assert b.n > 20 and b.n_fine and b.n_refused


def test_L4_any_system_call_of_a_load_fails(b):
    load(b, keep=False)


def test_L4_any_system_call_of_a_load_that_replaces_fails(b):
    load(b, "--force", keep=True)


def test_L4_any_system_call_of_a_load_that_appends_fails(b):
    load(b, "--append", keep=True)


def test_L2_L6_any_system_call_of_a_check_fails(b):
    """A trace with a leak: it is found, or nothing is said of the trace."""
    b.need_strace()
    b.begin(False)
    command = [CHECK, "--no-default-suppressions", "../second.trace"]
    found = subprocess.run(command, cwd=b.path("work"), env=b.env, text=True,
                           capture_output=True, check=False)
    assert found.returncode == 1, found

    def judge(result, call, _):
        assert os.listdir(b.path("work")) == [], "left in the directory"
        assert os.listdir(b.path("tmp")) == [] or \
            call == "unlink" and "remove " + b.path("tmp") in result.stderr, "left in TMPDIR"
        if result.returncode == 1:
            b.n_fine += 1
            assert result.stdout == found.stdout, "another report"
        else:
            b.n_refused += 1
            assert result.returncode == 2, "its status"
            assert call == "write" or result.stderr or result.stdout, "no message"

    def prepare():
        for name in os.listdir(b.path("tmp")):
            os.unlink(b.path("tmp/" + name))

    b.n = b.n_fine = b.n_refused = 0
    b.faults(command, prepare, judge)
    print(f"# {b.n} faults: {b.n_fine} times the leak was found, {b.n_refused} refused")
    assert b.n > 20 and b.n_fine and b.n_refused


def test_L4_killed_at_any_time(b):
    """The database is the old one or the new one; of a load that is killed a file with
    another name may stay."""
    command = [LOAD, "-q", "--force", "../second.trace", "x.db"]
    b.begin(True)
    began = time.monotonic()
    subprocess.run(command, cwd=b.path("work"), check=True, capture_output=True)
    span = time.monotonic() - began
    whole, n_old = content(b.path("work/x.db")), 0
    moments = random.Random(SEED)
    n = 200 if LONG else 20
    for _ in range(n):
        b.begin(True)
        with subprocess.Popen(command, cwd=b.path("work"), stderr=subprocess.DEVNULL) as loader:
            time.sleep(moments.uniform(0, 1.2 * span))
            loader.kill()
        if read(b.path("work/x.db")) == b.old:
            n_old += 1
        else:
            assert content(b.path("work/x.db")) == whole
        names = [name for name in os.listdir(b.path("work")) if name != "x.db"]
        assert len(names) <= 2 and all(name.startswith("x.db.") for name in names), names
    print(f"# {n} kills: {n_old} times the old database, {n - n_old} times the new one")


def test_L4_at_the_end_of_a_disk(b):
    if os.geteuid():
        raise tap.Skip("a file system of a size of its own needs root")
    script = ("mount -t tmpfs -o size=$1k,mode=700 none work && cp old.db work/x.db 2>&1 || exit 9;"
              "cd work; $2 -q --force ../second.trace x.db 2>../said; echo $? >../status;"
              "ls >../names; cp x.db ../result.db")
    probe = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"],
                           capture_output=True, check=False)
    if probe.returncode:
        raise tap.Skip("no mount here")
    b.begin(False)
    old = (len(b.old) + 4095) // 4096 * 4
    steps = 64 if LONG else 8
    n_whole, statuses = 0, set()
    for step in range(steps):
        size = old + (old * 5 // 4) * step // (steps - 1)
        subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", str(size), LOAD], cwd=b.dir,
                       check=True, timeout=240)
        status = int(read(b.path("status")))
        statuses.add(status)
        assert read(b.path("names")) == b"x.db\n", read(b.path("names"))
        if status == 0:
            n_whole += 1
            content(b.path("result.db"))
            continue
        said = read(b.path("said")).decode()
        assert status == 2 and said.splitlines()[-1].startswith("rheaper-load: "), said
        assert read(b.path("result.db")) == b.old, size
    print(f"# {steps} sizes: {n_whole} whole, {steps - n_whole} refused")
    assert statuses == {0, 2}, statuses


tap.run(globals(), Bench)
