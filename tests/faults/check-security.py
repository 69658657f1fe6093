#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Others on the same machine, and names in a program that were chosen to do harm.

usage: check-security.py [--long] RHEAPER-LOAD BINDIR

Prints TAP, one point per test_ function.
"""
import contextlib
import csv
import glob
import gzip
import io
import json
import os
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import threading
import xml.etree.ElementTree as xml

import rows
from rows import BINDIR, HERE, LOADER, LONG, ROOT, equal, tap

BUILD = os.path.dirname(BINDIR)
CHECK, EXPORT, TOP = (f"{BUILD}/rheaper-{name}/rheaper-{name}" for name in ("check", "export", "top"))
NOBODY = 65534


class Bench(rows.Bench):
    def start(self, program, *words, before=(), **env):
        """A program that ends well, soon: what it said on standard error."""
        result = subprocess.run([*before, self.path(program), *words], cwd=self.dir, text=True,
                                env={**self.env, **env}, capture_output=True, timeout=240,
                                stdin=subprocess.DEVNULL)
        assert result.returncode == 0, result
        self.said = result.stdout
        return result.stderr

    def alike(self, name):
        self.build(name)
        return name.split(".")[0]


def content(path):
    with open(path, "rb") as file:
        return file.read()


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def is_loaded(b, trace):
    b.run(LOADER, "-q", "--force", trace, b.path("z.db"), silent=False)
    with sqlite3.connect(b.path("z.db")) as database:
        return database.execute("SELECT value > 0 FROM totals WHERE name = 'allocations'").fetchone() == (1,)


@contextlib.contextmanager
def planted(b, kind):
    """A directory in which somebody has put something by the name of the trace."""
    place = b.path("planted")
    os.mkdir(place)
    name, victim = place + "/t.bin", place + "/victim"
    with open(victim, "w") as file:
        file.write("mine")
    with contextlib.ExitStack() as stack:
        {"link": lambda: os.symlink(victim, name),
         "dangling link": lambda: os.symlink(place + "/not-there", name),
         "hard link": lambda: os.link(victim, name),
         "directory": lambda: os.mkdir(name),
         "link to a directory": lambda: os.symlink("/tmp", name),
         "pipe": lambda: os.mkfifo(name),
         "socket": lambda: stack.enter_context(socket.socket(socket.AF_UNIX)).bind(name),
         "link to a device": lambda: os.symlink("/dev/null", name)}[kind]()
        before = os.lstat(name)
        yield name
        after = os.lstat(name)
        equal((after.st_ino, after.st_mode, after.st_size), (before.st_ino, before.st_mode, before.st_size))
        equal(content(victim), b"mine")
        assert not os.path.lexists(place + "/not-there")
    shutil.rmtree(place)


def test_Z1_names_that_are_planted(b):
    program = b.alike("rights.c")
    for kind in "link", "dangling link", "hard link", "link to a directory", "link to a device":
        with planted(b, kind) as name:
            equal(b.start(program, RHEAPER_TRACE=name), "")
            assert is_loaded(b, name + ".1") and mode(name + ".1") == 0o600, kind
    for kind in "directory", "pipe", "socket":
        with planted(b, kind) as name:
            said = b.start(program, RHEAPER_TRACE=name)
            assert "not a regular file" in said and said.count("\n") == 1, said
            assert not glob.glob(name + ".*"), kind


def swap(b, stop):
    """Leads the name `place` to one of two directories and the other, all the time."""
    n = 0
    while not stop.is_set():
        os.symlink(b.path("this" if n % 2 else "that"), b.path("new"))
        os.rename(b.path("new"), b.path("place"))
        n += 1


def test_Z2_a_directory_that_anyone_may_change(b):
    program = b.alike("rights.c")
    for directory in "this", "that":
        os.mkdir(b.path(directory))
        os.chmod(b.path(directory), 0o777)
        for n in "", ".2", ".3":
            b.file(f"{directory}/t.bin{n}", "mine")
    os.symlink(b.path("this"), b.path("place"))
    stop = threading.Event()
    thread = threading.Thread(target=swap, args=(b, stop))
    thread.start()
    try:
        for _ in range(300 if LONG else 40):
            equal(b.start(program, RHEAPER_TRACE=b.path("place/t.bin")), "")
    finally:
        stop.set()
        thread.join()
    traces = 0
    for path in glob.glob(b.path("th??/*")):
        if content(path) != b"mine":
            assert mode(path) == 0o600 and is_loaded(b, path), path
            traces += 1
    equal((len(glob.glob(b.path("th??/*"))), traces), ((306, 300) if LONG else (46, 40)))


def test_Z3_nobody_else_reads_it(b):
    """Whatever the umask, and although a directory may give groups away."""
    program = b.alike("rights.c")
    for mask in "0", "022", "0777":
        for old in glob.glob(b.path("m.*")):
            os.remove(old)
        shell = ["sh", "-c", f'umask {mask} && exec "$@"', "sh"]
        equal(b.start(program, before=shell, RHEAPER_TRACE=b.path("m.bin")), "")
        if mask == "0777" and os.geteuid() != 0:
            continue  # nobody could read what comes of it
        b.run(*shell, LOADER, "-q", "m.bin", "m.db")
        b.run(*shell, EXPORT, "-f", "json", "--view", "processes", "-o", "m.json", "m.db")
        b.run(*shell, EXPORT, "-f", "pprof", "-o", "m.pb.gz", "m.db")
        equal(mode(b.path("m.bin")), 0o600)
        for name in "m.db", "m.json", "m.pb.gz":
            assert mode(b.path(name)) & ~(0o600 & ~int(mask, 8)) == 0, (mask, name, mode(b.path(name)))


def more_rights(path, kind):
    if kind == "set-uid":
        os.chmod(path, 0o4755)
    elif kind == "set-gid":
        os.chmod(path, 0o2755)
    elif kind == "capability":  # net_bind_service, permitted and effective: struct vfs_cap_data
        try:
            os.setxattr(path, "security.capability",
                        b"".join(n.to_bytes(4, "little") for n in (0x02000001, 1 << 10, 0, 0, 0)))
        except OSError as error:
            raise tap.Skip(f"no file may have capabilities here: {error.strerror}")


def check_rights(b, kind):
    """Nobody starts such a program: into a directory that anyone may write to, and one of root's."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise tap.Skip("needs root and setpriv")
    nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    os.chmod(b.dir, 0o755)
    places = {name: b.path(f"{name}-{kind}") for name in ("theirs", "roots")}
    for name, rights in ("theirs", 0o777), ("roots", 0o700):
        os.mkdir(places[name])
        os.chmod(places[name], rights)
    for how, words in ("dynamic", ()), ("static", ("-static",)):
        program = f"{how}-{kind}"
        b.build("rights.c", *words, out=program)
        os.chmod(b.path(program), 0o755)
        more_rights(b.path(program), kind)
        for name, place in places.items():
            said = b.start(program, before=nobody, RHEAPER_SIGNAL="USR2", RHEAPER_STACK_DEPTH="none",
                           RHEAPER_LEAK_SCAN="1", RHEAPER_TRACE=f"{place}/{how}")
            if kind == "no":
                equal(b.said, "0 1 1\n")
                assert ("permission denied" in said) == (name == "roots"), said
                continue
            if b.said[0] == "0":
                raise tap.Skip("the file system gives no program more rights")
            equal((said, b.said), ("", "1 0 0\n"))
    equal(sorted(os.listdir(places["theirs"])), ["dynamic", "static"] if kind == "no" else [])
    equal(os.listdir(places["roots"]), [])


