#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What heap profilers and leak finders see and cost, side by side: docs/explanation/comparison.md has
what this printed.

usage: bench/compare.py BUILD-DIRECTORY [--runs N] [--facts | --times]

Facts come from small programs whose allocations are known, each run under each tool that
is installed: how many of them it has seen. Times are of json_parse (json-c) from Debian's
sources, runs of all tools alternating, so that a slow minute of the machine hits all; the
ratio to the plain program is the median of the ratios within a turn, the processor time
that of all processes that work for the run.
"""
import argparse
import glob
import os
import re
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import programs  # noqa: E402

PATIENCE = 120
# Every kind of leak, and blocks that are freed: 5 + 5 + 1 + 1 + 100 allocations
KINDS = """
#include <stdio.h>
#include <stdlib.h>
#define OWN __attribute__((noinline))
static OWN void *definite(void) { return malloc(1001); }
static OWN void *indirect(void) { return malloc(1002); }
static OWN void *possible(void) { return malloc(1003); }
static OWN void *reached(void) { return malloc(1004); }
static OWN void *freed(void) { return malloc(1005); }
void *keep;
char *inside;
static OWN void work(void)
{
	for (int i = 0; i < 5; i++) {
		void **p = definite();
		*p = indirect();
		__asm__ volatile("" ::"r"(p));
	}
	inside = (char *)possible() + 8;
	keep = reached();
	for (int i = 0; i < 100; i++)
		free(freed());
}
static OWN void wipe(void)
{
	volatile char room[8192];
	for (unsigned i = 0; i < sizeof(room); i++)
		room[i] = 0;
}
int main(void)
{
	work();
	wipe();
	return 0;
}
"""
N_BLOCKS = 112
LIBRARY = """
#include <stdlib.h>
static void *volatile kept;
void library(void) { for (int i = 0; i < 1001; i++) kept = malloc(500); }
"""
USER = "void library(void); int main(void) { library(); return 0; }\n"
N_LIBRARY = 1001


def run(words, directory, **env):
    """Status, all it printed, CPU and wall seconds; a status of None if it had to be ended."""
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_", "MALLOC_"))}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(words, cwd=directory, env={**clean, **env}, text=True, errors="replace",
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        said, status = process.communicate(timeout=PATIENCE)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        said, status = process.communicate()[0], None
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return status, said, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


class Tool:
    """name, kind of the program it takes, the words before it, and what it writes, to be
    measured as its trace. @out is a directory."""

    def __init__(self, name, kind, before=(), needs="cc", trace=None, **env):
        self.name, self.kind, self.before, self.needs = name, kind, before, needs
        self.trace, self.env = trace, env

    def run(self, program, directory, arguments=()):
        out = os.path.join(directory, "out")
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)
        words = [word.replace("@out", out) for word in (*self.before, program, *arguments)]
        return run(words, directory, **{n: v.replace("@out", out) for n, v in self.env.items()})

    def size(self, directory):
        if not self.trace:
            return None
        return sum(os.stat(path).st_blocks * 512 for path in glob.glob(os.path.join(directory, self.trace)))


TOOLS = [
    Tool("heaptrack", "plain", ["heaptrack", "-o", "@out/heaptrack"], "heaptrack", "out/heaptrack*"),
    Tool("memcheck", "plain", ["valgrind", "--leak-check=full", "--show-leak-kinds=all"], "valgrind"),
    Tool("massif", "plain", ["valgrind", "--tool=massif", "--massif-out-file=@out/massif"], "valgrind",
         "out/massif"),
    Tool("dhat", "plain", ["valgrind", "--tool=dhat", "--dhat-out-file=@out/dhat"], "valgrind", "out/dhat"),
    Tool("LeakSanitizer", "leak", needs="gcc"),
    Tool("rheaper", "ours", trace="out/trace.bin", RHEAPER_TRACE="@out/trace.bin"),
]


class Maker:
    """Builds the programs, each in the kinds that the tools take."""

    def __init__(self, build, directory):
        self.directory = directory
        self.bin = os.path.join(os.path.abspath(build), "rheaper-cc")
        self.loader = os.path.join(os.path.abspath(build), "rheaper-load", "rheaper-load")
        self.checker = os.path.join(os.path.abspath(build), "rheaper-check", "rheaper-check")
        self.compilers = {"plain": ["gcc"], "leak": ["gcc", "-fsanitize=leak"],
                          "ours": [os.path.join(self.bin, "rheaper-gcc")]}

    def make(self, name, text, kind, *words):
        """The program's path, or None with what the compiler said."""
        source, program = (os.path.join(self.directory, name + end) for end in (".c", "-" + kind))
        with open(source, "w") as file:
            file.write(text)
        status, said, *_ = run([*self.compilers[kind], "-g", "-O1", "-fno-builtin", source, *words, "-o",
                                program], self.directory)
        return (program, "") if status == 0 else (None, said)

    def database(self):
        path = os.path.join(self.directory, "out", "trace.bin")
        if not os.path.exists(path):
            return None
        run([self.loader, "-q", "--force", path, "t.db"], self.directory)
        return sqlite3.connect(os.path.join(self.directory, "t.db"))


