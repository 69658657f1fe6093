# SPDX-License-Identifier: MIT
"""A program whose leaks are known by construction, and a bench that checks it; for scripts
with the arguments RHEAPER-CHECK RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

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

# Two call sites whose functions have the same names but one
TWO_WAYS = """
#include <stdlib.h>
void *volatile s;
__attribute__((noinline)) void *mk(int n) { return malloc(n); }
__attribute__((noinline)) void from_a(int n) { s = mk(n); }
__attribute__((noinline)) void from_b(int n) { s = mk(n); }
int main(int argc, char **argv)
{
	from_a(atoi(argv[1]));
	from_b(atoi(argv[2]));
	s = 0;
	return argc != 3;
}
"""


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
                                capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
        assert result.returncode == status, (words, result)
        assert os.listdir(self.path("tmp")) == [], os.listdir(self.path("tmp"))
        assert status == 2 or result.stderr == "", result
        return result.stdout + result.stderr

    def json(self, status, *words):
        result = subprocess.run([CHECK, "--json", *words], cwd=self.dir, env=self.env, text=True,
                                capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
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
