#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Leaks by kind: ours, LeakSanitizer's and Valgrind's of the same programs, and of random
programs with their own ledger.

usage: check-leaks.py RHEAPER_LOAD DIRECTORY_OF_RHEAPER_CC RHEAPER_CHECK [--long]
"""
import collections
import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import tap  # noqa: E402
import workbench  # noqa: E402

LONG = "--long" in sys.argv
N_PROGRAMS = 500 if LONG else 60
LEVELS = "-O1", "-O0", "-O2", "-O3", "-Os"

D, I, P, R = "definite", "indirect", "possible", "reachable"
KINDS = {"not scanned": "unknown", "definitely lost": D, "indirectly lost": I, "possibly lost": P,
         "still reachable": R}

# What each says of each block, by its size; LeakSanitizer says nothing of what is
# reachable. Where they differ docs/explanation/leaks.md says why.
CASES = {
    # case: {size: (ours, LeakSanitizer's, Valgrind's)}
    "single": {1001: (D, D, D)},
    "tree": {1011: (D, D, D), 1012: (I, I, I), 1013: (I, I, I), 1014: (I, I, I)},
    "itself": {1031: (D, D, D)},
    "reachable": {1041: (R, None, R), 1042: (R, None, R)},
    "interior": {1051: (P, None, P), 1052: (P, None, P)},
    "array": {1064 + 8: (R, None, R)},
    "stack": {1071: (R, None, R)},
    "tls": {1081: (R, None, R)},
    "specific": {1091: (R, None, R)},
    "register": {1101: (R, None, R)},
    "mapped": {1111: (R, D, R)},
    "joined": {1121: (D, D, D), 1122: (D, D, D), 1123: (D, D, D)},
    "detached": {1131: (D, D, D)},
    "waiting": {1141: (R, None, R), 1142: (R, None, R), 1143: (R, None, R)},
    "forked": {1151: (D, D, D)},
    "executed": {1001: (D, D, D), 1161: (None, None, None)},
    "from_freed": {1172: (D, D, D)},
    "large": {1181000: (R, None, R), 1182000: (R, None, R), 1183000: (D, D, D)},
    "resized": {119100: (D, D, D), 1192: (I, I, I), 1193: (D, D, D)},
    "empty": {0: (R, None, R), 1201: (D, D, D)},
}


# What only we are asked: the others die of locked memory, or take hours.
ROOTS = {
    # case: {size: kind}
    ("unjoined",): {4001: R, 4002: D, 4003: R, 4004: D},
    ("locked", "1"): {65536: R, 4011: R},
    ("locked", "2"): {65536: R, 4011: R},
    ("locked", "3"): {65536: R, 4011: R},
    ("locked", "4"): {65536: R, 4011: R},
    ("locked", "5"): {65536: R, 4011: R},
    ("wiped",): {4021: R, 4022: R, 4023: D},
    ("sparse", "1"): {4031: R, 4032: R, 4033: R, 4034: D},
    ("large", "1"): {1 << 30: R, 4041: R, 4042: D},
    ("buffered",): {4051: R},
    ("guarded", "1"): {4061: R, 4062: R, 4063: R, 4064: D},
    ("guarded", "1000"): {4061: R, 4062: R, 4063: R, 4064: D},
    ("stacks", "2"): {4071: D, 4072: R, 4073: D, 4074: D, 4075: R},
    ("stacks", "40"): {4071: D, 4072: R, 4073: D, 4074: D, 4075: R},
}


class Leaks(workbench.Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.load, bin_dir, self.check = (os.path.abspath(a) for a in sys.argv[1:4])
        self.cc = os.path.join(bin_dir, "rheaper-cc")
        self.built = {}

    def build(self, source, *flags, compiler=None):
        """A program of this directory; each is built once."""
        key = (source, flags, compiler)
        if key not in self.built:
            path = self.path(f"program{len(self.built)}")
            self.run(compiler or self.cc, "-g", "-O1", "-pthread", *(f for f in flags if not f.startswith("-l")), "-o", path,
                     os.path.join(HERE, source), *(f for f in flags if f.startswith("-l")))
            self.built[key] = path
        return self.built[key]

    def scan(self, program, *arguments, status=0, **env):
        """Runs it with a scan: its output, and a row (size, kind) of each live block."""
        for old in os.listdir(self.dir):
            if ".bin" in old or old.endswith(".db"):
                os.remove(self.path(old))
        out = self.run(program, *arguments, status=status, **{
            "RHEAPER_TRACE": self.path("%p.bin"), "RHEAPER_LEAK_SCAN": "1",
            "RHEAPER_FOLLOW_FORK": "1", **env})
        traces = sorted(self.path(name) for name in os.listdir(self.dir) if ".bin" in name)
        self.traces = traces
        subprocess.run([self.load, "--quiet", *traces, self.path("p.db")], check=True,
                       stderr=subprocess.DEVNULL)
        self.db = sqlite3.connect(self.path("p.db"))
        return out, [(size, KINDS[kind]) for size, kind in self.db.execute(
            "SELECT size, leak_kind FROM allocations a JOIN processes p USING (process)"
            " WHERE a.ending = 'live' AND p.ending = 'exited'")]

    def supp(self, kinds):
        return self.file(kinds.replace(", ", "-") + ".supp", "{\n   x\n   Memcheck:Leak\n"
                         f"   match-leak-kinds: {kinds}\n   ...\n   fun:run\n}}\n")

    def stacks(self, size):
        return self.db.execute("SELECT sym, line FROM allocations a JOIN backtraces b ON b.id = a.bt"
                               " WHERE size = ? ORDER BY frame_no", (size,)).fetchall()


def check_kinds(b, name, blocks, whose, found):
    """`found`: {size: kind}, of what the case has blocks of."""
    for size, kinds in blocks.items():
        assert found.get(size) == kinds[whose], (name, size, found.get(size), kinds[whose],
                                                 b.stacks(size) if whose == 0 else None)


def variants():
    yield ()
    yield ("-static",)
    yield ("-O2", "-fomit-frame-pointer")
    yield ("-no-pie", "-O0")


def test_kinds(b):
    for flags in variants():
        program = b.build("kinds.c", *flags)
        for name, blocks in CASES.items():
            if name == "register" and platform.machine() != "x86_64":
                continue
            check_kinds(b, (name, flags), blocks, 0, dict(b.scan(program, name)[1]))


def check_roots(b, name, blocks, program, *before):
    result = subprocess.run([program, *name], cwd=b.dir, stdin=subprocess.DEVNULL, env=b.env).returncode
    if result == 77:
        print(f"# {name}: this system does not map as much, or so", flush=True)
        return
    found = set(b.scan(*before, program, *name)[1])
    assert {row for row in found if row[0] in blocks} == set(blocks.items()), (name, before, found)


def test_roots_that_are_hard_to_see(b):
    for flags in (), ("-static",):
        program = b.build("roots.c", *flags)
        for name, blocks in ROOTS.items():
            if name[0] == "unjoined" and platform.machine() == "aarch64":
                continue
            check_roots(b, name, blocks, program)


def test_blocks_of_a_library_that_binds_to_libc_keep_others(b):
    """They are not recorded, and lie among free pieces of the allocator's."""
    program, library = b.build("deep.c", "-D_GNU_SOURCE"), b.path("deep.so")
    for binding in "-Wl,-z,now", "-Wl,-z,lazy":
        b.run("gcc", "-g", "-O1", "-fPIC", "-shared", "-DLIBRARY", binding, "-o", library,
              os.path.join(HERE, "deep.c"))
        for flag, n_own in ("deep", 0), ("plain", 100):
            rows = b.scan(program, library, flag)[1]
            assert rows.count((208, R)) == 100 and (304, D) in rows, (flag, binding, set(rows))
            assert rows.count((16, R)) == n_own, (flag, binding, rows)


