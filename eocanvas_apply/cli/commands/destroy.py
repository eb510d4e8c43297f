"""`destroy`: deletes the project's keys and gives up its jobs. Results on disk and on storages stay."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.commands.apply import add_run_arguments, run_to_its_end
from eocanvas_apply.cli.shared_options import add_protected
from eocanvas_apply.cli.terminal.console import Console, Outcome

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.api.values import ApplyResult
    from eocanvas_apply.planning.plan import Plan

EPILOG = """\
A job in flight is dismissed where the service can, and its keys are deleted when it has ended. Where destroy does not
wait for that (--no-wait, --wait, Ctrl-C) it exits with 3, and another destroy continues.
Results on disk and in storages are kept.

Examples:
  eocanvas-apply destroy
  eocanvas-apply destroy --yes --wait 30m
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    add_run_arguments(parser)
    add_protected(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Apply nothing."""

    async def applied(project: AsyncProject, wait: timedelta | None, approve: Callable[[Plan], None]) -> ApplyResult:
        return await project.applied(
            await project.requests(destroy=True, allow_protected=args.allow_protected), wait, approve
        )

    return run_to_its_end(args, console, "destroy", applied, asks=not args.yes, rows="GIVEN")
