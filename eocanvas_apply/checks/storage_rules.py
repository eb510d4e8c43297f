"""What a storage can do for a job: give inputs, take results, be listed.

By the service's documentation: private S3 in and out, public S3 and EODATA in, WEkEO Drive out, other WebDAV in and
out. The same documentation shows a Drive as an input further down, so that rule can be lowered.
"""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.manifest.model.inputs import Input, KeyInput, ResultInput, ToKey
from eocanvas_apply.manifest.model.jobs import RawJob
from eocanvas_apply.manifest.model.keys import EODATA, Key
from eocanvas_apply.manifest.model.steps import Step
from eocanvas_apply.manifest.validation.wording import not_listable


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
        return f"`{source.result}` writes to {key.storage_name}, which takes results and gives no inputs"
    return f"{key.storage_name} takes results, it gives no inputs"


def not_for_output(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield outputs to a storage that the service reads from only."""
    for name, job in case.manifest.jobs.items():
        if not isinstance(job.output, ToKey):
            continue
        key = case.manifest.keys.get(job.output.key)
        if job.output.key == EODATA or (key is not None and not key.writable):
            what = "EODATA" if key is None else key.storage_name
            hint = "write to a private S3 bucket, a WEkEO Drive or WebDAV, or write {download: FOLDER}"
            found = error("storage-not-for-output", f"{what} gives inputs, it takes no results", hint)
            yield case.place(found, "jobs", name, "output", "key")


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
