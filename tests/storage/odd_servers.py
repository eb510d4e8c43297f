"""Servers that answer as no storage does: one page for everything, or a byte at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


class Page(BaseHTTPRequestHandler):
    """A server that answers everything with one status and a page."""

    status = 200
    deleting = 204
    content = b"<html>hi</html>"
    location = "http://127.0.0.1:9/elsewhere"
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        self.seen.append(str(self.headers.get("Authorization")))
        if self.location:
            self.send_header("Location", self.location)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.content)

    do_PROPFIND = do_PUT = do_HEAD = do_GET  # noqa: N815 - their names in the standard library

    def do_DELETE(self) -> None:
        self.status = self.deleting
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def page(status: int, **fields: object) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Page,), {"status": status, **fields}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dav"
    finally:
        server.shutdown()
        server.server_close()


class Slow(BaseHTTPRequestHandler):
    """A server that answers a byte at a time and never to the end, but for what it is asked to remove."""

    asked: ClassVar[list[str]] = []
    ended: ClassVar[threading.Event]

    def do_PUT(self) -> None:
        self.asked.append(self.command)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(207)
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.ended.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()

    do_PROPFIND = do_GET = do_PUT  # noqa: N815 - their names in the standard library

    def do_DELETE(self) -> None:
        self.asked.append("DELETE")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<DeleteResult><Deleted><Key>x.txt</Key></Deleted></DeleteResult>")

    # How the library for S3 deletes.
    do_POST = do_DELETE  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def slow() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Slow,), {"asked": asked, "ended": ended}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dav", asked
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
