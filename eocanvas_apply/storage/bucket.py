"""An S3 bucket: what is needed to open it, its files, and the errors for a storage that does not list them.

Neither addresses with their queries nor what a server writes into its answer is repeated, for both may hold secrets:
errors show only the status and the code of the storage.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import (
    CredentialsError,
    Doubt,
    EocanvasApplyError,
    ManifestError,
    NotSent,
    Refused,
    UsageError,
)
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.web_addresses import is_loopback, split_address

if TYPE_CHECKING:
    from obstore.store import S3Store

log = logging.getLogger("eocanvas_apply.storage")
_ABSENT_FILE = "eocanvas-apply-asks-for-a-file-that-is-not-there"
_STATUS = re.compile(r"status code: ([1-5][0-9]{2})\b")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_TIMEOUT = re.compile(r"timed out|TimedOut|kind: Timeout")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,254}")
_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket; messages call it `shown`. Without both secrets it is public, and requests to it are not signed."""

    name: str
    endpoint: str
    region: str
    shown: str
    access_key: Secret | None = None
    secret_key: Secret | None = None

    @property
    def address(self) -> str:
        """The endpoint with its protocol, https where it names none."""
        text = self.endpoint.strip().rstrip("/")
        return text if "://" in text else f"https://{text}"

    def check(self, prefix: str) -> None:
        """Raise ManifestError for an address, a name or a prefix that can never be listed."""
        found = [*_address_faults(self), *_name_faults(self, prefix)]
        if found:
            raise ManifestError(*found)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a bucket: its path with a leading `/`, as a job's input names it, and its size in bytes."""

    path: str
    size: int


def _address_faults(bucket: Bucket) -> Iterator[Diagnostic]:
    parts = split_address(bucket.address)
    plain = parts and not (parts.query or parts.fragment or parts.username or parts.password or parts.port == 0)
    named = parts and parts.hostname and parts.scheme in ("http", "https") and _VISIBLE.fullmatch(bucket.address)
    if not parts or not plain or not named:
        message = f"{bucket.shown}: {bucket.address!r} is not the address of a storage"
        yield error("storage-address", message, "write one like `endpoint: https://s3.example.org`, without ? and #")
    elif parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        message = f"{bucket.shown}: {bucket.address} is plain http; storages are listed over https only"
        yield error("storage-address", message, "write its endpoint with https://")


def _name_faults(bucket: Bucket, prefix: str) -> Iterator[Diagnostic]:
    if not _NAME.fullmatch(bucket.name):
        hint = "letters, digits and . _ : - only; folders in it go to `prefix:` of the step"
        yield error("storage-no-bucket", f"{bucket.shown}: {bucket.name!r} is not a bucket name", hint)
    if bucket.region and not _VISIBLE.fullmatch(bucket.region):
        hint = "write `region:` as the storage names it"
        yield error("storage-region", f"{bucket.shown}: {bucket.region!r} is not a region", hint)
    if {"", ".", ".."} & set(prefix.lstrip("/").split("/")[:-1]):
        message = f"{bucket.shown}: the prefix {prefix!r} has an empty part or a part of dots, and cannot be listed"
        yield error("storage-names", message, "write it as the paths begin, such as 2024/")


async def list_files(bucket: Bucket, prefix: str, limit: int, request_timeout: timedelta) -> Sequence[StoredFile]:
    """Return at most `limit` files whose path begins with `prefix`, a leading `/` apart, sorted by path.

    Raises CredentialsError, NotSent, Refused and Doubt, ManifestError for names and addresses that cannot be, and
    UsageError where obstore is not installed.
    """
    bucket.check(prefix)
    store, beginning = opened(bucket, request_timeout), prefix.lstrip("/")
    found: list[StoredFile] = []
    async with aclosing(_named(store, beginning, bucket)) as names:
        async for file in names:
            found.append(file)
            if len(found) >= limit:
                break
    if not found:
        await _confirm(store, bucket)
    log.info("%s: %d files of bucket %s begin with %r", bucket.shown, len(found), bucket.name, beginning)
    return _without_folders(found)


async def _confirm(store: S3Store, bucket: Bucket) -> None:
    """Raise Doubt where no storage answers: obstore takes any XML page for an empty list.

    A storage answers the question for a missing file with 404 or a refusal.
    """
    from obstore.exceptions import BaseError

    try:
        await store.head_async(_ABSENT_FILE)
    except (FileNotFoundError, BaseError) as fault:
        if isinstance(fault, FileNotFoundError) or _STATUS.search(str(fault)):
            return
    raise _no_storage(bucket)


