#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-check where something is missing that could change the verdict: a trace, a run, a
program, what tells two functions apart. Status 0 comes with a note of it.

usage: check-missing.py RHEAPER-CHECK RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

Prints TAP, one point per test_ function.
"""
import json
import os
import shutil
import subprocess

import tap
from leaky import BIN, CHECK, PROGRAM, SOURCE, Bench, read

ABSENT = "note: %d program%s in the baseline did not run: %s\n"


def test_a_program_that_did_not_run_is_told(b):
    """Each once, also one that has no leaks in the baseline."""
    other, third = b.build("other"), b.build("third")
    growth = "--max-growth=peak=5%"
    baseline = b.baseline(growth, trace=b.load(b.trace(0), b.trace(1, program=other), b.trace(0, program=third)))
    assert ABSENT % (2, "s", "other, third") in b.check(0, "-b", baseline, growth, b.trace(0))
    assert ABSENT % (1, "", "third") in b.check(0, "-b", baseline, b.load(b.trace(1, program=other), b.trace(0)))
    said = b.check(0, "-b", baseline, b.load(b.trace(0), b.trace(1, program=other), b.trace(0, program=third)))
    assert "did not run" not in said, said
    many = b.baseline(trace=b.load(*(b.trace(0, program=b.build(f"p{i}")) for i in range(8))))
    assert ABSENT % (8, "s", "p0, p1, p2, p3, p4 and 3 more") in b.check(0, "-b", many, b.trace(0))


FEWER = "1 program ran in fewer processes than in the baseline: app (%d of %d); what the others leak more may not be noticed"


def test_fewer_processes_of_a_program_are_told(b):
    """The leak of one that is missing stands for what another one leaks more; and less is no improvement."""
    baseline = b.baseline(trace=b.load(b.trace(1), b.trace(1), b.trace(1)))
    assert "program app\n\tprocesses 3\n" in read(baseline), read(baseline)
    said = b.check(0, "-b", baseline, b.trace(3))
    assert "note: " + FEWER % (1, 3) in said and "0 improved" in said, said
    before = read(baseline)
    said = b.check(0, "-b", baseline, "--update-baseline", b.trace(1), b.trace(1))
    assert FEWER % (2, 3) in said and "0 improved" in said and read(baseline) == before, said
    assert "fewer" not in b.check(0, "-b", baseline, b.trace(1), b.trace(1), b.trace(1))
    # Several runs: the one with the most processes counts
    runs = b.load(b.trace(1), b.trace(1), b.trace(1)), b.load(b.trace(1), b.trace(1))
    assert "fewer" not in b.check(0, "-b", baseline, *runs)
    # ... unless more than one must have what counts: then each must be whole
    assert FEWER % (2, 3) in b.check(0, "-b", baseline, "--min-runs=all", *runs)
    # Programs of one name in two directories are one
    said = b.check(0, "-b", b.baseline(trace=b.load(b.trace(3), b.trace(3, program=b.build("app")))), b.trace(6))
    assert FEWER % (1, 2) in said, said


SWITCHED = """
#include <stdlib.h>
#include "rheaper.h"
void *volatile keep;
int main(int argc, char **argv)
{
	for (int i = 1; i < atoi(argv[1]); i++) {
		keep = malloc(9);
		rheaper_disable_tracking();
		rheaper_enable_tracking(NULL);
	}
	return argc != 2;
}
"""


def test_a_process_with_several_traces_is_one(b):
    """It does not stand for others that are missing."""
    program = b.build("app", "rheaper-gcc", f"-I{SOURCE}/include", text=SWITCHED)
    baseline = b.baseline(trace=b.load(*(b.trace(1, program=program) for _ in range(3))))
    assert "processes 3\n" in read(baseline), read(baseline)
    trace = b.trace(3, program=program)
    traces = trace, trace + ".1", trace + ".2"
    said = b.check(0, "-b", baseline, *traces)
    assert "switched off" in said and "note: " + FEWER % (1, 3) in said, said
    assert FEWER % (2, 3) in b.check(2, "--require-programs", "-b", baseline, *traces, b.trace(1, program=program))
    # ... in a report with room for ten notes, too
    trace = b.trace(9, program=program)
    said = b.check(0, "-b", baseline, "--report=github", *([trace] + [f"{trace}.{i}" for i in range(1, 9)]))
    assert FEWER % (1, 3) in said and "more notes" in said and said.count("::notice") == 10, said


def test_runs_of_other_arguments_are_told(b):
    """Of traces that were loaded each by itself the worst counts: what another one leaks more does not."""
    big = b.load(b.trace(5))
    baseline = b.baseline(trace=b.load(b.trace(5)))
    told = "note: app ran with other arguments in another run, and what it has in one run is not added to that of another;"
    for status, *words in (0, "-b", baseline), (1, "--limit=leak-blocks=5"), (1, "--min-runs=all"):
        assert told in b.check(status, *words, big, b.load(b.trace(3)))
    # Repetitions, of a server with another number of children, too
    assert told not in b.check(0, "-b", baseline, big, b.load(b.trace(5)))
    several = b.load(b.trace(0), b.trace(0), b.trace(1))
    assert told not in b.check(0, "-b", baseline, several, b.load(b.trace(0), b.trace(1)))
    # Without a baseline each leak is a finding
    assert told not in b.check(1, big, b.load(b.trace(3)))


def test_an_update_learns_programs_and_processes(b):
    """Amounts shrink and these grow: what runs from now on must run later."""
    baseline = b.baseline(trace=b.trace(0))
    other = b.build("other")
    b.check(0, "-b", baseline, "--update-baseline", b.trace(0), b.trace(0), b.trace(0, program=other))
    assert read(baseline) == "rheaper-baseline 3\n\nprogram app\n\tprocesses 2\n\nprogram other\n\tprocesses 1\n", read(baseline)
    many = [b.trace(0, program=b.build(f"a{i}")) for i in range(5)]
    b.check(0, "-b", baseline, "--update-baseline", b.trace(0), b.trace(0), b.trace(0), *many)
    assert "program app\n\tprocesses 3\n" in read(baseline) and "program a4\n" in read(baseline), read(baseline)
    old = b.file("old.txt", "rheaper-baseline 2\n")
    b.check(0, "-b", old, "--update-baseline", b.trace(0))
    assert read(old) == "rheaper-baseline 2\n"


def test_programs_may_be_required(b):
    """What the baseline has and did not run, or less often, makes the check inconclusive."""
    other = b.build("other")
    baseline = b.baseline(trace=b.load(b.trace(0), b.trace(0), b.trace(0, program=other)))
    before = read(baseline)
    words = "--require-programs", "-b", baseline
    b.check(0, *words, b.trace(0), b.trace(0), b.trace(0, program=other))
    for traces, told in ((b.trace(0), b.trace(0)), "1 program in the baseline did not run: other"), \
                        ((b.trace(0), b.trace(0, program=other)), FEWER % (1, 2)):
        said = b.check(2, *words, "--update-baseline", "--allow-partial", *traces)
        assert f"incomplete: {baseline} (all programs): {told}" in said, said
        assert "inconclusive" in said and "did not run as often as it has them" in said, said
        assert read(baseline) == before
    data = json.loads(b.check(2, *words, "--json", b.trace(0), b.trace(0)))
    assert data["verdict"] == "inconclusive" and [p["defect"] for p in data["problems"]] == ["programs"], data
    said = b.check(2, "--require-programs", b.trace(0))
    assert "--require-programs needs --baseline=FILE" in said, said


SITE = "\nsite app\n\tleak-blocks 1\n\tleak-bytes 50\n\tat make\n\tat tail\n\tat main\n"
UNCOUNTED = "the baseline does not say in how many processes 1 program ran: app; "


def test_a_baseline_without_numbers_of_processes_is_told(b):
    """An older one, or one that was merged by hand: whether a process is missing it cannot tell."""
    trace, require = b.trace(0, 1), "--require-programs"
    for version, mend in (1, "--write-baseline writes one that does"), (3, "--update-baseline adds it"):
        old = b.file(f"old{version}.txt", f"rheaper-baseline {version}\n" + SITE)
        said = b.check(0, "-b", old, trace)
        assert UNCOUNTED in said and mend in said, said
        said = b.check(2, "-b", old, require, trace)
        assert f"incomplete: {old} (all programs): " + UNCOUNTED in said, said
    b.check(0, "-b", old, "--update-baseline", trace)
    assert "in how many" not in b.check(0, "-b", old, require, trace)
    empty = b.file("empty.txt", "rheaper-baseline 3\n")
    assert b.check(0, "-b", empty, b.trace(0)).count("\n") == 1
    assert "does not have the programs that must run" in b.check(2, "-b", empty, require, b.trace(0))


def test_programs_that_nothing_requires_are_told(b):
    """They may be missing the next time, and nobody knows."""
    other = b.build("other")
    baseline = b.baseline(trace=b.trace(0))
    traces = b.trace(0), b.trace(0, program=other)
    assert "does not have" not in b.check(0, "-b", baseline, *traces)
    said = b.check(0, "--require-programs", "-b", baseline, *traces)
    assert "note: 1 program ran that the baseline does not have: other; --update-baseline adds" in said, said


def test_a_rule_of_a_program_finds_that_it_has_no_trace(b):
    """No trace tells of it."""
    rule = b.file("rules", "expect the parser's test runs\n\tprogram other\n\tallocations 1000G\n")
    other = b.trace(program=b.build("other"))
    said = b.check(1, "-e", rule, b.trace(0))
    assert "expectation not met: other: the parser's test runs: there is no process *" in said, said
    b.check(0, "-e", rule, b.trace(0), other)


def said_by_reports(b, *words):
    """What the reports have of notes; standard error may have it, too."""
    reports = b.path("report.json"), b.path("report.xml"), b.path("report.md")
    result = subprocess.run([CHECK, "-q", *words, f"--report=json={reports[0]}", f"--report=junit={reports[1]}",
                             f"--report=markdown={reports[2]}"], env=b.env, text=True, capture_output=True)
    assert result.returncode == 0, result
    data = json.loads(read(reports[0]))
    return data["notes"] + [problem["why"] for problem in data["problems"]], read(reports[1]), read(reports[2])


def test_reports_tell_of_other_traces_of_that_name(b):
    """Whoever reads a report has not seen standard error."""
    trace = b.trace()
    assert said_by_reports(b, trace)[0] == []
    b.run(b.path("build1/app"), "3", RHEAPER_TRACE=trace)
    told = f"reading {trace}, although {trace}.1 is newer; name that to read it"
    notes, junit, markdown = said_by_reports(b, trace)
    assert notes == [told] and told in junit and "is newer" in markdown, (notes, junit, markdown)


CHILD = """
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
void *volatile keep;
int main(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		free(malloc(5));
		return 0;
	}
	waitpid(pid, NULL, 0);
	keep = malloc(9);
	keep = NULL;
	return 0;
}
"""


def test_a_child_without_its_parent_is_told(b):
    trace = b.trace(program=b.build("app", text=CHILD), RHEAPER_FOLLOW_FORK="1")
    told = "1 forked child is here without the trace of its parent; what that lost is not judged\n"
    for child in trace + ".1", b.load(trace + ".1"):
        said = b.check(0, child)
        assert "note: " in said and told in said, said
    assert "without the trace" not in b.check(1, trace, trace + ".1")
    assert "without the trace" not in b.check(1, b.load(trace + ".1"), b.load(trace))


def test_a_program_that_was_built_again_is_told(b):
    """The trace may be left from before, where the new build wrote none."""
    program = b.build("app")
    trace = b.trace(program=program)
    before = b.load(trace)
    assert "another build" not in b.check(0, trace)
    shutil.copy(b.build("app", text=PROGRAM.replace("malloc(64)", "malloc(65)")), program)
    notes, junit, markdown = said_by_reports(b, trace)
    told = f"{program} is another build now than the one that was traced; what that does is not judged"
    assert notes == [told] and told in junit and "is another build now" in markdown, (notes, junit, markdown)
    assert "another build" not in b.check(0, before)  # it was the same when it was loaded
    # Without a build-id the date tells, and it may be the same
    program = b.build("app", "rheaper-gcc", "-Wl,--build-id=none")
    trace = b.trace(program=program)
    os.utime(program, (os.stat(trace).st_mtime + 60,) * 2)
    notes, _, _ = said_by_reports(b, trace)
    assert notes == [f"{program} was written after the trace was begun; if it is another build, what that does is not judged"], notes


def test_a_program_that_was_built_again_is_told_once(b):
    """Of all its processes, in whichever databases; and not where a problem of its names says so."""
    program = b.build("app", "rheaper-gcc", "-Wl,--build-id=none")
    traces = [b.trace(program=program) for _ in range(5)] + [b.trace(1, program=program)]
    os.utime(program, (os.stat(traces[-1]).st_mtime + 60,) * 2)
    told = f"{program} was written after the trace was begun; if it is another build, what that does is not judged"
    for named in traces[:5], [b.load(*traces[:2]), b.load(*traces[2:5])]:
        notes, _, _ = said_by_reports(b, *named)
        assert notes == [f"{told} (5 processes)"], notes
    said = b.check(2, "-b", b.file("none.txt", read(b.baseline())), traces[-1])
    assert "has no build-id, so its names may be wrong" in said and told not in said, said


def test_a_library_that_was_built_again_is_told(b):
    """While the program is the same."""
    source = b.file("lib.c", "#include <stdlib.h>\nvoid work(void) { free(malloc(10)); }\n")
    library = b.path("libwork.so")
    b.run("cc", "-g", "-shared", "-fPIC", source, "-o", library)
    program = b.build("app", "rheaper-gcc", "-Wl,--no-as-needed", library,
                      text="void work(void);\nint main(void) { work(); return 0; }\n")
    trace = b.trace(program=program)
    before = b.load(trace)
    assert "another build" not in b.check(0, trace)
    b.run("cc", "-g", "-shared", "-fPIC", b.file("lib.c", read(source).replace("10", "11")), "-o", library)
    notes, _, _ = said_by_reports(b, trace)
    assert notes == [f"{library} is another build now than the one that was traced; what that does is not judged"], notes
    assert "another build" not in b.check(0, before)


def test_programs_of_one_name_are_told(b):
    """What one of them takes less another one may take more."""
    text = "#include <stdlib.h>\nint main(int n, char **v) { free(malloc((size_t)atoi(v[1]))); return n != 2; }\n"
    one, two = b.build("tool", text=text), b.build("tool", text=text.replace("free", "(free)"))
    growth = "--max-growth=peak=5%"
    first = b.load(b.trace(1000, program=one), b.trace(10, program=two))
    baseline = b.baseline(growth, trace=first)
    said = b.check(0, "-b", baseline, growth, b.trace(1000, program=one), b.trace(900, program=two))
    assert f"note: {one} and other files are named tool, and are one program to the baseline: " in said, said
    assert "other files" not in b.check(0, "-b", baseline, b.trace(1000, program=one), b.trace(5, program=one))
    assert "other files" not in b.check(0, first)


NAMESAKE = """
#include <stdlib.h>
extern void *volatile s;
static __attribute__((noinline)) void helper(void) { s = malloc(9); }
void (*const call%d)(void) = helper;
"""
CALLER = """
#include <stdlib.h>
void *volatile s;
extern void (*const call0)(void), (*const call1)(void);
int main(int n, char **v) { (n > 1 ? call1 : call0)(); s = 0; return !v; }
"""


def test_files_of_which_no_directory_is_known_are_told(b):
    """Functions of one name, in files of one name: it is the directory that tells them apart."""
    for i, folder in enumerate(("one", "two")):
        os.mkdir(b.path(folder))
        b.file(f"{folder}/util.c", NAMESAKE % i)
    app = b.path("app")
    b.run(f"{BIN}/rheaper-gcc", "-O1", b.path("one/util.c"), b.path("two/util.c"), b.file("main.c", CALLER), "-o", app)
    known, other = b.trace(program=app), b.trace("x", program=app)
    inside, outside = b.path("inside.txt"), b.path("outside.txt")
    os.mkdir(b.path("elsewhere"))
    root = f"--source-root={b.path('elsewhere')}"
    told = ("note: 1 known leak is where stacks have functions whose source files are known by a part of their path only"
            " (--source-root); what other callers leak there counts as known, too\n")
    assert "part of their path" not in b.check(0, "--write-baseline", inside, known)
    assert told in b.check(0, root, "--write-baseline", outside, known)
    assert "\tat helper\tutil.c\n" in read(outside) and "\tat helper\tone/util.c\n" in read(inside)
    for words in [root, "-b", outside], [root, "-b", inside], ["-b", outside]:
        assert told in b.check(0, *words, other), words
    said = b.check(0, "-b", inside, other)  # a directory may have been renamed: that is told in full
    assert "is taken for the one at helper (one/util.c)" in said and "part of their path" not in said, said
    assert "part of their path" not in b.check(0, "-b", inside, known)


HOST = """
#include <dlfcn.h>
int main(int n, char **v)
{
	void *h = dlopen(v[1], RTLD_NOW);
	((void (*)(void))dlsym(h, "begin"))();
	return n != 2;
}
"""
PLUGIN = "#include <stdlib.h>\nvoid *volatile s; void begin(void) { s = malloc(9); s = 0; }\n"


def test_functions_of_plugins_without_files_are_told(b):
    """Each has one of that name."""
    host = b.build("host", text=HOST)
    source = b.file("plug.c", PLUGIN)
    plugins = b.path("a.so"), b.path("b.so")
    for plugin in plugins:
        b.run("cc", "-shared", "-fPIC", source, "-o", plugin)
    known, other = (b.trace(plugin, program=host, RHEAPER_LEAK_SCAN="1") for plugin in plugins)
    told = "have functions whose source files are not known; what other callers leak there counts as known, too\n"
    assert told in b.check(0, "-b", b.baseline(trace=known), other)
    for plugin in plugins:
        b.run("cc", "-g", "-shared", "-fPIC", source, "-o", plugin)
    known = b.trace(plugins[0], program=host, RHEAPER_LEAK_SCAN="1")
    assert told not in b.check(0, "-b", b.baseline(trace=known), known)


def test_functions_of_installed_libraries_are_not_told(b):
    """Neither with debug information nor without."""
    host = b.build("host", text=HOST)
    source = b.file("plug.c", PLUGIN)
    for flag, told in ("-g", "part of their path only"), ("-g0", "source files are not known"):
        plugin = b.path(f"plug{flag}.so")
        b.run("cc", flag, f"-ffile-prefix-map={b.dir}=/elsewhere", "-shared", "-fPIC", source, "-o", plugin)
        database = b.load(b.trace(plugin, program=host, RHEAPER_LEAK_SCAN="1"))
        for path, is_told in (("/usr/lib/plug.so", False), ("/usr/local/lib/x/plug.so", False), ("/lib64/plug.so", False),
                              ("/usr/libexec/plug.so", True), ("/opt/lib/plug.so", True)):
            moved = b.change(database, f"UPDATE modules SET path = '{path}' WHERE path = '{plugin}'")
            said = b.check(0, "-b", b.baseline(trace=moved), moved)
            assert (told in said) == is_told, (flag, path, said)


# What a program may call its own as well as a library does: the compiler, where a function stands, its name
NAMED_ALIKE = {
    "core": ("rheaper-g++", "namespace core {{ {} }}", "core::helper"), "alloc": ("rheaper-g++", "namespace alloc {{ {} }}", "alloc::helper"),
    "std": ("rheaper-g++", "namespace std {{ {} }}", "std::helper"), "clone": ("rheaper-gcc", "{}", "clone"),
    "getline": ("rheaper-gcc", "{}", "getline"), "IO": ("rheaper-gcc", "{}", "_IO_helper"),
}


def build_named_alike(b, case, folder=None, *flags):
    """Two files with a function of one name, of which an argument says the second one loses a block. main has lines, whatever
    the flags say."""
    compiler, form, name = NAMED_ALIKE[case]
    function = "static __attribute__((noinline)) void " + name.split("::")[-1] + "(void) { s = malloc(9); }"
    folder, ending = folder or b.path(case), "cc" if "++" in compiler else "c"
    os.mkdir(folder)
    sources = [b.file(f"{folder}/part{i}.{ending}", "#include <stdlib.h>\nextern void *volatile s;\n" + form.format(function) +
                      f"\nextern void (*const call{i})(void);\nvoid (*const call{i})(void) = {name};\n") for i in (0, 1)]
    b.run(f"{BIN}/{compiler}", *flags, "-g", "-O1", "-c", b.file(f"{folder}/main.{ending}", CALLER), "-o", f"{folder}/main.o")
    b.run(f"{BIN}/{compiler}", "-g", "-O1", "-fno-ipa-icf", *flags, *sources, f"{folder}/main.o", "-o", f"{folder}/app")
    return f"{folder}/app"


def test_functions_that_are_named_as_a_library_s_have_files(b):
    """The leak of the one is gone, the other one's is new."""
    for case in NAMED_ALIKE:
        app = build_named_alike(b, case)
        known, other = b.trace(program=app), b.trace("x", program=app)
        baseline = b.baseline(trace=known)
        assert f"{NAMED_ALIKE[case][2]}\t{case}/part0.c" in read(baseline), read(baseline)
        assert "new leak: app: 1 block, 9 bytes" in b.check(1, "-b", baseline, other), case
        # What a baseline has without a file is known all the same, and that is told
        without = b.file("without.txt", "".join(line.split("\t" + case)[0].rstrip("\n") + "\n" for line in open(baseline)))
        assert "source files are not known" in b.check(0, "-b", without, known), case
        # Whose it is nobody knows where the sources are elsewhere
        root = f"--source-root={b.path('tmp')}"
        b.check(0, root, "--write-baseline", b.path("outside.txt"), known)
        assert "part of their path only" in b.check(0, root, "-b", b.path("outside.txt"), other), case


