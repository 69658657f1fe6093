#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A release as others take it: the archive, and the ways by which other builds find what it installs.

usage: check-packages.py MESON BUILD-DIRECTORY SOURCE-DIRECTORY [--long]

Prints TAP, one point per test_ function. What is packed is the last commit, not what is being changed.
"""
import fnmatch
import glob
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tarfile

import tap
import versions

MESON, BUILD, SOURCE = sys.argv[1:4]
LONG = sys.argv[4:] == ["--long"]
LOADER = BUILD + "/rheaper-load/rheaper-load"

# One block each that only C, C++ or the module has
FILES = {
    "program.c": """#include <rheaper.h>
#include <stdlib.h>
int main(void)
{
	free(malloc(1001));
	return rheaper_mark("here") != 1;
}
""",
    "program.cc": """#include <rheaper.h>
int main()
{
	int *volatile p = new int[1002 / sizeof(int)];
	delete[] p;
	return rheaper_mark("here") != 1;
}
""",
    "plain.c": """#include <dlfcn.h>
int main(int n, char **words)
{
	void *module = dlopen(words[n - 1], RTLD_NOW);
	void (*call)(void) = module ? dlsym(module, "call") : 0;
	if (!call)
		return 3;
	call();
	return 0;
}
""",
    "module.c": """#include <stdlib.h>
void call(void);
void call(void)
{
	free(malloc(1003));
}
""",
    "CMakeLists.txt": """cmake_minimum_required(VERSION 3.18)
project(consumer C CXX)
find_package(rheaper 0.2 REQUIRED)
add_executable(c program.c)
add_executable(cxx program.cc)
add_executable(captured program.c)
add_executable(static program.c)
target_link_options(static PRIVATE -static)
add_library(module MODULE module.c)
foreach(target c cxx static module)
  rheaper_instrument(${target})
endforeach()
rheaper_instrument(captured --rheaper-capture=link)
foreach(target c cxx captured static)
  target_link_libraries(${target} PRIVATE rheaper::rheaper)
endforeach()
add_executable(plain plain.c)
target_link_libraries(plain PRIVATE ${CMAKE_DL_LIBS})
""",
    "meson.build": """project('consumer', 'c', 'cpp', meson_version: '>=0.63')
executable('c', 'program.c', dependencies: dependency('rheaper-instrument'))
executable('cxx', 'program.cc', dependencies: dependency('rheaper-instrument-c++'))
executable('plain', 'program.c', dependencies: dependency('rheaper'))
""",
}
WRAP = """[wrap-file]
directory = rheaper-{0}
source_filename = rheaper-{0}.tar.xz
source_hash = {1}
source_url = https://rheaper.invalid/rheaper-{0}.tar.xz

