#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-check on programs whose leaks are known by construction, and on traces and
databases that do not tell all.

usage: check-check.py RHEAPER-CHECK RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

SARIF is checked against its schema if RHEAPER_SARIF_SCHEMA names the file and jsonschema is
installed. Prints TAP, one point per test_ function.
"""
import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as xml

import tap
from workbench import Workbench

CHECK, LOADER, BIN, SOURCE = (os.path.abspath(path) for path in sys.argv[1:5])

# Leaks as many blocks at each place as its arguments say: make is reached through
# known, which calls it many times, and through tail, whose last act is the call.
PROGRAM = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define OWN __attribute__((noinline))
static void *volatile keep;
static OWN void *make(size_t size)
{
	void *p = malloc(size);
	memset(p, 1, size);
	return p;
}
static void known(int n)
{
	for (int i = 0; i < n; i++)
		keep = make(100); /* HERE */
}
static OWN void *tail(size_t size) { return make(size); }
static OWN void other(int n)
{
	for (int i = 0; i < n; i++)
		keep = calloc(1, 10);
}
int main(int argc, char **argv)
{
	int n[4] = {0};
	for (int i = 1; i < argc && i <= 4; i++)
		n[i - 1] = atoi(argv[i]);
	known(n[0]);
	if (n[1])
		keep = tail(50);
	other(n[2]);
	for (int i = 0; i < 1000; i++) {
		keep = malloc(64);
		free(keep);
	}
	if (n[3])
		_exit(0);
	return 0;
}
"""
HERE = PROGRAM[:PROGRAM.index("/* HERE")].count("\n") + 1


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.env.update(TMPDIR=self.path("tmp"))
        os.mkdir(self.path("tmp"))
        self.n = 0
        self.build("app")

    def build(self, name, compiler="rheaper-gcc", *flags, text=PROGRAM):
        """A program in a directory of its own: one of that name may be there already."""
        self.n += 1
        folder = self.path(f"build{self.n}")
        os.mkdir(folder)
        source = self.file("program.cpp" if "++" in compiler else "program.c", text)
        self.run(f"{BIN}/{compiler}", "-g", *flags, source, "-o", f"{folder}/{name}")
        self.program = f"{folder}/{name}"
        return self.program

    def trace(self, *words, program=None, **env):
        """The trace of a run."""
        self.n += 1
        trace = self.path(f"t{self.n}.bin")
        self.run(program or self.path("build1/app"), *map(str, words), RHEAPER_TRACE=trace, **env)
        return trace

    def load(self, *traces):
        self.n += 1
        database = self.path(f"d{self.n}.db")
        self.run(LOADER, "-q", *traces, database, silent=False)
        return database

    def check(self, status, *words, **env):
        """What it says, with an exit status that must be so; nothing temporary is left."""
        result = subprocess.run([CHECK, *words], cwd=self.dir, env={**self.env, **env}, text=True,
                                capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        assert result.returncode == status, (words, result)
        assert os.listdir(self.path("tmp")) == [], os.listdir(self.path("tmp"))
        assert status == 2 or result.stderr == "", result
        return result.stdout + result.stderr

    def json(self, status, *words):
        result = subprocess.run([CHECK, "--json", *words], cwd=self.dir, env=self.env, text=True,
                                capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        assert result.returncode == status, (words, result)
        said = json.loads(result.stdout)
        assert said["status"] == status, said
        return said

    def baseline(self, *words, trace=None):
        self.n += 1
        path = self.path(f"baseline{self.n}")
        self.check(0, "--write-baseline", path, *words, trace or self.trace(2, 1))
        return path

    def change(self, database, sql):
        self.n += 1
        changed = self.path(f"changed{self.n}.db")
        shutil.copy(database, changed)
        with sqlite3.connect(changed) as db:
            db.executescript(sql)
        return changed


def read(path):
    with open(path) as text:
        return text.read()


def test_no_leak_is_fine(b):
    assert "0 findings; 0 call sites leak; 1 process" in b.check(0, b.trace())
    assert b.check(0, "-q", b.trace()) == ""


def test_a_leak_is_found_with_its_line(b):
    trace = b.trace(3)
    for profile in trace, b.load(trace):
        said = b.check(1, profile)
        assert "leak: app: 3 blocks, 300 bytes\n    malloc\n      make  " in said, said
        assert re.search(rf"known  \S*program\.c:{HERE}\n      main  \S*program\.c:\d+\n1 finding", said), said
        assert "\033" not in said
    assert b.check(1, "--quiet", trace) == ""


def test_colours_are_for_a_terminal(b):
    trace = b.trace(1)
    for env, coloured in ({}, True), ({"NO_COLOR": "1"}, False):
        leader, follower = pty.openpty()
        process = subprocess.Popen([CHECK, trace], env={**b.env, **env}, stdout=follower)
        os.close(follower)
        said = b""
        while True:
            try:
                more = os.read(leader, 4096)
            except OSError:
                break
            if not more:
                break
            said += more
        os.close(leader)
        assert process.wait() == 1
        assert b"1 block, 100 bytes" in said and (b"\033[" in said) == coloured, said


def test_json_has_it_all(b):
    said = b.json(1, b.trace(3))
    finding, = said["findings"]
    assert finding["finding"] == "leak" and finding["kind"] == "unknown", finding
    assert finding["now"]["leak-blocks"] == 3 and finding["now"]["leak-bytes"] == 300
    assert [f["sym"] for f in finding["frames"]][:3] == ["make", "known", "main"]
    assert finding["frames"][1]["line"] == HERE, finding
    assert said["verdict"] == "finding" and said["runs"] == said["processes"] == 1


def test_a_baseline_knows_leaks(b):
    baseline = b.baseline()
    assert read(baseline) == (
        "rheaper-baseline 1\n\nsite app\n\tleak-blocks 2\n\tleak-bytes 200\n\tat make\n"
        "\tat known\n\tat main\n\nsite app\n\tleak-blocks 1\n\tleak-bytes 50\n\tat make\n"
        "\tat tail\n\tat main\n"), read(baseline)
    assert "0 findings; 2 call sites leak, 2 known, 0 better" in b.check(
        0, "-b", baseline, b.trace(2, 1))
    again = b.baseline()
    assert read(again) == read(baseline)
    assert os.stat(baseline).st_mode & 0o444 == 0o444 & ~os.umask(os.umask(0)), os.stat(baseline)


def test_a_new_leak_is_found(b):
    baseline = b.baseline()
    said = b.check(1, "-b", baseline, b.trace(2, 1, 4))
    assert "new leak: app: 4 blocks, 40 bytes\n    calloc\n      other" in said, said
    assert "1 finding; 3 call sites leak, 2 known" in said, said
    # Not even where it calls what leaked already, and that is better
    said = b.check(1, "-b", b.baseline(trace=b.trace(2)), b.trace(0, 1))
    assert "new leak: app: 1 block, 50 bytes" in said and "leaks no more" in said, said


def test_growth_has_a_tolerance(b):
    baseline, trace = b.baseline(), b.trace(4, 1)
    said = b.check(1, "-b", baseline, trace)
    assert "leak grew: app: 4 blocks, 400 bytes (the baseline has 2 blocks, 200 bytes)" in said, said
    growth = ["--max-growth=leak-blocks=100%", "--max-growth=leak-bytes=200"]
    b.check(0, "-b", baseline, *growth, trace)
    b.check(1, "-b", baseline, *growth, b.trace(5, 1))
    b.check(1, "-b", baseline, growth[0], trace)
    b.check(1, "-b", baseline, growth[1], trace)


def test_a_baseline_survives_moved_code(b):
    baseline = b.baseline()
    moved = PROGRAM.replace("static void known", "\n" * 50 + "static void known")
    program = b.build("app", "rheaper-gcc", text=moved)
    b.check(0, "-b", baseline, b.trace(2, 1, program=program))
    said = b.check(1, "-b", baseline, b.trace(3, 1, program=program))
    assert f"program.c:{HERE + 50}\n" in said, said


def test_one_baseline_for_all_compilers(b):
    builds = [b.build("app", compiler, flag) for compiler, flag in (
        ("rheaper-gcc", "-O0"), ("rheaper-gcc", "-O2"), ("rheaper-clang", "-O2"),
        ("rheaper-gcc", "-O3"), ("rheaper-clang", "-O0")) if shutil.which(compiler[8:])]
    stacks = set()
    for first in builds:
        baseline = b.baseline(trace=b.trace(2, 1, 3, program=first))
        stacks.add(read(baseline))
        for second in builds:
            b.check(0, "-b", baseline, b.trace(2, 1, 3, program=second))
            said = b.check(1, "-b", baseline, b.trace(2, 1, 4, program=second))
            assert "1 finding" in said and "other" in said, said
    assert len(stacks) > 1  # an optimization took a frame away, or nothing is shown


def test_cxx_names_are_plain(b):
    text = """
#include <vector>
namespace { template <class T> struct Box { T *make() { return new T[4]; } }; }
void *volatile keep;
int main()
{
%s	auto leak = [](int n) { keep = Box<int>().make(); return n; };
	keep = Box<long>().make();
	return leak(0);
}
"""
    baseline = None
    for lambdas in "", "\tauto none = [] { return 0; };\n\tnone();\n":
        for compiler in "rheaper-g++", "rheaper-clang++":
            if not shutil.which(compiler[8:]):
                continue
            program = b.build("app", compiler, text=text % lambdas)
            trace = b.trace(program=program)
            baseline = baseline or b.baseline(trace=trace)
            b.check(0, "-b", baseline, trace)
    assert "\tat ::Box::make\n\tat main::{lambda}::operator()\n\tat main\n" in read(baseline), read(baseline)
    assert "\tat ::Box::make\n\tat main\n" in read(baseline), read(baseline)


def test_what_got_better_is_said_and_kept(b):
    baseline = b.baseline(trace=b.trace(3, 1, 2))
    fixed = b.trace(1, 0, 2)
    before = read(baseline)
    said = b.check(0, "-b", baseline, fixed)
    assert "better: app: leaks less: 1 block, 100 bytes; it was 3 blocks, 300 bytes\n" in said, said
    assert "better: app: leaks no more; it was 1 block, 50 bytes\n      make\n      tail\n" in said, said
    assert read(baseline) == before
    b.check(0, "-b", baseline, "--update-baseline", fixed)
    assert read(baseline) == read(b.baseline(trace=fixed)), read(baseline)
    b.check(1, "-b", baseline, b.trace(1, 1, 2))


def test_a_ratchet_never_goes_back(b):
    baseline = b.baseline(trace=b.trace(2, 1))
    b.check(1, "-b", baseline, "--update-baseline", b.trace(5, 0, 1))
    assert read(baseline) == read(b.baseline(trace=b.trace(2))), read(baseline)


def test_a_ratchet_keeps_what_other_compilers_lose(b):
    slow, fast = b.build("app", "rheaper-gcc", "-O0"), b.build("app", "rheaper-gcc", "-O2")
    baseline = b.baseline(trace=b.trace(2, 1, program=slow))
    before = read(baseline)
    b.check(0, "-b", baseline, "--update-baseline", b.trace(2, 1, program=fast))
    assert read(baseline) == before


def test_a_program_that_did_not_run_stays(b):
    other = b.build("another")
    baseline = b.baseline(trace=b.load(b.trace(2), b.trace(1, program=other)))
    b.check(0, "-b", baseline, "--update-baseline", b.trace(2))
    assert "site another\n" in read(baseline)


def test_processes_of_a_program_add_up(b):
    traces = [b.trace(1), b.trace(2), b.trace(3)]
    assert "leak: app: 6 blocks, 600 bytes" in b.check(1, *traces)
    baseline = b.baseline(trace=b.load(*traces))
    b.check(0, "-b", baseline, *traces)
    b.check(1, "-b", baseline, *traces, b.trace(1))


def test_totals_grow_where_asked(b):
    baseline = b.baseline("--max-growth=allocations=1%", "--max-growth=peak=0")
    assert re.search(r"program app\n\tallocations 1003\n\tpeak \d+\n", read(baseline)), read(baseline)
    more = b.trace(2, 1, 0)
    b.check(0, "-b", baseline, "--max-growth=allocations=0", "--max-growth=peak=0", more)
    grown = b.trace(40, 1)
    tolerant = ["-b", baseline, "--max-growth=leak-blocks=100", "--max-growth=leak-bytes=1M"]
    b.check(0, *tolerant, grown)
    said = b.check(1, *tolerant, "--max-growth=allocations=1%", grown)
    assert "growth: app: allocations 1041 (the baseline has 1003, +3.8 %)" in said, said
    b.check(0, *tolerant, "--max-growth=allocations=4%", grown)
    said = b.check(1, *tolerant, "--max-growth=peak=10%", grown)
    assert "growth: app: peak " in said, said
    said = b.check(0, *tolerant, "--max-growth=bytes=0", grown)
    assert "note: the baseline does not have the bytes of app: not compared" in said, said
    b.check(0, "-b", baseline, "--max-growth=allocations=0", "--update-baseline", b.trace(1, 1))
    assert "\tallocations 1002\n" in read(baseline), read(baseline)


def test_allocations_of_a_site_grow(b):
    asked = "--max-growth=site-allocations=10%"
    baseline = b.baseline(asked)
    assert "\tallocations 1000\n\tat main\n" in read(baseline), read(baseline)
    b.check(0, "-b", baseline, asked, b.trace(2, 1))
    more = b.build("app", text=PROGRAM.replace("i < 1000", "i < 1200"))
    said = b.check(1, "-b", baseline, asked, b.trace(2, 1, program=more))
    assert "growth: app: allocations 1200 (the baseline has 1000, +20.0 %)\n    malloc\n      main" in said, said
    b.check(0, "-b", baseline, "--max-growth=site-allocations=200", b.trace(2, 1, program=more))


def test_limits_hold_in_any_case(b):
    trace = b.trace(3)
    baseline = b.baseline(trace=trace)
    for limit, most in ("allocations", 1003), ("leak-blocks", 3), ("leak-bytes", 300):
        b.check(0, "-b", baseline, f"--limit={limit}={most}", trace)
        said = b.check(1, "-b", baseline, f"--limit={limit}={most - 1}", trace)
        assert f"over the limit: app: {limit} {most}, the limit is {most - 1}" in said, said
    b.check(0, "-b", baseline, "--limit=peak=1M", trace)
    b.check(1, "-b", baseline, "--limit=peak=99", trace)


def test_partial_traces_tell_nothing(b):
    trace = b.trace(0, 0, 0, 1)  # _exit
    said = b.check(2, trace)
    assert "partial: " in said and "cannot tell" in said, said
    b.check(2, b.trace(0, 0, 0, 1), b.trace())
    result = b.json(2, trace)
    assert result["problems"][0]["defect"] == "partial" and result["verdict"] == "cannot tell"
    for words, status in (trace, 0), (b.trace(3, 0, 0, 1), 1):
        result = subprocess.run([CHECK, "--allow-partial", words], env=b.env, capture_output=True)
        assert result.returncode == status, result


def test_every_loss_is_partial(b):
    database = b.load(b.trace(1))
    with sqlite3.connect(database) as db:
        reasons = [row[0] for row in db.execute("SELECT reason FROM losses")]
    harmless = {"foreign_free", "foreign_realloc", "unseen_free", "unpaired_scope_end", "clock_inversions"}
    assert harmless < set(reasons) and len(reasons) > 15, reasons
    changes = [(f"UPDATE losses SET count = 1 WHERE reason = '{reason}'", 1 if reason in harmless else 2)
               for reason in reasons]
    changes += [("UPDATE totals SET value = 1 WHERE name = 'lost'", 2),
                ("UPDATE processes SET ring = 1, max_bytes = 4096", 2)]
    changes += [(f"UPDATE processes SET ending = '{ending}'", 2)
                for ending in ("full", "failed: No space left on device", "unknown", "exit", "")]
    for change, status in changes:
        changed = b.change(database, change)
        b.check(status, changed)
        b.check(1, "--allow-partial", changed)


def test_what_was_live_at_a_cut_is_no_leak(b):
    database = b.load(b.trace(1))
    for ending in "stopped", "snapshot":
        said = b.check(0, b.change(database, f"UPDATE processes SET ending = '{ending}'"))
        assert "note: " in said and "not judged" in said, said


def test_a_sample_convicts_and_does_not_acquit(b):
    clean, leaking = b.load(b.trace()), b.load(b.trace(1))
    sampled = "UPDATE processes SET sample_bytes = 512"
    assert "figures are estimates" in b.check(1, b.change(leaking, sampled))
    assert "figures are estimates" in b.check(2, b.change(clean, sampled))
    b.check(0, "--allow-partial", b.change(clean, sampled))


def test_no_baseline_of_a_partial_trace(b):
    baseline, trace = b.baseline(), b.trace(0, 0, 0, 1)
    before = read(baseline)
    b.check(2, "--baseline", baseline, "--update-baseline", trace)
    assert read(baseline) == before
    b.check(2, "--write-baseline", b.path("never"), trace)
    assert not os.path.exists(b.path("never"))


def test_what_cannot_be_read_is_no_verdict(b):
    trace = b.trace(1)
    database = b.load(trace)
    whole = open(database, "rb").read()
    damaged = bytearray(whole)
    for page in range(1, len(whole) // 4096):  # all but the first, which has the schema
        damaged[page * 4096:page * 4096 + 64] = b"\xff" * 64
    files = {"empty": b"", "text": b"hello\n" * 1000, "torn.db": whole[:len(whole) // 2],
             "damaged.db": bytes(damaged), "head.db": whole[:100],
             "torn.bin": open(trace, "rb").read()[:4000]}
    for name, content in files.items():
        with open(b.path(name), "wb") as out:
            out.write(content)
        b.check(2, b.path(name))
        b.check(2, "--allow-partial", b.path(name), database)
    for path in b.path("none"), b.dir, "/dev/null":
        b.check(2, path)


def test_databases_that_lie_are_refused(b):
    database = b.load(b.trace(1))
    for change in ("PRAGMA user_version = 99", "PRAGMA application_id = 1", "DELETE FROM processes",
                   "DELETE FROM totals", "DROP TABLE frames", "DELETE FROM frames",
                   "UPDATE stack_totals SET live_blocks = -1", "UPDATE stack_totals SET process = 77",
                   "UPDATE totals SET value = -5"):
        b.check(2, b.change(database, change))
    said = b.check(1, b.change(database, "UPDATE frames SET sym = char(27) || '[2J' || x'ff'"))
    assert "\033" not in said and "\\x1b[2J\\xff" in said, said
    b.check(1, b.change(database, "UPDATE stack_totals SET live_bytes = 9223372036854775807"))


def test_wrong_words_are_refused(b):
    trace = b.trace()
    for words in ([], ["--nothing", trace], ["--max-growth=peak", trace], ["--max-growth=x=1", trace],
                  ["--max-growth=peak=x", trace], ["--max-growth=peak=-1%", trace], ["--limit=peak=5%", trace],
                  ["--limit=site-bytes=5", trace], ["--update-baseline", trace],
                  ["-b", "x", "--write-baseline", "y", trace], ["--report=x", trace],
                  ["--report=json=", trace], ["--json", "-q", trace], ["--json", "--report=text", trace],
                  ["-b", b.path("none"), trace], ["--write-baseline", b.path("no/such"), trace],
                  ["--report=json=" + b.path("no/such"), trace]):
        assert "rheaper-check: " in b.check(2, *words), words
    assert b.check(0, "--version").startswith("rheaper-check (rheaper) ")
    usage = b.check(0, "--help")
    page = read(SOURCE + "/docs/man/rheaper-check.1.scd")
    for option in re.findall("--[a-z][a-z-]+", usage):
        assert option in page, option


def test_reports_go_to_files(b):
    trace = b.trace(1)
    said = b.check(1, "--report=json=" + b.path("r.json"), trace)
    assert "1 finding" in said
    assert json.loads(read(b.path("r.json")))["status"] == 1
    assert b.check(1, "-q", "--report=text=" + b.path("r.txt"), trace) == ""
    assert read(b.path("r.txt")) == said


# What each line of a suppression is, and whether it takes the leak of known away, that
# of tail, or both
SUPPRESSIONS = [
    ("leak:known", 1, 0),
    ("leak:^known$", 1, 0),
    ("leak:^now", 0, 0),
    ("leak:kno*wn", 1, 0),
    ("leak:program.c", 1, 1),
    ("leak:app$", 1, 1),
    ("leak:malloc", 1, 1),
    ("suppress x\n\tat known", 1, 0),
    ("suppress x\n\tat 1 known\n\tuntil 2999-12-31", 1, 0),
    ("suppress x\n\tat 2 known", 0, 0),
    ("suppress x\n\tat 0 make\n\tat -1 main", 1, 1),
    ("suppress x\n\tat -2 tail", 0, 1),
    ("suppress x\n\tat make\n\tprogram b*", 0, 0),
    ("suppress x\n\tat ma?e\n\tprogram a*\n\tin 0 app\n\n# end", 1, 1),
    ("suppress x\n\tat make\n\tuntil 2001-01-01", 0, 0),
    ("{\n  x\n  Memcheck:Leak\n  fun:malloc\n  fun:make\n}", 1, 1),
    ("{\n  x\n  Memcheck:Leak\n  match-leak-kinds: definite\n  fun:malloc\n  ...\n  fun:known\n}", 1, 0),
    ("{\n  x\n  Helgrind,Memcheck:Leak\n  ...\n  obj:*/app\n}", 1, 1),
    ("{\n  x\n  Memcheck:Leak\n  fun:malloc\n  fun:known\n}", 0, 0),
    (f"{{\n  x\n  Memcheck:Leak\n  ...\n  src:program.c:{HERE}\n  fun:main\n}}", 1, 0),
    ("{\n  x\n  Memcheck:Cond\n  fun:*\n}", 0, 0),
]


def test_suppressions(b):
    traces = {(1, 1): b.load(b.trace(2, 1)), (0, 0): b.load(b.trace())}
    for text, known, tail in SUPPRESSIONS:
        path = b.file("supp", text + "\n")
        said = b.json(0 if known and tail else 1, "-s", path, traces[1, 1])
        assert len(said["findings"]) == 2 - known - tail, (text, said)
        assert said["suppressed"]["leak-bytes"] == 200 * known + 50 * tail, (text, said)
        unused = [note for note in said["notes"] if path in note]
        if not known and not tail and "Cond" not in text:
            assert len(unused) == 1 and f":{1 + text.startswith('{')} " in unused[0], (text, said)
            assert ("is over" if "2001" in text else "was not used") in unused[0], (text, said)
        else:
            assert unused == [], (text, said)
        assert "was not used: " in b.check(0, "-s", path, traces[0, 0]) or "Cond" in text or "2001" in text
    all_at_once = b.file("all", "".join(text + "\n" for text, _, _ in SUPPRESSIONS))
    assert "suppressed: 3 blocks, 250 bytes" in b.check(0, "-s", all_at_once, traces[1, 1])


def test_a_suppression_ends_with_its_day(b):
    trace = b.load(b.trace(1))
    path = b.file("supp", "suppress x\n\tat known\n\tuntil 2026-02-28\n")
    for day, status in (1772236800, 0), (1772323199, 0), (1772323200, 1):  # that day, and the next
        b.check(status, "-s", path, trace, SOURCE_DATE_EPOCH=str(day))


def test_what_is_no_suppression_is_refused(b):
    trace = b.load(b.trace())
    for text in ("leak:", "leak:^", "leak:^$", "race:x", "suppress x", "suppress x\n\tat ", "suppress x\n\tto y",
                 "suppress x\n\tat y\n\tuntil 2026-13-01", "suppress x\n\tat y\n\tuntil tomorrow",
                 "{\n  x\n  Memcheck:Leak\n}", "{\n  x\n  Memcheck:Leak\n  fun:y", "{", "{\n  x\n  Memcheck:Leak\n  y\n}"):
        said = b.check(2, "-s", b.file("supp", text + "\n"), trace)
        assert "supp, line " in said, (text, said)
    b.check(2, "-s", b.path("none"), trace)


def test_a_suppressed_leak_is_no_growth(b):
    path = b.file("supp", "leak:known\n")
    baseline = b.baseline("-s", path)
    assert "known" not in read(baseline) and "tail" in read(baseline)
    b.check(0, "-b", baseline, "-s", path, "--limit=leak-bytes=50", b.trace(9, 1))
    b.check(1, "-b", baseline, b.trace(9, 1))


SCOPES = """
#include <rheaper.h>
#include <stdio.h>
#include <stdlib.h>
#define OWN __attribute__((noinline))
static void *volatile keep;
static OWN void *node(void) { return malloc(10); }
static void parse(int n, int leak)
{
	RHEAPER_SCOPE("parse");
	for (int i = 0; i < n; i++) {
		keep = node();
		if (!leak)
			free(keep);
	}
	keep = calloc(1, 5);
	free(keep);
	RHEAPER_SCOPE("inner");
}
int main(void)
{
	void *later;
	rheaper_mark("warm");
	puts("");
	parse(2, 0);
	parse(3, 0);
	parse(1, 1);
	later = malloc(7);
	rheaper_mark("done");
	free(later);
	return 0;
}
"""
# Rules, and what is said of those that do not hold: the truth is in SCOPES
EXPECTATIONS = [
    ("scope parse\n\tallocations 4\n\tbytes 35\n\tkept-blocks 1\n\tleak-bytes 10", []),
    ("scope parse\n\tallocations 3", ["allocations 4, at most 3 expected; in 1 of 3 scopes parse"]),
    ("scope p*e\n\tallocations 2", ["allocations 4, at most 2 expected; in 2 of 3 scopes parse"]),
    ("scope parse\n\tbytes 14", ["bytes 35, at most 14 expected; in 3 of 3 scopes parse"]),
    ("scope parse\n\tno leak\n\tkept-bytes 9", ["kept-bytes 10, at most 9 expected; in 1 of 3 scopes parse",
                                           "leak-blocks 1, at most 0 expected; in 1 of 3 scopes parse"]),
    ("scope parse\n\tat 0 node\n\tallocations 3", []),
    ("scope parse\n\tat 0 node\n\tat -1 main\n\tallocations 2", ["allocations 3, at most 2 expected; in 1 of 3 scopes parse"]),
    ("scope parse\n\tat other\n\tallocations 0", []),
    ("scope inner\n\tallocations 0\n\tno leak", []),
    ("scope nowhere\n\tallocations 9", ["there is no scope nowhere"]),
    ("scope nowhere\n\tallocations 9\n\toptional", []),
    ("scope parse\n\tprogram other\n\tallocations 9", ["there is no scope parse"]),
    ("phase warm\n\tat node\n\tallocations 6\n\tkept-blocks 1", []),
    ("phase warm\n\tkept-blocks 1", ["kept-blocks 2, at most 1 expected; in 1 of 1 phases warm"]),
    ("phase warm\n\tleak-blocks 1", []),
    ("phase done\n\tbytes 0", []),
    ("at main\n\tat 0 node\n\tallocations 6\n\tbytes 60\n\tleak-blocks 1", []),
    ("at 0 node\n\tallocations 5\n\tprogram a*", ["allocations 6, at most 5 expected; in 1 of 1 processes"]),
    ("no leak", ["leak-blocks 1, at most 0 expected; in 1 of 1 processes"]),
]


def test_budgets(b):
    program = b.build("app", "rheaper-gcc", f"-I{SOURCE}/include", text=SCOPES)
    trace = b.load(b.trace(program=program))
    baseline = b.baseline(trace=trace)
    for rule, broken in EXPECTATIONS:
        path = b.file("expect", "# Rules\n\nexpect it is so\n\t" + rule + "\n")
        said = b.json(1 if broken else 0, "-b", baseline, "-e", path, trace)
        assert [f["finding"] for f in said["findings"]] == ["expectation"] * len(broken), (rule, said)
        assert sorted(f["message"] for f in said["findings"]) == [
            f"it is so: {problem} ({path}:3)" for problem in broken], (rule, said)
    every = b.file("every", "".join("expect it\n\t" + rule + "\n" for rule, _ in EXPECTATIONS))
    said = b.check(1, "-b", baseline, "-e", every, trace)
    assert said.count("not as expected: ") == sum(len(broken) for _, broken in EXPECTATIONS), said


def test_a_budget_is_of_each_process(b):
    path = b.file("expect", "expect it\n\tat known\n\tallocations 2\n")
    two, three = b.trace(2), b.trace(3)
    supp = b.file("supp", "leak:known\n")
    b.check(0, "-e", path, "-s", supp, two, b.trace(2))
    assert "in 1 of 2 processes" in b.check(1, "-e", path, "-s", supp, two, three)


def test_what_is_no_rule_is_refused(b):
    trace = b.load(b.trace())
    for text in ("expect", "expect x", "scope x", "\tscope x", "expect x\n\tscope y", "expect x\n\tallocations -1",
                 "expect x\n\tallocations 5%", "expect x\n\tscope y\n\tphase z", "expect x\n\tcolour 5",
                 "expect x\n\tat \n\tbytes 1"):
        said = b.check(2, "-e", b.file("bad", text + "\n"), trace)
        assert "bad, line " in said, (text, said)


def test_scopes_that_lie_come_to_an_end(b):
    program = b.build("app", "rheaper-gcc", f"-I{SOURCE}/include", text=SCOPES)
    trace = b.load(b.trace(program=program))
    b.check(1, "-e", b.file("expect", "expect x\n\tscope parse\n\tallocations 9\n"),
            b.change(trace, "UPDATE scopes SET parent = scope % 6 + 1"))


LIBC = """
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <iconv.h>
#include <pthread.h>
#include <string.h>
#include <libintl.h>
#include <pwd.h>
static void *idle(void *p) { return p; }
static void *volatile keep;
int main(int argc, char **argv)
{
	time_t now = time(NULL);
	pthread_t thread;
	iconv_t convert = iconv_open("UTF-16", "LATIN1");
	setlocale(LC_ALL, "C.UTF-8");
	puts("");
	setenv("A", "B", 1);
	tzset();
	localtime(&now);
	pthread_create(&thread, NULL, idle, NULL);
	pthread_join(thread, NULL);
	if (convert != (iconv_t)-1)
		iconv_close(convert);
	getpwuid(0);
	textdomain("x");
	bindtextdomain("x", "/");
	strerror(12345);
	strsignal(77);
	if (argc > 1)
		keep = malloc(5);
	return 0;
}
"""
LIBCXX = """
#include <iostream>
#include <locale>
int main()
{
	std::cout << "x" << std::endl;
	std::locale::global(std::locale("C.UTF-8"));
	try { throw 1; } catch (int) {}
	return 0;
}
"""


def test_what_libc_keeps_is_no_finding(b):
    for compiler, text, flags in (("rheaper-gcc", LIBC, []), ("rheaper-g++", LIBCXX, []),
                                  ("rheaper-g++", LIBCXX, ["-static"])):
        program = b.build("app", compiler, *flags, text=text)
        trace = b.trace(program=program)
        assert "0 findings; 0 call sites leak; suppressed: " in b.check(0, trace)
        assert len(b.json(1, "--no-default-suppressions", trace)["findings"]) > 0
    said = b.check(1, b.trace(1, program=b.build("app", text=LIBC)))
    assert "1 finding" in said and "1 block, 5 bytes" in said, said


def reports(b, status, *words):
    """The reports of a check by their formats."""
    formats = "junit", "sarif", "github", "markdown"
    b.check(status, "-q", *[f"--report={name}={b.path('r.' + name)}" for name in formats], *words)
    return [read(b.path("r." + name)) for name in formats]


def valid_sarif(text):
    """The one run of a log, which fits the schema, if RHEAPER_SARIF_SCHEMA names it."""
    log = json.loads(text)
    if "RHEAPER_SARIF_SCHEMA" in os.environ:
        import jsonschema
        jsonschema.validate(log, json.loads(read(os.environ["RHEAPER_SARIF_SCHEMA"])))
    assert log["version"] == "2.1.0"
    run, = log["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run


def test_reports_for_machines(b):
    junit, sarif, github, markdown = reports(b, 1, b.trace(3), b.trace(program=b.build("good")))
    suite = xml.fromstring(junit).find("testsuite")
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["2", "1", "0"], junit
    good, bad = suite.findall("testcase")
    assert good.get("classname") == "good" and len(good) == 0
    failure, = bad
    assert failure.tag == "failure" and failure.get("message") == "leak: 3 blocks, 300 bytes", junit
    assert f"\nknown  program.c:{HERE}\nmain  " in failure.text, junit
    run = valid_sarif(sarif)
    result, = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "program.c", "uriBaseId": "%SRCROOT%"}, result
    assert place["region"]["startLine"] == PROGRAM[:PROGRAM.index("malloc")].count("\n") + 1
    assert result["partialFingerprints"] == {"rheaperSite/v1": "app;make;known;main"}
    assert len(result["stacks"][0]["frames"]) > 2
    assert run["invocations"][0]["exitCode"] == 1 and run["invocations"][0]["executionSuccessful"]
    assert re.fullmatch(r"::error title=leak,file=program\.c,line=\d+::app: 3 blocks, 300 bytes"
                        r"%0Amalloc%0Amake  program\.c:\d+%0Aknown  .*\n", github), github
    assert "| leak | app | 3 blocks, 300 bytes | make program.c:" in markdown, markdown


def test_reports_of_good_news_and_doubts(b):
    baseline = b.baseline()
    junit, sarif, github, markdown = reports(b, 0, "-b", baseline, b.trace())
    assert 'failures="0" errors="0"' in junit and valid_sarif(sarif)["results"] == []
    for text in github, markdown:
        assert "app: leaks no more; it was 2 blocks, 200 bytes: make;known;main\n" in text, text
    junit, sarif, github, markdown = reports(b, 2, b.trace(0, 0, 0, 1))
    assert 'tests="1" failures="0" errors="1"' in junit and xml.fromstring(junit), junit
    run = valid_sarif(sarif)
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["level"] == "error", run
    assert github.startswith("::error title=") and "did not end by exit" in github, github
    assert markdown.startswith("### rheaper-check: cannot tell\n"), markdown


def test_reports_of_hostile_names(b):
    """Names that would end an element, a table, a command, or name people."""
    name = "<b>&\"'|`]]>::error,%0A @all #1\n::error::x\n| x |\ufffe\u2028"
    database = b.change(b.load(b.trace(1)), "UPDATE frames SET line = 1, file = '/x y' || sym, sym = '%s'" %
                        name.replace("'", "''"))
    junit, sarif, github, markdown = reports(b, 1, database)
    assert "<b>&\"'|`]]>::error,%0A @all" in "".join(xml.fromstring(junit).itertext()), junit
    frame = valid_sarif(sarif)["results"][0]["stacks"][0]["frames"][0]["location"]
    assert frame["logicalLocations"][0]["fullyQualifiedName"] == name.replace("\n", "\\x0a")
    assert frame["physicalLocation"]["artifactLocation"]["uri"] == "file:///x%20ymake", frame
    assert github.count("\n") == 1 and "%250A" in github, github
    assert "@all" not in markdown and "<b>" not in markdown and "\n| x |" not in markdown, markdown


def test_sources_may_be_elsewhere(b):
    trace = b.trace(1)
    for root, file in (b.dir, "program.c"), (os.path.dirname(b.dir), os.path.basename(b.dir) + "/program.c"), (
            "/", b.path("program.c")[1:]), (b.path("tmp"), b.path("program.c")):
        said = b.check(1, "--report=github", "--source-root=" + root, trace)
        assert f",file={file},line=" in said, (root, said)
    b.check(2, "--source-root=" + b.path("none"), trace)


def test_leaks_in_some_runs_are_flaky(b):
    runs = [b.load(b.trace(2, 1)), b.load(b.trace(3)), b.load(b.trace(1))]
    said = b.json(1, *runs)
    found = {f["frames"][1]["sym"]: f for f in said["findings"]}
    assert said["runs"] == 3 and sorted(found) == ["known", "tail"], said
    assert found["known"]["message"] == "3 blocks, 300 bytes, in all 3 runs"
    assert found["tail"]["message"] == "1 block, 50 bytes, in 1 of 3 runs: flaky"
    assert [found[name]["flaky"] for name in ("known", "tail")] == [False, True]
    for least, blocks, flaky in (1, 3, True), (2, 2, False), (3, 1, False), ("all", 1, False), (9, 1, False):
        said = b.check(1, f"--min-runs={least}", *runs)
        assert f"app: {blocks} block" in said, (least, said)
        assert ("flaky" in said) == flaky and (
            "note: leaks in 1 of 3 runs only: app;make;tail;main\n" in said) != flaky, (least, said)
    for words in "0", "-1", "x", "":
        b.check(2, "--min-runs=" + words, *runs)


def test_all_amounts_are_of_as_many_runs(b):
    baseline = b.baseline("--max-growth=allocations=0", trace=b.trace(2))
    runs = [b.load(b.trace(n)) for n in (2, 9, 2)]
    words = ["-b", baseline, "--max-growth=allocations=0"]
    assert "leak grew: app: 9 blocks" in b.check(1, *words, *runs)
    assert "growth: app: allocations 1009" in b.check(1, *words, *runs)
    b.check(0, *words, "--min-runs=2", *runs)
    b.check(0, "--min-runs=2", "--limit=allocations=1002", "-b", baseline, *runs)
    b.check(1, "--min-runs=2", "--limit=allocations=1001", "-b", baseline, *runs)


def test_only_runs_of_the_program_count(b):
    other = b.load(b.trace(program=b.build("other")))
    said = b.check(1, "--min-runs=all", other, b.load(b.trace(2)))
    assert "leak: app: 2 blocks, 200 bytes\n" in said, said


def test_runs_may_be_in_one_database(b):
    database = b.load(b.trace(2))
    b.run(LOADER, "-q", "--append", b.trace(2, 1), database, silent=False)
    said = b.check(1, database)
    assert "2 blocks, 200 bytes, in all 2 runs" in said and "in 1 of 2 runs: flaky" in said, said
    # Traces that are loaded together are one run
    assert "4 blocks, 400 bytes\n" in b.check(1, b.trace(2), b.trace(2))


tap.run(globals(), Bench)
