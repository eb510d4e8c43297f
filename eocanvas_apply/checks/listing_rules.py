"""What can be wrong with the storages that campaigns take their rows from."""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.manifest.listing import is_listable, not_listable
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.model.steps import Step


def listable(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield steps that list a storage which cannot be listed."""
    for name, job in case.manifest.jobs.items():
        single = isinstance(job.for_each, Step)
        for number, step in enumerate(job.steps):
            if step.s3 is None or (step.s3.key != EODATA and step.s3.key not in case.manifest.keys):
                continue
            key = case.manifest.keys.get(step.s3.key)
            if not is_listable(key):
                place = ("jobs", name, "for_each", *(() if single else (number,)), "s3", "key")
                yield case.place(not_listable(key), *place)
