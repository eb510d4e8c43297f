"""Faults of keys that are seen without their secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.manifest.model.jobs import Job
from eocanvas_apply.manifest.model.keys import ExistingKey, ManagedKey, PublicS3Key, S3Key, WebdavKey
from eocanvas_apply.manifest.model.times import format_duration
from eocanvas_apply.web_addresses import holds_password, is_loopback, split_address

_SHORTEST = timedelta(hours=1)
# RSA with PKCS#1 v1.5 padding seals modulus - 11 bytes: 245 for 2048 bits, 501 for 4096.
_USUAL_LIMIT, _LARGEST_LIMIT = 245, 501
_OBJECT = re.compile(r"(?:s3[an]?://|arn:aws[a-z-]*:s3:::)([^/]+)(/.+)?", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[/:\s]")
_BLANK = re.compile(r"\s")


def lifetime(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield keys that end too soon: within an hour, or before a job can start late and still use them."""
    longest = _longest_jobs(case)
    for name, key in _managed(case):
        if key.expires_in < _SHORTEST:
            found = error("expires-in", "a key must live an hour at least", "write `expires_in: 1h` or longer")
            yield case.place(found, "keys", name, "expires_in")
        if (duration := longest.get(name)) and key.expires_in < 2 * duration:
            hint = f"expires_in should be at least {format_duration(2 * duration)} (2 x max_duration)"
            message = f"a key of this life is too short for a job of up to {format_duration(duration)}"
            found = warning("key-too-short", message, hint)
            yield case.place(found, "keys", name, "expires_in")


def _longest_jobs(case: ManifestCase) -> dict[str | None, timedelta]:
    """Return how long the longest job takes that needs a key, by the key's name."""
    longest: dict[str | None, timedelta] = {}
    for job in case.manifest.jobs.values():
        for key in _needed_by(case, job):
            longest[key] = max(job.max_duration, longest.get(key, timedelta()))
    return longest


def _needed_by(case: ManifestCase, job: Job) -> set[str | None]:
    """Return the names of the keys that a job needs, those included with which it reads the results of others."""
    before = (case.manifest.jobs.get(name) for name in job.source_names)
    return {*job.key_names, *(each.output_key for each in before if each)}