[provide]
rheaper = rheaper_dep
dependency_names = rheaper-instrument, rheaper-instrument-c++
"""


class Bench:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.archive = None

    def run(self, *words, **more):
        said = subprocess.run([str(word) for word in words], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
        assert said.returncode == 0, (words, said.stdout[-3000:])
        return said.stdout

    @staticmethod
    def needs(*tools):
        for tool in tools:
            if not shutil.which(tool):
                raise tap.Skip(f"no {tool} here")

    def offline(self, *words, **more):
        """Without a network, where that can be taken away."""
        alone = ["unshare", "-rn"]
        if subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            alone = []
        return self.run(*alone, *words, **more)

    def project(self, name):
        directory = self.dir / name
        directory.mkdir()
        for file, text in FILES.items():
            (directory / file).write_text(text)
        return directory

    def recorded(self, *words):
        """Sizes, functions and lines of the blocks from 1001 to 1003 bytes that a program had."""
        trace, database = self.dir / "trace", self.dir / "trace.db"
        self.run(*words, env={"RHEAPER_TRACE": str(trace)})
        self.run(LOADER, "--force", trace, database)
        trace.unlink()
        with sqlite3.connect(database) as profile:
            return profile.execute(
                "SELECT size, sym, line FROM allocations JOIN backtraces b ON b.id = bt"
                " WHERE frame_no = 0 AND size BETWEEN 1000 AND 1003").fetchall()

    def dist(self):
        """The archive of the last commit, made once."""
        if not os.path.exists(SOURCE + "/.git"):
            raise tap.Skip("no clone of the repository here")
        if not glob.glob(SOURCE + "/subprojects/packagecache/web/*.tgz"):
            raise tap.Skip("the libraries of report pages were not fetched")
        if not self.archive:
            self.run(SOURCE + "/tools/package", f"--build={BUILD}", f"--output={self.dir}", "dist")
            self.archive = self.dir / f"rheaper-{versions.RELEASE}.tar.xz"
        return self.archive


def test_the_archive_is_whole(b):
    with tarfile.open(b.dist()) as archive:
        entries = {entry.name.split("/", 1)[-1]: entry for entry in archive}
        names = set(entries)
    assert {"meson.build", "web/vendor/htm-3.1.1/LICENSE", "include/rheaper.h", "packaging/dist.py"} <= names
    assert not [name for name in names if name.startswith(".git/")]
    left = [name for name in names if name.endswith(".in") and not name.startswith("packaging/cmake/") and
            name.startswith("packaging/")]
    assert not left, left
    # Nothing of who packed it, or when
    assert {(entry.uname, entry.uid, entry.gname, entry.gid) for entry in entries.values()} == {("root", 0, "root", 0)}
    assert len({entry.mtime for entry in entries.values()}) == 1
    assert {entry.mode for entry in entries.values() if not entry.issym()} == {0o755, 0o644}
    assert entries["tools/test"].mode == 0o755 and entries["meson.build"].mode == 0o644


def wrapped(b, name, *options):
    """The build directory of a project with the archive as its subproject, configured without a network."""
    archive = b.dist()
    project = b.project(name)
    cache = project / "subprojects/packagecache"
    cache.mkdir(parents=True)
    shutil.copy(archive, cache)
    digest = b.run("sha256sum", archive).split()[0]
    (project / "subprojects/rheaper.wrap").write_text(WRAP.format(versions.RELEASE, digest))
    b.offline(MESON, "setup", "--buildtype=plain", "-Dc_args=-g", "-Dcpp_args=-g", "-Drheaper:target_i386=disabled",
              "-Drheaper:target_aarch64=disabled", "-Drheaper:target_riscv64=disabled", *options, project / "build", project)
    return project / "build"


def check_wrapped(b, build):
    assert b.recorded(build / "c") == [(1001, "main", 5)]
    assert b.recorded(build / "cxx") == [(1000, "main", 4)]
    # Without the dependency that instruments, the header does nothing
    assert subprocess.run([build / "plain"], env={"RHEAPER_TRACE": str(b.dir / "none")}, check=False).returncode
    assert not (b.dir / "none").exists()


def test_a_subproject_builds_without_a_network(b):
    """All programs of the archive, and two of the project that instrument themselves with it."""
    build = wrapped(b, "wrapped")
    b.offline("ninja", "-C", build, "-j2")
    check_wrapped(b, build)
    programs, = glob.glob(str(build / "subprojects/rheaper-*"))
    assert b.run(programs + "/rheaper-load/rheaper-load", "--version").split()[-1] == versions.RELEASE
    # Its tests are not the project's
    assert json.loads((build / "meson-info/intro-tests.json").read_text()) == []


def test_the_driver_builds_the_project(b):
    """As tools/demo does: to Meson the driver is the compiler then."""
    b.run(MESON, "setup", "-Dtests=disabled", b.dir / "by-driver", SOURCE,
          env={**os.environ, "CC": "rheaper-cc", "PATH": BUILD + "/rheaper-cc:" + os.environ["PATH"]})


def test_cmake_finds_what_is_installed(b):
    b.needs("cmake")
    root = b.dir / "moved prefix"
    b.run(MESON, "install", "-C", BUILD, "--no-rebuild", "--destdir", root)
    config, = glob.glob(str(root / "**/cmake/rheaper/rheaper-config.cmake"), recursive=True)
    project = b.project("cmake")
    b.run("cmake", "-S", project, "-B", project / "build", f"-Drheaper_DIR={os.path.dirname(config)}")
    b.run("cmake", "--build", project / "build", "-j2")
    for name, found in ("c", (1001, "main", 5)), ("cxx", (1000, "main", 4)), ("captured", (1001, "main", 5)), \
            ("static", (1001, "main", 5)):
        assert b.recorded(project / "build" / name) == [found], name
    assert b.recorded(project / "build/plain", project / "build/libmodule.so") == [(1003, "call", 5)]
    check_refusals(b, project, os.path.dirname(config))


def check_refusals(b, project, config):
    """What is asked for wrongly ends with a sentence."""
    for line, why in [
            ("find_package(rheaper 0.1 REQUIRED)", "version: " + versions.RELEASE),
            ("find_package(rheaper 9 REQUIRED)", "version: " + versions.RELEASE),
            ("find_package(rheaper REQUIRED)\nrheaper_instrument(none)", "there is no such target"),
            ("find_package(rheaper REQUIRED)\nadd_executable(c program.c)\nrheaper_instrument(c -g)",
             "-g is not an option of rheaper-cc"),
            ("find_package(rheaper REQUIRED)\nadd_executable(c program.c)\nrheaper_instrument(c --rheaper-capture=x)",
             "--rheaper-capture")]:
        (project / "CMakeLists.txt").write_text(f"cmake_minimum_required(VERSION 3.18)\nproject(wrong C)\n{line}\n")
        said = subprocess.run(["cmake", "-S", project, "-B", b.dir / "wrong", f"-Drheaper_DIR={config}"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert said.returncode != 0 and why in " ".join(said.stdout.split()), (line, said.stdout)


def installed(b):
    """What an installation has: paths below the prefix, with lib for the directory of libraries."""
    root = b.dir / "listed"
    b.run(MESON, "install", "-C", BUILD, "--no-rebuild", "--destdir", root)
    driver, = root.rglob("bin/rheaper-cc")
    prefix = driver.parent.parent
    paths = [str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_symlink() or not path.is_dir()]
    library = next(path for path in paths if path.endswith("/librheaper.a"))[:-len("/rheaper/librheaper.a")]
    return [path.replace(library + "/", "LIB/") for path in paths]


def packaged(directory):
    """The patterns of what is packaged: of Debian, and of RPM with its names of directories."""
    debian, rpm = [], []
    for path in sorted((directory / "debian").glob("*.install")):
        debian += [line.removeprefix("usr/").replace("lib/*/", "LIB/") for line in path.read_text().split()]
    for line in (directory / "rpm/rheaper.spec.in").read_text().split("%install")[1].splitlines():
        if line.startswith("%{_"):
            for name, place in ("bindir", "bin"), ("datadir", "share"), ("mandir", "share/man"), \
                    ("includedir", "include"), ("libdir", "LIB"):
                line = line.replace("%{_" + name + "}", place)
            rpm.append(line)
    return debian, rpm


def test_each_installed_file_is_in_a_package(b):
    for patterns in packaged(pathlib.Path(SOURCE) / "packaging"):
        for path in installed(b):
            assert any(path.startswith(pattern.rstrip("/") + "/") or fnmatch.fnmatchcase(path, pattern)
                       for pattern in patterns), path


def test_the_recipes_of_packages_can_be_read(b):
    b.needs("dpkg-parsechangelog", "rpmspec", "rpmlint", "makepkg")
    archive = b.dist()
    with tarfile.open(archive) as packed:
        packed.extractall(b.dir / "recipes")
    packaging, = (b.dir / "recipes").glob("*/packaging")
    said = b.run("dpkg-parsechangelog", "-l", packaging / "debian/changelog", "-S", "Version")
    assert said.strip() == versions.RELEASE + "-1", said
    said = b.run("rpmspec", "-q", "--qf", "%{name} %{version}\n", packaging / "rpm/rheaper.spec")
    assert f"rheaper-devel {versions.RELEASE}" in said, said
    assert " 0 errors" in b.run("rpmlint", packaging / "rpm/rheaper.spec")
    b.run(SOURCE + "/tools/package", f"--from={archive}", f"--output={b.dir / 'arch'}", "arch")
    b.run("bash", "-n", b.dir / "arch/PKGBUILD")
    info = (b.dir / "arch/.SRCINFO").read_text()
    assert f"pkgver = {versions.RELEASE}" in info and b.run("sha256sum", archive).split()[0] in info, info


# What a package built in another directory, under another umask and time zone may differ in
APART = {"UMASK": "077", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
# Said of a first upload to Debian, which this is not
NOT_ASKED = "initial-upload-closes-no-bugs"


def package(b, kind, name, flags, **env):
    """Packages of the archive, built in a directory of the name's."""
    place, output = b.dir / name, b.dir / f"{name}-made"
    place.mkdir()
    b.run("sh", "-c", 'umask ${UMASK:-022}; exec "$0" "$@"', SOURCE + "/tools/package", f"--from={b.dist()}",
          f"--output={output}", kind, env={**os.environ, "TMPDIR": str(place), "DEB_BUILD_OPTIONS": "nocheck parallel=2",
                                           "RHEAPER_PACKAGE_FLAGS": flags, **env})
    return output


