"""The report served on this machine alone, made anew whenever the ledger changes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

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


@dataclass(slots=True)
class _Shown:
    """What is served now."""

    page: bytes = b""
    digest: str = ""
    hosts: frozenset[str] = field(default_factory=frozenset)


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
        server = ThreadingHTTPServer((_HOST, port), _handler(shown))
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


def _handler(shown: _Shown) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Host") not in shown.hosts:
                self.send_error(421)
            elif self.path == "/":
                self._send(shown.page, "text/html; charset=utf-8")
            elif self.path == "/digest":
                self._send(shown.digest.encode(), "text/plain; charset=utf-8")
            else:
                self.send_error(404)

        def _send(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            for name, value in (
                ("Content-Type", kind),
                ("Content-Length", str(len(content))),
                ("Cache-Control", "no-store"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: standard error is for what goes wrong."""

    return Handler
