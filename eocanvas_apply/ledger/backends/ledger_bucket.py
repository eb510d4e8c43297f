"""The bucket of a ledger: objects that are listed, read, and created where there are none.

Endpoint, region and credentials come from the environment, under the names that the tools of Amazon read.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerError, UsageError
from eocanvas_apply.storage.bucket_faults import region_of, s3_code_of, status_of, unreached_words
from eocanvas_apply.web_addresses import is_loopback, split_address

if TYPE_CHECKING:
    from obstore.store import ClientConfig

T = TypeVar("T")

# Without `:` and `@`: an access key with its secret is never taken for a bucket.
_ADDRESS = re.compile(r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{0,254})(?:/(?P<prefix>[A-Za-z0-9._=+/-]*))?")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_REQUEST_TIMEOUT, _CONNECT_TIMEOUT = timedelta(seconds=30), timedelta(seconds=10)
# A storage that was there before is back within it.
_PATIENCE_S = 60.0
_LONGEST_PAUSE_S = 2.0
_FIRST_PAUSES_S = (0.25, 0.5)
# Answers that another attempt may not get: too slow, two at once, too many.
_PASSING = (408, 409, 429)
_PAGE = 1000
_HINTS: Mapping[str, str] = {
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL_S3: this storage does not know the access key",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "the credentials have expired: use others",
    "InvalidToken": "check AWS_SESSION_TOKEN; remove it where the access key needs none",
    "RequestTimeTooSkewed": "set the clock of this machine; the credentials may be right",
    "NoSuchBucket": "create the bucket, or check the address and AWS_ENDPOINT_URL_S3",
    "QuotaExceeded": "the storage is full: ask for more room; nothing is sent that is not on record first",
    **dict.fromkeys(
        ("AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"),
        "the bucket lies elsewhere: check AWS_REGION and AWS_ENDPOINT_URL_S3",
    ),
}
_RIGHTS = "a run needs s3:ListBucket on the bucket, and s3:GetObject and s3:PutObject on its objects there"
_UNREACHABLE = "check AWS_ENDPOINT_URL_S3 and the network; SSL_CERT_FILE names certificates to trust; then run again"
_OTHER = "nothing is sent that is not on record first; check the storage, and run again"


class Listed(Struct, frozen=True):
    """Objects that a listing shows, by name with the tag of their content, sorted; `whole` where no more follow.

    `empty` are the names of those without content.
    """

    tags: Mapping[str, str]
    whole: bool
    empty: frozenset[str]


class LedgerBucket:
    """What lies below `s3://BUCKET/PREFIX`. Methods block, and raise LedgerError where the storage does not do it."""

    def __init__(self, address: str, environ: Mapping[str, str] = os.environ) -> None:
        """Take the address and the endpoint of the environment; raises UsageError for what cannot be one."""
        self._bucket, self._prefix = _parts(address)
        self._endpoint = _endpoint(environ)
        self.url = f"s3://{self._bucket}/{self._prefix}".rstrip("/")
        self.patience_s = _PATIENCE_S
        self._has_credentials = any(environ.get(name) for name in _CREDENTIALS)
        # None before the first answer, False after the storage was given up.
        self._reached: bool | None = None

    def listed(self, folder: str, after: str) -> Listed:
        """Return the first objects of a folder whose names sort behind `after`."""
        offset = f"{self._folder}{folder}/{after}" if after else None

        def page() -> Listed:
            pages = self._store.list(f"{self._folder}{folder}", offset=offset, chunk_size=_PAGE)
            found = list(next(iter(pages), ()))
            named = {each["path"].removeprefix(f"{self._folder}{folder}/"): each for each in found}
            tags = {name: _tag(named[name]["e_tag"]) for name in sorted(named)}
            return Listed(tags, len(found) < _PAGE, frozenset(name for name in named if not named[name]["size"]))

        return self._done(page, "ledger-unreadable")

    def content(self, name: str) -> bytes | None:
        """Return what an object holds, None where there is none."""
        try:
            return self._done(lambda: bytes(self._store.get(self._folder + name).bytes()), "ledger-unreadable")
        except FileNotFoundError:
            return None

    def create(self, name: str, content: bytes) -> str | None:
        """Create an object, and return its tag; None where it is there, maybe by an attempt before this one.

        Raises NotImplementedError where the storage knows no conditions.
        """

        def put() -> str:
            try:
                return _tag(self._store.put(self._folder + name, content, mode="create")["e_tag"])
            except BaseError as fault:
                if _knows_no_condition(fault):
                    raise NotImplementedError from None
                raise

        try:
            return self._done(put, "ledger-unwritable")
        except AlreadyExistsError:
            return None

    def replace(self, name: str, content: bytes) -> None:
        """Write an object whatever was there."""
        self._done(lambda: self._store.put(self._folder + name, content, use_multipart=False), "ledger-unwritable")

    def try_to_replace(self, name: str, content: bytes) -> bool:
        """Write an object that the ledger can do without, and tell whether the storage took it; nothing is retried."""
        return self._took(lambda: self._store.put(self._folder + name, content, use_multipart=False))

    def try_to_delete(self, name: str) -> bool:
        """Delete an object that the ledger can do without, and tell whether the storage did it; nothing is retried."""
        return self._took(lambda: self._store.delete(self._folder + name))

    def _took(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except (BaseError, FileNotFoundError, LedgerError):
            return False
        return True

    @property
    def _folder(self) -> str:
        return f"{self._prefix}/" if self._prefix else ""

    @cached_property
    def _store(self) -> S3Store:
        if not self._has_credentials:
            message = f"{self.url}: the environment has no credentials for the ledger"
            raise LedgerError(error("ledger-unreadable", message, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"))
        options: ClientConfig = {
            "timeout": _REQUEST_TIMEOUT,
            "connect_timeout": _CONNECT_TIMEOUT,
            "allow_http": self._endpoint.startswith("http://"),
        }
        where = {"endpoint": self._endpoint, "aws_endpoint_url_s3": self._endpoint} if self._endpoint else {}
        # The environment gives the rest. What makes a ledger safe, or a request wait, is given here.
        with _empty_settings_left_out():
            return S3Store(
                self._bucket,
                conditional_put="etag",
                client_options=options,
                retry_config={"max_retries": 0},
                **where,  # type: ignore[arg-type]
            )

    def _done(self, work: Callable[[], T], code: str) -> T:
        """Do a request that may be done again; another attempt waits for a storage that was there before."""
        pauses = self._pauses()
        while True:
            try:
                result = work()
            except (BaseError, FileNotFoundError) as fault:
                if _is_answer(fault):
                    self._reached = True
                    raise
                pause = next(pauses, None) if self._may_pass(fault) else None
                if pause is None:
                    # What else is asked then does not wait again.
                    self._reached = False
                    raise self._fault(fault, code) from None
                time.sleep(pause)
            else:
                self._reached = True
                return result

    def _may_pass(self, fault: BaseException) -> bool:
        status = status_of(fault)
        if status is None:
            return bool(self._reached)
        return status in _PASSING or status >= 500

    def _pauses(self) -> Iterator[float]:
        if not self._reached:
            yield from _FIRST_PAUSES_S if self._reached is None else ()
            return
        end, pause = time.monotonic() + self.patience_s, 0.25
        while time.monotonic() < end:
            yield pause
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _fault(self, fault: BaseException, code: str) -> LedgerError:
        status, s3_code = status_of(fault), s3_code_of(fault)
        what = {"ledger-unreadable": "read", "ledger-unwritable": "written"}[code]
        at = f" at {self._endpoint}" if self._endpoint else ""
        words = " ".join(filter(None, (str(status or ""), f"({s3_code})" if s3_code else "")))
        words = words or unreached_words(fault)[1] or "it answers, but not as an S3 storage"
        return LedgerError(error(code, f"{self.url}{at}: the ledger cannot be {what}: {words}", _hint(fault)))


def _tag(written: str | None) -> str:
    return (written or "").strip('"')


def _hint(fault: BaseException) -> str:
    s3_code, region, status = s3_code_of(fault), region_of(fault), status_of(fault)
    if region and s3_code in _HINTS:
        return f"the storage names the region {region}: set AWS_REGION={region}"
    if hint := _HINTS.get(s3_code):
        return hint
    if status in (401, 403):
        return _RIGHTS
    return _OTHER if status else _UNREACHABLE


def _is_answer(fault: BaseException) -> bool:
    """Whether it says only that an object is there, or is not."""
    if isinstance(fault, FileNotFoundError):
        return s3_code_of(fault) != "NoSuchBucket"
    return isinstance(fault, AlreadyExistsError)


def _knows_no_condition(fault: BaseException) -> bool:
    return status_of(fault) == 501 or s3_code_of(fault) == "NotImplemented"


def _parts(address: str) -> tuple[str, str]:
    """Return bucket and prefix; nothing of an address that is none is repeated, for it may hold a secret."""
    found = _ADDRESS.fullmatch(address)
    prefix = ((found and found["prefix"]) or "").strip("/")
    if not found or (prefix and {"", ".", ".."} & set(prefix.split("/"))):
        message = "the address of the ledger is not that of a folder in a bucket"
        hint = "write s3://BUCKET/PREFIX; endpoint and credentials come from variables such as AWS_ENDPOINT_URL_S3"
        raise UsageError(error("ledger-unsupported", message, hint))
    return found["bucket"], prefix


def _endpoint(environ: Mapping[str, str]) -> str:
    """Return the address of the storage, empty for Amazon's own."""
    name = next((name for name in _ENDPOINTS if environ.get(name)), "")
    address = environ.get(name, "").strip().rstrip("/")
    parts = split_address(address)
    if not address:
        return ""
    own = parts is not None and parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts or not parts.hostname or not (own or parts.scheme == "https"):
        raise _no_endpoint(name, "is not the https address of a storage")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _no_endpoint(name, "holds more than the address of a storage")
    return address


@contextmanager
def _empty_settings_left_out() -> Iterator[None]:
    """Take variables that are empty as not set, as a pipeline gives them for a setting that nobody made.

    The library would take them for settings: an empty endpoint ends the process at the first request.
    """
    empty = [name for name, value in os.environ.items() if name.startswith("AWS_") and not value.strip()]
    kept = {name: os.environ.pop(name) for name in empty}
    try:
        yield
    finally:
        os.environ.update(kept)


def _no_endpoint(name: str, why: str) -> UsageError:
    return UsageError(error("bad-setting", f"{name} {why}", f"write it like {name}=https://s3.example.org"))