def test_Z4_a_program_without_more_rights_than_who_starts_it(b):
    """It does what the others do not."""
    check_rights(b, "no")


def test_Z4_set_uid(b):
    check_rights(b, "set-uid")


def test_Z4_set_gid(b):
    check_rights(b, "set-gid")


def test_Z4_capabilities_of_a_file(b):
    check_rights(b, "capability")


def test_Z5_what_blocks_hold_is_nowhere(b):
    secret = "correct-horse-battery-staple"
    no_rules = "-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fomit-frame-pointer", "-DNDEBUG"
    b.run("cc", "-O2", *no_rules, "-fno-optimize-sibling-calls", "-c", os.path.join(HERE, "poison.c"), "-o",
          "poison.o")
    b.build("secrets.c", *no_rules, "-fno-optimize-sibling-calls", b.path("poison.o"))
    for how in {}, {"RHEAPER_LEAK_SCAN": "1", "RHEAPER_FREE_STACKS": "1"}, {"RHEAPER_MAX_BYTES": "600000,ring"}, \
            {"RHEAPER_SAMPLE_BYTES": "1000"}:
        for old in glob.glob(b.path("t.*")):
            os.remove(old)
        b.start("secrets", SECRET=secret, RHEAPER_TRACE=b.path("t.bin"), RHEAPER_EVENT_BUFFER="500", **how)
        assert is_loaded(b, b.path("t.bin"))
        for path in "t.bin", "z.db":
            found = content(b.path(path))
            assert b"main" in found or path == "t.bin"
            # A stack has 48 bits of an address, as a number in the database.
            for part in (secret[at:at + 6].encode() for at in range(len(secret) - 5)):
                assert part not in found, (how, path, part)
        with sqlite3.connect(b.path("z.db")) as database:
            for address, in database.execute("SELECT address FROM frames WHERE address NOT NULL"):
                text = (address % 2 ** 64).to_bytes(8, "little")[:6].decode("latin-1")
                assert text not in secret, (how, text)


