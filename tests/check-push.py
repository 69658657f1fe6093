#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""rheaper-push against an HTTP server that stands for the engines: what it sends of databases whose content is
known and of a program, what it refuses, and what becomes of requests when the engine, the network, the clock
or rheaper-push itself fails. Google's reader of pprof judges the bodies.

usage: check-push.py RHEAPER-PUSH RHEAPER-LOAD BUILD/RHEAPER-CC-DIRECTORY SOURCE-DIRECTORY GO-CACHE

Prints TAP, one point per test_ function.
"""
import base64
import gzip
import json
import os
import resource
import shutil
import sqlite3
import struct
import subprocess
import sys
import time
import urllib.parse

import tap
from push_inputs import SECOND, Fed, insert, make_database, put_block, put_process, put_stacks
from push_stub import Stub
from workbench import Workbench

PUSH, LOADER, BIN, SOURCE, CACHE = (os.path.abspath(path) for path in sys.argv[1:6])
PROGRAM = """
#include <stdlib.h>
#include <unistd.h>
static void *volatile keep;
int main(int argc, char **argv)
{
	char byte;
	keep = malloc(1000);
	free(malloc(234));
	if (argc > 1)
		return write(1, "r", 1) != 1 || read(0, &byte, 1) < 0;
	return 0;
}
"""


class Bench(Workbench):
    def __init__(self, directory):
        super().__init__(directory)
        self.env["HOME"] = directory
        self.n_spools = 0
        self.judge = None
        self.trace = None

    def make(self, name, fill):
        return make_database(self.path(name), SOURCE, fill)

    def program(self):
        if not self.trace:
            source = self.file("program.c", PROGRAM)
            self.run(BIN + "/rheaper-cc", source, "-o", "program", "--rheaper-label=version=1.2",
                     "--rheaper-label=commit=3f1c", "--rheaper-label=flavour=x", RHEAPER_CC_FLAGS="")
            self.trace = self.path("trace.bin")
            self.run(self.path("program"), RHEAPER_TRACE=self.trace)
        return self.trace

    def spool(self):
        self.n_spools += 1
        return self.path(f"spool{self.n_spools}")

    def push(self, status, *words, to="pyroscope", spool=None, **env):
        """Its standard output and error."""
        result = subprocess.run([PUSH, "--to", to, "--spool", spool or self.spool(), "--backoff=1ms", *words],
                                cwd=self.dir, env={**self.env, **env}, text=True, capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=240)
        assert result.returncode == status, result
        return result.stdout + result.stderr

    def start(self, *words, to="pyroscope"):
        return subprocess.Popen([PUSH, "--to", to, *words], cwd=self.dir, env=self.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def judged(self, bodies):
        """What Google's reader says of each."""
        if not shutil.which("go"):
            raise tap.Skip("no go")
        if not os.path.exists("/usr/share/gocode/src/github.com/google/pprof/profile"):
            raise tap.Skip("no golang-github-google-pprof-dev")
        if not self.judge:
            self.judge = self.path("judge")
            self.run("go", "build", "-o", self.judge, SOURCE + "/tests/judge.go", silent=False, GO111MODULE="off",
                     GOPATH="/usr/share/gocode", GOCACHE=CACHE, GOFLAGS="")
        paths = []
        for number, body in enumerate(bodies):
            paths.append(self.path(f"body{number}.pb.gz"))
            with open(paths[-1], "wb") as out:
                out.write(body)
        return [json.loads(line) for line in self.run(self.judge, *paths).splitlines()]


def query_of(request):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.path).query, strict_parsing=True))


def two_windows(db, started=None):
    """A block of 100 bytes is allocated in each of two windows of 300 s, the first one freed in the second, and
    one of 7, that stands for three, stays."""
    put_stacks(db, ["leaf", "other"])
    put_process(db, 1, started or time.time_ns() - 1000 * SECOND, 400 * SECOND)
    put_block(db, 1, 1, 10 * SECOND, 350 * SECOND, 100)
    put_block(db, 1, 2, 20 * SECOND, None, 7, weight=3)
    put_block(db, 1, 1, 310 * SECOND, 5 * SECOND, 100)
    put_block(db, 1, 0, 320 * SECOND, 5 * SECOND, 50)


