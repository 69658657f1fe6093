#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sampling: what is estimated is on the average what there is, and says how far off it
may be; nothing of the sample is lost.

usage: check-sampling.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import glob
import math
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys

import tap
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])
RUNS = 200
MEAN = 65536

# Sizes from 0 to 100,000, small ones oftener; every third block is kept, every
# seventh is resized. Prints blocks and bytes allocated, blocks and bytes live.
MIXTURE = """
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	unsigned long seed = 1, n = 0, bytes = 0, kept = 0, kept_bytes = 0;
	for (int i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		size_t size = (seed >> 40) % 100000 >> (seed >> 33) % 16;
		void *p = malloc(size);
		n++, bytes += size;
		if (i % 7 == 0) {
			size = 2 * size + 1;
			p = realloc(p, size);
			n++, bytes += size;
		}
		if (i % 3 == 0)
			kept++, kept_bytes += size;
		else
			free(p);
	}
	dprintf(1, "%lu %lu %lu %lu\\n", n, bytes, kept, kept_bytes);
	return 0;
}
"""


class Bench(Workbench):
    def build(self, text, *words, driver="gcc"):
        self.run(os.path.join(BINDIR, "rheaper-" + driver), "-O1", "-pthread", "-fno-builtin", *words,
                 self.file("main.c" if driver == "gcc" else "main.cpp", text), "-o", "program")

    def trace(self, **env):
        """Runs the program; what it printed, and its database."""
        for old in glob.glob(self.path("t.*")):
            os.remove(old)
        said = self.run("./program", RHEAPER_TRACE=self.path("t.bin"), **env)
        self.run(LOADER, "--quiet", "t.bin", "t.db")
        return said, sqlite3.connect(self.path("t.db"))


def lost(database):
    return dict(database.execute("SELECT reason, count FROM losses WHERE count > 0 AND"
                                 " reason <> 'foreign_free'"))


class Estimate:
    """A total and the variance of its estimate, by the blocks of a sample."""

    def __init__(self, rows, mean):
        self.total = self.variance = 0
        for size, value in rows:
            p = -math.expm1(-(size + 1) / mean)
            self.total += value / p
            self.variance += value * value * (1 - p) / (p * p)

    def holds(self, truth):
        """Whether the truth lies in the interval of 95 % confidence."""
        return abs(self.total - truth) <= 1.96 * math.sqrt(self.variance)


def estimates(database, mean):
    """Of blocks and bytes allocated, blocks and bytes live."""
    rows = database.execute("SELECT size, ending = 'live' FROM allocations").fetchall()
    live = [size for size, is_live in rows if is_live]
    return (Estimate([(size, 1) for size, _ in rows], mean),
            Estimate([(size, size) for size, _ in rows], mean),
            Estimate([(size, 1) for size in live], mean),
            Estimate([(size, size) for size in live], mean))


def test_estimates_are_unbiased(b):
    b.build(MIXTURE)
    runs = []
    for seed in range(1, RUNS + 1):
        said, database = b.trace(RHEAPER_SAMPLE_BYTES=str(MEAN), RHEAPER_SAMPLE_SEED=str(seed))
        runs.append(estimates(database, MEAN))
        assert lost(database) == {}
    truths = [int(word) for word in said.split()]
    for name, truth, of_runs in zip(("blocks", "bytes", "live blocks", "live bytes"), truths,
                                    zip(*runs)):
        totals = [e.total / truth - 1 for e in of_runs]
        bias, spread = statistics.mean(totals), statistics.stdev(totals)
        held = sum(e.holds(truth) for e in of_runs) / RUNS
        print(f"# {name}: {truth}, estimated {bias:+.2%}, spread {spread:.1%}, held in {held:.0%}")
        # A block of few bytes is seldom met, and stands for thousands then: their number
        # is estimated without bias, but spreads far more than that of the bytes.
        if "bytes" in name:
            assert abs(bias) < 0.01 and 0.90 <= held <= 0.99, (name, bias, held)
        else:
            assert abs(bias) < 3 * spread / math.sqrt(RUNS), (name, bias, spread)


def test_a_seed_repeats_a_run(b):
    b.build(MIXTURE)
    samples = []
    for seed in "77", "77", "78", "0", "0":
        database = b.trace(RHEAPER_SAMPLE_BYTES="1M", RHEAPER_SAMPLE_SEED=seed)[1]
        samples.append(database.execute("SELECT size FROM allocations ORDER BY alloc_after").fetchall())
    assert samples[0] == samples[1]
    assert len({str(sample) for sample in samples}) == 4, samples


def storm(b, *words, mean="1"):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases", "storm.c")) as case:
        b.build(case.read(), *words)
    _, database = b.trace(RHEAPER_SAMPLE_BYTES=mean)
    assert lost(database) == {}, lost(database)
    ends = dict(database.execute("SELECT ending, count(*) FROM allocations"
                                 " WHERE size >= 1024 AND alloc_thread > 1 GROUP BY ending"))
    assert ends["freed"] > 10000 / int(mean) and ends.keys() <= {"freed", "resized", "live"}, ends
    return ends


