#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where names and lines come from: one program, traced once, whose symbols then move
about. What is gone must give module+0xoffset, never a wrong name.

usage: check-symbols.py RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SYMBOLS-AT

Prints TAP, one point per test_ function.
"""
import ctypes
import os
import shutil
import sqlite3
import struct
import subprocess
import sys

import compressed
import symbolizers
import tap
from workbench import Workbench

LOADER, BIN, SYMBOLS_AT = (os.path.abspath(path) for path in sys.argv[1:4])

PROGRAM = """
#include <stdlib.h>
#define OWN __attribute__((noinline, noclone))
static void *volatile keep;
static OWN void leaf(int size)
{
	keep = malloc(size);
}
static inline __attribute__((always_inline)) void inlined(int size)
{
	leaf(size);
	__asm__ volatile("" : : : "memory");
}
static OWN void outer(int size)
{
	inlined(size);
	__asm__ volatile("" : : : "memory");
}
int main(void)
{
	outer(1234);
	return 0;
}
"""
FULL = [("leaf", 7), ("inlined", 11), ("outer", 16), ("main", 21)]
NAMES = [("leaf", None), ("outer", None), ("main", None)]

# A symbol without a size before a function that strip leaves without a name
NEIGHBOUR = """
#include <stdlib.h>
__asm__(".text\\n.globl neighbour\\n.type neighbour, %function\\nneighbour:\\n\\tnop\\n");
static void *volatile keep;
static __attribute__((noinline, noclone)) void hidden(void)
{
	keep = malloc(1234);
}
int main(void)
{
	hidden();
	return 0;
}
"""


# Templates, functions without names, inlined some levels deep
INLINES = """
#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>
namespace n {
struct Key { int a; std::string b; bool operator<(const Key &o) const {
	return a < o.a || (a == o.a && b < o.b); } };
template <int N> struct Step {
	static int run(std::map<Key, std::vector<Key>> &m, int x)
	{
		std::vector<Key> keys;
		for (int i = 0; i < x; i++)
			keys.push_back(Key{i * N, std::to_string(i ^ N)});
		std::sort(keys.begin(), keys.end(), [](const Key &l, const Key &r) {
			return l.b < r.b || (l.b == r.b && l.a < r.a + N); });
		for (auto &k : keys)
			m[k].push_back(k);
		std::function<int(int)> f = [&](int y) { return y + (int)m[keys[0]].size(); };
		return f(N) + Step<N - 1>::run(m, x);
	}
};
template <> struct Step<0> {
	static int run(std::map<Key, std::vector<Key>> &, int x) { return x; }
};
}
int main(int count, char **)
{
	std::map<n::Key, std::vector<n::Key>> m;
	return n::Step<3>::run(m, count) == 0;
}
"""


# 20,000 functions that have one list of 20,000 ranges in common
SHARED_RANGES = """
	.globl main
	.type main, %function
main:	.skip 1000, 0x90
	ret
	.size main, . - main
	.section .debug_abbrev
	.byte 1, 0x11, 1, 0x11, 1, 0x12, 7, 0, 0 # unit: low_pc, high_pc
	.byte 2, 0x2e, 0, 3, 8, 0x55, 0x17, 0, 0 # function: name, ranges
	.byte 0
	.section .debug_info
	.long 2f - 1f
1:	.short 4
	.long 0
	.byte 8, 1
	.quad main, 1000
	.rept 20000
	.byte 2
	.asciz "f"
	.long 0
	.endr
	.byte 0
2:
	.section .debug_ranges
	.rept 20000
	.quad 1, 2
	.endr
	.quad 0, 0
	.section .note.GNU-stack, "", %progbits