def test_what_a_scan_cannot_see_is_said(b):
    """Libraries that allocate without being recorded, though the program frees none of it;
    and a scan from a stack of which only the program knows the bounds."""
    program, library = b.build("beside.c"), b.path("beside.so")
    unrecorded, stack = "calls an allocator that is not recorded", "a stack that is not the thread's own"
    for how, words, said in (
            ("plain", [], None), ("plain", ["-Wl,-Bsymbolic"], None), ("deep", [], unrecorded),
            ("deep", ["-Wl,-z,lazy"], unrecorded), ("space", [], unrecorded),
            ("plain", ["-DOWN", "-Wl,-Bsymbolic"], unrecorded), ("plain", ["-DTAKEN"], unrecorded),
            ("fiber", None, stack), ("none", None, None)):
        if words is not None:
            b.run("gcc", "-g", "-O1", "-fPIC", "-shared", "-DLIBRARY", *words, "-o", library,
                  os.path.join(HERE, "beside.c"))
        b.scan(program, how, *([] if words is None else [library]))
        text = b.run(b.check, *b.traces)
        for what in unrecorded, stack:
            assert (what in text) == (what == said), (how, words, text)
        if words == ["-DTAKEN"] and shutil.which("valgrind"):  # the library's own way to its block
            b.run("gcc", "-g", os.path.join(HERE, "beside.c"), "-o", b.path("plain"), "-ldl")
            judge = subprocess.run(["valgrind", "--leak-check=full", b.path("plain"), how, library], capture_output=True, text=True)
            assert "100 bytes in 1 blocks are definitely lost" in judge.stderr, judge


def traced_by_strace(b, what):
    """Words that make these system calls fail in a program and in the copy that scans."""
    if not shutil.which("strace") or subprocess.run(
            ["strace", "-f", "-o", os.devnull, "true"], capture_output=True).returncode:
        raise tap.Skip("no strace")
    return "strace", "-f", "-qq", "-o", b.path("strace"), *(f"--inject={call}:error=ENOTTY" for call in what)


def test_large_mappings_of_an_older_kernel(b):
    """One that does not list what was written; where more is mapped than can be asked of, it says so."""
    before = traced_by_strace(b, ["ioctl"])
    program = b.build("roots.c")
    for name in ("sparse", "1"), ("large", "1"), ("guarded", "1000"), ("stacks", "40"):
        check_roots(b, name, ROOTS[name], program, *before)
    if subprocess.run([program, "sparse", "20"]).returncode == 77:
        return
    b.scan(*before, program, "sparse", "20")
    text = b.run(b.check, *b.traces, status=2)
    assert "the leak scan failed: more is mapped, or more blocks are live, than a scan can look through" in text, text


def test_arrays_of_classes(b):
    for level in "-O0", "-O2":
        program = b.build("arrays.cpp", "-std=c++17", level, compiler=os.path.join(os.path.dirname(b.cc), "rheaper-c++"))
        rows = dict(b.scan(program)[1])
        assert [rows.get(size) for size in (8, 20, 112, 576)] == [R] * 4, (level, rows)


def test_cycles(b):
    """One of a cycle stands for it, as with Valgrind; LeakSanitizer names none."""
    rows = b.scan(b.build("kinds.c"), "cycle")[1]
    assert sorted(kind for size, kind in rows if size == 1021) == [D, I], rows


def test_nothing_else_is_lost(b):
    """What libc keeps until the end is reachable."""
    for flags in variants():
        program = b.build("kinds.c", *flags)
        for name, blocks in CASES.items():
            if name == "forked":
                continue  # its libc keeps things twice
            rows = b.scan(program, name)[1]
            others = [(size, kind, b.stacks(size)) for size, kind in rows
                      if size not in blocks and size != 1021 and kind != R]
            assert not others, (name, flags, others)


def test_other_compilers(b):
    for compiler in "rheaper-clang", "rheaper-g++":
        path = os.path.join(os.path.dirname(b.cc), compiler)
        if not shutil.which("clang") and "clang" in compiler:
            continue
        flags = ("-x", "c") if "++" in compiler else ()
        program = b.build("kinds.c", *flags, compiler=path)
        for name, blocks in CASES.items():
            check_kinds(b, (name, compiler), blocks, 0, dict(b.scan(program, name)[1]))


def test_musl(b):
    if not shutil.which("musl-gcc"):
        raise tap.Skip("no musl-gcc")
    os.environ["RHEAPER_REAL_CC"] = "musl-gcc"
    b.env["RHEAPER_REAL_CC"] = "musl-gcc"
    program = b.build("kinds.c", "-static", "-DMUSL")
    del b.env["RHEAPER_REAL_CC"]
    for name, blocks in CASES.items():
        check_kinds(b, (name, "musl"), blocks, 0, dict(b.scan(program, name)[1]))


