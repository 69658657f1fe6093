#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs over another malloc, and over allocators under other names.

usage: check-allocators.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function; what is not installed is skipped.
"""
import os
import sqlite3
import subprocess
import sys

import tap
from linking import LINKERS, keeps_for_weak, needed
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])
LIBDIR = "/usr/lib/" + subprocess.run(["cc", "-print-multiarch"], capture_output=True,
                                      text=True).stdout.strip()

# Prints the object that serves malloc, then allocates 100 blocks of 1001 bytes of
# which one stays; free comes from there too, or the program would die of it.
OVER_MALLOC = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define TRY(name) extern int name() __attribute__((weak)); if (name) mine = OWNS;
void *kept;
int main(void)
{
	size_t before = COUNT(), after;
	for (int i = 0; i < 100; i++) {
		char *p = malloc(1001);
		memset(p, i, 1001);
		if (i)
			free(p);
		else
			kept = p;
	}
	after = COUNT();
	printf("%s\n", after > before ? "its own" : "libc's");
	return 0;
}
"""

# What an allocator says of itself: bytes or blocks it has handed out.
COUNTS = {
    "jemalloc": """
int mallctl(const char *, void *, unsigned long *, void *, unsigned long);
static unsigned long count(void)
{
	unsigned long value, size = sizeof(value);
	return mallctl("thread.allocated", &value, &size, NULL, 0) == 0 ? value : 0;
}
""",
    "mimalloc": """
_Bool mi_is_in_heap_region(const void *);
static unsigned long n;
static unsigned long count(void) { return n += mi_is_in_heap_region(kept); }
""",
    "tcmalloc": """
int MallocExtension_GetNumericProperty(const char *, unsigned long *);
static unsigned long count(void)
{
	unsigned long value = 0;
	MallocExtension_GetNumericProperty("generic.current_allocated_bytes", &value);
	return value;
}
""",
}

# Functions of allocators under other names: code, and what is to be recorded.
FAMILIES = {
    "jemalloc": ("""
void *mallocx(size_t, int); void *rallocx(void *, size_t, int);
void dallocx(void *, int); void sdallocx(void *, size_t, int);
static void use(void)
{
	dallocx(mallocx(101, 0), 0);
	sdallocx(rallocx(mallocx(102, 0), 103, 0), 103, 0);
	free(mallocx(104, 0));
}""", [("mallocx", "malloc", 101), ("mallocx", "malloc", 102), ("rallocx", "malloc", 103),
       ("mallocx", "malloc", 104)]),
    "je": ("""
void *je_malloc(size_t); void *je_calloc(size_t, size_t); void je_free(void *);
void *je_mallocx(size_t, int); void je_sdallocx(void *, size_t, int);
static void use(void)
{
	je_free(je_malloc(101));
	je_free(je_calloc(3, 34));
	je_sdallocx(je_mallocx(103, 0), 103, 0);
}""", [("je_malloc", "jemalloc", 101), ("je_calloc", "jemalloc", 102),
       ("je_mallocx", "jemalloc", 103)]),
    "mimalloc": ("""
void *mi_malloc(size_t); void *mi_zalloc(size_t); void mi_free(void *); void *mi_new(size_t);
void *mi_heap_malloc(void *, size_t); void *mi_heap_new(void);
void *mi_recalloc(void *, size_t, size_t); char *mi_strdup(const char *);
static void use(void)
{
	mi_free(mi_malloc(101));
	mi_free(mi_recalloc(mi_zalloc(102), 2, 103));
	mi_free(mi_heap_malloc(mi_heap_new(), 104));
	mi_free(mi_strdup("105"));
	mi_free(mi_new(106));
}""", [("mi_malloc", "mimalloc", 101), ("mi_zalloc", "mimalloc", 102),
       ("mi_recalloc", "mimalloc", 206), ("mi_heap_malloc", "mimalloc", 104),
       ("mi_strdup", "mimalloc", 4), ("mi_new", "mimalloc", 106)]),
    "tcmalloc": ("""
void *tc_malloc(size_t); void tc_free(void *); void *tc_new(size_t); void tc_delete(void *);
void *tc_newarray(size_t); void tc_deletearray(void *);
static void use(void)
{
	tc_free(tc_malloc(101));
	tc_delete(tc_new(102));
	tc_deletearray(tc_newarray(103));
}""", [("tc_malloc", "tcmalloc", 101), ("tc_new", "tcmalloc_new", 102),
       ("tc_newarray", "tcmalloc_new_array", 103)]),
    "glib": ("""
void *g_malloc(size_t); void g_free(void *); void *g_malloc0_n(size_t, size_t);
char *g_strdup(const char *); void *g_memdup2(const void *, size_t);
static void use(void)
{
	g_free(g_malloc(101));
	free(g_malloc0_n(2, 51));
	g_free(g_strdup("glib"));
	g_free(g_memdup2("memory", 6));
}""", [("g_malloc", "malloc", 101), ("g_malloc0_n", "malloc", 102), ("g_strdup", "malloc", 5),
       ("g_memdup2", "malloc", 6)]),
}


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.number = 0

    def build(self, *words, out="program"):
        self.run(os.path.join(BINDIR, "rheaper-cc"), "-O0", "-g", "-pthread", *words, "-o", out)

    def trace(self):
        """Runs ./program; its output and a connection to its database."""
        self.number += 1
        trace, database = self.path(f"t{self.number}.bin"), self.path(f"t{self.number}.db")
        said = self.run("./program", RHEAPER_TRACE=trace)
        self.run(LOADER, "--quiet", trace, database)
        return said, sqlite3.connect(database)