"""


class Bench(Workbench):
    """Programs in one place, which a test takes to pieces: each has a copy of its own."""

    def __init__(self, directory):
        super().__init__(directory)
        self.env.pop("DEBUGINFOD_URLS", None)
        self.file("p.c", PROGRAM)
        self.n = 0

    def build(self, *words, source="p.c", name="program", compiler="rheaper-cc"):
        """Builds and runs a program: its path, its trace."""
        self.n += 1
        os.mkdir(self.path(f"d{self.n}"))
        program = self.path(f"d{self.n}/{name}")
        self.run(f"{BIN}/{compiler}", "-O1", *(words or ["-g"]), source, "-o", program)
        trace = self.path(f"d{self.n}/trace.bin")
        self.run(program, RHEAPER_TRACE=trace)
        return program, trace

    def load(self, program, trace, *words, said="", **env):
        """The frames of the program's own block, and all else that the database names."""
        database = trace + ".db"
        result = subprocess.run([LOADER, "--force", "-q", *words, trace, database], text=True,
                                capture_output=True, cwd=self.dir, env={**self.env, **env})
        assert result.returncode == 0, result
        assert said is None or said in result.stderr, result
        assert said is None or said or "--sysroot" in words or not result.stderr, result
        with sqlite3.connect(database) as profile:
            return profile.execute(
                "SELECT sym, line, file FROM backtraces JOIN allocations ON bt = backtraces.id"
                " WHERE size = 1234 AND module_path = ? AND sym <> '_start' ORDER BY frame_no",
                [program]).fetchall()

    def frames(self, *words, **more):
        return [row[:2] for row in self.load(*words, **more)]

    def nameless(self, program, trace, *words, **more):
        """Loads, and sees to it that nothing has a name. `_start` is there, too."""
        frames = self.load(program, trace, *words, **more)
        base = os.path.basename(program)
        assert len(frames) == 4, frames
        assert all(sym.startswith(base + "+0x") and line is None and file is None
                   for sym, line, file in frames), frames

    def separate(self, program):
        """Moves the debug information out; the path of the file that has it."""
        self.run("objcopy", "--only-keep-debug", program, program + ".debug")
        self.run("strip", program)
        return program + ".debug"

    def put_by_id(self, debug, directory, suffix=".debug"):
        """Moves a file to where its build id says; the build id."""
        notes = self.run("readelf", "-n", debug, silent=False)
        build_id = notes.split("Build ID:")[1].split()[0]
        place = os.path.join(directory, ".build-id", build_id[:2])
        os.makedirs(place)
        shutil.move(debug, os.path.join(place, build_id[2:] + suffix))
        return build_id


def need(program):
    if not shutil.which(program):
        raise tap.Skip("no " + program)


def test_the_program_itself(b):
    assert b.frames(*b.build()) == FULL


def test_older_and_split_and_compressed_debug_information(b):
    for words in ["-gdwarf-4"], ["-gdwarf-3"], ["-g", "-gz"], ["-g1"]:
        assert b.frames(*b.build(*words)) == FULL, words
    assert b.frames(*b.build("-g", "-gsplit-dwarf")) == FULL


def symbols(b, program, trace):
    """The frames, and what became of the program's symbols."""
    frames = b.frames(program, trace)
    with sqlite3.connect(trace + ".db") as db:
        (found,), = db.execute("SELECT symbols FROM modules WHERE path = ?", (program,))
    return frames, found


def test_debug_information_that_nobody_can_decompress(b):
    """Of a program, of its separate file; and compressed by zstd, which elfutils before 0.189 cannot read."""
    for separate in False, True:
        program, trace = b.build("-g", "-gz")
        assert symbols(b, program, trace) == (FULL, "found")
        spoilt = program
        if separate:
            spoilt = b.separate(program)
            b.run("objcopy", "--add-gnu-debuglink=" + spoilt, program)
        assert compressed.spoil(spoilt) > 0
        frames, found = symbols(b, program, trace)
        assert found == "unreadable", found
        assert separate or frames == NAMES, frames
    program, trace = b.build()
    b.run("objcopy", "--compress-debug-sections=zlib", program)
    assert symbols(b, program, trace) == (FULL, "found")
    b.run("objcopy", "--decompress-debug-sections", program)
    if subprocess.run(["objcopy", "--compress-debug-sections=zstd", program]).returncode == 0:
        assert symbols(b, program, trace) in [(FULL, "found"), (NAMES, "unreadable")]


def test_a_stripped_program_has_no_names(b):
    program, trace = b.build()
    b.run("strip", program)
    b.nameless(program, trace)


def test_a_symbol_table_alone(b):
    program, trace = b.build()
    b.run("strip", "-g", program)
    assert b.frames(program, trace) == NAMES


def test_an_exported_neighbour_is_no_name(b):
    b.file("neighbour.c", NEIGHBOUR)
    words = "-g0", "-rdynamic", "-fno-toplevel-reorder"
    program, trace = b.build(*words, source="neighbour.c")
    assert b.frames(program, trace) == [("hidden", None), ("main", None)]
    assert "neighbour" in b.run("nm", "-D", program)
    b.run("strip", program)
    frames = b.frames(program, trace)
    # main is exported, and has a size
    assert frames[0][0].startswith("program+0x") and frames[1][0] == "main", frames


