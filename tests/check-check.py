#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-check on programs whose leaks are known by construction: findings, baselines, and
traces and databases that do not tell all.

usage: check-check.py RHEAPER-CHECK RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

Prints TAP, one point per test_ function.
"""
import fcntl
import os
import re
import shutil
import sqlite3
import subprocess

import tap
from leaky import BIN, CHECK, HERE, PROGRAM, SOURCE, Bench, read


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def test_no_leak_is_fine(b):
    assert "0 findings; 0 call sites leak; 1 process" in b.check(0, b.trace())
    assert b.check(0, "-q", b.trace()) == ""


def test_a_leak_is_found_with_its_line(b):
    trace = b.trace(3)
    for profile in trace, b.load(trace):
        said = b.check(1, profile)
        assert "leak: app: 3 blocks, 300 bytes\n    malloc\n      make  " in said, said
        assert re.search(rf"known  \S*program\.c:{HERE}\n      main  \S*program\.c:\d+\nnote: memory was not scanned: with"
                         r" RHEAPER_LEAK_SCAN=1 blocks that are still reachable are no leaks\n1 finding", said), said
        assert "\033" not in said
    assert b.check(1, "--quiet", trace) == ""


def test_a_baseline_knows_leaks(b):
    baseline = b.baseline()
    assert read(baseline) == (
        "rheaper-baseline 3\n\nprogram app\n\tprocesses 1\n\nsite app\n\tleak-blocks 2\n\tleak-bytes 200\n\tat make\tprogram.c\n"
        "\tat known\tprogram.c\n\tat main\tprogram.c\n\nsite app\n\tleak-blocks 1\n\tleak-bytes 50\n"
        "\tat make\tprogram.c\n\tat tail\tprogram.c\n\tat main\tprogram.c\n"), read(baseline)
    assert "0 findings; 2 call sites leak, 2 known, 0 improved" in b.check(
        0, "-b", baseline, b.trace(2, 1))
    again = b.baseline()
    assert read(again) == read(baseline)
    assert os.stat(baseline).st_mode & 0o444 == 0o444 & ~os.umask(os.umask(0)), os.stat(baseline)


def test_what_a_baseline_knows_may_be_lost_since(b):
    """It has no kinds of leaks, and without a scan nobody has."""
    told = "note: memory was not scanned: a known leak may have been still reachable, and be lost now; RHEAPER_LEAK_SCAN=1 tells\n"
    program = b.build("app", text="#include <stdlib.h>\nvoid *volatile s;\n"
                      "int main(int n, char **v) { s = malloc(9); if (n > 1) s = 0; return !v; }\n")
    held, lost = b.trace(program=program), b.trace("x", program=program)
    assert told in b.check(0, "--write-baseline", b.path("held.txt"), held)
    assert told in b.check(0, "-b", b.path("held.txt"), lost)
    assert "not scanned" not in b.check(0, "-b", b.path("held.txt"), b.trace("x", program=program, RHEAPER_LEAK_SCAN="1"))
    assert told not in b.check(1, lost)


def test_a_new_leak_is_found(b):
    baseline = b.baseline()
    said = b.check(1, "-b", baseline, b.trace(2, 1, 4))
    assert "new leak: app: 4 blocks, 40 bytes\n    calloc\n      other" in said, said
    assert "1 finding; 3 call sites leak, 2 known" in said, said
    # Not even where it calls what leaked already, and that is better
    said = b.check(1, "-b", b.baseline(trace=b.trace(2)), b.trace(0, 1))
    assert "new leak: app: 1 block, 50 bytes" in said and "no longer leaks" in said, said


def test_a_leak_that_got_smaller_covers_no_new_one(b):
    text = """
#include <stdlib.h>
#define OWN __attribute__((noinline, optimize("no-optimize-sibling-calls")))
static void *volatile keep;
static OWN void make(int n) { for (int i = 0; i < n; i++) keep = malloc(100); }
static OWN void parse(int n) { make(n); }
static OWN void other(int n) { parse(n); }
int main(int argc, char **argv)
{
	parse(atoi(argv[1]));
	other(atoi(argv[2]));
	return argc - 3;
}
"""
    program = b.build("app", "rheaper-gcc", text=text)
    baseline = b.baseline(trace=b.trace(10, 0, program=program))
    said = b.check(1, "-b", baseline, b.trace(4, 6, program=program))
    assert "new leak: app: 6 blocks, 600 bytes\n    malloc\n      make" in said, said
    assert "improved: app: leaks less: 4 blocks, 400 bytes, was 10 blocks, 1000 bytes\n" in said, said
    b.check(0, "-b", baseline, b.trace(0, 10, program=program))  # it moved


def test_another_function_s_leak_is_not_the_caller_s(b):
    """What was main's own, or a thread's, and is gone, stands for no leak of what it calls."""
    text = """
