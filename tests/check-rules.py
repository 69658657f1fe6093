#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-check with rules of its users: suppressions and budgets. And what libc keeps.

usage: check-rules.py RHEAPER-CHECK RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

Prints TAP, one point per test_ function.
"""

import glob
import os
import re
import shutil
import subprocess

import tap
from leaky import CHECK, HERE, LOADER, SOURCE, Bench, read


# What each line of a suppression is, and whether it takes the leak of known away, that
# of tail, or both
SUPPRESSIONS = [
    ("leak:known", 1, 0),
    ("leak:^known$", 1, 0),
    ("leak:^now", 0, 0),
    ("leak:kno*wn", 1, 0),
    ("leak:kn?wn", 0, 0),  # ? is itself there
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
    # The allocator of Valgrind is in a module of its own, and in no other
    ("{\n  x\n  Memcheck:Leak\n  obj:/usr/libexec/valgrind/vgpreload_memcheck-*.so\n  fun:make\n}", 1, 1),
    ("{\n  x\n  Memcheck:Leak\n  obj:*\n  fun:make\n  fun:known\n}", 1, 0),
    ("{\n  x\n  Memcheck:Leak\n  obj:*/libfontconfig.so*\n}", 0, 0),
    ("{\n  x\n  Memcheck:Leak\n  obj:*/app\n}", 0, 0),
    ("{\n  x\n  Memcheck:Leak\n  ...\n  obj:*/libfontconfig.so*\n  ...\n}", 0, 0),
    ("{\n  x\n  Memcheck:Leak\n  match-leak-kinds: definite\n  ...\n  obj:*/libGL.so*\n}", 0, 0),
    (f"{{\n  x\n  Memcheck:Leak\n  ...\n  src:program.c:{HERE}\n  fun:main\n}}", 1, 0),
    ("{\n  x\n  Memcheck:Leak\n  match-leak-kinds: none\n  fun:malloc\n}", 0, 0),
    ("suppress x\n\tat make\n\tkinds none", 0, 0),
    ("{\n  x\n  Memcheck:Cond\n  fun:*\n}", 0, 0),
]


def test_suppressions(b):
    traces = {(1, 1): b.load(b.trace(2, 1)), (0, 0): b.load(b.trace())}
    for text, known, tail in SUPPRESSIONS:
        path = b.file("supp", text + "\n")
        said = b.json(0 if known and tail else 1, "-s", path, traces[1, 1])
        assert len(said["findings"]) == 2 - known - tail, (text, said)
        assert said["suppressed"]["leak_bytes"] == 200 * known + 50 * tail, (text, said)
        unused = [note for note in said["notes"] if path in note]
        if not known and not tail and "Cond" not in text:
            assert len(unused) == 1 and f":{1 + text.startswith('{')} " in unused[0], (text, said)
            assert ("has expired" if "2001" in text else "was not used") in unused[0], (text, said)
        else:
            assert unused == [], (text, said)
        assert "was not used: " in b.check(0, "-s", path, traces[0, 0]) or "Cond" in text or "2001" in text
    all_at_once = b.file("all", "".join(text + "\n" for text, _, _ in SUPPRESSIONS))
    assert "suppressed: 3 blocks, 250 bytes" in b.check(0, "-s", all_at_once, traces[1, 1])


def test_suppressions_of_kinds_that_nobody_knows_are_told(b):
    """Valgrind reports what is lost, with an entry for what is reachable."""
    trace, scanned = b.trace(2, 1), b.trace(2, 1, RHEAPER_LEAK_SCAN="1")
    told = "note: memory was not scanned: suppressions of some kinds of leaks took blocks of any kind: 2 blocks, 200 bytes\n"
    others = "suppress others\n\tat tail\n"
    for text, is_told in (("{\n x\n Memcheck:Leak\n match-leak-kinds: reachable\n fun:malloc\n fun:make\n fun:known\n}\n", True),
                          ("suppress x\n\tat known\n\tkinds possible,reachable\n", True),
                          ("suppress x\n\tat known\n\tkinds definite,indirect,possible,reachable\n", False),
                          ("suppress x\n\tat known\n", False)):
        supp = b.file("supp", text + others)
        said = b.check(0, "-s", supp, trace)
        assert (told in said) == is_told and ("any kind" in said) == is_told, (text, said)
        assert "any kind" not in b.check(1 if is_told else 0, "-s", supp, scanned), text


def test_linkage_names_of_valgrind(b):
    text = """