def test_functions_that_are_named_as_a_library_s_may_have_no_files(b):
    """Then nobody knows whose they are, and that is told; in a static program they may be the library's."""
    told = "have functions whose source files are not known; what other callers leak there counts as known, too\n"
    for case in NAMED_ALIKE:
        app = build_named_alike(b, case, b.path(f"{case}-g0"), "-g0")
        known, other = b.trace(program=app), b.trace("x", program=app)
        baseline = b.baseline(trace=known)
        assert f"\tat {NAMED_ALIKE[case][2]}\n\tat main\t" in read(baseline), read(baseline)
        assert told in b.check(0, "-b", baseline, other), case


def test_sources_below_the_root_are_the_program_s_wherever_that_is(b):
    """What the system has there is not; and no directory is the system's whose name only begins as that of one."""
    for root, is_known, is_own in (("/library/app", True, True), ("/usr/libexec/app", True, True), ("/usr/lib/app", True, True),
                                   ("/usr/lib/app", False, False), ("/library/app", False, True)):
        b.n += 1
        folder, outside = b.path(f"rooted{b.n}"), b.path("rooted.txt")
        trace = b.trace(program=build_named_alike(b, "core", folder, f"-ffile-prefix-map={folder}={root}"))
        where, name = (f"--path-map={root}=", "part0.cc") if is_known else ("--source-root=/", f"{root[1:]}/part0.cc")
        b.check(0, where, "--write-baseline", outside, trace)
        assert (f"core::helper\t{name}" in read(outside)) == is_own, (root, where, read(outside))
        b.check(0, "--write-baseline", outside, trace)
        assert ("part of their path only" in b.check(0, "-b", outside, trace)) == (root != "/usr/lib/app"), root


