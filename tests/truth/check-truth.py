#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs, counted by rheaper and by Valgrind: the numbers must agree.

usage: check-truth.py BINDIR LOADER CACHE PROGRAM

Fetches a program's source package, builds it with the plain compiler and with
rheaper-cc, runs its own check both ways (the second time traced), then counts
one fixed workload twice: traced, and under Valgrind, the same binary both
times. Then every distinct stack is compared with what libunwind says of the
same call (witness.c). Exit status 77 and a reason: skipped. CACHE keeps downloads only.

All numbers must be equal; expected() says how a realloc counts. Valgrind is
told to free nothing by itself after the program's end. What is lost is counted where
freed memory is not used again (keep.c), as under Valgrind: mawk 1.3.4-20260302 keeps the
address of a buffer that it freed, and glibc may give that to a block that is possibly lost.
"""
import glob
import os
import re
import shutil
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import stacks
from debian import Unavailable, environment, fetch, run

LUA_WORK = """
local words, lines = {}, {}
for i = 1, 3000 do
  local word = string.format("w%d", i * 7919 % 1009)
  words[word] = (words[word] or 0) + 1
  lines[#lines + 1] = word .. tostring(i)
  if i % 500 == 0 then collectgarbage() end
end
table.sort(lines)
print(#lines, words.w1, #table.concat(lines, ","), lines[1])
"""

AWK_WORK = """
BEGIN {
  for (i = 0; i < 3000; i++) {
    word = sprintf("w%d", i * 7919 % 1009); n[word]++
    line = line substr(word, 2, 2); if (length(line) > 200) line = ""
    split(line "," word, parts, ","); gsub(/1/, "one", parts[1]); total += length(parts[1])
  }
  for (word in n) distinct++
  print distinct, total
}
"""

# package: how to build (with CC and CXX set), to check, what of the check's
# output must be the same, the file to run and its arguments
PROGRAMS = {
    "mawk": {
        "build": [["./configure"], ["make", "-j2"]],
        "check": ["make", "check"],
        "same": r"^.*\b(?:test|testing|returns?\d*|consistent|differ)\b.*$",
        "run": ["./mawk", "-f", "@work"],
        "work": AWK_WORK,
    },
    "lua5.4": {
        "build": [["sh", "-c", 'make -j2 linux CC="$CC -std=gnu99"']],
        "check": ["make", "test"],
        "same": r"^Lua .*$",
        "run": ["src/lua", "@work"],
        "work": LUA_WORK,
    },
    "gperf": {
        "build": [["sh", "-c", "./configure --quiet"], ["make", "-j2"]],
        "check": ["make", "check"],
        "same": r"^diff .*$|^.*should be found.*$",
        "run": ["src/gperf", "@work"],
        "work": "%{\n#include <string.h>\n%}\n%%\n" + "".join(
            f"{word}{n}\n" for n in range(40) for word in ("while", "int", "register", "auto")) + "%%\n",
    },
    "cjson": {
        "build": [["cmake", "-DCMAKE_BUILD_TYPE=Release", "-DENABLE_CJSON_TEST=ON",
                   "-DCMAKE_POLICY_VERSION_MINIMUM=3.5", "."],  # which CMake 4 asks for
                  ["make", "-j2"]],
        "check": ["make", "test"],
        "same": r"^.*tests passed.*$",
        "run": ["./cJSON_test"],
        "work": "",
    },
    "tinyxml2": {
        "build": [["cmake", "-DBUILD_SHARED_LIBS=ON", "-DCMAKE_BUILD_TYPE=Release", "."],
                  ["make", "-j2"]],
        "check": ["make", "test"],
        "same": r"^.*tests passed.*$",
        "run": ["./xmltest"],
        "work": "",
    },
}


# What differs between any two runs
NOISE = re.compile(r"^.*(time=|milli-seconds).*$", re.M)


# What becomes of live blocks, by allocations.leak_kind
KINDS = ("definitely lost", "indirectly lost", "possibly lost", "still reachable")


def skip(reason):
    print("skipped:", str(reason).replace("\n", " "))
    sys.exit(77)


def must(command, **more):
    result = run(command, **more)
    if result.returncode != 0:
        sys.exit(f"status {result.returncode}: {' '.join(command)}\n{result.stdout[-4000:]}")
    return result.stdout


def build(dsc, tree, program, **compilers):
    shutil.rmtree(tree, ignore_errors=True)
    must(["dpkg-source", "--no-check", "--skip-patches", "-x", dsc, tree])
    for command in program["build"]:
        must(command, cwd=tree, env=environment(**compilers))
    path = os.path.join(tree, "workload")
    with open(path, "w") as out:
        out.write(program["work"])
    return [word.replace("@work", path) for word in program["run"]]


def compare_configuration(plain, tree):
    """What configure found must not depend on the driver."""
    for path in glob.glob(plain + "/**/config.h", recursive=True):
        other = tree + path[len(plain):]
        if open(path).read().replace(plain, "") != open(other).read().replace(tree, ""):
            sys.exit(f"configured otherwise: {other}")


def check(tree, program, **more):
    """The program's own check: its status and the lines that matter."""
    result = run(program["check"], cwd=tree, env=environment(**more))
    lines = re.findall(program["same"], result.stdout.replace(tree, "."), re.M)
    return result.returncode, lines


def by_valgrind(command, tree, log):
    output = must(["valgrind", "--tool=memcheck", "--run-libc-freeres=no",
                   "--run-cxx-freeres=no", "--leak-check=full", "--undef-value-errors=no",
                   "--show-leak-kinds=all",
                   f"--log-file={log}", *command], cwd=tree, env=environment())
    text = open(log).read().replace(",", "")
    live = re.search(r"in use at exit: (\d+) bytes in (\d+) blocks", text)
    total = re.search(r"total heap usage: (\d+) allocs (\d+) frees (\d+) bytes", text)
    if not live or not total:
        sys.exit(f"Valgrind counted nothing:\n{text}")
    kinds = {kind: int(n) for kind, n in
             re.findall(r"(\w+ (?:lost|reachable)): \d+ bytes in (\d+) blocks", text)}
    numbers = {"allocations": int(total[1]), "frees": int(total[2]), "bytes": int(total[3]),
               "live blocks": int(live[2]), "live bytes": int(live[1]),
               **{kind: kinds.get(kind, 0) for kind in KINDS}}
    return numbers, output


def by_rheaper(command, tree, loader, **more):
    trace, path = os.path.join(tree, "trace.bin"), os.path.join(tree, "profile.db")
    for old in trace, path:
        if os.path.exists(old):
            os.remove(old)
    output = must(command, cwd=tree, env=environment(RHEAPER_TRACE=trace, RHEAPER_LEAK_SCAN="1", **more))
    must([loader, trace, path])
    return expected(sqlite3.connect(path)), output


def keeping(tree):
    """A library to be preloaded, by which freed memory is not used again."""
    path = os.path.join(tree, "keep.so")
    must(["gcc", "-O1", "-fno-builtin", "-fPIC", "-shared", os.path.join(stacks.HERE, "keep.c"), "-o", path])
    return path


def expected(database):
    """What the database says, counted as Valgrind counts.

    A realloc is an allocation and a free for both, and its new size counts as
    allocated in full. One that fails counts for Valgrind only; no workload has one.
    """
    row = database.execute(
        "SELECT count(*), count(dealloc_after), sum(size), count(*) - count(dealloc_after),"
        " coalesce(sum(size) FILTER (WHERE dealloc_after IS NULL), 0) FROM allocations").fetchone()
    numbers = dict(zip(("allocations", "frees", "bytes", "live blocks", "live bytes"), row))
    for kind in KINDS:
        numbers[kind] = database.execute("SELECT count(*) FROM allocations WHERE leak_kind = ?",
                                         (kind,)).fetchone()[0]
    losses = database.execute("SELECT reason, count FROM losses WHERE count > 0").fetchall()
    print("losses:", losses)
    return numbers


def main():
    bindir, loader, cache, name = sys.argv[1:]
    bindir, loader, cache = map(os.path.abspath, (bindir, loader, cache))
    program = PROGRAMS[name]
    for tool in ["valgrind", "make"] + ([PROGRAMS[name]["build"][0][0]] if "cmake" in PROGRAMS[name]["build"][0] else []):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    try:
        dsc = fetch(cache, name)
    except Unavailable as reason:
        skip(reason)
    plain, tree = os.path.join(cache, name + "-plain"), os.path.join(cache, name + "-rheaper")
    build(dsc, plain, program, CC="gcc", CXX="g++")
    command = build(dsc, tree, program, CC=os.path.join(bindir, "rheaper-gcc"),
                    CXX=os.path.join(bindir, "rheaper-g++"))
    compare_configuration(plain, tree)
    want = check(plain, program)
    got = check(tree, program, RHEAPER_TRACE=os.path.join(tree, "check-%p.bin"))
    print("its own check:", want)
    if want != got or not want[1]:
        sys.exit(f"its own check differs when instrumented: {got}")
    command[0] = os.path.join(tree, command[0])
    truth, output = by_valgrind(command, tree, os.path.join(tree, "valgrind.log"))
    usual, traced_output = by_rheaper(command, tree, loader)
    kept, _ = by_rheaper(command, tree, loader, LD_PRELOAD=keeping(tree))
    found = {key: (kept if key in KINDS else usual)[key] for key in usual}
    print(f"{'':16} {'Valgrind':>12} {'rheaper':>12} {'keeping':>12}")
    for key, value in truth.items():
        print(f"{key:16} {value:12} {usual[key]:12} {kept[key]:12}")
    if NOISE.sub("", output) != NOISE.sub("", traced_output):
        sys.exit("the program's output differs when traced")
    if truth != found:
        sys.exit("the counts differ")
    if usual["still reachable"] < kept["still reachable"]:
        sys.exit("what is reachable is lost where freed memory is used again")
    stacks.compare(command, tree, loader, environment())
    for path in plain, tree:
        shutil.rmtree(path)


main()
