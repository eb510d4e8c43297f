"""Which faults a run has reported, each at once and the same one again only after a while; outages as progress."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, field

from eocanvas_apply.service.outages import Heard, LongList

if TYPE_CHECKING:
    from collections.abc import Callable

    from eocanvas_apply.report.progress import Progress
    from eocanvas_apply.service.clock import Clock

_AGAIN = timedelta(minutes=5)
# What stands in the place of an address in reports about the service itself.
_SERVICE = "service"


class Notices(Struct):
    """The faults that were reported, by what they are of and by their code."""

    clock: Clock
    _reported: dict[str, dict[str, datetime]] = field(default_factory=dict)

    def due(self, subject: str, code: str) -> bool:
        """Return whether a fault is worth a line now, and note that it gets one."""
        now, reported = self.clock.now(), self._reported.setdefault(subject, {})
        if code in reported and now - reported[code] < _AGAIN:
            return False
        reported[code] = now
        return True

    def over(self, subject: str) -> bool:
        """Note that nothing is wrong any more; return whether a fault was reported before."""
        return bool(self._reported.pop(subject, None))


def outage_reporter(report: Callable[[Progress], None]) -> Callable[[Heard], None]:
    """Return what hears of outages of the service, of their end and of long lists, and reports them as progress."""

    def heard(outage: Heard) -> None:
        # Not needed by a run of which the service answers.
        from eocanvas_apply.report.progress import Happening, Progress

        if isinstance(outage, datetime):
            report(Progress(outage, _SERVICE, Happening.ANSWERS))
            return
        if isinstance(outage, LongList):
            so_far = f"{outage.request}: {outage.pages:,} pages with {outage.entries:,} entries so far"
            report(Progress(outage.at, _SERVICE, Happening.READING, so_far, since=outage.since))
            return
        pause = outage.next_try - outage.at if outage.next_try else None
        seconds = "" if pause is None else f"{pause.total_seconds():.0f}"
        report(Progress(outage.at, _SERVICE, Happening.SILENT, seconds, failure_line=outage.why, since=outage.since))

    return heard