def seen(tool, maker, said):
    """How many allocations it says there were."""
    out = os.path.join(maker.directory, "out")
    patterns = {"heaptrack": r"^\s*allocations:\s*([\d,]+)", "memcheck": r"total heap usage: ([\d,]+) allocs",
                "dhat": r"Total:.* in ([\d,]+) blocks"}
    if tool.name in patterns:
        found = re.search(patterns[tool.name], said, re.M)
        return int(found[1].replace(",", "")) if found else 0
    if tool.name == "massif":
        with open(os.path.join(out, "massif")) as file:
            return f"{file.read().count('snapshot=')} snapshots"
    if tool.name == "LeakSanitizer":
        found = re.search(r"leaked in (\d+) allocation", said)
        return f"{found[1]} leaked blocks" if found else 0
    database = maker.database()
    return database.execute("SELECT count(*) FROM allocations").fetchone()[0] if database else 0


def facts(maker, tools):
    library, _ = maker.make("library", LIBRARY, "plain", "-shared", "-fPIC")
    rows = {"dynamic": ("kinds", KINDS, []), "static": ("kinds-static", KINDS, ["-static"]),
            "library": ("user", USER, [library])}
    for tool in tools:
        for row, (name, text, words) in rows.items():
            program, error = maker.make(name, text, tool.kind, *words)
            if not program:
                print(f"{tool.name}: {row}: not linked: {error.strip().splitlines()[-1]}")
                continue
            status, said, *_ = tool.run(program, maker.directory)
            expected = N_LIBRARY if row == "library" else N_BLOCKS
            print(f"{tool.name}: {row}: status {status}{' (hangs)' if status is None else ''},"
                  f" {seen(tool, maker, said)} of {expected} allocations seen")
            if row == "dynamic":
                kinds(tool, maker, program, said)


def kinds(tool, maker, program, said):
    """What it calls the blocks that are left: 5 definite, 5 indirect, 1 possible, 1 reachable."""
    if tool.name == "memcheck":
        print("   ", re.findall(r"(\w+ \w+): [\d,]+ bytes in ([\d,]+) blocks", said))
    elif tool.name == "LeakSanitizer":
        print("   ", re.findall(r"(Direct|Indirect) leak of \d+ byte\(s\) in (\d+) object", said))
    elif tool.name == "heaptrack":
        print("   ", re.findall(r"leaked allocations:\s*(\d+)", said))
    elif tool.name == "rheaper":
        tool.env["RHEAPER_LEAK_SCAN"] = "1"
        tool.run(program, maker.directory)
        del tool.env["RHEAPER_LEAK_SCAN"]
        print("   ", maker.database().execute("SELECT leak_kind, blocks, bytes FROM leaks_by_kind").fetchall())


