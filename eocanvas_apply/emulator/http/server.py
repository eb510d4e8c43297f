"""The emulator over HTTP on loopback: for a command that serves until a signal ends it, and for tests.

with running(Options(job_time=1)) as emulator:
    httpx.get(emulator.url + "/processes", ...)
    with emulator.model() as frontend:
        frontend.faults.append(Fault("drop-after", path="*/keys"))
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import random
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import trustme
import uvicorn

from eocanvas_apply.emulator.http.application import Application, Connections, protocol_class
from eocanvas_apply.emulator.http.control import Control
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.http.storage_workers import Workers
from eocanvas_apply.emulator.model.clock import RunningClock
from eocanvas_apply.emulator.model.job_failures import JobFaults
from eocanvas_apply.emulator.model.keystore import SealingKey
from eocanvas_apply.emulator.model.service import Eocanvas
from eocanvas_apply.emulator.model.submissions import BASE


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return the files of the authority and of a server's key with its chain; `folder` gets them if need be.

    What an earlier run left there is used again, so that clients need not learn a new authority.
    """
    authority, server = folder / "ca.pem", folder / "server.pem"
    if not (authority.exists() and server.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        made = trustme.CA(organization_name="eocanvas-apply emulator")
        leaf = made.issue_cert("127.0.0.1", "localhost")
        server.touch(mode=0o600)
        leaf.private_key_and_cert_chain_pem.write_to_path(server)
        made.cert_pem.write_to_path(authority)
    return authority, server


_HOST = "127.0.0.1"
_START_SECONDS = 30.0


class RunningEmulator:
    """An emulator that serves from a thread of its own between `start` and `stop`."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.clock = RunningClock(datetime.now(UTC), time.monotonic, self.options.speed)
        self.ca_file, certificate = self._certificate()
        self._lock = threading.RLock()
        service = Eocanvas(
            self.clock,
            random.Random(self.options.seed),  # noqa: S311 - its tokens open nothing
            self.options,
            SealingKey(self.options.private_key),
            JobFaults(self.options.job_faults),
        )
        self._frontend = Frontend(service, self.options.faults)
        self._workers = self._storage_workers()
        control = Control(self._frontend, self.clock.advance)
        application = Application(self._frontend, control, self._lock, self.options.latency)
        self._server = _Server(_configuration(application, self.options.port, certificate), application.connections)
        self._thread = threading.Thread(target=self._server.run_quietly, name="emulator-http")

    def start(self) -> None:
        """Serve; returns when requests can come. Raises OSError when the port cannot be had."""
        self._thread.start()
        if not self._server.ready.wait(_START_SECONDS) or not self._server.started:
            self._thread.join()
            raise _start_failure(self.options.port)
        if self._workers is not None:
            self._workers.start()

    def stop(self) -> None:
        """End the server and its threads; the connections that are open are closed."""
        if self._workers is not None:
            self._workers.stop()
        self._server.leave()
        self._thread.join()

    @contextmanager
    def model(self) -> Iterator[Frontend]:
        """Give the frontend, and through it the model, while no request is being answered."""
        with self._lock:
            self._frontend.settle()
            yield self._frontend

    def advance(self, seconds: float) -> None:
        """Move the service's clock on."""
        with self._lock:
            self.clock.advance(seconds)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        scheme = "http" if self.options.tls is None and self.options.tls_dir is None else "https"
        return f"{scheme}://{_HOST}:{self._server.port}"

    @property
    def url(self) -> str:
        """The base address of the service."""
        return self.origin + BASE

    @property
    def token_url(self) -> str:
        """The address of gettoken."""
        chosen = self.options.behaviour.token_at
        return f"{self.origin}/{'identity' if chosen == 'both' else chosen}/gettoken"

    @property
    def hda_url(self) -> str:
        """The part before `/api/v1` of the address where products are ordered."""
        return f"{self.origin}/hda-broker"

    def addresses(self) -> dict[str, str]:
        """Return what a client must know; `ca_file` only with an authority of our own."""
        known = {"url": self.url, "token_url": self.token_url, "hda_url": self.hda_url}
        return known if self.ca_file is None else {**known, "ca_file": str(self.ca_file)}

    def _certificate(self) -> tuple[Path | None, tuple[Path, Path | None] | None]:
        if self.options.tls_dir is not None:
            authority, server = make_certificate(self.options.tls_dir)
            return authority, (server, None)
        for file in self.options.tls or ():
            # What ssl says of a missing file does not name it.
            file.open("rb").close()
        return None, self.options.tls

    def _storage_workers(self) -> Workers | None:
        if self.options.storage == "none":
            return None
        # Only jobs that really read need boto3 and httpx, which take long to load.
        from eocanvas_apply.emulator.storage.storage import Storage

        given = self.options.ca_file or os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
        storage = Storage(str(given) if given else None, self.options.eodata)
        return Workers(self._frontend, storage, self._lock)


def _start_failure(port: int) -> OSError:
    """Return why the port cannot be had; uvicorn writes it only to its log."""
    try:
        with socket.socket() as trial:
            trial.bind((_HOST, port))
    except OSError as fault:
        return OSError(fault.errno, os.strerror(fault.errno or errno.EADDRINUSE), f"{_HOST}:{port}")
    return OSError(errno.EADDRINUSE, "the server did not start", f"{_HOST}:{port}")


def _configuration(application: Application, port: int, certificate: tuple[Path, Path | None] | None) -> uvicorn.Config:
    # An emulator that has its address printed must not print anything else, nor touch logging's set-up.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    configuration = uvicorn.Config(
        application,
        host=_HOST,
        port=port,
        http=protocol_class(application.connections),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=0,
        ssl_certfile=certificate[0] if certificate else None,
        ssl_keyfile=certificate[1] if certificate else None,
    )
    # Here, and not in the server's thread, the caller learns that a certificate is unusable.
    try:
        configuration.load()
    except ssl.SSLError as fault:
        name = str(certificate[0]) if certificate else ""
        raise OSError(errno.EINVAL, "not a certificate with its key, both in PEM", name) from fault
    return configuration


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.port = 0
        self._leaving = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections = connections

    def run_quietly(self) -> None:
        try:
            self.run()
        except SystemExit:
            # uvicorn leaves so when it cannot listen; the other thread looks at `started`.
            self.should_exit = True
        finally:
            self.ready.set()

    def leave(self) -> None:
        """End `main_loop`; may be called from any thread, also when the server never started."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leaving.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.port = self.servers[0].sockets[0].getsockname()[1]
        self.ready.set()

    async def main_loop(self) -> None:
        # uvicorn's own looks ten times a second whether to end: a tenth of a second for each of many servers in tests.
        await self.on_tick(0)
        await self._leaving.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's shape
        # uvicorn's own waits for clients, over TLS also for those that have long gone.
        for server in self.servers:
            server.close()
        for transport in list(self._connections.values()):
            transport.abort()


@contextmanager
def running(options: Options | None = None) -> Iterator[RunningEmulator]:
    """Run an emulator in a thread for as long as the block lasts."""
    emulator = RunningEmulator(options)
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.stop()


def serve(options: Options) -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code.

    As soon as requests can come, one line of JSON with `url`, `token_url` and `hda_url` goes to stdout, and into
    the file that the options name. Call it in the main thread. Raises OSError when the port or a file cannot be had.
    """
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    earlier = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with running(options) as emulator:
            _announce(json.dumps(emulator.addresses()), options.ready)
            ended.wait()
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
    return 0


def _announce(line: str, ready: Path | None) -> None:
    if ready is not None:
        partial = ready.with_name(ready.name + ".part")
        partial.write_text(line + "\n", encoding="utf-8")
        partial.replace(ready)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