# As those of functions, files, threads, marks and scopes: of 59 bytes at most
NAMES = (
    b"');DROP TABLE allocations;--", b"<script>alert(1)</script>", b"\"><img src=x onerror=alert(1)>",
    b"=cmd|' /C calc'!A0", b"@SUM(1+9)*cmd|x", b"\x1b]0;owned\x07\x1b[2J\x1b[31m", b"\xff\xfe\xc0\xaf\xed\xa0\x80",
    b"one\ntwo\r\n::error::three\n", b"$(touch pwned)`touch pwned`;touch pwned|x", b"]]>&lt;!--{{7*7}}${7*7}",
    b"%s%n%0A::set-output name=x::y", b"a;b 12\t| [x](javascript:alert(1)) | @all \xc2\x9b31m")
PLACEHOLDER = "stranger_%d_123456789_123456789_123456789_123456789_123456789"


def strangers(b):
    """A database of a program with such names."""
    if os.path.exists(b.path("s.db")):
        return b.path("s.db")
    source = b.path("<img src=x onerror=alert(1)>\x1b[31m'.c")
    shutil.copy(os.path.join(HERE, "strangers.c"), source)
    b.run(os.path.join(BINDIR, "rheaper-gcc"), "-O1", "-g", "-fno-builtin", "-D_GNU_SOURCE", "-I" + ROOT, source,
          "-o", "strangers")
    program = content(b.path("strangers"))
    for n, name in enumerate(NAMES, 10):
        old = (PLACEHOLDER % n).encode()
        assert program.count(old) >= 1 and len(name) <= len(old), name
        program = program.replace(old, name.ljust(len(old), b"\0"))
    with open(b.path("strangers"), "wb") as file:
        file.write(program)
    for n, name in enumerate(NAMES):
        trace = b.path(f"s{n}.bin")
        assert b.start("strangers", NAME=os.fsdecode(name), RHEAPER_TRACE=trace) == ""
    b.run(LOADER, "-q", *[f"s{n}.bin" for n in range(len(NAMES))], "s.db")
    return b.path("s.db")


def escaped(name):
    """As programs print it: what is no UTF-8, and controls, by their bytes."""
    text = re.sub(r"[\udc80-\udcff]", lambda c: f"\\x{ord(c[0]) - 0xdc00:02x}", name.decode("utf-8", "surrogateescape"))
    return text, re.sub(r"[\x00-\x1f\x7f-\x9f]",
                        lambda c: "".join(f"\\x{byte:02x}" for byte in c[0].encode()), text)


def check_text(text, *also):
    """Valid UTF-8 without a character that a terminal obeys."""
    for c in text.decode():
        assert c >= " " and not "\x7f" <= c <= "\x9f" or c == "\n" or c in also, (c, text)
    return text.decode()


