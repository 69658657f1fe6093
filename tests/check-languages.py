#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs in other languages, linked through the driver: what they allocate is
there, freed where they free it, from the line that asked for it.

usage: check-languages.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function; a language without a compiler here is
skipped.
"""
import os
import re
import shutil
import sqlite3
import subprocess
import sys

import tap

LINKERS = [name for name in ("bfd", "gold", "lld", "mold") if shutil.which("ld." + name)]
LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])

RUST = """
fn main() {
    let b = Box::new([7u8; 1111]);
    let mut v: Vec<u64> = Vec::with_capacity(100);
    v.push(b[0] as u64);
    v.resize(200, 1);
    let t = std::thread::spawn(|| vec![0u8; 2222].len());
    println!("{} {}", v.len(), t.join().unwrap());
}
"""

RUST_NAMES = """
#[inline(never)]
fn grow<T: Clone>(x: T) { std::mem::forget(std::hint::black_box(vec![x; 100])); }
fn main() {
    let one = |n: usize| std::mem::forget(vec![0u8; n]);
    let two = |n: usize| std::mem::forget(vec![1u8; n]);
    grow(1u8);
    grow(1u64);
    one(77);
    two(99);
}
"""

FORTRAN = """
program f
  implicit none
  real(8), allocatable :: a(:)
  allocate(a(125))
  a = 1.0d0
  print *, size(a)
  deallocate(a)
end program
"""

OPENMP = """
#include <stdlib.h>
int main(void)
{
#pragma omp parallel for
	for (int i = 0; i < 8; i++) {
		void *volatile p = malloc(5555);
		free(p);
	}
	return 0;
}
"""

CXX = """
#include <iostream>
#include <string>
#include <vector>
int main()
{
	std::vector<int> v(500);
	std::string s(100, 'x');
	char *volatile p = new char[3000];
	delete[] p;
	std::cout << v.size() + s.size() << '\\n';
}
"""

ADA = """
with Ada.Text_IO; with Ada.Unchecked_Deallocation;
procedure Program is
   type Buffer is array (1 .. 1234) of Character;
   type Ref is access Buffer;
   procedure Free is new Ada.Unchecked_Deallocation (Buffer, Ref);
   P : Ref := new Buffer'(others => 'x');
begin
   Ada.Text_IO.Put_Line (P (1) & "");
   Free (P);
end Program;
"""

GO = """
package main

// #include <stdlib.h>
import "C"