def test_threads_that_swap_blocks_lose_nothing(b):
    """With a mean of 1 all but the smallest blocks are of the sample, so the set is full
    and changes all the time; with 1,000 most blocks pass between recorded ones."""
    for mean in "1", "1000":
        for words in (), ("-static",):
            ends = storm(b, *words, mean=mean)
            assert "live" not in ends, (mean, words, ends)


def test_an_operator_and_its_malloc_are_one_block(b):
    """new calls malloc, which would count the bytes a second time."""
    b.build("""
        #include <stdio.h>
        #include <stdlib.h>
        int main() {
            for (int i = 0; i < 200000; i++) { delete[] new char[1000]; delete new long[4]; }
            for (int i = 0; i < 200000; i++) free(calloc(10, 100));
        }""", "-O0", driver="g++")
    _, database = b.trace(RHEAPER_SAMPLE_BYTES="10000", RHEAPER_SAMPLE_SEED="3")
    assert lost(database) == {}
    for function, truth in ("operator new[](unsigned long)", 200000), ("calloc", 200000):
        sizes = database.execute(
            "SELECT size, 1 FROM allocations JOIN stacks ON stack = bt JOIN allocators USING (allocator)"
            " WHERE name = ? AND size = 1000", (function,)).fetchall()
        found = Estimate(sizes, 10000)
        assert abs(found.total - truth) < 4 * math.sqrt(found.variance), (function, found.total)
    assert database.execute("SELECT count(*) FROM allocations JOIN stacks ON stack = bt JOIN allocators"
                            " USING (allocator) WHERE name = 'malloc' AND size < 2000").fetchone()[0] == 0
    assert database.execute("SELECT count(*) FROM mismatches WHERE allocated_by NOT LIKE"
                            " 'operator new%'").fetchone()[0] == 0


def test_every_thread_draws_for_itself(b):
    b.build("""
        #include <pthread.h>
        #include <stdlib.h>
        static void *run(void *unused) { for (int i = 0; i < 20000; i++) free(malloc(500)); return unused; }
        int main(void) {
            for (int i = 0; i < 40; i++) {
                pthread_t t; pthread_create(&t, NULL, run, NULL); pthread_join(t, NULL);
            }
        }""")
    _, database = b.trace(RHEAPER_SAMPLE_BYTES="50K", RHEAPER_SAMPLE_SEED="9")
    assert lost(database) == {}
    per_thread = [n for (n,) in database.execute(
        "SELECT count(*) FROM allocations WHERE size = 500 GROUP BY alloc_thread")]
    assert len(per_thread) == 40 and len(set(per_thread)) > 15, per_thread
    expected = 20000 * -math.expm1(-501 / 51200)
    assert abs(statistics.mean(per_thread) - expected) < 4 * math.sqrt(expected / 40), per_thread


def test_every_child_draws_for_itself(b):
    """Or the errors of the processes of one program would add up."""
    b.build("""
        #include <stdlib.h>
        #include <sys/wait.h>
        #include <unistd.h>
        static void use(int n) { for (int i = 0; i < n; i++) free(malloc(100 + i % 400)); }
        int main(void) {
            use(2000);
            for (int i = 0; i < 4; i++) {
                if (fork() == 0) { use(20000); exit(0); }
                wait(NULL);
            }
        }""")
    for old in glob.glob(b.path("t.*")):
        os.remove(old)
    b.run("./program", RHEAPER_TRACE=b.path("t.%p"), RHEAPER_SAMPLE_BYTES="16K", RHEAPER_FOLLOW_FORK="1")
    traces = sorted(glob.glob(b.path("t.*")))
    b.run(LOADER, "--quiet", *traces, "t.db")
    drawn = [sizes for (sizes,) in sqlite3.connect(b.path("t.db")).execute(
        "SELECT group_concat(size) FROM (SELECT * FROM allocations ORDER BY process, alloc_after, block)"
        " GROUP BY process HAVING count(*) > 200")]
    assert len(drawn) == 4 == len(set(drawn)), (len(traces), len(drawn), len(set(drawn)))


def test_stacks_by_rate(b):
    b.build(MIXTURE)
    said, database = b.trace(RHEAPER_SAMPLE_RATE="0.25", RHEAPER_SAMPLE_SEED="4")
    n, taken = database.execute(
        "SELECT count(*), sum(bt IN (SELECT stack FROM stack_frames)) FROM allocations"
        " WHERE size < 200001").fetchone()
    assert lost(database) == {}
    assert abs(n - int(said.split()[0])) <= 4, (n, said)
    assert abs(taken / n - 0.25) < 4 * math.sqrt(0.25 * 0.75 / n), taken / n
    assert database.execute("SELECT sample_rate FROM processes").fetchone() == (0.25,)
    names = {name for (name,) in database.execute(
        "SELECT DISTINCT name FROM allocations JOIN stacks ON stack = bt JOIN allocators USING (allocator)"
        " WHERE stack NOT IN (SELECT stack FROM stack_frames)")}
    assert names == {"malloc", "realloc"}, names


