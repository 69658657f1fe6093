#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/reference/limits.md, line by line: each says what is not seen, and this shows it. A
test that fails here may be good news; then the line goes.

usage: check-limits.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import glob
import itertools
import os
import re
import shutil
import signal
import sqlite3
import sys

import tap
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])
INCLUDES = "".join(f"#include <{name}.h>\n" for name in (
    "dlfcn", "pthread", "stdio", "stdlib", "string", "sys/mman", "sys/prctl", "sys/stat",
    "unistd"))


class Bench(Workbench):
    def file(self, name, text):
        super().file(name, (INCLUDES if name.endswith(".c") else "") + text)
        return name

    def run(self, *command, **more):
        return super().run(*command, silent=False, **more)

    def build(self, *words, driver="cc", out="program"):
        self.run(os.path.join(BINDIR, "rheaper-" + driver), "-O0", "-g", "-D_GNU_SOURCE",
                 "-fno-builtin", "-pthread", *words, "-o", out)

    def library(self, text, *words):
        """Builds ./libplain.so by the plain compiler."""
        self.run("cc", "-O0", "-g", "-fPIC", "-shared", self.file("library.c", text), *words,
                 "-o", "libplain.so")
        return "./libplain.so"

    def trace(self, program="./program", status=0, **env):
        """Runs a program, loads its trace; the connection to the database."""
        for old in glob.glob(self.path("t.bin*")):
            os.remove(old)
        self.run(program, status=status, RHEAPER_TRACE=self.path("t.bin"), **env)
        self.run(LOADER, "--quiet", "--force", "t.bin", "t.db")
        return sqlite3.connect(self.path("t.db"))

    def ends(self, size, code, *words, status=0, **more):
        """How the blocks of a size end in a program with this main()."""
        source = self.file("main.c", code if "main(" in code else
                           "int main(void) { " + code + " return 0; }")
        self.build(source, *words, **more)
        return sizes(self.trace(status=status), size)


def sizes(database, size):
    return [end for end, in database.execute(
        "SELECT ending FROM allocations WHERE size = ? ORDER BY alloc_after, block", (size,))]


def lost(database, reason):
    return (database.execute("SELECT count FROM losses WHERE reason = ?", (reason,))
            .fetchone() or (0,))[0]


def need(path):
    if not os.path.exists(path):
        raise tap.Skip(f"there is no {path}")
    return path


def test_memory_that_is_not_the_allocators(b):
    assert b.ends(12288, "munmap(mmap(NULL, 12288, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),"
                  "12288); sbrk(12288); free(malloc(1));") == []


def test_other_ways_to_malloc(b):
    code = "extern void *__libc_malloc(size_t); free(__libc_malloc(1234));"
    assert b.ends(1234, code) == []
    assert b.ends(1234, code, "-static") == []


def captured(b):
    return sqlite3.connect(b.path("t.db")).execute("SELECT capture FROM processes").fetchone()[0]


def test_an_executable_that_exports_nothing(b):
    library = b.library("void *get(void) { return malloc(1234); }")
    script = b.file("map", "{ local: *; };")
    code = "void *get(void); int main(void) { free(get()); free(malloc(77)); return 0; }"
    for word in "-Wl,--version-script=" + script, "-Wl,--exclude-libs,ALL":
        assert b.ends(1234, code, library, word) == [], word
        assert sizes(sqlite3.connect(b.path("t.db")), 77) == ["freed"], word
        assert captured(b) == "link", word
    assert b.ends(1234, code, library) == ["freed"] and captured(b) == "process"


OWN_MALLOC = """
static char arena[100000]; static size_t used;
void *malloc(size_t n) { void *p = arena + used; used += (n + 15) / 16 * 16; return p; }
void free(void *p) { (void)p; }
void *calloc(size_t n, size_t size) { return malloc(n * size); }
void *realloc(void *p, size_t n) { void *q = malloc(n); return p ? memcpy(q, p, n) : q; }
"""


