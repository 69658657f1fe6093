# SPDX-License-Identifier: MIT
"""An HTTP server in the place of an engine: it keeps what it was sent, and answers as it is told."""
import http.server
import ssl
import threading
import time


class Request:
    def __init__(self, handler, body):
        self.path, self.headers, self.body = handler.path, dict(handler.headers), body
        self.at = time.monotonic()
        self.id = self.headers.get("Idempotency-Key")
        self.accepted = False


class Stub:
    """`answers` are taken one after the other; behind the last one everything is 200. One is a status, a
    pair of status and headers, "cut" (the request is read, and the connection closed) or "silent" (it is
    read, and never answered; `arrived` is set, and `release` ends it)."""

    def __init__(self, answers=(), certificate=None):
        self.requests, self.answers = [], list(answers)
        self.arrived, self.released, self.lock = threading.Event(), threading.Event(), threading.Condition()
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                stub.take(self)

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *words: None  # who refuses a certificate hangs up
        self.port = self.server.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, handler):
        request = Request(handler, handler.rfile.read(int(handler.headers["Content-Length"])))
        with self.lock:
            self.requests.append(request)
            answer = self.answers.pop(0) if self.answers else 200
        if answer in ("cut", "silent"):
            self.arrived.set()
            if answer == "silent":
                self.released.wait()
            handler.close_connection = True
            return
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        request.accepted = status < 300
        text = b"" if request.accepted else b"the stub says so\r\n\x1b[31mred"
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
        handler.wfile.flush()
        self.arrived.set()
        with self.lock:
            self.lock.notify_all()

    def wait_for(self, is_there):
        """Until is_there says so of what was accepted."""
        with self.lock:
            assert self.lock.wait_for(lambda: is_there(self.accepted()), 120), self.requests

    def accepted(self):
        return [request for request in self.requests if request.accepted]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
