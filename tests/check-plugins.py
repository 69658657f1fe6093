#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shared libraries: those left alone, and plug-ins that record by themselves, in
hosts that are ours and hosts that are not; always one tracker for a process.

usage: check-plugins.py RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import glob
import os
import shutil
import sqlite3
import sys

import tap
from workbench import Workbench

LOADER, BINDIR = (os.path.abspath(path) for path in sys.argv[1:3])

# work_NAME() frees ten blocks of 1001 bytes and keeps one of 77.
PLUGIN = r"""
#include <stdlib.h>
void *kept_NAME;
int work_NAME(void)
{
	for (int i = 0; i < 10; i++) {
		void *volatile p = malloc(1001);
		free(p);
	}
	kept_NAME = malloc(77);
	return 0;
}
"""

# Arguments: `+FILE` dlopens, `!` after it with RTLD_DEEPBIND, `=NAME` calls
# work_NAME of the last one, `-` closes the last one, `f` does the rest in a forked
# child, `r` loads all that follow at once, in threads.
HOST = r"""
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static pthread_barrier_t gate;
static void *load(const char *path, int flags)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | flags);
	if (!handle)
		exit((fprintf(stderr, "%s\n", dlerror()), 1));
	return handle;
}
static void *race(void *path)
{
	pthread_barrier_wait(&gate);
	return load((char *)path + 1, 0);
}
static void load_at_once(char **paths, int n)
{
	pthread_t threads[8];
	pthread_barrier_init(&gate, NULL, n);
	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, race, paths[i]);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}
int main(int argc, char **argv)
{
	void *handle = NULL, *volatile p = malloc(5005);
	char name[64];
	free(p);
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '+') {
			int deep = i + 1 < argc && argv[i + 1][0] == '!';
			handle = load(argv[i] + 1, deep ? RTLD_DEEPBIND : 0);
		} else if (argv[i][0] == '=') {
			snprintf(name, sizeof(name), "work_%s", argv[i] + 1);
			((int (*)(void))dlsym(handle, name))();
		} else if (argv[i][0] == '-') {
			dlclose(handle);
		} else if (argv[i][0] == 'r') {
			load_at_once(argv + i + 1, argc - i - 1);
			break;
		} else if (argv[i][0] == 'f' && fork() != 0) {
			wait(NULL);
			break;
		}
	}
	return 0;
}
"""

# Functions of libc that hand a block to the caller, and what each is to be
# recorded as: function, bytes.
RESULTS = {
    'free(strdup("twelve bytes"));': ("strdup", 13),
    'free(strndup("twelve bytes", 4));': ("strndup", 5),
    'free(wcsdup(L"wide"));': ("wcsdup", 20),
    'char *s; if (asprintf(&s, "%d", 12345) == 5) free(s);': ("asprintf", 6),
    'free(realpath("/", NULL));': ("realpath", 2),
    'char b[4096]; if (realpath("/", b)) free(malloc(9));': ("malloc", 9),
    'free(canonicalize_file_name("/"));': ("canonicalize_file_name", 2),
    'if (chdir("/") == 0) free(getcwd(NULL, 0));': ("getcwd", 2),
    'if (chdir("/") == 0) free(get_current_dir_name());': ("get_current_dir_name", 2),
    'char *l = NULL; size_t n = 0; FILE *f = fmemopen("ab\\ncd", 5, "r");'
    ' if (getline(&l, &n, f) == 3 && getline(&l, &n, f) == 2) free(l); fclose(f);':
        ("getline", 120),
    'char *v[] = {"a", "b", NULL}, *z; size_t n; argz_create(v, &z, &n);'
    ' argz_add(&z, &n, "c"); free(z);': ("argz_add", 6),
}


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.number = 0
        host = self.file("host.c", HOST)
        self.run("cc", "-g", host, "-o", "plain", "-pthread")
        self.build(host, "-o", "ours", "-pthread")
        self.build(host, "-o", "ours-link", "-pthread", "--rheaper-capture=link")
        for name in "abcd":
            self.plugin(name)

    def build(self, *words, driver="cc"):
        return self.run(os.path.join(BINDIR, "rheaper-" + driver), "-g", *words)

    def plugin(self, name, *words, source=None, out=None, driver="cc"):
        """Builds NAME.so, whose function is work_NAME."""
        out = out or self.path(name + ".so")
        source = source or self.file(name + ".c", PLUGIN.replace("NAME", name))
        self.build("-fPIC", "-shared", "--rheaper-shared", source, "-o", out, *words,
                   driver=driver)
        return out

    def trace(self, *command, **env):
        """Runs a program; the connection to the database of its only trace."""
        self.number += 1
        trace, database = self.path(f"t{self.number}.bin"), self.path(f"t{self.number}.db")
        self.run(*command, RHEAPER_TRACE=trace, **env)
        assert glob.glob(trace + "*") == [trace], glob.glob(trace + "*")
        self.run(LOADER, "--quiet", trace, database)
        return sqlite3.connect(database)

    def host(self, host, *args, **env):
        return self.trace(self.path(host), *args, **env)


