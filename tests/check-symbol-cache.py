#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names that outlive a rebuild: programs are traced, built again, and then loaded. Without
RHEAPER_SYMBOLS=keep the loader must say what to do, and no verdict hang on what is left.

usage: check-symbol-cache.py RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY RHEAPER-CHECK KEEPER

Prints TAP, one point per test_ function.
"""
import os
import resource
import shutil
import sqlite3
import subprocess
import sys

import tap
from workbench import Workbench

LOADER, BIN, CHECK, KEEPER = (os.path.abspath(path) for path in sys.argv[1:5])

PROGRAM = """
#include <stdlib.h>
#define OWN __attribute__((noinline, noclone))
static void *volatile keep;
static OWN void %s(int size)
{
	keep = malloc(size);
}
int main(void)
{
	%s(1234);
	return 0;
}
"""
LIBRARY = """
#include <stdlib.h>
void *volatile kept;
static __attribute__((noinline, noclone)) void in_library(int size)
{
	kept = malloc(size);
}
void library_call(void) { in_library(1234); __asm__ volatile("" : : : "memory"); }
"""
CALLER = """
void library_call(void);
int main(void) { library_call(); return 0; }
"""
ADVICE = "load traces before rebuilding, or run with RHEAPER_SYMBOLS=keep"


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.env.pop("XDG_CACHE_HOME", None)
        self.env["HOME"] = directory + "/home"
        os.mkdir(self.env["HOME"])
        self.cache = self.path("home/.cache/rheaper/symbols")

    def build(self, function, *words):
        source = self.file("p.c", PROGRAM % (function, function))
        self.run(f"{BIN}/rheaper-cc", "-O1", "-g", "-Wl,--build-id", *words, source, "-o",
                 self.path("program"))
        return self.path("program")

    def trace(self, program, name="t.bin", silent=True, **env):
        if os.path.exists(self.path(name)):
            os.remove(self.path(name))
        result = subprocess.run([program], env={**self.env, "RHEAPER_TRACE": self.path(name),
                                                **env},
                                text=True, capture_output=True, cwd=self.dir)
        assert result.returncode == 0, result
        assert not silent or result.stderr == "", result
        self.said = result.stderr
        return self.path(name)

    def names(self, trace, *words, said="", **env):
        """The functions of the block of 1234 bytes, up to main."""
        result = subprocess.run([LOADER, "--force", "-q", *words, trace, trace + ".db"],
                                text=True, capture_output=True, cwd=self.dir,
                                env={**self.env, **env})
        assert result.returncode == 0, result
        assert said in result.stderr if said else not result.stderr, result
        with sqlite3.connect(trace + ".db") as profile:
            names = [row[0] for row in profile.execute(
                "SELECT sym FROM backtraces JOIN allocations ON bt = backtraces.id"
                " WHERE size = 1234 ORDER BY frame_no")]
        return names[:names.index("main") + 1] if "main" in names else names

    def build_id(self, path):
        notes = self.run("readelf", "-n", path, silent=False)
        return notes.split("Build ID:")[1].split()[0]

    def build_id_or_none(self, path):
        notes = self.run("readelf", "-n", path, silent=False)
        return self.build_id(path) if "Build ID:" in notes else None

    def kept(self):
        return sorted(os.listdir(self.cache))

    def is_lost(self, trace, *words, **env):
        names = self.names(trace, *words, said=ADVICE, **env)
        assert names[0].startswith("program+0x"), names
        return True


def test_a_rebuild_takes_the_names_and_says_so(b):
    trace = b.trace(b.build("first"))
    b.build("second")
    assert b.is_lost(trace)
    assert not os.path.exists(b.env["HOME"] + "/.cache")
    os.remove(b.path("program"))
    assert b.is_lost(trace)


def test_what_is_kept_has_names_after_a_rebuild(b):
    for words in [], ["-static"], ["-no-pie"], ["-static-pie"]:
        trace = b.trace(b.build("first", *words), RHEAPER_SYMBOLS="keep")
        b.build("second", *words)
        assert b.names(trace) == ["first", "main"], words
        os.remove(b.path("program"))
        assert b.names(trace) == ["first", "main"], words


def test_modes_and_names(b):
    program = b.build("first")
    b.trace(program, RHEAPER_SYMBOLS="keep")
    name = b.build_id(program) + ".symbols"
    assert name in b.kept()
    assert all(kept.endswith(".symbols") for kept in b.kept()), b.kept()
    copy = os.path.join(b.cache, name)
    assert open(copy, "rb").read() == open(program, "rb").read()
    assert os.stat(copy).st_mode & 0o7777 == 0o600
    for directory in b.cache, os.path.dirname(b.cache), b.env["HOME"] + "/.cache":
        assert os.stat(directory).st_mode & 0o7777 == 0o700
    before = os.stat(copy)
    os.utime(copy, (1, 1))
    b.trace(program, RHEAPER_SYMBOLS="keep")
    after = os.stat(copy)
    assert after.st_ino == before.st_ino and after.st_mtime > 1000


def test_shared_libraries(b):
    b.file("l.c", LIBRARY)
    b.file("c.c", CALLER)
    for path in "libl.so", "later/libl.so":
        os.makedirs(os.path.dirname(b.path(path)), exist_ok=True)
    b.run(f"{BIN}/rheaper-cc", "-O1", "-g", "-shared", "-fPIC", "l.c", "-o", "libl.so",
          "-Wl,--build-id")
    b.run(f"{BIN}/rheaper-cc", "-O1", "-g", "c.c", "./libl.so", "-o", "program")
    trace = b.trace(b.path("program"), RHEAPER_SYMBOLS="keep")
    os.remove(b.path("libl.so"))
    assert b.names(trace) == ["in_library", "library_call", "main"]
    shutil.rmtree(b.cache)
    names = b.names(trace, said="/libl.so: it cannot be opened")
    assert names[0].startswith("libl.so+0x"), names


def test_places(b):
    program = b.build("first")
    name = b.build_id(program) + ".symbols"
    for env, place in [({"XDG_CACHE_HOME": b.path("xdg")}, "xdg/rheaper/symbols"),
                       ({"RHEAPER_SYMBOLS_DIR": b.path("own/place"),
                         "XDG_CACHE_HOME": b.path("unused")}, "own/place"),
                       ({"RHEAPER_SYMBOLS_DIR": "relative"}, "relative"),
                       ({"XDG_CACHE_HOME": "not/absolute", "RHEAPER_SYMBOLS_DIR": ""},
                        "home/.cache/rheaper/symbols")]:
        trace = b.trace(program, RHEAPER_SYMBOLS="keep", **env)
        assert name in os.listdir(b.path(place)), place
        shutil.move(program, program + ".away")
        assert b.names(trace, **env) == ["first", "main"]
        shutil.move(program + ".away", program)
    assert not os.path.exists(b.path("unused")) and not os.path.exists(b.path("not"))
    b.trace(program, silent=False, RHEAPER_SYMBOLS="keep", HOME="")
    assert b.said.count("\n") == 1 and "HOME is not set" in b.said, b.said


def test_wrong_values_are_named(b):
    program = b.build("first")
    for value in "1", "0", "", "yes", "keep ", "KEEP", "keep,500M":
        b.trace(program, silent=False, RHEAPER_SYMBOLS=value)
        assert f"RHEAPER_SYMBOLS={value} is not keep" in b.said, b.said
        assert b.said.count("\n") == 1
    b.trace(program, silent=False, RHEAPER_SYMBOLS="keep", RHEAPER_SYMBOLS_BYTES="much")
    assert "RHEAPER_SYMBOLS_BYTES=much is not a value" in b.said, b.said
    assert b.build_id(program) + ".symbols" in b.kept()
    shutil.rmtree(b.cache)
    # Nothing is asked for
    b.run(program, RHEAPER_SYMBOLS="keep")
    assert not os.path.exists(b.cache)


def test_the_limit_drops_what_was_not_used_for_longest(b):
    names = []
    for i in range(4):
        program = b.build(f"f{i}", "-static") # no library beside it
        shutil.copy(program, b.path(f"p{i}"))
        names.append(b.build_id(program) + ".symbols")
    size = os.stat(program).st_size
    env = {"RHEAPER_SYMBOLS": "keep", "RHEAPER_SYMBOLS_DIR": b.path("few"),
           "RHEAPER_SYMBOLS_BYTES": str(3 * size + 100)}
    os.mkdir(b.path("few"), 0o700)
    others = ["notes.txt", "abc", ".git", "0123.symbols.bak"]
    for other in others:
        open(b.path("few/" + other), "w").write("x" * 2 * size)
    for i in range(3):
        b.trace(b.path(f"p{i}"), name=f"t{i}.bin", **env)
        os.utime(b.path("few/" + names[i]), (1000 + i, 1000 + i))
    # Loading is a use, too
    os.remove(b.path("p0"))
    assert b.names(b.path("t0.bin"), **env)[-1] == "main"
    b.trace(b.path("p3"), **env)
    assert sorted(os.listdir(b.path("few"))) == sorted(
        others + [names[0], names[2], names[3]]), os.listdir(b.path("few"))
    # One that is larger than all does not displace the others
    b.trace(b.path("p1"), **{**env, "RHEAPER_SYMBOLS_BYTES": str(size - 1)})
    assert names[1] not in os.listdir(b.path("few"))


def test_unfinished_copies_are_cleared_away(b):
    program = b.build("first")
    os.makedirs(b.cache, 0o700)
    for name, age in ("old", 2 * 86400), ("new", 3600):
        path = os.path.join(b.cache, ".unfinished-" + name)
        open(path, "w").write("x")
        os.utime(path, (os.stat(path).st_mtime - age,) * 2)
    b.trace(program, RHEAPER_SYMBOLS="keep")
    assert [n for n in b.kept() if n.startswith(".")] == [".unfinished-new"]


def test_programs_at_the_same_time(b):
    """Eight programs of four builds, a limit that three of them fit in."""
    for i in range(4):
        shutil.copy(b.build(f"f{i}"), b.path(f"p{i}"))
    size = os.stat(b.path("p0")).st_size
    env = {**b.env, "RHEAPER_SYMBOLS": "keep", "RHEAPER_SYMBOLS_BYTES": str(3 * size + 500)}
    for _ in range(5):
        running = [subprocess.Popen([b.path(f"p{i % 4}")], cwd=b.dir, text=True,
                                    stderr=subprocess.PIPE,
                                    env={**env, "RHEAPER_TRACE": b.path("t.%p.bin")})
                   for i in range(8)]
        for program in running:
            _, said = program.communicate()
            assert program.returncode == 0 and not said, said
        assert sum(os.stat(os.path.join(b.cache, n)).st_size for n in b.kept()) \
            <= 3 * size + 500
        for name in b.kept():
            assert b.build_id(os.path.join(b.cache, name)) + ".symbols" == name


def test_a_hostile_cache_gives_no_wrong_name(b):
    trace = b.trace(b.build("first"))
    name = b.build_id(b.path("program")) + ".symbols"
    shutil.copy(b.path("program"), b.path("first"))
    b.build("second")
    os.makedirs(b.cache, 0o700)
    copy = os.path.join(b.cache, name)

    def other_build():
        shutil.copy(b.path("program"), copy)

    def no_object():
        open(copy, "w").write("\177ELF, or so" * 100)

    def empty():
        open(copy, "w").close()

    def unreadable():
        other_build()
        os.chmod(copy, 0)

    def directory():
        os.mkdir(copy)

    def pipe():
        os.mkfifo(copy)

    def link():
        os.symlink(b.path("first"), copy)

    def cut():
        open(copy, "wb").write(open(b.path("first"), "rb").read(1000))

    for make in other_build, no_object, empty, unreadable, directory, pipe, link, cut:
        make()
        assert b.is_lost(trace), make.__name__
        shutil.rmtree(copy) if os.path.isdir(copy) else os.remove(copy)
    shutil.copy(b.path("first"), copy)
    assert b.names(trace) == ["first", "main"]


def test_a_program_writes_only_to_its_own_directory(b):
    program = b.build("first")
    victim = b.path("victim")
    os.makedirs(b.cache, 0o700)
    open(victim, "w").write("mine")
    copy = os.path.join(b.cache, b.build_id(program) + ".symbols")
    os.symlink(victim, copy)
    b.trace(program, silent=False, RHEAPER_SYMBOLS="keep")
    assert "cannot keep symbols" in b.said and b.said.count("\n") == 1, b.said
    assert open(victim).read() == "mine" and os.path.islink(copy)
    shutil.rmtree(b.cache)
    os.mkdir(b.cache)
    os.chmod(b.cache, 0o777)
    b.trace(program, silent=False, RHEAPER_SYMBOLS="keep")
    assert "operation not permitted" in b.said and b.said.count("\n") == 1, b.said
    assert b.kept() == []
    shutil.rmtree(b.cache)
    open(b.cache, "w").close()
    b.trace(program, silent=False, RHEAPER_SYMBOLS="keep")
    assert "not a directory" in b.said and b.said.count("\n") == 1, b.said


def test_limits_of_the_process_hurt_nothing(b):
    """A limit of file sizes, under which a copy is not complete: it is not there, and the
    program hears no SIGXFSZ."""
    program = b.build("first", "-static")
    limit = os.stat(program).st_size // 2
    env = {**b.env, "RHEAPER_TRACE": b.path("t.bin"), "RHEAPER_SYMBOLS": "keep"}
    result = subprocess.run(
        [program], env=env, text=True, capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert result.returncode == 0, result
    assert "cannot keep symbols" in result.stderr, result
    assert b.kept() == [], b.kept()


def test_a_stripped_copy_gives_way_to_a_whole_file(b):
    program = b.build("first")
    shutil.copy(program, b.path("whole"))
    b.run("strip", program)
    trace = b.trace(program, RHEAPER_SYMBOLS="keep")
    b.is_stripped = b.names(trace)
    assert b.is_stripped[0].startswith("program+0x")
    shutil.copy(b.path("whole"), program)
    assert b.names(trace) == ["first", "main"]
    # The other way round
    b.trace(program, RHEAPER_SYMBOLS="keep")
    shutil.copy(b.path("whole"), os.path.join(b.cache, b.build_id(program) + ".symbols"))
    b.run("strip", program)
    assert b.names(trace) == ["first", "main"]


def test_debug_information_beside_the_module(b):
    """A copy without debug information is found by what the module's debug link names."""
    program = b.build("first")
    b.run("objcopy", "--only-keep-debug", program, program + ".debug")
    b.run("strip", "-g", program)
    b.run("objcopy", "--add-gnu-debuglink=" + program + ".debug", program)
    trace = b.trace(program, RHEAPER_SYMBOLS="keep")

    def lines():
        assert b.names(trace) == ["first", "main"]
        with sqlite3.connect(trace + ".db") as profile:
            return profile.execute("SELECT line FROM frames WHERE function = 'first'"
                                   ).fetchone()[0]
    assert lines() == 7
    os.remove(program)
    assert lines() == 7
    os.remove(program + ".debug")
    assert lines() is None


