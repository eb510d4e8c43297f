"""An S3 bucket: what is needed to open it, and the names and addresses that no bucket has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.web_addresses import is_loopback, split_address

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,254}")
_VISIBLE = re.compile(r"[!-~]+")


class Bucket(Struct, frozen=True):
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


class StoredFile(Struct, frozen=True):
    """A file of a bucket: its path with a leading `/`, as a job's input names it, its size in bytes, and its age.

    `modified` is when it was last written, by the clock of the storage.
    """

    path: str
    size: int
    modified: datetime | None = None


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
