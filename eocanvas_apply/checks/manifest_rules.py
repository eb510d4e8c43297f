"""Faults of keys that are seen without their secrets, and of jobs apart from their graph or chain.

What a storage can do follows the service's documentation: private S3 in and out, public S3 and EODATA in, WEkEO Drive
out, other WebDAV in and out. The same documentation shows a Drive as an input further down, so that rule can be
lowered.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from datetime import timedelta
from pathlib import PurePosixPath

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.files import is_portable
from eocanvas_apply.manifest.model.jobs import Input, Job, KeyInput, RawJob, ResultInput, SnapJob, ToKey, UrlInput
from eocanvas_apply.manifest.model.keys import EODATA, ExistingKey, Key, ManagedKey
from eocanvas_apply.manifest.model.steps import Step
from eocanvas_apply.manifest.model.times import format_duration
from eocanvas_apply.manifest.validation.structure import not_listable

_SHORTEST = timedelta(hours=1)
# RSA with PKCS#1 v1.5 padding seals modulus - 11 bytes: 245 for 2048 bits, 501 for 4096.
_USUAL_LIMIT, _LARGEST_LIMIT = 245, 501
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".gz")


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
    return ((name, key) for name, key in case.manifest.keys.items() if not isinstance(key, ExistingKey))


def not_for_input(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield inputs in a storage that the service writes to only."""
    for name, _, given, source in _inputs(case):
        key = _read_with(case, source)
        if key is not None and not key.readable:
            message = f"{key.storage_name} takes results, it gives no inputs"
            if isinstance(source, ResultInput):
                message = f"`{source.result}` writes to {key.storage_name}, which takes results and gives no inputs"
            field = "key" if isinstance(source, KeyInput) else "result"
            found = error("storage-not-for-input", message)
            yield case.place(found, "jobs", name, "inputs", given, field)


def _inputs(case: ManifestCase) -> Iterator[tuple[str, Job, str, Input]]:
    """Yield each input with the names of its job and of itself."""
    for name, job in case.manifest.jobs.items():
        if not isinstance(job, RawJob):
            yield from ((name, job, given, source) for given, source in job.inputs.items())


def _read_with(case: ManifestCase, source: Input) -> Key | None:
    """Return the key that an input is read with: its own, or the one that the job before writes with."""
    if isinstance(source, KeyInput):
        return case.manifest.keys.get(source.key)
    job = case.manifest.jobs.get(source.result) if isinstance(source, ResultInput) else None
    return case.manifest.keys.get(job.output_key or "") if job else None


def not_for_output(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield outputs to a storage that the service reads from only."""
    hint = "write to a private S3 bucket, a WEkEO Drive or WebDAV, or write {download: FOLDER}"
    for name, job in case.manifest.jobs.items():
        key = case.manifest.keys.get(job.output_key or "")
        if job.output_key == EODATA or (key is not None and not key.writable):
            what = "EODATA" if key is None else key.storage_name
            found = error("storage-not-for-output", f"{what} gives inputs, it takes no results", hint)
            yield case.place(found, "jobs", name, "output", "key")


def download_folders(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield jobs whose results would land in another job's folder."""
    hint = "give each job a folder of its own: `output: {download: FOLDER}`"
    first: dict[str, str] = {}
    for name, job in case.manifest.jobs.items():
        if isinstance(job.output, ToKey):
            continue
        # Not all file systems tell upper from lower case.
        folder = posixpath.normpath(job.download_folder or f"results/{name}").casefold()
        if first.setdefault(folder, name) != name:
            found = error("download-folder-twice", f"the results of `{first[folder]}` go to this folder too", hint)
            yield case.place(found, "jobs", name, "output", "download")


def portable_folders(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield results folders that cannot be made on Windows."""
    for name, job in case.manifest.jobs.items():
        if isinstance(job.output, ToKey):
            continue
        wrong = [part for part in PurePosixPath(job.download_folder or name).parts if not _on_windows(part)]
        if wrong:
            found = warning("not-on-windows", f"no folder can be called `{wrong[0]}` on Windows", "use another name")
            path = ("output", "download") if job.download_folder else ()
            yield case.place(found, "jobs", name, *path, at_name=not path)


def _on_windows(part: str) -> bool:
    return part in (".", "..", "/") or is_portable(part)


def input_names(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield inputs with a name that the service keeps for itself."""
    for name, job, given, _ in _inputs(case):
        if given == "schema" or (given == "output" and isinstance(job, SnapJob)):
            found = error("reserved-name", f"no input can be called {given}", "give it another name, such as img1")
            yield case.place(found, "jobs", name, "inputs", given, at_name=True)


def archives(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield archives that are not unpacked."""
    hint = "add `uncompress: true` and `sub_path:` with the file to open, unless the reader opens archives"
    for name, _, given, source in _inputs(case):
        place = source.path if isinstance(source, KeyInput) else source.url if isinstance(source, UrlInput) else ""
        if place.lower().endswith(_ARCHIVES) and source.uncompress is None and source.sub_path is None:
            found = warning("archive-as-it-is", "this archive is given to the process as it is", hint)
            yield case.place(found, "jobs", name, "inputs", given, at_name=True)


def listable(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield steps that take rows from a storage which cannot be listed."""
    for name, job in case.manifest.jobs.items():
        single = isinstance(job.for_each, Step)
        for number, step in enumerate(job.steps):
            if step.s3 is None or (step.s3.key != EODATA and step.s3.key not in case.manifest.keys):
                continue
            key = case.manifest.keys.get(step.s3.key)
            if key is None or not key.listable:
                place = ("jobs", name, "for_each", *(() if single else (number,)), "s3", "key")
                yield case.place(not_listable(key), *place)


RULES = (
    *(lifetime, sealed_size, fixed_names, endpoints),
    *(not_for_input, not_for_output, download_folders, portable_folders, input_names, archives, listable),
)
