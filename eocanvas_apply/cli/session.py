"""From arguments to an open project: the manifest, the settings and the credentials, for one command."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.cli.terminal.console import Outcome
    from eocanvas_apply.engine.opening import Settings
    from eocanvas_apply.ledger.fold.recorded import Recorded

Work = Callable[["AsyncProject"], Awaitable["Outcome"]]


def with_project(args: Namespace, work: Work, *, rows: str = "ASKED", lock_may_be_broken: bool = False) -> Outcome:
    """Open the project, do the work, close it; `rows` is the name of where rows of campaigns come from."""
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.engine.campaigns import Rows
    from eocanvas_apply.engine.project import open_project

    opened = open_project(manifest_file(args), variables(args), lock_may_be_broken=lock_may_be_broken)
    return run_with(AsyncProject(opened, settings(args), Rows[rows]), work)


def without_searching(args: Namespace, work: Work) -> Outcome:
    """Like `with_project`, but campaigns do not search: those whose rows no file gives stay as they are recorded."""
    return with_project(args, work, rows="GIVEN")


def run_with(project: AsyncProject, work: Work) -> Outcome:
    """Do the work in an event loop, and close the project."""

    async def worked() -> Outcome:
        async with project:
            return await work(project)

    return asyncio.run(worked())


def settings(args: Namespace) -> Settings:
    """Return what an engine is opened with; raises CredentialsError and UsageError."""
    from eocanvas_apply.api.settings import find_settings

    accepts = getattr(args, "accepts_licences", False)
    return find_settings(os.environ, ledger_url(args), accepts_licences=accepts)


def manifest_file(args: Namespace) -> Path:
    """Return the manifest's path; raises UsageError where it is a folder."""
    path = Path(args.file)
    if path.is_dir():
        raise UsageError(error("usage", f"{path} is a folder", f"name the file: -f {path / 'eocanvas.yaml'}"))
    return path


def variables(args: Namespace) -> Mapping[str, str]:
    """Return the variables that `--var NAME=VALUE` gives; raises UsageError for a wrong form and for a second value."""
    given: dict[str, str] = {}
    for text in getattr(args, "var", ()):
        name, sign, value = text.partition("=")
        if not name or not sign:
            raise UsageError(error("usage", f"--var {text!r} has no name or no `=`", "write --var NAME=VALUE"))
        if name in given:
            raise UsageError(error("usage", f"--var {name} is given twice", "keep one of them"))
        given[name] = value
    return given


def ledger_url(args: Namespace) -> str | None:
    """Return where the ledger is, None for the place beside the manifest. Not every command takes the option."""
    return getattr(args, "ledger", None) or os.environ.get("EOCANVAS_APPLY_LEDGER") or None


async def read_record(args: Namespace) -> Recorded:
    """Return the fold of the ledger, without service and credentials.

    Raises UsageError where there is neither a ledger nor a manifest.
    """
    from datetime import UTC, datetime
    from secrets import token_hex

    from eocanvas_apply.ledger.journal import Journal
    from eocanvas_apply.ledger.place import open_backend, snapshots_of

    manifest = manifest_file(args)
    backend = open_backend(ledger_url(args), manifest.parent)
    journal = Journal(backend, "reader", lambda: datetime.now(UTC), token_hex, snapshots_of(backend))
    found = await journal.refresh()
    if not found.head and not manifest.exists():
        raise UsageError(error("file-missing", f"there is no manifest {manifest} and no ledger", "name it with -f"))
    return found
