"""From arguments to an engine: the manifest, the settings and the credentials, wired for one command."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.cli.settings import settings
from eocanvas_apply.secrets.scrubbing import SCRUBBER

if TYPE_CHECKING:
    from eocanvas_apply.cli.terminal.console import Outcome
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.engine.campaigns import Rows
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.engine.opening import Settings
    from eocanvas_apply.engine.project import Project
    from eocanvas_apply.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Session:
    """An open engine and the project that it works on."""

    project: Project
    engine: Engine

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What the manifest, its rows and the places of its secrets give reason to say."""
        return self.engine.findings

    def findings(self, plan: Plan) -> tuple[Diagnostic, ...]:
        """Everything there is to say about a plan, also what apply would refuse."""
        return (*self.warnings, *plan.diagnostics, *plan.refusals)

    @property
    def desired(self) -> tuple[str, ...]:
        """The addresses of the manifest."""
        return (*self.engine.desired.keys, *self.engine.desired.jobs)


Work = Callable[[Session], Awaitable["Outcome"]]


def with_engine(args: Namespace, work: Work) -> Outcome:
    """Open the project and its engine, its rows asked for, do the work, close behind it."""
    from eocanvas_apply.engine.campaigns import Rows

    return with_rows(args, Rows.ASKED, work)


def without_asking(args: Namespace, work: Work) -> Outcome:
    """Like `with_engine`, without a search: campaigns whose rows nobody gave stay as they are on record."""
    from eocanvas_apply.engine.campaigns import Rows

    return with_rows(args, Rows.GIVEN, work)


def with_rows(args: Namespace, rows: Rows, work: Work, *, lock_may_be_broken: bool = False) -> Outcome:
    """Open the project and its engine with the rows that are wanted, do the work, close behind it."""
    from eocanvas_apply.engine.project import open_project

    found = settings(args, os.environ)
    project = open_project(found.manifest, found.variables, lock_may_be_broken=lock_may_be_broken)
    return asyncio.run(worked(project, engine_settings(args), rows, work))


def engine_settings(args: Namespace) -> Settings:
    """Return what an engine is opened with; raises CredentialsError and UsageError."""
    from eocanvas_apply.engine.opening import Settings
    from eocanvas_apply.service.credentials import find_credentials

    found = settings(args, os.environ)
    credentials = find_credentials(os.environ, Path.home())
    return Settings(
        found.endpoints,
        credentials,
        os.environ,
        found.ledger,
        found.timing,
        accepts_licences=getattr(args, "accepts_licences", False),
        scrubber=SCRUBBER,
    )


async def worked(project: Project, opened: Settings, rows: Rows, work: Work) -> Outcome:
    """Open the engine, do the work, close the engine."""
    from eocanvas_apply.engine.opening import open_engine

    async with open_engine(project, opened, rows) as engine:
        return await work(Session(project, engine))