#include <pthread.h>
#include <stdlib.h>
#define OWN __attribute__((noinline))
#define STAY __asm__ volatile("" : : : "memory")
static void *volatile keep;
#define LEAK(name, other) static OWN void name(int size) { if (size) keep = malloc(size); else keep = other; STAY; }
static int n[5];
LEAK(leaky, 0)
LEAK(known, n)
LEAK(inner, n + 1)
static OWN void outer(void)
{
	if (n[3])
		keep = malloc(n[3]);
	STAY;
	inner(n[4]);
	STAY;
}
static OWN void *work(void *unused)
{
	if (n[1])
		keep = malloc(n[1]);
	STAY;
	leaky(n[2]);
	STAY;
	return unused;
}
int main(int argc, char **argv)
{
	pthread_t thread;

	for (int i = 1; i < argc && i <= 5; i++)
		n[i - 1] = atoi(argv[i]);
	known(10);
	if (n[0])
		keep = malloc(n[0]);
	STAY;
	if (argc > 6)
		leaky(20);
	outer();
	if (pthread_create(&thread, 0, work, 0) || pthread_join(thread, 0))
		return 1;
	return 0;
}
"""
    for flag in "-O0", "-O2":
        program = b.build("app", "rheaper-gcc", flag, "-pthread", text=text)
        baseline = b.baseline(trace=b.trace(20, program=program))
        assert read(baseline).count("site ") == 2 and "\n\tat main\tprogram.c\n\nsite" in read(baseline), read(baseline)
        said = b.check(1, "-b", baseline, b.trace(0, 0, 0, 0, 0, 1, program=program))
        assert "new leak: app: 1 block, 20 bytes\n    malloc\n      leaky" in said and "1 known" in said, said
        baseline = b.baseline(trace=b.trace(0, 30, program=program))
        said = b.check(1, "-b", baseline, b.trace(0, 0, 30, program=program))
        assert "new leak: app: 1 block, 30 bytes\n    malloc\n      leaky" in said, said
        # Below two functions of its own a jump may have been, and what is taken for what is said
        baseline = b.baseline(trace=b.trace(0, 0, 0, 40, program=program))
        said = b.check(0, "-b", baseline, b.trace(0, 0, 0, 0, 40, program=program))
        assert "note: app: the leak at inner \u2190 outer \u2190 main is taken for the one at outer \u2190 main in the" \
            " baseline, which is not there any more\n" in said, said
        assert "taken for" not in b.check(0, "-b", baseline, b.trace(0, 0, 0, 40, program=program))


def test_functions_named_as_those_that_start_programs_are_places(b):
    """As libc's that call main and a thread's function are: start, clone, start_thread."""
    text = """
#include <pthread.h>
#include <stdlib.h>
#define OWN __attribute__((noinline))
#define STAY __asm__ volatile("" : : : "memory")
static void *volatile keep;
static int n[5];
static OWN void start(int size)
{
	if (size)
		keep = malloc(size);
	STAY;
}
static OWN void *start_thread(void *unused)
{
	if (n[2])
		keep = malloc(n[2]);
	STAY;
	start(n[3]);
	STAY;
	return unused;
}
static OWN void *work(void *unused)
{
	if (n[4])
		keep = malloc(n[4]);
	STAY;
	start_thread(0);
	STAY;
	return unused;
}
int main(int argc, char **argv)
{
	pthread_t thread;

	for (int i = 1; i < argc; i++)
		n[i - 1] = atoi(argv[i]);
	if (n[0])
		keep = malloc(n[0]);
	STAY;
	start(n[1]);
	STAY;
	if (pthread_create(&thread, 0, n[4] ? work : start_thread, 0) || pthread_join(thread, 0))
		return 1;
	return 0;
}
"""
    for flags in [("-O0",), ("-O2",), ("-g0",), ("-static",)]:
        program = b.build("app", "rheaper-gcc", *flags, "-pthread", text=text)
        # Of each pair of places, the first one is gone, and the other is new
        for known, new in [((9, 0, 0, 0, 0), (0, 9, 0, 0, 0)), ((0, 0, 9, 0, 0), (0, 0, 0, 9, 0))]:
            baseline = b.baseline(trace=b.trace(*known, program=program))
            said = b.check(1, "-b", baseline, b.trace(*new, program=program))
            assert "new leak: app: 1 block, 9 bytes" in said and "0 known" in said, (flags, said)
            b.check(0, "-b", baseline, b.trace(*known, program=program))
    baseline = b.baseline(trace=b.trace(0, 0, 0, 0, 9, program=program))
    assert read(baseline).endswith("\n\tleak-bytes 9\n\tat work\tprogram.c\n"), read(baseline)


def build_namesakes(b, folder, one, two, *flags):
    """A program in which the files `one` and `two` have each a static function `helper`."""
    sources = [b.path(f"{folder}/main.c")]
    for number, name in enumerate((one, two)):
        os.makedirs(os.path.dirname(b.path(f"{folder}/{name}")), exist_ok=True)
        sources.append(b.file(f"{folder}/{name}", "#include <stdlib.h>\nextern void *volatile s;\n"
                              "static __attribute__((noinline)) void helper(int n) { while (n--) s = malloc(%d); }\n"
                              "void call%d(int n) { helper(n); }\n" % (10 - number, number)))
    b.file(f"{folder}/main.c", "#include <stdlib.h>\nvoid *volatile s; void call0(int), call1(int);\n"
           "int main(int c, char **v) { call0(atoi(v[1])); call1(atoi(v[2])); s = 0; return c != 3; }\n")
    b.run(f"{BIN}/rheaper-gcc", "-O2", *flags, *sources, "-o", b.path(f"{folder}/app"))
    return b.path(f"{folder}/app")


def judged_by_valgrind(b, folder, *words):
    """The files of the functions that lose blocks, plainly built; None without Valgrind."""
    if not shutil.which("valgrind"):
        return None
    sources = [os.path.join(at, name) for at, _, names in os.walk(b.path(folder)) for name in names if name.endswith(".c")]
    b.run("gcc", "-O2", "-g", *sources, "-o", b.path(f"{folder}/plain"))
    said = subprocess.run(["valgrind", "--leak-check=full", b.path(f"{folder}/plain"), *map(str, words)],
                          env=b.env, text=True, capture_output=True, check=True).stderr
    return set(re.findall(r"by 0x\w+: helper \((\S+\.c):", said))


def test_functions_of_one_name_in_two_files_are_two_places(b):
    """The leak of the one is gone, the other one's is new: so Valgrind says."""
    app = build_namesakes(b, "names", "one.c", "two.c")
    assert judged_by_valgrind(b, "names", 3, 0) in (None, {"one.c"})
    assert judged_by_valgrind(b, "names", 0, 3) in (None, {"two.c"})
    known, other, both = (b.trace(*words, program=app) for words in ((3, 0), (0, 3), (3, 3)))
    baseline = b.baseline(trace=known)
    assert "\tat helper\tnames/one.c\n\tat main\tnames/main.c\n" in read(baseline), read(baseline)
    told = ("note: app: the baseline has a leak at helper (names/one.c) \u2190 main (names/main.c), which is not there any more,"
            " and not at helper (names/two.c) \u2190 main (names/main.c); if a file was renamed, write the baseline again\n")
    assert told in b.check(1, "-b", baseline, other)
    said = b.check(1, "-b", baseline, both)
    assert "new leak: app: 3 blocks, 27 bytes" in said and "1 known" in said and "renamed" not in said, said
    said = b.check(0, "-b", baseline, known)
    assert "known leak is" not in said and "version 1" not in said, said
    assert read(b.baseline(trace=both)).count("site ") == 2
    # From another directory, and without debug information: no more than what is known is taken
    there = subprocess.run([CHECK, "-b", baseline, known], cwd=b.path("names"), env=b.env, text=True, capture_output=True)
    assert there.returncode == 0 and "1 known" in there.stdout and "files are not known" not in there.stdout, there
    assert "source files are known by a part of their path only (--source-root)" in there.stdout, there
    assert subprocess.run([CHECK, "-q", "-b", baseline, other], cwd=b.path("names"), env=b.env).returncode == 1
    bare = build_namesakes(b, "bare", "one.c", "two.c", "-g0")
    told = "where stacks have functions whose source files are not known; what other callers leak there counts as known, too\n"
    assert "note: 1 known leak is " + told in b.check(0, "-b", baseline, b.trace(0, 3, program=bare))
    b.check(1, "-b", baseline, b.trace(1, 3, program=bare))
    of_bare = b.baseline(trace=b.trace(2, 2, program=bare))
    assert "note: 2 known leaks are " + told in b.check(0, "-b", of_bare, b.trace(2, 2, program=app))
    b.check(1, "-b", of_bare, b.trace(2, 3, program=app))
    b.check(1, "-b", of_bare, b.trace(0, 5, program=app))


