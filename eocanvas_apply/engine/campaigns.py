"""The campaigns of a project: their rows, found once a run, and what is desired by manifest and rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, cast

from eocanvas_apply.campaign.expansion import Expansion, expand
from eocanvas_apply.campaign.lock import changed_searches, lock_age
from eocanvas_apply.campaign.readers.hda import Search
from eocanvas_apply.campaign.readers.s3 import Lister
from eocanvas_apply.checks.checking import check_rows
from eocanvas_apply.diagnostics import Diagnostic, has_errors, info
from eocanvas_apply.engine.project import Project
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.graphs_and_chains import GraphsAndChains, with_instances
from eocanvas_apply.planning.desired.derivation import desired
from eocanvas_apply.planning.desired.desired import Desired


class Rows(Enum):
    """Where the rows of campaigns come from."""

    ASKED = "the lock, then the catalogue and the storages"
    ANEW = "the catalogue and the storages, whatever the lock says"
    GIVEN = "files and the lock only: campaigns that need more stay without rows"


@dataclass(frozen=True)
class Campaigns:
    """A project with its rows. `documents` holds also those that only rows name; `diagnostics` are of all of it."""

    project: Project
    documents: GraphsAndChains
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


async def find_rows(
    project: Project, rows: Rows, now: datetime, search: Search | None = None, lister: Lister | None = None
) -> Campaigns:
    """Return a project with its rows; raises ManifestError, ServiceError, CredentialsError, UsageError.

    A search that fails ends the run: a campaign without some of its rows would look as if they had been taken out.
    """
    if rows is Rows.GIVEN:
        return given_rows(project, now)
    lock = project.lock_file.lock
    used = lock if rows is Rows.ASKED else None
    found = await expand(project.loaded, project.read, now=now, search=search, lister=lister, lock=used)
    notes = lock_age(lock, found.searches, now) if rows is Rows.ASKED else changed_searches(lock, found.searches)
    return _checked(project, found, notes)


def given_rows(project: Project, now: datetime) -> Campaigns:
    """Return a project with the rows that files and the lock give, without network. Raises ManifestError."""
    expansion = expand(project.loaded, project.read, now=now, lock=project.lock_file.lock)
    return _checked(project, _without_waiting(expansion), ())


def offline_findings(campaigns: Campaigns) -> tuple[Diagnostic, ...]:
    """Return the findings of a check without network, with a note on each campaign whose rows it could not check."""
    loaded = campaigns.project.loaded
    hint = "`plan` asks for them"
    notes = [
        loaded.place(
            info("rows-not-asked", "rows not checked: they come from a search or a listing", hint),
            ("jobs", name, "for_each"),
            at_name=True,
        )
        for name in sorted(campaigns.expansion.unknown)
    ]
    return (*campaigns.diagnostics, *notes)


def _checked(project: Project, expansion: Expansion, notes: tuple[Diagnostic, ...]) -> Campaigns:
    documents = with_instances(project.documents, project.loaded, project.read, expansion.instances)
    new = documents.diagnostics[len(project.documents.diagnostics) :]
    of_rows = check_rows(project.loaded, documents, expansion.instances)
    found = (*project.diagnostics, *expansion.diagnostics, *new, *of_rows, *notes)
    if has_errors(found):
        raise ManifestError(*found)
    return Campaigns(project, documents, expansion, found)


def _without_waiting(expansion: Coroutine[Any, Any, Expansion]) -> Expansion:
    """Return an expansion that needs no event loop, because it reads files only."""
    try:
        expansion.send(None)
    except StopIteration as done:
        return cast("Expansion", done.value)
    raise RuntimeError("rows from files do not wait")
