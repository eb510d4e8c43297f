"""The files of a bucket, and the errors for a storage that does not list them.

Neither addresses with their queries nor what a server writes into its answer is repeated, for both may hold secrets:
errors show only the status and the code of the storage.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import CredentialsError, Doubt, EocanvasApplyError, NotSent, Refused, UsageError
from eocanvas_apply.storage.bucket import Bucket, StoredFile

if TYPE_CHECKING:
    from obstore.store import S3Store

log = logging.getLogger("eocanvas_apply.storage")
_PAGE = 1000
_RETRIES = 2
_ABSENT_FILE = "eocanvas-apply-asks-for-a-file-that-is-not-there"
_STATUS = re.compile(r"status code: ([1-5][0-9]{2})\b")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_NO_LISTING = "Got invalid list response"
_DENIED = (401, 403)
_TIMEOUT = re.compile(r"timed out|TimedOut|kind: Timeout")


async def list_files(bucket: Bucket, prefix: str, limit: int, request_timeout: timedelta) -> Sequence[StoredFile]:
    """Return at most `limit` files whose path begins with `prefix`, a leading `/` apart, sorted by path.

    Raises CredentialsError, NotSent, Refused and Doubt, ManifestError for names and addresses that cannot be, and
    UsageError where obstore is not installed.
    """
    bucket.check(prefix)
    store, beginning = _opened(bucket, request_timeout), prefix.lstrip("/")
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
    except FileNotFoundError:
        return
    except BaseError as fault:
        if _has_status(fault):
            return
    raise _no_storage(bucket)


async def _named(store: S3Store, beginning: str, bucket: Bucket) -> AsyncGenerator[StoredFile]:
    """Yield the files whose path begins so; storages list paths in the order of bytes."""
    from obstore.exceptions import BaseError

    folder = beginning.rpartition("/")[0]
    try:
        async for page in store.list(folder or None, offset=_just_before(beginning), chunk_size=_PAGE):
            for each in page:
                if each["path"].startswith(beginning):
                    yield StoredFile("/" + each["path"], each["size"])
                elif each["path"].encode() > beginning.encode():
                    return
    except BaseError as fault:
        raise _fault(bucket, fault) from None


def _just_before(beginning: str) -> str | None:
    """Return a path that sorts before these files, None where obstore accepts no such path."""
    before = beginning[:-1]
    return None if before.rpartition("/")[2] in ("", ".", "..") else before


def _without_folders(found: Sequence[StoredFile]) -> Sequence[StoredFile]:
    """Leave out the empty objects that some programs create for folders."""
    folders = {file.path[:end] for file in found for end, letter in enumerate(file.path) if letter == "/"}
    return [file for file in found if file.size or file.path not in folders]


def _opened(bucket: Bucket, timeout: timedelta) -> S3Store:
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
        retry_config={"max_retries": _RETRIES, "retry_timeout": timeout},
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


def _fault(bucket: Bucket, fault: BaseException) -> EocanvasApplyError:
    """Return the error for a fault that obstore raised."""
    text = str(fault)
    status, code = _STATUS.search(text), _CODE.search(text)
    if type(fault).__name__ == "InvalidPathError":
        return _unreadable(bucket)
    if status is None and _NO_LISTING in text:
        return _no_storage(bucket)
    if status is None:
        return _unreachable(bucket, "it did not answer in time" if _TIMEOUT.search(text) else "no connection")
    return _answered(bucket, int(status[1]), f" ({code[1]})" if code else "")


def _has_status(fault: BaseException) -> bool:
    """Return whether the storage answered with a status of its own."""
    return _STATUS.search(str(fault)) is not None


def _no_storage(bucket: Bucket) -> EocanvasApplyError:
    """Return the error for an address that answers, but not as a storage does."""
    message = f"{bucket.shown}: {bucket.address} answers, but not as an S3 storage"
    hint = "check that it is the address of the storage, not of a log-in page or a proxy"
    return Doubt(error("storage-unreadable", message, hint), 200)


def _answered(bucket: Bucket, status: int, code: str) -> EocanvasApplyError:
    where = f"{bucket.shown}: bucket {bucket.name!r} at {bucket.address}"
    if status in _DENIED:
        return CredentialsError(error("storage-denied", f"{where} may not be listed: {status}{code}", _who(bucket)))
    if status == 404:
        hint = "check `bucket:` and `endpoint:` of the key"
        return Refused(error("storage-no-bucket", f"{where} does not exist: {status}{code}", hint), status)
    message = f"{where} cannot be listed: {status}{code}"
    if status < 500:
        hint = "check `endpoint:` and `region:` of the key"
        return Refused(error("storage-refused", message, hint), status)
    return Doubt(error("storage-failed", message, "the storage has a fault; try again later"), status)


def _who(bucket: Bucket) -> str:
    if bucket.access_key is None:
        return "it cannot be listed without credentials: use a key of type s3, or write the files down as rows"
    return "check access_key and secret_key, and that they may list the bucket"


def _unreachable(bucket: Bucket, why: str) -> EocanvasApplyError:
    hint = "check `endpoint:` of the key and the network; SSL_CERT_FILE names certificates to trust"
    return NotSent(error("storage-unreachable", f"{bucket.shown}: {bucket.address} was not reached: {why}", hint))


def _unreadable(bucket: Bucket) -> EocanvasApplyError:
    message = (
        f"{bucket.shown}: bucket {bucket.name!r} holds a name with an empty part, such as a//b, and cannot be listed"
    )
    return Refused(error("storage-names", message, "narrow the prefix, or rename that file"), 200)
