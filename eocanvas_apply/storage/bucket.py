"""An S3 bucket with what opens it, and a file in it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.secret import Secret


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, spoken of as `shown`. Without both secrets it is public, and requests to it are not signed."""

    name: str
    endpoint: str
    region: str
    shown: str
    access_key: Secret | None = None
    secret_key: Secret | None = None

    @property
    def address(self) -> str:
        """The endpoint with its protocol, https where it names none.

        Raises UsageError for plain http to anything but this machine.
        """
        text = self.endpoint.strip().rstrip("/")
        address = text if "://" in text else f"https://{text}"
        if urlsplit(address).scheme == "http" and not _is_this_machine(urlsplit(address).hostname or ""):
            message = f"{self.shown}: {address} is plain http, and a storage is listed over https only"
            raise UsageError(error("storage-address", message, "write its endpoint with https://"))
        return address


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a bucket: its path with a leading `/`, as a job's input names it, and its size in bytes."""

    path: str
    size: int


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
