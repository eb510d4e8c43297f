"""A run as it is watched: how it stands, what is on its way, and the times that go on between two looks."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from eocanvas_apply.report.progress import Progress, Transfer, View


class Moment(Struct, frozen=True):
    """The time of a picture: service time, how long the run lasts, how long until it looks again, what --wait leaves.

    The last two are None where there is none.
    """

    now: datetime
    elapsed: timedelta
    look_in: timedelta | None = None
    left: timedelta | None = None


class Stage(StrEnum):
    """Whether a run goes on, in words before a length of time."""

    RUNNING = "running for"
    STOPPING = "stopping after"
    ENDED = "ended after"


class WatchedRun(Struct):
    """What was seen last of a run that waits for at most `wait`; `transfers` are the downloads by address.

    Times are given in seconds of a clock that goes on steadily.
    """

    wait: timedelta | None = None
    view: View | None = None
    transfers: dict[str, Transfer] = field(default_factory=dict)
    stage: Stage = Stage.RUNNING
    _begun: float | None = None
    _seen: float = 0.0
    _looks: float | None = None

    def hear(self, progress: Progress) -> None:
        """Take one event of the run."""
        if progress.transfer is not None:
            self.transfers[progress.address] = progress.transfer

    def see(self, view: View, at: float) -> bool:
        """Take how the run stands; return whether that comes from another look at the service."""
        is_new = self.view is None or view.plan is not self.view.plan
        if is_new:
            self._seen = at
        self.view = view
        self._looks = None if view.look_in is None else at + view.look_in.total_seconds()
        # From the first look on: the time to confirm does not count.
        self._begun = self._begun or at
        self.transfers = {a: t for a, t in self.transfers.items() if a in view.fetching}
        return is_new

    def moment(self, view: View, at: float) -> Moment:
        """Return the time for a picture of the last view."""
        elapsed = timedelta(seconds=at - (self._begun or at))
        return Moment(
            view.plan.created + timedelta(seconds=at - self._seen),
            elapsed,
            None if self._looks is None else timedelta(seconds=self._looks - at),
            None if self.wait is None else self.wait - elapsed,
        )