namespace ns { __attribute__((noinline)) int *make(unsigned n) { return new int[n]; } }
int *volatile keep;
int main() { keep = ns::make(3); return 0; }
"""
    trace = b.load(b.trace(program=b.build("app", "rheaper-g++", text=text)))
    for name, status in ("_ZN2ns4makeEj", 0), ("ns::make", 0), ("ns::make(unsigned int)", 0), (
            "ns::m*", 0), ("_ZN2ns4makeEi", 1), ("make", 1):
        b.check(status, "-s", b.file("supp", f"{{\n  x\n  Memcheck:Leak\n  fun:_Znam\n  fun:{name}\n}}\n"), trace)


def test_a_suppression_ends_with_its_day(b):
    trace = b.load(b.trace(1))
    path = b.file("supp", "suppress x\n\tat known\n\tuntil 2026-02-28\n")
    for day, status in (1772236800, 0), (1772323199, 0), (1772323200, 1):  # that day, and the next
        b.check(status, "-s", path, trace, SOURCE_DATE_EPOCH=str(day))
    for day in "yesterday", "2026-02-28", "1772236800 ", "-1", " 1", "1e9", "9" * 18, "9" * 30:
        said = b.check(2, "-s", path, trace, SOURCE_DATE_EPOCH=day)
        assert "expected seconds since 1970" in said or "out of range" in said, (day, said)
    b.check(1, "-s", path, trace, SOURCE_DATE_EPOCH="")


def test_what_is_no_suppression_is_refused(b):
    trace = b.load(b.trace())
    for text in ("leak:", "leak:^", "leak:^$", "race:x", "suppress x", "suppress x\n\tat ", "suppress x\n\tto y",
                 "suppress x\n\tat y\n\tuntil 2026-13-01", "suppress x\n\tat y\n\tuntil 2027-02-31", "suppress x\n\tat y\n\tuntil tomorrow",
                 "suppress x\n\tor y", "suppress x\n\tof y\n\tat z", "suppress x\n\tat y\n\tor ",
                 "suppress x\n\tat y\n\tof static x", "suppress x\n\tat y\n\tkinds z",
                 "{\n  x\n  Memcheck:Leak\n}", "{\n  x\n  Memcheck:Leak\n  ...\n  fun:\n}",
                 "{\n  x\n  Memcheck:Leak\n  obj:\n}", "{\n  x\n  Memcheck:Leak\n  src:\n}", "{\n  x\n  Memcheck:Leak\n  ...\n  ...\n}", "{\n  x\n  Memcheck:Leak\n  fun:y", "{", "{\n  x\n  Memcheck:Leak\n  y\n}",
                 "{\n  x\n  Memcheck:Leak\n  match-leak-kinds:\n  fun:y\n}",
                 # Of two, the later one would count; and what stands behind a NUL would be lost
                 "suppress x\n\tat y\n\tuntil 2001-01-01\n\tuntil 2999-01-01",
                 "suppress x\n\tat y\n\tprogram z\n\tprogram *", "suppress x\n\tat y\n\tkinds none\n\tkinds all",
                 "{\n  x\n  Memcheck:Leak\n  match-leak-kinds:none\n  match-leak-kinds:all\n  fun:y\n}",
                 f"suppress x\n\tat {'9' * 30} y", "leak:k\0of another", "suppress x\n\tat known\n\0\tprogram z",
                 "{\n  x\n  Memcheck:Leak\n  fun:malloc\n\0  fun:z\n}"):
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
    ("scope parse\n\tallocations 3", ["allocations 4, expected at most 3; in 1 of 3 scopes parse"]),
    ("scope p*e\n\tallocations 2", ["allocations 4, expected at most 2; in 2 of 3 scopes parse"]),
    ("scope parse\n\tbytes 14", ["bytes 35, expected at most 14; in 3 of 3 scopes parse"]),
    ("scope parse\n\tno leak\n\tkept-bytes 9", ["kept-bytes 10, expected at most 9; in 1 of 3 scopes parse",
                                           "leak-blocks 1, expected at most 0; in 1 of 3 scopes parse"]),
    ("scope parse\n\tat 0 node\n\tallocations 3", []),
    ("scope parse\n\tat 0 node\n\tat -1 main\n\tallocations 2", ["allocations 3, expected at most 2; in 1 of 3 scopes parse"]),
    ("scope parse\n\tat other\n\tallocations 0", []),
    ("scope inner\n\tallocations 0\n\tno leak", []),
    ("scope nowhere\n\tallocations 9", ["there is no scope nowhere"]),
    ("scope nowhere\n\tallocations 9\n\toptional", []),
    ("scope parse\n\tprogram other\n\tallocations 9", ["there is no scope parse"]),
    ("phase warm\n\tat node\n\tallocations 6\n\tkept-blocks 1", []),
    ("phase warm\n\tkept-blocks 1", ["kept-blocks 2, expected at most 1; in 1 of 1 phases warm"]),
    ("phase warm\n\tleak-blocks 1", []),
    ("phase done\n\tbytes 0", []),
    ("at main\n\tat 0 node\n\tallocations 6\n\tbytes 60\n\tleak-blocks 1", []),
    ("at 0 node\n\tallocations 5\n\tprogram a*", ["allocations 6, expected at most 5; in 1 of 1 processes"]),
    ("no leak", ["leak-blocks 1, expected at most 0; in 1 of 1 processes"]),
]


# A scope that hands work to a thread; or does it, or leaves it to one with a scope of its own.
# It prints how many blocks others allocated meanwhile, by its own count
HANDED = """
#include <pthread.h>
#include <rheaper.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void *volatile keep;
static const char *how;
static int by_others;
static void allocate(void)
{
	for (int i = 0; i < 5; i++) {
		keep = malloc(10);
		free(keep);
	}
}
static void *work(void *unused)
{
	if (strcmp(how, "scoped") == 0) {
		RHEAPER_SCOPE("parse");
		allocate();
		return unused;
	}
	allocate();
	by_others += 5;
	return unused;
}
static void parse(void)
{
	pthread_t thread;

	RHEAPER_SCOPE("parse");
	if (strcmp(how, "alone") == 0)
		allocate();
	else if (pthread_create(&thread, NULL, work, NULL) == 0)
		pthread_join(thread, NULL);
}
int main(int argc, char **argv)
{
	how = argv[argc > 1];
	parse();
	work(NULL);
	return printf("%d\\n", by_others - (strcmp(how, "scoped") != 0) * 5) < 0;
}
"""


def test_what_other_threads_do_in_a_scope_is_told(b):
    program = b.build("app", "rheaper-gcc", f"-I{SOURCE}/include", "-pthread", text=HANDED)
    rule = b.file("rule", "expect a budget\n\tscope parse\n\tallocations 6\n\tat parse\n")
    for how in "handed", "alone", "scoped":
        trace = b.path(how + ".bin")
        n = int(b.run(program, how, RHEAPER_TRACE=trace))
        assert n == (5 if how == "handed" else 0), (how, n)
        said = b.check(0, "-e", rule, trace)
        told = f"note: a budget: other threads allocated {n} blocks while a scope parse was open; the rule does not count them ({rule}:1)\n"
        assert (told in said) == (n > 0) and ("other threads allocated" in said) == (n > 0), (how, said)
        assert "other threads allocated" not in b.check(1, "-e", b.file("other", "expect x\n\tscope other\n\tallocations 1\n"), trace)
    # A lossy database says what it is
    for change in ("UPDATE scope_changes SET scope = NULL", "DELETE FROM scope_changes"):
        assert "other threads" not in b.check(0, "-e", rule, b.change(b.load(b.path("handed.bin")), change))


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
    assert said.count("expectation not met: ") == sum(len(broken) for _, broken in EXPECTATIONS), said


def test_a_budget_is_of_each_process(b):
    path = b.file("expect", "expect it\n\tat known\n\tallocations 2\n")
    two, three = b.trace(2), b.trace(3)
    supp = b.file("supp", "leak:known\n")
    b.check(0, "-e", path, "-s", supp, two, b.trace(2))
    assert "in 1 of 2 processes" in b.check(1, "-e", path, "-s", supp, two, three)


# request calls make by as many other functions as the first argument says, and asm_make
# by one without a rule for unwinding. make allocates as often as the second one says.
DEEP = """
#include <stdlib.h>
#define OWN __attribute__((noinline))
#define STAY __asm__ volatile("" : : : "memory")
static void *volatile keep;
static OWN void make(int n)
{
	for (int i = 0; i < n; i++) {
		keep = malloc(10);
		free(keep);
	}
}
static OWN void down(int depth, int n)
{
	if (depth)
		down(depth - 1, n);
	else
		make(n);
	STAY;
}
static OWN void request(int depth, int n) { down(depth, n); STAY; }
int main(int argc, char **argv)
{
	request(atoi(argv[1]), atoi(argv[2]));
	return argc - 3;
}
"""


def test_rules_do_not_hang_on_frames_that_stacks_have_not(b):
    program = b.build("app", "rheaper-gcc", "-O0", text=DEEP)
    b.run("strip", "-o", b.path("stripped"), program)
    rule = b.file("expect", "expect it\n\tat request\n\tallocations 3\n")
    assert "allocations 4, expected" in b.check(1, "-e", rule, b.trace(10, 4, program=program))
    cases = [
        (b.trace(100, 4, program=program), "stacks are deeper than what was recorded (RHEAPER_STACK_DEPTH)"),
        (b.trace(10, 4, program=program, RHEAPER_STACK_DEPTH="2"), "stacks are deeper than what was recorded"),
        (b.trace(10, 4, program=program, RHEAPER_SAMPLE_RATE="0"), "stacks were not recorded (RHEAPER_SAMPLE_RATE)"),
        (b.trace(10, 4, program=b.path("stripped")), "stacks have code without a name"),
    ]
    for trace, why in cases:
        said = b.check(2, "-e", rule, trace)
        assert f"it: allocations may be 4, expected at most 3: {why}" in said, said
        assert "inconclusive: stacks have not all frames that a rule asks for" in said, said
        b.check(0, "--allow-partial", "-e", rule, trace)
        # What cannot break it is no doubt, and a finding is one all the same
        b.check(0, "-e", b.file("more", "expect it\n\tat request\n\tallocations 4\n"), trace)
        b.check(1, "-e", rule, "--limit=bytes=39", trace)
    # What is asked for is there, or cannot be
    for trace, lines in ((cases[0][0], "at 0 make\n\tat 2 down"), (cases[0][0], "at 0 request\n\tallocations 0"),
                         (cases[1][0], "in app"), (cases[3][0], "at request\n\tof libc.so.6\n\tallocations 0")):
        b.check(0, "-e", b.file("other", f"expect it\n\t{lines}\n\tbytes 99\n"), trace)
    for lines in "at -1 main", "at 64 down", "in libm.so.6":
        b.check(2, "-e", b.file("other", f"expect it\n\t{lines}\n\tbytes 1\n"), cases[0][0])
    # An unwinder that stops at the loader, as below the constructors of libraries, hides nothing
    program = b.build("app", "rheaper-g++", text="#include <string>\nint main() { std::string s(99, 'x'); }\n")
    b.check(0, "-e", b.file("other", "expect it\n\tat request\n\tallocations 0\n"), b.trace(program=program))


def test_a_rule_of_nothing_is_told(b):
    """It may be right, or hold for ever for a word that is written in another way."""
    trace = b.load(b.trace(1, 1))
    for lines, says in (("at nkown", True), ("at nkown\n\toptional", False), ("in libx.so", True), ("at make()", True),
                        ("at  make", False), ("at nkown\n\tor  make", False), ("program app", False)):
        said = b.check(1, "-e", b.file("expect", f"expect it\n\t{lines}\n\tallocations 9999\n"), trace)
        assert ("note: it: no stack is one of this rule's, so it holds" in said) == says, (lines, said)


LOST_NAMES = """
#include <stdlib.h>
#define OWN __attribute__((noinline))
static void *volatile keep;
static OWN void FIRST(void) { keep = malloc(20); }
static OWN void SECOND(void) { keep = malloc(20); }
int main(void)
{
	FIRST();
	keep = NULL;
	return (int)(size_t)SECOND * 0;
}
"""


def test_rules_do_not_hang_on_lost_names(b):
    """A suppression or a budget that names a function says nothing of code whose name is gone, or may be that of other
    code since it was built again."""
    build = ["app", "rheaper-gcc", "-Wl,--build-id=none"]
    program = b.build(*build, "-DFIRST=bad", "-DSECOND=known", text=LOST_NAMES)
    trace = b.trace(program=program)
    bare = b.path("bare.db")
    b.run(LOADER, "-q", "--no-symbols", trace, bare)
    supp, everything = b.file("supp", "leak:known\n"), b.file("everything", "leak:*\n")
    module = b.file("module", "suppress it\n\tin app\n")
    named = b.file("named", "expect it\n\tat bad\n\tallocations 0\n")
    other = b.file("other", "expect it\n\tin app\n\tallocations 1\n")
    for rules, status in ((["-s", supp], 1), (["-s", module, "-e", named], 1), (["-s", module, "-e", other], 0)):
        b.check(status, *rules, trace)
    shutil.copy(b.build(*build, "-DFIRST=known", "-DSECOND=bad", text=LOST_NAMES), program)
    os.utime(program, (4e9, 4e9))
    for said in (b.check(2, "-s", supp, trace), b.check(2, "-s", supp, "--allow-partial", trace),
                 b.check(2, "-s", module, "-e", named, trace), b.check(2, "-s", module, "-e", named, bare),
                 b.check(2, "-s", everything, "-e", named, bare)):
        assert "no names: " in said and "a suppression or a rule" in said, said
    for rules in ["-s", module], ["-s", everything], ["-s", module, "-e", other]:
        for traced in trace, bare:
            b.run(CHECK, *rules, traced, silent=False)
    os.remove(program)
    b.check(2, "-s", module, "-e", named, trace)
    b.run(CHECK, "-s", supp, trace, status=1, silent=False)


KINDS = """
#include <rheaper.h>
#include <stdlib.h>
#include <string.h>
#define OWN __attribute__((noinline))
static void *volatile keep[3];
static OWN void *make(void) { return malloc(10); }
static OWN void work(void)
{
	RHEAPER_SCOPE("work");
	for (int i = 0; i < 7; i++)
		keep[i % 3] = make();
}
static OWN void forget(void)
{
	char room[4096];
	memset(room, 1, sizeof(room));
	keep[2] = room;
	keep[2] = NULL;
}
int main(void)
{
	rheaper_mark("all");
	work();
	free(keep[0]);
	keep[0] = NULL;
	forget();
	return 0;
}
"""


def test_rules_mind_the_kind_of_leaks(b):
    """Seven blocks of one stack are kept: five are lost, one is reachable, one is freed later."""
    program = b.build("app", "rheaper-gcc", f"-I{SOURCE}/include", text=KINDS)
    trace = b.load(b.trace(program=program, RHEAPER_LEAK_SCAN="1"))
    entry = "{\n  x\n  Memcheck:Leak\n  match-leak-kinds: %s\n  fun:malloc\n  fun:make\n}\n"
    baseline = b.baseline(trace=trace)
    assert "\tleak-blocks 5\n" in read(baseline), read(baseline)
    for place in "scope work", "phase all", "at make":
        path = b.file("expect", f"expect it\n\t{place}\n\tno leak\n\tkept-bytes 0\n\tallocations 7\n")
        kept = (70, 50, 0) if place.startswith("scope") else (60, 50, 0)  # the last one is freed in them
        for words, leaks, kept in (([], 5, kept[0]), (["reachable"], 5, kept[1]), (["definite"], 0, kept[2]),
                                   (["definite", "--leak-kinds=all"], 1, 10),
                                   (["all", "--leak-kinds=all"], 0, 0)):
            options = ["-s", b.file("supp", entry % words[0])] if words else []
            said = b.json(1 if leaks or kept else 0, "-b", baseline, "-e", path, *options, *words[1:],
                          "--max-growth=leak-blocks=9", "--max-growth=leak-bytes=90", trace)
            found = sorted(f["message"].split(", expected at most")[0] for f in said["findings"])
            assert found == ([f"it: kept-bytes {kept}"] if kept else []) + (
                [f"it: leak-blocks {leaks}"] if leaks else []), (place, words, said)


def test_rules_take_as_long_as_there_are_scopes(b):
    """In instructions, which do not depend on the clock."""
    if not shutil.which("valgrind"):
        raise tap.Skip("no valgrind")
    text = """
