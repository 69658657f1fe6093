#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an instrumented binary says of itself, and what it leaves in the world: no
library it did not need before, no symbol for others but the allocation functions.

usage: check-binary.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import os
import shutil
import sqlite3
import subprocess
import sys

import tap
from linking import LINKERS, keeps_for_weak, needed
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])

C = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
	char *text = strdup("text");
	free(text);
	free(malloc(101));
	return puts("done") < 0;
}
"""

CXX = """
#include <iostream>
#include <string>
#include <vector>
int main()
{
	std::vector<std::string> v(10, std::string(100, 'x'));
	std::cout << v.size() << '\\n';
}
"""

# The files of a program with allocators in all the places where one can be.
DECLARED = {
    "main.c": """
#include <stdlib.h>
void *in_library(size_t size);
void *in_other_file(size_t size);
void *called_in_its_own_file(size_t size);
int main(void)
{
	free(in_library(1));
	free(in_other_file(1));
	free(called_in_its_own_file(1));
	return 0;
}
""",
    "other.c": """
#include <stdlib.h>
void *in_other_file(size_t size) { return malloc(size); }
__attribute__((noinline)) void *only_in_its_own_file(size_t size) { return malloc(size); }
static __attribute__((noinline)) void *static_one(size_t size) { return malloc(size); }
void *called_in_its_own_file(size_t size)
{
	free(static_one(size));
	return only_in_its_own_file(size);
}
""",
    "library.c": """
