"""The report served on this machine alone, made anew whenever the ledger changes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from msgspec import Struct, field

from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.signals import Stopped, unless_signalled
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import EocanvasApplyError, UsageError

if TYPE_CHECKING:
    from eocanvas_apply.ledger.journal import Journal

# How often the ledger is looked at, in seconds: a look at a file costs nothing, one at a bucket a request.
_POLL_S = 2.0
_HOST = "127.0.0.1"
# Makes the page; the text that it is given tells one state of the ledger from another.
Make = Callable[[str], Awaitable[str]]


class _Shown(Struct):
    """What is served now."""

    page: bytes = b""
    digest: str = ""
    hosts: frozenset[str] = field(default_factory=frozenset)

    def answer(self, path: str, host: str | None) -> tuple[HTTPStatus, bytes, str]:
        """Return status, content and media type for a request."""
        if host not in self.hosts:
            return HTTPStatus.MISDIRECTED_REQUEST, b"", "text/plain"
        if path == "/":
            return HTTPStatus.OK, self.page, "text/html; charset=utf-8"
        if path == "/digest":
            return HTTPStatus.OK, self.digest.encode(), "text/plain; charset=utf-8"
        return HTTPStatus.NOT_FOUND, b"", "text/plain"


def serve(journal: Journal, make: Make, console: Console, port: int) -> Outcome:
    """Serve until a signal comes; raises UsageError for a port that is taken, and what the first page raises."""
    return asyncio.run(_served(journal, make, console, port))


async def _served(journal: Journal, make: Make, console: Console, port: int) -> Outcome:
    shown = _Shown()
    try:
        await _renew(shown, journal, make)
        with _listening(shown, port) as address:
            console.say(f"The report is at {address} and follows the ledger; Ctrl-C ends it.")
            await unless_signalled(_follow(shown, journal, make, console))
    except Stopped as stopped:
        return Outcome(stopped.code)
    return Outcome()


async def _follow(shown: _Shown, journal: Journal, make: Make, console: Console) -> None:
    """Make the page anew with every change; a ledger or manifest that cannot be read leaves the last one there."""
    said = ""
    while True:
        await asyncio.sleep(_POLL_S)
        try:
            await _renew(shown, journal, make)
            said = ""
        except EocanvasApplyError as fault:
            if said != str(fault):
                said = str(fault)
                console.say(f"the report stays as it was: {said}")


async def _renew(shown: _Shown, journal: Journal, make: Make) -> None:
    digest = str((await journal.refresh()).head)
    if digest != shown.digest or not shown.page:
        shown.page, shown.digest = (await make(digest)).encode(), digest


@contextmanager
def _listening(shown: _Shown, port: int) -> Iterator[str]:
    """Answer requests in a thread for as long as the block lasts; yield the address of the page."""
    try:
        server = _Server((_HOST, port), _handler(shown))
    except (OSError, OverflowError) as fault:
        message = f"port {port} of {_HOST} cannot be used: {getattr(fault, 'strerror', None) or fault}"
        raise UsageError(error("usage", message, "name another --port, or none")) from None
    # A page elsewhere must not read this one under a name of its own (DNS rebinding).
    shown.hosts = frozenset(f"{name}:{server.server_port}" for name in (_HOST, "localhost"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{_HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that went away in the middle of an answer."""


def _handler(shown: _Shown) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(self._head())

        def do_HEAD(self) -> None:
            self._head()

        def _head(self) -> bytes:
            """Send the head of the answer; return the content that belongs to it."""
            status, content, kind = shown.answer(self.path, self.headers.get("Host"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            return content

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: standard error is for what goes wrong."""

    return Handler
