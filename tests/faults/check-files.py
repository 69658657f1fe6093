#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that are full, limits, descriptors and directories that are not what they were:
the program does what it does without a trace, and the trace says how far it goes.

usage: check-files.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import contextlib
import os
import shutil
import signal
import struct
import subprocess

from ledger import BINDIR, HERE, IS_ROOT, LONG, Bench

import tap

KIB, MIB = 1 << 10, 1 << 20
THREADS, ROUNDS = 3, 64000  # 4 events a round, 12 bytes an event: 9 MiB
FULL, BIG, LIMITED = "No space left", "File too large", "over the limit of file sizes"


@contextlib.contextmanager
def mounted(b, options, kind="tmpfs", what="none"):
    """A file system in the directory `disk`."""
    if not IS_ROOT:
        raise tap.Skip("needs root to mount")
    os.makedirs(b.path("disk"), exist_ok=True)
    made = subprocess.run(["mount", "-t", kind, "-o", options, what, b.path("disk")],
                          capture_output=True, text=True)
    if made.returncode != 0:
        raise tap.Skip("cannot mount: " + made.stderr.strip().replace("\n", " "))
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", b.path("disk")], check=True)


def few(values, n=4):
    """All of them in the long set, else `n` of them, the ends too."""
    values = list(values)
    return values if LONG else [values[i * (len(values) - 1) // (n - 1)] for i in range(n)]


class Score:
    """How the runs of a test ended."""

    def __init__(self):
        self.whole = self.stopped = self.absent = self.lost = 0

    def add(self, trace):
        if trace is None:
            self.absent += 1
        elif trace.ending == "exited":
            self.whole += 1
        else:
            self.stopped += 1
            self.lost += trace.lost

    def show(self):
        print(f"# {self.whole} traces whole, {self.stopped} stopped, {self.absent} not begun;"
              f" {self.lost} events counted as lost")


def test_F1_full_disk(b):
    printed, score = b.plain(THREADS, ROUNDS), Score()
    for size in few(range(64 * KIB, 8 * MIB + 1, 64 * KIB)):
        with mounted(b, f"size={size}"):
            result = b.start(THREADS, ROUNDS, trace="disk/t.bin")
            score.add(b.check_stopped(result, printed, FULL, "no space left"))
    score.show()
    assert score.stopped and score.absent and not score.whole


def test_F1_full_disk_of_a_ring(b):
    """Which was promised more than there is."""
    printed = b.plain(THREADS, ROUNDS)
    with mounted(b, "size=3m"):
        result = b.start(THREADS, ROUNDS, trace="disk/t.bin", RHEAPER_MAX_BYTES="4M,ring")
        assert result.returncode == 0 and result.stdout == printed and not result.stderr, result
        trace = b.load("disk/t.bin")
        trace.check_sum()
        assert trace.ending.startswith("failed") and FULL in trace.said, trace.said


def make_btrfs(b, size, *words):
    """A file system that writes in another place what it writes again."""
    if not IS_ROOT or not shutil.which("mkfs.btrfs"):
        raise tap.Skip("needs root and mkfs.btrfs")
    with open(b.path("image"), "wb") as image:
        image.truncate(size)
    b.run("mkfs.btrfs", "-q", "-f", *words, b.path("image"), silent=False)
    return mounted(b, "loop", "btrfs", b.path("image"))


def fill(b, left):
    """Leaves so many bytes of the disk."""
    with open(b.path("disk/filler"), "wb", buffering=0) as file, \
            contextlib.suppress(OSError):  # what it says to be free, it may not give
        while (free := os.statvfs(b.path("disk"))).f_bavail * free.f_bsize > left:
            file.write(os.urandom(64 * KIB))
            os.fsync(file.fileno())


def test_F1_full_disk_that_copies(b):
    """What was reserved there is not safe: a page may find no room when it is written again."""
    printed, score = b.plain(THREADS, ROUNDS), Score()
    for left in few(range(512 * KIB, 8 * MIB, 256 * KIB), 2):
        with make_btrfs(b, 24 * MIB, "--mixed"):
            fill(b, left)
            result = b.start(THREADS, ROUNDS, trace="disk/t.bin")
            score.add(b.check_stopped(result, printed, FULL, "no space left", "Input/output",
                                      may_lack=True))
    score.show()
    assert score.stopped and not score.whole


def test_F1_quota(b):
    """Of a part of a file system: its limit holds for root too."""
    printed, score = b.plain(THREADS, ROUNDS), Score()
    with make_btrfs(b, 500 * MIB):
        b.run("btrfs", "quota", "enable", "disk")
        for size in few(range(128 * KIB, 8 * MIB + 1, 128 * KIB), 2):
            b.run("btrfs", "subvolume", "create", f"disk/{size}")
            b.run("btrfs", "qgroup", "limit", str(size), f"disk/{size}")
            result = b.start(THREADS, ROUNDS, trace=f"disk/{size}/t.bin")
            score.add(b.check_stopped(result, printed, "quota", "Input/output", may_lack=True))
            b.run("btrfs", "subvolume", "delete", "-c", f"disk/{size}")
    score.show()
    assert score.stopped and score.absent and not score.whole


def test_F4_file_size_limit(b):
    printed, score = b.plain(THREADS, ROUNDS), Score()
    sizes = [n * unit for unit in (512, 128 * KIB) for n in few(range(1, 65))]
    for size in sizes:
        result = b.start(THREADS, ROUNDS, before=("prlimit", f"--fsize={size}"))
        score.add(b.check_stopped(result, printed, BIG, LIMITED))
    score.show()
    assert score.stopped and score.absent and not score.whole


def least_memory(b):
    """MiB of addresses in which the program runs that was built by the compiler alone."""
    for mib in range(4, 2000, 4):
        if b.start(THREADS, ROUNDS, before=("prlimit", f"--as={mib * MIB}"), trace=None,
                   program="plain").returncode == 0:
            return mib
    raise AssertionError("the plain program does not run in 2 GB")


NEEDED = 8  # MiB of addresses that a traced program of three threads takes


def test_F5_address_space_limit(b):
    printed, score = b.plain(THREADS, ROUNDS), Score()
    least = least_memory(b)
    for mib in few(range(least + NEEDED, least + NEEDED + 64, 2)):
        result = b.start(THREADS, ROUNDS, before=("prlimit", f"--as={mib * MIB}"))
        score.add(b.check_stopped(result, printed, "memory"))
    score.show()


def test_F5_locked_memory(b):
    """Of a program that locks all its memory, also what comes later."""
    if b.start(THREADS, 200, "lock", 100, trace=None, program="plain").returncode != 0:
        raise tap.Skip("may not lock all its memory")
    check_event(b, "lock")


def test_F6_read_only(b):
    printed = b.plain(2, 100)
    with mounted(b, "ro"):
        result = b.start(2, 100, trace="disk/t.bin")
        assert b.check_stopped(result, printed, "read-only file system") is None
    os.makedirs(b.path("closed"), exist_ok=True)
    os.chmod(b.path("closed"), 0o555)
    os.chmod(b.dir, 0o755)
    result = b.start(2, 100, trace="closed/t.bin", before=(
        "setpriv", "--reuid=65534", "--clear-groups"))
    assert b.check_stopped(result, printed, "permission denied") is None


def test_F6_name_too_long(b):
    result = b.start(2, 100, trace="t" * 300)
    assert b.check_stopped(result, b.plain(2, 100), "file name too long") is None


def test_F6_no_descriptor_left(b):
    """A static program needs none to start; its books are its standard input."""
    b.run(os.path.join(BINDIR, "rheaper-cc"), "-O1", "-fno-builtin", "-D_GNU_SOURCE", "-static",
          "-pthread", os.path.join(HERE, "ledger.c"), "-o", "static", silent=False)
    printed = b.plain(2, 100)
    b.open_books()
    with open(b.path("books"), "r+b") as books:
        result = subprocess.run(["prlimit", "--nofile=3", b.path("static"), "-", "2", "100"],
                                stdin=books, capture_output=True, text=True, timeout=240,
                                env={**b.env, "RHEAPER_TRACE": b.path("none.bin")})
    b.trace = "none.bin"
    assert b.check_stopped(result, printed, "too many open files") is None


def test_F7_many_processes_at_one_path(b):
    """64 at once; each has a trace of its own, and nobody another's."""
    books = [f"books.{i}" for i in range(64)]
    for name in books:
        b.open_books(name)
    os.mkdir(b.path("many"))
    running = [subprocess.Popen([b.path("ledger"), b.path(name), "1", str(500 + i)],
                                env={**b.env, "RHEAPER_TRACE": b.path("many/t.bin")},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
               for i, name in enumerate(books)]
    for process in running:
        assert process.communicate(timeout=240)[1] == b"" and process.returncode == 0
    names = sorted(os.listdir(b.path("many")))
    assert len(names) == 64, names
    pids, blocks = set(), []
    for name in names:
        trace = b.load("many/" + name)
        trace.check_sum()
        assert trace.ending == "exited" and trace.lost == 0, (name, trace.said)
        pids.add(trace.one("SELECT pid FROM processes")[0])
        blocks.append(b.seen(trace)[0][0])
    assert pids == {process.pid for process in running}
    assert sorted(blocks) == [2 * (500 + i) for i in range(64)], blocks


def test_P5_descriptors_closed_and_used_again(b):
    """The program gives every number that was open to a file of its own. The trace goes on."""
    rounds = 2500000 if LONG else 20000
    victim = os.urandom(100000)
    with open(b.path("victim"), "wb") as file:
        file.write(victim)
    result = b.start(2, rounds, "close", 3000)
    with open(b.path("victim"), "rb") as file:
        assert file.read() == victim, "the program's file was written to"
    trace = b.check_stopped(result, b.plain(2, rounds))
    assert trace.ending == "exited", trace.said


def check_event(b, event, *before):
    """What comes to pass after the start does not matter."""
    rounds = 100000 if LONG else 10000
    result = b.start(THREADS, rounds, event, 1000, before=before)
    trace = b.check_stopped(result, b.plain(THREADS, rounds))
    assert trace.ending == "exited", trace.said


def test_P6_directory_changes(b):
    check_event(b, "chdir")


def test_P6_root_changes(b):
    if not IS_ROOT:
        raise tap.Skip("needs root for chroot")
    check_event(b, "chroot")


def test_P7_user_changes(b):
    if not IS_ROOT:
        raise tap.Skip("needs root for setuid")
    check_event(b, "setuid")


def namespaces(*words):
    if not IS_ROOT or not shutil.which("unshare"):
        raise tap.Skip("needs root and unshare")
    if subprocess.run(["unshare", *words, "true"], capture_output=True).returncode != 0:
        raise tap.Skip("no namespaces can be made")
    return ("unshare", *words)


def test_F8_no_proc(b):
    before = (*namespaces("--mount"), "sh", "-c", 'umount -l /proc && exec "$@"', "sh")
    result = b.start(THREADS, 3000, before=before)
    trace = b.check_stopped(result, b.plain(THREADS, 3000))
    assert trace.ending == "exited", trace.said
    assert trace.one("SELECT executable FROM processes") == (b.path("ledger"),)


def test_F8_a_namespace_of_processes(b):
    for words in (("--pid", "--fork", "--mount-proc"), ("--pid", "--fork")):
        result = b.start(THREADS, 3000, before=namespaces(*words))
        trace = b.check_stopped(result, b.plain(THREADS, 3000))
        assert trace.ending == "exited", trace.said
        assert trace.one("SELECT pid FROM processes") == (1,)


STANDARD = """
#include <fcntl.h>
#include <stdlib.h>
int main(void)
{
	int open_ones = 0;
	free(malloc(1000));
	for (int fd = 0; fd < 3; fd++)
		open_ones |= (fcntl(fd, F_GETFD) >= 0) << fd;
	return open_ones << 2 | open("/dev/null", O_RDWR);
}
"""


def test_F10_standard_descriptors_closed(b):
    """They stay closed, and the program's first file gets the first number."""
    b.run(os.path.join(BINDIR, "rheaper-cc"), "-O0", b.file("standard.c", STANDARD), "-o",
          "standard")
    for closing, status in (("<&-", 6 << 2), (">&-", 5 << 2 | 1), ("2>&-", 3 << 2 | 2),
                            ("<&- >&- 2>&-", 0)):
        b.run("sh", "-c", f"exec ./standard {closing}", status=status,
              RHEAPER_TRACE=b.path("standard.bin"))
        b.run("sh", "-c", f"exec prlimit --nofile=64 ./standard {closing}", status=status,
              RHEAPER_TRACE=b.path("standard.bin"))
        for name in "standard.bin", "standard.bin.1":
            assert b.load(name).one("SELECT count(*) FROM allocations WHERE size = 1000") == (1,)
            os.remove(b.path(name))


def test_P11_zeros_in_the_middle(b):
    """Pages that a crash of the machine has lost: what they had is missing, and counted."""
    b.start(1, 20000)
    whole = b.load()
    b.check_whole(whole)
    with open(b.path("t.bin"), "r+b") as file:
        head = file.read(4096)
        region, = struct.unpack_from("<I", head, 24)
        first, = struct.unpack_from("<Q", head, 40)
        to_head, = struct.unpack_from("<I", head, 3432)
        size = os.fstat(file.fileno()).st_size
        n_chunks = 0
        for at in few(range(first, size, region)):
            n = 0
            for start, length in ((at, 4096), (at + 8192, 4096), (at, region)):
                file.seek(start)
                before = file.read(length)
                file.seek(start)
                file.write(bytes(len(before)))
                file.flush()
                trace = b.load()
                stamps = trace.events + sum(trace.losses.get(r, 0) for r in ("missing", "unwritten"))
                assert trace.status == 0 and stamps == whole.events, (trace.said, trace.losses)
                n += trace.lost
                file.seek(start)
                file.write(before)
                file.flush()
            file.seek(at + to_head)
            if file.read(6) == b"regn\2\0":  # a chunk
                n_chunks += 1
                assert n > 4096 // 24, (at, n)
    assert n_chunks > 1
    b.check_whole(b.load())


def test_F3_trace_cut_short(b):
    """By whoever may write to it, while it is mapped, to nothing and by half. A thread that
    stops at the cut before it has issued an event has none to count: what is said then is
    that later ones are missing."""
    rounds, lost = 20000, 0
    printed = b.plain(THREADS, rounds)
    for event in "empty", "halve":
        for when in few(range(0, 15000, 600)):
            result = b.start(THREADS, rounds, event, when)
            assert result.returncode == 0 and result.stdout == printed and not result.stderr, result
            trace = b.load()
            assert trace.status == (0 if event == "halve" else 2) and trace.said, trace.said
            if event == "halve":
                trace.check_sum(may_lack=True)
                assert trace.lost > 0 or trace.ending == "failed" and \
                    "later events are missing" in trace.said, (trace.ending, trace.losses, trace.said)
                lost += trace.lost
    print(f"# {lost} events counted as lost")


def test_F3_S7_no_other_bus_error(b):
    """What is none of ours ends the program as ever; also where we are not to look."""
    b.run(os.path.join(BINDIR, "rheaper-cc"), "-O0", "-D_GNU_SOURCE", b.file("bus.c", BUS), "-o",
          "bus")
    for how in "raise", "fault", "both":
        result = subprocess.run([b.path("bus"), how], capture_output=True, cwd=b.dir,
                                env={**b.env, "RHEAPER_TRACE": b.path("bus.bin")})
        assert result.returncode == -signal.SIGBUS, (how, result)
        trace = b.load("bus.bin")
        assert trace.status == 0 and trace.one(
            "SELECT count(*) FROM allocations WHERE size = 1000") == (1,)
        os.remove(b.path("bus.bin"))
    for how, wanted, status in (("own", "1", 7), ("query", "1", 8), ("query", "0", 0),
                                ("ours", "1", 0), ("ours", "0", -signal.SIGBUS),
                                ("blocked", "1", -signal.SIGBUS)):
        b.run(b.path("bus"), how, status=status, RHEAPER_TRACE=b.path("bus.bin"),
              RHEAPER_SIGBUS=wanted)
        os.remove(b.path("bus.bin"))


BUS = r"""
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static void *volatile sink;
/* A page of a file that has none. */
static int fault(void)
{
	int fd = open("empty", O_RDWR | O_CREAT, 0600);
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	page[8] = 1;
	return 0;
}
static void on_fault(int signal)
{
	_exit(signal);
}
/* The newest trace. */
static void cut(void)
{
	if (truncate("bus.bin", 0) != 0)
		_exit(99);
	free(sink = malloc(2000));
}
int main(int argc, char **argv)
{
	struct sigaction now;
	sigset_t all;
	const char *how = argc > 1 ? argv[1] : "";
	free(sink = malloc(1000));
	if (!strcmp(how, "raise"))
		return raise(SIGBUS);
	if (!strcmp(how, "both")) {
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		kill(getpid(), SIGBUS);
		sigprocmask(SIG_UNBLOCK, &all, NULL);
		return 0;
	}
	if (!strcmp(how, "own"))
		signal(SIGBUS, on_fault);
	if (!strcmp(how, "own") || !strcmp(how, "fault"))
		return fault();
	if (!strcmp(how, "query")) {
		sigaction(SIGBUS, NULL, &now);
		return now.sa_handler == SIG_DFL ? 0 : 8;
	}
	if (!strcmp(how, "blocked")) {
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
	}
	cut();
	return 0;
}
"""


tap.run(globals(), Bench)