def test_a_directory_may_be_renamed(b):
    """The functions are in a file of the same name; which one it is nobody can say."""
    app = build_namesakes(b, "dirs", "a/it.c", "b/it.c")
    baseline = b.baseline(trace=b.trace(3, 0, program=app))
    said = b.check(0, "-b", baseline, b.trace(0, 3, program=app))
    assert "the leak at helper (dirs/b/it.c) \u2190 main (dirs/main.c) is taken for the one at helper (dirs/a/it.c)" in said, said
    b.check(1, "-b", baseline, b.trace(3, 1, program=app))
    b.check(1, "-b", baseline, b.trace(0, 4, program=app))


def test_a_baseline_without_files_is_still_read(b):
    """What it cannot tell apart counts together, block by block; and it says so."""
    app = build_namesakes(b, "names", "one.c", "two.c")
    old = b.file("old.txt", "rheaper-baseline 1\n\nsite app\n\tleak-blocks 3\n\tleak-bytes 30\n\tat helper\n\tat main\n")
    told = "note: the baseline is of version 1, without files: what other functions of the same names leak counts as known, too; "
    b.check(1, "-b", old, b.trace(3, 1, program=app))
    b.check(1, "-b", old, b.trace(0, 4, program=app))
    for words in (3, 0), (0, 3):
        assert told in b.check(0, "-b", old, b.trace(*words, program=app))
    assert "version 1" not in b.check(0, "-b", old, "--update-baseline", b.trace(0, 0, program=app))
    assert read(old) == "rheaper-baseline 1\n"
    b.check(1, "-b", old, b.trace(0, 3, program=app))


def test_amounts_of_sites_follow_files(b):
    """Also where one of the builds has no files, so that one of them has less places."""
    app, bare = build_namesakes(b, "names", "one.c", "two.c"), build_namesakes(b, "bare", "one.c", "two.c", "-g0")
    growth = ["--max-growth=site-allocations=0", "--max-growth=leak-blocks=99"]
    for first in app, bare:
        baseline = b.baseline(*growth, trace=b.trace(2, 2, program=first))
        for second in app, bare:
            b.check(0, "-b", baseline, *growth, b.trace(2, 2, program=second))
            said = b.check(1, "-b", baseline, *growth, b.trace(2, 3, program=second))
            assert "growth: app: site-" in said or "growth: app: allocations" in said, said


# An old leak and a new one, n functions deep, which call each other in turn
DEEP = """
#include <stdlib.h>
#define OWN __attribute__((noinline, optimize("no-optimize-sibling-calls")))
static void *volatile keep;
static OWN void even(int n);
static OWN void odd(int n) { if (n > 0) even(n - 1); else keep = malloc(9); }
static OWN void even(int n) { if (n > 0) odd(n - 1); else keep = malloc(9); }
static OWN void known(int n) { even(n); }
static OWN void other(int n) { even(n); }
int main(int argc, char **argv)
{
	(argc > 2 ? other : known)(atoi(argv[1]));
	return 0;
}
"""


def test_callers_that_a_baseline_cannot_tell_apart_are_told(b):
    """They are one place to it, so the leak of one of them may hide that of another."""
    deep = b.build("app", "rheaper-gcc", "-O1", text=DEEP)
    for n, env, why in ((28, {}, None), (60, {"RHEAPER_STACK_DEPTH": "512"}, "have more functions than a baseline keeps of them"),
                        (3, {"RHEAPER_STACK_DEPTH": "3"}, "are deeper than what was recorded (RHEAPER_STACK_DEPTH)"),
                        (3, {"RHEAPER_SAMPLE_RATE": "0.000001"}, "were not recorded (RHEAPER_SAMPLE_RATE)")):
        known, other = b.trace(n, program=deep, **env), b.trace(n, "other", program=deep, **env)
        baseline = b.path("deep.txt")
        told = f"note: 1 known leak is where stacks {why}; what other callers leak there counts as known, too\n"
        assert (told in b.check(0, "--write-baseline", baseline, known)) == bool(why), why
        said = b.check(0 if why else 1, "-b", baseline, other)
        assert told in said if why else "new leak: app: 1 block, 9 bytes" in said and "other callers" not in said, said
        assert "other callers" not in b.check(1, other)  # it hides nothing