def test_pyroscope_gets_what_it_adds_up(b):
    db = b.make("two.db", two_windows)
    with Stub() as stub:
        b.push(0, "--label=version=1, {2}", "--label", "env=prod", stub.url + "/", db)
        assert len(stub.requests) == 2, stub.requests
    for request in stub.requests:
        assert request.path.startswith("/ingest?"), request.path
        assert request.headers["Content-Type"] == "application/octet-stream", request.headers
        query = query_of(request)
        assert query["name"] == "it{deployment.environment.name=prod,host.name=machine," \
            "process.executable.build_id.gnu=abcd,process.executable.name=it,service.version=1_ _2_}", query
        assert query["format"] == "pprof" and query["spyName"] == "rheaper", query
    first, second = [query_of(request) for request in stub.requests]
    assert int(first["until"]) - int(first["from"]) == 300 and first["until"] == second["from"], (first, second)
    assert int(second["until"]) - int(second["from"]) == 100, second
    types = ["alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"]
    one, two = b.judged(request.body for request in stub.requests)
    assert one["Types"] == two["Types"] == types, one
    assert one["Sums"] == [4, 121, 4, 121] and two["Sums"] == [2, 150, 3, 21], (one, two)
    assert one["Duration"] == 300 * SECOND and one["Period"] == 512, one
    assert one["LocationsFrom"] == two["LocationsFrom"] == 1, (one, two)
    assert "[unknown]" in two["Functions"] and "[unknown]" not in one["Functions"], two
    assert "/opt/a b/it abcd" in one["Mappings"], one


def test_parca_tells_them_by_their_duration(b):
    db = b.make("two.db", two_windows)
    with Stub() as stub:
        b.push(0, stub.url, db, to="parca")
    assert [request.path for request in stub.requests] == 4 * ["/api/profiles/writeraw"]
    assert all(request.headers["Content-Type"] == "application/json" for request in stub.requests)
    bodies = []
    for request in stub.requests:
        message = json.loads(request.body)
        assert list(message) == ["series"], message
        series, = message["series"]
        labels = {label["name"]: label["value"] for label in series["labels"]["labels"]}
        assert labels["__name__"] == "memory" and labels["service_name"] == "it", labels
        assert labels["process_executable_build_id_gnu"] == "abcd", labels
        sample, = series["samples"]
        bodies.append(base64.b64decode(sample["rawProfile"], validate=True))
    said = b.judged(bodies)
    found = sorted((one["Time"], one["Duration"] > 0, one["Types"][0], one["Sums"]) for one in said)
    assert [row[1:] for row in found if row[1]] == [
        (True, "alloc_objects/count", [4, 121]), (True, "alloc_objects/count", [2, 150])], found
    assert [row[1:] for row in found if not row[1]] == [
        (False, "inuse_objects/count", [4, 121]), (False, "inuse_objects/count", [3, 21])], found
    assert all(one["LocationsFrom"] == 1 for one in said), said


def test_coroot_takes_labels_as_a_query(b):
    db = b.make("two.db", two_windows)
    key = b.file("key", "s3cret\n")
    os.chmod(key, 0o600)
    with Stub() as stub:
        b.push(0, "--label=service=a&b c", "--token-file", key, stub.url, db, to="coroot")
    for request in stub.requests:
        assert request.path.startswith("/v1/profiles?"), request.path
        assert query_of(request)["service.name"] == "a&b c", request.path
        assert request.headers["X-API-Key"] == "s3cret", request.headers
    assert [one["Sums"] for one in b.judged(request.body for request in stub.requests)] == [
        [4, 121, 4, 121], [2, 150, 3, 21]]


def read_text(lines):
    """What protoc decodes, as (name, value) pairs; the value of a message is a list of them."""
    pairs = []
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith("{"):
            pairs.append((line[:-1].strip(), read_text(lines)))
        else:
            name, value = line.split(": ", 1)
            pairs.append((name, value.strip('"') if value.startswith('"') else int(value)))
    return pairs


def all_of(message, name):
    return [value for key, value in message if key == name]


def one_of(message, name, default=0):
    return dict(message).get(name, default)


