"""Which faults a run has reported: each at once, and the same one again only after a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from eocanvas_apply.service.clock import Clock

_AGAIN = timedelta(minutes=5)


@dataclass(slots=True)
class Notices:
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
