#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Projects configured with the driver find what they find with the compiler: same
config.h, same libraries, same answers. CMake and Meson here; a configure script of
autoconf's in tests/truth.

usage: check-configure.py BINDIR MESON

Prints TAP, one point per test_ function; what is not installed is skipped.
"""
import os
import re
import shutil
import subprocess
import sys

import tap

BINDIR, MESON = os.path.abspath(sys.argv[1]), sys.argv[2]

CMAKE = """
cmake_minimum_required(VERSION 3.16)
project(probe C CXX)
include(CheckFunctionExists)
include(CheckSymbolExists)
include(CheckCCompilerFlag)
include(CheckIncludeFile)
include(CheckTypeSize)
include(CheckIPOSupported)
find_package(Threads REQUIRED)
foreach(name malloc free_sized pvalloc reallocarray strlcpy getline no_such_function)
  check_function_exists(${name} HAVE_${name})
endforeach()
check_symbol_exists(asprintf stdio.h HAVE_ASPRINTF)
check_c_compiler_flag(-fno-omit-frame-pointer FLAG_FP)
check_c_compiler_flag(-fno-such-flag FLAG_NONE)
check_include_file(malloc.h HAVE_MALLOC_H)
check_type_size(long LONG)
check_ipo_supported(RESULT ipo OUTPUT why LANGUAGES C)
set(HAVE_IPO "${ipo}" CACHE STRING "link-time optimization")
add_library(part STATIC part.c)
add_library(plug SHARED part.c)
add_executable(main main.c)
target_link_libraries(main part)
add_executable(mainxx main.cc)
"""

MESON_BUILD = """
project('probe', 'c', 'cpp')
cc = meson.get_compiler('c')
config = configuration_data()
foreach name : ['malloc', 'free_sized', 'pvalloc', 'reallocarray', 'strlcpy', 'no_such_function']
  config.set('HAVE_' + name.to_upper(), cc.has_function(name))
endforeach
config.set('SIZEOF_LONG', cc.sizeof('long'))
config.set('HAVE_FLAG', cc.has_argument('-fno-such-flag'))
config.set('HAVE_GC', cc.has_link_argument('-Wl,--gc-sections'))
config.set('RUNS', cc.run('int main(void) { return 3; }').returncode())
config.set('M', cc.find_library('m', required: false).found())
config.set_quoted('ID', cc.get_id() + ' ' + cc.version() + ' ' + cc.get_linker_id())
configure_file(output: 'config.h', configuration: config)
executable('main', 'main.c', 'part.c')
executable('mainxx', 'main.cc')
shared_library('plug', 'part.c')
"""

FILES = {
    "CMakeLists.txt": CMAKE, "meson.build": MESON_BUILD,
    "part.c": "int part(void) { return 0; }\n",
    "main.c": "int part(void);\nint main(void) { return part(); }\n",
    "main.cc": "#include <string>\nint main() { return std::string(\"\").size(); }\n",
}


class Bench:
    def __init__(self, directory):
        self.dir = directory
        for name, text in FILES.items():
            with open(os.path.join(directory, name), "w") as out:
                out.write(text)

    def run(self, kind, *command):
        """All that a configuration and a build print, names of compilers aside."""
        cc, cxx = ("gcc", "g++") if kind == "plain" else (
            f"{BINDIR}/rheaper-gcc", f"{BINDIR}/rheaper-g++")
        env = {**os.environ, "CC": cc, "CXX": cxx, "LC_ALL": "C"}
        result = subprocess.run(command, cwd=self.dir, env=env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        assert result.returncode == 0, result.stdout
        return self.normal(result.stdout, kind)

    def normal(self, text, kind):
        """Without what must differ: the build directory and the compiler's path."""
        text = re.sub(re.escape(BINDIR) + r"/rheaper-(gcc|g\+\+)", r"\1", text)
        text = re.sub(r"(/usr)?/bin/(gcc|g\+\+)(?![\w+-])", r"\2", text)
        text = re.sub(r"(/usr/bin|" + re.escape(BINDIR)
                      + r")/(?:rheaper-)?gcc-(ar|ranlib)(-\d+)?", r"gcc-\2", text)
        return text.replace(os.path.join(self.dir, kind), "BUILD").replace(kind, "BUILD")

    def file(self, kind, path):
        with open(os.path.join(self.dir, kind, path)) as text:
            return self.normal(text.read(), kind)

    def find(self, kind, name):
        for folder, _, names in os.walk(os.path.join(self.dir, kind)):
            if name in names:
                return os.path.relpath(os.path.join(folder, name), os.path.join(self.dir, kind))
        raise AssertionError(f"no {name}")


def test_cmake(b):
    if not shutil.which("cmake") or not shutil.which("g++"):
        raise tap.Skip("no cmake, or no g++")
    said = {}
    for kind in "plain", "driven":
        text = b.run(kind, "cmake", "-S", ".", "-B", kind)
        said[kind] = re.sub(r"\(\d+\.\d+s\)", "", text)
        b.run(kind, "cmake", "--build", kind)
    assert said["plain"] == said["driven"], said
    for name in "CMakeCache.txt", "CMakeCCompiler.cmake", "CMakeCXXCompiler.cmake":
        plain, driven = (b.file(kind, b.find(kind, name)) for kind in ("plain", "driven"))
        differ = set(plain.splitlines()) ^ set(driven.splitlines())
        assert not differ, (name, sorted(differ))


def test_meson(b):
    for kind in "plain-m", "driven-m":
        b.run("plain" if kind == "plain-m" else kind, MESON, "setup", kind)
        b.run("plain" if kind == "plain-m" else kind, MESON, "compile", "-C", kind)
    assert b.file("plain-m", "config.h") == b.file("driven-m", "config.h")


tap.run(globals(), Bench)