def test_otlp_has_a_dictionary_without_loose_ends(b):
    """Read by protoc, with the types that otlp.proto names where it has bytes."""
    if not shutil.which("protoc"):
        raise tap.Skip("no protoc")
    with open(SOURCE + "/push/otlp.proto") as file:
        text = file.read()
    for written, meant in ("bytes dictionary = 2; // Dictionary", "Dictionary dictionary = 2;"), \
            ("repeated bytes profiles = 2; // Profile", "repeated Profile profiles = 2;"):
        assert written in text
        text = text.replace(written, meant)
    b.file("whole.proto", text)
    db = b.make("two.db", two_windows)
    with Stub() as stub:
        b.push(0, "--label=version=1", stub.url, db, to="otlp-1.10")
    sums = []
    for request in stub.requests:
        assert request.path == "/v1development/profiles", request.path
        assert request.headers["Content-Type"] == "application/x-protobuf", request.headers
        assert request.headers["Content-Encoding"] == "gzip", request.headers
        said = subprocess.run(["protoc", "--decode=otlp.Request", "-I", b.dir, b.path("whole.proto")], check=True,
                              input=gzip.decompress(request.body), stdout=subprocess.PIPE).stdout.decode()
        message = read_text(iter(said.splitlines()))
        tables = one_of(message, "dictionary")
        assert not any(name.isdigit() for name, _ in tables), tables  # a field that is not known
        strings = all_of(tables, "string_table")
        assert strings[0] == "" and len(set(strings)) == len(strings), strings
        for name in "mapping", "location", "function", "attribute", "stack":
            assert all_of(tables, name + "_table")[0] == [], name
        locations, functions = all_of(tables, "location_table"), all_of(tables, "function_table")
        stacks, mappings = all_of(tables, "stack_table"), all_of(tables, "mapping_table")
        used = {index for stack in stacks[1:] for index in all_of(stack, "location_indices")}
        assert used == set(range(1, len(locations))), (used, locations)
        lines = [line for place in locations[1:] for line in all_of(place, "lines")]
        assert {one_of(line, "function_index") for line in lines} == set(range(1, len(functions))), lines
        assert all(0 < one_of(place, "mapping_index") < len(mappings) for place in locations[1:]), locations
        assert all(0 < one_of(function, "name_strindex") < len(strings) for function in functions[1:])
        resource = one_of(message, "resource_profiles")
        labels = {one_of(label, "key"): one_of(one_of(label, "value"), "string_value")
                  for label in all_of(one_of(resource, "resource"), "attributes")}
        assert labels["service.name"] == "it" and labels["service.version"] == "1", labels
        for profile in all_of(one_of(resource, "scope_profiles"), "profiles"):
            kind = strings[one_of(one_of(profile, "sample_type"), "type_strindex")]
            samples = all_of(profile, "samples")
            assert all(0 < one_of(sample, "stack_index") < len(stacks) for sample in samples), samples
            assert (one_of(profile, "duration_nano") > 0) == kind.startswith("alloc_"), profile
            sums.append((kind, sum(one_of(sample, "values") for sample in samples)))
    assert sums == [("alloc_objects", 4), ("alloc_space", 121), ("inuse_objects", 4), ("inuse_space", 121),
                    ("alloc_objects", 2), ("alloc_space", 150), ("inuse_objects", 3), ("inuse_space", 21)], sums


def test_windows_add_up_to_the_database(b):
    """Whatever the length of the windows, and with snapshots each five minutes at most."""
    def fill(db):
        put_stacks(db, [f"f{n}" for n in range(20)])
        put_process(db, 1, time.time_ns() - 2000 * SECOND, 1000 * SECOND)
        for n in range(1000):
            put_block(db, 1, n % 20 + 1, n * SECOND, None if n % 7 == 0 else min(n % 50, 999 - n) * SECOND, n, weight=1 + n % 3)

    db = b.make("many.db", fill)
    with sqlite3.connect(db) as rows:
        whole = rows.execute("SELECT sum(allocations), sum(allocated_bytes), sum(live_blocks), sum(live_bytes)"
                             " FROM stack_totals").fetchone()
    for window in "1000s", "300s", "77s", "1h":
        with Stub() as stub:
            b.push(0, "--window", window, stub.url, db)
        said = sorted(b.judged(request.body for request in stub.requests), key=lambda one: one["Time"])
        assert tuple(sum(one["Sums"][i] for one in said) for i in (0, 1)) == whole[:2], window
        snapshots = [one for one in said if len(one["Types"]) == 4]
        assert tuple(said[-1]["Sums"][2:]) == whole[2:] and len(snapshots) <= 5, (window, said[-1]["Sums"], whole)
        for one in snapshots:  # what was live then, by the blocks
            with sqlite3.connect(db) as rows:
                end = one["Time"] + one["Duration"] - rows.execute("SELECT started_unix_ns FROM processes").fetchone()[0]
                live = rows.execute("SELECT sum(weight), sum(size * weight) FROM lots JOIN blocks ON block = first_block"
                                    " WHERE alloc_ns < ? AND ifnull(alloc_ns + lifetime_ns >= ?, 1)", (end, end)).fetchone()
            if one is not said[-1]:
                assert tuple(one["Sums"][2:]) == live, (window, one, live)


def test_large_profiles_are_split(b):
    """100,000 call sites in a window, by samples; long names, by bytes."""
    def sites(n, name):
        def fill(db):
            put_stacks(db, [name % i for i in range(n)])
            put_process(db, 1, time.time_ns() - 300 * SECOND, 10 * SECOND)
            db.executemany("INSERT INTO lots (process, stack, ending, temporary, weight, first_block, last_block, bytes)"
                           " VALUES (1, ?, 2, 0, 1, ?, ?, 9)", [(i, i, i) for i in range(1, n + 1)])
            db.executemany("INSERT INTO blocks VALUES (?, 1, NULL, 9, 1)", [(i,) for i in range(1, n + 1)])
        return fill

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    for n, name, least in (100000, "f%d", 7), (10000, "f%d" + 2000 * "x", 5):
        db = b.make("large.db", sites(n, name))
        with Stub() as stub:
            said = b.push(0, stub.url, db)
        assert f"{n} samples" in said and len(stub.requests) >= least, (said, len(stub.requests))
        assert len({request.id for request in stub.requests}) == len(stub.requests)
        for request in stub.requests:
            assert len(gzip.decompress(request.body)) <= 4 << 20, len(gzip.decompress(request.body))
        profiles = b.judged(request.body for request in stub.requests)
        assert all(one["Samples"] <= 16000 for one in profiles), profiles
        assert sum(one["Samples"] for one in profiles) == n
        assert [sum(one["Sums"][i] for one in profiles) for i in range(4)] == [n, 9 * n, n, 9 * n]
        assert len({one["Time"] for one in profiles}) == 1, profiles
    assert max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) < 400 << 10  # KiB


