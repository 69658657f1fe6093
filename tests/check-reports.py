#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What rheaper-check says: its reports, and of several runs.

usage: check-reports.py RHEAPER-CHECK RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

SARIF is checked against its schema if RHEAPER_SARIF_SCHEMA names the file and jsonschema is
installed. Prints TAP, one point per test_ function.
"""
import json
import os
import pty
import re
import sqlite3
import subprocess
import xml.etree.ElementTree as xml

import compressed
import tap
from leaky import BIN, CHECK, HERE, LOADER, PROGRAM, TWO_WAYS, Bench, read


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
    assert finding["finding"] == "leak" and finding["kind"] == "not scanned", finding
    assert finding["now"]["leak_blocks"] == 3 and finding["now"]["leak_bytes"] == 300
    assert [f["sym"] for f in finding["frames"]][:3] == ["make", "known", "main"]
    assert finding["frames"][1]["line"] == HERE, finding
    assert said["verdict"] == "fail" and said["runs"] == said["processes"] == 1


def test_reports_go_to_files(b):
    trace = b.trace(1)
    said = b.check(1, "--report=json=" + b.path("r.json"), trace)
    assert "1 finding" in said
    assert json.loads(read(b.path("r.json")))["status"] == 1
    assert b.check(1, "-q", "--report=text=" + b.path("r.txt"), trace) == ""
    assert read(b.path("r.txt")) == said


def reports(b, status, *words):
    """The reports of a check by their formats."""
    formats = "junit", "sarif", "github", "markdown"
    b.check(status, "-q", *[f"--report={name}={b.path('r.' + name)}" for name in formats], *words)
    return [read(b.path("r." + name)) for name in formats]


def test_the_schema_of_sarif_is_here(b):
    """Or else no report is compared with it: this says so once."""
    if "RHEAPER_SARIF_SCHEMA" not in os.environ:
        raise tap.Skip("no schema of SARIF's here")


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
    prints = result["partialFingerprints"]
    assert prints["rheaperSite/v1"] == "app;make;known;main"
    assert re.fullmatch("[0-9a-f]{16}:1", prints["primaryLocationLineHash"]), prints
    assert len(result["stacks"][0]["frames"]) > 2
    assert run["invocations"][0]["exitCode"] == 1 and run["invocations"][0]["executionSuccessful"]
    assert re.fullmatch(r"::error title=leak,file=program\.c,line=\d+::app: 3 blocks, 300 bytes"
                        r"%0Amalloc%0Amake  program\.c:\d+%0Aknown  .*\n"
                        r"::notice title=rheaper-check::memory was not scanned: .*\n", github), github
    assert "| leak | app | 3 blocks, 300 bytes | make program.c:" in markdown, markdown


def places(b, *words):
    """Of the results of a check: their rules, and where they are. No two have the same fingerprint."""
    b.check(1, "-q", "--report=sarif=" + b.path("r.sarif"), *words)
    found, prints = [], set()
    for result in valid_sarif(read(b.path("r.sarif")))["results"]:
        place, = result["locations"]
        place = place["physicalLocation"]
        found.append((result["ruleId"], place["artifactLocation"]["uri"], place["region"]["startLine"]))
        assert ("uriBaseId" in place["artifactLocation"]) != found[-1][1].startswith("file:///"), place
        prints.add(result["partialFingerprints"]["primaryLocationLineHash"])
    assert len(prints) == len(found), (prints, found)
    return found


def test_every_result_is_somewhere(b):
    """GitHub refuses all of a file if one is not: a limit, a rule, a leak in code without lines."""
    bare = b.trace(3, program=b.build("bare", "rheaper-gcc", "-g0"))
    program = os.path.relpath(b.program, b.dir)
    assert places(b, "--source-root=/usr", bare) == [("leak", "file://" + b.program, 1)]
    assert places(b, "--limit=peak=1", "--limit=bytes=1", bare) == [
        ("limit", program, 1), ("limit", program, 1), ("leak", program, 1)]
    rules = b.file("rules", "expect one\n\tallocations 1\nexpect one\n\tallocations 1\n\tno leak\n")
    assert sorted(places(b, "-e", rules, bare)) == [
        ("expectation", "rules", 1), ("expectation", "rules", 3), ("expectation", "rules", 3), ("leak", program, 1)]
    growth = "--max-growth=allocations=0", "--max-growth=site-allocations=0"
    known = os.path.basename(b.baseline(*growth, trace=bare))
    more = b.trace(4, 0, 1, program=b.program)
    place = read(b.path(known)).split("\tleak-blocks 3\n")[0].count("\n")
    assert read(b.path(known)).split("\n")[2] == "program bare"
    assert sorted(places(b, "-b", known, *growth, "--limit=peak=1", more)) == [
        ("growth", known, 3), ("growth", known, place), ("leak-growth", known, place), ("limit", known, 1),
        ("new-leak", known, 1)]


def cases(b, status, *words):
    """The names of test cases, each with what it says."""
    b.check(status, "-q", "--report=junit=" + b.path("r.junit"), *words)
    suite = xml.fromstring(read(b.path("r.junit"))).find("testsuite")
    found = suite.findall("testcase")
    said = {(case.get("classname"), case.get("name")): [bad.get("message") for bad in case] for case in found}
    assert len(said) == len(found) == int(suite.get("tests")), suite.items()
    return said


def test_test_cases_have_names_of_their_own(b):
    """Whoever reads JUnit keeps one of equals, and follows it by its name from run to run."""
    program = b.build("ways", "rheaper-gcc", text=TWO_WAYS)
    first, second = b.trace(10, 20, program=program), b.trace(30, 5, program=program)
    said = cases(b, 1, "--limit=peak=1", "--limit=bytes=1", first)
    assert said == {("ways", "leak mk \u2190 from_a \u2190 main"): ["leak: 1 block, 10 bytes"],
                    ("ways", "leak mk \u2190 from_b \u2190 main"): ["leak: 1 block, 20 bytes"],
                    ("ways", "limit peak"): ["limit exceeded: peak 30, limit 1"],
                    ("ways", "limit bytes"): ["limit exceeded: bytes 30, limit 1"]}, said
    known = b.path("ways.txt")
    b.check(0, "-q", "--write-baseline=" + known, first)
    assert cases(b, 1, "-b", known, "--limit=peak=1", second).keys() == {
        ("ways", "leak mk \u2190 from_a \u2190 main"), ("ways", "limit peak")}
    rules = b.file("rules", "expect one\n\tallocations 1\nexpect one\n\tallocations 1\n\tno leak\n")
    assert cases(b, 1, "-e", rules, b.trace(program=b.build("good"))).keys() == {
        ("good", "expectation one: allocations"), ("good", "expectation one: allocations (2)")}
    killed = [b.trace(0, 0, 0, 1) for _ in range(2)]
    (name, (why,)), = cases(b, 2, *killed).items()
    assert name == ("app", "complete traces") and "did not exit normally" in why, name
    forks = b.build("forks", text="""
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) { if (fork()) wait(NULL); else free(malloc(1)); return 0; }
""")
    (name, (why,)), = [case for case in cases(b, 2, b.trace(program=forks, RHEAPER_FOLLOW_FORK="1")).items() if case[1]]
    assert name == ("all programs", "complete traces") and "trace of its own that is not here" in why, name
    long = b.change(b.load(first), "UPDATE frames SET function = function || '%s' WHERE function LIKE 'from_%%'" % ("x" * 300))
    names = cases(b, 1, long)
    assert len(names) == 2 and max(len(name) for _, name in names) < 230, names


MANY = """
#include <stdlib.h>
/* 2^15 stacks of two functions, each of which leaks a block */
int zero(int d, int bits);
int one(int d, int bits);
static inline __attribute__((always_inline)) int next(int d, int bits)
{
	if (d == 0) {
		void *volatile p = malloc(1);
		return p != 0;
	}
	return (bits & 1 ? one : zero)(d - 1, bits >> 1) + 1;
}
__attribute__((noinline)) int zero(int d, int bits) { return next(d, bits) + 1; }
__attribute__((noinline)) int one(int d, int bits) { return next(d, bits) + 2; }
static void *volatile big;
__attribute__((noinline)) void the_big_one(void) { big = malloc(10000000); big = 0; }
int main(void)
{
	int n = 0;
	for (int i = 0; i < 1 << 15; i++)
		n += zero(15, i);
	the_big_one();
	return n == 0;
}
"""


def test_reports_are_cut_and_say_so(b):
    """32,769 findings, and a limit: the largest are in each report, a number stands for the others."""
    words = "--limit=peak=1", "--report=text=" + b.path("r.text"), b.trace(program=b.build("many", "rheaper-gcc", "-O1", text=MANY))
    junit, sarif, github, markdown = reports(b, 1, *words)
    suite = xml.fromstring(junit).find("testsuite")
    cases = suite.findall("testcase")
    assert suite.get("tests") == suite.get("failures") == str(len(cases)) == "1001", suite.items()
    assert cases[-1].get("name") == "more findings" and cases[-1][0].get(
        "message") == "31770 more findings: 31770 blocks, 31770 bytes", cases[-1][0].items()
    results = [line for line in sarif.split("\n") if line.lstrip(",").startswith('{"ruleId"')]
    assert len(results) == 25000 and '"ruleId":"limit"' in results[0] and "10000000 bytes" in results[1], results[0]
    assert [index for index, line in enumerate(results) if '"stacks":' not in line][:2] == [0, 1000], results[1000]
    assert '"text":"7770 more findings: 7770 blocks, 7770 bytes"' in sarif[:10000], sarif[:10000]
    errors = [line for line in github.split("\n") if line.startswith("::error ")]
    assert len(errors) == 10 and "10000000 bytes" in errors[1] and "32761 more findings: " in errors[9], errors
    assert len(markdown.encode()) < 1 << 20 and "\n32670 more findings: " in markdown, len(markdown)
    text = read(b.path("r.text"))
    assert "\n31770 more findings: 31770 blocks, 31770 bytes (--report=json has all)\n" in text, text[-500:]


def test_a_summary_has_a_greatest_size(b):
    """Whatever names are long: what GitHub shows has at most 1 MiB."""
    parts = b.build("parts", text="""