def test_a_library_bound_to_a_malloc_of_its_own(b):
    library = b.library(OWN_MALLOC + "void get(void) { free(malloc(1234)); }",
                        "-Wl,-Bsymbolic", "-fno-builtin")
    assert b.ends(1234, "void get(void); int main(void) { get(); return 0; }", library) == []


def test_a_program_with_its_own_malloc(b):
    library = b.library("void get(void) { free(malloc(1234)); }")
    own = b.file("own.c", OWN_MALLOC)
    code = "void get(void); int main(void) { get(); free(malloc(77)); return 0; }"
    assert b.ends(1234, code, own, library) == [] and captured(b) == "link"
    assert sizes(sqlite3.connect(b.path("t.db")), 77) == ["freed"]


def plugin(b, text):
    b.build("-fPIC", "-shared", "--rheaper-shared", b.file("plugin.c", text), out="plugin.so")


def host(b, calls):
    """Runs a plain program that calls functions of ./plugin.so; its database."""
    b.file("host.c", "#define OPEN() (h = dlopen(\"./plugin.so\", RTLD_NOW))\n"
           "#define CALL(name, p) ((void *(*)(void *))dlsym(h, name))(p)\n"
           "int main(void) { void *h, *p; OPEN(); p = h; " + calls + " return p == NULL; }")
    b.run("cc", "-O0", "host.c", "-o", "host", "-D_GNU_SOURCE")
    return b.trace("./host")


def test_a_plugin_and_what_libc_gives_it(b):
    plugin(b, "void *get(void *p) { size_t n; char *s = NULL; FILE *f = open_memstream(&s, &n);"
           " fputs(\"text\", f); fclose(f); free(s); return p; }")
    database = host(b, 'CALL("get", NULL);')
    assert database.execute("SELECT count(*) FROM allocations").fetchone() == (0,)
    assert lost(database, "foreign_free") == 1


STRINGS = {
    "make": "#include <string>\nextern \"C\" void *make() { return new std::string(1000, 'x'); }",
    "drop": '#include <string>\nextern "C" void drop(void *p) { delete static_cast<std::string *>(p); }'}
USED = """extern "C" void *make(void); extern "C" void drop(void *);
extern "C" void *get(void *p) { drop(make()); return p; }
int main() { return get(nullptr) != nullptr; }
"""


def ways_to_compile_strings(b):
    """Builds make.o and drop.o, in which functions of std::string are compiled or undefined."""
    if not shutil.which("c++"):
        raise tap.Skip("there is no C++ compiler")
    ways = ("-O0", "-std=c++17"), ("-Os", "-std=c++17"), ("-O0", "-std=c++20")
    for way in itertools.product(ways, ways):
        for words, (name, text) in zip(way, STRINGS.items()):
            b.build("-fPIC", "-c", *words, b.file(name + ".cpp", text), driver="c++", out=name + ".o")
        yield way


def left_to_the_library(b, linked):
    """Whether the C++ library makes strings for what was linked, and whether it drops them: what
    is still undefined there."""
    undefined = set(re.findall(r"basic_string<.*>::(~?\w+)", b.run("nm", "-uCD", linked)))
    return (bool(undefined & {"_M_construct", "_M_create", "basic_string"}),
            bool(undefined & {"_M_dispose", "~basic_string"}))


def test_strings_of_a_plugin(b):
    """One that the plug-in makes and the library drops seems to live; the other way round its free is foreign."""
    ends = {(True, True): ([], 0), (True, False): ([], 1), (False, True): (["live"], 0), (False, False): (["freed"], 0)}
    for way in ways_to_compile_strings(b):
        words = "-shared", "--rheaper-shared", "make.o", "drop.o", b.file("get.cpp", USED)
        for more in (), ("-static-libstdc++",):
            b.build(*words, *more, driver="c++", out="plugin.so")
            made, dropped = left_to_the_library(b, "plugin.so")
            assert not more or not (made or dropped), way
            database = host(b, 'CALL("get", NULL);')
            found = sizes(database, 1001), lost(database, "foreign_free")
            assert found == ends[made, dropped], (way, more, found)


