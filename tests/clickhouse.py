# SPDX-License-Identifier: MIT
"""ClickHouse in this process, from its package of npm's, and an HTTP server in front of it as its own is: what is
posted is a query, or the rows of one."""
import ctypes
import json
import os
import shutil
import sys
import tempfile
import urllib.parse

import tap
from push_stub import Request, Stub


class ClickHouse:
    """There is one in a process."""

    def __init__(self, library):
        self.lib = ctypes.CDLL(library)
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        for name, result, arguments in (
                ("connect", pointer, [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]),
                ("query_n", pointer, [pointer, ctypes.c_char_p, size, ctypes.c_char_p, size]),
                ("result_buffer", pointer, [pointer]), ("result_length", size, [pointer]),
                ("result_error", ctypes.c_char_p, [pointer]), ("destroy_query_result", None, [pointer])):
            function = getattr(self.lib, "chdb_" + name)
            function.restype, function.argtypes = result, arguments
        # Any path is that of a directory, ":memory:" too
        self.directory = tempfile.TemporaryDirectory(prefix="rheaper-clickhouse-")
        words = (ctypes.c_char_p * 2)(b"clickhouse", f"--path={self.directory.name}/data".encode())
        self.connection = ctypes.cast(self.lib.chdb_connect(2, words), ctypes.POINTER(pointer))[0]

    def leave(self):
        """End this process with what was printed. ClickHouse may be merging still, and dies of an ordinary exit."""
        sys.stdout.flush()
        shutil.rmtree(self.directory.name, ignore_errors=True)
        os._exit(0)

    def ask(self, query, form="TabSeparated"):
        """The bytes of the answer. Dies with ValueError."""
        query = query if isinstance(query, bytes) else query.encode()
        result = self.lib.chdb_query_n(self.connection, query, len(query), form.encode(), len(form))
        error = self.lib.chdb_result_error(result)
        length = 0 if error else self.lib.chdb_result_length(result)
        said = ctypes.string_at(self.lib.chdb_result_buffer(result), length) if length else b""
        self.lib.chdb_destroy_query_result(result)
        if error:
            raise ValueError(error.decode(errors="replace"))
        return said

    def insert(self, query, settings, body):
        """Rows, compressed by gzip, that the query INSERT ... FORMAT takes: from a file, for a query with rows in it
        ends where a byte of them looks like its end."""
        head, form = query.rsplit(" FORMAT ", 1)
        path = self.directory.name + "/rows.gz"
        with open(path, "wb") as out:
            out.write(body)
        words = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
        return self.ask(f"{head} FROM INFILE '{path}' COMPRESSION 'gzip' {'SETTINGS ' + words if words else ''} "
                        f"FORMAT {form}")

    def rows(self, query):
        return json.loads(self.ask(query, "JSONCompact"))["data"]

    def create(self, schema):
        """Anew."""
        for statement in schema.split(";\n"):
            if statement.strip():
                self.ask("DROP TABLE IF EXISTS " + statement.split("EXISTS ")[1].split()[0])
                self.ask(statement)


def open_clickhouse():
    """Skips the test if it is not here."""
    library = os.path.join(os.environ.get("RHEAPER_CLICKHOUSE", ""), "libchdb.so")
    if not os.path.exists(library):
        raise tap.Skip("no ClickHouse here")
    return ClickHouse(library)


class Server(Stub):
    """`answers` as Stub has them; "lost": the query is done, and the connection closed without an answer."""

    def __init__(self, clickhouse, answers=()):
        self.clickhouse = clickhouse
        super().__init__(answers)

    def do(self, request):
        """The status and the text of the answer."""
        words = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.path).query, strict_parsing=True))
        query, form = words.pop("query", ""), words.pop("default_format", "TabSeparated")
        try:
            if query:
                assert request.headers.get("Content-Encoding") == "gzip", request.headers
                return 200, self.clickhouse.insert(query, words, request.body)
            return 200, self.clickhouse.ask(request.body, form)
        except ValueError as error:
            return 500 if "TOO_MANY_PARTS" in str(error) else 400, str(error).encode()

    def take(self, handler):
        request = Request(handler, handler.rfile.read(int(handler.headers["Content-Length"])))
        with self.lock:
            self.requests.append(request)
            answer = self.answers.pop(0) if self.answers else 200
            status, text = self.do(request) if answer in (200, "lost") else (answer, b"no")
            request.accepted = answer != "lost" and status < 300
            self.lock.notify_all()
        if answer == "lost":
            handler.close_connection = True
            return
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