def test_Z6_names_in_the_database_are_data(b):
    database = sqlite3.connect(strangers(b))
    wanted = {escaped(name)[0] for name in NAMES}
    found = {name for name, in database.execute("SELECT function FROM frames")}
    assert wanted <= found, wanted - found
    for query in "SELECT text FROM markers", "SELECT name FROM scopes":
        found = {name for name, in database.execute(query)}
        assert wanted == found, (query, wanted ^ found)
    found = {name for name, in database.execute("SELECT name FROM threads WHERE name <> ''")}
    assert len(found) == len(NAMES), found
    equal(database.execute("SELECT count(*) >= ? FROM allocations", (len(NAMES) ** 2,)).fetchone(), (1,))
    assert any("onerror" in (name or "") for name, in database.execute("SELECT file FROM frames"))
    assert not os.path.exists(b.path("pwned"))


def test_Z6_names_in_reports(b):
    """As they are shown, and whole."""
    for words in [], ["--full-names"]:
        check_reports(b, words)


def check_reports(b, words):
    forms = "text", "json", "junit", "sarif", "github", "markdown"
    result = subprocess.run([CHECK, "-q", *words, *[f"--report={form}=r.{form}" for form in forms], "s.db"],
                            cwd=b.dir, env=b.env, capture_output=True, timeout=120)
    equal((result.returncode, result.stdout, result.stderr), (1, b"", b""))
    text, report, junit, sarif, github, markdown = (content(b.path("r." + form)) for form in forms)
    said = check_text(text)
    for name in NAMES if words else []:
        assert escaped(name)[1] in said, (name, said)
    assert len(json.loads(check_text(report))["findings"]) >= len(NAMES)
    assert len(json.loads(check_text(sarif))["runs"][0]["results"]) >= len(NAMES)
    told = "".join(xml.fromstring(check_text(junit)).itertext())
    assert not words or "<script>alert(1)</script>" in told
    lines = check_text(github).splitlines()
    assert lines and all(re.match(r"::(error|warning|notice) title=[^:]*::", line) for line in lines), github
    said = check_text(markdown)
    assert "<script" not in said and "<img" not in said and "@all" not in said and "](java" not in said, markdown
    rows_of_table = [line for line in said.splitlines() if line.startswith("| leak")]
    assert rows_of_table and all(re.sub(r"\\.", "", line).count("|") == rows_of_table[0].count("|")
                                 for line in rows_of_table), markdown


def export(b, *words):
    return subprocess.run([EXPORT, *words, "s.db"], cwd=b.dir, env=b.env, check=True, timeout=240,
                          capture_output=True).stdout


def test_Z6_names_in_exports(b):
    lines = check_text(export(b, "-f", "collapsed")).splitlines()
    assert all(re.fullmatch(r".+ \d+", line) for line in lines), lines
    for name in NAMES:
        assert any(escaped(name)[1].replace(";", ":") in line for line in lines), name
    for view in "frames", "markers", "scopes", "threads", "leaks":
        objects = json.loads(check_text(export(b, "-f", "json", "--view", view)))
        table = list(csv.reader(io.StringIO(export(b, "-f", "csv", "--view", view).decode(), newline="")))
        equal(len(table), len(objects) + 1)
        for row in table:
            assert not any(cell[:1] in tuple("=+@\t\r") or re.match(r"-(?!\d)", cell) for cell in row), row
    profile = gzip.decompress(export(b, "-f", "pprof"))
    frames = json.loads(check_text(export(b, "-f", "speedscope")))["shared"]["frames"]
    texts = json.loads(check_text(export(b, "-f", "firefox")))["threads"][0]["stringArray"]
    labels = json.loads(check_text(export(b, "-f", "dhat")))["ftbl"]
    massif = check_text(export(b, "-f", "massif"))
    for name in NAMES:
        plain, printable = escaped(name)
        assert plain.encode() in profile, name
        assert plain in [frame["name"] for frame in frames] and plain in texts, name
        assert any(f": {printable} (" in label for label in labels), name
        assert f": {printable.replace('#', '_')} (" in massif, name


def test_Z6_names_on_a_terminal(b):
    if not os.path.exists(TOP):
        raise tap.Skip("rheaper-top was not built")
    result = subprocess.run([TOP, "--once", "s5.bin"], cwd=b.dir, env=b.env, capture_output=True, timeout=240)
    equal(result.returncode, 0)
    assert "owned" in check_text(result.stdout) + check_text(result.stderr), result