def test_sysroot_and_debug_directories(b):
    program = b.build("first")
    build_id = b.build_id(program)
    shutil.copy(program, b.path("first"))
    trace = b.trace(program, RHEAPER_SYMBOLS="keep")
    b.build("second")
    os.mkdir(b.path("root")) # nothing of this machine is there
    assert b.names(trace, "--sysroot", b.path("root")) == ["first", "main"]
    shutil.rmtree(b.cache)
    assert b.is_lost(trace, "--sysroot", b.path("root"))
    place = b.path("debug/.build-id/" + build_id[:2])
    os.makedirs(place)
    shutil.move(b.path("first"), os.path.join(place, build_id[2:]))
    assert b.names(trace, "--debug-dir", b.path("debug")) == ["first", "main"]


def test_children_that_are_followed(b):
    b.file("fork.c", """
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void *volatile keep;
static __attribute__((noinline, noclone)) void child(void) { keep = malloc(1234); }
int main(void)
{
	keep = malloc(1);
	if (fork() == 0) {
		child();
		return 0;
	}
	wait(NULL);
	return 0;
}
""")
    b.run(f"{BIN}/rheaper-cc", "-O1", "-g", "fork.c", "-o", "program")
    b.run(b.path("program"), RHEAPER_TRACE=b.path("t.bin"), RHEAPER_FOLLOW_FORK="1",
          RHEAPER_SYMBOLS="keep")
    os.remove(b.path("program"))
    assert b.names(b.path("t.bin.1")) == ["child", "main"]