def test_a_library_of_the_program_s_may_be_named_as_one_of_libc(b):
    folder = b.path("util")
    os.mkdir(folder)
    for i, part in enumerate(("one", "two")):
        os.mkdir(b.path(f"util/{part}"))
        b.file(f"util/{part}/{part}.c", NAMESAKE % i)
    library = b.path("util/libutil.so.1")
    b.run("cc", "-g", "-O1", "-shared", "-fPIC", b.path("util/one/one.c"), b.path("util/two/two.c"), "-o", library)
    b.run(f"{BIN}/rheaper-gcc", "-O1", b.file("util/main.c", CALLER), library, f"-Wl,-rpath,{folder}", "-o", b.path("util/app"))
    known, other = (b.trace(*words, program=b.path("util/app")) for words in ((), ("x",)))
    baseline = b.baseline(trace=known)
    assert "\tat helper\tutil/one/one.c\n" in read(baseline), read(baseline)
    b.check(1, "-b", baseline, other)


def test_no_output_takes_the_place_of_rules_or_another_output(b):
    """It would be all that is left of both."""
    trace = b.trace()
    files = {"-b": b.baseline(), "-s": b.file("supp", "leak:none\n"),
             "-e": b.file("rules", "expect little\n\tallocations 1M\n")}
    for option, path in files.items():
        before = read(path)
        os.symlink(path, path + ".link")
        for name in path, path + ".link":
            said = b.check(2, option, path, f"--report=json={name}", trace)
            assert f"write {name}: the program reads this file; name another one" in said, said
        if option != "-b":
            b.check(2, option, path, "--write-baseline", path, trace)
        assert read(path) == before
    new = b.path("new")
    os.mkdir(b.path("below"))
    for link, target in (("same", "."), ("here", "new"), ("below/there", "../new"), ("absolute", new), ("else", "other")):
        os.symlink(target, b.path(link))
    names = f"{b.dir}/./new", "new", "./new", "same/new", "below/../new", "here", "below/there", "absolute"
    for words in *([f"--report=json={new}", f"--report=junit={name}"] for name in names), [f"--report=json={new}", "--write-baseline", new]:
        said = b.check(2, *words, trace)
        assert "two outputs have this name; name another file for one of them" in said and not os.path.exists(new), said
    b.check(0, "--report=json=/dev/null", "--report=junit=/dev/null", trace)
    b.check(0, f"--report=json={new}", "--report=junit=below/new", "--report=markdown=else", trace)


