"""The errors for a bucket that does not do what it is asked, by what the storage or the connection says.

Neither addresses with their queries nor what a server writes into its answer is repeated, for both may hold secrets:
errors show only the status, the code and the region that the storage names.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import CredentialsError, Doubt, EocanvasApplyError, NotSent, Refused
from eocanvas_apply.storage.bucket import Bucket

_STATUS = re.compile(r"status code: ([1-5][0-9]{2})\b")
_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_REGION = re.compile(r"<Region>([a-z0-9-]{1,40})</Region>")
# S3's own codes that say more than the status: the code of the diagnostic, and what to do.
_BY_CODE = {
    "InvalidAccessKeyId": (
        "storage-denied",
        "check access_key and `endpoint:`: this storage does not know the access key",
    ),
    "SignatureDoesNotMatch": ("storage-denied", "the secret key does not belong to the access key: check secret_key"),
    "AccessDenied": ("storage-denied", "check access_key and secret_key, and what they may do in the bucket"),
    "ExpiredToken": ("storage-denied", "the credentials have expired: use others"),
    "InvalidToken": ("storage-denied", "temporary credentials are not supported: use an access key that lasts"),
    "RequestTimeTooSkewed": ("storage-clock", "set the clock of this machine; the credentials may be right"),
    "AuthorizationHeaderMalformed": ("storage-region", "check `region:` of the key"),
    "PermanentRedirect": ("storage-region", "check `region:` and `endpoint:` of the key: the bucket lies elsewhere"),
    "IllegalLocationConstraintException": ("storage-region", "check `region:` of the key"),
    "QuotaExceeded": ("storage-full", "delete something there, or ask for more room"),
}
# What obstore writes of a connection, and the words for it; the first that is there counts.
_BY_TEXT = {
    "InvalidCertificate": ("storage-certificate", "its certificate is not trusted"),
    "InvalidContentType": ("storage-unreachable", "it does not speak TLS there"),
    "InvalidMessage": ("storage-unreachable", "it does not speak TLS there"),
    "dns error": ("storage-unreachable", "no such host"),
    "ConnectionRefused": ("storage-unreachable", "connection refused"),
    "timed out": ("storage-unreachable", "it did not answer in time"),
    "TimedOut": ("storage-unreachable", "it did not answer in time"),
    "kind: Timeout": ("storage-unreachable", "it did not answer in time"),
    "HTTP error": ("storage-unreachable", "no connection"),
}


def status_of(fault: BaseException) -> int | None:
    """Return the status that a storage answered with, None where it did not answer with an error."""
    found = _STATUS.search(str(fault))
    return int(found[1]) if found else None


def s3_code_of(fault: BaseException) -> str:
    """Return S3's own code in the answer, empty where it has none."""
    if "redirect without LOCATION" in str(fault):
        # Obstore keeps neither the status nor the code of it.
        return "PermanentRedirect"
    found = _CODE.search(str(fault))
    return found[1] if found else ""


def region_of(fault: BaseException) -> str:
    """Return the region that the storage names in its answer, empty where it names none."""
    found = _REGION.search(str(fault))
    return found[1] if found else ""


def unreached_words(fault: BaseException) -> tuple[str, str]:
    """Return the code of the diagnostic and what is wrong with the connection, empty where it answered all the same."""
    return next((words for part, words in _BY_TEXT.items() if part in str(fault)), ("", ""))


def fault_of(bucket: Bucket, fault: BaseException, done: str = "listed") -> EocanvasApplyError:
    """Return the error for a fault that obstore raised when the bucket was to be `done`: listed, written."""
    if type(fault).__name__ == "InvalidPathError":
        message = f"bucket {bucket.name!r} holds a name with an empty part, such as a//b, and cannot be listed"
        found = error("storage-names", f"{bucket.shown}: {message}", "narrow the prefix, or rename that file")
        return Refused(found, 200)
    s3_code = s3_code_of(fault)
    if status := status_of(fault) or (301 if s3_code else None):
        return _answered(bucket, status, s3_code, region_of(fault), done)
    return _not_reached(bucket, fault)


def _not_reached(bucket: Bucket, fault: BaseException) -> EocanvasApplyError:
    code, why = unreached_words(fault)
    if not code:
        return no_storage(bucket)
    hint = "check `endpoint:` of the key and the network; SSL_CERT_FILE names certificates to trust"
    return NotSent(error(code, f"{bucket.shown}: {bucket.address} was not reached: {why}", hint))


def reading_denied(listing: CredentialsError) -> CredentialsError:
    """Return the error for a bucket that may not be listed, and of which no file that was asked for may be read."""
    (found,) = listing.diagnostics
    if found.code != "storage-denied" or "AccessDenied" not in found.message:
        return listing
    hint = "the credentials lack the rights to list the bucket (s3:ListBucket) and to read these files (s3:GetObject)"
    return CredentialsError(replace(found, hint=hint))


def no_storage(bucket: Bucket) -> EocanvasApplyError:
    """Return the error for an address that answers, but not as a storage does."""
    message = f"{bucket.shown}: {bucket.address} answers, but not as an S3 storage"
    hint = "check that it is the address of the storage, not of a log-in page or a proxy"
    return Doubt(error("storage-unreadable", message, hint), 200)


def _answered(bucket: Bucket, status: int, s3_code: str, region: str, done: str) -> EocanvasApplyError:
    where = f"{bucket.shown}: bucket {bucket.name!r} at {bucket.address}"
    said = f"{status} ({s3_code})" if s3_code else f"{status}"
    code, hint = _BY_CODE.get(s3_code, ("", ""))
    if region and code == "storage-region":
        hint = f"the storage names the region {region}: write `region: {region}`"
    if status in (401, 403) or code == "storage-denied":
        if bucket.access_key is None:
            hint = "it cannot be read without credentials: use a key of type s3, or write the files down as rows"
        hint = hint or _BY_CODE["AccessDenied"][1]
        return CredentialsError(error(code or "storage-denied", f"{where} may not be {done}: {said}", hint))
    if status == 404:
        hint = "check `bucket:` and `endpoint:` of the key"
        return Refused(error("storage-no-bucket", f"{where} does not exist: {said}", hint), status)
    message = f"{where} cannot be {done}: {said}"
    if status < 500 or code:
        hint = hint or "check `endpoint:` and `region:` of the key"
        return Refused(error(code or "storage-refused", message, hint), status)
    return Doubt(error("storage-failed", message, "the storage has a fault; try again later"), status)
