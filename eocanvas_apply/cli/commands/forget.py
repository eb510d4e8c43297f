"""`forget`: takes a job off the record. Neither the job nor its results are touched."""

from __future__ import annotations

from argparse import Namespace

from eocanvas_apply.cli.addresses import one_job
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, without_asking
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import Diagnostic, warning

EPILOG = """\
A job in flight runs on and counts until it ends; its results are not fetched.

Example:
  eocanvas-apply forget subset
"""


def add_arguments(parser: Parser) -> None:
    """Declare which job."""
    parser.add_argument("address", metavar="ADDRESS", help="of the job")
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Put it on record; the service is not asked."""

    async def work(session: Session) -> Outcome:
        from eocanvas_apply.engine import decisions

        recorded = await session.engine.recorded()
        address = str(one_job(args.address, session.desired, recorded))
        await decisions.forget(session.engine, address)
        return Outcome(
            diagnostics=_still_wanted(address, session),
            text=lambda _: f"{address} is forgotten.\n",
            fields=lambda: {"forget": [{"address": address}]},
        )

    return without_asking(args, work)


def _still_wanted(address: str, session: Session) -> tuple[Diagnostic, ...]:
    from eocanvas_apply.manifest.address import Address

    desired = session.engine.desired
    if address not in desired.jobs and Address.parse(address).name not in desired.unasked:
        return ()
    hint = "take it out of the manifest too, or the next apply takes its job back, and launches it where it has none"
    return (warning("still-in-manifest", f"{address} is still in the manifest", hint, address=address),)
