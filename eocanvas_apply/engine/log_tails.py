"""What the logs of running jobs say at last, for a table of a run: a share of the work, or the last line."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from msgspec import Struct, field

from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.planning.failures import NOISE
from eocanvas_apply.secrets.scrubbing import SCRUBBER, JobLogScrubber
from eocanvas_apply.service.eocanvas import EOCanvas

# SNAP writes `....10%....20%` into one line.
_SHARE = re.compile(r"(?<!\d)(?<!\d\.)(\d{1,3})\s?%(?!.*%)")
# Secrets that a line sets are hidden in the lines after it.
_LINES_READ = 200


class LogTails(Struct):
    """The last lines of logs by job id. Only a run on a terminal asks for them, and a fault only leaves one out."""

    service: EOCanvas
    _known: dict[str, str] = field(default_factory=dict)

    async def of(self, job_ids: Collection[str]) -> Mapping[str, str]:
        """Return what the logs of these jobs say now; where one cannot be read, what it said before."""
        known = {job_id: text for job_id, text in self._known.items() if job_id in job_ids}
        for job_id in job_ids:
            try:
                lines = [(each.timestamp, each.message) for each in await self.service.logs(job_id) or ()]
            except EocanvasApplyError:
                continue
            scrubbed = JobLogScrubber(SCRUBBER, self.service.account).scrub(lines[-_LINES_READ:])
            known[job_id] = tail_of([message for _, message in scrubbed])
        self._known = known
        return known


def tail_of(lines: Collection[str]) -> str:
    """Return the share in the last line that says something, such as `40%`, or that line."""
    last = next((line for each in reversed([*lines]) if (line := each.strip()) and not re.search(NOISE, line)), "")
    share = _SHARE.search(last)
    return f"{share[1]}%" if share else last
