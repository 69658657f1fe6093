#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same programs by every compiler, linker and kind of link: the same counts.

usage: check-matrix.py RHEAPER-LOAD BINDIR

Prints TAP, a point for each compiler, linker and kind. What the plain compiler
cannot link, or links to a program that does not run, is skipped.
"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])
COMPILERS = {"gcc": "g++", "clang": "clang++"}
LINKERS = ["bfd", "gold", "lld", "mold"]
KINDS = {
    "pie": ["-fPIE", "-pie"],
    "no-pie": ["-fno-pie", "-no-pie"],
    "static": ["-static"],
    "static-pie": ["-fPIE", "-static-pie"],
    "lto": ["-flto", "-O2"],
    "thin-lto": ["-flto=thin", "-O2"],
    "gc-sections": ["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"],
    "now": ["-Wl,-z,now", "-Wl,-z,relro"],
    "symbolic": ["-Wl,-Bsymbolic"],
    "optimized": ["-O2", "-D_FORTIFY_SOURCE=2", "-fPIE", "-pie"],
    "link": ["--rheaper-capture=link"],
    "stripped": ["-s"],
}

SOURCES = {"main.c": r"""
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
void *volatile sink, *volatile kept;
/* Wrapped, and weak in libc: lld takes no shim of these from an archive by itself. */
static int weak_in_libc(void)
{
	static jmp_buf here;
	static sigjmp_buf with_mask;
	if (!setjmp(here))
		longjmp(here, 1);
	if (!_setjmp(here))
		_longjmp(here, 1);
	if (!sigsetjmp(with_mask, 1))
		siglongjmp(with_mask, 1);
	return prctl(PR_GET_DUMPABLE) < 0;
}
void use_library(void);
static void *work(void *p)
{
	for (int i = 0; i < 10; i++) {
		free(sink = malloc(1001));
		free(sink = calloc(2, 501));
	}
	return p;
}
int main(void)
{
	pthread_t thread;
	if (weak_in_libc())
		return 2;
	if (pthread_create(&thread, NULL, work, NULL) != 0)
		return 1;
	work(NULL);
	pthread_join(thread, NULL);
	sink = malloc(1003);
	free(sink = realloc(sink, 100004));
	if (posix_memalign((void **)&sink, 64, 1005) == 0)
		free(sink);
	free(sink = aligned_alloc(64, 1088));
	kept = malloc(1007);
	use_library();
	return 0;
}
""", "library.c": r"""
#include <stdlib.h>
extern void *volatile sink;
void use_library(void)
{
	for (int i = 0; i < 5; i++)
		free(sink = malloc(1008));
}
""", "main.cpp": r"""
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>
struct alignas(64) wide { char bytes[1088]; };
void *volatile sink;
static int thrower(int n)
{
	std::vector<char> v(2001);
	sink = v.data(); // gcc 16 leaves out a vector that nobody sees
	if (n == 0)
		throw std::runtime_error(std::string(2002, 'x'));
	return thrower(n - 1) + int(v[0]);
}
int main()
{
	for (int i = 0; i < 10; i++) {
		char *volatile p = new char[2103];
		delete[] p;
	}
	wide *volatile w = new wide;
	delete w;
	try {
		thrower(4);
	} catch (const std::exception &) {
	}
	sink = operator new(2004, std::nothrow);
	return 0;
}
"""}

# function, bytes, blocks, of which live at the end
WANT = {
    "c": [("aligned_alloc", 1088, 1, 0), ("calloc", 1002, 20, 0), ("malloc", 1001, 20, 0),
          ("malloc", 1003, 1, 0), ("malloc", 1007, 1, 1), ("malloc", 1008, 5, 0),
          ("posix_memalign", 1005, 1, 0), ("realloc", 100004, 1, 0)],
    "c++": [("operator new(unsigned long)", 2001, 5, 0),
            ("operator new(unsigned long, std::align_val_t)", 1088, 1, 0),
            ("operator new(unsigned long, std::nothrow_t const&)", 2004, 1, 1),
            ("operator new[](unsigned long)", 2103, 10, 0)],
}


def run(*command, **env):
    names = {n: v for n, v in os.environ.items() if not n.startswith(("RHEAPER_", "LD_"))}
    return subprocess.run(command, env={**names, **env}, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=120)


def words_for(language, linker, kind):
    sources = ["-std=c++17", "main.cpp"] if language == "c++" else ["main.c", "library.c"]
    return ["-g", "-fno-builtin", "-pthread", "-fuse-ld=" + linker, *KINDS[kind], *sources]


def counts(name, want):
    """What the program's trace says of the sizes that are wanted."""
    sizes = ", ".join({str(row[1]) for row in want})
    if os.path.exists("t.bin"):
        os.remove("t.bin")
    result = run("./" + name, RHEAPER_TRACE="t.bin")
    assert result.returncode == 0 and result.stderr == "", result
    result = run(LOADER, "--quiet", "--force", "t.bin", "t.db")
    assert result.returncode == 0 and result.stderr == "", result
    with sqlite3.connect("t.db") as database:
        return database.execute(
            "SELECT f.name, size, count(*), sum(ending = 'live') FROM allocations"
            " JOIN stacks ON stack = bt JOIN allocators f USING (allocator)"
            f" WHERE size IN ({sizes}) GROUP BY 1, 2 ORDER BY 1, 2").fetchall()


def check(language, compiler, linker, kind):
    """None, or why this is skipped."""
    driver = COMPILERS[compiler] if language == "c++" else compiler
    if not shutil.which(driver):
        return driver + " is not installed"
    words = words_for(language, linker, kind)
    plain = run(driver, *[w for w in words if not w.startswith("--rheaper")], "-o", "plain")
    if plain.returncode != 0 or run("./plain").returncode != 0:
        return "the plain compiler does not link this"
    ours = run(os.path.join(BINDIR, "rheaper-" + driver), *words, "-o", "program")
    assert ours.returncode == 0, ours.stderr
    assert ours.stderr == plain.stderr, ours.stderr
    got = counts("program", WANT[language])
    assert got == WANT[language], got
    return None


def point(number, compiler, linker, kind):
    name = f"{compiler} {linker} {kind}"
    try:
        if not shutil.which("ld." + linker):
            skip = f"ld.{linker} is not installed"
        else:
            skip = check("c", compiler, linker, kind) or check("c++", compiler, linker, kind)
        print("ok", number, "-", name, f"# SKIP {skip}" if skip else "", flush=True)
    except Exception as error:  # a failed point must not hide the others
        print("not ok", number, "-", name)
        print("#", repr(error).replace("\\n", "\n# "), flush=True)


def main():
    points = [(c, l, k) for c in COMPILERS for l in LINKERS for k in KINDS]
    print(f"1..{len(points)}")
    with tempfile.TemporaryDirectory(prefix="rheaper-matrix-") as directory:
        os.chdir(directory)
        for name, text in SOURCES.items():
            with open(name, "w") as out:
                out.write(text)
        for number, words in enumerate(points, 1):
            point(number, *words)
        os.chdir("/")


main()