def test_strings_of_a_program_of_capture_link(b):
    """What the library drops is known there: it calls the operator that the program exports."""
    for way in ways_to_compile_strings(b):
        for word in "--rheaper-capture=link", "--rheaper-capture=process":
            b.build("make.o", "drop.o", b.file("get.cpp", USED), word, driver="c++")
            made, _ = left_to_the_library(b, "program")
            assert sizes(b.trace(), 1001) == ([] if made and "link" in word else ["freed"]), (way, word)


def test_a_plugin_and_blocks_that_cross_its_border(b):
    plugin(b, "void *get(void *p) { (void)p; return malloc(1234); }\n"
           "void *put(void *p) { free(p); return p; }")
    database = host(b, 'p = malloc(4321); free(CALL("get", NULL)); CALL("put", p);')
    assert (sizes(database, 1234), sizes(database, 4321)) == (["live"], []), (
        sizes(database, 1234), sizes(database, 4321))
    assert lost(database, "foreign_free") == 1, lost(database, "foreign_free")


def test_a_plugin_that_leads_stays_loaded(b):
    plugin(b, "static char n; void *count(void *p) { (void)p; free(malloc(100 + n));"
           " return &n + 0 * n++; }")
    database = host(b, 'CALL("count", NULL); dlclose(h); OPEN(); CALL("count", NULL);')
    assert sizes(database, 100) == ["freed"] and sizes(database, 101) == ["freed"]


def test_what_a_closed_plugin_that_leads_held_is_reachable(b):
    plugin(b, "static void *held, *lost; void *take(void *p) { held = malloc(1234); lost = malloc(567);"
           " lost = NULL; return p; }")
    host(b, 'CALL("take", h); dlclose(h);')
    kinds = b.trace("./host", RHEAPER_LEAK_SCAN="1").execute(
        "SELECT size, leak_kind FROM allocations WHERE size IN (567, 1234) ORDER BY size").fetchall()
    assert kinds == [(567, "definitely lost"), (1234, "still reachable")], kinds


def test_declared_functions_under_gccs_lto(b):
    own = b.file("pool.c", "__attribute__((noinline)) void *pool(size_t n)"
                 " { return malloc(n + 1); }")
    code = "void *pool(size_t); int main(void) { free(pool(1234)); return 0; }"
    assert b.ends(1234, code, own, "--rheaper-wrap=pool:malloc") == ["freed"]
    assert b.ends(1234, code, own, "--rheaper-wrap=pool:malloc", "-flto", "-O2") == []
    assert sizes(sqlite3.connect(b.path("t.db")), 1235) == ["freed"]


def test_known_allocators(b):
    library = need("/usr/lib/x86_64-linux-gnu/libjemalloc.so")
    code = """void *mallocx(size_t, int); size_t xallocx(void *, size_t, size_t, int);
int main(void) { void *p = mallocx(40000, 0); xallocx(p, 200000, 0, 0); free(p); return 0; }"""
    assert b.ends(40000, code, library) == ["freed"]
    assert sizes(sqlite3.connect(b.path("t.db")), 200000) == []


def test_heaps_that_go_as_a_whole(b):
    library = need("/usr/lib/x86_64-linux-gnu/libmimalloc.so")
    code = """void *mi_heap_new(void); void *mi_heap_malloc(void *, size_t);
void mi_heap_destroy(void *);
int main(void) { void *h = mi_heap_new(); mi_heap_malloc(h, 1234); mi_heap_destroy(h); return 0; }"""
    assert b.ends(1234, code, library) == ["released"]


def test_known_allocators_inside_their_library(b):
    library = need("/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0")
    code = """char *g_strdup_printf(const char *, ...); void g_free(void *);
int main(void) { g_free(g_strdup_printf("%01234d", 1)); return 0; }"""
    b.ends(1235, code, library)
    names = sqlite3.connect(b.path("t.db")).execute(
        "SELECT DISTINCT f.name FROM allocations JOIN stacks ON stack = bt"
        " JOIN allocators f USING (allocator)").fetchall()
    assert ("g_strdup_printf",) not in names and ("malloc",) in names, names


