#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What rheaper-push sends, field by field beside what the engines' own client packages send to the same server: first
beside what was recorded of them (tests/contracts/recorded.json), then, where npm installed them, the recording beside
the packages themselves.

usage: check-contracts.py RHEAPER-PUSH SOURCE-DIRECTORY

RHEAPER_CONTRACTS is a directory in which npm installed what tests/contracts lists. Prints TAP, one point per test_
function.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.parse

import tap
from push_stub import Stub
from workbench import Workbench

PUSH, SOURCE = (os.path.abspath(path) for path in sys.argv[1:3])
CONTRACTS = SOURCE + "/tests/contracts/"


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.env["HOME"] = directory
        with open(CONTRACTS + "recorded.json") as file:
            self.recorded = json.load(file)
        os.chmod(self.file("token", "token"), 0o600)
        db = sqlite3.connect(self.path("it.db"))
        with open(SOURCE + "/schema.sql") as schema:
            db.executescript(schema.read())
        db.executescript(f"""
            INSERT INTO runs VALUES (1, '', 'now', '1');
            INSERT INTO processes SELECT 1, 1, 't', 7, NULL, '/bin/it', NULL, 'host', '2026-01-02T03:04:05.678Z', 1000, 8,
              'process', 64, 1, 1, 0, 0, 512, 1, 0, '1', {time.time_ns() - 10**10}, 1, 'exited', NULL, NULL, NULL, NULL,
              0, 0, 0, NULL, 0, 0, 0, 0;
            INSERT INTO lots (process, stack, ending, temporary, weight, first_block, last_block, bytes)
              VALUES (1, 0, 2, 0, 1, 1, 1, 10);
            INSERT INTO blocks VALUES (1, 5, NULL, 10, 4096);
            INSERT INTO stack_totals VALUES (0, 1, 1, 10, 1, 10, 0, 0, 0, 0, 0, 1);""")
        db.close()

    def ours(self, engine, *words):
        with Stub() as stub:
            self.run(PUSH, "--to", engine, "--spool", self.path(engine), "--label=region=eu", *words, stub.url,
                     self.path("it.db"))
            return stub.requests

    def start(self, script, *words):
        """A script beside the packages, started."""
        if "RHEAPER_CONTRACTS" not in os.environ:
            raise tap.Skip("no client packages of engines here")
        for name in os.listdir(CONTRACTS):
            if name.endswith(".mjs"):
                shutil.copy(CONTRACTS + name, os.environ["RHEAPER_CONTRACTS"])
        return subprocess.Popen(["node", script, *words], cwd=os.environ["RHEAPER_CONTRACTS"], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def node(self, script, *words, text=None):
        """What it says; it succeeds."""
        process = self.start(script, *words)
        said, errors = process.communicate(text, timeout=120)
        assert process.returncode == 0, errors
        return said


def kind(value):
    """Of a value that differs from one to the other."""
    if re.fullmatch(r"1[0-9]{9}", value):
        return "seconds since 1970"
    labels = re.fullmatch(r"([-./\w]+)\{(.*)\}", value)
    if labels:
        assert all(re.fullmatch(r"[A-Za-z0-9_.]+=[^,{}=]+", label) for label in labels[2].split(",")), value
        return "service{name=value,...}"
    return "text"


def shape_of_ingest(request):
    url = urllib.parse.urlsplit(request.path)
    query = dict(urllib.parse.parse_qsl(url.query, strict_parsing=True))
    headers = {name.lower(): value for name, value in request.headers.items()}
    return {"path": url.path,
            "query": {name: value if name == "format" else kind(value) for name, value in sorted(query.items())},
            "headers": {name: headers[name] for name in ("authorization", "content-type", "x-scope-orgid")},
            "body": "gzip" if request.body[:2] == b"\x1f\x8b" else "other"}


def shape_of_json(value):
    """Names and types; of a list the one shape that its elements have."""
    if isinstance(value, dict):
        return {name: shape_of_json(one) for name, one in sorted(value.items())}
    if isinstance(value, list):
        shapes = [shape_of_json(one) for one in value]
        assert all(shape == shapes[0] for shape in shapes), value
        return shapes[:1]
    return type(value).__name__


def shape_of_write_raw(request):
    return {"path": request.path, "content-type": {name.lower(): value for name, value in request.headers.items()}[
        "content-type"], "body": shape_of_json(json.loads(request.body))}


def test_pyroscope_as_its_client_sends(b):
    request, = b.ours("pyroscope", "--token-file", b.path("token"), "--tenant=team")
    assert shape_of_ingest(request) == b.recorded["@pyroscope/nodejs 0.6.4"], shape_of_ingest(request)


def test_parca_as_its_messages_are(b):
    for request in b.ours("parca"):
        assert shape_of_write_raw(request) == b.recorded["@parca/client 0.17.24"], shape_of_write_raw(request)


def test_the_client_of_pyroscope_sends_what_was_recorded(b):
    with Stub() as stub:
        process = b.start("pyroscope.mjs", stub.url)
        assert stub.arrived.wait(120)
        process.kill()
        process.communicate()
    for request in stub.requests:
        assert shape_of_ingest(request) == b.recorded["@pyroscope/nodejs 0.6.4"], shape_of_ingest(request)


def test_the_messages_of_parca_are_what_was_recorded(b):
    """But for a list that is empty, which it does not leave out."""
    with Stub() as stub:
        b.node("parca.mjs", "make", stub.url)
    request, = stub.requests
    assert shape_of_write_raw(request) == b.recorded["@parca/client 0.17.24"], shape_of_write_raw(request)


def test_parca_reads_what_we_send(b):
    for request in b.ours("parca"):
        sent, read = json.loads(request.body), json.loads(b.node("parca.mjs", "read", text=request.body.decode()))
        assert read == sent, (sent, read)


tap.run(globals(), Bench)