def blocks(database, function="malloc"):
    """{(function that asked, size): (blocks, live at exit)}"""
    rows = database.execute("""
        SELECT b.sym, a.size, count(*), sum(a.ending = 'live') FROM allocations a
        JOIN stacks s ON s.stack = a.bt JOIN allocators f USING (allocator)
        JOIN backtraces b ON b.id = a.bt AND b.frame_no = 0
        WHERE f.name = ? GROUP BY 1, 2""", (function,))
    return {(name, size): (n, live) for name, size, n, live in rows}


def check_work(database, *names, times=1):
    found = {key: value for key, value in blocks(database).items() if key[1] in (1001, 77)}
    want = {}
    for name in names:
        want["work_" + name, 1001] = (10 * times, 0)
        want["work_" + name, 77] = (times, times)
    assert found == want, found


def losses(database):
    return dict(database.execute("SELECT reason, count FROM losses WHERE count > 0"))


def has_host(database):
    return ("main", 5005) in blocks(database)


def test_a_library_is_left_as_it_would_be(bench):
    source = bench.file("l.c", PLUGIN.replace("NAME", "l"))
    bench.run("cc", "-g", "-fPIC", "-c", source, "-o", "l.o")
    bench.run("cc", "-shared", "l.o", "-o", "l-plain.so")
    bench.build("-shared", "l.o", "-o", "l.so")
    with open(bench.path("l.so"), "rb") as one, open(bench.path("l-plain.so"), "rb") as other:
        assert one.read() == other.read()
    database = bench.host("ours", "+./l.so", "=l")
    check_work(database, "l")
    assert has_host(database)


def test_a_library_with_deepbind_is_not_seen(bench):
    """The loader finds libc's malloc in the scope of the library itself."""
    source = bench.file("deep.c", PLUGIN.replace("NAME", "deep"))
    bench.run("cc", "-g", "-fPIC", "-shared", source, "-o", "deep.so")
    check_work(bench.host("ours", "+./deep.so", "!", "=deep"))


def test_plugin_with_deepbind(bench):
    check_work(bench.host("ours", "+./a.so", "!", "=a"), "a")
    check_work(bench.host("plain", "+./a.so", "!", "=a"), "a")


def test_plugin_in_a_plain_host(bench):
    database = bench.host("plain", "+./a.so", "=a")
    check_work(database, "a")
    assert not has_host(database) and losses(database) == {}
    assert database.execute("SELECT ending FROM processes").fetchone() == ("exited",)


def test_two_plugins_have_one_tracker(bench):
    database = bench.host("plain", "+./a.so", "=a", "+./b.so", "=b", "=b")
    found = blocks(database)
    assert found["work_a", 1001] == (10, 0) and found["work_b", 1001] == (20, 0), found
    assert losses(database) == {}


def test_plugins_and_our_host_have_one_tracker(bench):
    for host in "ours", "ours-link":
        database = bench.host(host, "+./a.so", "=a", "+./b.so", "=b")
        check_work(database, "a", "b")
        assert has_host(database), host
        if host == "ours":  # captures the link: the loader frees what was not recorded
            assert losses(database) == {}, losses(database)


def test_sampled(bench):
    """The module that leads draws for all. Of a mean of 1 byte these blocks are all met,
    of 4 GB next to none."""
    for host in "plain", "ours":
        database = bench.host(host, "+./a.so", "=a", "+./b.so", "=b", RHEAPER_SAMPLE_BYTES="1")
        check_work(database, "a", "b")
        assert losses(database) == {}, losses(database)
        database = bench.host(host, "+./a.so", "=a", "+./b.so", "=b",
                              RHEAPER_SAMPLE_BYTES="4294967295", RHEAPER_SAMPLE_SEED="5")
        assert database.execute("SELECT count(*) FROM blocks").fetchone() == (0,)
        assert losses(database) == {}, losses(database)


def test_a_program_linked_to_plugins(bench):
    """They come up before the program does."""
    source = bench.file("linked.c", "#include <stdlib.h>\nint work_a(void); int work_b(void);\n"
                        "int main(void) { free(malloc(5005)); return work_a() + work_b(); }\n")
    libraries = [bench.path("a.so"), bench.path("b.so")]
    bench.run("cc", "-g", "-O0", source, *libraries, "-o", "linked-plain")
    check_work(bench.trace("./linked-plain"), "a", "b")
    bench.build("-O0", source, *libraries, "-o", "linked-ours")
    database = bench.trace("./linked-ours")
    check_work(database, "a", "b")
    assert has_host(database)


