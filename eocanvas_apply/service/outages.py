"""Since when the service gives no usable answer, or how far a long list is read, and how often that is worth a line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct, field

from eocanvas_apply.diagnostics import Diagnostic

# Pauses grow, so that lines become rare by themselves; this is for the first tries.
_AGAIN = timedelta(minutes=1)
# A list that is read for longer is worth a line, and another one each time this has passed.
_LONG = timedelta(seconds=20)


class Outage(Struct, frozen=True):
    """The service gives no usable answer: since when and why, in service time.

    `next_try` is when it is asked again, None where the answer of a request is still waited for.
    """

    at: datetime
    since: datetime
    next_try: datetime | None
    why: str


class LongList(Struct, frozen=True):
    """A list that takes long to read: what asks for it, since when, and how much of it has come; in service time."""

    at: datetime
    since: datetime
    request: str
    pages: int
    entries: int


Heard = Outage | LongList | datetime


def _unheard(heard: Heard) -> None:
    """Report nothing."""


class Outages(Struct):
    """The outage of one service, if there is one. `listener` gets it at once, and again as long as it lasts.

    The same fault is reported at most once a minute. When the service answers again, `listener` gets that time.
    """

    now: Callable[[], datetime]
    listener: Callable[[Heard], None] = _unheard
    _since: datetime | None = None
    _reported: dict[str, datetime] = field(default_factory=dict)
    _read_on: datetime | None = None

    def goes_on(self, fault: Diagnostic, pause: timedelta | None) -> None:
        """Note a fault; `pause` is how long until the next try, None while an answer is still waited for."""
        at = self.now()
        self._since = self._since or at
        if fault.code in self._reported and at - self._reported[fault.code] < _AGAIN:
            return
        self._reported[fault.code] = at
        self.listener(Outage(at, self._since, None if pause is None else at + pause, fault.message))

    def reads_on(self, request: str, pages: int, entries: int, took: timedelta) -> None:
        """Note that a list is still read, for so long; one line at a time, however many lists are read."""
        at = self.now()
        if took < _LONG or (self._read_on and at - self._read_on < _LONG):
            return
        self._read_on = at
        self.listener(LongList(at, at - took, request, pages, entries))

    def ends(self) -> None:
        """Note that the service answers."""
        reported, self._since = bool(self._reported), None
        self._reported.clear()
        if reported:
            self.listener(self.now())