#include <stdlib.h>
#define LEAK(n) __attribute__((noinline)) void leak##n(void *volatile *p) { *p = malloc(1); }
#define TEN(n) LEAK(n##0) LEAK(n##1) LEAK(n##2) LEAK(n##3) LEAK(n##4) LEAK(n##5) LEAK(n##6) LEAK(n##7) LEAK(n##8) LEAK(n##9)
TEN(1) TEN(2) TEN(3) TEN(4)
#define CALL(n) leak##n(&p);
#define CALLS(n) CALL(n##0) CALL(n##1) CALL(n##2) CALL(n##3) CALL(n##4) CALL(n##5) CALL(n##6) CALL(n##7) CALL(n##8) CALL(n##9)
int main(void) { void *volatile p; CALLS(1) CALLS(2) CALLS(3) CALLS(4) return 0; }
""")
    long = b.change(b.load(b.trace(program=parts)),
                    "UPDATE frames SET function = function || '%s' WHERE function LIKE 'leak%%'" % ("[&<*" * 5000))
    markdown = reports(b, 1, "--full-names", long)[3]
    assert 200 << 10 < len(markdown.encode()) < 1 << 20, len(markdown)
    assert re.search("\n38 more findings: 38 blocks, 38 bytes .--report=json has all", markdown), markdown[-500:]
    assert "--report=json" not in reports(b, 1, b.trace(1))[3]


def test_every_report_says_what_is_not_judged(b):
    """Somebody may read one of them alone, and of none that leaks is the verdict whole."""
    database = b.change(b.load(b.trace(3)), "UPDATE processes SET ending = 'stopped', capture = 'link'")
    for text in reports(b, 0, database) + [b.check(0, database), b.check(0, "--json", database)]:
        for words in "tracing was switched off; blocks that were live then", "what these allocate is not judged":
            assert words in text, (words, text)
    junit, *_ = reports(b, 0, database)
    assert "switched off" in xml.fromstring(junit).find("testsuite").findtext("system-out"), junit
    junit, *_ = reports(b, 0, b.trace())
    assert "system-out" not in junit, junit


def test_reports_of_good_news_and_doubts(b):
    baseline = b.baseline()
    junit, sarif, github, markdown = reports(b, 0, "-b", baseline, b.trace())
    assert 'failures="0" errors="0"' in junit and valid_sarif(sarif)["results"] == []
    for text in github, markdown:
        assert "app: no longer leaks; was 2 blocks, 200 bytes: make;known;main\n" in text, text
    junit, sarif, github, markdown = reports(b, 2, b.trace(0, 0, 0, 1))
    assert 'tests="1" failures="0" errors="1"' in junit and xml.fromstring(junit), junit
    run = valid_sarif(sarif)
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["level"] == "error", run
    assert github.startswith("::error title=") and "did not exit normally" in github, github
    assert markdown.startswith("### rheaper-check: inconclusive\n"), markdown


def test_reports_of_hostile_names(b):
    """Names that would end an element, a table, a command, or name people."""
    name = "<b>&\"'|`]]>::error,%0A @all #1\n::error::x\n| x |\ufffe\u2028"
    database = b.change(b.load(b.trace(1)), "UPDATE frames SET line = 1, file = '/x y' || function, function = '%s'" %
                        name.replace("'", "''"))
    junit, sarif, github, markdown = reports(b, 1, "--full-names", database)
    assert "<b>&\"'|`]]>::error,%0A @all" in "".join(xml.fromstring(junit).itertext()), junit
    frame = valid_sarif(sarif)["results"][0]["stacks"][0]["frames"][0]["location"]
    assert frame["logicalLocations"][0]["fullyQualifiedName"] == name.replace("\n", "\\x0a")
    assert frame["physicalLocation"]["artifactLocation"]["uri"] == "file:///x%20ymake", frame
    assert github.count("\n") == 2 and "%250A" in github, github
    b.check(1, "-q", "--report=json=" + b.path("r.json"), database)
    finding, = json.loads(read(b.path("r.json")))["findings"]
    assert finding["frames"][0]["sym"] == name.replace("\n", "\\x0a"), finding
    assert "@all" not in markdown and "<b>" not in markdown and "\n| x |" not in markdown, markdown


def test_a_report_begins_at_the_owner(b):
    """The first frame that is neither a library's nor a wrapper's; other words say so in any database."""
    trace = b.trace(3)
    for profile in trace, b.load(trace):
        said = b.check(1, "--wrapper=ma*e", profile)
        assert "leak: app: 3 blocks, 300 bytes\n    malloc \u2190 make\n      known  " in said, said
        assert "    malloc\n      make  " in b.check(1, "--wrapper=ma*e", "--full-names", profile)
        assert f"program.c,line={HERE}" in b.check(1, "--wrapper=make", "--report=github", profile)
        said = b.json(1, "--wrapper=make", profile)
        finding, = said["findings"]
        assert finding["chain"] == "malloc \u2190 make \u2190 known" and finding["owner_frame_no"] == 1, finding
        assert finding["frames"][0]["sym"] == finding["frames"][0]["name"] == "make", finding
        assert "    malloc\n      make  " in b.check(1, profile)


def test_a_name_is_short_or_whole(b):
    name = "void ns::take<std::map<int, std::vector<int, std::allocator<int> > > >(unsigned long) [clone .isra.0]"
    database = b.change(b.load(b.trace(1)), f"UPDATE frames SET function = '{name}' WHERE function = 'make'")
    said = b.check(1, database)
    assert "      ns::take<std::map<\u2026>>  " in said, said
    assert f"      {name}  " in b.check(1, "--full-names", database)
    baselines = []
    for words in [], ["--full-names"]:
        b.check(0, "-q", "--write-baseline=" + b.path("names"), *words, database)
        baselines.append(read(b.path("names")))
    assert baselines[0] == baselines[1] and re.search(r"\tat ns::take\tprogram\.c\t\([0-9a-f]{16}\)\n", baselines[0]), baselines
    finding, = b.json(1, database)["findings"]
    assert (finding["frames"][0]["sym"], finding["frames"][0]["name"]) == (name, "ns::take<std::map<\u2026>>"), finding


LONG = """
#include <functional>
#include <map>
#include <string>
#include <variant>
using Word = std::map<std::string, std::string>;
using Text = std::map<std::string, Word>;
using Call = std::variant<std::function<Text(const Text &, const Text &)>, std::function<Word(const Text &)>%s>;
using Book = std::map<std::string, std::map<std::string, Call>>;
Book *book;
int main()
{
	book = new Book;
	(*book)["a"]["b"];
	book = nullptr;
}
"""


def test_a_name_of_any_length_is_as_stable(b):
    """Names of libstdc++'s functions have thousands of bytes here, mangled; another type makes each longer."""
    profiles = []
    for more in "", ", int, std::map<std::string, int>":
        program = b.build("long", "rheaper-g++", "-std=c++17", text=LONG % more)
        profiles.append(b.load(b.trace(program=program)))
    with sqlite3.connect(profiles[0]) as db:
        names = [name for name, in db.execute("SELECT function FROM frames")]
    assert not [name for name in names if name.startswith("_Z")], names
    assert any(name.startswith("std::_Rb_tree<\u2026>::") for name in names), names
    b.check(0, "-q", "--write-baseline=" + b.path("long.txt"), profiles[0])
    said = b.check(0, "--baseline=" + b.path("long.txt"), "--max-growth=leak-bytes=50%", profiles[1])
    assert " known, 0 improved" in said, said
    assert "_Z" not in read(b.path("long.txt"))