def test_growth_has_a_tolerance(b):
    baseline, trace = b.baseline(), b.trace(4, 1)
    said = b.check(1, "-b", baseline, trace)
    assert "leak growth: app: 4 blocks, 400 bytes (the baseline has 2 blocks, 200 bytes)" in said, said
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
    for lambdas in "", "\tauto none = [](int n) { return n; };\n\tnone(0);\n":
        for compiler in "rheaper-g++", "rheaper-clang++":
            if not shutil.which(compiler[8:]):
                continue
            program = b.build("app", compiler, text=text % lambdas)
            trace = b.trace(program=program)
            baseline = baseline or b.baseline(trace=trace)
            b.check(1 if lambdas and compiler == "rheaper-g++" else 0, "-b", baseline, trace)  # it is the second one now
    functions = re.sub(r"\tprogram\.cpp\t?.*", "", read(baseline))
    assert "\tat ::Box::make\n\tat main::{lambda}::operator()\n\tat main\n" in functions, functions
    assert "\tat ::Box::make\n\tat main\n" in functions, functions


def test_one_baseline_for_all_compilers_of_cxx(b):
    """Where functions were inlined some say no namespaces."""
    text = """
#include <stdlib.h>
namespace lib {
struct buffer {
	char *p;
	explicit buffer(int n) { fill(n); }
	void fill(int n) { p = make(n); }
	static char *make(int n) { return static_cast<char *>(malloc(n)); }
};
namespace { struct hidden { char *q; void get(int n) { q = new char[n]; } }; }
}
char *volatile sink;
__attribute__((noinline)) static void work(int n)
{
	lib::buffer b(n);
	lib::hidden h;
	sink = b.p;
	h.get(n);
	sink = h.q;
}
int main(int argc, char **argv)
{
	for (int i = atoi(argv[1]); i > 0; i--)
		work(100 * i);
	sink = NULL;
}
"""
    builds = [b.build("app", compiler, *flags, text=text) for compiler, *flags in (
        ("rheaper-g++", "-O0"), ("rheaper-g++", "-O2"), ("rheaper-g++", "-O2", "-g1"),
        ("rheaper-clang++", "-O2"), ("rheaper-clang++", "-O2", "-g1"), ("rheaper-clang++", "-O0"))
        if shutil.which(compiler[8:])]
    traces = {program: [b.trace(n, program=program) for n in (3, 4)] for program in builds}
    for first in builds:
        baseline = b.baseline(trace=traces[first][0])
        for second in builds:
            same, more = traces[second]
            said = b.check(0, "-b", baseline, same)
            assert "2 known, 0 improved" in said, said
            b.check(1, "-b", baseline, more)


def test_what_got_better_is_said_and_kept(b):
    baseline = b.baseline(trace=b.trace(3, 1, 2))
    fixed = b.trace(1, 0, 2)
    before = read(baseline)
    said = b.check(0, "-b", baseline, fixed)
    assert "improved: app: leaks less: 1 block, 100 bytes, was 3 blocks, 300 bytes\n" in said, said
    assert "improved: app: no longer leaks; was 1 block, 50 bytes\n      make\n      tail\n" in said, said
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
    said = b.check(0, "-b", baseline, "--update-baseline", b.trace(2))
    assert "site another\n" in read(baseline) and "improved" not in said.replace("0 improved", "")
    assert "note: 1 program in the baseline did not run: another\n" in said, said


def test_processes_of_a_program_add_up(b):
    traces = [b.trace(1), b.trace(2), b.trace(3)]
    assert "leak: app: 6 blocks, 600 bytes" in b.check(1, *traces)
    baseline = b.baseline(trace=b.load(*traces))
    b.check(0, "-b", baseline, *traces)
    b.check(1, "-b", baseline, *traces, b.trace(1))


def test_totals_grow_where_asked(b):
    baseline = b.baseline("--max-growth=allocations=1%", "--max-growth=peak=0")
    assert re.search(r"program app\n\tprocesses 1\n\tallocations 1003\n\tpeak \d+\n", read(baseline)), read(baseline)
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
    # What is nowhere in the baseline is never compared; what another program has, not here
    for name in "bytes", "site-bytes", "site-allocations":
        said = b.check(2, *tolerant, f"--max-growth={name}=0", grown)
        assert f"it has no {name} to compare with; write it with --max-growth={name}=N" in said, said
    mixed = b.file("mixed", read(baseline).replace("\nprogram app\n", "\nprogram aaa\n\tbytes 5\n\nprogram app\n"))
    said = b.check(0, "-b", mixed, *tolerant[2:], "--max-growth=bytes=0", grown)
    assert "note: bytes of app not compared: not in the baseline" in said, said
    for words in ["--max-growth=peak=5%"], ["--max-growth=leak-blocks=9"]:
        assert "--max-growth needs --baseline" in b.check(2, *words, grown), words
    b.check(0, "-b", baseline, "--max-growth=allocations=0", "--update-baseline", b.trace(1, 1))
    assert "\tallocations 1002\n" in read(baseline), read(baseline)


def test_allocations_of_a_site_grow(b):
    asked = "--max-growth=site-allocations=10%"
    baseline = b.baseline(asked)
    assert "\tallocations 1000\n\tat main\tprogram.c\n" in read(baseline), read(baseline)
    b.check(0, "-b", baseline, asked, b.trace(2, 1))
    more = b.build("app", text=PROGRAM.replace("i < 1000", "i < 1200"))
    said = b.check(1, "-b", baseline, asked, b.trace(2, 1, program=more))
    assert "growth: app: allocations 1200 (the baseline has 1000, +20.0 %)\n    malloc\n      main" in said, said
    b.check(0, "-b", baseline, "--max-growth=site-allocations=200", b.trace(2, 1, program=more))
    # Where the stacks do not tell the site, and where it has another name
    said = b.check(2, "-b", baseline, asked, b.trace(program=more, RHEAPER_SAMPLE_RATE="0"))
    assert "site-allocations may have grown: not all stacks were recorded (RHEAPER_SAMPLE_RATE)" in said, said
    b.check(0, "-b", baseline, asked, "--allow-partial", b.trace(program=more, RHEAPER_SAMPLE_RATE="0"))
    renamed = b.build("app", text=PROGRAM.replace("i < 1000", "i < 1200").replace("known", "renamed"))
    said = b.check(1, "-b", baseline, asked, b.trace(2, 1, program=renamed))
    assert "note: site-allocations: 1 call site of the baseline is not there; what took its place is not compared" \
        in said, said
    said = b.check(0, "-b", baseline, asked, b.trace(2, 1))
    assert "not there" not in said and "no number" not in said, said


