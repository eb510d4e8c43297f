"""Which way data may go through a storage.

By the service's documentation: private S3 in and out, public S3 and EODATA in, WEkEO Drive out, other WebDAV in and
out. The same documentation shows a Drive as an input further down, so that rule can be lowered.
"""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.manifest.model.inputs import Input, KeyInput, ResultInput, ToKey
from eocanvas_apply.manifest.model.jobs import RawJob
from eocanvas_apply.manifest.model.keys import EODATA, ExistingKey, Key

_KINDS = {
    "s3": "a private S3 bucket",
    "s3-public": "a public S3 bucket",
    "wekeo-drive": "a WEkEO Drive",
    "webdav": "a WebDAV folder",
}


def not_for_input(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield inputs in a storage that the service writes to only."""
    for name, job in case.manifest.jobs.items():
        for given, source in () if isinstance(job, RawJob) else job.inputs.items():
            key = _read_with(case, source)
            if key is not None and not key.readable:
                found = error(
                    "storage-not-for-input",
                    _takes_only(key, source),
                    "if yours does, add the line `checks: {storage-not-for-input: warning}` to the job or the manifest",
                )
                field = "key" if isinstance(source, KeyInput) else "result"
                yield case.place(found, "jobs", name, "inputs", given, field)


def _read_with(case: ManifestCase, source: Input) -> Key | None:
    """Return the key that an input is read with: its own, or the one that the job before writes with."""
    if isinstance(source, KeyInput):
        return case.manifest.keys.get(source.key)
    job = case.manifest.jobs.get(source.result) if isinstance(source, ResultInput) else None
    return case.manifest.keys.get(job.output_key or "") if job else None


def _takes_only(key: Key, source: Input) -> str:
    if isinstance(source, ResultInput):
        return f"`{source.result}` writes to {_kind(key)}, which takes results and gives no inputs"
    return f"{_kind(key)} takes results, it gives no inputs"


def not_for_output(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield outputs to a storage that the service reads from only."""
    for name, job in case.manifest.jobs.items():
        if not isinstance(job.output, ToKey):
            continue
        key = case.manifest.keys.get(job.output.key)
        if job.output.key == EODATA or (key is not None and not key.writable):
            what = "EODATA" if key is None else _kind(key)
            hint = "write to a private S3 bucket, a WEkEO Drive or WebDAV, or write {download: FOLDER}"
            found = error("storage-not-for-output", f"{what} gives inputs, it takes no results", hint)
            yield case.place(found, "jobs", name, "output", "key")


def _kind(key: Key) -> str:
    return _KINDS[key.storage if isinstance(key, ExistingKey) else key.type]