def test_labels_are_on_a_list(b):
    db = b.make("two.db", two_windows)
    for label, said in ("pid=7", "never come again"), ("trace.path=x", "never come again"), ("time=1", "never come"), \
            ("color=red", "--allow-label=NAME"), ("version=", "1 to 1024 bytes"), ("version", "NAME=VALUE"), \
            ("version=a\nb", "control character"), ("=x", "NAME=VALUE"):
        assert said in b.push(2, "--label=" + label, "http://localhost:1", db), label
    assert "never come again" in b.push(2, "--allow-label=pid", "--label=pid=7", "http://localhost:1", db)
    with Stub() as stub:
        b.push(0, "--allow-label=color", "-l", "color=red", "-l", "version=1", "-l", "version=2", stub.url, db)
        assert "color=red" in query_of(stub.requests[0])["name"] and "service.version=2" in query_of(
            stub.requests[0])["name"], stub.requests[0].path
    many = [word for n in range(30) for word in (f"--allow-label=n{n}", f"--label=n{n}=1")]
    assert "pyroscope takes 26: leave some out" in b.push(2, *many, "http://localhost:1", db)


def test_a_build_says_its_labels(b):
    trace = b.program()
    with Stub() as stub:
        said = b.push(0, stub.url, trace)
        assert "1 label of a build is not on the list" in said, said
        name = query_of(stub.requests[0])["name"]
        assert name.startswith("program{") and "service.version=1.2" in name, name
        assert "vcs.ref.head.revision=3f1c" in name and "flavour" not in name, name
        b.push(0, "--label=version=9", stub.url, trace)
        assert "service.version=9" in query_of(stub.requests[1])["name"]
        b.push(0, "--allow-label=flavour", stub.url, trace)
        assert "flavour=x" in query_of(stub.requests[2])["name"]
    one = b.judged([stub.requests[0].body])[0]
    assert one["Sums"] == [2, 1234, 1, 1000] and "main" in one["Functions"], one


def test_busy_engines_are_tried_again(b):
    db = b.make("two.db", two_windows)
    with Stub([429, 503, (500, {}), 200, 502]) as stub:
        said = b.push(0, stub.url, db)
        assert "2 requests sent" in said and len(stub.requests) == 6, said
        ids = [request.id for request in stub.requests]
        assert ids[:4] == 4 * [ids[0]] and len({request.id for request in stub.accepted()}) == 2, ids
    with Stub([(503, {"Retry-After": "1"})]) as stub:
        b.push(0, stub.url, db)
        assert stub.requests[1].at - stub.requests[0].at >= 1, stub.requests
    with Stub([(429, {"Retry-After": "86400"})]) as stub:
        spool = b.spool()
        said = b.push(1, stub.url, db, spool=spool)
        assert "HTTP 429: the stub says so" in said and "come back later" in said, said
        assert "2 requests wait in the spool" in said and len(stub.requests) == 1, said
        assert "2 requests sent" in b.push(0, stub.url, spool=spool) and len(stub.accepted()) == 2
    with Stub(20 * [503]) as stub:
        spool = b.spool()
        assert "2 requests wait" in b.push(1, "--retries=3", stub.url, db, spool=spool)
        assert len(stub.requests) == 4 and len({request.id for request in stub.requests}) == 1
    said = b.push(1, "--retries=1", stub.url, db, spool=spool)  # it is closed now
    assert "connect" in said and "2 requests wait" in said, said


def test_what_is_refused_is_said(b):
    db = b.make("two.db", two_windows)
    with Stub([400, 422]) as stub:
        spool = b.spool()
        said = b.push(3, stub.url, db, spool=spool)
        assert said.count("send: refused: HTTP 4") == 2 and "2 requests were refused" in said, said
        assert "\x1b" not in said and "0 requests sent" in b.push(0, stub.url, spool=spool)
    with Stub([(302, {"Location": "http://localhost:1/"})]) as stub:
        assert "HTTP 302" in b.push(3, stub.url, db) and len(stub.requests) == 1