func main() {
	C.free(C.malloc(4321))
}
"""


class Bench:
    def __init__(self, directory):
        self.dir = directory

    def build(self, source, text, *command):
        """The path of the program that a command makes in the directory."""
        if not shutil.which(command[0]) and not os.path.exists(command[0]):
            raise tap.Skip(f"no {os.path.basename(command[0])} here")
        for name in os.listdir(self.dir):
            os.remove(os.path.join(self.dir, name))
        with open(os.path.join(self.dir, source), "w") as out:
            out.write(text)
        result = subprocess.run(command, cwd=self.dir, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert result.returncode == 0, result.stdout
        return os.path.join(self.dir, "program")

    def query(self, program, text):
        """What a query finds in the profile of a run."""
        trace, database = program + ".bin", program + ".db"
        subprocess.run([program], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "RHEAPER_TRACE": trace})
        subprocess.run([LOADER, "-q", trace, database], check=True)
        with sqlite3.connect(database) as profile:
            return profile.execute(text).fetchall()

    def rows(self, program, sizes):
        """(size, function, freed) of the blocks of these sizes, as allocated."""
        return self.query(program, "SELECT size, f.name, dealloc_after NOT NULL FROM allocations"
                          " JOIN stacks ON stack = bt JOIN allocators f USING (allocator)"
                          f" WHERE size IN ({sizes}) ORDER BY size")


def test_rust(b):
    program = b.build("program.rs", RUST, "rustc", "-g", "program.rs",
                      "-C", f"linker={BINDIR}/rheaper-cc")
    assert b.rows(program, "800, 1111, 1600, 2222") == [
        (800, "malloc", 1), (1111, "malloc", 1), (1600, "realloc", 1), (2222, "calloc", 1)]


def test_instances_and_closures_of_rust_have_names(b):
    """Legacy names have neither types nor numbers; debug information has them. Version v0 has both without it."""
    called = {"program::main", "program::grow::<u8>", "program::grow::<u64>", "program::main::{closure#0}", "program::main::{closure#1}"}
    for words in ["-g"], ["-C", "debuginfo=1"], ["-C", "debuginfo=line-tables-only", "-C", "symbol-mangling-version=v0"]:
        program = b.build("program.rs", RUST_NAMES, "rustc", *words, "program.rs", "-C", f"linker={BINDIR}/rheaper-cc")
        names = b.query(program, "SELECT DISTINCT function FROM frames WHERE file LIKE '%program.rs'")
        assert {name for name, in names} == called, (words, names)
    lines = "rustc", "-C", "debuginfo=line-tables-only", "program.rs", "-C", f"linker={BINDIR}/rheaper-cc"
    program = b.build("program.rs", RUST_NAMES, *lines)
    names = {name for name, in b.query(program, "SELECT DISTINCT function FROM frames WHERE file LIKE '%program.rs'")}
    bare = {re.sub("::h[0-9a-f]{16}$", "", name) for name in names}
    assert bare == {"program::main", "program::grow", "program::main::{{closure}}"} and len(names) == 5, names
    # Optimized, there are names of functions into which others were inlined
    program = b.build("program.rs", RUST_NAMES, *lines, "-O")
    names = {name for name, in b.query(program, "SELECT DISTINCT function FROM frames WHERE file LIKE '%program.rs'")}
    assert {"program::grow::<u8>", "program::grow::<u64>"} <= names, names


def test_fortran(b):
    if not shutil.which("gfortran"):
        raise tap.Skip("no gfortran here")
    program = b.build("program.f90", FORTRAN, f"{BINDIR}/rheaper-gfortran", "program.f90",
                      "-o", "program")
    assert b.rows(program, "1000") == [(1000, "malloc", 1)]


def test_fortran_with_static_libraries(b):
    """Compilers add their libraries behind everything else, and these take for granted
    that a program without threads has none of their functions."""
    if not shutil.which("gfortran"):
        raise tap.Skip("no gfortran here")
    for linker in LINKERS:
        for words in (["-static"], ["-static-libgfortran"], ["-static", "-fopenmp"],
                      ["-static-libgfortran", "--rheaper-capture=link"]):
            program = b.build("program.f90", FORTRAN, f"{BINDIR}/rheaper-gfortran",
                              "-fuse-ld=" + linker, "program.f90", "-o", "program", *words)
            assert b.rows(program, "1000") == [(1000, "malloc", 1)], (linker, words)


def test_openmp(b):
    for linker in LINKERS:
        for words in ([], ["-static"], ["--rheaper-capture=link"]):
            program = b.build("program.c", OPENMP, f"{BINDIR}/rheaper-gcc", "-fopenmp",
                              "-fuse-ld=" + linker, "program.c", "-o", "program", *words)
            assert b.rows(program, "5555") == 8 * [(5555, "malloc", 1)], (linker, words)


def test_libcxx(b):
    """RHEAPER_LIBCXX names a prefix, for Debian's libc++-dev excludes libunwind-dev."""
    prefix = os.environ.get("RHEAPER_LIBCXX")
    where = [] if not prefix else [
        "-nostdinc++", "-isystem", prefix + "/include/c++/v1", "-L" + prefix + "/lib",
        "-Wl,-rpath," + prefix + "/lib"]
    if not shutil.which("clang++") or subprocess.run(
            ["clang++", "-stdlib=libc++", *where, "-x", "c++", "-", "-o", "/dev/null"],
            input="#include <string>\nint main() {}", text=True, capture_output=True).returncode:
        raise tap.Skip("no libc++ here")
    for words in ([], ["-static-libstdc++"]):
        program = b.build("program.cpp", CXX, f"{BINDIR}/rheaper-clang++", "-stdlib=libc++", "-g",
                          "-O0", *where, *words, "program.cpp", "-o", "program")
        assert b.rows(program, "2000, 3000") == [
            (2000, "operator new(unsigned long)", 1), (3000, "operator new[](unsigned long)", 1)]


def test_ada(b):
    program = b.build("program.adb", ADA, "gnatmake", "-q", "-g", "program.adb",
                      f"--GNATLINK=gnatlink --LINK={BINDIR}/rheaper-gcc")
    assert b.rows(program, "1234") == [(1234, "malloc", 1)]


def test_go_with_cgo(b):
    program = b.build("program.go", GO, "go", "build", "-ldflags",
                      f"-linkmode=external -extld={BINDIR}/rheaper-gcc", "program.go")
    assert b.rows(program, "4321") == [(4321, "malloc", 1)]


tap.run(globals(), Bench)
