"""The preflight of a WebDAV folder, such as a WEkEO Drive: RFC 4918's PROPFIND, and a file written and removed.

Redirects are not followed, and a password goes to the folder's own address only, over TLS or on loopback.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote
from xml.etree import ElementTree as ET

from msgspec import Struct, field

from eocanvas_apply.connection_words import connection_words
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import CredentialsError, Doubt, EocanvasApplyError, ManifestError, NotSent, Refused
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.storage.probe import CONTENT, MOST_ASKED, Stock, Waiting, a_few_at_once
from eocanvas_apply.web_addresses import is_loopback, split_address

if TYPE_CHECKING:
    import httpx

_ASKED = (
    b'<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getcontentlength/><getlastmodified/><resourcetype/></prop>'
    b"</propfind>"
)
_MOST_BYTES = 20_000_000
_DAV = "{DAV:}"
_MULTI_STATUS = 207


class WebdavFolder(Struct, frozen=True):
    """A folder and who opens it; messages call it `shown`."""

    address: str
    username: str
    password: Secret
    shown: str


class _Entry(Struct, frozen=True):
    """One file or folder: a folder has no `size`, and `modified` is None where it is not said."""

    size: int | None
    modified: datetime | None


class WebdavProbe(Struct, frozen=True):
    """Asks one folder; `timeout` is for one request."""

    folder: WebdavFolder
    timeout: timedelta
    waiting: Waiting = field(default_factory=Waiting)

    async def answer(self) -> None:
        """Ask for the folder itself."""
        async with self._client() as client:
            await self._found(client, "", depth=0)

    async def stock(self, paths: Collection[str]) -> Stock:
        """List each folder that the paths lie in once."""
        folders = defaultdict(set)
        for path in paths:
            folders[path.rpartition("/")[0]].add(path)
        async with self._client() as client:
            found = await a_few_at_once(
                partial(self._found, client, f"{folder}/", depth=1, absent_is_empty=True)
                for folder in [*folders][:MOST_ASKED]
            )
        there = {path: entry for each in found for path, entry in each.items()}
        sizes = {path: there[path].size for path in paths if path in there}
        modified = {path: time for path in sizes if (time := there[path].modified)}
        if not sizes:
            # A folder that is not there, and a storage that is not there, look alike.
            await self.answer()
        unasked = (path for folder in [*folders][MOST_ASKED:] for path in folders[folder])
        return Stock(sizes, tuple(there), frozenset(unasked), modified)

    async def write(self, name: str) -> None:
        """Write a small file in the folder."""
        async with self._client() as client:
            answer = await self._asked(client, "PUT", "/" + name, content=CONTENT)
        if answer.status_code not in (200, 201, 204):
            raise self._refused(answer.status_code, "written")

    async def remove(self, name: str) -> bool:
        """Remove a file of the folder; tell whether the storage did so."""
        async with self._client() as client:
            answer = await self._asked(client, "DELETE", "/" + name)
        return answer.status_code in (200, 202, 204, 404)

    async def _found(
        self, client: httpx.AsyncClient, path: str, *, depth: int, absent_is_empty: bool = False
    ) -> dict[str, _Entry]:
        """Return what a folder holds by path below the probe's folder."""
        headers = {"Depth": str(depth), "Content-Type": "application/xml"}
        answer = await self._asked(client, "PROPFIND", path, content=_ASKED, headers=headers)
        if answer.status_code == 404 and absent_is_empty:
            return {}
        if answer.status_code != _MULTI_STATUS:
            raise self._refused(answer.status_code, "read")
        try:
            return _entries(answer.content, unquote(self._parts.path).rstrip("/"))
        except (ET.ParseError, ValueError):
            raise self._no_webdav() from None

    async def _asked(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        import httpx

        try:
            # The client's own limits are for each part of an answer, and a server may send a byte at a time.
            with self.waiting.asks(f"{method} {path or '/'}"):
                async with (
                    asyncio.timeout(self.timeout.total_seconds()),
                    client.stream(method, self._address(path), content=content, headers=headers) as answer,
                ):
                    read = bytearray()
                    async for part in answer.aiter_bytes():
                        read += part
                        if len(read) > _MOST_BYTES:
                            raise self._no_webdav()
                    return httpx.Response(answer.status_code, headers=answer.headers, content=bytes(read))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as fault:
            raise self._unreachable(NotSent, fault) from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as fault:
            raise self._unreachable(Doubt, fault) from None

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        import httpx

        self._check()
        async with httpx.AsyncClient(
            auth=httpx.BasicAuth(self.folder.username, self.folder.password.reveal()),
            verify=httpx.create_ssl_context(),
            # A proxy would be handed the password in clear.
            trust_env=not is_loopback(self._parts.hostname or ""),
            timeout=self.timeout.total_seconds(),
            follow_redirects=False,
            headers={"User-Agent": "eocanvas-apply"},
        ) as client:
            yield client

    @property
    def _parts(self) -> SplitResult:
        return split_address(self.folder.address) or SplitResult("", "", "", "", "")

    def _check(self) -> None:
        """Raise ManifestError for an address to which no password is sent."""
        parts = self._parts
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            message = f"{self.folder.shown}: {self.folder.address!r} is not the address of a WebDAV folder"
            raise ManifestError(error("storage-address", message, "write one like https://dav.example.org/files/jane"))
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            message = f"{self.folder.shown}: {self.folder.address} is plain http; passwords are sent over https only"
            raise ManifestError(error("storage-address", message, "write its endpoint with https://"))

    def _address(self, path: str) -> str:
        return self.folder.address.rstrip("/") + quote(path or "/")

    def _refused(self, status: int, done: str) -> EocanvasApplyError:
        where = f"{self.folder.shown}: {self.folder.address}"
        if status in (401, 403):
            hint = "check user name and password; a WEkEO Drive takes an app password, not that of the account"
            return CredentialsError(error("storage-denied", f"{where} may not be {done}: {status}", hint))
        if status in (404, 409, 410):
            hint = "check the endpoint, and the user name that ends it"
            return Refused(error("storage-no-folder", f"{where} does not exist: {status}", hint), status)
        if 300 <= status < 400:
            message = f"{where} redirects to another address ({status}), to which no password is sent"
            return Refused(error("storage-refused", message, "write the address it leads to as the endpoint"), status)
        if status == 507:
            return Refused(error("storage-full", f"{where} is full: {status}", "delete something there"), status)
        if status >= 500:
            message = f"{where} cannot be {done}: {status}"
            return Doubt(error("storage-failed", message, "the storage has a fault; try again later"), status)
        return self._no_webdav()

    def _no_webdav(self) -> EocanvasApplyError:
        message = f"{self.folder.shown}: {self.folder.address} answers, but not as a WebDAV folder"
        hint = "check the endpoint; that of a page for people is another one"
        return Doubt(error("storage-unreadable", message, hint), 200)

    def _unreachable(self, kind: type[NotSent] | type[Doubt], fault: Exception) -> EocanvasApplyError:
        name, words = type(fault).__name__, connection_words(fault)
        code = "storage-certificate" if "certificate" in words else "storage-unreachable"
        why = "did not answer in time" if "Timeout" in name else f"was not reached: {words or name}"
        hint = "check the endpoint and the network; SSL_CERT_FILE names certificates to trust"
        return kind(error(code, f"{self.folder.shown}: {self.folder.address} {why}", hint))


def _entries(content: bytes, root: str) -> dict[str, _Entry]:
    """Return what an answer shows below `root` by path; raises ValueError for a document of another kind."""
    if re.search(rb"<!(DOCTYPE|ENTITY)", content, re.IGNORECASE):
        raise ValueError("no answer of WebDAV declares entities")
    document = ET.fromstring(content)  # noqa: S314 - without entities it cannot grow
    if document.tag != f"{_DAV}multistatus":
        raise ValueError("not a multistatus")
    return dict(_below(root, document))


def _below(root: str, document: ET.Element) -> Iterator[tuple[str, _Entry]]:
    for each in document.iter(f"{_DAV}response"):
        address = split_address(each.findtext(f"{_DAV}href", "").strip())
        path = unquote(address.path) if address else ""
        if path.startswith(root + "/"):
            is_folder = each.find(f".//{_DAV}collection") is not None
            length = next((e.text for e in each.iter(f"{_DAV}getcontentlength") if e.text), "")
            size = None if is_folder or not length.isdecimal() else int(length)
            written = next((e.text for e in each.iter(f"{_DAV}getlastmodified") if e.text), "")
            yield path.removeprefix(root).rstrip("/"), _Entry(size, _time(written))


def _time(written: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
