"""Faults of jobs apart from their graph or chain.

What a storage can do follows the service's documentation: private S3 in and out, public S3 and EODATA in, WEkEO Drive
out, other WebDAV in and out. The same documentation shows a Drive as an input further down, so that rule can be
lowered.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.files import is_portable
from eocanvas_apply.manifest.model.jobs import Input, Job, KeyInput, RawJob, ResultInput, SnapJob, ToKey
from eocanvas_apply.manifest.model.keys import EODATA, Key
from eocanvas_apply.manifest.model.steps import Step
from eocanvas_apply.manifest.substitution import refers_to_row


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


def listable(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield steps that take rows from a storage which cannot be listed."""
    for name, number, step in _steps(case):
        if step.s3 is None or (step.s3.key != EODATA and step.s3.key not in case.manifest.keys):
            continue
        key = case.manifest.keys.get(step.s3.key)
        if key is None or not key.listable:
            from eocanvas_apply.manifest.validation.structure import not_listable

            yield case.place(not_listable(key), "jobs", name, "for_each", *number, "s3", "key")


def _steps(case: ManifestCase) -> Iterator[tuple[str, Path, Step]]:
    """Yield each step with its job's name and its place below `for_each`."""
    for name, job in case.manifest.jobs.items():
        single = isinstance(job.for_each, Step)
        yield from ((name, () if single else (number,), step) for number, step in enumerate(job.steps))


def bounding_boxes(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield searches whose box is not west, south, east, north; it may cross the antimeridian."""
    for name, number, step in _steps(case):
        box = (step.hda or {}).get("bbox")
        if isinstance(box, list) and not refers_to_row(box) and not _is_box(box):
            found = warning("bbox-order", "`bbox` is not west, south, east, north", "write them so, in degrees")
            yield case.place(found, "jobs", name, "for_each", *number, "hda", "bbox")


def _is_box(box: list[Data]) -> bool:
    numbers = [float(each) for each in box if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) != 4 or len(box) != 4:
        return False
    west, south, east, north = numbers
    return -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90


RULES = (
    *(not_for_input, not_for_output, download_folders, portable_folders),
    *(input_names, listable, bounding_boxes),
)
