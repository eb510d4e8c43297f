"""Where jobs read and write with the credentials of a key: buckets and WebDAV collections; and plain URLs."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import quote

import boto3
import httpx
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from eocanvas_apply.emulator.model.job_failures import StorageFailure, missing_file, not_delivered, not_fetched
from eocanvas_apply.emulator.model.keystore import S3Credentials, WebdavCredentials

_SECONDS = 30.0


class Bucket:
    """One bucket, addressed in the path. An empty access key means that it is read without a signature."""

    def __init__(self, credentials: S3Credentials, ca_file: str | None) -> None:
        self._name = credentials.bucket
        session = boto3.session.Session(
            aws_access_key_id=credentials.access_key or None,
            aws_secret_access_key=credentials.secret_key or None,
            region_name=credentials.region or None,
        )
        self._client: Any = session.client(
            "s3",
            endpoint_url=credentials.endpoint,
            verify=ca_file,
            config=Config(
                s3={"addressing_style": "path"},
                signature_version="s3v4" if credentials.access_key else UNSIGNED,
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 2},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def read(self, location: str) -> dict[str, bytes]:
        """Return the object at a path, or all objects under it when it is a folder. Raises StorageFailure."""
        path = location.strip("/")
        try:
            return self._object(path) or self._folder(f"{path}/", location)
        except (BotoCoreError, ClientError) as fault:
            raise StorageFailure(not_fetched(str(fault))) from fault

    def write(self, path: str, content: bytes) -> None:
        """Store an object. Raises StorageFailure."""
        try:
            self._client.put_object(Bucket=self._name, Key=path, Body=content)
        except (BotoCoreError, ClientError) as fault:
            raise StorageFailure(not_delivered(str(fault))) from fault

    def _object(self, path: str) -> dict[str, bytes] | None:
        try:
            return {path: self._get(path)}
        except self._client.exceptions.NoSuchKey:
            return None

    def _folder(self, prefix: str, location: str) -> dict[str, bytes]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        names = [item["Key"] for page in pages for item in page.get("Contents", ())]
        if not names:
            raise StorageFailure(missing_file(location))
        return {name: self._get(name) for name in names}

    def _get(self, path: str) -> bytes:
        content: bytes = self._client.get_object(Bucket=self._name, Key=path)["Body"].read()
        return content


class Collection:
    """The collection at a key's endpoint; to be closed, for it holds a connection."""

    def __init__(self, credentials: WebdavCredentials, ca_file: str | None) -> None:
        self._endpoint = credentials.endpoint.rstrip("/")
        sign_in = (credentials.username, credentials.password)
        self._client = httpx.Client(auth=sign_in, verify=_trust(ca_file), timeout=_SECONDS)

    def close(self) -> None:
        """End the connection."""
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
