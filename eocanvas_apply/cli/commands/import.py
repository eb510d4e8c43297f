"""`import`: takes over a key or a job that exists already."""

# ruff: noqa: N999 - a command and its file have one name

from __future__ import annotations

from argparse import Namespace
from functools import partial
from typing import TYPE_CHECKING

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.shared_options import add_project, add_yes
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.vocabulary import ALLOWANCES, Allowance

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject

EPILOG = """\
The address stands in the manifest already. What the service shows of the key or job is compared with it. Where it
differs, you are asked: the next apply then replaces the key, or runs the job again. Nothing changes at the service.

The service never shows what a key holds: its configuration and secrets are taken from the manifest. A key is not
replaced because they cannot be verified, only when the manifest changes them later.

Examples:
  eocanvas-apply import key.scenes my-s3-key
  eocanvas-apply import job.subset 1d8f5cbe-4d1c-5c1f-9a55-0b6a9e1f9a10
  eocanvas-apply import datacube/S3A_OL_2_WFR____20240706T094017 1d8f5cbe-4d1c-5c1f-9a55-0b6a9e1f9a10
"""


def add_arguments(parser: Parser) -> None:
    """Declare the address, and what becomes it."""
    parser.add_argument("address", metavar="ADDRESS", help="of a key or job in the manifest")
    parser.add_argument("target", metavar="NAME-OR-JOB-ID", help="of a key or job at the service")
    parser.add_argument(
        f"--{Allowance.NEW_LEDGER}",
        dest="allowed",
        action="append_const",
        const=Allowance.NEW_LEDGER,
        default=[],
        help=ALLOWANCES[Allowance.NEW_LEDGER],
    )
    add_yes(parser)
    add_project(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Compare, ask where something differs, and record it."""

    async def work(project: AsyncProject) -> Outcome:
        from eocanvas_apply.api.addresses import one_address
        from eocanvas_apply.engine.adoption import importing
        from eocanvas_apply.ledger.fold.recorded import Recorded
        from eocanvas_apply.render.account import taken_over as render

        engine = await project.engine()
        address = str(one_address(args.address, await project.addresses(), Recorded()))
        found = await importing.look(engine, address, args.target, frozenset(args.allowed))
        shown = partial(render.text, found.adoption, found.next)
        asked = found.adoption.needs_consent and not (console.as_json and args.yes)
        if asked:
            console.err.write(shown(console.err.style))
        if found.adoption.needs_consent:
            confirm(console, "Import it although it is not as in the manifest?", yes=args.yes)
        await importing.record(engine, found)
        return Outcome(
            diagnostics=engine.findings,
            text=lambda style: ("" if asked else shown(style)) + render.done(found.adoption),
            fields=lambda: {"import": [render.as_json(found.adoption, found.next)]},
        )

    # A key needs no rows of campaigns.
    return with_project(args, console, work, rows="GIVEN" if args.address.startswith("key.") else "ASKED")
