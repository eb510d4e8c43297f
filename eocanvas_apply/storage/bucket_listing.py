"""The files of a bucket, listed by prefix with the bucket's own credentials."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.storage.bucket import Bucket, StoredFile
from eocanvas_apply.storage.bucket_faults import fault_of, no_storage, status_of

if TYPE_CHECKING:
    from obstore.store import S3Store

log = logging.getLogger("eocanvas_apply.storage")
_ABSENT_FILE = "eocanvas-apply-asks-for-a-file-that-is-not-there"


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
        if isinstance(fault, FileNotFoundError) or status_of(fault):
            return
    raise no_storage(bucket)


async def _named(store: S3Store, beginning: str, bucket: Bucket) -> AsyncGenerator[StoredFile]:
    """Yield the files whose path begins so; storages list paths in the order of bytes."""
    from obstore.exceptions import BaseError

    folder = beginning.rpartition("/")[0]
    try:
        async for page in store.list(folder or None, offset=_just_before(beginning), chunk_size=1000):
            for each in page:
                if each["path"].startswith(beginning):
                    yield StoredFile("/" + each["path"], each["size"], each["last_modified"])
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