def test_sites_without_a_number_to_compare_with_are_counted(b):
    asked = "--max-growth=site-allocations=0"
    fresh = """__attribute__((constructor, noinline)) static void fresh(void)
{
	for (int i = 0; i < 5000; i++)
		free(malloc(10));
}
"""
    new = b.trace(2, 1, program=b.build("app", text=PROGRAM + fresh))
    said = b.check(0, "-b", b.baseline(asked), asked, new)
    assert "note: site-allocations: the baseline has no number for 1 call site (5000 together): not compared\n" \
        in said, said


def test_a_ratchet_lowers_amounts_that_nobody_asked_for(b):
    asked = "--max-growth=site-allocations=0", "--max-growth=site-bytes=0", "--max-growth=bytes=0"
    baseline = b.baseline(*asked)
    before = read(baseline)
    b.check(0, "-b", baseline, "--update-baseline", b.trace(2, 1))
    assert read(baseline) == before, read(baseline)
    fewer = b.trace(2, 1, program=b.build("app", text=PROGRAM.replace("i < 1000", "i < 900")))
    b.check(0, "-b", baseline, "--update-baseline", fewer)
    assert read(baseline) == read(b.baseline(*asked, trace=fewer)), read(baseline)


def test_limits_hold_in_any_case(b):
    trace = b.trace(3)
    baseline = b.baseline(trace=trace)
    for limit, most in ("allocations", 1003), ("leak-blocks", 3), ("leak-bytes", 300):
        b.check(0, "-b", baseline, f"--limit={limit}={most}", trace)
        said = b.check(1, "-b", baseline, f"--limit={limit}={most - 1}", trace)
        assert f"limit exceeded: app: {limit} {most}, limit {most - 1}" in said, said
    b.check(0, "-b", baseline, "--limit=peak=1M", trace)
    b.check(1, "-b", baseline, "--limit=peak=99", trace)


def test_a_limit_of_leaks_is_of_a_run(b):
    """Runs that leak at different sites: the total is none that no run had, and is there in all."""
    runs = [b.load(b.trace(1)), b.load(b.trace(0, 0, 7))]
    baseline = b.baseline(trace=b.load(b.trace(1, 0, 7)))
    for words, status in (("--limit=leak-bytes=100", 0), ("--limit=leak-bytes=99", 1), ("--limit=leak-blocks=7", 0),
                          ("--limit=leak-blocks=6", 1), ("--min-runs=2 --limit=leak-bytes=70", 0),
                          ("--min-runs=2 --limit=leak-bytes=69", 1), ("--min-runs=all --limit=leak-blocks=0", 1)):
        said = b.check(status, "-b", baseline, *words.split(), *runs)
        assert status == 0 or "1 finding" in said and "limit exceeded" in said, (words, said)
    supp = b.file("supp", "leak:other\n")
    said = b.check(1, "-b", baseline, "-s", supp, "--limit=leak-blocks=0", *runs)
    assert "leak-blocks 1, limit 0" in said, said
    b.check(0, "-b", baseline, "-s", supp, "--limit=leak-blocks=0", "--min-runs=2", *runs)


def test_partial_traces_tell_nothing(b):
    trace = b.trace(0, 0, 0, 1)  # _exit
    said = b.check(2, trace)
    assert "incomplete: " in said and "inconclusive: " in said, said
    b.check(2, b.trace(0, 0, 0, 1), b.trace())
    result = b.json(2, trace)
    assert result["problems"][0]["defect"] == "partial" and result["verdict"] == "inconclusive"
    for words, status in (trace, 0), (b.trace(3, 0, 0, 1), 1):
        result = subprocess.run([CHECK, "--allow-partial", words], env=b.env, capture_output=True)
        assert result.returncode == status, result


def test_every_loss_is_partial(b):
    database = b.load(b.trace(1))
    with sqlite3.connect(database) as db:
        reasons = [row[0] for row in db.execute("SELECT reason FROM losses")]
    harmless = {"foreign_free", "foreign_realloc", "unseen_free", "unpaired_scope_end", "clock_inversions",
                "unrecorded_library", "scan_on_other_stack", "quiet_children", "untraced_programs"}
    assert harmless < set(reasons) and len(reasons) > 15, reasons
    changes = [(f"UPDATE losses SET count = 1 WHERE reason = '{reason}'", 1 if reason in harmless else 2)
               for reason in reasons]
    changes += [("UPDATE totals SET value = 1 WHERE name = 'lost_events'", 2),
                ("UPDATE processes SET ring = 1, max_bytes = 4096", 2)]
    changes += [(f"UPDATE processes SET ending = '{ending}'", 2)
                for ending in ("full", "failed", "unknown", "exit", "")]
    for change, status in changes:
        changed = b.change(database, change)
        b.check(status, changed)
        b.check(1, "--allow-partial", changed)


def test_what_was_live_at_a_cut_is_no_leak(b):
    database = b.load(b.trace(1))
    # Nor is anything said of what came behind the cut
    for ending, when in ("stopped", "while it was off"), ("snapshot", "later"):
        said = b.check(0, b.change(database, f"UPDATE processes SET ending = '{ending}'"))
        assert f"; blocks that were live then, or were allocated {when}, are not judged\n" in said, said


def test_a_cut_makes_nothing_better(b):
    asked = "--max-growth=allocations=1%", "--max-growth=site-allocations=1%"
    baseline = b.baseline(*asked)
    before = read(baseline)
    cut = b.change(b.load(b.trace(1)), "UPDATE processes SET ending = 'stopped'")
    said = b.check(0, "-b", baseline, "--update-baseline", *asked, cut)
    assert read(baseline) == before and "0 improved" in said and "improved: " not in said, said