def sealed_size(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield keys whose plain fields alone are too long to be sealed with the service's public key."""
    for name, key in _managed(case):
        fields = {**key.plain_config(), **dict.fromkeys(key.secret_fields(), "")}
        size = len(json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode())
        never = size > _LARGEST_LIMIT
        if size > _USUAL_LIMIT:
            limit = f"even a 4096-bit RSA key seals {_LARGEST_LIMIT}"
            usual = f"a 2048-bit RSA key, as is usual, seals {_USUAL_LIMIT}"
            message = f"the key needs {size} bytes without its secrets; {limit if never else usual}"
            severity = error if never else warning
            found = severity("sealed-too-long", message, "shorten bucket, endpoint or user name")
            yield case.place(found, "keys", name, at_name=True)


def fixed_names(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield keys that want the same name at the service."""
    first: dict[str, str] = {}
    for name, key in case.manifest.keys.items():
        if key.name and first.setdefault(key.name, name) != name:
            found = error("duplicate-key-name", f"`{first[key.name]}` has this name too", "give each key its own name")
            yield case.place(found, "keys", name, "name")


def endpoints(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield endpoints that hold a password, that name no protocol, or over which a secret is read by others."""
    for name, key in _managed(case):
        endpoint = getattr(key, "endpoint", "")
        if holds_password(f"//{endpoint.partition('://')[2] or endpoint}"):
            found = error("literal-secret", "the endpoint holds a password", "remove it and use the fields for it")
            yield case.place(found, "keys", name, "endpoint", at_name=True)
        elif endpoint and not endpoint.lower().startswith(("https://", "http://")):
            found = warning("endpoint-without-protocol", "an endpoint is an address", "begin it with https://")
            yield case.place(found, "keys", name, "endpoint")
        elif endpoint and (not _host(endpoint) or _BLANK.search(endpoint)):
            found = error("endpoint-address", "this is no address of a storage", "write https://HOST, without blanks")
            yield case.place(found, "keys", name, "endpoint")
        elif "?" in endpoint or "#" in endpoint:
            # The whole endpoint is shown in plans, and what signs it would be.
            hint = "write it up to there; what opens a storage stands in the secret fields of its key"
            yield case.place(error("endpoint-address", "an endpoint has no ? and no #", hint), "keys", name, "endpoint")
        elif key.secret_names and _is_open(endpoint):
            yield case.place(_without_tls(key), "keys", name, "endpoint")


def _host(endpoint: str) -> str:
    """Return the host of an address; empty where it has none, or where the protocol stands twice."""
    parts = split_address(endpoint)
    return "" if parts is None or "://" in endpoint.partition("://")[2] else parts.hostname or ""


def _bucket_in_endpoint(key: S3Key | PublicS3Key) -> str:
    """Return what to write for an endpoint that names the bucket too, as its path or before its host; else empty."""
    parts, bucket = split_address(key.endpoint), key.bucket.lower()
    if parts is None or not parts.hostname:
        return ""
    if parts.path.strip("/").lower() == bucket:
        return f"{parts.scheme}://{parts.netloc}"
    # eodata is a bucket at eodata.dataspace.copernicus.eu: only before a host of S3 it is the bucket's name.
    before = parts.netloc.lower().startswith((f"{bucket}.s3.", f"{bucket}.s3-"))
    return f"{parts.scheme}://{parts.netloc[len(bucket) + 1 :]}" if before else ""


def _is_open(endpoint: str) -> bool:
    parts = split_address(endpoint)
    return parts is not None and parts.scheme == "http" and not is_loopback(parts.hostname or "")


def _without_tls(key: ManagedKey) -> Diagnostic:
    hint = "begin it with https://"
    if isinstance(key, WebdavKey):
        return error("endpoint-without-tls", "the password of this key travels without encryption", hint)
    return warning("endpoint-without-tls", "the files of this key travel without encryption", hint)


def buckets(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield buckets that are an address or a path, and regions that are."""
    for name, key in _managed(case):
        if not isinstance(key, S3Key | PublicS3Key):
            continue
        if why := _not_a_bucket(key.bucket):
            yield case.place(error("bucket-name", *why), "keys", name, "bucket")
        elif better := _bucket_in_endpoint(key):
            found = warning(
                "endpoint-address", "the endpoint holds the bucket, which `bucket` names", f"write {better}"
            )
            yield case.place(found, "keys", name, "endpoint")
        if not key.region.strip() or _NOT_IN_NAMES.search(key.region):
            swapped = "://" in key.region and "://" not in key.endpoint
            hint = "`region` and `endpoint` are swapped" if swapped else "write the name alone, such as waw3-2"
            yield case.place(error("region-name", "this is no name of a region", hint), "keys", name, "region")


def _not_a_bucket(bucket: str) -> tuple[str, str] | None:
    if found := _OBJECT.match(bucket):
        if "@" in bucket:
            return "this is an address, not the name of a bucket", "write the bare name; an address may hold a password"
        path = f"; the path of a file stands in the input: `path: {found[2]}`" if found[2] else ""
        return "this is an address, not the name of a bucket", f"write `bucket: {found[1]}`{path}"
    if "://" in bucket:
        return "this is an address, not the name of a bucket", "write the bare name; the address belongs to `endpoint`"
    if "/" in bucket:
        bare = "NAME" if "@" in bucket else bucket.strip("/").partition("/")[0]
        return "the name of a bucket has no /", f"write `bucket: {bare}`; the path of a file stands in the input"
    if not bucket.strip() or _NOT_IN_NAMES.search(bucket):
        return "the name of a bucket has no `:` and no blanks", "write the bare name of the bucket"
    if odd := next((each for each in bucket if not each.isascii()), ""):
        return f"the name of a bucket has no {odd!r}", "type it: a program may have put a longer dash in place of -"
    return None


def _managed(case: ManifestCase) -> Iterator[tuple[str, ManagedKey]]:
    return ((name, key) for name, key in case.manifest.keys.items() if not isinstance(key, ExistingKey))


RULES = (lifetime, sealed_size, fixed_names, endpoints, buckets)
