"""EOCanvas, one method an endpoint; nothing is decided here.

Every method ends as a value or raises NotSent, Refused or Doubt (`errors.ServiceError`), or CredentialsError
when the log-in is refused, in which case nothing was sent. Reads are repeated, changes never are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.secrets.scrubbing import Scrubber
from eocanvas_apply.secrets.sealing import PublicKey
from eocanvas_apply.service import download, pages, wire
from eocanvas_apply.service.bodies import BodyLimit
from eocanvas_apply.service.clock import Clock
from eocanvas_apply.service.connection import Check, Connection
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.entries import ListKind
from eocanvas_apply.service.gateway import Gateway, Tokens, unless_absent
from eocanvas_apply.service.hda_client import Hda
from eocanvas_apply.service.pages import JobList
from eocanvas_apply.service.urls import Endpoints
from eocanvas_apply.service.wire import JobInfo, KeyInfo, LogEntry, ResultInfo

if TYPE_CHECKING:
    import httpx


class EOCanvas:
    """The service for one account. Use it as an async context manager, or close it.

    `request_timeout` is in seconds; `transport` replaces the network in tests. `scrubber` learns what is secret and
    hides it in refusals. `hda` is the account's HDA, which shares the connections and the log-in.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        clock: Clock,
        *,
        request_timeout: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
        scrubber: Scrubber | None = None,
    ) -> None:
        self.endpoints = endpoints
        self.account = credentials.username
        self.scrubber = scrubber or Scrubber()
        self._connection = Connection(
            endpoints, clock, request_timeout=request_timeout, transport=transport, scrubber=self.scrubber
        )
        # The service's time, as its answers show it.
        self.time = self._connection.time
        self._tokens = Tokens(self._connection, endpoints, credentials)
        self._gateway = Gateway(endpoints, self._connection, self._tokens)
        # Since when it gives no usable answer.
        self.outages = self._connection.outages
        # What is wrong with the lists that were read.
        self.irregularities = self._connection.irregularities
        self.hda = Hda(endpoints, self._connection, self._tokens)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connection.aclose()

    async def log_in(self) -> str:
        """Obtain a token if there is none, as the other methods do by themselves; return the log-in address in use."""
        await self._tokens.current()
        return self._tokens.url

    async def keys(self) -> list[KeyInfo]:
        """Return all keys that the account sees."""
        found = await self._gateway.read("/keys", wire.read_keys)
        return self._gateway.irregularities.kept(ListKind.KEYS, "GET /keys", found)

    async def key(self, name: str) -> KeyInfo | None:
        """Return a key, None when there is none of that name."""
        return await unless_absent(self._gateway.read(_key(name), partial(wire.read_key, name=name)))

    async def public_key(self) -> PublicKey:
        """Return the key to seal with; raises ServiceError for anything but an RSA key in PEM."""
        path = "/keys/cert/public"
        # What reads it takes 15 ms to import: while this answer is awaited, not the log-in that all requests wait for.
        await self._tokens.current()
        library = asyncio.to_thread(import_module, "cryptography.hazmat.primitives.serialization")
        answer = self._gateway.read_raw(path, lambda answer: answer.content, BodyLimit.PUBLIC_KEY)
        _, pem = await asyncio.gather(library, answer)
        return PublicKey.from_pem(pem)

    async def create_key(
        self,
        name: str,
        *,
        type: str,  # noqa: A002 - the service's own name for it
        expire_s: int,
        public: bool,
        description: str,
        data: str,
        check: Check | None = None,
    ) -> None:
        """Create a key of type S3 or WEBDAV; `data` is sealed, `expire_s` its life in seconds.

        `check` is called right before the request leaves; what it raises keeps it from being sent.
        """
        fields = {"type": type, "expire": expire_s, "public": public, "description": description, "data": data}
        await self._gateway.change("POST", "/keys", wire.compact_json({name: fields}), check=check)

    async def delete_key(self, name: str) -> bool:
        """Delete a key; False when there was none."""
        return await unless_absent(self._gateway.change("DELETE", _key(name))) is not None

    async def processes(self) -> Mapping[str, str] | None:
        """Return the versions of the processes by id, None where their list cannot be read to its end."""
        return await pages.read_process_list(self._gateway)

    async def described_inputs(self, process_id: str) -> Mapping[str, Any] | None:
        """Return what the service says of a process's inputs, by name; None where it describes none."""
        path = f"/processes/{quote(process_id, safe='')}"
        return await unless_absent(self._gateway.read(path, wire.read_inputs, BodyLimit.OBJECT))

    async def execute(self, process_id: str, body: bytes, *, check: Check | None = None) -> JobInfo:
        """Launch a job with a body of JSON, once; an answer without a readable job id is Doubt.

        `check` is called right before the request leaves; what it raises keeps it from being sent.
        """
        path = f"/processes/{quote(process_id, safe='')}/execution"
        answer = await self._gateway.change("POST", path, body, check=check)
        if answer.status not in (200, 201):
            raise answer.unreadable("a launch is answered with 200 or 201")
        return answer.parsed(wire.read_job).believed(self.time.now())

    async def jobs(self, back_to: datetime | None = None) -> JobList:
        """Return the jobs of the account, newest first; `back_to` (service time) spares older pages."""
        return await pages.read_job_list(self._gateway, self.time, back_to)

    async def job(self, job_id: str) -> JobInfo | None:
        """Return a job, None when there is none of that id."""
        found = await unless_absent(self._gateway.read(_job(job_id), partial(wire.read_job, job_id=job_id)))
        return found and found.believed(self.time.now())

    async def dismiss(self, job_id: str) -> bool | None:
        """Stop and remove a job: True done, False there is none, None the service cannot dismiss."""
        try:
            await self._gateway.change("DELETE", _job(job_id))
        except ServiceError as fault:
            if fault.status == 404:
                return False
            if fault.status in (405, 501):
                return None
            raise
        return True

    async def results(self, job_id: str) -> tuple[ResultInfo, ...] | None:
        """Return all results of a job, None while there are none yet (404)."""
        return await unless_absent(pages.read_result_list(self._gateway, _job(job_id) + "/results"))

    async def logs(self, job_id: str) -> tuple[LogEntry, ...] | None:
        """Return a job's log, None when there is none (404). It may hold secrets of the job."""
        path = _job(job_id) + "/logs"
        found = await unless_absent(self._gateway.read(path, wire.read_logs, BodyLimit.LOG))
        return None if found is None else tuple(self._gateway.irregularities.kept(ListKind.LOG, f"GET {path}", found))

    def address_of(self, result: ResultInfo) -> str:
        """Return the whole address of a result; raises ServiceError for one that has none, or that is not https."""
        if not result.href.strip():
            message = f"the service lists the result {result.name} without an address"
            raise ServiceError(
                error("service-answer-unreadable", message, "Try again later, or report it to the service.")
            )
        return self.endpoints.resolved(result.href)

    def download(self, result: ResultInfo, offset: int = 0) -> AbstractAsyncContextManager[download.Download]:
        """Open a result to stream it, from `offset` in bytes where the service honours that.

        Raises ServiceError for a result without an address.
        """
        is_page = result.name.lower().endswith((".html", ".htm"))
        return download.opened(self._gateway, self.address_of(result), offset, is_page=is_page)


def _key(name: str) -> str:
    return f"/keys/{quote(name, safe='')}"


def _job(job_id: str) -> str:
    return f"/jobs/{quote(job_id, safe='')}"
