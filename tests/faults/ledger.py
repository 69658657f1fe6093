# SPDX-License-Identifier: MIT
"""Runs ledger.c, which keeps its own books, and compares them with its trace.

The scripts are called with [--long] RHEAPER-LOAD BINDIR [DOCS].
"""
import os
import re
import sqlite3
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import tap  # noqa: E402
from workbench import Workbench  # noqa: E402

LONG = "--long" in sys.argv
PATHS = [os.path.abspath(word) for word in sys.argv[1:] if word != "--long"]
LOADER, BINDIR = PATHS[:2]
MAX_THREADS, SIZES, FIRST = 16, 997, 20
IS_ROOT = os.geteuid() == 0


def issued(trace):
    """Stamps that the program has taken, from the head of the trace: contract/format.h."""
    with open(trace, "rb") as file:
        head = file.read(4096)
        n_shards, offset = struct.unpack_from("<IQ", head, 28)
        file.seek(offset)
        counters = file.read(n_shards * 64)
    return sum(struct.unpack_from("<Q", counters, at)[0] for at in range(0, len(counters), 64))


def documented(when):
    """The system calls of the runtime at a time, by docs/reference/limits.md."""
    with open(os.path.join(PATHS[2], "limits.md")) as file:
        lines = re.search(f"^System calls of the runtime {when}:\n((?:`.*\n)+)", file.read(), re.M)
    return set(re.findall(r"`(\w+)`", lines.group(1)))


def call_numbers():
    """Of the system calls of this machine."""
    text = subprocess.run(["cc", "-dM", "-E", "-x", "c", "-"], text=True, check=True,
                          input="#include <sys/syscall.h>\n", stdout=subprocess.PIPE).stdout
    return {name: int(n) for name, n in re.findall(r"#define __NR_(\w+) (\d+)$", text, re.M)}


class Trace:
    """What rheaper-load makes of a trace."""

    def __init__(self, bench, path):
        self.path = path
        database = bench.path("ledger.db")
        loaded = subprocess.run([LOADER, "--quiet", "--no-symbols", "--force", path, database],
                                capture_output=True, text=True, timeout=600)
        self.status, self.said = loaded.returncode, loaded.stderr
        if self.status == 0:
            self.database = sqlite3.connect(database)
            self.events, self.lost = (self.total(name) for name in ("events", "lost_events"))
            self.ending, = self.one("SELECT ending FROM processes")
            self.losses = dict(self.database.execute(
                "SELECT reason, count FROM losses WHERE count > 0"))

    def one(self, query):
        return self.database.execute(query).fetchone()

    def total(self, name):
        return int(self.one(f"SELECT value FROM totals WHERE name = '{name}'")[0])

    def check_sum(self, may_lack=False):
        """Seen and lost are issued; nothing was read that was not written. If it may lack
        parts in the middle, the last of the counters may be among them."""
        assert self.status == 0, self.said
        stamps = issued(self.path)
        by_stamp = sum(self.losses.get(name, 0) for name in ("missing", "unwritten"))
        assert self.lost >= by_stamp, (self.lost, self.losses)
        if may_lack: # and a record that lay across the edge of such a part is half there
            by_stamp += self.losses.get("overwritten", 0)
            assert self.events + by_stamp >= stamps, (self.events, self.losses, stamps)
            return
        assert not any(name.startswith("damaged") for name in self.losses), self.losses
        assert self.events + by_stamp == stamps, (self.events, self.losses, stamps)
        odd = {name for name in self.losses if name.startswith(("foreign", "unseen"))}
        assert not odd, self.losses


