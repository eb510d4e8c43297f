"""`logs --follow`: the lines of a job's log as they come, until the job has ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eocanvas_apply.cli.exit_codes import Exit, Stopped
from eocanvas_apply.cli.patience import Patience
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.signals import unless_signalled
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ServiceError, UsageError
from eocanvas_apply.secrets.scrubbing import SCRUBBER, JobLogScrubber
from eocanvas_apply.vocabulary import has_ended

if TYPE_CHECKING:
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.render.log import Line


@dataclass(slots=True)
class Followed:
    """The log of one job so far, and how to tell what came to it."""

    engine: Engine
    console: Console
    address: str
    job_id: str
    lines: list[Line] = field(default_factory=list)
    _scrubber: JobLogScrubber = field(init=False)

    def __post_init__(self) -> None:
        self._scrubber = JobLogScrubber(SCRUBBER, self.engine.service.account)

    async def to_the_end(self) -> Outcome:
        """Tell each new line until the job has ended and its log is whole, or a signal comes."""
        code = Exit.DONE
        try:
            await unless_signalled(self._follow())
        except Stopped as stopped:
            code = stopped.code
        return Outcome(code, fields=lambda: {"logs": self._documents()})

    async def _follow(self) -> None:
        pause = self.engine.desired.timing.poll.total_seconds()
        ended, patience, since_end = "", Patience(), 0.0
        while True:
            try:
                # The status first: what an ended job wrote is then in the log that is read after it, unless it is late.
                ended = await self._end()
                news = await self._look()
                patience.answered()
            except ServiceError as fault:
                patience.try_again(fault)
                news = True
            if ended and not news and (self.lines or since_end >= self._latest()):
                self.console.say(f"{self.address}: job {self.job_id} is {ended}")
                return
            await self.engine.clock.sleep(pause)
            since_end += pause if ended else 0.0

    def _latest(self) -> float:
        return self.engine.desired.timing.settle.total_seconds()

    async def _end(self) -> str:
        """Return the status of an ended job, the empty text while it goes on."""
        job = await self.engine.service.job(self.job_id)
        if job is None:
            message = f"{self.address}: the service does not know job {self.job_id} any more"
            raise UsageError(error("no-log", message, address=self.address))
        return job.status if has_ended(job.status) else ""

    async def _look(self) -> bool:
        """Tell the lines that were not there at the last look; return whether there were any."""
        found = await self.engine.service.logs(self.job_id) or ()
        now = [(entry.timestamp, entry.message) for entry in found]
        # Counted, for lines that stand in it twice; not by their place, for a late line may stand before others.
        known = Counter(self.lines)
        news = []
        for line in now:
            if known[line]:
                known[line] -= 1
            else:
                news.append(line)
        self.lines += news
        self._tell(news)
        return bool(news)

    def _tell(self, news: list[Line]) -> None:
        from eocanvas_apply.render import log as render

        if not self.console.as_json:
            self.console.out.write(render.text(self._scrubber.scrub(news), self.console.out.style))

    def _documents(self) -> list[dict[str, str | None]]:
        from eocanvas_apply.render import log as render

        return render.as_json(self._scrubber.scrub(self.lines))