def test_what_is_not_in_a_trace_is_not_better(b):
    asked = "--max-growth=allocations=1%", "--max-growth=site-allocations=1%"
    baseline = b.baseline(*asked)
    before = read(baseline)
    new, less = b.load(b.trace(1, 0, 9)), b.load(b.trace(1))
    update = "-b", baseline, "--update-baseline", *asked
    sampled = "UPDATE processes SET sample_bytes = 512"
    said = b.check(1, *update, b.change(new, sampled))
    assert read(baseline) == before and "0 improved" in said and "improved: " not in said, said
    for change in sampled, "UPDATE processes SET ending = 'unknown'", "UPDATE totals SET value = 1 WHERE name = 'lost_events'":
        said = b.check(0, *update, "--allow-partial", b.change(less, change))
        assert read(baseline) == before and "0 improved" in said, (change, said)
    said = b.check(0, *update[:3], "--allow-partial", b.load(b.trace(1), b.trace(0, 0, 0, 1)))
    assert read(baseline) == before and "0 improved" in said, said


def test_stacks_of_a_share_are_all_blocks(b):
    """RHEAPER_SAMPLE_RATE leaves stacks out, not blocks."""
    said = b.check(0, b.load(b.trace(RHEAPER_SAMPLE_RATE="0")))
    assert "not all stacks were recorded" in said, said
    said = b.json(1, b.load(b.trace(2, 1, RHEAPER_SAMPLE_RATE="0")))
    assert sum(f["now"]["leak_blocks"] for f in said["findings"]) == 3, said
    base = b.baseline(trace=b.trace(2, 1))
    before = open(base).read()
    b.check(1, "-b", base, "--update-baseline", b.load(b.trace(2, 1, RHEAPER_SAMPLE_RATE="0")))
    assert open(base).read() == before


def test_a_sample_convicts_and_does_not_acquit(b):
    clean, leaking = b.load(b.trace()), b.load(b.trace(1))
    sampled = "UPDATE processes SET sample_bytes = 512"
    assert "numbers are estimates" in b.check(1, b.change(leaking, sampled))
    assert "numbers are estimates" in b.check(2, b.change(clean, sampled))
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


LATE = """
#include <rheaper.h>
#include <stdlib.h>
static void *volatile block;
int main(void)
{
	block = malloc(10);
	int status = rheaper_enable_tracking(NULL).error != RHEAPER_OK;
	free(malloc(20));
	return status;
}
"""


def test_what_is_not_judged_is_said(b):
    late = b.build("app", "rheaper-gcc", f"-I{SOURCE}/include", text=LATE)
    said = b.check(0, b.trace(program=late, RHEAPER_START="0"))
    assert "note: " in said and "tracing began while the program ran; what it had allocated before is not judged" in said, said
    of_link = b.build("app", "rheaper-gcc", "--rheaper-capture=link")
    said = b.check(0, b.trace(program=of_link))
    assert "not of shared libraries; what these allocate is not judged" in said, said
    database = b.load(b.trace())
    said = b.check(0, b.change(database, "UPDATE losses SET count = 2 WHERE reason = 'unseen_free'"))
    assert "the addresses of 2 blocks were handed out again without a free; whether they leaked is not judged" in said, said
    assert "not judged" not in b.check(0, database)