#include <stdlib.h>
void *in_library(size_t size) { return malloc(size); }
""",
}
NAMES = ["in_library", "in_other_file", "only_in_its_own_file", "static_one", "nowhere"]


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        for name, text in {"c.c": C, "cxx.cpp": CXX, **DECLARED}.items():
            self.file(name, text)

    def build(self, *words, driver="cc", out="program"):
        self.run(os.path.join(BINDIR, "rheaper-" + driver), *words, "-o", out)

    def explain(self, *words):
        return self.run(os.path.join(BINDIR, "rheaper-cc"), "--rheaper-explain", *words)

    def exported(self, name):
        lines = self.run("nm", "-D", "--defined-only", name).splitlines()
        return {line.split()[-1].split("@")[0] for line in lines}

    def may_export(self):
        rows = [line.split()[:2] for line in self.run(
            os.path.join(BINDIR, "rheaper-cc"), "--rheaper-list-wrapped").splitlines()]
        # dlclose is heard, so that an address is not taken for what was there before; exec, for it
        # ends a trace
        return {name for name, group in rows if group in ("core", "cxx", "loader", "exec")}


def test_the_note_says_capture_and_operators(bench):
    for words, said in ((["c.c"], "capture=process; C++ operators not wrapped"),
                        (["c.c", "--rheaper-capture=link"], "capture=link;"),
                        (["c.c", "-static"], "capture=process (static);"),
                        (["-fPIC", "-shared", "--rheaper-shared", "c.c"], "capture=plug-in;")):
        bench.build(*words)
        got = bench.explain("program")
        assert got.startswith("program: instrumented by rheaper ") and said in got, got
    bench.build("cxx.cpp", driver="c++")
    assert "operators as such" in bench.explain("program")


def test_the_linker_is_told(bench):
    names = {"bfd": "GNU ld", "gold": "gold", "lld": "LLD", "mold": "mold"}
    for linker in LINKERS:
        bench.build("-fuse-ld=" + linker, "c.c", "-Wl,--gc-sections", "-s")
        assert names[linker] in bench.explain("program").split("linked by")[1], linker


def test_labels_are_a_note_that_strip_keeps(bench):
    labels = "--rheaper-label=version=1.2", "--rheaper-label=commit=3f1c"
    for words in ["c.c"], ["c.c", "-static-pie"], ["-fPIC", "-shared", "--rheaper-shared", "c.c"]:
        bench.build("-s", *words, *labels)
        assert "\nlabel version=1.2\nlabel commit=3f1c\n" in bench.explain("program"), words
        notes = bench.run("readelf", "-nW", "program", silent=False)
        assert "rheaper" in notes and "version=1.2\0".encode().hex(" ") in notes, notes
        bench.build("-s", *words)
        assert "label" not in bench.explain("program"), words


def test_ccache_keeps_what_was_compiled(bench):
    """RHEAPER_REAL_CC="ccache gcc": the second time nothing is compiled, and links are as ever."""
    if not shutil.which("ccache"):
        raise tap.Skip("no ccache here")
    env = {"CCACHE_DIR": bench.path("cache"), "RHEAPER_REAL_CC": "ccache gcc"}
    driver = os.path.join(BINDIR, "rheaper-cc")
    for _ in range(2):
        bench.run(driver, "-c", "c.c", "-o", "cached.o", **env)
    bench.run(driver, "cached.o", "-o", "program", **env)
    rows = dict(line.split("\t") for line in bench.run("ccache", "--print-stats", **env).splitlines())
    assert int(rows["direct_cache_hit"]) + int(rows["preprocessed_cache_hit"]) == 1, rows
    assert rows["cache_miss"] == "1", rows
    assert bench.explain("program").startswith("program: instrumented by rheaper "), rows


def test_a_plain_program_is_not_instrumented(bench):
    bench.run("cc", "c.c", "-o", "program")
    assert bench.explain("program") == "program: not instrumented\n"
    # an object is still a command line to be judged
    bench.run("cc", "-c", "c.c", "-o", "c.o")
    assert bench.explain("c.o").startswith("executable: ")


def build_declared(bench, *words):
    bench.run("cc", "-fPIC", "-shared", "library.c", "-o", "liblibrary.so")
    flags = ["--rheaper-wrap=%s:malloc" % name for name in NAMES]
    bench.build("-O0", "main.c", "other.c", "./liblibrary.so", *flags, *words)
    rows = {line.split(" ")[0].rstrip(":"): line.split(": ", 1)[1]
            for line in bench.explain("program", *flags).splitlines()[1:]}
    assert sorted(rows) == sorted(NAMES), rows
    return rows


def test_declared_functions_and_why_not(bench):
    for linker in LINKERS:
        rows = build_declared(bench, "-fuse-ld=" + linker)
        assert rows["in_library"] == "recorded, except calls inside shared libraries", rows
        assert rows["in_other_file"] == \
            "recorded, except calls from the source file that defines it", rows
        if linker != "lld":  # which rewrites calls within a file too
            assert "only the source file that defines it" in rows["only_in_its_own_file"], rows
        assert "only the source file that defines it" in rows["static_one"], rows
        assert "nothing here refers to it" in rows["nowhere"], rows
        bench.run("./program")


def test_declared_functions_in_a_stripped_program(bench):
    rows = build_declared(bench, "-s")
    assert rows["in_library"].startswith("recorded"), rows
    assert rows["in_other_file"] == "recorded", rows
    assert "stripped" in rows["static_one"], rows


def test_declared_too_late(bench):
    bench.run("cc", "-fPIC", "-shared", "library.c", "-o", "liblibrary.so")
    bench.build("-O0", "main.c", "other.c", "./liblibrary.so")
    got = bench.explain("program", "--rheaper-wrap=in_library:malloc")
    assert "was not declared when this was linked" in got, got


def test_no_library_is_added_and_no_name(bench):
    kinds = [("cc", ["c.c"]), ("cc", ["c.c", "-pthread"]), ("c++", ["cxx.cpp"]),
             ("c++", ["cxx.cpp", "-static-libstdc++", "-static-libgcc"])]
    for driver, words in kinds:
        if not shutil.which(driver):
            continue
        for linker in LINKERS:
            for scope in "process", "link":
                every = ["-fuse-ld=" + linker, "-Wl,--as-needed", *words]
                bench.run(driver, *every, "-o", "plain")
                bench.build(*every, "--rheaper-capture=" + scope, driver=driver)
                case = (linker, scope, words)
                assert needed(bench, "program") == needed(bench, "plain"), case
                added = bench.exported("program") - bench.exported("plain")
                allowed = bench.may_export()
                assert {n for n in added - allowed if not n.startswith("rheaper_")} == set(), \
                    (case, added - allowed)


# What these take from the C++ library: nothing; operators alone; no operator
USES = {
    "nothing.cpp": "#include <cstdlib>\nint main() { free(malloc(101)); return 0; }",
    "own.cpp": """
