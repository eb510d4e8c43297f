"""Faults of a key that are seen without its secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.manifest.model.jobs import Job
from eocanvas_apply.manifest.model.keys import ExistingKey, ManagedKey
from eocanvas_apply.manifest.model.times import format_duration

_SHORTEST = timedelta(hours=1)
# RSA with PKCS#1 v1.5 padding seals modulus - 11 bytes: 245 for 2048 bits, 501 for 4096.
_USUAL_LIMIT, _LARGEST_LIMIT = 245, 501


def lifetime(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield keys that end too soon: within an hour, or before a job can start late and still use them."""
    for name, key in _managed(case):
        if key.expires_in < _SHORTEST:
            found = error("expires-in", "a key must live an hour at least", "write `expires_in: 1h` or longer")
            yield case.place(found, "keys", name, "expires_in")
        jobs = [job.max_duration for job in case.manifest.jobs.values() if name in _needed_by(case, job)]
        if jobs and key.expires_in < 2 * max(jobs):
            longest = format_duration(max(jobs))
            hint = f"expires_in should be at least {format_duration(2 * max(jobs))} (2 x max_duration)"
            found = warning("key-too-short", f"a key of this life is too short for a job of up to {longest}", hint)
            yield case.place(found, "keys", name, "expires_in")


def _needed_by(case: ManifestCase, job: Job) -> set[str | None]:
    """Return the names of the keys that a job needs, those included with which it reads the results of others."""
    before = (case.manifest.jobs.get(name) for name in job.source_names)
    return {*job.key_names, *(each.output_key for each in before if each)}


def sealed_size(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield keys whose plain fields alone are too long to be sealed with the service's public key."""
    for name, key in _managed(case):
        fields = {**key.plain_config(), **dict.fromkeys(key.secret_fields(), "")}
        size = len(json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode())
        if size > _USUAL_LIMIT:
            yield case.place(_too_long(size), "keys", name, at_name=True)


def _too_long(size: int) -> Diagnostic:
    hint = "shorten bucket, endpoint or user name"
    if size > _LARGEST_LIMIT:
        message = f"the key needs {size} bytes without its secrets; even a 4096-bit RSA key seals {_LARGEST_LIMIT}"
        return error("sealed-too-long", message, hint)
    message = f"the key needs {size} bytes without its secrets; a 2048-bit RSA key, as is usual, seals {_USUAL_LIMIT}"
    return warning("sealed-too-long", message, hint)


def fixed_names(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield keys that want the same name at the service."""
    first: dict[str, str] = {}
    for name, key in case.manifest.keys.items():
        if key.name is None:
            continue
        if key.name in first:
            found = error("duplicate-key-name", f"`{first[key.name]}` has this name too", "give each key its own name")
            yield case.place(found, "keys", name, "name")
        first.setdefault(key.name, name)


def endpoints(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield endpoints that hold a password or that name no protocol."""
    for name, key in _managed(case):
        endpoint = getattr(key, "endpoint", "")
        address = endpoint.split("://", 1)[-1].partition("/")[0]
        if "@" in address and ":" in address.partition("@")[0]:
            found = error("literal-secret", "the endpoint holds a password", "remove it and use the fields for it")
            yield case.place(found, "keys", name, "endpoint", at_name=True)
        elif endpoint and not endpoint.startswith(("https://", "http://")):
            found = warning("endpoint-without-protocol", "an endpoint is an address", "begin it with https://")
            yield case.place(found, "keys", name, "endpoint")


def _managed(case: ManifestCase) -> Iterator[tuple[str, ManagedKey]]:
    for name, key in case.manifest.keys.items():
        if not isinstance(key, ExistingKey):
            yield name, key
