"""`destroy`: deletes the project's keys and gives up its jobs. Results on disk and on storages stay."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from eocanvas_apply.cli import making
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, without_asking
from eocanvas_apply.cli.terminal.console import Console, Outcome

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Requests

EPILOG = """\
A job in flight is dismissed where the service can, and its keys are deleted when it has ended.
Results on disk and on storages stay where they are.

Examples:
  eocanvas-apply destroy
  eocanvas-apply destroy --yes --wait 30m
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    making.add_arguments(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Apply nothing."""
    return making.make(args, console, "destroy", _everything, without_asking)


async def _everything(session: Session) -> Requests:  # noqa: ARG001 - apply is asked alike
    from eocanvas_apply.planning.plan import Requests

    return Requests(destroy=True)
