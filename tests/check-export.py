#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-export: what it writes of databases whose content is known, and of a program;
what it refuses. Formats are read by their own tools: csv and json by Python's, profile.proto
by protoc and pprof, stacks by flamegraph.pl, as far as these are installed.

usage: check-export.py RHEAPER-EXPORT RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY

Prints TAP, one point per test_ function.
"""
import csv
import gzip
import io
import json
import os
import pty
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys

import tap
import versions
from workbench import Workbench

EXPORT, LOADER, BIN, SOURCE = (os.path.abspath(path) for path in sys.argv[1:5])

PROGRAM = """
#include <stdlib.h>
#define OWN __attribute__((noinline, noclone))
static void *volatile keep;
static OWN void leaf(int size)
{
	keep = malloc(size);
	keep = calloc(1, size);
}
static inline __attribute__((always_inline)) void inlined(int size)
{
	leaf(size);
	__asm__ volatile("" : : : "memory");
}
int main(void)
{
	inlined(1000);
	free(keep);
	return 0;
}
"""

# stack: its functions, innermost first; allocations, bytes, live blocks, live bytes
STACKS = {
    1: (["leaf", "inlined", "main"], 3, 300, 1, 100),
    2: (["<[u8; 4] as X>::new(int, char)", "main"], 5, 50, 0, 0),
    3: (["new\nline\t\"'`\u00f6\u2603", "", "main"], 1, 7, 1, 7),
    0: ([], 2, 20, 0, 0),
}
LINES = [
    "main;inlined;leaf {}",
    "main;<[u8: 4] as X>::new(int, char) {}",
    "[truncated];main;[unnamed];new\\x0aline\\x09\"'`\u00f6\u2603 {}",
    "[unknown] {}",
]


def insert(db, table, **values):
    db.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
               list(values.values()))


def fill(db):
    for process in 1, 2:
        insert(db, "processes", run=1, trace_path="t", pid=process, executable="/bin/it",
               started_at="2026-01-02T03:04:05.678Z", duration_ms=1500.5, pointer_size=8,
               capture="process", max_stack_depth=64, max_trackers=1, event_buffer=1, max_bytes=0, ring=0,
               sample_bytes=512, sample_rate=1, free_stacks=0, runtime_version="1", started_unix_ns=1, started_ticks=process,
               ending="exited", leak_scan_threads=0, exit_threads=0, forked=0, began_late=0,
               silent_children=0, executed_children=0, followed_children=0)
    for number, path, build_id, start in (1, "/lib/x.so", "", 8192), (2, "/bin/it", "abcd", 4096):
        insert(db, "modules", module=number, path=path, build_id=build_id)
        insert(db, "process_modules", process=1, module=number, start_address=start,
               end_address=start + 4096, bias=start)
    insert(db, "allocators", allocator=1, name="malloc", family="c")
    insert(db, "owner_chains", owner_chain=1, text="malloc")
    for reason, count in ("missing", 9), ("foreign_free", 0):
        insert(db, "losses", process=1, reason=reason, count=count, meaning="m")
    names = {}
    for stack, (functions, *values) in STACKS.items():
        if stack:
            insert(db, "stacks", stack=stack, signature="", allocator=1, depth=len(functions),
                   truncated=stack == 3, incomplete=0, damaged=0, unsampled=0, top_down_node=0,
                   bottom_up_node=0, owner_frame_no=min(1, len(functions) - 1), owner_chain=1,
                   frames="[]")
        # Two processes, which add up
        for process in 1, 2:
            allocations, size, blocks, live = (
                value // 2 if process == 1 else value - value // 2 for value in values)
            insert(db, "stack_totals", stack=stack, process=process, allocations=allocations,
                   allocated_bytes=size, live_blocks=blocks, live_bytes=live, peak_blocks=0, peak_bytes=0,
                   own_peak_bytes=0, own_peak_ns=0, temporary_blocks=0, recorded_blocks=1)
        for name in functions:
            if name not in names:
                names[name] = len(names) + 1
                # leaf is inlined into `inlined`
                insert(db, "frames", frame=names[name], module=2, inline_depth=name == "inlined", inferred=0,
                       address=904 + (names[name] if name != "inlined" else 1), exact=0,
                       function=name, file="f.c", line=10 * names[name])
        frames = [names[function] for function in functions]
        if frames:
            db.execute("UPDATE stacks SET frames = ?, first_frame = ?, owner_frame = ? WHERE stack = ?",
                       (json.dumps(frames), frames[0], frames[min(1, len(frames) - 1)], stack))


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.db = self.make("known.db")

    def make(self, name, change=None):
        """A database of known content, with a change."""
        with sqlite3.connect(self.path(name)) as db:
            with open(SOURCE + "/schema.sql") as schema:
                db.executescript(schema.read())
            fill(db)
            if change:
                db.executescript(change)
        return self.path(name)

    def export(self, *words):
        """What it writes, as text."""
        return self.run(EXPORT, *words)

    def rows(self, query):
        with sqlite3.connect(self.db) as db:
            return db.execute(query).fetchall()

    def refuse(self, *words, said, **more):
        before = sorted(os.listdir(self.dir))
        result = subprocess.run([EXPORT, *words], cwd=self.dir, env=self.env,
                                capture_output=True, text=True, **more)
        assert result.returncode == 2 and said in result.stderr, result
        assert result.stderr.startswith("rheaper-export: "), result
        assert sorted(os.listdir(self.dir)) == before, os.listdir(self.dir)
        return result

    def pprof(self, *words, database=None, symbolize="none"):
        """What pprof says of it."""
        if not shutil.which("go"):
            raise tap.Skip("no go tool pprof")
        self.export("-f", "pprof", database or self.db, "-o", "p.pb.gz")
        return self.run("go", "tool", "pprof", "-symbolize=" + symbolize, *words, "p.pb.gz",
                        silent=False, HOME=self.dir, PPROF_BINARY_PATH=self.dir)

    def decode(self, *words, database=None):
        if not shutil.which("protoc"):
            raise tap.Skip("no protoc")
        with open(self.path("raw.pb"), "wb") as out:
            out.write(gzip.decompress(subprocess.run(
                [EXPORT, "-f", "pprof", *words, database or self.db], check=True, stdout=subprocess.PIPE).stdout))
        folder = SOURCE + "/pprof"
        with open(self.path("raw.pb"), "rb") as raw:
            return subprocess.run(["protoc", "--decode=rheaper.Profile", "-I", folder,
                                   folder + "/profile.proto"], stdin=raw, check=True, text=True,
                                  stdout=subprocess.PIPE).stdout


def test_collapsed_stacks(b):
    for index, value in enumerate(("allocations", "bytes", "live-blocks", "live-bytes"), 1):
        lines = [line.format(STACKS[stack][index]) for line, stack in zip(LINES, (1, 2, 3, 0))
                 if STACKS[stack][index]]
        written = b.export("--format=collapsed", "--value=" + value, b.db)
        assert sorted(written.split("\n")[:-1]) == sorted(lines), written
    assert b.export("-f", "collapsed", b.db) == b.export("-f", "collapsed", "--value=bytes", b.db)


def test_names_may_be_short_and_stacks_end_at_owners(b):
    lines = b.export("-f", "collapsed", "--short-names", b.db).split("\n")
    assert "main;<[u8: 4]>::new 50" in lines and "main;inlined;leaf 300" in lines, lines
    lines = b.export("-f", "collapsed", "--owners", b.db).split("\n")
    assert "main;inlined 300" in lines and "main 50" in lines, lines
    lines = b.export("-f", "collapsed", "--owners", "--wrapper=leaf", "--wrapper=inl*", b.db).split("\n")
    assert "main 300" in lines and "main;<[u8: 4] as X>::new(int, char) 50" in lines, lines
    decoded = b.decode("--short-names")
    strings = re.findall(r'^string_table: "(.*)"$', decoded, re.M)
    names = {strings[int(whole)]: strings[int(short)] for short, whole in
             re.findall(r"^  name: (\d+)\n  system_name: (\d+)", decoded, re.M)}
    assert names["<[u8; 4] as X>::new(int, char)"] == "<[u8; 4]>::new" and names["leaf"] == "leaf", names
    for words, said in (["-f", "pprof", "--owners"], "collapsed only"), (
            ["-f", "csv", "--view=sites", "--short-names"], "collapsed and pprof only"), (
            ["-f", "collapsed", "--wrapper=x"], "needs --owners"):
        b.refuse(*words, b.db, said=said)


def test_a_flame_graph_is_drawn(b):
    if not shutil.which("flamegraph.pl"):
        raise tap.Skip("no flamegraph.pl")
    b.export("-f", "collapsed", "--value=bytes", "-o", "stacks", b.db)
    drawn = b.run("flamegraph.pl", "--countname=bytes", "--minwidth=0", "stacks")
    titles = re.findall("<title>(.*) \\(([0-9,]+) bytes, .*\\)</title>", drawn)
    assert sorted(titles) == sorted([
        ("all", "377"), ("main", "350"), ("inlined", "300"), ("leaf", "300"),
        ("&lt;[u8: 4] as X&gt;::new(int, char)", "50"), ("[unknown]", "20"),
        ("[truncated]", "7"), ("main", "7"), ("[unnamed]", "7"),
        ("new\\x0aline\\x09&quot;'`\u00f6\u2603", "7")]), titles


def test_what_was_live_at_the_peak(b):
    path = b.make("peak.db", "UPDATE stack_totals SET peak_bytes = 21 WHERE stack = 2")
    assert b.export("-f", "collapsed", "--value=peak-bytes", path) == LINES[1].format(42) + "\n"


def test_pprof_reads_it(b):
    raw = b.pprof("-raw")
    assert "Comment: program: /bin/it" in raw and "losses: missing: 9" in raw, raw
    assert "foreign_free" not in raw
    assert "PeriodType: space bytes" in raw and "Period: 512" in raw, raw
    assert "2026-01-02 03:04:05.678" in raw and "Duration: 1.50" in raw, raw
    assert "alloc_objects/count alloc_space/bytes[dflt] inuse_objects/count inuse_space/bytes" in raw
    # Numbered by pprof; newer ones add columns, which nobody knows
    leaf = re.search(r" (\d+): 0x1388 M=1 leaf f\.c:10(?::0)? s=0.*\n +inlined f\.c:20", raw)
    caller = re.search(r" (\d+): 0x138a M=1 main f\.c:30", raw)
    assert leaf and caller and re.search(rf" 3 +300 +1 +100: {leaf[1]} {caller[1]} *\n", raw), raw
    assert "1: 0x1000/0x2000/0x0 /bin/it abcd [FN][FL][LN][IN]" in raw, raw
    traces = b.pprof("-traces")
    assert "<[u8; 4] as X>::new(int, char)" in traces and "[unknown]" in traces, traces
    assert "allocator:  malloc" in traces


def test_pprof_adds_up(b):
    top = b.pprof("-top", "-sample_index=inuse_space", "-unit=B")
    assert "107B total" in top and re.search(r"100B .*leaf", top), top


def test_pprof_keeps_functions_of_a_template_apart(b):
    """What pprof does with names by default, too."""
    names = "v<int>::add(int const&)", "v<double>::add(double const&)"
    path = b.make("template.db", "".join(f"UPDATE frames SET function = '{name}' WHERE frame = {frame};"
                                         for name, frame in zip(names, (1, 4))))
    top = b.pprof("-top", "-sample_index=alloc_space", "-unit=B", database=path, symbolize="local")
    for name, size in zip(names, ("300B", "50B")):
        assert re.search(rf"^ +{size} .* {re.escape(name)}(?: \(.*inline\))?$", top, re.M), top


def test_protoc_reads_it(b):
    text = b.decode()
    strings = re.findall(r'^string_table: "(.*)"$', text, re.M)
    assert strings[0] == "" and len(strings) == len(set(strings)), strings
    named = {int(number): strings[int(name)] for number, name in
             re.findall(r"^function \{\n  id: (\d+)\n  name: (\d+)", text, re.M)}
    assert "leaf" in named.values() and "<[u8; 4] as X>::new(int, char)" in named.values()
    samples = re.findall(r"^sample \{\n(.*?)^\}", text, re.M | re.S)
    values = sorted(tuple(map(int, re.findall(r"  value: (\d+)", s))) for s in samples)
    assert values == sorted(tuple(v[1:]) for v in STACKS.values()), values
    types = [(strings[int(a)], strings[int(u)]) for a, u in
             re.findall(r"^sample_type \{\n  type: (\d+)\n  unit: (\d+)", text, re.M)]
    assert types == [("alloc_objects", "count"), ("alloc_space", "bytes"),
                     ("inuse_objects", "count"), ("inuse_space", "bytes")], types


def test_csv_is_what_the_database_has(b):
    for view in "frames", "stack_totals", "leaks", "backtraces":
        text = b.run("sh", "-c", f"'{EXPORT}' -f csv --raw --view {view} known.db > out.csv")
        with open(b.path("out.csv"), newline="") as out:
            text = out.read()
        assert text.count("\r\n") >= 1 and not re.search(r'[^\r]\n(?=\d+,)', text), text
        rows = list(csv.reader(io.StringIO(text, newline="")))
        expected = [["" if value is None else str(value) for value in row]
                    for row in b.rows(f"SELECT * FROM {view}")]
        assert rows[1:] == expected, (rows, expected)
    assert b.run(EXPORT, "-f", "csv", "--query",
                 "SELECT NULL AS n, '' AS e, 1.5 AS \"a,b\", x'00ff' AS x", b.db) == \
        'n,e,"a,b",x\n,"",1.5,00ff\n'  # text mode: CRLF is read as LF


def test_a_formula_is_made_text(b):
    sql = "SELECT '=1+1' AS f, -1 AS n, '@x' AS a, '-x' AS m, 'a=b' AS o, char(9) || 'x' AS t"
    rows = list(csv.reader(io.StringIO(b.export("-f", "csv", "--query", sql, b.db))))
    assert rows[1] == ["'=1+1", "-1", "'@x", "'-x", "a=b", "'\tx"], rows
    rows = list(csv.reader(io.StringIO(b.export("-f", "csv", "--raw", "--query", sql, b.db))))
    assert rows[1] == ["=1+1", "-1", "@x", "-x", "a=b", "\tx"], rows


def test_json_is_what_the_database_has(b):
    for view in "frames", "leaks", "processes", "markers":
        objects = json.loads(b.export("-f", "json", "--view", view, b.db))
        assert [tuple(o.values()) for o in objects] == b.rows(f"SELECT * FROM {view}"), objects
    objects = json.loads(b.export(
        "-f", "json", "--query", "SELECT 9e999 AS inf, 0.5 AS half, NULL AS n,"
        " char(1, 34, 92, 127, 9731) AS \"k\"\"ey\", 9223372036854775807 AS big", b.db))
    assert objects == [{"inf": None, "half": 0.5, "n": None, 'k"ey': '\x01"\\\x7f\u2603',
                        "big": 9223372036854775807}], objects


# Characters that control a terminal, turn text or cannot be seen
HIDDEN = "[\x01-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
# As functions of a stranger's program may be called
NAMES = [
    "=HYPERLINK(\"http://x\",\"y\")", "+1", "-1+2", "@SUM(1,2)", "\t=1", "\r=1", "|x", "%0A",
    "'); DROP TABLE frames;--", "</title><script>x</script>", "\x1b[31m\x07", "a\nb\r\nc", ",;,\"\"",
    "\u202e\U0001f600\u0085\ufeff", "0 100", " ", "x" * (10 << 20),
]


def test_names_of_strangers(b):
    path = b.make("names.db")
    for name in NAMES:
        with sqlite3.connect(path) as db:
            db.execute("UPDATE frames SET function = ? WHERE frame = 1", (name,))
        lines = b.export("-f", "collapsed", path).split("\n")[:-1]
        printable = re.sub(HIDDEN, lambda c: "".join(
            f"\\x{byte:02x}" for byte in c[0].encode()), name).replace(";", ":")
        assert f"main;inlined;{printable} 300" in lines and len(lines) == 4, lines
        text = b.export("-f", "json", "--view", "frames", path)
        assert text.count("\n") == len(b.rows("SELECT * FROM frames")) + 2, text
        assert json.loads(text)[0]["function"] == name
        for words, mark in ([], "'" if name[0] in "=+-@\t\r" else ""), (["--raw"], ""):
            text = subprocess.run([EXPORT, "-f", "csv", *words, "--query",
                                   "SELECT function, 7 FROM frames WHERE frame = 1", path],
                                  check=True, stdout=subprocess.PIPE).stdout.decode()
            rows = csv_rows(text)
            assert rows == [["function", "7"], [mark + name, "7"]], rows


def csv_rows(text):
    csv.field_size_limit(1 << 30)
    return list(csv.reader(io.StringIO(text, newline="")))


def test_pprof_reads_names_of_strangers(b):
    path = b.make("pprof-names.db")
    for name in NAMES[:-1]:
        with sqlite3.connect(path) as db:
            db.execute("UPDATE frames SET function = ? WHERE frame = 1", (name,))
        assert strings_of(b.decode(database=path)).count(name) == 1
    assert "=HYPERLINK" in b.pprof("-traces", database=b.make(
        "formula.db", "UPDATE frames SET function = '=HYPERLINK(1)' WHERE frame = 1;"))


def strings_of(text):
    """The string table that protoc has written, whose escapes are octal."""
    return [re.sub(rb"\\([0-7]{3}|.)", lambda e: bytes([int(e[1], 8)]) if len(e[1]) == 3 else
                   {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(e[1], e[1]), s.encode()).decode()
            for s in re.findall(r'^string_table: "(.*)"$', text, re.M)]


def test_bytes_that_are_not_utf_8(b):
    path = b.make("bytes.db", "UPDATE frames SET function = CAST(x'61ff62c0af00' AS TEXT)"
                              " WHERE function = 'leaf';")
    escaped = "a\\xffb\\xc0\\xaf"
    assert escaped in b.export("-f", "collapsed", path)
    syms = [o["function"] for o in json.loads(b.export("-f", "json", "--view", "frames", path))]
    assert escaped + "\\x00" in syms, syms
    assert escaped in b.export("-f", "csv", "--view", "frames", path)
    assert escaped in b.pprof("-traces", database=path)


def test_totals_near_the_end_of_the_range(b):
    """Sums stay there, and do not become negative."""
    path = b.make("huge.db", f"UPDATE stack_totals SET allocations = {2**63 - 1}, allocated_bytes = {2**63 - 1},"
                             f" peak_bytes = {2**63 - 1}, peak_blocks = 1; UPDATE blocks SET size = {2**63 - 1};")
    for profile in json.loads(b.export("-f", "speedscope", "--process=1", path))["profiles"]:
        assert profile["endValue"] >= 0, profile["endValue"]
    numbers = re.findall(r"^ *n\d+: (-?\d+) ", b.export("-f", "massif", "--process=1", path), re.M)
    assert numbers and min(int(number) for number in numbers) >= 0, numbers
    b.export("-f", "firefox", "--process=1", path)


def test_a_query_only_asks(b):
    content = open(b.db, "rb").read()
    for sql in ("DELETE FROM frames", "UPDATE frames SET function = ''", "DROP TABLE frames",
                "PRAGMA user_version = 9", "ATTACH 'x.db' AS x", "CREATE TEMP TABLE x (y)",
                "BEGIN", "VACUUM INTO 'x.db'", "SELECT load_extension('x')"):
        b.refuse("-f", "json", "--query", sql, b.db, said="known.db")
    b.refuse("-f", "json", "--query", "SELECT 1; SELECT 2", b.db, said="more than one query")
    b.refuse("-f", "json", "--query", " ; ", b.db, said="empty")
    b.refuse("-f", "json", "--query", "SELEC 1", b.db, said="syntax error")
    b.refuse("-f", "json", "--view", "no_such", b.db, said="no table or view no_such")
    b.refuse("-f", "json", "--view", "frames; DROP", b.db, said="no table or view")
    assert open(b.db, "rb").read() == content
    assert json.loads(b.export("-f", "json", "--query", "WITH a AS (SELECT 1 AS x)"
                               " SELECT * FROM a; -- end", b.db)) == [{"x": 1}]


def test_a_schema_is_not_trusted(b):
    path = b.make("hostile.db", "CREATE VIEW mine AS SELECT fts3_tokenizer('simple') AS x;")
    b.refuse("-f", "json", "--view", "mine", path, said="hostile.db")
    path = b.make("other.db", "DROP VIEW leaks; CREATE VIEW leaks AS SELECT 1 AS x;")
    b.refuse("-f", "json", "--view", "leaks", path, said="its schema was changed")


def test_other_databases_are_refused(b):
    for other in versions.SCHEMA - 1, versions.SCHEMA + 1:
        path = b.make(f"v{other}.db", f"PRAGMA user_version = {other};")
        b.refuse("-f", "collapsed", path, said=f"version {other}, but this program reads version"
                 f" {versions.SCHEMA}; load the traces again, or use the rheaper that loaded them")
    with sqlite3.connect(b.path("foreign.db")) as db:
        db.execute("CREATE TABLE t (x)")
    b.refuse("-f", "collapsed", "foreign.db", said="not a database of rheaper-load")
    b.refuse("-f", "collapsed", b.file("text", "hello " * 1000), said="not a database")
    b.refuse("-f", "collapsed", "none.db", said="No such file")
    b.refuse("-f", "collapsed", b.dir, said="not a regular file")
    with open(b.db, "rb") as good, open(b.path("cut.db"), "wb") as cut:
        cut.write(good.read()[:20000])
    b.refuse("-f", "collapsed", "cut.db", said="cut.db")


def test_a_file_appears_when_it_is_whole(b):
    b.export("-f", "csv", "--view", "frames", "-o", "new.csv", b.db)
    first = open(b.path("new.csv"), "rb").read()
    assert first.startswith(b"frame,address")
    b.refuse("-f", "json", "--query", "SELECT frame FROM frames UNION ALL"
             " SELECT abs(-9223372036854775808)", "-o", "new.csv", b.db, said="overflow")
    b.refuse("-f", "csv", "--view", "frames", "-o", "new.csv", b.db, said="new.csv",
             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
    assert open(b.path("new.csv"), "rb").read() == first
    b.export("-f", "json", "--view", "frames", "-o", "new.csv", b.db)
    assert json.load(open(b.path("new.csv")))
    b.refuse("-f", "csv", "--view", "frames", "-o", b.db, b.db, said="the program reads this file; name another one")
    b.refuse("-f", "csv", "--view", "frames", "-o", "none/x.csv", b.db, said="No such file")
    for name in "pprof", "collapsed":
        b.refuse("-f", name, "-o", "/dev/full", b.db, said="No space left")


def test_no_binary_to_a_terminal(b):
    controller, terminal = pty.openpty()
    result = subprocess.run([EXPORT, "-f", "pprof", b.db], stdout=terminal, text=True,
                            stderr=subprocess.PIPE)
    assert result.returncode == 2 and "terminal" in result.stderr, result
    assert subprocess.run([EXPORT, "-f", "collapsed", b.db], stdout=terminal).returncode == 0
    os.close(terminal)
    written = b""
    while b"main;inlined;leaf 300" not in written:
        written += os.read(controller, 1000)  # a line at a time, as it likes
    os.close(controller)


def test_a_traced_program(b):
    b.file("p.c", PROGRAM)
    b.run(BIN + "/rheaper-cc", "-g", "-O1", "p.c", "-o", "p")
    b.run(b.path("p"), RHEAPER_TRACE=b.path("p.bin"))
    b.run(LOADER, "-q", "p.bin", "p.db")
    lines = [line for line in b.export("-f", "collapsed", "p.db").split("\n") if "leaf" in line]
    assert len(lines) == 2 and all(line.endswith("main;inlined;leaf 1000") for line in lines)
    lines = b.export("-f", "collapsed", "--value=live-blocks", "p.db").split("\n")
    assert [line for line in lines if "leaf" in line][0].endswith("main;inlined;leaf 1"), lines
    traces = b.pprof("-traces", database="p.db")
    assert re.search(r"allocator: +calloc\n.* leaf\n +inlined \(inline\)\n +main\n", traces), traces


SAMPLED = """
#include <stdlib.h>
static void *volatile keep;
static __attribute__((noinline, noclone)) void often(void)
{
	for (int i = 0; i < 200000; i++) {
		keep = malloc(100);
		if (i % 4)
			free(keep);
	}
}
int main(void)
{
	often();
	return 0;
}
"""


def test_a_sampled_program_is_estimated(b):
    b.file("s.c", SAMPLED)
    b.run(BIN + "/rheaper-cc", "-g", "-O1", "s.c", "-o", "s")
    b.run(b.path("s"), RHEAPER_TRACE=b.path("s.bin"), RHEAPER_SAMPLE_BYTES="4096",
          RHEAPER_SAMPLE_SEED="1")
    b.run(LOADER, "-q", "s.bin", "s.db")
    recorded = json.loads(b.export("-f", "json", "--query",
                                   "SELECT count(*) AS n FROM allocations", "s.db"))[0]["n"]
    assert 3000 < recorded < 7000, recorded  # 20,200,000 bytes, a byte more for each block
    values = {}
    for value, truth in (("allocations", 200000), ("bytes", 20000000),
                         ("live-blocks", 50000), ("live-bytes", 5000000)):
        lines = b.export("-f", "collapsed", "--value=" + value, "s.db").split("\n")[:-1]
        values[value] = sum(int(line.rpartition(" ")[2]) for line in lines if ";often " in line)
        assert abs(values[value] / truth - 1) < 0.2, (values, truth)
    samples = re.findall(r"^sample \{\n(.*?)^\}", b.decode(database=b.path("s.db")), re.M | re.S)
    totals = [tuple(map(int, re.findall(r"  value: (\d+)", sample))) for sample in samples]
    assert max(totals) == tuple(values.values()), (totals, values)
    assert "Period: 4096" in b.pprof("-raw", database=b.path("s.db"))


def test_wrong_words(b):
    for words in [], ["-f", "csv"], ["-f", "frob", b.db], [b.db], ["-f", "csv", b.db], \
            ["-f", "csv", "--view", "a", "--query", "b", b.db], \
            ["-f", "pprof", "--view", "a", b.db], ["-f", "collapsed", "--value=x", b.db], \
            ["-f", "pprof", "--value=peak-bytes", b.db], ["-f", "collapsed", b.db, b.db], \
            ["-f", "json", "--raw", "--view", "a", b.db], ["--frobnicate", b.db], \
            ["-f", "csv", "--view", "a", "--value=bytes", b.db]:
        result = subprocess.run([EXPORT, *words], text=True, capture_output=True)
        assert result.returncode == 2 and "Try 'rheaper-export --help'" in result.stderr, result
    assert b.run(EXPORT, "--help").startswith("Usage: rheaper-export")
    assert b.run(EXPORT, "--version").startswith("rheaper-export (rheaper) ")


signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
tap.run(globals(), Bench)
