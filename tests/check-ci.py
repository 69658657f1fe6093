#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/ci: under Meson, CTest, Automake and make a test that leaks fails, and one that does not
passes; a baseline makes both pass. Job files are read as YAML, their scripts by sh, and
their options by rheaper-check.

usage: check-ci.py RHEAPER-CHECK BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

Prints TAP, one point per test_ function.
"""
import os
import re
import shutil
import subprocess
import sys

import tap
from workbench import Workbench

CHECK, BIN, SOURCE = (os.path.abspath(path) for path in sys.argv[1:4])


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.env.update(PATH=os.pathsep.join([BIN, os.path.dirname(CHECK), self.env["PATH"]]),
                        CC="rheaper-cc", TMPDIR=directory)
        self.env.pop("RHEAPER_CHECK", None)
        shutil.copytree(SOURCE + "/examples/ci", self.path("ci"))

    def call(self, *command, **env):
        """Its status and what it says."""
        result = subprocess.run(command, cwd=self.dir, env={**self.env, **env}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=120)
        return result.returncode, result.stdout

    def baseline(self):
        """Of what the program leaks at most."""
        if not os.path.exists(self.path("leaks.txt")):
            self.run("rheaper-cc", self.path("ci/test.c"), "-o", "program")
            self.run("./program", "3", RHEAPER_TRACE=self.path("t.bin"))
            self.run("rheaper-check", "-q", "--write-baseline=leaks.txt", "t.bin")
        return "--baseline=" + self.path("leaks.txt")


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            raise tap.Skip("no " + program)


AGAIN = """
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void *volatile block;
int main(int argc, char **argv)
{
	int status = 1;
	if (argc > 1) {
		block = malloc(10);
		block = NULL;
		return 0;
	}
	pid_t child = fork();
	if (child == 0) {
		block = malloc(20);
		execl(argv[0], argv[0], "again", (char *)NULL);
		_exit(1);
	}
	waitpid(child, &status, 0);
	return status;
}
"""


def test_checked(b):
    b.baseline()
    checked = b.path("ci/checked")
    assert b.call(checked, "./program") == (0, b.call(checked, "./program")[1])
    assert b.call(checked, "./program", "1")[0] == 1
    assert b.call(checked, "./program", "3", RHEAPER_CHECK=b.baseline() + " -q") == (0, "")
    assert b.call(checked, "sh", "-c", "./program 1; ./program 3", RHEAPER_CHECK="-q") == (1, "")
    assert b.call(checked, "sh", "-c", "exit 7")[0] == 7
    assert b.call(checked, "true")[0] == 2  # nothing traced
    os.mkdir(b.path("elsewhere"))
    assert b.call(checked, "sh", "-c", "./program; cd elsewhere; ../program 3", RHEAPER_CHECK="-q", TMPDIR="elsewhere") == (1, "")
    assert os.listdir(b.path("elsewhere")) == []
    # A process that executes a program of its own name writes NAME.1
    again = b.path("again.c")
    with open(again, "w") as source:
        source.write(AGAIN)
    b.run("rheaper-cc", again, "-o", "again")
    assert b.call(checked, "./again", RHEAPER_CHECK="-q") == (1, "")
    shutil.copy(b.path("program"), b.path(".program"))
    assert b.call(checked, "sh", "-c", "./program; ./.program 3", RHEAPER_CHECK="-q") == (1, "")
    assert not [name for name in os.listdir(b.dir) if name.startswith("tmp.")]


def test_meson(b):
    needs("meson", "ninja")
    assert b.call("meson", "setup", "m", "ci/meson")[0] == 0
    test = "meson", "test", "-C", "m", "--setup=leaks"
    status, said = b.call(*test)
    assert status == 1 and re.search("good +OK", said) and re.search("leaking +FAIL", said), said
    status, said = b.call(*test, RHEAPER_CHECK=b.baseline())
    assert status == 0, said
    assert b.call("meson", "test", "-C", "m")[0] == 0  # not traced


def test_ctest(b):
    needs("cmake", "ctest", "make")
    assert b.call("cmake", "-G", "Unix Makefiles", "-S", "ci/cmake", "-B", "c")[0] == 0
    assert b.call("cmake", "--build", "c")[0] == 0
    test = "ctest", "--test-dir", "c"
    status, said = b.call(*test)
    assert status != 0 and re.search("good [ .]+ +Passed", said) and "leaking (Failed)" in said, said
    status, said = b.call(*test, RHEAPER_CHECK=b.baseline())
    assert status == 0, said


def test_automake(b):
    needs("autoreconf", "automake", "make")
    b.run("autoreconf", "-i", "ci/automake", silent=False)
    b.run("sh", "-c", "cd ci/automake && ./configure CC=rheaper-cc", silent=False)
    check = "make", "-C", "ci/automake", "check", "LOG_COMPILER=" + b.path("ci/checked")
    status, said = b.call(*check)
    assert status == 2 and "PASS: good\n" in said and "FAIL: leaking\n" in said, said
    b.run("rheaper-cc", "-DBLOCKS=3", b.path("ci/test.c"), "-o", "leaking")
    b.run("./leaking", RHEAPER_TRACE=b.path("l.bin"))
    b.run("rheaper-check", "-q", "--write-baseline=automake.txt", "l.bin")
    status, said = b.call(*check, RHEAPER_CHECK="--baseline=" + b.path("automake.txt"))
    assert status == 0 and "FAIL: leaking\n" not in said, said


def test_make(b):
    needs("make")
    make = "make", "-C", "ci/make", "CC=rheaper-cc", "check"
    status, said = b.call(*make)
    assert status == 2 and "leak: program: 3 blocks, 30 bytes" in said and "3 processes" in said, said
    status, said = b.call(*make, "CHECK=" + b.baseline())
    assert status == 0, said


def test_no_name_begins_with_a_dot(b):
    """A program's may; 'traces/*' would leave its trace out."""
    for path in "examples/ci/checked", "examples/ci/make/Makefile", "examples/ci/github.yml", "examples/ci/gitlab.yml", "docs/how-to/ci.md":
        with open(os.path.join(SOURCE, path)) as text:
            names = re.findall(r"RHEAPER_TRACE=\S*/([^\s/]*%[^\s/]*)", text.read())
        assert names and all(name.startswith("%p") for name in names), (path, names)


def job(name):
    try:
        import yaml
    except ImportError:
        raise tap.Skip("no PyYAML")
    with open(SOURCE + "/examples/ci/" + name) as text:
        return yaml.safe_load(text)


def check_script(b, script):
    b.run("sh", "-n", b.file("script", script))
    for word in re.findall(r"--[a-z-]+", " ".join(
            line for line in script.replace("\\\n", " ").split("\n") if "rheaper-check" in line)):
        assert word in b.run("rheaper-check", "--help"), word


def test_github_job(b):
    steps = job("github.yml")["jobs"]["leaks"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert all(("run" in step) != ("uses" in step) for step in steps) and len(scripts) == 4, steps
    for script in scripts:
        check_script(b, script)
    assert "rheaper-check" in scripts[2] and "leaks.md" in scripts[2], scripts


def test_gitlab_job(b):
    leaks = job("gitlab.yml")["leaks"]
    for line in leaks["before_script"] + leaks["script"]:
        check_script(b, line)
    assert leaks["artifacts"]["reports"]["junit"] == "leaks.xml" and "=leaks.xml" in leaks["script"][-1]


tap.run(globals(), Bench)