def test_what_has_no_lines_says_why(b):
    """A program, one of its objects, debug information that cannot be read: one line for each."""
    note = "note: {} has no source lines: it was built without debug information; build it with -g\n"
    bare = b.build("bare", "rheaper-gcc", "-g0")
    said = b.check(1, b.trace(1, 1, 1, program=bare))
    assert said.count("source line") == said.count(note.format(bare)) == 1, said
    b.run("objcopy", "--strip-all", bare)
    said = b.check(1, b.trace(1, 1, program=bare))
    assert f"note: {bare} has no symbols: its functions are shown as offsets; load the trace where" in said, said
    b.file("object.c", "#include <stdlib.h>\nvoid *object(void) { void *p = malloc(7); return p ? p : object; }\n")
    b.run("gcc", "-g0", "-O0", "-c", "object.c")
    mixed = b.build("mixed", "rheaper-gcc", b.path("object.o"),
                    text="void *object(void); void *volatile p; int main(void) { p = object(); p = 0; return 0; }\n")
    said = b.check(1, b.trace(program=mixed))
    assert said.count("source line") == said.count(note.format(f"an object in {mixed}, with object,")) == 1, said
    packed = b.build("packed", "rheaper-gcc", "-gz")
    assert "source line" not in b.check(1, b.trace(1, program=packed))
    assert compressed.spoil(packed) > 0
    said = b.check(1, b.trace(1, program=packed))
    assert said.count("source line") == said.count(
        f"note: {packed} has no source lines: its debug information is compressed in a way that the loader's") == 1, said