# A block that a library hands over is freed, another one is lost
GIVEN = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
static void *volatile keep;
int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], argc > 2 ? RTLD_NOW | RTLD_DEEPBIND : RTLD_NOW);
	void *(*give)(void) = (void *(*)(void))dlsym(library, "give");
	free(give());
	keep = give();
	keep = NULL;
	return 0;
}
"""


def test_blocks_from_where_nobody_recorded_are_told(b):
    """Valgrind and LeakSanitizer call the second one lost in either case."""
    library, taker = b.path("libgive.so"), b.build("app", text=GIVEN)
    b.run("cc", "-shared", "-fPIC", b.file("give.c", "#include <stdlib.h>\nvoid *give(void) { return malloc(9); }\n"), "-o", library)
    scan = {"RHEAPER_LEAK_SCAN": "1"}
    told = "1 block was freed or resized whose allocation was not recorded; what else came from there is not judged\n"
    said = b.check(0, b.trace(library, "deep", program=taker, **scan))
    assert "note: " in said and told in said, said
    said = b.check(1, b.trace(library, program=taker, **scan))
    assert "leak: app: 1 block, 9 bytes definitely lost" in said and "recorded" not in said, said
    # Where another note says why
    lost = b.load(b.trace())
    for change in "forked = 1", "began_late = 1", "capture = 'link'":
        changed = b.change(lost, "UPDATE losses SET count = 2 WHERE reason IN ('foreign_free', 'foreign_realloc');"
                           f"UPDATE processes SET {change}")
        assert "whose allocation was not recorded" not in b.check(0, changed), change
    changed = b.change(lost, "UPDATE losses SET count = 2 WHERE reason IN ('foreign_free', 'foreign_realloc')")
    assert "4 blocks were freed or resized whose allocation was not recorded" in b.check(0, changed)


def test_two_traces_in_one_file_are_no_verdict(b):
    """The second one would never be read."""
    joined = b.path("joined.bin")
    for second in read_bytes(b.trace(1)), b"\0x":
        with open(joined, "wb") as out:
            out.write(read_bytes(b.trace()) + second)
        assert "Regions of the file that cannot be read." in b.check(2, joined)
    with open(joined, "wb") as out:
        out.write(read_bytes(b.trace()) + bytes(5000))  # as if more had been reserved
    b.check(0, joined)


def test_a_trace_of_zeros_is_no_verdict(b):
    """As after a power failure: the head reached the disk, nothing else did."""
    zeros = b.path("zeros.bin")
    whole = read_bytes(b.trace(3))
    for kept in 4096, 65536:
        with open(zeros, "wb") as out:
            out.write(whole[:kept] + bytes(len(whole) - kept))
        b.check(2, zeros)


def test_databases_that_lie_are_refused(b):
    database = b.load(b.trace(1))
    for change in ("PRAGMA user_version = 99", "PRAGMA application_id = 1", "DELETE FROM processes",
                   "DELETE FROM totals", "DROP TABLE frames", "DELETE FROM frames",
                   "UPDATE lots SET last_block = first_block - 5", "UPDATE lots SET process = 77",
                   "DELETE FROM lots", "UPDATE totals SET value = -5", "DELETE FROM block_endings",
                   "UPDATE block_endings SET live = 0", "DELETE FROM block_endings WHERE ending = 0",
                   "UPDATE lots SET ending = 9 WHERE ending = 0", "UPDATE lots SET leak_kind = 99",
                   "UPDATE lots SET weight = 0", "UPDATE lots SET weight = 0.001 WHERE ending = 2",
                   "UPDATE stacks SET frames = '[1099511627776]' WHERE stack = 1",
                   "UPDATE stacks SET frames = '[\"a\"]' WHERE stack = 1", "UPDATE stacks SET frames = '[1,' WHERE stack = 1",
                   "UPDATE processes SET leak_scan = 'failed'"):
        b.check(2, b.change(database, change))
    hostile = b.change(database, "UPDATE frames SET function = char(27) || '[2J' || x'ff'")
    said = b.check(1, "--full-names", hostile)
    assert "\033" not in said and "\\x1b[2J\\xff" in said, said
    assert "\033" not in b.check(1, hostile)
    for change in ("UPDATE stacks SET owner_frame_no = 99", "UPDATE stacks SET owner_frame_no = -1",
                   "UPDATE owner_chains SET text = char(27) || ' \u2190 '"):
        said = b.check(1, b.change(database, change))
        assert "leak: app: 1 block" in said and "known" in said and "\033" not in said, said
    b.check(1, b.change(database, "UPDATE lots SET bytes = 9223372036854775807"))
    b.check(1, b.change(database, "UPDATE lots SET leak_kind = NULL"))


def test_a_changed_schema_is_refused(b):
    """A view that has rows for ever would keep its reader busy for as long."""
    database = b.load(b.trace(1))
    endless = " AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT x AS value, * FROM n WHERE x > 1"
    for change in ("DROP TABLE totals; CREATE VIEW totals" + endless,
                   "DROP VIEW leaks; CREATE VIEW leaks" + endless, "DROP VIEW leaks",
                   "CREATE TRIGGER t AFTER INSERT ON blocks BEGIN SELECT 1; END"):
        assert "its schema was changed" in b.check(2, b.change(database, change)), change
    b.check(1, b.change(database, "CREATE VIEW mine" + endless))


def test_traces_of_another_machine(b):
    program = b.build("lt-app", "rheaper-gcc")
    trace = b.trace(3, program=program)
    libraries = b.run("ldd", program)
    os.makedirs(b.path("root") + os.path.dirname(program))
    os.rename(program, b.path("root") + program)
    # No link leads out of a root: what the program was linked with stands there itself
    for library in re.findall(r"(/\S+) \(0x", libraries):
        os.makedirs(b.path("root") + os.path.dirname(library), exist_ok=True)
        shutil.copy(library, b.path("root") + library)
    said = b.check(1, "--sysroot", b.path("root"), trace)
    assert f"program.c:{HERE}\n" in said and "leak: app: 3 blocks" in said, said
    alone = subprocess.run([CHECK, trace], cwd=b.dir, env=b.env, text=True, capture_output=True)
    assert "program.c" not in alone.stdout and "its functions appear" in alone.stderr, alone


def test_a_run_is_not_two(b):
    traces = b.trace(1), b.trace(2)
    database, other = b.load(*traces), b.load(b.trace(1))
    copy = b.change(database, "UPDATE runs SET label = 'another'")
    b.check(1, database, other, b.trace(1))
    for again in database, copy, b.load(traces[1]), traces[0]:
        for words in ((again,), (again, other), ("--min-runs=2", "--allow-partial", other, again)):
            said = b.check(2, database, *words)
            assert re.search(r"process \d+ \(\S+\) is also in \S+ \(", said), said
            assert os.path.basename(database) in said and os.path.basename(again) in said, (again, said)


def test_wrong_words_are_refused(b):
    trace = b.trace()
    for words in ([], ["--nothing", trace], ["--max-growth=peak", trace], ["--max-growth=x=1", trace],
                  ["--max-growth=peak=x", trace], ["--max-growth=peak=-1%", trace], ["--limit=peak=5%", trace],
                  ["--limit=site-bytes=5", trace], ["--update-baseline", trace],
                  ["-b", "x", "--write-baseline", "y", trace], ["--report=x", trace],
                  ["--report=json=", trace], ["--json", "-q", trace], ["--json", "--report=text", trace],
                  ["--leak-kinds=lost", trace], ["--leak-kinds=,x", trace],
                  ["--leak-kinds=", trace], ["--leak-kinds= ", trace], ["--leak-kinds=,", trace],
                  ["-b", b.path("none"), trace], ["--write-baseline", b.path("no/such"), trace],
                  ["--report=json=" + b.path("no/such"), trace]):
        assert "rheaper-check: " in b.check(2, *words), words
    assert b.check(0, "--version").startswith("rheaper-check (rheaper) ")


def test_no_report_takes_the_place_of_what_is_read(b):
    first, second = b.trace(1), b.trace(1)
    for trace in first, second:
        before = open(trace, "rb").read()
        for words in [f"--report=json={trace}"], [f"--write-baseline={trace}"]:
            b.check(2, "-q", *words, first, second)
            assert open(trace, "rb").read() == before, (trace, words)


def test_a_newer_trace_is_told(b):
    trace = b.trace()
    for _ in "xx":
        b.run(b.path("build1/app"), "3", RHEAPER_TRACE=trace)
    result = subprocess.run([CHECK, "-q", trace], env=b.env, text=True, capture_output=True)
    assert (result.returncode, result.stdout) == (0, ""), result
    # The newest may be of another program than the one that leaks
    assert result.stderr == (f"rheaper-check: reading {trace}, although 2 traces of that name are newer, the newest {trace}.2; "
                             "name those to read them\n"), result
    assert b.check(1, "-q", trace + ".2") == ""
    # Numbers that were given before are no traces now
    os.rename(trace + ".2", trace + ".30")
    os.remove(trace + ".1")
    for name, folder in (trace, b.dir + "/"), (os.path.basename(trace), ""), ("./" + os.path.basename(trace), "./"):
        result = subprocess.run([CHECK, "-q", name], env=b.env, text=True, capture_output=True, cwd=b.dir)
        told = f"rheaper-check: reading {name}, although {folder}{os.path.basename(trace)}.30 is newer; name that to read it\n"
        assert (result.returncode, result.stderr) == (0, told), result
    # Nor do they stand beside a link
    os.mkdir(b.path("links"))
    os.symlink(trace, b.path("links/last"))
    result = subprocess.run([CHECK, "-q", "links/last"], env=b.env, text=True, capture_output=True, cwd=b.dir)
    told = f"rheaper-check: reading links/last, although {os.path.realpath(trace)}.30 is newer; name that to read it\n"
    assert (result.returncode, result.stderr) == (0, told), result


def test_a_newer_trace_that_cannot_be_read_is_told(b):
    """It may be another user's, or written by another version of rheaper."""
    trace = b.trace()
    b.run(b.path("build1/app"), "3", RHEAPER_TRACE=trace)
    told = f"rheaper-check: reading {trace}, although {trace}.1 is newer; name that to read it\n"
    strace = ["strace", "-qq", "-o", b.path("strace"), "-e", "trace=openat", "-P", trace + ".1"]
    if shutil.which("strace") and not subprocess.run([*strace, "true"], capture_output=True).returncode:
        result = subprocess.run([*strace, "--inject=openat:error=EACCES", CHECK, "-q", trace], env=b.env, text=True, capture_output=True)
        assert (result.returncode, result.stderr) == (0, told), result
    with open(trace + ".1", "r+b") as file:
        file.seek(12)
        file.write(b"\xff\x7f")  # its version
    result = subprocess.run([CHECK, "-q", trace], env=b.env, text=True, capture_output=True)
    assert (result.returncode, result.stderr) == (0, told), result
    # What is no trace is none
    with open(trace + ".1", "r+b") as file:
        file.write(b"x")
    result = subprocess.run([CHECK, "-q", trace], env=b.env, text=True, capture_output=True)
    assert (result.returncode, result.stderr) == (0, ""), result


