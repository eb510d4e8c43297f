"""Which files a bucket holds."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.storage.bucket import Bucket, StoredFile
from eocanvas_apply.storage.faults import no_storage, refuses, trouble

if TYPE_CHECKING:
    from obstore.store import S3Store

log = logging.getLogger("eocanvas_apply.storage")
_PAGE = 1000
_RETRIES = 2
_NOBODYS_FILE = "eocanvas-apply-asks-for-a-file-that-is-not-there"


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
    """Raise Doubt where what answers is no storage: any page in XML is an empty list to obstore.

    A storage says of a file that is not there that it is not, or refuses to tell.
    """
    from obstore.exceptions import BaseError

    try:
        await store.head_async(_NOBODYS_FILE)
    except FileNotFoundError:
        return
    except BaseError as fault:
        if refuses(fault):
            return
    raise no_storage(bucket)


async def _named(store: S3Store, beginning: str, bucket: Bucket) -> AsyncGenerator[StoredFile]:
    """Yield the files from the first whose path begins so to the last; storages list them in the order of bytes."""
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
        raise trouble(bucket, fault) from None


def _just_before(beginning: str) -> str | None:
    """Return a path behind which the files begin, None where obstore takes none of that kind."""
    before = beginning[:-1]
    return None if before.rpartition("/")[2] in ("", ".", "..") else before


def _without_folders(found: Sequence[StoredFile]) -> Sequence[StoredFile]:
    """Leave out the empty objects that some programs put in the place of a folder."""
    folders = {file.path[:end] for file in found for end, letter in enumerate(file.path) if letter == "/"}
    return [file for file in found if file.size or file.path not in folders]


def _opened(bucket: Bucket, timeout: timedelta) -> S3Store:
    try:
        from obstore.store import S3Store
    except ModuleNotFoundError:
        message = "listing a bucket needs obstore, which is not installed"
        raise UsageError(error("extra-missing", message, "pip install 'eocanvas-apply[s3]'")) from None
    # Everything that the environment might say of other buckets is said here, so that none of it counts.
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
