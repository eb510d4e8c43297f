"""One job and the course of its life, as far as the clock alone decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from eocanvas_apply.emulator.model import clock
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.emulator.model.job_failures import DOUBTFUL, Failure
from eocanvas_apply.emulator.model.job_files import Output, StagedFile
from eocanvas_apply.emulator.model.keystore import Credentials
from eocanvas_apply.emulator.model.submissions import Execution

Status = Literal["accepted", "running", "successful", "failed", "dismissed"]
_STAMPS = {"dots": clock.dots, "zulu": clock.zulu, "nanoseconds": clock.nanoseconds, "space": clock.space}
# The live service has been seen to write each field in a shape of its own.
_MIXED = {"created": "zulu", "started": "zulu", "finished": "nanoseconds", "updated": "nanoseconds"}


@dataclass(slots=True)
class Job:
    """A job. `starts` and `ends` are planned moments, `finished` the real one; `number` counts all launches.

    `span` is the time that it runs when nothing goes wrong. `busy` says which of its storages it is waiting for;
    `credentials` are those that it has read, by the key's name.
    """

    id: str
    number: int
    owner: str
    execution: Execution
    created: datetime
    starts: datetime
    ends: datetime
    one_off_password: str
    outputs: tuple[Output, ...] = ()
    failure: Failure | None = None
    status: Status = "accepted"
    updated: datetime = field(init=False)
    span: timedelta = field(init=False)
    finished: datetime | None = None
    busy: Literal["", "staging-in", "staging-out"] = ""
    credentials: Mapping[str, Credentials] = field(default_factory=dict)
    staged: tuple[StagedFile, ...] = ()
    vanished: bool = False

    def __post_init__(self) -> None:
        self.updated = self.created
        self.span = self.ends - self.starts

    @property
    def in_flight(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ("accepted", "running")

    @property
    def stuck(self) -> bool:
        """Whether it will never end by itself."""
        return self.failure is not None and self.failure.kind == "stuck"

    @property
    def gives_results(self) -> bool:
        """Whether nothing keeps it from results, doubtful ones included."""
        return self.failure is None or self.failure.kind in DOUBTFUL

    def begin(self) -> None:
        """Leave the queue."""
        self.status = "running"
        self.updated = self.starts

    def fail(self, failure: Failure) -> None:
        """Decide that it fails, unless an earlier reason does already, and bring its end forward."""
        if self.failure is None or self.gives_results or failure.share < self.failure.share:
            self.failure = failure
            self.ends = self.starts + self.span * failure.share

    def end(self, at: datetime) -> None:
        """End as its failure says, or with success."""
        self.ends = at
        self._close("successful" if self.failure is None or self.failure.status == "successful" else "failed", at)

    def dismiss(self, at: datetime) -> None:
        """End because the user wants it so."""
        self._close("dismissed", at)

    def _close(self, status: Status, at: datetime) -> None:
        self.status = status
        self.updated = self.finished = at
        self.busy = ""

    def next_change(self) -> datetime | None:
        """Return when the clock alone changes it next, None when it does not."""
        if self.status == "accepted":
            return self.starts
        return self.ends if self.status == "running" and not self.busy and not self.stuck else None

    def document(self, behaviour: Behaviour, base: str) -> dict[str, Any]:
        """Return how the service shows it, in lists and by itself; never its inputs."""
        skewed = self.created + timedelta(seconds=behaviour.created_skew)
        started = None if self.status == "accepted" else self.starts
        moments = {"created": skewed, "started": started, "finished": self.finished, "updated": self.updated}
        link = {"href": f"{base}/jobs/{self.id}", "rel": "self", "type": "application/json", "title": "status"}
        return {
            "jobID": self.id,
            "processID": self.execution.process,
            "type": "process",
            "status": self.status,
            **{name: _stamp(behaviour, name, at) for name, at in moments.items()},
            "links": [link],
        }

    def acceptance(self) -> dict[str, str]:
        """Return the answer to its launch."""
        return {
            "processID": self.execution.process,
            "type": "process",
            "jobID": self.id,
            "status": self.status,
            "started": clock.dots(self.created),
        }


def _stamp(behaviour: Behaviour, name: str, at: datetime | None) -> str | None:
    if at is None:
        return None
    shape = _MIXED[name] if behaviour.job_stamps == "mixed" else behaviour.job_stamps
    return _STAMPS[shape](at)