def verdicts(maker, tools):
    """Exit statuses of a check of the same program, and of one with a sixth lost block at a
    place where there were five, against what the tool could keep of the first."""
    more = KINDS.replace("i < 5", "i < 6")
    at = maker.directory
    for tool in tools:
        same, other = (maker.make("same" if text == KINDS else "other", text, tool.kind)[0]
                       for text in (KINDS, more))
        statuses = []
        if tool.name == "memcheck":
            said = run(["valgrind", "-q", "--leak-check=full", "--gen-suppressions=all", same], at)[1]
            with open(os.path.join(at, "known"), "w") as file:
                file.write("\n".join(line for line in said.splitlines() if not line.startswith("==")))
            statuses = [run(["valgrind", "-q", "--leak-check=full", "--error-exitcode=9",
                             "--suppressions=known", program], at)[0] for program in (same, other)]
        elif tool.name == "LeakSanitizer":
            with open(os.path.join(at, "known"), "w") as file:
                file.write("leak:definite\nleak:indirect\n")
            statuses = [run([program], at, LSAN_OPTIONS="suppressions=known")[0] for program in (same, other)]
        elif tool.name == "heaptrack":
            for program, name in (same, "first"), (same, "second"), (other, "third"):
                run(["heaptrack", "-o", name, program], at)
            statuses = [run(["heaptrack_print", "-d", "first.zst", name + ".zst"], at)[0]
                        for name in ("second", "third")]
        elif tool.name == "rheaper":
            for program, name in (same, "first.bin"), (same, "second.bin"), (other, "third.bin"):
                run([program], at, RHEAPER_TRACE=name, RHEAPER_LEAK_SCAN="1")
            run([maker.checker, "-q", "--write-baseline=leaks.txt", "first.bin"], at)
            statuses = [run([maker.checker, "-q", "--baseline=leaks.txt", name], at)[0]
                        for name in ("second.bin", "third.bin")]
        if statuses:
            print(f"{tool.name}: status for the same leaks {statuses[0]}, for one more {statuses[1]}")


def choose(tools):
    for tool in tools:
        if shutil.which(tool.needs):
            yield tool
        else:
            print("not here:", tool.name)


def versions():
    for command in (["heaptrack", "--version"], ["valgrind", "--version"], ["gcc", "--version"]):
        if shutil.which(command[0]):
            print(subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0])


def times(maker, tools, runs):
    row = programs.PROGRAMS["json-c"]
    row.files = {"work.json": lambda: programs.records(30000)}
    for kind, compiler in maker.compilers.items():
        tree = os.path.join(maker.directory, kind + ".src")
        row.build(tree, " ".join(compiler), os.path.join(maker.directory, kind))
    plain, found = Tool("plain", "plain"), {}
    for number in range(runs):
        for tool in [plain, *tools]:
            program = os.path.join(maker.directory, tool.kind)
            status, said, cpu, wall = tool.run(program, maker.directory,
                                               row.command(program, maker.directory)[1:])
            if status is None or not said:
                print(f"{tool.name}: turn {number}: status {status}")
                continue
            found.setdefault(tool.name, []).append((cpu, wall, tool.size(maker.directory)))
    if "rheaper" in found:
        print(maker.database().execute("SELECT value FROM totals WHERE name = 'events'").fetchone()[0], "events")
    print("\n| | runs | CPU s | wall s | CPU, times plain | wall, times plain | trace, bytes |")
    print("|---|---|---|---|---|---|---|")
    for name, values in found.items():
        ratio = [statistics.median(value[i] / base[i] for value, base in zip(values, found["plain"]))
                 for i in (0, 1)]
        middle = [statistics.median(value[i] for value in values) for i in (0, 1)]
        print(f"| {name} | {len(values)} | {middle[0]:.2f} | {middle[1]:.2f} | {ratio[0]:.2f} |"
              f" {ratio[1]:.2f} | {values[-1][2] if values[-1][2] is not None else '-'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="a build directory of rheaper")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--facts", action="store_true", help="these only")
    parser.add_argument("--times", action="store_true", help="these only")
    words = parser.parse_args()
    versions()
    tools = list(choose(TOOLS))
    with tempfile.TemporaryDirectory(prefix="rheaper-compare-") as directory:
        maker = Maker(words.build, directory)
        if not words.times:
            facts(maker, tools)
            verdicts(maker, tools)
        if not words.facts:
            times(maker, tools, words.runs)


if __name__ == "__main__":
    main()