#include <cstdlib>
void *operator new(std::size_t size) { return malloc(size); }
void operator delete(void *p) noexcept { free(p); }
void operator delete(void *p, std::size_t) noexcept { free(p); }
int *volatile p;
int main() { p = new int; delete p; return 0; }
""",
    "new.cpp": "int *volatile p; int main() { p = new int; delete p; return 0; }",
    "delete.cpp": "int *volatile p; int main() { delete p; return 0; }",
    "array.cpp": "#include <new>\nint *volatile p; int main() { p = new(std::nothrow) int[9]; delete[] p; return 0; }",
    "cout.cpp": "#include <iostream>\nint main() { std::cout << 1; return 0; }",
}


def check_needed(bench, compiler, words, extra=()):
    """Both programs run, and need the same libraries; by ours, `extra`, too."""
    may = keeps_for_weak(bench, compiler, words)
    bench.run(compiler, *words, "-o", "plain", silent=False)
    for capture in "process", "link":
        bench.build(*words, "--rheaper-capture=" + capture, driver=compiler)
        want = needed(bench, "plain") | set(extra)
        assert needed(bench, "program") - may == want - may, (words, capture, needed(bench, "program"), want)
        bench.run("./program")


def add_needed(compiler, linker):
    def test(bench):
        if not shutil.which(compiler) or linker not in LINKERS:
            raise tap.Skip("not here")
        for name, text in USES.items():
            bench.file(name, text)
            # docs/reference/limits.md
            extra = ["[libstdc++.so.6]"] if linker == "lld" and name in ("nothing.cpp", "own.cpp") else []
            more = [["-no-pie", "-Wl,--gc-sections"], ["-O2", "-flto"]] if name in ("nothing.cpp", "new.cpp") else []
            for kind in ["-pie", "-fPIE"], *more:
                if linker != "lld" or compiler != "g++" or "-flto" not in kind:
                    check_needed(bench, compiler, ["-fuse-ld=" + linker, "-Wl,--as-needed", *kind, name], extra)
    globals()[f"test_the_same_libraries_{compiler}_{linker}"] = test


for one in "g++", "clang++":
    for ld in "bfd", "gold", "lld", "mold":
        add_needed(one, ld)


def test_libraries_that_do_not_name_the_cxx_library(bench):
    """GNU ld takes what they ask for to be wrapped; and it looks into those of libraries."""
    if not shutil.which("g++"):
        raise tap.Skip("no g++")
    bench.file("inner.c", "void *_Znwm(unsigned long); void _ZdlPv(void *);"
                          "int inner(void) { _ZdlPv(_Znwm(9)); return 0; }")
    bench.file("outer.c", "int inner(void); int outer(void) { return inner(); }")
    bench.file("main.cpp", '#include <iostream>\nextern "C" int outer();'
                           "int main() { std::cout << 1; return outer(); }")
    here = ["-L.", "-Wl,-rpath," + bench.dir]
    bench.run("gcc", "-shared", "-fPIC", "inner.c", "-o", "libinner.so")
    bench.run("gcc", "-shared", "-fPIC", "outer.c", *here, "-linner", "-o", "libouter.so")
    for linker in LINKERS:
        check_needed(bench, "g++", ["-fuse-ld=" + linker, "-Wl,--as-needed", "main.cpp", *here, "-louter"])


def test_an_allocator_of_which_only_malloc_is_used(bench):
    """lld takes nothing else for a reason to need a library, and what is wrapped for none."""
    bench.file("main.c", "#include <stdlib.h>\nint main(void) { void *volatile p = malloc(9); free(p); return 0; }")
    bench.file("own.c", "#include <stddef.h>\nstatic char room[1 << 20]; static size_t used;"
                        "void *malloc(size_t n) { used += 64 + (n & ~15ul); return room + used - (n & ~15ul); }"
                        "void *calloc(size_t n, size_t size) { return malloc(n * size); }"
                        "void *realloc(void *p, size_t n) { return p ? p : malloc(n); } void free(void *p) { (void)p; }"
                        "size_t malloc_usable_size(void *p) { return p != NULL; }")
    bench.file("idle.c", "int main(void) { return 0; }")
    bench.run("gcc", "-shared", "-fPIC", "-fno-builtin", "own.c", "-o", "libown.so")
    for linker in LINKERS:
        for more in [], ["-ffunction-sections", "-Wl,--gc-sections"]:
            words = ["-fuse-ld=" + linker, *more, "main.c", "-Wl,--as-needed", "-L.", "-Wl,-rpath," + bench.dir, "-lown"]
            check_needed(bench, "gcc", words)
            assert "[libown.so]" in needed(bench, "plain"), words
        # The runtime calls malloc where the program does not (limits.md)
        check_needed(bench, "gcc", ["-fuse-ld=" + linker, "idle.c", *words[-4:]], ["[libown.so]"])


def test_a_link_that_the_compiler_makes_static_by_itself(bench):
    """Its program would have no libraries to ask for the next malloc."""
    os.chmod(bench.file("own-gcc", '#!/bin/sh\nexec gcc -static "$@"\n'), 0o755)
    for linker in "bfd", "gold", "lld":  # mold links it
        if linker not in LINKERS:
            continue
        words = [os.path.join(BINDIR, "rheaper-cc"), "-fuse-ld=" + linker, "nothing.c", "-o", "hidden"]
        bench.file("nothing.c", "int main(void) { return 0; }")
        result = subprocess.run(words, cwd=bench.dir, env={**os.environ, "RHEAPER_REAL_CC": bench.dir + "/own-gcc"},
                                capture_output=True, text=True)
        assert result.returncode == 1 and "_DYNAMIC" in result.stderr, result


def test_without_a_cxx_library(bench):
    if not shutil.which("clang++"):
        raise tap.Skip("no clang++")
    bench.file("called.cpp", "int *volatile p; int main() { p = new int; delete p; return 0; }")
    bench.file("operators.cpp", USES["own.cpp"].split("int *volatile p")[0])
    for linker in LINKERS:
        for sources in ["nothing.cpp"], ["own.cpp"], ["called.cpp", "operators.cpp"]:
            check_needed(bench, "clang++", ["-nostdlib++", "-fuse-ld=" + linker, *sources])


def test_a_cxx_library_that_a_plug_in_brings(bench):
    """Under a host in C++ that needs none."""
    if not shutil.which("g++"):
        raise tap.Skip("no g++")
    bench.file("plug.cpp", """