def test_a_program_that_is_killed_has_kept_itself(b):
    b.file("kill.c", (PROGRAM % ("first", "first")).replace(
        "return 0", "raise(SIGKILL)").replace("#include", "#include <signal.h>\n#include", 1))
    b.run(f"{BIN}/rheaper-cc", "-O1", "-g", "kill.c", "-o", "program")
    b.run(b.path("program"), status=-9, RHEAPER_TRACE=b.path("t.bin"), RHEAPER_SYMBOLS="keep")
    os.remove(b.path("program"))
    assert b.kept()
    result = subprocess.run([LOADER, "-q", "t.bin", "t.db"], text=True, capture_output=True,
                            cwd=b.dir, env=b.env)
    assert ADVICE not in result.stderr, result


def test_tools_keep_what_they_are_told(b):
    program = b.build("first")
    trace = b.trace(program)
    b.file("text", "no object")
    assert b.run(KEEPER, program, "/bin/sh", "text", "nowhere", "/dev/null") == "2\n"
    assert b.run(KEEPER, program) == "1\n"
    name = b.build_id(program) + ".symbols"
    assert name in b.kept() and len(b.kept()) == 2
    assert os.stat(os.path.join(b.cache, name)).st_mode & 0o7777 == 0o600
    os.remove(program)
    assert b.names(trace) == ["first", "main"]
    # The limit, and others who could write
    second = b.build("second")
    size = os.stat(second).st_size
    b.run(KEEPER, second, RHEAPER_SYMBOLS_BYTES=str(size))
    assert b.kept() == [b.build_id(second) + ".symbols"]
    os.chmod(b.cache, 0o770)
    assert b.run(KEEPER, second, status=2) == "-1\n"


