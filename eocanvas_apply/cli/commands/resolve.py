"""`resolve`: a person settles what became of a launch that nobody else can tell."""

from __future__ import annotations

from argparse import Namespace

from eocanvas_apply.cli.addresses import one_job
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, without_asking
from eocanvas_apply.cli.terminal.console import Console, Outcome

EPILOG = """\
`why ADDRESS` shows what is known. --launch means: no job of the service is it, so the next apply launches it.

Examples:
  eocanvas-apply resolve subset --adopt 1d8f5cbe-4d1c-5c1f-9a55-0b6a9e1f9a10
  eocanvas-apply resolve subset --launch
"""


def add_arguments(parser: Parser) -> None:
    """Declare which job, and what it became."""
    parser.add_argument("address", metavar="ADDRESS", help="of the job")
    decision = parser.add_mutually_exclusive_group(required=True)
    decision.add_argument("--adopt", metavar="JOB-ID", help="this job of the service is it")
    decision.add_argument("--launch", action="store_true", help="none is: launch it with the next apply")
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Put the decision on record; nothing is sent but a look at the job."""

    async def work(session: Session) -> Outcome:
        from eocanvas_apply.engine import decisions

        recorded = await session.engine.recorded()
        address = str(one_job(args.address, session.desired, recorded))
        if args.launch:
            await decisions.launch_again(session.engine, address)
            return _settled(address, "launch", None, f"{address} is launched with the next apply.\n")
        job = await decisions.adopt(session.engine, address, args.adopt)
        return _settled(address, "adopt", job.job_id, f"{address} is job {job.job_id} ({job.status}).\n")

    return without_asking(args, work)


def _settled(address: str, decision: str, job_id: str | None, words: str) -> Outcome:
    document = {"address": address, "decision": decision, "job_id": job_id}
    return Outcome(text=lambda _: words, fields=lambda: {"resolve": [document]})