def test_a_directory_that_tells_no_names_is_told(b):
    """Who may not list it does not know of newer traces."""
    strace = ["strace", "-qq", "-o", b.path("strace"), "-e", "trace=openat", "-P", b.dir + "/"]
    if not shutil.which("strace") or subprocess.run([*strace, "true"], capture_output=True).returncode:
        raise tap.Skip("strace does not work here")
    trace = b.trace()
    result = subprocess.run([*strace, "--inject=openat:error=EACCES", CHECK, "-q", trace], env=b.env, text=True, capture_output=True)
    assert result.returncode == 0 and result.stderr.endswith(
        f"rheaper-check: list the directory of {trace}: Permission denied; whether there are later traces of that name"
        " is not known\n"), result


def test_a_signal_leaves_no_database(b):
    """Not either where the loader has ended, and nobody has read it yet."""
    strace = ["strace", "-qq", "-o", b.path("strace"), "-e", "trace=unlink"]
    if not shutil.which("strace") or subprocess.run([*strace, "true"], capture_output=True).returncode:
        raise tap.Skip("strace does not work here")
    inject = "--inject=unlink:error=EINTR:signal=SIGTERM:when=1"  # when it removes the database at last
    result = subprocess.run([*strace, inject, CHECK, "-q", b.trace()], env=b.env, capture_output=True)
    assert result.returncode in (-15, 143) and "SIGTERM" in read(b.path("strace")), result
    assert os.listdir(b.path("tmp")) == [], os.listdir(b.path("tmp"))


def test_baselines_updated_at_the_same_time(b):
    """Each improvement is there, whichever of them is first."""
    n = 6
    programs = [b.build(f"app{i}") for i in range(n)]
    baseline = b.baseline(*[b.trace(3, 1, program=program) for program in programs], trace=b.trace(3, 1))
    better = [b.trace(1, 0, program=program) for program in programs]
    for turn in range(3):
        at_once = b.file(f"together{turn}", read(baseline))
        one_by_one = b.file(f"in-turn{turn}", read(baseline))
        checks = [subprocess.Popen([CHECK, "-q", "-b", at_once, "--update-baseline", trace], cwd=b.dir, env=b.env,
                                   stdin=subprocess.DEVNULL) for trace in better]
        assert [check.wait(240) for check in checks] == [0] * n
        for trace in better:
            b.check(0, "-q", "-b", one_by_one, "--update-baseline", trace)
        assert read(at_once) == read(one_by_one) != read(baseline), read(at_once)


def test_who_waits_for_a_baseline_says_so(b):
    baseline, trace = b.baseline(trace=b.trace(3, 1)), b.trace(1)
    for words in ["-b", baseline, "--update-baseline"], ["--write-baseline", baseline]:
        with open(baseline, "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with subprocess.Popen([CHECK, "-q", *words, trace], cwd=b.dir, env=b.env, stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True) as check:
                said = check.stderr.readline()
                assert said == f"rheaper-check: {baseline}: waiting for another program that is changing it\n", said
                assert "leak-blocks 3" in read(baseline)
                fcntl.flock(held, fcntl.LOCK_UN)
                assert check.stderr.read() == ""
        assert check.returncode == 0 and "leak-blocks 1" in read(baseline), read(baseline)
        b.file(baseline, read(baseline).replace("leak-blocks 1", "leak-blocks 3"))


tap.run(globals(), Bench)