def library(name):
    path = os.path.join(LIBDIR, name)
    if not os.path.exists(path):
        raise tap.Skip(f"there is no {path}")
    return path


def check_over(bench, name, library_words):
    """The same malloc serves the program as without us, and all of it is recorded."""
    text = COUNTS[name] + OVER_MALLOC.replace("COUNT", "count")
    text = text.replace("void *kept;\n", "")
    source = bench.file("over.c", "#include <stddef.h>\nvoid *kept;\n" + text)
    for linker in LINKERS:
        for words in ([source, *library_words], [source, "-lc", *library_words]):
            words = ["-fuse-ld=" + linker, *words]
            bench.run("cc", "-O0", "-pthread", *words, "-o", "plain")
            bench.build(*words)
            want = bench.run("./plain")
            said, database = bench.trace()
            assert said == want, (words, want, said)
            found = database.execute("SELECT count(*), sum(ending = 'live') FROM allocations"
                                     " WHERE size = 1001").fetchone()
            assert found == (100, 1), (words, found)


def check_family(bench, name, library_words, linkers=None):
    code, want = FAMILIES[name]
    source = bench.file("family.c", "#include <stdlib.h>\n" + code +
                        "\nint main(void) { use(); return 0; }\n")
    for linker in linkers or LINKERS:
        bench.build("-fuse-ld=" + linker, source, *library_words)
        _, database = bench.trace()
        rows = database.execute("""
            SELECT f.name, f.family, a.size FROM allocations a JOIN stacks s ON s.stack = a.bt
            JOIN allocators f USING (allocator)
            JOIN backtraces b ON b.id = a.bt AND b.frame_no = 0 AND b.sym = 'use'
            WHERE a.ending IN ('freed', 'resized')""").fetchall()
        assert sorted(rows) == sorted(want), (linker, rows)
        assert database.execute("SELECT * FROM mismatches").fetchall() == [], linker


def prefixed_jemalloc(bench):
    """Debian's jemalloc as if it had been configured with --with-jemalloc-prefix=je_."""
    names = [line.split()[-1] for line in
             bench.run("nm", "--defined-only", library("libjemalloc.a")).splitlines()
             if len(line.split()) == 3 and line.split()[1] in "TW"]
    public = [n for n in names if not n.startswith(("_", "je_"))]
    table = bench.file("names", "".join(f"{n} je_{n}\n" for n in public))
    bench.run("objcopy", "--redefine-syms=" + table, "--strip-symbol=__malloc_hook",
              library("libjemalloc.a"), bench.path("libjemalloc_je.a"))
    return bench.path("libjemalloc_je.a")


def test_jemalloc_shared(bench):
    check_over(bench, "jemalloc", [library("libjemalloc.so")])
    check_family(bench, "jemalloc", [library("libjemalloc.so")])


def test_jemalloc_static(bench):
    words = [library("libjemalloc.a"), "-lm", "-lstdc++"]
    check_over(bench, "jemalloc", words)
    check_family(bench, "jemalloc", words)


