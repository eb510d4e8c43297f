"""The project that the arguments of a command name, and what it is opened with."""

from __future__ import annotations

import dataclasses
import os
from argparse import Namespace
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import structs

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.manifest_sources import MANIFEST, ManifestFiles

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.cli.terminal.console import Console, Outcome
    from eocanvas_apply.engine.definition import Definition
    from eocanvas_apply.engine.opening import Settings
    from eocanvas_apply.manifest_sources import Layers
    from eocanvas_apply.policy.policy_file import PolicyFile

Work = Callable[["AsyncProject"], Awaitable["Outcome"]]
T = TypeVar("T")


def with_project(
    args: Namespace, console: Console, work: Work, *, rows: str = "ASKED", lock_may_be_broken: bool = False
) -> Outcome:
    """Open the project, do the work, close it; `rows` is the name of where rows of campaigns come from.

    The console hears of a service that does not answer.
    With `GIVEN` campaigns do not search: those whose rows no file gives stay as they are recorded.
    """
    opened = opened_project(args, lock_may_be_broken=lock_may_be_broken)
    # Only now: for a manifest with faults nothing else is needed.
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.engine.definition import Rows

    return run_with(AsyncProject(opened, settings(args, console), Rows[rows]), work)


def opened_project(args: Namespace, *, lock_may_be_broken: bool = False, layers: Layers | None = None) -> Definition:
    """Read and check the manifest and the files that it names; raises ManifestError and UsageError.

    `layers` are the texts of the manifest where it was read already.
    """
    from eocanvas_apply.engine.definition import open_project

    allowed, policy = allowed_paths(args), policy_of(args)
    opened = open_project(
        manifest_names(args),
        variables(args),
        allowed,
        environment=args.env,
        lock_may_be_broken=lock_may_be_broken,
        layers=layers,
    )
    return structs.replace(opened, policy=policy)


def policy_of(args: Namespace) -> PolicyFile | None:
    """Return the policy that stands outside of the manifest, None where none is named; raises ManifestError."""
    from eocanvas_apply.policy.named_policy import find_policy

    return find_policy(getattr(args, "policy", None), os.environ)


def allowed_paths(args: Namespace) -> tuple[Path, ...]:
    """Return what the manifest may name outside of its own folder. Not every command takes the option."""
    from eocanvas_apply.engine.personal_settings import allowed_paths

    return allowed_paths(getattr(args, "allow_path", ()), os.environ)


def run_with(project: AsyncProject, work: Work) -> Outcome:
    """Do the work in an event loop, and close the project."""
    import asyncio

    async def worked() -> Outcome:
        async with project:
            return await work(project)

    return asyncio.run(worked())


def read_now(reading: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine reads; asyncio.run by itself formats its result as text, however large a ledger is."""
    import asyncio

    found: list[T] = []

    async def read() -> None:
        found.append(await reading)

    asyncio.run(read())
    return found[0]


def settings(args: Namespace, console: Console) -> Settings:
    """Return what an engine is opened with; raises CredentialsError and UsageError."""
    from eocanvas_apply.cli.terminal.live import Lines
    from eocanvas_apply.engine.opening import find_settings

    found = find_settings(
        os.environ,
        ledger_url(args),
        accepts_licences=getattr(args, "accepts_licences", False),
        allow_commands=getattr(args, "allow_commands", False),
        required_sealing_key=getattr(args, "require_sealing_key", None),
    )
    return dataclasses.replace(found, report=Lines(console.err).write)


def manifest_files(args: Namespace) -> ManifestFiles:
    """Return the files of the manifest; raises UsageError for one that is named twice."""
    return ManifestFiles.named(*manifest_names(args))


def manifest_names(args: Namespace) -> tuple[Path, ...]:
    """Return what `-f` names; raises UsageError for what is named twice."""
    names = tuple(map(Path, args.file or (MANIFEST,)))
    for name, times in Counter(names).items():
        if times > 1:
            raise UsageError(error("usage", f"-f {name} is given twice", "keep one of them"))
    return names


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
    """Return where the person says that the ledger is, None where nothing is said. Not every command has the option."""
    from eocanvas_apply.engine.opening import ledger_setting

    return getattr(args, "ledger", None) or ledger_setting(os.environ)