def test_check_counts_what_is_lost(b):
    program = b.build("kinds.c")
    for name, options, status, said in (
            ("single", [], 1, "1 block, 1001 bytes definitely lost\n"),
            ("tree", [], 1, "1 block, 1011 bytes definitely lost, and 3 blocks, 3039 bytes"
             " reachable only through it\n"),
            ("tree", ["--leak-kinds=indirect"], 1, "3 blocks, 3039 bytes indirectly lost\n"),
            ("interior", [], 0, "note: possibly lost, not counted (--leak-kinds): 2 blocks,"
             " 2103 bytes\n0 findings"),
            ("interior", ["--leak-kinds=possible"], 1, "2 blocks, 2103 bytes possibly lost"),
            ("reachable", [], 0, "0 findings"),
            ("reachable", ["--leak-kinds=definite,reachable"], 1, "still reachable"),
            ("tree", ["--leak-kinds=none"], 0, "note: definitely lost, not counted"
             " (--leak-kinds): 1 block, 1011 bytes\nnote: indirectly lost"),
            ("tree", ["--suppressions", b.supp("definite")], 0, "suppressed: 4 blocks, 4050 bytes"),
            ("tree", ["--suppressions", b.supp("indirect")], 1, ": 1 block, 1011 bytes definitely lost\n"),
            ("tree", ["--suppressions", b.supp("definite, indirect")], 0, "suppressed: 4 blocks"),
            ("interior", ["--leak-kinds=all", "--suppressions", b.supp("reachable")], 1, "possibly")):
        b.scan(program, name)
        text = b.run(b.check, *options, *b.traces, status=status)
        # The program forks, and so has several processes
        text = re.sub(r" \(process \d+\)$", "", text, flags=re.M)
        assert said in text, (name, options, text)
    b.scan(program, "tree")
    finding, = json.loads(b.run(b.check, "--json", *b.traces, status=1))["findings"]
    assert finding["kind"] == "definitely lost" and finding["kinds"] == {
        "definitely_lost": {"leak_blocks": 1, "leak_bytes": 1011},
        "indirectly_lost": {"leak_blocks": 3, "leak_bytes": 3039}}, finding
    assert finding["now"] == {"leak_blocks": 4, "leak_bytes": 4050}, finding
    runs = [b.path(f"run{n}") for n in range(2)]
    for run in runs:
        b.scan(program, "tree")
        b.run(b.load, "--quiet", *b.traces, run, silent=False)
    text = b.run(b.check, *runs, status=1)
    assert "4050 bytes definitely lost or indirectly lost, in all 2 runs (process " in text, text
    b.scan(program, "waiting")
    assert "other thread" not in b.run(b.check, *b.traces)
    report = json.loads(b.run(b.check, "--json", "--leak-kinds=all", *b.traces, status=1))
    assert '"kind": "still reachable"' in json.dumps(report), report
    assert " lost" not in json.dumps(report), report


def test_check_is_silent_of_what_is_accepted(b):
    """What does not count is not noted where it is suppressed, or was live at a cut."""
    b.scan(b.build("kinds.c"), "interior")
    for options, noted in ((), True), (("-s", b.supp("possible")), False), (("-s", b.supp("definite")), True):
        text = b.run(b.check, *options, *b.traces)
        assert ("possibly lost, not counted" in text) == noted, (options, text)
        assert ("was not used" in text) == (noted and bool(options)), (options, text)
        assert "suppressed: " not in text, (options, text)
    b.db.execute("UPDATE processes SET ending = 'stopped'")
    b.db.commit()
    text = b.run(b.check, b.path("p.db"))
    assert "not judged" in text and "not counted" not in text, text


def test_scan_that_cannot_be_made(b):
    """Of what does not have all blocks nothing is said, and the check cannot tell."""
    program = b.build("kinds.c")
    why = "a sample or a ring does not contain all blocks"
    for env in {"RHEAPER_SAMPLE_BYTES": "1"}, {"RHEAPER_MAX_BYTES": "2M,ring"}:
        rows = b.scan(program, "tree", **env)[1]
        assert {kind for size, kind in rows} == {"unknown"}, rows
        assert b.db.execute("SELECT leak_scan, leak_scan_error, leak_scan_ns FROM processes").fetchall() == \
            [("failed", why, None)]
        text = b.run(b.check, *b.traces, status=2)
        assert "the leak scan failed: " + why in text, text


def test_what_was_not_scanned_is_said(b):
    program = b.build("kinds.c")
    b.scan(program, "single")
    b.run(program, "single", RHEAPER_TRACE=b.path("unscanned.bin"))
    said = b.run(b.load, *b.traces, b.path("unscanned.bin"), b.path("both.db"))
    assert re.search(r"definitely lost: 1 block \(1001 bytes\), .*, not scanned: \d+ block", said), said
    said = json.loads(b.run(b.load, "--json", "--force", b.path("unscanned.bin"), *b.traces, b.path("both.db")))
    assert said["definitely_lost_blocks"] == 1 and said["not_scanned_blocks"] >= 1, said


def test_program_that_asks(b):
    """rheaper_leak_check() counts, says so in the trace, and leaves nothing behind."""
    out, rows = b.scan(b.build("asks.c", INCLUDE))
    # The block that the running thread has at that moment may be there
    assert out.replace("running 2 1 0 3", "running 2 1 0 2").splitlines() == [
        "before 0 0 0 0", "lost 1 0 0 1", "more 2 1 0 1", "running 2 1 0 2 other 1",
        "descriptors same", "children none", "off 2", "busy or done"], out
    rows = b.db.execute("SELECT size, leak_kind FROM allocations WHERE ending = 'live'").fetchall()
    assert (2001, "definitely lost") in rows and (2007, "indirectly lost") in rows and \
        (2003, "still reachable") in rows, rows


INCLUDE = "-I" + os.path.join(HERE, "..", "..", "include")


def compilers():
    return [None] + (["rheaper-clang"] if shutil.which("clang") else [])


def asked(b, program, *arguments):
    return b.scan(program, *arguments, RHEAPER_LEAK_SCAN="0")[0]