def test_the_leader_stays_when_closed(bench):
    database = bench.host("plain", "+./a.so", "=a", "+./b.so", "=b", "-", "+./a.so", "-", "-",
                          "+./c.so", "=c", "+./b.so", "=b")
    found = blocks(database)
    assert found["work_c", 1001] == (10, 0) and found["work_b", 1001] == (20, 0), found
    assert losses(database) == {}


def test_a_plugin_comes_and_goes(bench):
    cycle = ["+./b.so", "=b", "-"]
    for host in "plain", "ours":
        database = bench.host(host, "+./a.so", "=a", *(50 * cycle))
        found = blocks(database)
        assert found["work_b", 1001] == (500, 0), (host, found)


def test_loaded_at_once(bench):
    names = ["+./a.so", "+./b.so", "+./c.so", "+./d.so"]
    for host in "plain", "ours":
        for _ in range(20):
            bench.run(bench.path(host), "r", *names)  # warm
            bench.host(host, "r", *names)


def test_more_plugins_than_static_tls_has_room_for(bench):
    words = []
    for i in range(120):
        out = shutil.copy(bench.path("a.so"), bench.path(f"copy{i}.so"))
        words += ["+" + out, "=a"]
    database = bench.host("plain", *words)
    assert blocks(database)["work_a", 1001] == (1200, 0)
    assert "STATIC_TLS" not in bench.run("readelf", "-d", bench.path("a.so"))


def test_a_forked_child_is_silent(bench):
    for host in "plain", "ours":
        database = bench.host(host, "+./a.so", "=a", "f", "=a", "+./b.so", "=b")
        found = blocks(database)
        assert found["work_a", 1001] == (10, 0), (host, found)
        assert not any(name == "work_b" for name, _ in found), found


def test_untraced(bench):
    bench.run(bench.path("plain"), "+./a.so", "=a", "+./b.so", "=b", "-")
    bench.run(bench.path("ours"), "+./a.so", "=a", "+./b.so", "=b", "-")


def test_stripped(bench):
    out = shutil.copy(bench.path("b.so"), bench.path("stripped.so"))
    bench.run("strip", "-s", out)
    database = bench.host("ours", "+./a.so", "=a", "+./stripped.so", "=b")
    n = database.execute("SELECT count(*) FROM allocations WHERE size = 1001").fetchone()
    assert n == (20,), n


def test_another_version_stays_out(bench):
    out = bench.path("older.so")
    with open(bench.path("b.so"), "rb") as old:
        data = old.read()
    version = bench.run(os.path.join(BINDIR, "rheaper-cc"), "--rheaper-version").split()[-1]
    assert data.count(version.encode() + b"\0") >= 2
    with open(out, "wb") as new:
        new.write(data.replace(version.encode() + b"\0", b"9" * len(version) + b"\0"))
    database = bench.host("plain", "+./a.so", "=a", "+./older.so", "=b")
    check_work(database, "a")
    # the program's exported malloc sees it all the same
    check_work(bench.host("ours", "+./a.so", "=a", "+./older.so", "=b"), "a", "b")


def test_every_linker(bench):
    for linker in "bfd", "gold", "lld", "mold":
        if not shutil.which("ld." + linker):
            continue
        for name in "a", "b":
            bench.plugin(name, "-fuse-ld=" + linker, out=bench.path(f"{linker}-{name}.so"))
        words = [f"+./{linker}-a.so", "=a", f"+./{linker}-b.so", "=b"]
        check_work(bench.host("plain", *words), "a", "b")
        check_work(bench.host("ours", *words), "a", "b")


def test_link_options(bench):
    script = bench.file("map", "{ global: work_*; local: *; };")
    for words in (["-Wl,-Bsymbolic"], ["-Wl,--version-script=" + script], ["-Wl,-z,defs"],
                  ["-Wl,--exclude-libs,ALL"], ["-Wl,--gc-sections", "-fvisibility=default"],
                  ["-flto"], ["-Wl,-z,now", "-Wl,-z,text"], ["-Wl,--no-undefined,--as-needed"]):
        for name in "a", "b":
            bench.plugin(name, *words, out=bench.path(f"option-{name}.so"))
        check_work(bench.host("plain", "+./option-a.so", "=a", "+./option-b.so", "=b"), "a", "b")
        check_work(bench.host("ours", "+./option-a.so", "=a", "+./option-b.so", "=b"), "a", "b")


