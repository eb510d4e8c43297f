"""`logs`: the log of a job, without secrets; with --follow its lines as they come."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.shared_options import add_job
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.signals import Stopped, unless_signalled
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ServiceError, UsageError
from eocanvas_apply.secrets.scrubbing import SCRUBBER, JobLogScrubber
from eocanvas_apply.service.clock import Backoff
from eocanvas_apply.vocabulary import has_ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.render.records import LogLine
    from eocanvas_apply.service.wire import LogEntry

EPILOG = """\
The user's name, passwords, tokens and long base64 are removed. With --follow new lines are shown as they come, each
`poll` of the manifest's `timing`, until the job has ended; with --format json all of them at the end.

Examples:
  eocanvas-apply logs subset
  eocanvas-apply logs subset --follow
  eocanvas-apply logs job.subset --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare which job."""
    parser.add_argument("--follow", action="store_true", help="show new lines until the job has ended")
    add_job(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Ask the service for the log of the job that counts."""

    async def work(project: AsyncProject) -> Outcome:
        from eocanvas_apply.api.addresses import one_job
        from eocanvas_apply.render import records as render

        engine = await project.engine()
        recorded = await engine.recorded()
        address = one_job(args.address, await project.addresses(), recorded)
        job_id = _job_id(address, recorded)
        scrubber = JobLogScrubber(SCRUBBER, engine.service.account)
        if args.follow:
            return await _Followed(engine, console, address, job_id, scrubber).to_the_end()
        entries = await engine.service.logs(job_id)
        if entries is None:
            raise UsageError(error("no-log", f"{address}: the service has no log of its job", address=address))
        lines = scrubber.scrub(_lines(entries))
        return Outcome(
            text=lambda style: render.log_text(lines, style) or "The log is empty so far.\n",
            fields=lambda: {"logs": render.log_json(lines)},
            diagnostics=engine.service.irregularities.diagnostics(),
        )

    return with_project(args, console, work, rows="GIVEN")


def _lines(entries: Sequence[LogEntry]) -> list[LogLine]:
    return [(entry.timestamp, entry.message) for entry in entries]


def _job_id(address: str, recorded: Recorded) -> str:
    from eocanvas_apply.manifest.address import typed
    from eocanvas_apply.planning.state.runs import counted_run

    run = counted_run(recorded.jobs.get(address))
    if run is None:
        hint = f"eocanvas-apply why {typed(address)} shows why"
        raise UsageError(error("not-launched", f"{address} has no job yet", hint, address=address))
    return run.job_id


class _Followed(Struct):
    """The log of one job so far, which shows each new line."""

    engine: Engine
    console: Console
    address: str
    job_id: str
    scrubber: JobLogScrubber
    lines: list[LogLine] = field(default_factory=list)

    async def to_the_end(self) -> Outcome:
        """Show new lines until the job has ended and its log is complete, or a signal comes."""
        from eocanvas_apply.render import records as render

        code = Exit.DONE
        try:
            await unless_signalled(self._follow())
        except Stopped as stopped:
            code = stopped.code
        return Outcome(code, fields=lambda: {"logs": render.log_json(self.scrubber.scrub(self.lines))})

    async def _follow(self) -> None:
        timing = self.engine.desired.timing
        pause, latest = timing.poll.total_seconds(), timing.settle.total_seconds()
        ended, backoff, since_end = "", Backoff(self.engine.clock), 0.0
        while True:
            try:
                # The status first: what an ended job wrote is then in the log that is read after it, unless it is late.
                ended = await self._end()
                news = await self._look()
            except ServiceError as fault:
                wait = backoff.after(fault)
                self.engine.service.outages.goes_on(fault.diagnostics[0], wait)
                await self.engine.clock.sleep(wait.total_seconds())
                continue
            backoff.succeeded()
            self.engine.service.outages.ends()
            if ended and not news and (self.lines or since_end >= latest):
                self.console.say(f"{self.address}: job {self.job_id} is {ended}")
                return
            await self.engine.clock.sleep(pause)
            since_end += pause if ended else 0.0

    async def _end(self) -> str:
        """Return the status of an ended job, the empty text while it runs."""
        job = await self.engine.service.job(self.job_id)
        if job is None:
            message = f"{self.address}: the service does not know job {self.job_id} any more"
            raise UsageError(error("no-log", message, address=self.address))
        return job.status if has_ended(job.status) else ""

    async def _look(self) -> bool:
        """Show the lines that were not there at the last look; return whether there were any."""
        from eocanvas_apply.render import records as render

        now = _lines(await self.engine.service.logs(self.job_id) or ())
        # Counted, for lines that stand in it twice; not by their place, for a late line may stand before others.
        known = Counter(self.lines)
        news = []
        for line in now:
            if known[line]:
                known[line] -= 1
            else:
                news.append(line)
        self.lines += news
        if not self.console.as_json:
            self.console.out.put(render.log_text(self.scrubber.scrub(news), self.console.out.style))
        return bool(news)
