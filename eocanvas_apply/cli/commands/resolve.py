"""`resolve`: decides what became of a launch whose answer was lost."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.shared_options import add_job
from eocanvas_apply.cli.terminal.console import Console, Outcome

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject

EPILOG = """\
`why ADDRESS` shows what is known. --launch: no job of the service is it, so the next apply launches it; this is refused
as long as the service may still carry out the lost launch.

Examples:
  eocanvas-apply resolve subset --adopt 1d8f5cbe-4d1c-5c1f-9a55-0b6a9e1f9a10
  eocanvas-apply resolve subset --launch
"""


def add_arguments(parser: Parser) -> None:
    """Declare which job, and what it became."""
    decision = parser.add_mutually_exclusive_group(required=True)
    decision.add_argument("--adopt", metavar="JOB-ID", help="it became this job of the service")
    decision.add_argument("--launch", action="store_true", help="it became no job: launch it with the next apply")
    add_job(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Record the decision; the service is only asked for the job."""

    async def work(project: AsyncProject) -> Outcome:
        from eocanvas_apply.api.addresses import one_job
        from eocanvas_apply.engine import decisions

        engine = await project.engine()
        address = one_job(args.address, await project.addresses(), await engine.recorded())
        if args.launch:
            await decisions.launch_again(engine, address)
            return _decided(address, "launch", None, f"{address} is launched with the next apply.\n")
        job = await decisions.adopt(engine, address, args.adopt)
        return _decided(address, "adopt", job.job_id, f"{address} is job {job.job_id} ({job.status}).\n")

    return with_project(args, console, work, rows="GIVEN")


def _decided(address: str, decision: str, job_id: str | None, words: str) -> Outcome:
    document = {"address": address, "decision": decision, "job_id": job_id}
    return Outcome(text=lambda _: words, fields=lambda: {"resolve": [document]})