def test_cplusplus(bench):
    if not shutil.which("c++"):
        raise tap.Skip("there is no C++ compiler")
    source = bench.file("x.cpp", 'extern "C" int work_x(void)'
                        '{ delete[] new char[333]; delete new long; return 0; }')
    bench.plugin("x", "-O0", source=source, driver="c++")
    for host in "plain", "ours":
        database = bench.host(host, "+./x.so", "=x")
        assert blocks(database, "operator new[](unsigned long)") == {("work_x", 333): (1, 0)}, blocks(database, "_Znam")
        assert database.execute("SELECT count(*) FROM mismatches").fetchone() == (0,)


def test_blocks_that_libc_hands_out(bench):
    for i, (code, (function, size)) in enumerate(RESULTS.items()):
        source = bench.file(f"r{i}.c", "#include <argz.h>\n#include <stdio.h>\n"
                            "#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n"
                            "#include <wchar.h>\n"
                            f"int work_r{i}(void) {{ {code} return 0; }}\n")
        bench.plugin(f"r{i}", "-O0", "-D_GNU_SOURCE", source=source)
        database = bench.host("plain", "+" + bench.path(f"r{i}.so"), f"=r{i}")
        rows = blocks(database, function)
        assert rows == {(f"work_r{i}", size): (1, 0)}, (code, rows)
        assert losses(database) == {}, (code, losses(database))


def test_declared_function_mark_and_scope(bench):
    source = bench.file("m.c", """
#include <stdlib.h>
#include <rheaper.h>
void *arena_get(size_t size);
void arena_put(void *p);
int work_m(void)
{
	rheaper_mark("in the plug-in");
	RHEAPER_SCOPE("its work");
	arena_put(arena_get(444));
	return 0;
}""")
    arena = bench.file("arena.c", "#include <stdlib.h>\n"
                       "void *arena_get(size_t size) { return malloc(size + 16); }\n"
                       "void arena_put(void *p) { free(p); }\n")
    include = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "include")
    bench.plugin("m", arena, "-O0", "-I" + include, "--rheaper-wrap=arena_get:malloc:freed-by=arena_put",
                 "--rheaper-wrap=arena_put:free", source=source)
    for host in "plain", "ours":
        database = bench.host(host, "+./m.so", "=m")
        assert blocks(database, "arena_get") == {("work_m", 444): (1, 0)}
        assert database.execute("SELECT text FROM markers").fetchall() == [("in the plug-in",)]
        scopes = database.execute("SELECT name, ending, allocations, allocated_bytes FROM scope_totals").fetchall()
        assert scopes == [("its work", "ended", 1, 444)], scopes


def test_musl(bench):
    """It lacks functions that glibc has, and is asked for none that nobody calls."""
    if not shutil.which("musl-gcc"):
        raise tap.Skip("no musl-gcc here")
    bench.env["RHEAPER_REAL_CC"] = "musl-gcc"
    source = bench.file("musl.c", PLUGIN.replace("NAME", "musl").replace(
        "return 0;", "free(strdup(realpath(\"/\", 0)));\n\treturn 0;"))
    try:
        host = [bench.path("host.c"), "-DRTLD_DEEPBIND=0"]
        bench.run("musl-gcc", *host, "-o", "musl-plain")
        for linker in "bfd", "gold", "lld", "mold":
            if not shutil.which("ld." + linker):
                continue
            words = "-fuse-ld=" + linker, "-include", "string.h"
            out = bench.plugin("musl", *words, source=source, out=bench.path(linker + "-musl.so"))
            bench.build(*host, "-o", "musl-ours", *words, "--rheaper-capture=link")
            for name in "musl-plain", "musl-ours":
                database = bench.host(name, "+" + out, "=musl")
                check_work(database, "musl")
                assert blocks(database, "strdup") == {("work_musl", 2): (1, 0)}, (linker, name)
                capture = database.execute("SELECT capture FROM processes").fetchone()
                assert capture == ("link",), (linker, name)
    finally:
        del bench.env["RHEAPER_REAL_CC"]


def test_extension_of_an_interpreter(bench):
    """A program that nobody builds for us: Python, through ctypes."""
    script = """
import ctypes, threading
a, b = ctypes.CDLL("./a.so"), ctypes.CDLL("./b.so")
threads = [threading.Thread(target=f) for f in (a.work_a, b.work_b) * 4]
for t in threads:
    t.start()
for t in threads:
    t.join()
"""
    check_work(bench.trace(sys.executable, "-c", script), "a", "b", times=4)


tap.run(globals(), Bench)