def test_stale_words_are_no_roots(b):
    """Neither what lies below the caller's frame, nor what frames of ours and libc's never wrote."""
    for compiler in compilers():
        compiler = compiler and os.path.join(os.path.dirname(b.cc), compiler)
        for level in "-O0", "-O1", "-O2":
            program = b.build("stale.c", INCLUDE, level, compiler=compiler)
            for how in range(4):
                assert asked(b, program, "asks", str(how)) == "definite 1 reachable 0 error 0\n", (compiler, level, how)
            if platform.machine() == "x86_64":
                assert asked(b, program, "register") == "definite 0 reachable 1 error 0\n", (compiler, level)


def test_frames_of_exit_are_no_roots(b):
    """All but a few of the 80: the handler's own frame has words that it never wrote."""
    for flags in (), ("-static",), ("-DDESTRUCTOR",):
        for level in "-O1", "-O2":
            out = asked(b, b.build("stale.c", INCLUDE, level, *flags), "handler")
            assert int(out.split()[1]) >= 78 and out.endswith(" error 0\n"), (flags, level, out)


def test_what_is_younger_than_the_scan_is_no_leak(b):
    """Of threads that run on until the end: the verdict is the same in every run, whether they
    have arenas of their own or share one, on one processor or more."""
    program = b.build("busy.c")
    cpu = ("taskset", "-c", str(min(os.sched_getaffinity(0))))
    for words, env in ((), {}), (cpu, {}), (cpu, {"MALLOC_ARENA_MAX": "1"}):
        for _ in range(100 if LONG else 3):
            b.scan(*words, program, **env)
            text = b.run(b.check, *b.traces, silent=False)
            assert text.splitlines()[-1] == "0 findings; 0 call sites leak; 1 process", text
            b.scan(*words, program, "3", **env)
            text = b.run(b.check, *b.traces, status=1, silent=False)
            assert "3 blocks, 1500 bytes definitely lost" in text and "1 finding;" in text, text


def test_a_scan_that_lacks_blocks_is_none(b):
    """What is not in it is not taken for younger."""
    b.scan(b.build("owners.c"), "heads")
    with open(b.traces[0], "r+b") as file:
        trace = bytearray(file.read())
        # The only chunk of the scan's stream keeps nothing but its last record: contract/format.h
        to_head = int.from_bytes(trace[3432:3436], "little")
        at = next(at for at in range(0, len(trace), 4096)
                  if trace[at + to_head:at + to_head + 4] == b"regn" and
                  trace[at + to_head + 6:at + to_head + 8] == b"\xfe\xff")
        used = int.from_bytes(trace[at + to_head + 16:at + to_head + 24], "little")
        trace[at:at + 24] = trace[at + used - 24:at + used]
        trace[at + to_head + 16:at + to_head + 24] = (24).to_bytes(8, "little")
        file.seek(0)
        file.write(trace)
    text = b.run(b.check, *b.traces, status=2)
    assert "the leak scan failed: blocks that were live then are not in what it found" in text, text


def test_one_scan_after_the_other(b):
    """What the last one kept for the next is as right as all of the trace, and costs what is live."""
    program = b.build("often.c", INCLUDE)
    said = asked(b, program, "churn")
    assert said == "wrong 0 of 12\n", said
    costs = [int(line) for line in asked(b, program, "steps").splitlines()]
    # All of it was read again: the eighth took eight times as long as the first
    assert len(costs) == 8 and min(costs[4:]) < 2.5 * min(costs[:2]), costs
    print(f"# checks after a million pairs each: {costs} us", flush=True)


def kinds_of(rows, wanted):
    return sorted(kind for size, kind in rows if size == wanted)


def test_what_is_lost_after_a_scan(b):
    """The end is scanned, too, for a block that was reachable may be lost by then."""
    program = b.build("again.c", INCLUDE)
    rows = b.scan(program, "later", RHEAPER_LEAK_SCAN="0")[1]
    assert kinds_of(rows, 3001) == [D] * 1000, rows[:3]
    b.run(b.check, "-q", *b.traces, status=1)


def test_what_was_lost_at_a_cut_is_a_leak(b):
    """What a scan found lost before tracking was switched off, and nothing else: the rest may be freed later."""
    program = b.build("cut.c", INCLUDE)
    rule = b.file("cut.rules", "expect no leak\n\tscope losing\n\tno leak\n")
    never = b.file("never.base", "rheaper-baseline 1\n")

    def run(n, name):
        b.scan(program, str(n), RHEAPER_LEAK_SCAN="0")
        database = b.path(name)
        shutil.copy(b.path("p.db"), database)
        return database

    lost, fine = run(2, "lost.run"), run(0, "fine.run")
    sizes = dict(sqlite3.connect(lost).execute(
        "SELECT size, leak_kind FROM allocations WHERE size BETWEEN 1001 AND 1006 AND ending = 'live'"))
    assert sizes == {1001: "definitely lost", 1002: "indirectly lost", 1004: "still reachable",
                     1005: "possibly lost", 1006: "not scanned"}, sizes
    for ending in "stopped", "snapshot", "executed":
        with sqlite3.connect(lost) as db:
            db.execute("UPDATE processes SET ending = ?", (ending,))
        # To go on as another program is no end of its own
        partial = ["--allow-partial"] if ending == "executed" else []
        text = b.run(b.check, *partial, lost, status=1)
        assert "2 blocks, 2002 bytes definitely lost, and 2 blocks, 2004 bytes reachable only through " in text and \
            "\n1 finding; 1 call site leaks; 1 process\n" in text, text
        assert "; blocks that were live then" in text, text
        assert " are not judged, but for what a leak scan had found lost\n" in text, text
        assert "possibly lost" not in text and "flaky" not in text, text
        b.run(b.check, *partial, "-b", never, lost, status=1)
        b.run(b.check, *partial, "--limit=leak-bytes=4005", lost, status=1)
        text = b.run(b.check, *partial, "--leak-kinds=all", lost, status=1)
        assert "1 call site leaks" in text, text
        text = b.run(b.check, *partial, "--leak-kinds=none", "--expect", rule, lost)
        assert "definitely lost, not counted (--leak-kinds): 2 blocks, 2002 bytes" in text, text
        assert "expectation not met" in b.run(b.check, *partial, "--expect", rule, lost, status=1)
    with sqlite3.connect(lost) as db:
        db.execute("UPDATE processes SET ending = 'stopped'")
    text = b.run(b.check, fine)
    assert "0 findings" in text and "had found lost\n" in text, text
    # A run that was cut says nothing against a leak, one that ended does
    assert "flaky" not in b.run(b.check, "--min-runs=all", lost, fine, status=1)
    with sqlite3.connect(fine) as db:
        db.execute("UPDATE processes SET ending = 'exited'")
    b.run(b.check, "--min-runs=all", lost, fine)
    assert "in 1 of 2 runs: flaky" in b.run(b.check, lost, fine, status=1)


