"""What a storage answers instead of files, in our own words.

Neither addresses with their queries nor what a server writes into its answer is repeated: both may hold secrets.
Only the number of the status and the code of the error are.
"""

from __future__ import annotations

import re

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import CredentialsError, Doubt, EocanvasApplyError, NotSent, Refused
from eocanvas_apply.storage.bucket import Bucket

_STATUS = re.compile(r"status code: ([1-5][0-9]{2})\b")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_NO_LISTING = "Got invalid list response"
_DENIED = (401, 403)
_TIMEOUT = re.compile(r"timed out|TimedOut|kind: Timeout")


def trouble(bucket: Bucket, fault: BaseException) -> EocanvasApplyError:
    """Return what to tell of a fault that obstore raised."""
    said = str(fault)
    status, code = _STATUS.search(said), _CODE.search(said)
    if type(fault).__name__ == "InvalidPathError":
        return _unreadable(bucket)
    if status is None and _NO_LISTING in said:
        return no_storage(bucket)
    if status is None:
        return _unreachable(bucket, "it did not answer in time" if _TIMEOUT.search(said) else "no connection")
    return _answered(bucket, int(status[1]), f" ({code[1]})" if code else "")


def refuses(fault: BaseException) -> bool:
    """Tell whether the storage answered with a status of its own."""
    return _STATUS.search(str(fault)) is not None


def no_storage(bucket: Bucket) -> EocanvasApplyError:
    """Return what to tell of an address that answers, and not as a storage does."""
    message = f"{bucket.shown}: {bucket.address} answers, but not as a storage of type s3 does"
    hint = "is it the address of the storage, and not of a log-in page or a proxy before it?"
    return Doubt(error("storage-unreadable", message, hint), 200)


def _answered(bucket: Bucket, status: int, code: str) -> EocanvasApplyError:
    where = f"{bucket.shown}: bucket {bucket.name!r} at {bucket.address}"
    if status in _DENIED:
        return CredentialsError(error("storage-denied", f"{where} refuses to be listed: {status}{code}", _who(bucket)))
    if status == 404:
        hint = "check `bucket:` and `endpoint:` of the key"
        return Refused(error("storage-no-bucket", f"{where} does not exist: {status}{code}", hint), status)
    message = f"{where} cannot be listed: {status}{code}"
    if status < 500:
        hint = "check `endpoint:` and `region:` of the key"
        return Refused(error("storage-refused", message, hint), status)
    return Doubt(error("storage-failed", message, "the storage is in trouble; try again later"), status)


def _who(bucket: Bucket) -> str:
    if bucket.access_key is None:
        return "it is not public for listing: use a key of type s3, or list the files by hand"
    return "check access_key and secret_key, and that they may list the bucket"


def _unreachable(bucket: Bucket, why: str) -> EocanvasApplyError:
    hint = "check `endpoint:` of the key and the network; SSL_CERT_FILE names certificates to trust"
    return NotSent(error("storage-unreachable", f"{bucket.shown}: {bucket.address} was not reached: {why}", hint))


def _unreadable(bucket: Bucket) -> EocanvasApplyError:
    message = f"{bucket.shown}: bucket {bucket.name!r} holds a name with an empty part, such as a//b, and is not listed"
    return Refused(error("storage-names", message, "narrow the prefix, or rename that file"), 200)
