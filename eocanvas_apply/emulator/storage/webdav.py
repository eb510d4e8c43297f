"""WebDAV collections, opened with the credentials of a key, and plain URLs."""

from __future__ import annotations

import ssl
from types import TracebackType
from urllib.parse import quote

import httpx

from eocanvas_apply.emulator.model.job_failures import StorageFailure, missing_file, not_delivered, not_fetched
from eocanvas_apply.emulator.model.keystore import WebdavCredentials

_SECONDS = 30.0


class Collection:
    """The collection at a key's endpoint; a context manager, for it holds a connection."""

    def __init__(self, credentials: WebdavCredentials, ca_file: str | None) -> None:
        self._endpoint = credentials.endpoint.rstrip("/")
        sign_in = (credentials.username, credentials.password)
        self._client = httpx.Client(auth=sign_in, verify=_trust(ca_file), timeout=_SECONDS)

    def __enter__(self) -> Collection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def read(self, location: str) -> dict[str, bytes]:
        """Return the file at a path. Raises StorageFailure."""
        try:
            answer = self._client.get(self._address(location))
        except httpx.HTTPError as fault:
            raise StorageFailure(not_fetched(str(fault))) from fault
        return {location.strip("/"): _content(answer, location)}

    def write(self, path: str, content: bytes) -> None:
        """Store a file, and the collections that it stands in. Raises StorageFailure."""
        try:
            for parent in _parents(path):
                # 405 says that the collection is there already.
                self._insist("MKCOL", parent, b"", also=(405,))
            self._insist("PUT", path, content)
        except httpx.HTTPError as fault:
            raise StorageFailure(not_delivered(str(fault))) from fault

    def _insist(self, method: str, path: str, content: bytes, also: tuple[int, ...] = ()) -> None:
        answer = self._client.request(method, self._address(path), content=content)
        if not answer.is_success and answer.status_code not in also:
            raise StorageFailure(not_delivered(f"{method} {path}: {answer.status_code}"))

    def _address(self, path: str) -> str:
        return f"{self._endpoint}/{quote(path.strip('/'))}"


def fetch_url(url: str, ca_file: str | None) -> dict[str, bytes]:
    """Return what a URL gives, redirects followed. Raises StorageFailure."""
    try:
        answer = httpx.get(url, verify=_trust(ca_file), timeout=_SECONDS, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise StorageFailure(not_fetched(str(fault))) from fault
    return {answer.url.path.strip("/"): _content(answer, url)}


def _content(answer: httpx.Response, location: str) -> bytes:
    if answer.status_code == 404:
        raise StorageFailure(missing_file(location))
    if not answer.is_success:
        raise StorageFailure(not_fetched(f"{location}: {answer.status_code}"))
    return answer.content


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/")[:-1]
    return ["/".join(parts[: index + 1]) for index in range(len(parts))]


def _trust(ca_file: str | None) -> ssl.SSLContext | bool:
    return True if ca_file is None else ssl.create_default_context(cafile=ca_file)
