#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server, switched on and off from outside while it serves: redis from Debian's sources.

usage: check-server.py BINDIR LOADER CTL CACHE

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

BINDIR, LOADER, CTL, CACHE = (os.path.abspath(path) for path in sys.argv[1:])
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

    def start(self):
        env = debian.environment(RHEAPER_TRACE=os.path.join(self.traces, "t.bin"),
                                 RHEAPER_START="0", RHEAPER_SIGNAL="USR2")
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
    made = debian.run(["make", "-j2", "MALLOC=libc", "CC=" + os.path.join(BINDIR, "rheaper-cc")],
                      cwd=b.source, env=debian.environment())
    assert made.returncode == 0, made.stdout[-4000:]
    os.mkdir(b.traces)


def test_no_request_is_lost(b):
    b.start()
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


try:
    if not shutil.which("make"):
        raise debian.Unavailable("make is not installed")
    DSC = debian.fetch(CACHE, "redis")
except debian.Unavailable as reason:
    print("1..0 # SKIP", str(reason).replace("\n", " "))
else:
    tap.run(globals(), Bench)