def test_the_end_waits_for_a_scan_under_way(b):
    program = b.build("again.c", INCLUDE)
    for _ in range(3):
        rows = b.scan(program, "busy")[1]
        assert kinds_of(rows, 3002) == [D] * 1000, rows[:3]


def test_blocks_that_change_while_memory_is_copied(b):
    """What a box points to is never lost, whichever box is there."""
    program = b.build("again.c", INCLUDE)
    for _ in range(12):
        rows = b.scan(program, "boxes")[1]
        assert kinds_of(rows, 3003) == [R] * 64, kinds_of(rows, 3003)


def test_children_of_a_process_that_scans(b):
    program = b.build("again.c", INCLUDE)
    rows = b.scan(program, "forks")[1]
    assert len(b.traces) == 6 and kinds_of(rows, 3004) == [R] * 5, rows
    lost = b.db.execute("SELECT reason, count FROM losses WHERE count > 0").fetchall()
    assert lost == [], lost


def test_a_scan_that_is_refused_leaves_nothing(b):
    out, _ = b.scan(b.build("again.c", INCLUDE), "refused")
    assert out == "refused some, mappings +0\n", out


def sanitized(b, program, name):
    result = subprocess.run([program, name], cwd=b.dir, capture_output=True, text=True, timeout=240,
                            env={**b.env, "LSAN_OPTIONS": "max_leaks=0:exitcode=23"})
    assert result.returncode in (0, 23), result
    if "LeakSanitizer has encountered a fatal error" in result.stderr:
        raise tap.Skip("LeakSanitizer cannot trace here")
    found = {}
    for kind, size in re.findall(r"(Direct|Indirect) leak of (\d+) byte", result.stderr):
        found[int(size)] = D if kind == "Direct" else I
    return found


def test_leak_sanitizer_says_the_same(b):
    try:
        program = b.build("kinds.c", "-fsanitize=leak", "-fno-omit-frame-pointer", compiler="gcc")
    except AssertionError:
        raise tap.Skip("no LeakSanitizer")
    for name, blocks in CASES.items():
        check_kinds(b, (name, "LeakSanitizer"), blocks, 1, sanitized(b, program, name))


def valgrind(b, program, name):
    result = subprocess.run(["valgrind", "--leak-check=full", "--show-leak-kinds=all",
                             "--trace-children=yes", "--child-silent-after-fork=no", program, name],
                            cwd=b.dir, capture_output=True, text=True, timeout=120, env=b.env)
    found = {}
    for size, direct, kind in re.findall(
            r"([\d,]+)(?: \(([\d,]+) direct, [\d,]+ indirect\))? bytes in 1 blocks are (?:still )?"
            r"(\w+)", result.stderr):
        kind = {"definitely": D, "indirectly": I, "possibly": P, "reachable": R}[kind]
        found[int((direct or size).replace(",", ""))] = kind
    return found


def test_valgrind_says_the_same(b):
    if not shutil.which("valgrind"):
        raise tap.Skip("no valgrind")
    program = b.build("kinds.c", compiler="gcc")
    for name, blocks in CASES.items():
        found = valgrind(b, program, name)
        # One run of many called the block of a megabyte possibly lost: of what does not last, a second run says nothing
        if any(found.get(size) != kinds[2] for size, kinds in blocks.items()):
            found = valgrind(b, program, name)
        check_kinds(b, (name, "Valgrind"), blocks, 2, found)


def valgrinds(b, what):
    """What Valgrind says of a program that loses all it has. In one run of thirty it takes a
    word that happens to look like a pointer for one (3.19), and calls reachable what hangs on
    that: such a run says nothing about the program."""
    for _ in range(6):
        text = subprocess.run(["valgrind", "--leak-check=full", "--show-leak-kinds=definite",
                               b.build("owners.c", compiler="gcc"), what], cwd=b.dir,
                              capture_output=True, text=True, timeout=120, env=b.env).stderr
        if "still reachable: 0 bytes in 0 blocks" in text and "possibly lost: 0 bytes" in text:
            return text
    raise AssertionError((what, text))


def check_valgrinds(b, what):
    """Each function's definitely lost blocks, their bytes, and those below them, from both."""
    b.scan(b.build("owners.c"), what)
    ours = b.db.execute(
        "SELECT function, sum(blocks), sum(bytes), sum(indirect_bytes) FROM leaks_by_kind"
        " WHERE leak_kind = 'definitely lost' GROUP BY function").fetchall()
    text = valgrinds(b, what)
    theirs = {}
    for size, direct, indirect, blocks, function in re.findall(
            r"== ([\d,]+) (?:\(([\d,]+) direct, ([\d,]+) indirect\) )?bytes in ([\d,]+) blocks are"
            r" definitely lost.*\n.*alloc.*\n.*: (\w+) \(", text):
        sums = theirs.setdefault(function, [0, 0, 0])
        for i, number in enumerate((blocks, direct or size, indirect or "0")):
            sums[i] += int(number.replace(",", ""))
    assert theirs and {row[0]: list(row[1:]) for row in ours} == theirs, (what, ours, theirs)


def test_what_hangs_below_as_valgrind_says(b):
    if not shutil.which("valgrind"):
        raise tap.Skip("no valgrind")
    for what in "heads", *map(str, range(1, 31 if LONG else 9)):
        check_valgrinds(b, what)