class Group:
    """A control group with a limit of memory, either version of the kernel's interface."""

    def __init__(self, limit):
        if not IS_ROOT:
            raise tap.Skip("needs root for a control group")
        for root, name in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                           ("/sys/fs/cgroup", "memory.max")):
            self.path = f"{root}/rheaper-test-{os.getpid()}"
            try:
                os.mkdir(self.path)
                with open(f"{self.path}/{name}", "w") as file:
                    file.write(str(limit))
                return
            except OSError:
                self.remove()
        raise tap.Skip("no control group with a limit of memory can be made")

    def remove(self):
        if os.path.isdir(self.path):
            os.rmdir(self.path)

    def enter(self):
        """Words before a command that runs it inside."""
        return ("sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$@"', "sh")


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        source = os.path.join(HERE, "ledger.c")
        for compiler, name in (("cc", "plain"), (os.path.join(BINDIR, "rheaper-cc"), "ledger")):
            self.run(compiler, "-O1", "-fno-builtin", "-D_GNU_SOURCE", "-pthread", source,
                     "-o", name)

    def start(self, *words, before=(), trace="t.bin", program="ledger", timeout=120, **env):
        """Runs the program to its end, traced, with a new ledger; what it was."""
        books = self.open_books("books" if trace else "plain.books")
        if trace:
            self.trace = trace
            env["RHEAPER_TRACE"] = self.path(trace)
            try:
                os.remove(self.path(trace))
            except OSError:
                pass  # it is not there, or cannot be
        return subprocess.run([*before, self.path(program), books,
                               *map(str, words)], cwd=self.dir, text=True, timeout=timeout,
                              env={**self.env, **env}, capture_output=True,
                              stdin=subprocess.DEVNULL)

    def open_books(self, name="books"):
        with open(self.path(name), "wb") as file:
            file.truncate(64 * MAX_THREADS)
        os.chmod(self.path(name), 0o666)
        return self.path(name)

    def plain(self, *words):
        """What the same program prints that was built by the compiler alone."""
        result = self.start(*words, trace=None, program="plain")
        assert result.returncode == 0 and result.stderr == "", result
        return result.stdout

    def books(self, name="books"):
        """Of each thread: allocations begun and done, frees begun and done."""
        with open(self.path(name), "rb") as file:
            text = file.read()
        return [struct.unpack_from("<4Q", text, t * 64) for t in range(len(text) // 64)]

    def load(self, trace="t.bin"):
        return Trace(self, self.path(trace))

    def seen(self, trace, may_lack=False):
        """Of each thread the number of its blocks in the trace, which must be its first ones
        without a gap; and the number of frees of such blocks."""
        blocks, frees = [0] * MAX_THREADS, 0
        sizes = [[0] * SIZES for _ in range(MAX_THREADS)]
        for size, count, freed in trace.database.execute(
                f"SELECT size, count(*), sum(ending = 'freed') FROM allocations"
                f" WHERE size BETWEEN {1000 * FIRST} AND {1000 * (FIRST + MAX_THREADS)} GROUP BY size"):
            if size % 1000 < SIZES:
                sizes[size // 1000 - FIRST][size % 1000] = count
                blocks[size // 1000 - FIRST] += count
                frees += freed
        for t, n in enumerate(blocks):
            first = [n // SIZES + (i < n % SIZES) for i in range(SIZES)]
            assert may_lack or sizes[t] == first, (t, n, [i for i in range(SIZES) if sizes[t][i] != first[i]])
        return blocks, frees

    def check_whole(self, trace):
        """Whatever was done is in the trace; what was begun may be."""
        trace.check_sum()
        books = self.books()
        blocks, frees = self.seen(trace)
        for t, n in enumerate(blocks):
            assert books[t][1] <= n <= books[t][0], (t, n, books[t])
        assert sum(b[3] for b in books) <= frees <= sum(b[2] for b in books), (frees, books)
        return books

    def check_stopped(self, result, printed, *whys, may_lack=False):
        """The program did what it does without a trace. That is whole, or not there, with
        one line said, or has the first events of each thread and says why no more. If it
        may lack pages that could not be written, the reason may be on one."""
        assert result.returncode == 0 and result.stdout == printed, result
        path = self.path(self.trace)
        if not os.path.exists(path):
            assert result.stderr.startswith("rheaper: cannot write the trace"), result
            assert result.stderr.count("\n") == 1, result
            assert not whys or any(why in result.stderr for why in whys), (whys, result)
            return None
        assert result.stderr == "", result
        trace = self.load(self.trace)
        if trace.status == 0 and trace.ending == "exited":
            self.check_whole(trace)
            assert trace.lost == 0, trace.losses
            return trace
        trace.check_sum(may_lack)
        blocks, frees = self.seen(trace, may_lack)
        books = self.books()
        assert all(n <= book[0] for n, book in zip(blocks, books)), (blocks, books)
        assert frees <= sum(book[2] for book in books), (frees, books)
        if may_lack and trace.ending == "unknown":
            assert "did not exit normally" in trace.said, trace.said
            return trace
        assert trace.ending.startswith("failed"), (trace.ending, trace.said)
        assert not whys or any(why in trace.said for why in whys), (whys, trace.said)
        return trace
