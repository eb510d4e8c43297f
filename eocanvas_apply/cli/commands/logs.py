"""`logs`: the log of a job, scrubbed."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from eocanvas_apply.cli.addresses import one_job
from eocanvas_apply.cli.following import Followed
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, without_asking
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.secrets.scrubbing import SCRUBBER, JobLogScrubber

if TYPE_CHECKING:
    from eocanvas_apply.ledger.fold.recorded import Recorded

EPILOG = """\
The user's name, passwords, tokens and long base64 are taken out. With --follow new lines are told as they come, each
`poll` of the manifest's `timing`, until the job has ended; with --format json all of them at the end.

Examples:
  eocanvas-apply logs subset
  eocanvas-apply logs subset --follow
  eocanvas-apply logs job.subset --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare which job."""
    parser.add_argument("address", metavar="ADDRESS", help="of the job")
    parser.add_argument("--follow", action="store_true", help="go on with new lines until the job has ended")
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Ask the service for the log of the job that counts."""

    async def work(session: Session) -> Outcome:
        from eocanvas_apply.render import log as render

        engine = session.engine
        recorded = await engine.recorded()
        address = str(one_job(args.address, session.desired, recorded))
        job_id = _job_id(address, recorded)
        if args.follow:
            return await Followed(engine, console, address, job_id).to_the_end()
        entries = await engine.service.logs(job_id)
        if entries is None:
            raise UsageError(error("no-log", f"{address}: the service has no log of its job", address=address))
        scrubber = JobLogScrubber(SCRUBBER, engine.service.account)
        lines = scrubber.scrub([(entry.timestamp, entry.message) for entry in entries])
        return Outcome(
            text=lambda style: render.text(lines, style) or "The log is empty so far.\n",
            fields=lambda: {"logs": render.as_json(lines)},
        )

    return without_asking(args, work)


def _job_id(address: str, recorded: Recorded) -> str:
    from eocanvas_apply.manifest.address import typed
    from eocanvas_apply.planning.state.runs import counted_run

    record = recorded.jobs.get(address)
    run = counted_run(record)
    if run is None:
        hint = f"eocanvas-apply why {typed(address)} shows where it stands"
        raise UsageError(error("not-launched", f"{address} has no job yet", hint, address=address))
    return run.job_id