#include <new>
extern "C" int work()
{
	int *volatile p = new int[100];
	volatile std::size_t huge = (std::size_t)-1 / 2;
	delete[] p;
	try {
		operator delete(operator new(huge));
		return 1;
	} catch (const std::bad_alloc &) {
	}
	p = new int;
	delete p;
	return 0;
}
""")
    bench.file("host.cpp", """
#include <dlfcn.h>
int main()
{
	for (int i = 0; i < 3; i++) {
		void *plug = dlopen("./plug.so", RTLD_NOW | RTLD_LOCAL);
		if (!plug || ((int (*)())dlsym(plug, "work"))() != 0 || dlclose(plug) != 0)
			return 1;
	}
	return 0;
}
""")
    for hash_style in "gnu", "sysv":
        bench.run("g++", "-shared", "-fPIC", "-O0", "-Wl,--hash-style=" + hash_style, "plug.cpp", "-o", "plug.so")
        for linker in LINKERS:
            for words in [], ["-rdynamic"]:
                bench.build("-Wl,--as-needed", "-fuse-ld=" + linker, *words, "host.cpp", driver="g++")
                bench.run("./program")
                bench.run("./program", RHEAPER_TRACE=bench.path("plug.bin"))
                bench.run(LOADER, "--quiet", "--force", "plug.bin", "plug.db")
                os.remove(bench.path("plug.bin"))
                rows = sqlite3.connect(bench.path("plug.db")).execute(
                    "SELECT family, size, count(*), max(ending) FROM allocations JOIN stacks ON stack = bt"
                    " JOIN allocators USING (allocator) WHERE family LIKE 'new%' GROUP BY 1, 2").fetchall()
                assert rows == [("new", 4, 3, "freed"), ("new_array", 400, 3, "freed")], (linker, words, rows)


def test_a_program_with_its_own_libunwind(bench):
    with open(bench.path("u.c"), "w") as out:
        out.write("""
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <stdlib.h>
static int depth(void)
{
	unw_context_t context;
	unw_cursor_t cursor;
	int n = 0;
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	do
		free(malloc(303));
	while (++n < 100 && unw_step(&cursor) > 0);
	return n;
}
static int deeper(int n) { return n ? deeper(n - 1) + 1 : depth(); }
int main(void) { return deeper(20) < 42; }
""")
    linked = [words for words in (["-lunwind"], ["-l:libunwind.a", "-l:liblzma.so.5"])
              if subprocess.run(["cc", "-O0", "u.c", *words, "-o", "plain"], cwd=bench.dir,
                                capture_output=True).returncode == 0]
    if not linked:
        raise tap.Skip("libunwind is not installed")
    for words in linked:
        bench.build("-O0", "u.c", *words)
        trace, database = bench.path("u.bin"), bench.path("u.db")
        bench.run("./program", RHEAPER_TRACE=trace)
        bench.run(LOADER, "--quiet", "--force", trace, database)
        os.remove(trace)
        rows = sqlite3.connect(database).execute(
            "SELECT count(*) >= 22, max(ending) FROM allocations WHERE size = 303").fetchall()
        assert rows == [(1, "freed")], (words, rows)


tap.run(globals(), Bench)