def test_sanitizers(b):
    b.build(b.file("main.c", "int main(void) { free(malloc(1)); return 0; }"),
            "-fsanitize=address")
    b.run("./program", RHEAPER_TRACE=b.path("none.bin"))
    assert not os.path.exists(b.path("none.bin"))


def test_a_sanitizer_that_is_preloaded(b):
    """Its constructor asks dlsym for functions that are missing, which allocates before
    the sanitizer can be called."""
    found = need(Workbench.run(b, "cc", "-print-file-name=libasan.so").strip())
    code = "int main(void) { free(malloc(1234)); return 0; }"
    for driver, source in ("cc", "main.c"), ("c++", "main.cpp"):
        b.file("main.cpp", "#include <stdlib.h>\n" + code)
        b.file("main.c", code)
        for words in [], ["--rheaper-capture=link"]:
            b.build(source, *words, driver=driver)
            database = b.trace(LD_PRELOAD=found, ASAN_OPTIONS="detect_leaks=0")
            assert sizes(database, 1234) == ["freed"], (source, words)
            assert lost(database, "early") > 0, (source, words)


def test_the_exception_of_a_failing_new(b):
    if not shutil.which("c++"):
        raise tap.Skip("there is no C++ compiler")
    b.build(b.file("new.cpp", "#include <new>\n#include <cstdint>\nint main() { volatile"
                   " std::size_t n = PTRDIFF_MAX; try { ::operator delete(::operator new(n)); }"
                   " catch (const std::bad_alloc &) {} }"), driver="c++")
    assert lost(b.trace(), "foreign_free") == 1


def test_frees_by_a_new_handler(b):
    if not shutil.which("c++"):
        raise tap.Skip("there is no C++ compiler")
    b.build(b.file("new.cpp", "#include <cstdlib>\n#include <new>\n#include <cstdint>\n"
                   "static void *reserve; static void handler() { std::free(reserve);"
                   " std::set_new_handler(nullptr); }\n"
                   "int main() { reserve = std::malloc(1000); std::set_new_handler(handler);"
                   " volatile std::size_t n = PTRDIFF_MAX; try { ::operator new(n); }"
                   " catch (const std::bad_alloc &) {} }"), driver="c++")
    ends = sizes(b.trace(), 1000)
    assert ends == ["live"], ends


def test_set_uid_programs(b):
    if os.getuid() != 0 or not shutil.which("setpriv"):
        raise tap.Skip("needs root and setpriv")
    b.build(b.file("main.c", "int main(void) { free(malloc(1)); return getuid() == geteuid(); }"))
    os.chmod(b.path("program"), 0o4755)
    os.chmod(b.dir, 0o777)
    b.run("setpriv", "--reuid=65534", "--clear-groups", b.path("program"),
          RHEAPER_TRACE=b.path("none.bin"))
    assert not os.path.exists(b.path("none.bin"))


def test_a_sample_of_a_malloc_that_calls_a_wrapped_function(b):
    pool = b.file("pool.c", "static char pool[1 << 26]; static size_t used; void *take(size_t n)"
                  " { used += (n + 31) / 16 * 16; return used > sizeof pool ? NULL : pool + used - n / 16 * 16 - 16; }")
    own = b.file("own.c", "void *take(size_t); void *malloc(size_t n) { return take(n); }"
                 " void free(void *p) { (void)p; }")
    b.build(pool, own, b.file("main.c", "int main(void) { for (int i = 0; i < 9999; i++)"
                              " free(malloc(1000)); return 0; }"), "--rheaper-wrap=take:malloc")
    count = "SELECT count(*) FROM allocations JOIN stacks ON stack = bt JOIN allocators USING (allocator)" \
            " WHERE size = 1000 AND name = 'take'"
    assert b.trace().execute(count).fetchone()[0] == 0
    assert b.trace(RHEAPER_SAMPLE_BYTES="10000").execute(count).fetchone()[0] > 100


def test_scope_link_and_blocks_of_libraries(b):
    library = b.library("void *get(void) { return malloc(1234); }")
    code = "void *get(void); int main(void) { free(get()); return 0; }"
    assert b.ends(1234, code, library, "--rheaper-capture=link") == []
    assert lost(sqlite3.connect(b.path("t.db")), "foreign_free") >= 1