def check(b, *words, status=0):
    result = subprocess.run([CHECK, *words], text=True, capture_output=True, cwd=b.dir,
                            env=b.env)
    assert result.returncode == status, result
    return result.stdout + result.stderr


LEAKS = """
#include <stdlib.h>
#define OWN __attribute__((noinline, noclone))
OWN void one(void) { *(void *volatile *)&(void *){0} = malloc(10); }
OWN void two(void) { *(void *volatile *)&(void *){0} = malloc(10); }
int main(int count, char **words)
{
	(void)words;
	if (count == 1)
		one();
	else
		two();
	return 0;
}
"""


def test_no_baseline_of_lost_names(b):
    b.file("leaks.c", LEAKS)
    b.run(f"{BIN}/rheaper-cc", "-O1", "-g", "leaks.c", "-o", "program")
    trace = b.trace(b.path("program"))
    shutil.move(b.path("program"), b.path("old"))
    b.build("second")
    said = check(b, "--write-baseline=new.baseline", trace, status=2)
    assert ADVICE in said and b.path("program") in said, said
    assert not os.path.exists(b.path("new.baseline"))
    # A database says it, too
    b.run(LOADER, "-q", trace, "lost.db", silent=False)
    said = check(b, "--write-baseline=new.baseline", "lost.db", status=2)
    assert ADVICE in said and not os.path.exists(b.path("new.baseline")), said
    shutil.move(b.path("old"), b.path("program"))
    check(b, "--write-baseline=new.baseline", trace)
    assert "one" in open(b.path("new.baseline")).read()
    # What was committed is not worn away by a verdict without names
    b.build("second")
    before = open(b.path("new.baseline")).read()
    check(b, "--baseline=new.baseline", "--update-baseline", "lost.db", status=2)
    assert open(b.path("new.baseline")).read() == before