def test_one_stands_for_a_circle_that_is_entered(b):
    """Valgrind counts the circle's first block, too (docs/explanation/leaks.md)."""
    rows = b.scan(b.build("owners.c"), "entry")[1]
    assert sorted(rows) == [(32, I), (64, D), (124, I)], rows
    assert b.db.execute("SELECT blocks, bytes, indirect_blocks, indirect_bytes FROM leaks"
                        " WHERE function = 'make_tree'").fetchall() == [(1, 64, 2, 156)]


HEADS = "20 blocks, 1280 bytes definitely lost, and 380 blocks, 200640 bytes reachable only through them"
BELOW = ["190 blocks, 194560 bytes: calloc, make_text  ", "190 blocks, 6080 bytes: calloc, make_list  "]


def test_a_structure_is_one_finding(b):
    """Its head, with what hangs below; in each report."""
    b.scan(b.build("owners.c"), "heads")
    text = b.run(b.check, *b.traces, status=1)
    said = text.splitlines()
    assert said[0] == "leak: program0: " + HEADS or said[0].endswith(": " + HEADS), text
    at = said.index("    lost with it:")
    assert [line.strip().startswith(want) for line, want in zip(said[at + 1:], BELOW)] == [True, True], text
    assert said[-1].startswith("1 finding; 3 call sites leak;"), text
    assert b.db.execute("SELECT o.function, s.function, w.blocks, w.bytes FROM leak_owners w"
                        " JOIN sites o ON o.stack = w.owner_stack JOIN sites s ON s.stack = w.stack"
                        " ORDER BY w.bytes").fetchall() == \
        [("make_tree", "make_list", 190, 6080), ("make_tree", "make_text", 190, 194560)]
    finding, = json.loads(b.run(b.check, "--json", *b.traces, status=1))["findings"]
    assert finding["now"] == {"leak_blocks": 20, "leak_bytes": 1280}, finding
    assert finding["indirect"] == {"leak_blocks": 380, "leak_bytes": 200640}, finding
    assert [(o["frames"][0]["sym"], o["now"]["leak_blocks"]) for o in finding["lost_with_it"]] == \
        [("make_text", 190), ("make_list", 190)], finding
    for form in "junit", "markdown", "github":
        report = b.run(b.check, "--report=" + form, *b.traces, status=1)
        assert HEADS in report and "lost with it:" in report and "190 blocks, 6080 bytes: calloc" in report, report
    result, = json.loads(b.run(b.check, "--report=sarif", *b.traces, status=1))["runs"][0]["results"]
    assert HEADS in result["message"]["text"], result
    assert [place["message"]["text"] for place in result["relatedLocations"]] == \
        ["190 blocks, 194560 bytes lost with it", "190 blocks, 6080 bytes lost with it"], result


def test_what_hangs_below_something_accepted_is_accepted(b):
    b.scan(b.build("owners.c"), "heads")
    text = b.run(b.check, "-s", b.file("lsan.supp", "leak:lose_heads*\nleak:make_tree\n"), *b.traces)
    assert "0 findings" in text and "suppressed: 400 blocks, 201920 bytes" in text, text
    text = b.run(b.check, "-s", b.file("text.supp", "leak:make_text\n"), *b.traces, status=1)
    assert "20 blocks, 1280 bytes definitely lost, and 190 blocks, 6080 bytes reachable" in text, text
    assert "suppressed: 190 blocks, 194560 bytes" in text, text


PLACES = "", "scope heads", "phase lose"


def rules(b, **expected):
    """Expectations of each place: of what functions lose, at most (blocks, bytes)."""
    return b.file("rules", "".join(
        f"expect {place or 'process'} {function}\n\t{place}\n\tat {function}\n"
        f"\tleak-blocks {blocks}\n\tleak-bytes {n_bytes}\n\tkept-blocks {blocks}\n"
        for place in PLACES for function, (blocks, n_bytes) in expected.items()))


def test_expectations_accept_what_hangs_below_something_accepted(b):
    b.scan(b.build("owners.c", "-DWITH_PLACES", f"-I{HERE}/../../include"), "heads")
    none = rules(b, make_tree=(0, 0), make_list=(0, 0), make_text=(0, 0))
    text = b.run(b.check, "-e", none, "-s", b.file("tree.supp", "leak:make_tree\n"), *b.traces)
    assert "0 findings" in text, text
    texts = b.file("text.supp", "leak:make_text\n")
    text = b.run(b.check, "-e", none, "-s", texts, *b.traces, status=1)
    for place in PLACES:
        for amount, n in ("leak-blocks", 190), ("leak-bytes", 6080), ("kept-blocks", 190):
            assert f"{place or 'process'} make_list: {amount} {n}, expected at most 0" in text, text
    some = rules(b, make_tree=(20, 1280), make_list=(190, 6080), make_text=(0, 0))
    text = b.run(b.check, "-e", some, "-s", texts, *b.traces, status=1)
    assert "expected" not in text and "20 blocks, 1280 bytes definitely lost" in text, text


def test_baselines_know_each_call_site(b):
    """Whatever it hangs below: what grows below a head that is known is a finding."""
    b.scan(b.build("owners.c"), "heads")
    baseline = b.path("heads.base")
    b.run(b.check, "--write-baseline=" + baseline, *b.traces)
    with open(baseline, encoding="utf-8") as file:
        known = file.read()
    assert known.count("site ") == 3 and "leak-blocks 20\n\tleak-bytes 1280" in known, known
    assert "3 known" in b.run(b.check, "-b", baseline, *b.traces)
    less = b.file("less.base", known.replace("leak-bytes 194560", "leak-bytes 194559"))
    text = b.run(b.check, "-b", less, *b.traces, status=1)
    assert text.startswith("leak growth: ") and "1 finding;" in text and \
        "190 blocks, 194560 bytes indirectly lost (the baseline has" in text, text
    less = b.file("less.base", known.replace("leak-bytes 194560", "leak-bytes 1").replace(
        "leak-blocks 20\n", "leak-blocks 19\n"))
    text = b.run(b.check, "-b", less, *b.traces, status=1)
    assert "1 finding; 3 call sites leak, 1 known" in text and "lost with it:" in text, text


def lost_by_function(b, level, what):
    b.scan(b.build("owners.c", level), what)
    return b.db.execute("SELECT function, leak_kind, sum(blocks), sum(bytes) FROM leaks_by_kind"
                        " GROUP BY function, leak_kind ORDER BY 1, 2").fetchall()