def test_no_stack_at_all(b):
    b.build(MIXTURE)
    _, database = b.trace(RHEAPER_SAMPLE_RATE="0")
    assert database.execute("SELECT count(*) FROM allocations WHERE bt IN"
                            " (SELECT stack FROM stack_frames)").fetchone()[0] == 0


def test_bad_values_are_named(b):
    b.build("int main(void) { return 0; }")
    for name, value, default in (
            ("RHEAPER_SAMPLE_BYTES", "-1", "0 to 4294967295; 0"), ("RHEAPER_SAMPLE_BYTES", "4G", "0 to"),
            ("RHEAPER_SAMPLE_RATE", "1.5", "0 to 1; 1"), ("RHEAPER_SAMPLE_RATE", ".", "0 to 1"),
            ("RHEAPER_SAMPLE_RATE", "50%", "0 to 1"), ("RHEAPER_SAMPLE_RATE", "0.5x", "0 to 1")):
        for old in glob.glob(b.path("t.*")):
            os.remove(old)
        result = subprocess.run([b.path("program")], env={**b.env, name: value, "RHEAPER_TRACE": b.path("t.bin")},
                                text=True, capture_output=True, check=True)
        assert result.stderr.count("\n") == 1, result.stderr
        assert f"{name}={value} is not a value from {default}" in result.stderr, result.stderr


PROBED = """
#include <stdio.h>
#include <stdlib.h>
static void *volatile keep;
int main(void)
{
	for (size_t i = 0; i < 10; i++) {
		keep = malloc(1000 + i);
		printf("alloc %p %zu %zu\\n", keep, 1000 + i, 1000 + i);
		if (i % 2)
			continue;
		printf("free %p\\n", keep);
		free(keep);
	}
	return 0;
}
"""


def probes_of(path):
    """What readelf says of the notes: {name: arguments}."""
    notes = subprocess.run(["readelf", "-W", "-n", path], text=True, capture_output=True, check=True).stdout
    lines = [line.strip() for line in notes.splitlines()]
    return {lines[i + 1].split(": ")[1]: lines[i + 3].split(": ")[1]
            for i, line in enumerate(lines) if line.endswith("Provider: otel_memory")}


def test_probes_are_in_every_kind_of_program(b):
    """With their arguments in the registers of a call, whatever links."""
    if os.uname().machine != "x86_64":
        return
    linkers = [[f"-fuse-ld={name}"] for name, tool in (("gold", "ld.gold"), ("lld", "ld.lld"), ("mold", "mold"))
               if shutil.which(tool)]
    for words in [[], ["-static"], ["-static-pie"], ["-no-pie"], ["-flto", "-O2"], ["-Wl,--gc-sections"], *linkers]:
        b.build(PROBED, *words)
        assert probes_of(b.path("program")) == {"alloc": "8@%rdi 8@%rsi 8@%rdx", "free": "8@%rdi"}, words
    if shutil.which("musl-gcc"):
        b.env["RHEAPER_REAL_CC"] = "musl-gcc"
        b.build(PROBED, "-static")
        del b.env["RHEAPER_REAL_CC"]
        assert len(probes_of(b.path("program"))) == 2


def test_probes_tell_of_the_sample(b):
    """A debugger that attaches to them sees each block as the program's ledger has it: with a
    mean of one byte all are recorded, and stand for themselves."""
    if not shutil.which("gdb"):
        raise tap.Skip("no gdb")
    b.build(PROBED)
    # By the notes that readelf reads, and by the registers that they name
    script = b.file("script", "set debuginfod enabled off\nset breakpoint pending on\n"
                    "break -probe-stap otel_memory:alloc\ncommands\nsilent\n"
                    'printf "\\nseen alloc %#lx %lu %lu\\n", $rdi, $rsi, $rdx\ncont\nend\n'
                    "break -probe-stap otel_memory:free\ncommands\nsilent\n"
                    'printf "\\nseen free %#lx\\n", $rdi\ncont\nend\nrun\n')
    for usdt in "1", "0":
        for old in glob.glob(b.path("p.bin*")):
            os.remove(old)
        result = subprocess.run(["gdb", "-nx", "-batch", "-x", script, b.path("program")], cwd=b.dir, text=True,
                                capture_output=True, timeout=120, stdin=subprocess.DEVNULL, env={
                                    **b.env, "RHEAPER_TRACE": "p.bin", "RHEAPER_USDT": usdt, "RHEAPER_SAMPLE_BYTES": "1"})
        if "exited normally" not in result.stdout:
            raise tap.Skip("gdb cannot run a program here")
        lines = result.stdout.splitlines()
        ledger = [line for line in lines if line.startswith(("alloc ", "free "))]
        seen = [line[5:] for line in lines if line.startswith("seen ")]
        assert len(ledger) == 15, result.stdout
        if usdt == "1":
            assert set(ledger) <= set(seen), (ledger, seen)
        else:
            assert not seen, seen


tap.run(globals(), Bench)
