"""What can be wrong with the storages that campaigns take their rows from."""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.manifest.listing import not_listable
from eocanvas_apply.manifest.steps import Step


def listable(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield steps that list a storage which cannot be listed."""
    for name, job in case.manifest.jobs.items():
        single = isinstance(job.for_each, Step)
        for number, step in enumerate(job.steps):
            found = not_listable(step.s3.key, case.manifest.keys.get(step.s3.key)) if step.s3 else None
            if found:
                yield case.place(found, "jobs", name, "for_each", *(() if single else (number,)), "s3", "key")
