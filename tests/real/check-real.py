#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs from Debian's sources, built by nothing but CC=rheaper-cc CXX=rheaper-c++.

usage: check-real.py BINDIR LOADER CACHE PROGRAM

Builds PROGRAM of programs.py twice, with the compiler and with the driver: what it is
configured to, what it installs and what its own tests say must be the same. Its tests
run a third time with every process traced: they must say the same again, every trace
must load, and nothing may be missing. CACHE keeps downloads.

Prints TAP, one point per test_ function; all is skipped if the sources cannot be had.
"""
import collections
import os
import re
import shutil
import sqlite3
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import debian
import tap
from configuration import answers, installed
from programs import PROGRAMS

BINDIR, LOADER, CACHE, NAME = sys.argv[1:]
BINDIR, LOADER, CACHE = map(os.path.abspath, (BINDIR, LOADER, CACHE))
PROGRAM = PROGRAMS[NAME]
COMPILERS = {"plain": {"CC": "cc", "CXX": "c++"},
             "driven": {"CC": "rheaper-cc", "CXX": "rheaper-c++"}}


def say(*words):
    print("#", *words, flush=True)


class Tree:
    """Sources, build directory and installation, with one compiler."""

    def __init__(self, root, kind):
        self.root, self.kind = os.path.join(root, kind), kind
        self.source, self.dest = (os.path.join(self.root, part) for part in ("source", "dest"))
        # Beside the sources where the program allows it: that finds more than inside
        self.build = self.source if PROGRAM.get("in-tree") else os.path.join(self.root, "build")

    def environment(self, **more):
        path = os.environ["PATH"]
        env = debian.environment(**COMPILERS[self.kind], PATH=f"{BINDIR}:{path}",
                                 SOURCE=self.source, DESTDIR=self.dest)
        env.update(PROGRAM.get("environment", {}), **more)
        return env

    def run(self, script, **more):
        started = time.monotonic()
        result = debian.run(["sh", "-ec", script], cwd=self.build, env=self.environment(**more))
        say(f"{self.kind}: {time.monotonic() - started:.1f} s: {script}")
        return result

    def must(self, script, **more):
        result = self.run(script, **more)
        assert result.returncode == 0, f"{script}: {result.stdout[-4000:]}"
        return result.stdout

    def flags(self):
        """The flags that Debian builds packages with, in the version the row asks for."""
        if "flags" not in PROGRAM:
            return {}
        names = ["CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS"]
        options = {"DEB_BUILD_MAINT_OPTIONS": PROGRAM["flags"],
                   "DEB_LDFLAGS_MAINT_APPEND": "-Wl,--as-needed -Wl,--no-undefined"}
        return {name: self.must(f"dpkg-buildflags --get {name}", **options).strip()
                for name in names}

    def make(self, dsc):
        os.makedirs(self.root)
        unpacked = debian.run(["dpkg-source", "--no-check", "--skip-patches", "-x", dsc,
                               self.source])
        assert unpacked.returncode == 0, unpacked.stdout
        os.makedirs(self.build, exist_ok=True)
        flags = self.flags()
        for script in PROGRAM["build"]:
            self.must(script, **flags)

    def check(self, **more):
        """The verdict of its own tests: the status, and the lines that matter."""
        result = self.run(PROGRAM["check"], **more)
        lines = re.findall(PROGRAM["same"], result.stdout, re.M)
        assert lines, f"its tests say nothing: {result.stdout[-4000:]}"
        for line in lines[-3:]:
            say(line)
        return result.returncode, sorted(self.normal(line) for line in lines)

    def normal(self, text):
        """Without what must differ: directories and the name of the compiler."""
        text = text.replace(self.root, "ROOT").replace(BINDIR + "/", "/usr/bin/")
        # CMake finds gcc-ar beside the compiler that it was given
        text = re.sub(r"/usr/bin/(?:rheaper-)?gcc-(ar|ranlib)(?:-\d+)?", r"gcc-\1", text)
        return re.sub(r"\brheaper-(cc|c\+\+)", r"\1", text)


class Bench:
    def __init__(self, directory):
        self.traces = os.path.join(directory, "traces")
        self.trees = {kind: Tree(directory, kind) for kind in COMPILERS}
        self.plain, self.driven = self.trees.values()
        self.verdict = None

    def both(self, look):
        return look(self.plain), look(self.driven)

    def load(self, name):
        """Loads a trace; a connection to its database."""
        path = os.path.join(self.traces, "profile.db")
        trace = os.path.join(self.traces, name)
        loaded = debian.run([LOADER, "--force", trace, path])
        assert loaded.returncode == 0, (name, loaded.stdout)
        return sqlite3.connect(path)


def differences(plain, driven):
    """Of two {name: text}: the names that only one has, and the lines that only one has."""
    found = [(name, "only in one") for name in plain.keys() ^ driven.keys()]
    for name in plain.keys() & driven.keys():
        lines = set(plain[name].splitlines()) ^ set(driven[name].splitlines())
        found += [(name, line) for line in sorted(lines)]
    return found


def test_builds(b):
    for tree in b.trees.values():
        tree.make(DSC)


def test_configured_alike(b):
    if PROGRAM.get("unconfigured"):
        raise tap.Skip("nothing is configured")
    plain, driven = b.both(lambda tree: answers(tree.build, tree.normal))
    assert plain, "no file that a configuration writes"
    say("compared:", *sorted(plain))
    assert not differences(plain, driven), differences(plain, driven)[:40]


def test_installed_alike(b):
    for tree in b.trees.values():
        tree.must(PROGRAM["install"])
    plain, driven = b.both(lambda tree: installed(tree.dest, tree.normal))
    assert plain, "nothing was installed"
    assert not differences(plain, driven), differences(plain, driven)[:40]


def test_own_tests(b):
    plain, driven = b.both(Tree.check)
    assert plain == driven, (plain, driven)
    assert plain[0] == 0 or "failures" in PROGRAM, f"its own tests fail with the compiler: {plain}"
    b.verdict = plain


def test_own_tests_traced(b):
    os.mkdir(b.traces)
    found = b.driven.check(RHEAPER_TRACE=os.path.join(b.traces, "%e.%p.bin"))
    assert found == b.verdict, (b.verdict, found)


def test_traces_load(b):
    losses, events, seen = collections.Counter(), 0, collections.Counter()
    wanted = {tuple(pattern) for pattern in PROGRAM["sees"]}
    names = sorted(os.listdir(b.traces))
    for name in names:
        database = b.load(name)
        seen[name.split(".")[0]] += 1
        for reason, count in database.execute("SELECT reason, count FROM losses WHERE count > 0"):
            losses[reason] += count
        events += database.execute("SELECT sum(value) FROM totals WHERE name IN"
                                   " ('allocations', 'frees')").fetchone()[0] or 0
        wanted = {pattern for pattern in wanted if not is_seen(database, *pattern)}
        database.close()
    say(f"{len(names)} traces, {events} events, losses: {dict(losses)}")
    say("of:", dict(seen))
    assert events > 0
    unexplained = losses.keys() - PROGRAM.get("explained", {}).keys()
    assert not unexplained, {reason: losses[reason] for reason in unexplained}
    assert not wanted, f"no allocation seen in {wanted}"


def is_seen(database, symbol, module):
    """Whether a stack of an allocation has that function, in a file named so."""
    return database.execute(
        "SELECT 1 FROM backtraces b JOIN stack_totals t ON t.stack = b.id"
        " WHERE t.allocations > 0 AND b.sym = ? AND b.module_path LIKE ? LIMIT 1",
        (symbol, "%/" + module)).fetchone()


def missing_tool():
    return next((tool for tool in PROGRAM.get("needs", ["make"]) if not shutil.which(tool)), None)


try:
    if missing_tool():
        raise debian.Unavailable(f"{missing_tool()} is not installed")
    DSC = debian.fetch(CACHE, PROGRAM.get("package", NAME))
except debian.Unavailable as reason:
    print("1..0 # SKIP", str(reason).replace("\n", " "))
    sys.exit()
tap.run(globals(), Bench)