def test_what_is_lost_does_not_depend_on_optimization(b):
    """So a baseline of one build holds for another."""
    for what in "heads", *map(str, range(1, 31 if LONG else 5)):
        first, *others = [lost_by_function(b, level, what) for level in LEVELS]
        assert first and all(other == first for other in others), (what, first, others)


def expected(out):
    """The kinds that a ledger asks for: {size: kinds}, more than one where any of a
    cycle may stand for it."""
    edges, reach = {}, {}
    todo = []
    for line in out.splitlines():
        words = line.split()
        if words[0] == "block":
            edges[int(words[1])] = [(int(w.rstrip("i")), w.endswith("i")) for w in words[2:]]
        else:
            todo.append((int(words[1].rstrip("i")), P if words[1].endswith("i") else R))
    strength = {None: 0, P: 1, R: 2}
    while todo:
        block, kind = todo.pop()
        if strength[reach.get(block)] >= strength[kind]:
            continue
        reach[block] = kind
        todo += [(to, P if inside else kind) for to, inside in edges[block]]
    return edges, reach


def leads_to(edges, start):
    """All that is reached from a block, itself only if it is in a cycle."""
    seen, todo = set(), [to for to, inside in edges[start]]
    while todo:
        block = todo.pop()
        if block not in seen:
            seen.add(block)
            todo += [to for to, inside in edges[block]]
    return seen


def check_graph(seed, out, rows):
    edges, reach = expected(out)
    found = {size: kind for size, kind in rows if size in edges}
    assert len(found) == len(edges), (seed, sorted(set(edges) - set(found)))
    lost = {block for block in edges if block not in reach}
    for block, kind in reach.items():
        assert found[block] == kind, (seed, block, found[block], kind)
    below = {block: leads_to(edges, block) for block in lost}
    for block in lost:
        assert found[block] in (D, I), (seed, block, found[block])
        # Of those that reach each other one stands for all, if nothing else reaches them
        same = {other for other in below[block] if other in lost and block in below[other]} | {block}
        outside = any(block in below[other] for other in lost - same)
        heads = [other for other in same if found[other] == D]
        assert len(heads) == (0 if outside else 1), (seed, block, same, heads)
    return len(edges), len(lost)


def test_random_programs(b):
    programs = [b.build("graph.c", level) for level in LEVELS]
    n_blocks = n_lost = 0
    for seed in range(1, N_PROGRAMS + 1):
        blocks, lost = check_graph(seed, *b.scan(programs[seed % len(programs)], str(seed)))
        n_blocks += blocks
        n_lost += lost
    print(f"# {N_PROGRAMS} programs, {n_blocks} blocks, {n_lost} of them lost: each found, of its kind,"
          " and none else", flush=True)


def allocators(b):
    """Words of the command line that link another allocator than libc's, of those that are here."""
    for words in ["-ljemalloc"], ["-lmimalloc"], ["-ltcmalloc_minimal"], ["-l:libjemalloc.a", "-lm", "-lstdc++"]:
        empty = b.file("empty.c", "int main(void) { return 0; }\n")
        if subprocess.run(["cc", empty, "-o", b.path("empty"), *words], capture_output=True).returncode == 0:
            yield words


# Loses 50 blocks, keeps 50, and has what a list of the allocator's remembers of them. Asks libc's for something first
LISTS = """
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#define OWN __attribute__((noinline))
static void *volatile lost;
static void *kept[50];
static OWN void fill(void **to, int n)
{
	for (int i = 0; i < n; i++)
		to[i] = memset(malloc(56), 1, 56);
}
int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "mallopt") == 0)
		mallopt(M_TRIM_THRESHOLD, 1 << 20);
	if (argc > 1 && strcmp(argv[1], "malloc_trim") == 0)
		malloc_trim(0);

	void **holder = malloc(70000);

	for (int i = 0; i < 50; i++)
		lost = memset(malloc(40), 1, 40);
	fill(holder, 50);
	fill(kept, 50);
	free(holder);
	lost = NULL;
	return 0;
}
"""


UNMAPPED = """#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
	static char *variables[] = {NULL, "B=c", NULL};
	void *volatile lost = malloc(77);
	/* So large that what the scan maps does not reach down to its begin */
	char *room = mmap(NULL, 1 << 28, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	lost = NULL;
	variables[0] = strcpy(room, "A=b");
	environ = variables;
	return lost != NULL || munmap(room, 1 << 28) != 0;
}
"""


def test_an_environment_that_is_not_there(b):
    """Nothing else of the scan needs it."""
    program = b.path("unmapped")
    b.run(b.cc, "-g", "-O1", b.file("unmapped.c", UNMAPPED), "-D_GNU_SOURCE", "-o", program)
    assert [kind for size, kind in b.scan(program)[1] if size == 77] == [D]


def scans_as_libc(b, program, name, words, blocks, *, must):
    """Whether a case has the kinds that it has with libc's allocator; `must`: an error, if not."""
    found = dict(b.scan(program, name)[1])
    # What a list points to that has a mapping of its own is possibly lost, as in a child, which has
    # blocks of its parent's that its trace has not
    if name in ("forked", "joined", "detached"):
        found.update({size: D for size, kind in found.items() if kind == P})
    try:
        check_kinds(b, (name, words), blocks, 0, found)
    except AssertionError:
        if must:
            raise
        return False
    return True