def test_a_wrong_token_loses_nothing(b):
    db = b.make("two.db", two_windows)
    token = b.file("token", "wrong\n")
    os.chmod(token, 0o600)
    with Stub([401]) as stub:
        spool = b.spool()
        said = b.push(3, "--token-file", token, "--tenant=team", stub.url, db, spool=spool)
        assert "HTTP 401" in said and "--token-file" in said and "2 requests wait" in said, said
        assert stub.requests[0].headers["Authorization"] == "Bearer wrong", stub.requests[0].headers
        assert stub.requests[0].headers["X-Scope-OrgID"] == "team", stub.requests[0].headers
        b.file("token", "right")
        assert "2 requests sent" in b.push(0, "--token-file", token, "--tenant=team", stub.url, spool=spool)
        assert len(stub.requests) == 3 and stub.requests[2].headers["Authorization"] == "Bearer right"
    for name in os.listdir(spool):
        with open(os.path.join(spool, name), "rb") as file:
            assert b"right" not in file.read(), name
    said = b.push(0, "--dry-run", "--token-file", token, stub.url, db)
    assert "Authorization: (not shown)" in said and "right" not in said, said
    assert "use https" in b.push(2, "--token-file", token, "http://example.invalid", db)
    for text, mode, why in ("x", 0o644, "others can read"), ("", 0o600, "not a token"), ("a\nb", 0o600, "no blanks"):
        os.chmod(b.file("token", text), mode)
        assert why in b.push(2, "--token-file", token, stub.url, db), (text, mode)
    assert "has no tenants" in b.push(2, "--tenant=x", stub.url, db, to="coroot")


def test_certificates_are_checked(b):
    if not shutil.which("openssl"):
        raise tap.Skip("no openssl")
    db = b.make("two.db", two_windows)
    b.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days",
          "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", silent=False)
    with Stub(certificate=(b.path("cert.pem"), b.path("key.pem"))) as stub:
        spool = b.spool()
        said = b.push(3, stub.url, db, spool=spool)
        assert "certificate" in said and "2 requests wait" in said and not stub.requests, said
        b.push(0, "--ca-file", b.path("cert.pem"), stub.url, spool=spool)
        assert len(stub.accepted()) == 2
        said = b.push(3, "--ca-file", b.path("cert.pem"), stub.url.replace("127.0.0.1", "localhost"), db)
        assert "name" in said and len(stub.requests) == 2, said


def test_nothing_is_sent_twice(b):
    trace = b.program()
    spool = b.spool()
    with Stub() as stub:
        b.push(0, stub.url, trace, spool=spool)
        for again in range(2):
            said = b.push(0, stub.url, trace, spool=spool)
            assert "0 requests sent" in said and "1 request had been sent before" in said, said
        assert len(stub.requests) == 1
        b.push(0, "--label=version=3", stub.url, trace, spool=spool)  # another series
        b.push(0, stub.url, trace, spool=spool, to="coroot")
        assert len(stub.requests) == 3
        # The journal is cut in the middle of a line, as a crash may leave it
        with open(spool + "/sent", "ab") as journal:
            journal.write(b"0123456789abcdef 3")
        assert "had been sent before" in b.push(0, stub.url, trace, spool=spool)
        assert len(stub.requests) == 3


def test_no_answer_is_a_doubt(b):
    db = b.make("two.db", two_windows)
    for answer, words in ("cut", []), ("silent", ["--timeout=1s"]):
        spool = b.spool()
        with Stub([answer]) as stub:
            said = b.push(1, *words, stub.url, db, spool=spool)
            assert "is not known" in said and "1 request may have arrived: --resend" in said, said
            assert "1 request waits" in said and len(stub.requests) == 1, said
            said = b.push(1, stub.url, db, spool=spool)
            assert "1 request sent" in said and "1 request may have arrived" in said, said
            assert len(stub.requests) == 2 and stub.requests[0].id != stub.requests[1].id
            assert "1 request sent" in b.push(0, "--resend", stub.url, spool=spool)
            assert stub.requests[2].id == stub.requests[0].id and len(stub.accepted()) == 2


def test_no_answer_on_a_connection_that_was_used_is_a_doubt(b):
    """What got no answer there a library may send once more by itself."""
    db = b.make("two.db", two_windows)
    with Stub([200, "cut"]) as stub:
        said = b.push(1, stub.url, db)
        assert "1 request may have arrived" in said, said
        assert len(stub.requests) == 2 and len({request.id for request in stub.requests}) == 2


def test_killed_while_the_engine_thinks(b):
    """It may have got the request: that is in doubt, and the other one waits."""
    db = b.make("two.db", two_windows)
    spool = b.spool()
    with Stub(["silent"]) as stub:
        process = b.start("--spool", spool, stub.url, db)
        assert stub.arrived.wait(60)
        process.kill()
        process.communicate()
        said = b.push(1, stub.url, db, spool=spool)
        assert "1 request sent" in said and "1 request may have arrived" in said, said
        assert len(stub.requests) == 2 and len({request.id for request in stub.requests}) == 2
        b.push(0, "--resend", stub.url, spool=spool)
        assert len({request.id for request in stub.accepted()}) == 2 == len(stub.accepted())


def test_killed_while_it_waits(b):
    db = b.make("two.db", two_windows)
    spool = b.spool()
    with Stub([503]) as stub:
        process = b.start("--spool", spool, "--backoff=1h", stub.url, db)
        assert stub.arrived.wait(60)
        said = process.stderr.readline()
        assert "HTTP 503" in said and "once more in" in said, said
        process.kill()
        process.communicate()
        assert "2 requests sent" in b.push(0, stub.url, spool=spool)
        assert len(stub.accepted()) == 2 == len({request.id for request in stub.accepted()})
        assert "2 requests had been sent before" in b.push(0, stub.url, db, spool=spool)