#include <stdlib.h>
#include "rheaper.h"
int main(int argc, char **argv)
{
	for (int i = atoi(argv[argc - 1]); i > 0; i--) {
		RHEAPER_SCOPE("s");
		rheaper_mark("m");
		for (int n = 1; n <= 5; n++)
			free(malloc(n));
	}
}
"""
    program = b.build("app", "rheaper-gcc", "-fno-builtin", "-I" + SOURCE + "/include", text=text)
    for kind in "scope s", "phase m":
        rules = b.file("rules", f"expect x\n\t{kind}\n\tallocations 9\n")
        counts = []
        for n in 500, 1500:
            database = b.load(b.trace(n, program=program))
            said = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                                   CHECK, "-q", "-e", rules, database], env=b.env, text=True,
                                  capture_output=True, check=True).stderr
            counts.append(int(re.search(r"Collected : (\d+)", said).group(1)))
        assert counts[1] < 3.5 * counts[0], (kind, counts)


def test_what_is_no_rule_is_refused(b):
    trace = b.load(b.trace())
    for text in ("expect", "expect x", "scope x", "\tscope x", "expect x\n\tscope y", "expect x\n\tallocations -1",
                 "expect x\n\tallocations 5%", "expect x\n\tscope y\n\tphase z", "expect x\n\tcolour 5",
                 "expect x\n\tat \n\tbytes 1", "expect x\n\tbytes 1\n\tbytes 100", "expect x\n\tno leak\n\tleak-blocks 9",
                 "expect x\n\tleak-blocks 9\n\tno leak", "expect x\n\tprogram y\n\tprogram *\n\tbytes 1",
                 f"expect x\n\tat {'9' * 30} y\n\tbytes 1", "expect x\n\tbytes 1\n\0expect y\n\tbytes 0"):
        said = b.check(2, "-e", b.file("bad", text + "\n"), trace)
        assert "bad, line " in said, (text, said)
    for text in "", "\n# expect x\n":
        assert "the file contains no rule" in b.check(2, "-e", b.file("bad", text), trace), text


def test_what_is_done_in_no_scope_is_no_verdict(b):
    """Ends of scopes that were not open: the program did more in them than the trace tells."""
    text = """
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "rheaper.h"
static uint32_t scope;
static void work(void) { free(malloc(500)); }
static void *end(void *p) { work(); rheaper_end(scope); return p; }
int main(int argc, char **argv)
{
	int way = atoi(argv[argc - 1]);
	pthread_t thread;
	uint32_t outer = way == 1 ? rheaper_begin("outer") : 0;
	scope = rheaper_begin("s");
	if (way == 1)
		rheaper_end(outer);
	if (way == 2 && (pthread_create(&thread, NULL, end, NULL) || pthread_join(thread, NULL)))
		return 1;
	if (way == 3 && fork())
		return wait(NULL) < 0;
	if (way == 1 || way == 3)
		work();
	if (way != 2)
		rheaper_end(scope);
	return 0;
}
"""
    program = b.build("app", "rheaper-gcc", "-fno-builtin", "-pthread", "-I" + SOURCE + "/include", text=text)
    rule = b.file("rules", "expect x\n\tscope s\n\tat work\n\tallocations 0\n")
    other = b.file("other", "expect x\n\tallocations 900\n")
    for way in range(4):
        b.trace(way, program=program, RHEAPER_FOLLOW_FORK="1")
        traces = sorted(glob.glob(b.path(f"t{b.n}.bin*")))
        assert len(traces) == (2 if way == 3 else 1), traces
        said = b.check(2 if way else 0, "-e", rule, *traces)
        assert ("1 scope ended that was not open" in said) == (way != 0), (way, said)
        b.check(0, "-e", rule, "--allow-partial", *traces)
        b.check(0, "-e", other, *traces)


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
# What libc keeps under names that are reserved for it
RESERVED = """
#include <iconv.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libintl.h>
static void *idle(void *p) { return p; }
static void nothing(void) {}
int main(void)
{
	time_t now = time(NULL);
	pthread_t thread;
	iconv_t convert = iconv_open("UTF-16", "LATIN1");
	setlocale(LC_ALL, "C.UTF-8");
	puts("");
	setenv("A", "B", 1);
	localtime(&now);
	for (int i = 0; i < 100; i++)
		atexit(nothing);
	pthread_create(&thread, NULL, idle, NULL);
	pthread_join(thread, NULL);
	if (convert != (iconv_t)-1)
		iconv_close(convert);
	textdomain("x");
	bindtextdomain("x", "/");
	strerror(12345);
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
    for compiler, text, flags in (("rheaper-gcc", LIBC, []), ("rheaper-gcc", RESERVED, ["-static"]),
                                  ("rheaper-g++", LIBCXX, []), ("rheaper-g++", LIBCXX, ["-static"]),
                                  ("rheaper-g++", LIBCXX, ["-static-libstdc++"])):
        program = b.build("app", compiler, *flags, text=text)
        trace = b.trace(program=program)
        assert "0 findings; 0 call sites leak; suppressed: " in b.check(0, trace)
        assert len(b.json(1, "--no-default-suppressions", trace)["findings"]) > 0
    said = b.check(1, b.trace(1, program=b.build("app", text=LIBC)))
    assert "1 finding" in said and "1 block, 5 bytes" in said, said


# Functions of a program, each under a name that libc has or that looks like one of it, which
# lose a block each. None of them is global: libc has its own.
NAMES = ("getserver getgroup gethosts getprotocol getnetwork my_dlerror setlocale strsignal textdomain getpwnam "
         "_nl_find_locale _nl_find_domain __dcigettext __check_pf __add_to_environ __new_exitfn _dlerror_run "
         "_dl_map_object _dl_allocate_tls _IO_file_doallocate __wcsmbs_load_conv __gconv_find_transform").split()
NAMESAKES = """
typedef __SIZE_TYPE__ word;
void *malloc(word size);
int puts(const char *text);
#define OWN(name) static __attribute__((noinline)) void *name(void) \\
	{ char *p = malloc(40); *(volatile char *)p = 1; return p; }
%s
static volatile word sum;
int main(void)
{
	%s
	puts("");
	return 0;
}
""" % ("\n".join(f"OWN({name})" for name in NAMES), "\n\t".join(f"sum += (word){name}();" for name in NAMES))
NAMESAKE_POOL = """
#include <cstdio>
#include <cstdlib>
namespace {
struct pool {
	void *volatile block;
	__attribute__((noinline)) pool() { block = malloc(40); }
};
}
int main()
{
	pool one;
	one.block = nullptr;
	puts("");
	return 0;
}
"""


def test_the_program_s_own_functions_are_not_libc_s(b):
    """Whatever their names; with its own buffer of stdout beside them, which libc keeps."""
    for compiler, text, n in ("rheaper-gcc", NAMESAKES, len(NAMES)), ("rheaper-g++", NAMESAKE_POOL, 1):
        for flags in [], ["-O2", "-fno-ipa-icf"], ["-static"], ["-static", "-O2", "-fno-ipa-icf"]:
            program = b.build("app", compiler, *flags, text=text)
            for scan, taken in ("0", "stdio: the buffer of a stream that is open at exit"), ("1", None):
                said = b.json(1, b.trace(program=program, RHEAPER_LEAK_SCAN=scan))
                leaks = [f["now"] for f in said["findings"]]
                assert leaks == [{"leak_blocks": 1, "leak_bytes": 40}] * n, (compiler, flags, scan, said)
                taken_by = [t["reason"] for t in said["suppressed_by_default"]]
                assert taken in taken_by if taken else not taken_by, (flags, said)


def test_what_nobody_can_tell_from_the_program_is_told(b):
    """In a static program without source lines nothing tells libc from the program."""
    program = b.build("app", "rheaper-gcc", "-g0", "-static", text=NAMESAKES)
    said = b.json(1, b.trace(program=program))
    assert not said["suppressed_by_default"] and len(said["findings"]) >= len(NAMES), said


def test_reports_name_what_is_suppressed_by_default(b):
    trace = b.trace(program=b.build("app", text=LIBC))
    said = b.json(0, trace)
    rules = {t["reason"]: t["amounts"] for t in said["suppressed_by_default"]}
    buffer = rules["stdio: the buffer of a stream that is open at exit"]
    assert buffer["leak_blocks"] == 1 and buffer["leak_bytes"] >= 512, said
    for amount in "leak_blocks", "leak_bytes":
        assert sum(rule[amount] for rule in rules.values()) == said["suppressed"][amount], said
    for form in "text", "markdown", "github", "junit", "sarif":
        report = b.check(0, "--report=" + form, trace)
        assert "suppressed by default" in report and f"{buffer['leak_bytes']} bytes" in report, report
    assert "suppressed by default" not in b.check(1, "--no-default-suppressions", trace)


def test_the_list_of_defaults_is_a_file_as_others(b):
    trace = b.trace(program=b.build("app", text=LIBC), RHEAPER_LEAK_SCAN="1")
    built_in = b.json(0, "--leak-kinds=definite,indirect,reachable", trace)["suppressed"]
    assert built_in["leak_blocks"] > 10, built_in
    said = b.json(0, "--leak-kinds=definite,indirect,reachable", "--no-default-suppressions",
                  "-s", f"{SOURCE}/rheaper-check/default.supp", trace)
    assert said["suppressed"] == built_in and not said["suppressed_by_default"], said


def test_a_step_may_name_several_functions_and_the_file(b):
    known, tail = 2, 1
    trace = b.load(b.trace(known, tail))
    for lines, takes in (("at nothing\n\tor make", True), ("at make\n\tof app", True),
                         ("at make\n\tof libc.so.6", False),
                         ("at make\n\tof libc.so.6\n\tof app", True), ("at make\n\tof static libc", False),
                         ("at make\n\tkinds reachable", True), ("at 0 main\n\tor make\n\tof app", True)):
        said = b.json(0 if takes else 1, "-s", b.file("supp", "suppress x\n\t" + lines + "\n"), trace)
        assert said["suppressed"]["leak_blocks"] == (known + tail if takes else 0), (lines, said)


tap.run(globals(), Bench)