def test_a_debug_link(b):
    program, trace = b.build()
    debug = b.separate(program)
    b.run("objcopy", "--add-gnu-debuglink=" + debug, program)
    assert b.frames(program, trace) == FULL
    os.mkdir(os.path.dirname(program) + "/.debug")
    shutil.move(debug, os.path.dirname(program) + "/.debug/program.debug")
    assert b.frames(program, trace) == FULL
    shutil.rmtree(os.path.dirname(program) + "/.debug")
    b.nameless(program, trace)


def change_segments(path, change):
    """Changes the loaded segments of a file: change(number, header) gives a new (type, size)."""
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        wide = data[4] == 2  # ELFCLASS64
        at, size, n = (struct.unpack_from("<Q", data, 32)[0], 56, struct.unpack_from("<H", data, 56)[0]) \
            if wide else (struct.unpack_from("<I", data, 28)[0], 32, struct.unpack_from("<H", data, 44)[0])
        loaded = [at + i * size for i in range(n) if struct.unpack_from("<I", data, at + i * size)[0] == 1]
        for number, header in enumerate(loaded):
            place, form = (header + 40, "<Q") if wide else (header + 20, "<I")
            kind, memory = change(number, struct.unpack_from(form, data, place)[0])
            struct.pack_into("<I", data, header, kind)
            struct.pack_into(form, data, place, memory)
        file.seek(0)
        file.write(data)


def test_debug_information_with_other_segments(b):
    """As mold splits it off (--separate-debug-file): none, or a first one that is smaller."""
    for change in (lambda _, size: (0, size)), (lambda i, size: (1, size if i else 16)):
        program, trace = b.build()
        debug = b.separate(program)
        change_segments(debug, change)
        b.run("objcopy", "--add-gnu-debuglink=" + debug, program)
        assert b.frames(program, trace) == FULL, b.frames(program, trace)


def test_a_debug_link_of_elfutils(b):
    need("eu-strip")
    program, trace = b.build()
    b.run("eu-strip", "-f", program + ".debug", program)
    assert b.frames(program, trace) == FULL


def test_the_checksum_of_a_debug_link(b):
    program, trace = b.build("-g", "-Wl,--build-id=none")
    debug = b.separate(program)
    b.run("objcopy", "--add-gnu-debuglink=" + debug, program)
    newer = "it has no build-id, and was written after the trace"
    assert b.frames(program, trace, said=newer) == FULL
    with open(debug, "ab") as out:
        out.write(b"\0")
    b.nameless(program, trace, said=newer)


def test_another_build_of_an_older_date(b):
    """The limit: without a build-id the date of the file is all that tells. With one, none does."""
    b.file("other.c", PROGRAM.replace("leaf", "loaf"))
    for words, is_known in (["-Wl,--build-id=none"], False), (["-Wl,--build-id"], True):
        program, trace = b.build("-g", *words)
        begun = os.stat(trace).st_mtime
        b.run("cp", "-p", program, program + ".copy")
        os.rename(program + ".copy", program)
        assert os.stat(program).st_ctime > os.stat(program).st_mtime
        os.utime(program, (begun - 100, begun - 100))
        assert b.frames(program, trace) == FULL  # an unchanged one that was copied: its inode is new
        other, _ = b.build("-g", *words, source="other.c")
        os.rename(other, program)
        os.utime(program, (begun - 100, begun - 100))
        if is_known:
            b.nameless(program, trace, said="its build-id differs")
        else:
            assert b.frames(program, trace) == [(sym.replace("leaf", "loaf"), line) for sym, line in FULL]


def test_a_debug_link_to_another_build(b):
    program, trace = b.build()
    b.file("other.c", PROGRAM.replace("leaf", "loaf"))
    other, _ = b.build(source="other.c")
    b.run("strip", program)
    debug = b.separate(other)
    shutil.move(debug, program + ".debug")
    b.run("objcopy", "--add-gnu-debuglink=" + program + ".debug", program)
    b.nameless(program, trace)


