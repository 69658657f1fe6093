# SPDX-License-Identifier: MIT
"""What a configuration found, and what an installation holds, as texts to compare."""
import os
import re
import subprocess

# What the usual build systems write down
WHOLE_FILES = {"config.h", "libtool", "CMakeCache.txt", "CMakeCCompiler.cmake",
               "CMakeCXXCompiler.cmake", "intro-dependencies.json", "intro-buildoptions.json",
               "zconf.h", "Makefile"}
# configure's log says when and where it ran; its sections of variables must be equal
LOG_SECTION = re.compile(r"^## (?:Cache|Output) variables\. ##.*?(?=^## -|\Z)", re.M | re.S)


def answers(directory, normal):
    """{path: text} of the files that say what the configuration found."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            if name in WHOLE_FILES:
                found[os.path.relpath(path, directory)] = normal(read(path))
            elif name == "config.log":
                sections = "\n".join(LOG_SECTION.findall(read(path)))
                found[os.path.relpath(path, directory)] = normal(sections)
    return found


def installed(directory, normal):
    """{path: text}: what a loader of a program reads; the text itself of what is none."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, directory)] = normal(describe(path))
    return found


def describe(path):
    if os.path.islink(path):
        return "link to " + os.readlink(path)
    with open(path, "rb") as start:
        magic = start.read(4)
    if magic == b"\x7fELF":
        return describe_elf(path)
    return read(path) if path.endswith((".pc", ".la", ".cmake")) else ""


def describe_elf(path):
    """Needed libraries, search paths and names; of a shared library what it exports too."""
    dynamic = output("readelf", "-dW", path)
    found = re.findall(r"\((?:NEEDED|R\w*PATH|SONAME)\).*", dynamic)
    if "(SONAME)" in dynamic:
        found += output("nm", "-D", "--defined-only", "--format=just-symbols", path).splitlines()
    return "\n".join(found)


def output(*command):
    return subprocess.run(command, text=True, check=True, stdout=subprocess.PIPE).stdout


def read(path):
    with open(path, errors="replace") as text:
        return text.read()