async def _named(store: S3Store, beginning: str, bucket: Bucket) -> AsyncGenerator[StoredFile]:
    """Yield the files whose path begins so; storages list paths in the order of bytes."""
    from obstore.exceptions import BaseError

    folder = beginning.rpartition("/")[0]
    try:
        async for page in store.list(folder or None, offset=_just_before(beginning), chunk_size=1000):
            for each in page:
                if each["path"].startswith(beginning):
                    yield StoredFile("/" + each["path"], each["size"])
                elif each["path"].encode() > beginning.encode():
                    return
    except BaseError as fault:
        raise fault_of(bucket, fault) from None


def _just_before(beginning: str) -> str | None:
    """Return a path that sorts before these files, None where obstore accepts no such path."""
    before = beginning[:-1]
    return None if before.rpartition("/")[2] in ("", ".", "..") else before


def _without_folders(found: Sequence[StoredFile]) -> Sequence[StoredFile]:
    """Leave out the empty objects that some programs create for folders."""
    folders = {file.path[:end] for file in found for end, letter in enumerate(file.path) if letter == "/"}
    return [file for file in found if file.size or file.path not in folders]


def opened(bucket: Bucket, timeout: timedelta) -> S3Store:
    """Return a client of the bucket; raises UsageError where obstore is not installed."""
    try:
        from obstore.store import S3Store
    except ModuleNotFoundError:
        message = "listing a bucket needs obstore, which is not installed"
        raise UsageError(error("extra-missing", message, "pip install 'eocanvas-apply[s3]'")) from None
    # Every setting is given here, so that none comes from the environment, which may be meant for other buckets.
    return S3Store(
        bucket.name,
        endpoint=bucket.address,
        aws_endpoint_url_s3=bucket.address,
        region=bucket.region,
        virtual_hosted_style_request=False,
        request_payer=False,
        access_key_id="",
        secret_access_key="",
        skip_signature=bucket.access_key is None,
        client_options={
            "timeout": timeout,
            "connect_timeout": timeout,
            "allow_http": bucket.address.startswith("http://"),
        },
        retry_config={"max_retries": 2, "retry_timeout": timeout},
        **_credentials(bucket),
    )


def _credentials(bucket: Bucket) -> dict[str, Any]:
    access, secret = bucket.access_key, bucket.secret_key
    if access is None or secret is None:
        return {}

    def provided() -> dict[str, Any]:
        opened = {"access_key_id": access.reveal(), "secret_access_key": secret.reveal()}
        return {**opened, "token": None, "expires_at": None}

    return {"credential_provider": provided}


def fault_of(bucket: Bucket, fault: BaseException, done: str = "listed") -> EocanvasApplyError:
    """Return the error for a fault that obstore raised when the bucket was to be `done`: listed, written."""
    text = str(fault)
    status, code = _STATUS.search(text), _CODE.search(text)
    if type(fault).__name__ == "InvalidPathError":
        message = f"bucket {bucket.name!r} holds a name with an empty part, such as a//b, and cannot be listed"
        found = error("storage-names", f"{bucket.shown}: {message}", "narrow the prefix, or rename that file")
        return Refused(found, 200)
    if status:
        return _answered(bucket, int(status[1]), f" ({code[1]})" if code else "", done)
    if "Got invalid list response" in text:
        return _no_storage(bucket)
    message = "was not reached: " + ("it did not answer in time" if _TIMEOUT.search(text) else "no connection")
    hint = "check `endpoint:` of the key and the network; SSL_CERT_FILE names certificates to trust"
    return NotSent(error("storage-unreachable", f"{bucket.shown}: {bucket.address} {message}", hint))


def _no_storage(bucket: Bucket) -> EocanvasApplyError:
    """Return the error for an address that answers, but not as a storage does."""
    message = f"{bucket.shown}: {bucket.address} answers, but not as an S3 storage"
    hint = "check that it is the address of the storage, not of a log-in page or a proxy"
    return Doubt(error("storage-unreadable", message, hint), 200)


def _answered(bucket: Bucket, status: int, code: str, done: str) -> EocanvasApplyError:
    where = f"{bucket.shown}: bucket {bucket.name!r} at {bucket.address}"
    if status in (401, 403):
        hint = "check access_key and secret_key, and what they may do in the bucket"
        if bucket.access_key is None:
            hint = "it cannot be listed without credentials: use a key of type s3, or write the files down as rows"
        return CredentialsError(error("storage-denied", f"{where} may not be {done}: {status}{code}", hint))
    if status == 404:
        hint = "check `bucket:` and `endpoint:` of the key"
        return Refused(error("storage-no-bucket", f"{where} does not exist: {status}{code}", hint), status)
    message = f"{where} cannot be {done}: {status}{code}"
    if status < 500:
        hint = "check `endpoint:` and `region:` of the key"
        return Refused(error("storage-refused", message, hint), status)
    return Doubt(error("storage-failed", message, "the storage has a fault; try again later"), status)