def test_unnamed_code_is_known_by_build_and_offset(b):
    """A baseline of one leak in a stripped program covers no other."""
    b.file("leaks.c", LEAKS)
    b.run(f"{BIN}/rheaper-cc", "-O1", "-g0", "leaks.c", "-s", "-o", "program",
          "-Wl,--build-id")
    first = b.trace(b.path("program"))
    b.run(b.path("program"), "two", RHEAPER_TRACE=b.path("u.bin"))
    check(b, "--write-baseline=new.baseline", first)
    text = open(b.path("new.baseline")).read()
    assert "program+0x" in text and b.build_id(b.path("program"))[:12] in text, text
    check(b, "--baseline=new.baseline", first)
    assert "new leak" in check(b, "--baseline=new.baseline", b.path("u.bin"), status=1)


def test_without_a_build_id(b):
    """Nothing tells another build then, but that its file is newer."""
    b.file("leaks.c", LEAKS)
    words = f"{BIN}/rheaper-cc", "-O1", "-g", "leaks.c", "-o", "program"
    b.run(*words, "-Wl,--build-id=none")
    trace = b.trace(b.path("program"), RHEAPER_SYMBOLS="keep")
    assert b.build_id_or_none(b.path("program")) is None
    b.run(LOADER, "-q", trace, "good.db")
    check(b, "--write-baseline=new.baseline", "good.db")
    b.run(*words, "-Wl,--build-id=none", "-O2")
    result = subprocess.run([LOADER, "-q", trace, "late.db"], text=True, capture_output=True,
                            cwd=b.dir, env=b.env)
    assert result.returncode == 0 and "was written after the trace" in result.stderr, result
    assert "was written after" in check(b, "--baseline=new.baseline", "late.db", status=2)
    # The driver asks for one, and the user has the last word
    b.run(*words)
    assert b.build_id_or_none(b.path("program"))


def in_a_fresh_place(test):
    def run(b):
        for name in os.listdir(b.dir):
            path = b.path(name)
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) \
                else os.remove(path)
        os.mkdir(b.env["HOME"])
        test(b)
    return run


for name, test in list(globals().items()):
    if name.startswith("test_"):
        globals()[name] = in_a_fresh_place(test)
tap.run(globals(), Bench)