def test_other_allocators(b):
    """Their own lists have old pointers to blocks, and no list of libc's is there."""
    n = 0
    for words in allocators(b):
        n += 1
        program = b.path(f"lists{n}")
        b.run(b.cc, "-g", "-O1", b.file("lists.c", LISTS), "-o", program, *words)
        # What libraries allocate in a program with a malloc of its own is not recorded, and may point to them
        is_static = ".a" in words[0]
        for first in (), ("mallopt",), ("malloc_trim",):
            kinds = [(size, D if is_static and kind == P else kind) for size, kind in b.scan(program, *first)[1] if size in (40, 56)]
            assert sorted(kinds) == [(40, D)] * 50 + [(56, D)] * 50 + [(56, R)] * 50, (words, first, kinds)
        for setting in "retain:false", "tcache:true,dss:primary", "retain:false,dss:primary":
            if "jemalloc" in words[0]:  # its lists are anywhere, so perhaps in the program's memory
                kinds = [kind for size, kind in b.scan(program, MALLOC_CONF=setting)[1] if size in (40, 56)]
                assert kinds.count(R) == 50 and {*kinds} <= {R, P, D}, (words, setting, kinds)
        program = b.build("kinds.c", *words)
        for name, blocks in () if is_static else CASES.items():
            if name == "register" and platform.machine() != "x86_64":
                continue
            # A word of jemalloc's may be the address of a lost block (leaks.md), by chance: not twice
            if "jemalloc" not in words[0] or not scans_as_libc(b, program, name, words, blocks, must=False):
                scans_as_libc(b, program, name, words, blocks, must=True)
        # What is kept is never lost; what is lost, unused parts of blocks may point to
        program = b.build("graph.c", *words)
        for seed in range(1, 11):
            out, rows = b.scan(program, str(seed))
            reach = expected(out)[1]
            assert {kind for size, kind in rows if size in reach} <= {R, P}, (words, seed, rows)
    if n == 0:
        raise tap.Skip("no other allocator is here")


# An allocator of the program's own, which remembers what it handed out last, and whose memory is one mapping with the
# variables of the first thread
BESIDE = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define SIZE ((size_t)1 << 20)
static char *next;
static void **latest;
static unsigned n_latest;
static uintptr_t number(const char **at)
{
	uintptr_t n = 0;

	for (; **at != '-' && **at != ' '; ++*at)
		n = n * 16 + (uintptr_t)(**at <= '9' ? **at - '0' : **at - 'a' + 10);
	++*at;
	return n;
}
static char *map_below(uintptr_t address)
{
	static char text[1 << 15];
	int fd = open("/proc/self/maps", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	const char *at = text;

	close(fd);
	for (text[n] = 0; *at; at = strchr(at, '\\n') + 1) {
		uintptr_t low = number(&at);

		if (low <= address && address < number(&at))
			return mmap((void *)(low - SIZE), SIZE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	}
	return MAP_FAILED;
}
/* Before the runtime maps the trace there */
static void begin(void)
{
	next = map_below((uintptr_t)pthread_self());
	if (next == MAP_FAILED)
		_exit(99);
	latest = (void **)next;
	next += 4096;
}
__attribute__((section(".preinit_array"), used)) static void (*const early)(void) = begin;
void *malloc(size_t size)
{
	char *block = next;

	next += (size + 15) & ~(size_t)15;
	return latest[n_latest++ % 512] = block;
}
void free(void *block) { (void)block; }
void *calloc(size_t n, size_t size) { return malloc(n * size); }
void *realloc(void *old, size_t size)
{
	return old ? memcpy(malloc(size), old, size) : malloc(size);
}
"""


def test_an_allocator_beside_the_variables_of_a_thread(b):
    """Its memory is told from theirs, though the kernel makes one mapping of both."""
    program = b.path("beside-variables")
    main = "int main(int argc, char **argv)\n{"
    lists = LISTS.replace(main, "static __thread void *volatile mine;\n" + main + "\n\tmine = malloc(88);")
    b.run(b.cc, "-g", "-O1", b.file("lists-and-variable.c", lists), b.file("beside-variables.c", BESIDE), "-o", program)
    # Of a static allocator the runtime does not know all that it handed out: what is lost is possibly lost
    assert collections.Counter(b.scan(program)[1]) == {(40, P): 50, (56, P): 50, (56, R): 50, (88, R): 1}


# Says where its variable is, and what is mapped, without a block for that
MAPS = """
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
__attribute__((destructor)) static void print_maps(void)
{
	static char text[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY);
	ssize_t n = snprintf(text, sizeof(text), "%lx\\n", (unsigned long)kept);

	do {
		if (write(1, text, (size_t)n) != n)
			_exit(1);
	} while ((n = read(fd, text, sizeof(text))) > 0);
	close(fd);
}
"""


def start_of_mapping(out):
    at, *maps = out.split("\n")
    ranges = [[int(end, 16) for end in line.split()[0].split("-")] for line in maps if line]
    (start,) = [low for low, high in ranges if low <= int(at, 16) < high]
    return start


def test_variables_where_allocators_have_their_memory(b):
    """Their mapping is aligned by a huge page, as that of a PIE is in one of 512 runs."""
    huge, n = 2 << 20, 0
    source = b.file("aligned.c", LISTS.replace("void *kept[50]", "void *kept[50] __attribute__((aligned(4096)))") + MAPS)
    program = b.path("aligned")
    for words in allocators(b):
        n += 1
        build = [b.cc, "-g", "-O1", "-no-pie", source, "-o", program, *words]
        b.run(*build)
        start = start_of_mapping(b.scan(program)[0])
        b.run(*build, f"-Wl,-Ttext-segment={0x400000 + -start % huge:#x}")
        out, rows = b.scan(program, RHEAPER_LEAK_SCAN="graph")
        assert start_of_mapping(out) % huge == 0, out
        assert rows.count((56, R)) == 50, (words, collections.Counter(rows))
        roots = b.db.execute("SELECT kind, name FROM heap_roots").fetchall()
        assert ("global", "kept") in roots, (words, roots)
    if n == 0:
        raise tap.Skip("no other allocator is here")


def test_threads_one_after_the_other(b):
    """On one processor; in these an old list of glibc's has the address of a lost block."""
    program = b.build("graph.c")
    cpu = str(min(os.sched_getaffinity(0)))
    for seed in "25", "417":
        check_graph(seed, *b.scan("taskset", "-c", cpu, program, seed))


def test_numbers_that_are_no_threads(b):
    """What a descriptor has besides: the size of the guard, and 1 if there are threads at all,
    which is the number of the first process of a container."""
    alone = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        raise tap.Skip("needs unshare")
    program = b.build("graph.c")
    after = 'echo "$0" >/proc/sys/kernel/ns_last_pid && "$@"; exit'
    for seed in range(1, 6):
        check_graph(seed, *b.scan(*alone, program, str(seed)))
        for last in range(4089, 4096):
            check_graph(seed, *b.scan(*alone, "sh", "-c", after, str(last), program, str(seed)))


tap.run(dict(globals()), Leaks)
