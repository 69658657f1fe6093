#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that each C and C++ file is as clang-format writes it with .clang-format.

usage: check-format.py SOURCE_ROOT

Of two versions of clang-format each breaks some lines where the other does not, whatever
.clang-format says. So there is one that decides, VERSION, Debian 12's, under whichever of
its names it is there; with another one only there is nothing to be compared with, and the
check is skipped.
"""
import os
import re
import shutil
import subprocess
import sys

import tap

VERSION = 14
ENDINGS = (".c", ".h", ".cpp")
AT_ONCE = 100


def find_formatter():
    """The command of that version; a Skip that says what there is instead."""
    found = []
    for name in f"clang-format-{VERSION}", "clang-format":
        if not shutil.which(name):
            continue
        said = subprocess.run([name, "--version"], text=True, capture_output=True, check=True).stdout
        version = re.search(r"version (\d+)", said)
        found.append(version.group(1) if version else said.strip())
        if found[-1] == str(VERSION):
            return name
    raise tap.Skip(f"clang-format {found[-1]}, and {VERSION} decides" if found else "no clang-format")


def walk(root):
    """The files below a source tree without git's index, as far as they are ours."""
    for directory, folders, names in os.walk(root):
        folders[:] = [] if "build.ninja" in names else [
            name for name in folders if not name.startswith((".", "build")) and name != "subprojects"]
        yield from (os.path.relpath(os.path.join(directory, name), root) for name in names)


def sources(root):
    """What git has; where there is no git, or no clone of its, what a walk finds."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"],
                            text=True, capture_output=True) if shutil.which("git") else None
    names = listed.stdout.split("\0") if listed and listed.returncode == 0 else walk(root)
    return sorted({name for name in names
                   if name.endswith(ENDINGS) and os.path.exists(os.path.join(root, name))})


def test_files_are_formatted(root):
    formatter, names, wrong = find_formatter(), sources(root), []
    assert len(names) > 100, f"only {len(names)} files found below {root}"
    for first in range(0, len(names), AT_ONCE):
        said = subprocess.run([formatter, "--style=file", "--dry-run", *names[first:first + AT_ONCE]],
                              cwd=root, text=True, capture_output=True)
        assert said.returncode == 0, said.stderr
        wrong += re.findall(r"^(\S+:\d+):\d+: (?:warning|error): code should be clang-formatted",
                            said.stderr, re.M)
    print(f"# {len(names)} files")
    assert not wrong, f"not as {formatter} -i writes them: " + ", ".join(wrong)


def test_a_walk_finds_what_git_does(root):
    """So that an unpacked archive of the sources is checked as a clone is."""
    walked = {name for name in walk(root) if name.endswith(ENDINGS)}
    assert set(sources(root)) <= walked, set(sources(root)) - walked


tap.run(globals(), lambda directory: sys.argv[1])
