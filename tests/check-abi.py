#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs and plug-ins that were compiled with another rheaper.h than the runtime:
abi/caller.c says which.

usage: check-abi.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import os
import sys

import tap
from switching import INCLUDE, Bench

BINDIR = os.path.abspath(sys.argv[2])
CALLER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "abi", "caller.c")
WARNINGS = ["-Wall", "-Wextra", "-Wno-missing-field-initializers"]
# By what the config said, in the order of abi/caller.c; the last one has all defaults.
DEPTHS = [64, 33, 33, 33, 64, 64]

HOST = r"""
#include <dlfcn.h>
#include <stdio.h>
int main(void)
{
	void *handle = dlopen("./abi.so", RTLD_NOW);
	return handle ? ((int (*)(void))dlsym(handle, "work_abi"))() : (puts(dlerror()), 1);
}
"""


def compile_caller(b, driver, *words):
    for trace in b.traces():
        os.remove(b.path(trace))
    driver = os.path.join(BINDIR, driver) if driver.startswith("rheaper-") else driver
    language = ["-xc++"] if driver.endswith("+") else ["-std=c99"]
    b.run(driver, *language, *WARNINGS, "-O1", "-fno-builtin", *words, CALLER)


def check_traces(b):
    """One for each config that was accepted, with the depth that it asked for."""
    found = []
    for trace in sorted(b.traces(), key=lambda name: (len(name), name)):
        database = b.load(trace)
        found += database.execute("SELECT max_stack_depth FROM processes").fetchone()
        if len(found) < len(DEPTHS):
            sizes = database.execute("SELECT size FROM allocations WHERE size = 77").fetchall()
            assert sizes == [(77,)], sizes
            assert database.execute("SELECT count(*) FROM markers").fetchone() == (1,)
            assert database.execute("SELECT count(*) FROM scopes").fetchone() == (1,)
    assert found == DEPTHS, found


def check_program(b, driver):
    compile_caller(b, driver, "-o", "program")
    said = b.run("./program")
    assert said == "done\n", said
    check_traces(b)


def test_programs_in_c_of_other_headers(b):
    check_program(b, "rheaper-gcc")


def test_programs_in_cpp_of_other_headers(b):
    check_program(b, "rheaper-g++")


def check_plugin(b, driver, host):
    compile_caller(b, driver, "-DPLUGIN", "-fPIC", "-shared", "--rheaper-shared", "-o", "abi.so")
    host = os.path.join(BINDIR, host) if host.startswith("rheaper-") else host
    b.run(host, "-I" + INCLUDE, b.file("host.c", HOST), "-ldl", "-o", "program")
    said = b.run("./program")
    assert said == "done\n", said
    check_traces(b)


def test_plugins_in_c_of_other_headers(b):
    check_plugin(b, "rheaper-gcc", "gcc")
    check_plugin(b, "rheaper-gcc", "rheaper-gcc")


def test_plugins_in_cpp_of_other_headers(b):
    check_plugin(b, "rheaper-g++", "gcc")
    check_plugin(b, "rheaper-g++", "rheaper-gcc")


def test_programs_without_a_runtime(b):
    for driver in "gcc", "g++":
        compile_caller(b, driver, "-o", "program")
        said = b.run("./program")
        assert said == "absent\n", said


tap.run(globals(), Bench)