def test_percentages_are_decimal(b):
    baseline, trace = b.baseline("--max-growth=peak=0"), b.trace(2, 1)
    for percent in "0x10%", "1e3%", "%", ".%", "1.2.3%", " 5%", "+5%", "-5%", "inf%", "nan%":
        said = b.check(2, "-b", baseline, f"--max-growth=peak={percent}", trace)
        assert "expected a number, with K, M or G, or a percentage" in said, (percent, said)
    for percent in "5%", "0.5%", "100%", "5.%":
        b.check(0, "-b", baseline, f"--max-growth=peak={percent}", trace)


CLOSES = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>
void *volatile keep, *volatile lost;
int main(void)
{
	keep = malloc(40);
	for (int i = 3; i < 1024; i++)
		close(i);
	lost = malloc(50);
	lost = NULL;
	return 0;
}
"""


def test_a_program_that_closes_all_descriptors_is_scanned(b):
    """As daemons do: the scan reads the trace."""
    for flags in (), ("-static",):
        program = b.build("app", "rheaper-gcc", *flags, text=CLOSES)
        said = b.check(1, b.trace(program=program, RHEAPER_LEAK_SCAN="1"))
        assert "leak: app: 1 block, 50 bytes definitely lost\n" in said and "1 finding" in said, (flags, said)


THREAD = """
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static __thread void *volatile mine;
static pthread_barrier_t begun;
void *volatile lost;
static void *keep(void *none)
{
	mine = malloc(70);
	pthread_barrier_wait(&begun);
	for (;;)
		pause();
	return none;
}
int main(int argc, char **argv)
{
	pthread_t thread;

	lost = malloc(50);
	lost = NULL;
	pthread_barrier_init(&begun, NULL, 2);
	if (argc > 1 && pthread_create(&thread, NULL, keep, NULL) == 0)
		pthread_barrier_wait(&begun);
	return !argv;
}
"""


def test_a_proc_of_another_namespace_is_told(b):
    """There threads have other numbers: what a live one kept was called lost."""
    alone = ["unshare", "--pid", "--fork"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        raise tap.Skip("unshare does not work here")
    program = b.build("app", "rheaper-gcc", "-pthread", text=THREAD)
    for words, status in ((), 1), (("thread",), 2):
        trace = b.path("-".join(("namespace", *words)) + ".bin")
        b.run(*alone, program, *words, RHEAPER_TRACE=trace, RHEAPER_LEAK_SCAN="1")
        said = b.check(status, trace)
        told = "the leak scan failed: /proc is of another namespace of processes than the program; "
        assert (told in said) == bool(words) and "other thread" not in said, said
        assert words or "1 block, 50 bytes definitely lost" in said, said


tap.run(globals(), Bench)