def test_killed_before_the_request_is_removed(b):
    """What the journal has is not sent again, whatever file is left."""
    db = b.make("two.db", two_windows)
    spool = b.spool()
    with Stub([429]) as stub:
        b.push(1, "--retries=0", stub.url, db, spool=spool)
        files = {name: open(os.path.join(spool, name), "rb").read() for name in os.listdir(spool)
                 if name.endswith(".waiting")}
        assert len(files) == 2
        b.push(0, stub.url, spool=spool)
        for ending in "waiting", "trying", "doubt":
            for name, content in files.items():
                with open(os.path.join(spool, name.replace("waiting", ending)), "wb") as out:
                    out.write(content)
            said = b.push(0, "--resend", stub.url, spool=spool)
            assert "0 requests sent" in said and len(stub.accepted()) == 2, said
        with open(os.path.join(spool, next(iter(files))), "wb") as out:
            out.write(b"torn")
        assert "not a request; it is left out" in b.push(0, stub.url, spool=spool)


def test_a_full_spool_is_said(b):
    db = b.make("two.db", two_windows)
    with Stub([503]) as stub:
        spool = b.spool()
        said = b.push(1, "--retries=0", "--spool-size=800", stub.url, db, spool=spool)
        assert "the spool is full: send the trace again later" in said and "1 request waits" in said, said
        b.push(0, stub.url, db, spool=spool)
        assert len(stub.accepted()) == 2
    os.mkdir(b.path("closed"), 0o500)
    said = b.push(2, stub.url, db, spool=b.path("no/such/place"))
    assert "create the spool" in said and "No such file" in said, said


def test_clocks_that_jump(b):
    now = time.time_ns()
    for started, words, status, text in (
            (now - 5000 * SECOND, [], 3, "2 windows ended too long ago (--max-age)"),
            (now - 5000 * SECOND, ["--max-age=0s"], 0, "2 requests sent"),
            (now + 3000 * SECOND, [], 3, "2 windows end in the future"),
            (now - 3700 * SECOND - 400 * SECOND, ["--max-age=2h"], 0, "2 requests sent")):
        db = b.make("clock.db", lambda db, at=started: two_windows(db, at))
        with Stub() as stub:
            assert text in b.push(status, *words, stub.url, db), (started - now, words)
            assert len(stub.requests) == (0 if status else 2)
    # A window that grew too old in the spool
    db = b.make("clock.db", lambda db: two_windows(db, now - 1000 * SECOND))
    with Stub([503]) as stub:
        spool = b.spool()
        b.push(1, "--retries=0", stub.url, db, spool=spool)
        assert "2 windows ended too long ago" in b.push(3, "--max-age=1s", stub.url, spool=spool)
        assert len(stub.requests) == 1


def test_a_trace_of_another_version(b):
    with open(b.program(), "rb") as file:
        trace = bytearray(file.read())
    trace[12:14] = (9999).to_bytes(2, "little")
    with open(b.path("other.bin"), "wb") as out:
        out.write(trace)
    with Stub() as stub:
        assert "a newer format" in b.push(2, stub.url, b.path("other.bin")) and not stub.requests


def test_a_process_that_restarts(b):
    """The same labels, the same pid, other times: both are sent; what overlaps, too."""
    now = time.time_ns()

    def fill(db):
        put_stacks(db, ["leaf"])
        for process, started in (1, now - 900 * SECOND), (2, now - 500 * SECOND), (3, now - 499 * SECOND):
            put_process(db, process, started, 100 * SECOND, pid=77)
            put_block(db, process, 1, SECOND, None, 10)

    db = b.make("restart.db", fill)
    with Stub() as stub:
        b.push(0, stub.url, db)
        assert len(stub.accepted()) == 3 == len({request.id for request in stub.accepted()})
        assert len({query_of(request)["name"] for request in stub.requests}) == 1