def test_sources_may_be_elsewhere(b):
    trace = b.trace(1)
    for root, file in (b.dir, "program.c"), (os.path.dirname(b.dir), os.path.basename(b.dir) + "/program.c"), (
            "/", b.path("program.c")[1:]), (b.path("tmp"), b.path("program.c")):
        said = b.check(1, "--report=github", "--source-root=" + root, trace)
        assert f",file={file},line=" in said, (root, said)
    b.check(2, "--source-root=" + b.path("none"), trace)


VECTOR = """#include <vector>
std::vector<int> *make()
{
	auto *v = new std::vector<int>;
	v->resize(100); // HERE
	return v;
}
int main() { auto *volatile v = make(); v = nullptr; return v != nullptr; }
"""


def test_any_build_names_its_sources(b):
    """Meson, dpkg-buildflags, Bazel, a distribution's debug information, links; no line of libstdc++'s is taken."""
    tree, link = b.path("tree"), b.path("link")
    for name in "", "/src", "/build":
        os.mkdir(tree + name)
    os.symlink("tree", link)
    b.file("tree/src/leak.cpp", VECTOR)
    of_distribution = f"-ffile-prefix-map={tree}=/usr/src/debug/app-1"
    for number, (build, source, flag, words) in enumerate([
            (tree + "/build", "../src/leak.cpp", "-g", ["--source-root=" + tree]),
            (tree + "/build", link + "/build/.././src/leak.cpp", "-g", ["--source-root=" + link]),
            (tree, "src/leak.cpp", f"-ffile-prefix-map={tree}=.", []),
            (tree, "src/leak.cpp", f"-fdebug-prefix-map={tree}=.", []),
            (tree + "/build", "../src/leak.cpp", f"-ffile-prefix-map={tree}=.", []),
            (tree + "/build", "../src/leak.cpp", f"-ffile-prefix-map={tree}=/proc/self/cwd", []),
            (tree, "src/leak.cpp", of_distribution, ["--path-map=/none=/x", "--path-map=/usr/src/debug/app-1="]),
            (tree, "src/leak.cpp", of_distribution,
             ["--source-root=" + tree, f"--path-map=/usr/src/debug/app-1={tree}", "--path-map=/usr/src=/x"]),
    ]):
        program = b.path(f"vector{number}")
        b.run("sh", "-c", 'cd "$0" && exec "$@"', build, f"{BIN}/rheaper-g++", "-g", "-O1", flag, source, "-o", program)
        profile = b.load(b.trace(program=program))
        said = b.check(1, "--report=github", *words, profile)
        found = re.findall("^::error title=leak,file=(.*?),line=(.*?)::", said, re.M)
        assert sorted(found) == [("src/leak.cpp", "4"), ("src/leak.cpp", "5")], (number, said)
        frames = [frame for finding in b.json(1, *words, profile)["findings"] for frame in finding["frames"]]
        assert {frame["path"] for frame in frames if frame["sym"] == "main"} == {"src/leak.cpp"}, (number, frames)
    # The shell's name of the current directory counts, too
    b.run("sh", "-c", 'cd "$0" && exec "$@"', link, f"{BIN}/rheaper-g++", "-g", "-O1", "src/leak.cpp", "-o", "linked",
          PWD=link)
    profile = b.load(b.trace(program=link + "/linked"))
    said = b.run("sh", "-c", 'cd "$0" && exec "$@"', link, CHECK, "--report=github", profile, status=1)
    assert ",file=src/leak.cpp,line=" in said, said
    b.check(2, "--path-map=/a", profile)


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
            "note: leaks in only 1 of 3 runs: app;make;tail;main\n" in said) != flaky, (least, said)
    for words in "0", "-1", "x", "":
        b.check(2, "--min-runs=" + words, *runs)