def test_Z7_nothing_is_run_or_fetched_that_a_trace_names(b):
    """Of all programs that read it no other is started, and nobody asked outside."""
    if not shutil.which("strace") or \
            subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True).returncode != 0:
        raise tap.Skip("needs strace")
    made = b.path("hostile")
    os.mkdir(made)
    b.run(f"{BUILD}/tests/faults/hostile-traces", made, silent=False)
    trace = f"{made}/format-name.trace"
    for words in ([LOADER, "-q", trace, b.path("h.db")], [CHECK, "-q", trace], [TOP, "--once", trace]):
        result = subprocess.run(["strace", "-f", "-o", b.path("calls"), "-e", "trace=execve,connect,chdir", *words],
                                cwd=b.dir, env=b.env, capture_output=True, timeout=120)
        assert result.returncode in (0, 1, 2), result
        calls = [line for line in content(b.path("calls")).decode().splitlines() if "(" in line]
        equal(len(calls), 1)


VARIABLES = ("QUIET STACK_DEPTH MAX_TRACKERS EVENT_BUFFER MAX_BYTES SAMPLE_BYTES SAMPLE_RATE FOLLOW_FORK FREE_STACKS"
             " LEAK_SCAN START USDT SIGNAL SIGBUS SYMBOLS SYMBOLS_BYTES SAMPLE_SEED").split()
GARBAGE = "-1", "2e9", "0x10", "", " 1", "1 ", "%n%n", "9" * 400, "\u20ac", "1\n2", "NaN", "18446744073709551616"


def test_Z8_settings_that_make_no_sense(b):
    """One line each, and what is standard is used."""
    with open(os.path.join(ROOT, "runtime", "settings.c")) as file:
        equal(set(re.findall(r'{"RHEAPER_(\w+)", offsetof', file.read())), set(VARIABLES))
    program = b.alike("rights.c")
    for value in GARBAGE:
        for old in glob.glob(b.path("g.bin*")):
            os.remove(old)
        said = b.start(program, RHEAPER_TRACE=b.path("g.bin"), **{"RHEAPER_" + name: value for name in VARIABLES})
        lines = [line for line in said.split("rheaper: ")[1:]]
        assert len(lines) <= len(VARIABLES) and all(line.startswith("RHEAPER_") for line in lines), said
        assert len(lines) >= len(VARIABLES) - 2, (value, said)
        equal(b.said, "0 0 0\n")
        assert is_loaded(b, b.path("g.bin")), value


def addresses(database):
    """Of blocks and modules: those that the kernel chose, not small ones of the file."""
    return {value for sql in ("SELECT address FROM blocks", "SELECT start_address FROM process_modules",
                              "SELECT end_address FROM process_modules", "SELECT bias FROM process_modules")
            for value, in database.execute(sql) if value > 1 << 32}


def numbers(text):
    return {int(word) for word in re.findall(r"\d{9,}", text)} | \
        {int(word, 16) for word in re.findall(r"[0-9a-f]{8,}", text)}


def test_Z9_a_profile_can_be_handed_on_without_addresses(b):
    with open(os.path.join(ROOT, "docs", "reference", "limits.md")) as file:
        recipe, = re.findall(r"^```sql\n(UPDATE blocks.*?)```", file.read(), re.M | re.S)
    shutil.copy(strangers(b), b.path("n.db"))
    with sqlite3.connect(b.path("n.db")) as database:
        before = addresses(database)
        assert len(before) > 20, before
        said = subprocess.run([CHECK, "n.db"], cwd=b.dir, env=b.env, capture_output=True, text=True).stdout
        said += b.run(EXPORT, "-f", "collapsed", "n.db")
        assert "script" in said and not before & numbers(said), before & numbers(said)
        functions = b.run(EXPORT, "-f", "collapsed", "n.db")
        database.executescript(recipe)
        tables = [name for name, in database.execute(
            "SELECT name FROM sqlite_schema WHERE type IN ('view', 'table')")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                assert not before & set(row), (table, row)
    assert not before & numbers(b.run(EXPORT, "-f", "json", "--view", "process_modules", "n.db"))
    equal(b.run(EXPORT, "-f", "collapsed", "n.db"), functions)
    b.run(EXPORT, "-f", "pprof", "-o", "n.pb.gz", "n.db")
    equal(subprocess.run([CHECK, "-q", "n.db"], cwd=b.dir, env=b.env, timeout=240).returncode, 1)


tap.run(globals(), Bench)