def test_a_program_that_runs_is_not_over(b):
    b.program()
    process = subprocess.Popen([b.path("program"), "wait"], env={**b.env, "RHEAPER_TRACE": b.path("running.bin")},
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.read(1) == b"r"
    with Stub() as stub:
        spool = b.spool()
        said = b.push(0, stub.url, b.path("running.bin"), spool=spool)
        assert "1 window is not over yet" in said and not stub.requests, said
        process.communicate(b"x")
        b.push(0, stub.url, b.path("running.bin"), spool=spool)
        assert len(stub.requests) == 1


def test_a_window_that_was_shorter(b):
    """A database of a snapshot is loaded again when more is known: nothing is counted twice, and that is said."""
    def fill(duration):
        def of(db):
            put_stacks(db, ["leaf"])
            put_process(db, 1, started, duration * SECOND)
            put_block(db, 1, 1, SECOND, None, 10)
        return of

    started, spool = time.time_ns() - 1000 * SECOND, b.spool()
    with Stub() as stub:
        b.push(0, stub.url, b.make("short.db", fill(100)), spool=spool)
        said = b.push(3, stub.url, b.make("longer.db", fill(200)), spool=spool)
        assert "1 request is of a window that was sent when it was shorter" in said, said
        assert len(stub.requests) == 1


def is_peak(request):
    return "heap.moment=peak" in query_of(request)["name"]


def follow(b, stub, directory, spool, *words):
    return b.start("--follow", directory, "--spool", spool, "--interval=10ms", "--backoff=10ms", *words, stub.url)


def end_of(watcher, status=0):
    watcher.terminate()
    said = watcher.communicate()
    assert status is None or watcher.returncode == status, (watcher.returncode, said)
    return said[0] + said[1]


def totals_of(b, *traces):
    """allocations, bytes, live blocks, live bytes; and those of the peak."""
    b.run(LOADER, "--quiet", "--force", *traces, "totals.db", silent=False)
    with sqlite3.connect(b.path("totals.db")) as db:
        return list(db.execute("SELECT sum(allocations), sum(allocated_bytes), sum(live_blocks), sum(live_bytes),"
                               " sum(peak_blocks), sum(peak_bytes) FROM stack_totals").fetchone())


def test_a_growing_trace_is_followed(b):
    """What its windows add up to, what was live when it was killed, and its peak are those of the whole trace;
    whoever follows it once more sends nothing."""
    for window in "1h", "1s":
        directory, spool = b.path("followed" + window), b.spool()
        os.mkdir(directory)
        with Stub([503, 429]) as stub:
            watcher = follow(b, stub, directory, spool, "--window", window)
            fed = Fed(b, BIN, directory).feed("apa")
            fed.feed("ak").end()
            stub.wait_for(lambda requests: any(map(is_peak, requests)))
            end_of(watcher)
            said = sorted((one for one in zip(b.judged(request.body for request in stub.accepted()), stub.accepted())),
                          key=lambda one: one[0]["Time"])
            n = len(stub.requests)
            windows = [one for one, request in said if not is_peak(request)]
            peak, = [one for one, request in said if is_peak(request)]
            allocations, size, live, live_bytes, *of_peak = totals_of(b, fed.trace)
            assert sum(one["Sums"][0] for one in windows) == allocations == 5001, windows
            assert sum(one["Sums"][1] for one in windows) == size, windows
            assert windows[-1]["Sums"][2:] == [live, live_bytes] == [500, 50000], windows
            assert peak["Sums"] == of_peak and peak["Types"][0] == "inuse_objects/count", (peak, of_peak)
            assert "grow" in peak["Functions"], peak
            name = query_of(said[0][1])["name"]
            assert name.startswith("fed{") and "service.version=1.2" in name, name
            assert "process.executable.build_id.gnu=" in name, name
            # Once more; another process comes, with the same labels
            watcher = follow(b, stub, directory, spool, "--window", window)
            second = Fed(b, BIN, directory, "second").feed("a")
            second.end()
            stub.wait_for(lambda requests: sum(map(is_peak, requests)) == 2)
            summary = end_of(watcher)
            assert "had been sent before" in summary
            more = b.judged(request.body for request in stub.requests[n:] if request.accepted and not is_peak(request))
            assert sum(one["Sums"][0] for one in more) == 1000, (
                window, n, summary, [(query_of(request)["name"], request.accepted, request.id) for request in stub.requests])
            assert len({request.id for request in stub.accepted()}) == len(stub.accepted())


def test_a_peak_keeps_its_name_when_times_move(b):
    """The end of the line by which times are computed moves while a program runs."""
    directory, spool = b.path("moved"), b.spool()
    os.mkdir(directory)
    with Stub() as stub:
        fed = Fed(b, BIN, directory).feed("ap")
        fed.end()
        watcher = follow(b, stub, directory, spool, "--window=1h")
        stub.wait_for(lambda requests: any(map(is_peak, requests)))
        end_of(watcher)
        with open(fed.trace, "r+b") as trace:
            trace.seek(88)
            start, _, last = struct.unpack("<QQQ", trace.read(24))
            trace.seek(104)
            trace.write(struct.pack("<Q", last + (last - start) // 10))  # last_ns
        watcher = follow(b, stub, directory, spool, "--window=1h")
        Fed(b, BIN, directory, "second").feed("a").end()
        stub.wait_for(lambda requests: sum(not is_peak(request) for request in requests) == 2)
        end_of(watcher, None)  # 3 where the process ran so long that its window seems to have grown
        assert sum(map(is_peak, stub.accepted())) == 2, [query_of(request) for request in stub.requests]


def test_a_follower_that_is_killed(b):
    directory, spool = b.path("watched"), b.spool()
    os.mkdir(directory)
    with Stub() as stub:
        fed = Fed(b, BIN, directory).feed("aa")
        watcher = follow(b, stub, directory, spool, "--window=1s")
        stub.wait_for(len)
        watcher.kill()
        watcher.communicate()
        fed.feed("a").end()
        watcher = follow(b, stub, directory, spool, "--window=1s")
        stub.wait_for(lambda requests: any(map(is_peak, requests)))
        end_of(watcher, None)  # it may have been killed before it had the answer
        windows = b.judged(request.body for request in stub.accepted() if not is_peak(request))
        assert sum(one["Sums"][0] for one in windows) == 3000 == totals_of(b, fed.trace)[0], windows
        assert len({request.id for request in stub.accepted()}) == len(stub.accepted())


def test_what_cannot_be_followed_is_said(b):
    directory = b.path("odd")
    os.mkdir(directory)
    with open(b.program(), "rb") as file:
        trace = bytearray(file.read())
    trace[12:14] = (9999).to_bytes(2, "little")
    with open(directory + "/other-version", "wb") as out:
        out.write(trace)
    with open(directory + "/no-trace", "w") as out:
        out.write("x")
    with Stub() as stub:
        fed = Fed(b, BIN, directory, "ring", RHEAPER_MAX_BYTES="4M,ring").feed("a")
        good = Fed(b, BIN, directory, "good").feed("a")
        watcher = follow(b, stub, directory, b.spool())
        good.end()
        stub.wait_for(lambda requests: any(map(is_peak, requests)))
        said = end_of(watcher, 1)
        fed.end()
        assert "2 traces could not be followed" in said and said.count("other-version: ") == 1, said
        assert "ring.trace: " in said and "no-trace" not in said and len(stub.accepted()) == 2, said


def test_windows_of_another_length(b):
    """They would count again what was sent."""
    db, spool = b.make("two.db", two_windows), b.spool()
    with Stub([200, 503]) as stub:
        b.push(1, "--retries=0", stub.url, db, spool=spool)
        said = b.push(3, "--window=60s", stub.url, db, spool=spool)
        assert "windows of another length" in said and "1 request sent" in said, said
        assert len(stub.accepted()) == 2 and len({request.id for request in stub.accepted()}) == 2
        b.push(0, "--window=60s", "--label=env=x", stub.url, db, spool=spool)


def test_redacted(b):
    db = b.make("two.db", two_windows)
    with Stub() as stub:
        b.push(0, stub.url, db)
        b.push(0, "--redact", stub.url, db)
        plain, redacted = stub.requests[0], stub.requests[2]
    for text in b"/home/somebody", b"/opt", b"machine":
        assert text in gzip.decompress(plain.body) + plain.path.encode(), text
        assert text not in gzip.decompress(redacted.body) + redacted.path.encode(), text
    assert b"f.c" in gzip.decompress(redacted.body) and b"/secret" not in gzip.decompress(plain.body)


def test_a_dry_run_sends_nothing(b):
    db = b.make("two.db", two_windows)
    with Stub() as stub:
        said = b.push(0, "--dry-run", stub.url, db, spool=b.path("untouched"))
        assert said.count("POST " + stub.url + "/ingest?") == 2 and "3 samples)" in said, said
        assert not stub.requests and not os.path.exists(b.path("untouched"))


def test_words_that_are_wrong(b):
    db = b.make("two.db", two_windows)
    for words, said in (["--to=pyroscope"], "URL"), (["http://localhost:1"], "--to=ENGINE"), \
            (["--to=other", "http://localhost:1"], "pyroscope, parca, coroot"), \
            (["--to=parca", "localhost:1", db], "expected a URL"), \
            (["--to=parca", "ftp://localhost", db], "expected a URL"), \
            (["--to=parca", "http://u:p@localhost", db], "expected a URL"), \
            (["--to=parca", "--window=5", "http://localhost", db], "such as 300s"), \
            (["--to=parca", "--window=10ms", "http://localhost", db], "such as 300s"), \
            (["--to=parca", "http://localhost", db, db], "one DATABASE"), \
            (["--to=parca", "--follow=.", "http://localhost", db], "not for traces that are followed"), \
            (["--to=parca", "--follow=/nonexistent", "http://localhost"], "read /nonexistent"):
        result = subprocess.run([PUSH, "--spool", b.spool(), *words], env=b.env, text=True, capture_output=True)
        assert result.returncode == 2 and said in result.stderr, (words, result)


def test_not_with_the_rights_of_others(b):
    if os.getuid() != 0:
        raise tap.Skip("needs root")
    if os.statvfs(b.dir).f_flag & os.ST_NOSUID:
        raise tap.Skip("the file system gives no program more rights")
    shutil.copy(PUSH, b.path("set-uid"))
    os.chown(b.path("set-uid"), 65534, 65534)
    os.chmod(b.path("set-uid"), 0o4755)
    os.chmod(b.dir, 0o755)
    result = subprocess.run([b.path("set-uid"), "--to=parca", "http://localhost:1"], env=b.env, text=True,
                            capture_output=True)
    assert result.returncode == 2 and "set-uid" in result.stderr, result


tap.run(globals(), Bench)