def test_libcs_buffers_live_at_the_end(b):
    b.ends(1, 'puts("text");')
    assert sqlite3.connect(b.path("t.db")).execute(
        "SELECT count(*) FROM allocations a JOIN backtraces b ON b.id = a.bt"
        " WHERE b.sym LIKE '%puts' AND a.ending = 'live'").fetchone() == (1,)


def test_what_libc_keeps_of_threads(b):
    b.ends(1, "static void *f(void *); int main(void) { pthread_t t;"
           " pthread_create(&t, NULL, f, NULL); pthread_join(t, NULL); return 0; }\n"
           "static void *f(void *p) { return p; }")
    rows = sqlite3.connect(b.path("t.db")).execute(
        "SELECT b.sym, a.ending FROM allocations a JOIN backtraces b ON b.id = a.bt"
        " WHERE b.sym LIKE '%pthread_create%'").fetchall()
    assert [end for _, end in rows] == ["live"], rows


def test_allocations_that_the_compiler_removed(b):
    assert b.ends(1234, "free(malloc(1234));", "-O2", "-fbuiltin") == []


def test_an_operator_delete_of_a_shared_library(b):
    if not shutil.which("c++"):
        raise tap.Skip("there is no C++ compiler")
    b.run("c++", "-O0", "-fPIC", "-shared", b.file("put.cpp", "void put(int *p) { delete p; }"),
          "-static-libstdc++", "-Wl,--exclude-libs,ALL", "-o", "libput.so")
    b.build(b.file("main.cpp", "void put(int *); int main() { put(new int); }"), "./libput.so",
            "-static-libstdc++", driver="c++")
    kinds = b.trace().execute("SELECT allocated_by, freed_by FROM mismatches").fetchall()
    assert kinds == [("operator new(unsigned long)", "free")], kinds


def test_a_trace_that_is_truncated_while_it_is_written(b):
    b.build(b.file("main.c", "#include <signal.h>\nint main(void) { sigset_t all;"
                   ' sigfillset(&all); free(malloc(1)); truncate(getenv("RHEAPER_TRACE"), 0);'
                   ' if (getenv("BLOCK")) sigprocmask(SIG_BLOCK, &all, NULL);'
                   " free(malloc(1)); return 0; }"))
    b.run("./program", RHEAPER_TRACE=b.path("cut.bin"))
    for more in {"BLOCK": "1"}, {"RHEAPER_SIGBUS": "0"}:
        os.remove(b.path("cut.bin"))
        b.run("./program", RHEAPER_TRACE=b.path("cut.bin"), status=-signal.SIGBUS, **more)


def test_valgrind_in_the_place_of_malloc(b):
    """It stands in for what the executable exports, unless it is told not to."""
    valgrind = shutil.which("valgrind") or need("valgrind")
    b.library("void *make(int n) { return malloc(n); }")
    b.build(b.file("main.c", "void *make(int); int main(void) { free(make(70)); }"),
            "./libplain.so", "-Wl,-rpath," + b.dir)
    for option, seen, foreign in (("-q", [], 1),
                                  ("--soname-synonyms=somalloc=nouserintercepts", ["freed"], 0)):
        b.file("under.sh", f"#!/bin/sh\nexec {valgrind} {option} ./program\n")
        os.chmod(b.path("under.sh"), 0o700)
        database = b.trace("./under.sh")
        found = sizes(database, 70), lost(database, "foreign_free")
        assert found == (seen, foreign), (option, found)


def test_strict_seccomp(b):
    b.build(b.file("main.c", "#include <sys/syscall.h>\nint main(void) { free(malloc(100));"
                   " prctl(PR_SET_SECCOMP, 1); for (int i = 0; i < 100000; i++)"
                   " free(malloc(100)); syscall(SYS_exit, 0); }"))
    b.run("./program")
    b.run("./program", RHEAPER_TRACE=b.path("strict.bin"), status=-signal.SIGKILL)


tap.run(globals(), Bench)
