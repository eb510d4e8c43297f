"""What can be wrong with a job apart from its graph or chain."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.manifest.model.inputs import KeyInput, ToKey, UrlInput
from eocanvas_apply.manifest.model.jobs import RawJob, SnapJob

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".gz")


def download_folders(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield jobs whose results would land in another job's folder."""
    first: dict[str, str] = {}
    for name, job in case.manifest.jobs.items():
        if isinstance(job.output, ToKey):
            continue
        # Not all file systems tell upper from lower case.
        folder = posixpath.normpath(job.download_folder or f"results/{name}").casefold()
        if folder in first:
            found = error(
                "download-folder-twice",
                f"the results of `{first[folder]}` go to this folder too",
                "give each job a folder of its own: `output: {download: FOLDER}`",
            )
            yield case.place(found, "jobs", name, "output", "download")
        first.setdefault(folder, name)


def input_names(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield inputs with a name that the service keeps for itself."""
    for name, job in case.manifest.jobs.items():
        reserved = ("schema", "output") if isinstance(job, SnapJob) else ("schema",)
        for given in () if isinstance(job, RawJob) else job.inputs:
            if given in reserved:
                found = error("reserved-name", f"no input can be called {given}", "give it another name, such as img1")
                yield case.place(found, "jobs", name, "inputs", given, at_name=True)


def archives(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield archives that are not unpacked."""
    for name, job in case.manifest.jobs.items():
        for given, source in () if isinstance(job, RawJob) else job.inputs.items():
            place = source.path if isinstance(source, KeyInput) else source.url if isinstance(source, UrlInput) else ""
            if place.lower().endswith(_ARCHIVES) and source.uncompress is None and source.sub_path is None:
                hint = "add `uncompress: true` and `sub_path:` with the file to open, unless the reader opens archives"
                found = warning("archive-as-it-is", "this archive is given to the process as it is", hint)
                yield case.place(found, "jobs", name, "inputs", given, at_name=True)