def check_packages_of_debian(b):
    b.needs("dpkg-buildpackage", "dh", "lintian")
    one, other = package(b, "deb", "one", "-d"), package(b, "deb", "other", "-d", **APART)
    made = sorted(path.name for path in one.glob("*.deb"))
    assert {name.split("_")[0] for name in made} >= {"rheaper", "librheaper-dev", "libsqlite3-mod-rheaper", "rheaper-doc"}
    for name in made:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    changes, = one.glob("*.changes")
    said = b.run("lintian", "--allow-root", "--fail-on=error,warning", f"--suppress-tags={NOT_ASKED}", changes)
    assert not said.strip(), said


def check_packages_of_rpm(b):
    b.needs("rpmbuild")
    made = {path.name for path in package(b, "rpm", "rpm", "--nodeps").glob("*.rpm")}
    assert len(made) >= 5, made


if LONG:
    def test_a_subproject_may_be_the_runtime_alone(b):
        build = wrapped(b, "alone", "-Drheaper:programs=false")
        b.offline("ninja", "-C", build, "-j2")
        check_wrapped(b, build)
        assert not glob.glob(str(build / "subprojects/rheaper-*/rheaper-load"))

    def test_packages_of_debian(b):
        check_packages_of_debian(b)

    def test_packages_of_rpm(b):
        check_packages_of_rpm(b)


tap.run(globals(), Bench)