def test_a_directory_of_build_ids(b):
    program, trace = b.build()
    b.put_by_id(b.separate(program), b.path("ids"))
    b.nameless(program, trace)
    os.mkdir(b.path("none"))
    assert b.frames(program, trace, "--debug-dir", "none", "--debug-dir", "ids") == FULL
    assert b.frames(program, trace, "--debug-dir=" + b.path("ids")) == FULL


def test_a_program_of_another_build_gives_no_names(b):
    program, trace = b.build()
    debug = b.separate(program)
    b.file("other.c", PROGRAM.replace("leaf", "loaf"))
    other, _ = b.build(source="other.c")
    shutil.copy(other, program)
    b.nameless(program, trace, said="build-id differs")
    # What the build id finds is right, whatever lies under the name
    b.put_by_id(debug, b.path("right"))
    assert b.frames(program, trace, "--debug-dir", "right") == FULL
    os.remove(program)
    assert b.frames(program, trace, "--debug-dir", "right") == FULL
    b.nameless(program, trace, said="it cannot be opened")


def test_a_program_under_its_build_id(b):
    program, trace = b.build()
    b.put_by_id(program, b.path("programs"), suffix="")
    assert b.frames(program, trace, "--debug-dir", "programs") == FULL


# Notes that are aligned to 4 and to 8: a gap is between them where a linker keeps them in this order
NOTES = PROGRAM + r"""
#define NOTE(name, alignment, size) ".pushsection .note." name ", \"a\", @note\n.balign " alignment "\n" \
	".4byte 4, " size ", 1\n.asciz \"TST\"\n.skip " size "\n.popsection\n"
__asm__(NOTE("four", "4", "4") NOTE("eight", "8", "8"));
"""


def test_a_build_id_among_other_notes(b):
    b.file("notes.c", NOTES)
    linkers = [linker for linker in ("bfd", "gold", "lld", "mold") if shutil.which("ld." + linker)]
    assert linkers
    for linker in linkers:
        program, trace = b.build("-g", "-fuse-ld=" + linker, "-Wl,--build-id", source="notes.c")
        assert b.frames(program, trace) == FULL, linker
        with sqlite3.connect(trace + ".db") as db:
            (found,), = db.execute("SELECT build_id FROM modules WHERE path = ?", (program,))
        notes = b.run("readelf", "-n", program, silent=False)
        assert found == notes.split("Build ID:")[1].split()[0], (linker, found, notes)


def test_mini_debug_information(b):
    need("xz")
    program, trace = b.build()
    debug = b.separate(program)
    b.run("objcopy", "-S", "--remove-section=.comment", "--keep-symbol=leaf",
          "--keep-symbol=outer", "--keep-symbol=main", debug, program + ".mini")
    b.run("xz", program + ".mini")
    b.run("objcopy", "--add-section=.gnu_debugdata=" + program + ".mini.xz", program)
    os.remove(debug)
    frames = b.frames(program, trace)
    assert frames[:3] == NAMES and frames[3][0].startswith("program+0x"), frames


def test_an_alternate_file(b):
    need("dwz")
    program, trace = b.build()
    shutil.copy(program, program + "2")
    common = os.path.dirname(program) + "/common.debug"
    b.run("dwz", "-m", common, "-M", "common.debug", program, program + "2", silent=False)
    assert ".gnu_debugaltlink" in b.run("readelf", "-SW", program)
    assert b.frames(program, trace) == FULL
    # Of what was moved there, nothing is invented
    os.remove(common)
    frames = b.frames(program, trace)
    assert [sym for sym, _ in frames if "+0x" not in sym] in (
        ["leaf", "outer", "main"], ["leaf", "inlined", "outer", "main"]), frames


def test_another_machine(b):
    program, trace = b.build()
    # No link leads out of there, not even one that cannot be followed
    loop = b.path("loop")
    os.makedirs(loop + os.path.dirname(os.path.dirname(program)))
    os.symlink(os.path.dirname(program), loop + os.path.dirname(program))
    b.nameless(program, trace, "--sysroot", loop, said="it cannot be opened")
    root = b.path("root")
    os.makedirs(root + os.path.dirname(program))
    debug = b.separate(program)
    b.put_by_id(debug, root + "/usr/lib/debug")
    shutil.move(program, root + program)
    assert b.frames(program, trace, "--sysroot", root) == FULL
    # A link from there means a file there
    os.mkdir(root + "/store")
    shutil.move(root + program, root + "/store/program")
    os.symlink("/store/program", root + program)
    assert b.frames(program, trace, "--sysroot", root) == FULL
    b.nameless(program, trace, said="it cannot be opened")