def test_jemalloc_in_a_static_program(bench):
    words = ["-static", library("libjemalloc.a"), "-lm", "-lstdc++"]
    check_family(bench, "jemalloc", words)


def test_jemalloc_with_a_prefix(bench):
    check_family(bench, "je", [prefixed_jemalloc(bench), "-lm", "-lstdc++"])


def test_mimalloc(bench):
    check_over(bench, "mimalloc", [library("libmimalloc.so")])
    check_family(bench, "mimalloc", [library("libmimalloc.so")])


def test_tcmalloc_shared(bench):
    check_over(bench, "tcmalloc", [library("libtcmalloc_minimal.so")])
    check_family(bench, "tcmalloc", [library("libtcmalloc_minimal.so")])


def test_tcmalloc_static(bench):
    words = [library("libtcmalloc_minimal.a"), "-lstdc++", "-lm"]
    check_over(bench, "tcmalloc", words)
    check_family(bench, "tcmalloc", words)


def test_glib(bench):
    check_family(bench, "glib", [library("libglib-2.0.so.0")])


def test_needed_libraries_stay_as_they_are(bench):
    """With --as-needed: a library that is not used is not needed, one that only our
    shims refer to is."""
    glib = library("libglib-2.0.so.0")
    unused = bench.file("unused.c", "int main(void) { return 0; }\n")
    used = bench.file("used.c", "void *g_malloc(unsigned long); void g_free(void *);\n"
                      "int main(void) { g_free(g_malloc(1)); return 0; }\n")
    for linker in LINKERS:
        for source in (unused, used):
            words = ["-fuse-ld=" + linker, source, "-Wl,--as-needed", glib]
            bench.run("cc", *words, "-o", "plain")
            bench.build(*words)
            want, got = (needed(bench, name) - keeps_for_weak(bench, "cc", words)
                         for name in ("plain", "program"))
            assert got == want, (linker, source, got, want)
            bench.run("./program")


def test_names_of_an_allocator_that_is_not_linked(bench):
    """They are the program's own functions then."""
    source = bench.file("own.c", """
#include <stdlib.h>
double tc_delete(double x);
int main(void) { free(malloc(101)); return tc_delete(1.5) != 3.0; }
""")
    other = bench.file("other.c", "double tc_delete(double x) { return 2 * x; }\n")
    bench.build(source, other)
    bench.trace()
    bench.run("cc", "-c", other, "-o", "libtcmalloc_like.o")
    bench.build(source, "libtcmalloc_like.o", "--rheaper-family=none")
    bench.trace()


def test_a_family_by_name(bench):
    """An allocator among the program's own objects."""
    source = bench.file("user.c", "#include <stdlib.h>\n" + FAMILIES["je"][0] +
                        "\nint main(void) { use(); return 0; }\n")
    own = bench.file("je.c", """
#include <stdlib.h>
void *je_malloc(size_t n) { return malloc(n); }
void *je_calloc(size_t n, size_t size) { return calloc(n, size); }
void *je_mallocx(size_t n, int flags) { return malloc(n + flags); }
void je_free(void *p) { free(p); }
void je_sdallocx(void *p, size_t n, int flags) { (void)n, (void)flags; free(p); }
""")
    bench.build(source, own, "--rheaper-family=jemalloc")
    _, database = bench.trace()
    rows = database.execute("SELECT f.name FROM allocations a JOIN stacks s ON s.stack = a.bt"
                            " JOIN allocators f USING (allocator) WHERE f.name LIKE 'je_%'"
                            " ORDER BY 1").fetchall()
    assert rows == [("je_calloc",), ("je_malloc",), ("je_mallocx",)], rows


def test_in_a_response_file(bench):
    library("libtcmalloc_minimal.a")
    source = bench.file("family.c", "#include <stdlib.h>\n" + FAMILIES["tcmalloc"][0] +
                        "\nint main(void) { use(); return 0; }\n")
    words = bench.file("words", f"{source} {LIBDIR}/libtcmalloc_minimal.a -lstdc++ -lm")
    bench.build("@" + words)
    _, database = bench.trace()
    assert database.execute("SELECT count(*) FROM allocators WHERE family LIKE 'tcmalloc%'"
                            ).fetchone() == (6,)


tap.run(globals(), Bench)
