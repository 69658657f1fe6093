#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each program's --help beside its man page, and how all of them take a wrong option.

usage: check-help.py MAN-DIRECTORY PROGRAM...

Prints TAP, one point per test_ function.
"""
import os
import re
import subprocess
import sys

import tap

MAN, PROGRAMS = sys.argv[1], [os.path.abspath(path) for path in sys.argv[2:]]
DRIVER = "rheaper-cc"


def run(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=60)


def help_of(program):
    result = run(program, "--rheaper-help" if program.endswith(DRIVER) else "--help")
    assert result.returncode == 0 and result.stderr == "", result
    return result.stdout


def helped_options(text):
    """{"-f", "--format=FORMAT"}: what stands on the left side."""
    found = re.findall(r"^  (?:    )?((?:-\w, )?--\S+)", text, re.M)
    assert found, text
    return {word for left in found for word in left.split(", ")}


def documented_options(page):
    """The same of the paragraphs of the section OPTIONS."""
    with open(page) as source:
        section = re.search(r"^# OPTIONS\n(.*?)^# ", source.read(), re.M | re.S).group(1)
    heads = re.findall(r"^\*-.*", section, re.M)
    return {word for head in heads for word in re.sub(r"[*_]", "", head).split(", ")}


def page_of(program):
    return os.path.join(MAN, os.path.basename(program) + ".1.scd")


def test_every_option_is_in_the_man_page_and_in_help(_):
    for program in PROGRAMS:
        helped, documented = helped_options(help_of(program)), documented_options(page_of(program))
        assert helped == documented, (program, helped ^ documented)


def test_both_say_the_same_of_the_program(_):
    """The name of the page is the sentence of --help, but for its first and last letter."""
    for program in PROGRAMS:
        if program.endswith(DRIVER):
            continue  # it has many names
        with open(page_of(program)) as source:
            name = re.search(r"^# NAME\n\n\S+ - (.*)", source.read(), re.M).group(1)
        about = help_of(program).split("\n\n")[0].splitlines()[-1]
        assert about == name[0].upper() + name[1:] + ".", (program, name, about)


def test_help_fits_80_columns(_):
    for program in PROGRAMS:
        for line in help_of(program).splitlines():
            assert len(line) <= 80 and line == line.rstrip() and "\t" not in line, (program, line)


def test_exit_statuses_are_those_of_the_man_page(_):
    for program in PROGRAMS:
        if program.endswith(DRIVER):
            continue
        statuses = re.findall(r"^  (\d)  ", help_of(program).split("Exit status:")[1], re.M)
        with open(page_of(program)) as source:
            section = re.search(r"^# EXIT STATUS\n(.*?)^# ", source.read(), re.M | re.S).group(1)
        assert statuses == re.findall(r"^\*(\d)\*$", section, re.M), (program, statuses)


def test_what_is_wrong_is_said_on_standard_error(_):
    for program in PROGRAMS:
        name = os.path.basename(program)
        prefix = "rheaper-" if name == DRIVER else ""
        result = run(program, f"--{prefix}frobnicate")
        assert result.returncode == 2 and result.stdout == "", result
        assert result.stderr == (f"{name}: unknown option: --{prefix}frobnicate\n"
                                 f"Try '{name} --{prefix}help'.\n"), result


def test_the_version_is_of_all_programs(_):
    versions = {run(program, "--rheaper-version" if program.endswith(DRIVER) else "--version"
                    ).stdout.removeprefix(os.path.basename(program)) for program in PROGRAMS}
    assert len(versions) == 1 and re.fullmatch(r" \(rheaper\) \d+\.\d+\.\d+\n", *versions), versions


tap.run(globals(), lambda directory: directory)