def test_a_debug_link_below_a_sysroot(b):
    program, trace = b.build("-g", "-Wl,--build-id=none")
    root = b.path("root2")
    debug = b.separate(program)
    b.run("objcopy", "--add-gnu-debuglink=" + debug, program)
    os.makedirs(root + os.path.dirname(program))
    places = root + "/usr/lib/debug" + os.path.dirname(program)
    os.makedirs(places)
    shutil.move(program, root + program)
    shutil.move(debug, places)
    assert b.frames(program, trace, "--sysroot", root) == FULL


def test_the_network_is_asked_when_told(b):
    try:
        ctypes.CDLL("libdebuginfod.so.1")
    except OSError:
        raise tap.Skip("no libdebuginfod") from None
    program, trace = b.build()
    debug = b.separate(program)
    build_id = b.put_by_id(debug, b.path("served"))
    os.makedirs(b.path("server/buildid/" + build_id))
    shutil.move(b.path(f"served/.build-id/{build_id[:2]}/{build_id[2:]}.debug"),
                b.path(f"server/buildid/{build_id}/debuginfo"))
    env = {"DEBUGINFOD_URLS": "file://" + b.path("server"),
           "DEBUGINFOD_CACHE_PATH": b.path("cache")}
    b.nameless(program, trace, **env)
    assert not os.path.exists(b.path("cache"))
    assert b.frames(program, trace, "--debuginfod", **env) == FULL
    result = b.run(LOADER, "-q", "--debuginfod", trace, b.path("x.db"), status=2, silent=False)
    assert result == "" and not os.path.exists(b.path("x.db"))


def test_names_of_any_kind(b):
    name = "größe \"x'; DROP TABLE blocks;--\n\t<b>"
    b.file("odd.c", PROGRAM)
    b.run("gcc", "-O1", "-g0", "-c", "odd.c", "-o", "odd.o")
    b.run("objcopy", "--redefine-sym", "leaf=" + name, "odd.o")
    program, trace = b.build("-g0", source="odd.o", name=name.replace("/", ""))
    assert b.frames(program, trace) == [(name, None), *NAMES[1:]]
    b.run("strip", program)
    b.nameless(program, trace)
    # The same for files
    source = "dir \"q'\nu\u00f6.c"
    b.file(source, PROGRAM)
    rows = b.load(*b.build(source=source))
    assert [row[:2] for row in rows] == FULL
    assert {row[2] for row in rows} == {b.path(source)}, rows


def test_a_name_of_ten_megabytes(b):
    b.file("long.c", PROGRAM)
    b.run("gcc", "-O1", "-g0", "-c", "long.c", "-o", "long.o")
    for name in "x" * (10 << 20), "_Z" + "P" * (10 << 20):
        b.run("objcopy", "--redefine-syms=" + b.file("redefine", f"leaf {name}\n"), "long.o",
              "longer.o")
        assert b.frames(*b.build("-g0", source="longer.o")) == [(name, None), *NAMES[1:]]


