"""Since when the service gives no usable answer, and how often that is worth a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from eocanvas_apply.diagnostics import Diagnostic

# Pauses grow, so that lines become rare by themselves; this is for the first tries.
_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Outage:
    """The service gives no usable answer: since when and why, in service time.

    `next_try` is when it is asked again, None where the answer of a request is still waited for.
    """

    at: datetime
    since: datetime
    next_try: datetime | None
    why: str


def _unheard(outage: Outage | datetime) -> None:
    """Report nothing."""


@dataclass(slots=True)
class Outages:
    """The outage of one service, if there is one. `listener` gets it at once, and again as long as it lasts.

    The same fault is reported at most once a minute. When the service answers again, `listener` gets that time.
    """

    now: Callable[[], datetime]
    listener: Callable[[Outage | datetime], None] = _unheard
    _since: datetime | None = None
    _reported: dict[str, datetime] = field(default_factory=dict)

    def goes_on(self, fault: Diagnostic, pause: timedelta | None) -> None:
        """Note a fault; `pause` is how long until the next try, None while an answer is still waited for."""
        at = self.now()
        self._since = self._since or at
        if fault.code in self._reported and at - self._reported[fault.code] < _AGAIN:
            return
        self._reported[fault.code] = at
        self.listener(Outage(at, self._since, None if pause is None else at + pause, fault.message))

    def ends(self) -> None:
        """Note that the service answers."""
        reported, self._since = bool(self._reported), None
        self._reported.clear()
        if reported:
            self.listener(self.now())