def test_all_amounts_are_of_as_many_runs(b):
    baseline = b.baseline("--max-growth=allocations=0", trace=b.trace(2))
    runs = [b.load(b.trace(n)) for n in (2, 9, 2)]
    words = ["-b", baseline, "--max-growth=allocations=0"]
    assert "leak growth: app: 9 blocks" in b.check(1, *words, *runs)
    assert "growth: app: allocations 1009" in b.check(1, *words, *runs)
    b.check(0, *words, "--min-runs=2", *runs)
    b.check(0, "--min-runs=2", "--limit=allocations=1002", "-b", baseline, *runs)
    b.check(1, "--min-runs=2", "--limit=allocations=1001", "-b", baseline, *runs)


def test_only_runs_of_the_program_count(b):
    other = b.load(b.trace(program=b.build("other")))
    said = b.check(1, "--min-runs=all", other, b.load(b.trace(2)))
    assert "leak: app: 2 blocks, 200 bytes (process " in said, said


def test_a_run_that_was_cut_does_not_speak_for_a_program(b):
    """Its leaks are not judged, so it is none of the runs without a leak; its other amounts are."""
    cut = b.change(b.load(b.trace(2, 1)), "UPDATE processes SET ending = 'stopped'")
    runs = b.load(b.trace(2)), b.load(b.trace(2, 1)), cut
    for least in "2", "all":
        said = b.check(1, f"--min-runs={least}", "--limit=leak-blocks=1", *runs)
        assert "app: 2 blocks, 200 bytes, in all 2 runs" in said and "leak-blocks 2, limit 1" in said, said
        assert "note: leaks in only 1 of 2 runs: app;make;tail;main\n" in said, said
    assert "allocations 1003, limit 1002" in b.check(1, "--min-runs=2", "--limit=allocations=1002", *runs)
    b.check(0, "--min-runs=all", cut)


def test_runs_may_be_in_one_database(b):
    database = b.load(b.trace(2))
    b.run(LOADER, "-q", "--append", b.trace(2, 1), database, silent=False)
    said = b.check(1, database)
    assert "2 blocks, 200 bytes, in all 2 runs" in said and "in 1 of 2 runs: flaky" in said, said
    # Traces that are loaded together are one run
    said = b.check(1, b.trace(2), b.trace(2))
    assert re.search(r"4 blocks, 400 bytes \(process \d+ and others\)\n", said), said


tap.run(globals(), Bench)
