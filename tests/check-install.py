#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a user gets: the installed files do the main job, from wherever they are
put; a configuration without the dependencies says which packages are missing.

usage: check-install.py MESON BUILD-DIRECTORY SOURCE-DIRECTORY
"""
import glob
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

MESON, BUILD, SOURCE = sys.argv[1:4]

PROGRAM = """
#include <rheaper.h>
#include <stdlib.h>
int main(void)
{
	void *volatile p = malloc(1234);
	free(p);
	return rheaper_mark("here") != 1;
}
"""

INSTALLED = [
    "bin/rheaper-cc", "bin/rheaper-c++", "bin/rheaper-gcc", "bin/rheaper-clang++",
    "bin/rheaper-load", "bin/rheaper-check", "bin/rheaper-export", "bin/rheaper-ctl", "bin/rheaper-report", "bin/rheaper-diff", "bin/rheaper", "include/rheaper.h", "lib*/**/librheaper.a", "lib*/**/librheaper-plugin.ar", "lib*/**/rheaper_trace.so", "lib*/**/rheaper.pc", "lib*/**/cmake/rheaper/rheaper-config.cmake", "lib*/**/cmake/rheaper/rheaper-config-version.cmake", "share/rheaper/default.supp",
    "share/doc/rheaper/README.md", "share/doc/rheaper/docs/how-to/ci.md", "share/doc/rheaper/docs/explanation/performance.svg",
    "share/doc/rheaper/examples/ci/checked", "share/doc/rheaper/examples/cmocka.c",
    "share/doc/rheaper/wrapped-functions.txt",
]
# As the runtime for i386 is built (runtime/meson.build)
M32 = ["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"]
PAGES = ["share/man/man1/rheaper-cc.1", "share/man/man1/rheaper-load.1",
         "share/man/man1/rheaper-export.1", "share/man/man1/rheaper-ctl.1",
         "share/man/man1/rheaper-check.1", "share/man/man1/rheaper-report.1", "share/man/man1/rheaper-diff.1", "share/man/man1/rheaper.1",
         "share/man/man7/rheaper.7", "share/man/man7/rheaper-trace.7"]


def run(*command, **more):
    return subprocess.run(command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)


def must(*command, **more):
    result = run(*command, **more)
    assert result.returncode == 0, result.stdout
    return result.stdout


def install(directory):
    """The prefix below `directory`."""
    must(MESON, "install", "-C", BUILD, "--no-rebuild", "--destdir", directory)
    programs = glob.glob(os.path.join(directory, "**/bin/rheaper-cc"), recursive=True)
    assert len(programs) == 1, programs
    return os.path.dirname(os.path.dirname(programs[0]))


def check_files(prefix):
    pages = list(PAGES) if shutil.which("scdoc") else []
    programs = []
    if os.path.exists(os.path.join(BUILD, "rheaper-top/rheaper-top")):
        programs.append("bin/rheaper-top")
        pages += ["share/man/man1/rheaper-top.1"] if pages else []
    if os.path.exists(os.path.join(BUILD, "rheaper-push/rheaper-push")):
        programs += ["bin/rheaper-push", "bin/rheaper-fleet"]
        pages += ["share/man/man1/rheaper-push.1", "share/man/man1/rheaper-fleet.1"] if pages else []
    for pattern in INSTALLED + programs + pages:
        assert glob.glob(os.path.join(prefix, pattern), recursive=True), pattern
    assert os.access(os.path.join(prefix, "share/doc/rheaper/examples/ci/checked"), os.X_OK)
    check_links(os.path.join(prefix, "share/doc/rheaper"))
    listed = open(os.path.join(prefix, INSTALLED[-1])).read()
    assert "malloc" in listed and "getline" in listed


def check_links(root):
    """Pages, pictures and examples that pages name are there, too."""
    n = 0
    for path in glob.glob(os.path.join(root, "**/*.md"), recursive=True):
        with open(path) as page:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read()):
                place = os.path.relpath(os.path.join(os.path.dirname(path), target), root)
                if place.split("/")[0] in ("docs", "examples"):
                    n += 1
                    assert os.path.exists(os.path.join(root, place)), (path, target)
    assert n > 20, n


def check_main_job(prefix, directory, *words):
    source, program, trace, database = (
        os.path.join(directory, name) for name in ("p.c", "p", "p.bin", "p.db"))
    with open(source, "w") as out:
        out.write(PROGRAM)
    must(prefix + "/bin/rheaper-cc", f"-I{prefix}/include", *words, source, "-o", program)
    must(program, env={"RHEAPER_TRACE": trace})
    must(prefix + "/bin/rheaper-load", "--force", trace, database)
    os.remove(trace)
    with sqlite3.connect(database) as profile:
        rows = profile.execute(
            "SELECT size, sym, file, line FROM allocations JOIN backtraces b ON b.id = bt"
            " WHERE frame_no = 0 AND size = 1234").fetchall()
        marks = profile.execute("SELECT text FROM markers").fetchall()
    assert rows == [(1234, "main", source, 6)], rows
    assert marks == [("here",)], marks


def check_show_link(prefix, directory):
    """The words for builds that link without the driver, with the plain compiler."""
    object_, program, trace, database = (
        os.path.join(directory, name) for name in ("s.o", "s", "s.bin", "s.db"))
    must("gcc", "-c", f"-I{prefix}/include", os.path.join(directory, "p.c"), "-o", object_)
    for words in [], ["-static"], ["--rheaper-capture=link"]:
        flags = must(prefix + "/bin/rheaper-cc", "--rheaper-show=link", *words).split()
        compiler = ["gcc", *[word for word in words if not word.startswith("--rheaper")]]
        for command in [*compiler, *flags, object_], [*compiler, object_, *flags]:
            must(*command, "-o", program)
            must(program, env={"RHEAPER_TRACE": trace})
            must(prefix + "/bin/rheaper-load", "--force", trace, database)
            with sqlite3.connect(database) as profile:
                found = profile.execute("SELECT count(*) FROM allocations WHERE size = 1234")
                assert found.fetchone() == (1,), command
            os.remove(trace)


def check_missing(directory):
    result = run(MESON, "setup", os.path.join(directory, "build"), SOURCE,
                 env={**os.environ, "PKG_CONFIG_LIBDIR": directory, "PKG_CONFIG_PATH": ""})
    assert result.returncode != 0, result.stdout
    for package in "libsqlite3-dev", "libdw-dev", "libelf-dev", "libprotobuf-c-dev":
        assert package in result.stdout, result.stdout


def main():
    with tempfile.TemporaryDirectory(prefix="rheaper-test-") as directory:
        prefix = install(os.path.join(directory, "root"))
        check_files(prefix)
        check_main_job(prefix, directory)
        if glob.glob(prefix + "/lib*/**/librheaper-i386.a", recursive=True):
            check_main_job(prefix, directory, *M32)
        check_show_link(prefix, directory)
        check_missing(directory)


main()