def test_a_program_that_is_cut(b):
    program, trace = b.build()
    with open(program, "rb") as whole:
        content = whole.read()
    os.remove(program)
    for size in range(0, len(content), len(content) // 23):
        with open(program, "wb") as out:
            out.write(content[:size])
        frames = b.load(program, trace, said=None)
        # What is there may be known; nothing is another function
        assert len(frames) in (4, 5), (size, frames)
        for (sym, _, _), name in zip(frames[:1] + frames[-2:-1], ("leaf", "main")):
            assert sym == name or sym.startswith("program+0x"), (size, frames)


def test_mangled_names(b):
    b.file("q.cpp", PROGRAM.replace("leaf(int", "leaf(long").replace(
        "static OWN void outer", "namespace n { template <class T> OWN void outer(T); }\n"
        "template <class T> OWN void n::outer").replace("outer(int size)", "outer(T size)")
        .replace("outer(1234)", "n::outer(1234)"))
    program, trace = b.build(source="q.cpp", compiler="rheaper-c++")
    names = ["leaf(long)", "inlined(int)", "void n::outer<int>(int)", "main"]
    assert [sym for sym, _ in b.frames(program, trace)] == names
    b.run("strip", "-g", program)
    assert [sym for sym, _ in b.frames(program, trace)] == names[:1] + names[2:]


def test_what_others_say(b):
    b.file("inlines.cpp", INLINES)
    b.run("g++", "-O2", "-g", "inlines.cpp", "-o", "inlines")
    addresses = symbolizers.choose_addresses(b.path("inlines"), 500)
    ours, _, _ = symbolizers.ask([SYMBOLS_AT, b.path("inlines")], addresses)
    assert max(map(len, ours.values())) >= 5, max(map(len, ours.values()))
    judges = symbolizers.judges(b.path("inlines"))
    if not judges:
        raise tap.Skip("none of " + ", ".join(name for name, _ in symbolizers.JUDGES))
    theirs = {name: symbolizers.ask(command, addresses)[0] for name, command in judges}
    for address in addresses:
        differences = {name: symbolizers.difference(ours[address], answers[address])
                       for name, answers in theirs.items()}
        assert None in differences.values(), (
            hex(address), differences, ours[address], [a[address] for a in theirs.values()])


def functions(b, program):
    """Name: address, size."""
    rows = map(str.split, b.run("nm", "-S", "--defined-only", program).splitlines())
    return {words[3]: (int(words[0], 16), int(words[1], 16)) for words in rows
            if len(words) == 4 and words[2] in "tTwW"}


def test_code_that_was_dropped_gives_no_lines(b):
    """Its own begin at address 0 then, and reach into the code of other functions."""
    dropped = "".join(f"\tsink = x * {i};\n" for i in range(3, 4000))
    b.file("dropped.cpp", f'volatile int sink;\nextern "C" void dropped(int x)\n{{\n{dropped}}}\n' + INLINES)
    for words in ["-gdwarf-5"], ["-gdwarf-3", "-gz"]:
        told = []
        for way in "no-gc-sections", "gc-sections":
            b.run("g++", "-O1", *words, "-ffunction-sections", "-fPIE", "-pie", "-Wl,--" + way, "dropped.cpp",
                  "-o", way)
            places = functions(b, way)
            assert ("dropped" in places) == (way == "no-gc-sections"), places
            asked = {start + offset: (name, offset) for name, (start, size) in places.items()
                     for offset in range(0, size, 5)}
            answers, _, _ = symbolizers.ask([SYMBOLS_AT, b.path(way)], sorted(asked))
            told.append({asked[address]: answer for address, answer in answers.items()})
        kept, rest = told
        common = kept.keys() & rest.keys()
        assert len(common) > 1000, len(common)
        differences = [(place, kept[place], rest[place]) for place in common if kept[place] != rest[place]]
        assert not differences, (words, len(differences), len(common), differences[:5])


# A program's status and the most memory that it had, in KiB. What starts it counts, too, so it
# is started by this and not by the test, which has grown.
MEASURE = """import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(status, usage.ru_maxrss, file=sys.stderr)
"""


def test_memory_does_not_grow_with_what_entries_share(b):
    b.file("shared.s", SHARED_RANGES)
    b.run("gcc", "shared.s", "-o", "shared")
    symbols = b.run("nm", "shared")
    main = next(int(line.split()[0], 16) for line in symbols.splitlines()
                if line.endswith(" T main"))
    with open(b.file("asked", f"{main + 1:x}\n")) as asked, open(b.path("told"), "w") as told:
        measured = subprocess.run([sys.executable, "-c", MEASURE, SYMBOLS_AT, b.path("shared")],
                                  stdin=asked, stdout=told, stderr=subprocess.PIPE, text=True)
    status, most = map(int, measured.stderr.split()[-2:])
    assert status == 0 and most < 200 << 10, (status, most)
    with open(b.path("told")) as told:
        assert told.read().startswith(f"0x{main + 1:x}\nf\n")


def test_wrong_words(b):
    program, trace = b.build()
    os.mkdir(b.path("a:b"))
    for words, said in (["--debug-dir", "nowhere"], "No such file"), \
            (["--sysroot", "p.c"], "not a directory"), (["--debug-dir", "a:b"], "colon"):
        result = subprocess.run([LOADER, *words, trace, b.path("x.db")], text=True, cwd=b.dir,
                                capture_output=True, env=b.env)
        assert result.returncode == 2 and said in result.stderr, result
        assert not os.path.exists(b.path("x.db"))


tap.run(globals(), Bench)
