"""Folders for results outside of the boundary, or of programs: an apply would write where it must not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from eocanvas_apply.boundary import Boundary, OutsideBoundaryError
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.files import path_outside
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.substitution import Template

if TYPE_CHECKING:
    from eocanvas_apply.manifest.instances import Instance

# What lies there may run, or count as recorded.
_OF_PROGRAMS = (".git", ".hg", ".svn", ".github", ".eocanvas")
_AT = ("output", "download")


def folders_outside(
    loaded: LoadedManifest, instances: Mapping[str, Sequence[Instance]], boundary: Boundary
) -> Iterator[Diagnostic]:
    """Yield an error for each `download` that leads out of the boundary; of a campaign once, with its first row."""
    for name, job in loaded.manifest.jobs.items() if loaded.manifest else ():
        if job.output_key is not None:
            continue
        found = _fault(job.download_folder or f"results/{name}", boundary)
        if job.download_folder and job.steps and any(path == _AT for path, _ in loaded.templates[name].fields):
            found = _of_rows(Template(job.download_folder), instances.get(name, ()), boundary)
        if found:
            yield loaded.place(found, ("jobs", name, *_AT))


def _of_rows(template: Template, instances: Iterable[Instance], boundary: Boundary) -> Diagnostic | None:
    written = ((each.id, template.fill(each.fields)) for each in instances)
    faults = [(row, found) for row, folder in written if (found := _fault(str(folder), boundary))]
    if not faults:
        return None
    (first, found), count = faults[0], len(faults)
    where = f"in the row {first}" if count == 1 else f"in {count} rows, first {first}"
    return replace(found, message=f"{found.message} ({where})")


def _fault(written: str, boundary: Boundary) -> Diagnostic | None:
    try:
        if os.name != "nt" and PureWindowsPath(written).drive:
            # On the machine of another person it would be one of another disk.
            raise OutsideBoundaryError(boundary.folder / written, by_link=False)
        real = boundary.real(boundary.folder / written)
    except OutsideBoundaryError as fault:
        return path_outside(written, fault)
    except OSError:
        # A name that no folder can have has another error.
        return None
    owner = next((part for part in real.parts if part.casefold() in _OF_PROGRAMS), None)
    if owner is None or owner in boundary.folder.resolve().parts:
        return None
    message = f"{written!r} leads into {owner}, where a program keeps files that it acts on"
    return error("path-outside", message, "write a folder of your own, such as results")
