#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server, switched on and off from outside while it serves: redis from Debian's sources. And what the docs show of
it: who holds its memory, and which pages that fills.

usage: check-server.py BINDIR LOADER CTL REPORT SOURCE-ROOT CACHE

Eight clients ask for what they know the answers to, each on a connection of its own, and
check every answer; tracking is switched on, off and on again meanwhile. Between two steps
each client has had 500 more answers. Prints TAP; all is skipped if the sources cannot be had.
"""
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import debian
import tap

BINDIR, LOADER, CTL, REPORT, SOURCE, CACHE = (os.path.abspath(path) for path in sys.argv[1:])
N_CLIENTS, STEP = 8, 500


class Client(threading.Thread):
    """SET, APPEND, GET and DEL of its own key, again and again."""

    def __init__(self, address, number):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(address)
        self.answers = self.socket.makefile("rb")
        self.key = f"key:{number}"
        self.n_answered, self.failure, self.go_on = 0, None, True
        self.more = threading.Condition()

    def ask(self, *words, wanted):
        request = f"*{len(words)}\r\n" + "".join(f"${len(w)}\r\n{w}\r\n" for w in words)
        self.socket.sendall(request.encode())
        got = b"".join(self.answers.readline() for _ in range(wanted.count("\r\n")))
        assert got == wanted.encode(), (words, wanted, got)
        with self.more:
            self.n_answered += 1
            self.more.notify_all()

    def turn(self, n):
        value = f"{self.key}:{n}:" + "x" * (n % 400)
        self.ask("SET", self.key, value, wanted="+OK\r\n")
        self.ask("APPEND", self.key, "tail", wanted=f":{len(value) + 4}\r\n")
        self.ask("GET", self.key, wanted=f"${len(value) + 4}\r\n{value}tail\r\n")
        self.ask("DEL", self.key, wanted=":1\r\n")

    def run(self):
        n = 0
        try:
            while self.go_on:
                self.turn(n)
                n += 1
        except (AssertionError, OSError) as failure:
            with self.more:
                self.failure = failure
                self.more.notify_all()

    def wait_for_more(self, n):
        with self.more:
            least = self.n_answered + n
            assert self.more.wait_for(lambda: self.failure or self.n_answered >= least, 120)
            assert not self.failure, self.failure


class Bench:
    def __init__(self, directory):
        self.dir = directory
        self.source = os.path.join(directory, "redis")
        self.traces = os.path.join(directory, "traces")

    def path(self, name):
        return os.path.join(self.dir, name)

    def ctl(self, *words):
        result = subprocess.run([CTL, "--timeout=60", str(self.server.pid), *words], text=True,
                                capture_output=True, timeout=100)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def start(self, **settings):
        env = debian.environment(**settings)
        self.server = subprocess.Popen(
            [os.path.join(self.source, "src/redis-server"), "--port", "0", "--save", "",
             "--unixsocket", self.path("socket"), "--daemonize", "no"],
            cwd=self.dir, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in self.server.stdout:
            if "ready to accept connections at" in line:
                break
        # What it says later is not of interest, but must not fill the pipe.
        threading.Thread(target=self.server.stdout.read, daemon=True).start()

    def load(self, name):
        path = self.path("profile.db")
        loaded = debian.run([LOADER, "--quiet", "--force", name, path])
        said = re.sub(r"^.* a later trace of the same process; name that, too\n", "", loaded.stdout, flags=re.M)
        assert loaded.returncode == 0 and said == "", (name, loaded.stdout)
        return sqlite3.connect(path)


def test_builds(b):
    unpacked = debian.run(["dpkg-source", "--no-check", "--skip-patches", "-x", DSC, b.source])
    assert unpacked.returncode == 0, unpacked.stdout
    made = debian.run(["make", "-j2", "MALLOC=libc", "OPTIMIZATION=-O1", "CC=" + os.path.join(BINDIR, "rheaper-cc")],
                      cwd=b.source, env=debian.environment())
    assert made.returncode == 0, made.stdout[-4000:]
    os.mkdir(b.traces)


def test_no_request_is_lost(b):
    b.start(RHEAPER_TRACE=os.path.join(b.traces, "t.bin"), RHEAPER_START="0", RHEAPER_SIGNAL="USR2")
    try:
        clients = [Client(b.path("socket"), i) for i in range(N_CLIENTS)]

        def serve():
            for client in clients:
                client.wait_for_more(STEP)

        for client in clients:
            client.start()
        serve()
        assert b.ctl("on").startswith("tracking is on: ")
        serve()
        b.ctl("mark", "half way")
        serve()
        b.ctl("snapshot", b.path("traces/snapshot"))
        b.ctl("off")
        serve()
        assert b.ctl("on").startswith("tracking is on: ")
        serve()
        for client in clients:
            client.go_on = False
        for client in clients:
            client.join(60)
            assert not client.failure and not client.is_alive(), client.failure
        print("#", sum(client.n_answered for client in clients), "requests, all answered")
    finally:
        b.server.terminate()
        assert b.server.wait(60) == 0


def test_the_traces_have_what_it_did(b):
    endings = {}
    for name in sorted(os.listdir(b.traces)):
        database = b.load(os.path.join(b.traces, name))
        endings[name], = database.execute("SELECT ending FROM processes").fetchone()
        # Commands make strings and free them; each trace has some thousand requests.
        count, = database.execute(
            "SELECT sum(t.allocations) FROM stack_totals t JOIN backtraces b ON b.id = t.stack"
            " WHERE b.sym = 'createStringObject'").fetchone()
        assert count > N_CLIENTS * STEP, (name, count)
        lost = database.execute("SELECT reason, count FROM losses WHERE count > 0"
                                " AND reason NOT LIKE 'foreign_%'").fetchall()
        marks = database.execute("SELECT text FROM markers").fetchall()
        # The copy was made while events were under way.
        assert lost == [] or name == "snapshot", (name, lost)
        assert marks == ([("half way",)] if name != "t.bin.1" else []), (name, marks)
        print("#", name, *database.execute("SELECT value FROM totals WHERE name = 'events'")
              .fetchone(), "events")
    assert endings == {"t.bin": "stopped", "t.bin.1": "exited", "snapshot": "snapshot"}, endings


def ask_all(address, requests):
    """All at once: each answer is one line."""
    with socket.socket(socket.AF_UNIX) as server:
        server.settimeout(100)
        server.connect(address)
        answers = server.makefile("rb")
        for begin in range(0, len(requests), 500):
            part = requests[begin:begin + 500]
            server.sendall("".join(f"*{len(words)}\r\n" + "".join(f"${len(w)}\r\n{w}\r\n" for w in words)
                                   for words in part).encode())
            for words in part:
                answer = answers.readline()
                assert answer[:1] in b"+:", (words, answer)


# As docs/how-to say
FILL = [("SET", f"page:{i}", "x" * 200) for i in range(20000)] + \
    [("HSET", f"user:{i}", *(word for k in range(8) for word in (f"field{k}", "y" * 80))) for i in range(300)] + \
    [("RPUSH", "jobs", f"job number {i} of the queue") for i in range(5000)]
EMPTY = [("DEL", f"page:{i}") for i in range(20000) if i % 20]


def profile_of(b, name, requests, **settings):
    """The database of a server that was asked so, and was told to end."""
    trace = os.path.join(b.traces, name)
    b.start(RHEAPER_TRACE=trace, **settings)
    try:
        ask_all(b.path("socket"), requests)
    finally:
        b.server.terminate()
        assert b.server.wait(100) == 0
    b.load(trace).close()
    return b.path("profile.db")


def report(*words):
    result = subprocess.run([REPORT, *words], text=True, capture_output=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


def shown(document, word):
    """The example of a document that has the word."""
    with open(os.path.join(SOURCE, "docs", "how-to", document)) as file:
        found = [text for text in re.findall(r"^```\w*\n(.*?)^```$", file.read(), re.M | re.S) if word in text]
    assert len(found) == 1, (document, word, len(found))
    return found[0]


def tree(text):
    """Of each line: how deep it is, the function with its line, and the share of all."""
    rows = re.findall(r"^ +[\d.]+ .?B +([\d.]+) % ( +)s\d+ (\w+) \((\S+)\)", text, re.M)
    return [(len(depth), function, place) for _, depth, function, place in rows], [float(row[0]) for row in rows]


def test_who_holds_what_is_as_the_docs_show(b):
    database = profile_of(b, "held.bin", FILL, RHEAPER_LEAK_SCAN="graph")
    said = report(database, "--retained")
    wanted, shares = tree(shown("holders.md", "dictCreate"))
    found, of_found = tree(said)
    assert len(wanted) >= 6 and found[:len(wanted)] == wanted, (wanted, said)
    assert all(abs(x - y) <= 1 for x, y in zip(shares, of_found)), (shares, of_found)
    holder = re.search(r"(s\d+) initServer", said).group(1)
    path = re.search(r"The shortest path to it\n(.*)", report(database, "--why=" + holder), re.S).group(1)
    assert path.strip() == shown("holders.md", "global server").split("\n", 1)[1].strip(), path


def figure(text, what):
    """A size of a report, in bytes."""
    number, unit = re.search(r"^ *([\d.]+) (.?)B +" + what, text, re.M).groups()
    return float(number) * 1000 ** " kMG".index(unit or " ")


def test_which_pages_it_fills_is_as_the_docs_show(b):
    said = report(profile_of(b, "pages.bin", FILL + EMPTY), "--pages")
    example = shown("pages.md", "_sdsnewlen")
    for what in "live blocks", "free room", "in all: the pages", "more in whole free pages":
        # Where blocks lie depends on how the answers came in, too: 12 % more or less of what is free were seen
        assert abs(figure(said, what) / figure(example, what) - 1) <= 0.25, (what, said)
    holder = re.compile(r"^s\d+ (\w+ \S+) holds ([\d,]+) pages .*: .* cannot go back to the system$", re.M)
    wanted, found = holder.findall(example), holder.findall(said)
    assert wanted and [row[0] for row in found[:len(wanted)]] == [row[0] for row in wanted], (wanted, said)


try:
    if not shutil.which("make"):
        raise debian.Unavailable("make is not installed")
    DSC = debian.fetch(CACHE, "redis")
except debian.Unavailable as reason:
    print("1..0 # SKIP", str(reason).replace("\n", " "))
else:
    tap.run(globals(), Bench)
