"""The campaigns of a project: their rows, found once a run, and what manifest and rows together ask for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, cast

from eocanvas_apply.campaign.expansion import Expansion, expand
from eocanvas_apply.campaign.freshness import changed_searches, lock_age
from eocanvas_apply.campaign.searching import Lister, Search
from eocanvas_apply.checks.checking import check_rows
from eocanvas_apply.diagnostics import Diagnostic, has_errors, info
from eocanvas_apply.engine.project import Project, open_project
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.job_documents import Documents, with_instances
from eocanvas_apply.planning.desired.derivation import desired
from eocanvas_apply.planning.desired.desired import Desired


class Rows(Enum):
    """Whom to ask for the rows of campaigns."""

    ASKED = "the lock, then the catalogue and the storages"
    ANEW = "the catalogue and the storages, whatever the lock says"
    GIVEN = "files and the lock alone: campaigns that need more stay unasked"


@dataclass(frozen=True)
class Campaigns:
    """A project with its rows. `documents` holds what only rows name as well; `diagnostics` are of all of it."""

    project: Project
    documents: Documents
    expansion: Expansion
    diagnostics: tuple[Diagnostic, ...]

    def desired(self, overrides: Mapping[str, timedelta]) -> Desired:
        """Return what the manifest asks for; `overrides` replace fields of `timing`."""
        return desired(
            self.project.manifest,
            self._digest(),
            self.documents,
            self.expansion.instances,
            self.project.timing(overrides),
            unasked=self.expansion.unknown,
        )

    def _digest(self) -> str:
        loaded = self.project.loaded
        files = {**self.documents.files, **self.expansion.files}
        variables = sorted(loaded.variables.items())
        everything = [loaded.digest, sorted(files.items()), variables, self.project.lock_file.text]
        return "sha256:" + hashlib.sha256(json.dumps(everything).encode()).hexdigest()


async def find_rows(project: Project, rows: Rows, now: datetime, search: Search, lister: Lister) -> Campaigns:
    """Return a project with its rows; raises ManifestError, ServiceError, CredentialsError, UsageError.

    Whoever cannot be asked ends the run: a campaign that lacks rows would be taken for one that lost them.
    """
    if rows is Rows.GIVEN:
        return given_rows(project, now)
    lock = project.lock_file.lock
    used = lock if rows is Rows.ASKED else None
    found = await expand(project.loaded, project.read, now=now, search=search, lister=lister, lock=used)
    told = lock_age(lock, found, now) if rows is Rows.ASKED else changed_searches(lock, found)
    return _judged(project, found, told)


def given_rows(project: Project, now: datetime) -> Campaigns:
    """Return a project with the rows that files and the lock give; nobody is asked. Raises ManifestError."""
    expansion = without_waiting(expand(project.loaded, project.read, now=now, lock=project.lock_file.lock))
    return _judged(project, expansion, ())


def examine(file: Path, now: datetime) -> tuple[Diagnostic, ...]:
    """Return everything there is to say about a manifest without asking anybody; raises no ManifestError."""
    try:
        return offline(given_rows(open_project(file), now))
    except ManifestError as problem:
        return problem.diagnostics


def offline(campaigns: Campaigns) -> tuple[Diagnostic, ...]:
    """Return the findings of a look without asking anybody, with a note on each campaign that it left unjudged."""
    loaded = campaigns.project.loaded
    hint = "`plan` asks for them"
    notes = [
        loaded.place(
            info("rows-not-asked", "its rows come from a search or a listing, which is not made here", hint),
            ("jobs", name, "for_each"),
            at_name=True,
        )
        for name in sorted(campaigns.expansion.unknown)
    ]
    return (*campaigns.diagnostics, *notes)


def _judged(project: Project, expansion: Expansion, told: tuple[Diagnostic, ...]) -> Campaigns:
    documents = with_instances(project.documents, project.loaded, project.read, expansion.instances)
    fresh = documents.diagnostics[len(project.documents.diagnostics) :]
    judged = check_rows(project.loaded, documents, expansion.instances)
    found = (*project.diagnostics, *expansion.diagnostics, *fresh, *judged, *told)
    if has_errors(found):
        raise ManifestError(*found)
    return Campaigns(project, documents, expansion, found)


def without_waiting(expansion: Coroutine[Any, Any, Expansion]) -> Expansion:
    """Return an expansion that asks nobody: nothing in it waits, so that no event loop is needed."""
    try:
        expansion.send(None)
    except StopIteration as done:
        return cast("Expansion", done.value)
    raise RuntimeError("rows from files do not wait")
