#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that clang-tidy finds nothing in what the build compiles: .clang-tidy says what it
looks for, and why not for the rest.

usage: check-tidy.py SOURCE_ROOT BUILD_DIRECTORY

Each version brings checks of its own, under names that .clang-tidy takes in by family. So
one version is asked, VERSION, Debian 12's; with another one only the check is skipped.
The static analyzer takes nearly all of the time: each file is looked at once, as the first
target that has it compiles it, the longest files first.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

import tap

VERSION = 14
SOURCE, BUILD = map(os.path.realpath, sys.argv[1:3])


def find_tidy():
    """The command of that version; a Skip that says what there is instead."""
    found = []
    for name in f"clang-tidy-{VERSION}", "clang-tidy":
        if not shutil.which(name):
            continue
        said = subprocess.run([name, "--version"], text=True, capture_output=True, check=True).stdout
        version = re.search(r"version (\d+)", said)
        found.append(version.group(1) if version else said.strip())
        if found[-1] == str(VERSION):
            return name
    raise tap.Skip(f"clang-tidy {found[-1]}, and {VERSION} decides" if found else "no clang-tidy")


def commands():
    """One command of each file of ours: {path: command}."""
    with open(os.path.join(BUILD, "compile_commands.json")) as file:
        rows = json.load(file)
    chosen = {}
    for row in rows:
        path = os.path.realpath(os.path.join(row["directory"], row["file"]))
        if path.startswith(SOURCE + "/") and not path.startswith((BUILD + "/", SOURCE + "/subprojects/")):
            chosen.setdefault(path, row)
    return chosen


def examine(tidy, database, path, command):
    """What it says of one file; nothing if it finds nothing."""
    said = subprocess.run([tidy, "-p", database, "--quiet", command["file"]], cwd=command["directory"],
                          text=True, capture_output=True)
    if said.returncode == 0:
        return []
    found = [line.replace(BUILD + "/../", "").replace(SOURCE + "/", "")
             for line in said.stdout.splitlines() if re.search(r": (warning|error): ", line)]
    return found or [f"{path}: {said.stderr.strip() or 'status %d' % said.returncode}"]


def test_nothing_is_found(directory):
    tidy, chosen = find_tidy(), commands()
    assert len(chosen) > 100, f"only {len(chosen)} files of {SOURCE} in {BUILD}/compile_commands.json"
    # With two commands for a file it would be looked at twice
    with open(os.path.join(directory, "compile_commands.json"), "w") as file:
        json.dump(list(chosen.values()), file)
    order = sorted(chosen, key=os.path.getsize, reverse=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(lambda path: examine(tidy, directory, path, chosen[path]), order))
    found = sorted({line for lines in said for line in lines})
    print(f"# {len(chosen)} files")
    assert not found, f"{len(found)} findings\n" + "\n".join(found[:50])


def test_it_finds_what_is_wrong(directory):
    """So that a .clang-tidy that asks for nothing does not pass."""
    tidy, path = find_tidy(), os.path.join(directory, "wrong.c")
    with open(path, "w") as file:
        file.write("int wrong(int n);\nint wrong(int n)\n{\n\tint *p = 0;\n\tif (n)\n\t\treturn *p;\n\treturn 0;\n}\n")
    said = subprocess.run([tidy, "--quiet", "--config-file=" + os.path.join(SOURCE, ".clang-tidy"), path, "--"],
                          text=True, capture_output=True)
    assert said.returncode != 0 and "clang-analyzer-core.NullDereference" in said.stdout, said


tap.run(globals(), lambda directory: directory)
