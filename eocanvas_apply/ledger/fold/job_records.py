"""Jobs as they are recorded: every intent to launch one, and every run that came of it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import ListedResult, Remark
from eocanvas_apply.vocabulary import FailureClass, OgcStatus, has_ended, later_of


class IntentState(StrEnum):
    """What became of an intent; later members win over earlier ones when facts meet."""

    OPEN = "open"
    ABANDONED = "abandoned"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    SUBMITTED = "submitted"


_STRENGTH = {state: rank for rank, state in enumerate(IntentState)}


class Intent(Struct, omit_defaults=True):
    """One intent to launch, and what became of it. One given up may still turn into a job: then it is a duplicate."""

    id: str
    intended: e.JobIntended | None = None
    state: IntentState = IntentState.OPEN
    refused: e.JobRefused | None = None
    job_id: str | None = None
    given_up: bool = False
    cancelled: bool = False
    passes: tuple[datetime, ...] = ()

    def reach(self, state: IntentState) -> None:
        """Take a new state unless a stronger one is known."""
        if _STRENGTH[state] > _STRENGTH[self.state]:
            self.state = state


class ResultFile(Struct, frozen=True, omit_defaults=True):
    """A result as it was stored: `file` is relative to the manifest, `size` in bytes, `sha256` in hex."""

    file: str
    size: int
    sha256: str
    modified_ns: int | None = None


class Run(Struct, omit_defaults=True):
    """One job of the service that is or was ours."""

    job_id: str
    intent: str | None = None
    status: str = OgcStatus.ACCEPTED.value
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    results: tuple[ListedResult, ...] | None = None
    first_looked: datetime | None = None
    last_listed: datetime | None = None
    gone: tuple[datetime, ...] = ()
    stored: dict[str, ResultFile] = field(default_factory=dict)
    dismiss_intended: bool = False
    cancelled: bool = False
    dismissed: e.JobDismissed | None = None
    last_seen: datetime | None = None
    passes: tuple[datetime, ...] = ()
    failure: FailureClass | None = None
    failure_line: str = ""
    remarks: tuple[Remark, ...] | None = None
    # None where no log was read for it.
    software: dict[str, str] | None = None

    @property
    def missing(self) -> list[datetime]:
        """When passes began, oldest first, that did not show it since it was last seen."""
        return [begun for begun in self.passes if self.last_seen is None or begun > self.last_seen]

    @property
    def listed(self) -> dict[str, ListedResult]:
        """What the service listed, by key: distinguished by title, and by order where titles are equal."""
        return by_key(self.results or ())

    @property
    def pending(self) -> dict[str, ListedResult]:
        """What is listed and not stored yet, by key."""
        return pending(self.results or (), self.stored)

    @property
    def lost(self) -> list[datetime]:
        """When looks, oldest first, found results gone that were listed, since they were last listed whole."""
        return [looked for looked in self.gone if self.last_listed is None or looked > self.last_listed]

    @property
    def in_flight(self) -> bool:
        """Whether the service may still be working on it."""
        return not has_ended(self.status)

    def see(self, status: str, created: datetime | None, started: datetime | None, finished: datetime | None) -> None:
        """Take what the service showed; an end is never taken back."""
        self.status = later_of(self.status, status)
        self.created = _earlier(self.created, created)
        self.started = _earlier(self.started, started)
        self.finished = _earlier(self.finished, finished)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


class JobRecord(Struct, omit_defaults=True):
    """All intents and runs of one job instance, oldest first."""

    address: str
    intents: dict[str, Intent] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    forgotten: str | None = None

    @property
    def last_intent(self) -> Intent | None:
        """The youngest intent."""
        return next(reversed(self.intents.values()), None)

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the last launch, if it is known."""
        last = self.last_intent
        return last.intended.fingerprint if last and last.intended else None

    def run_of(self, intent: Intent) -> Run | None:
        """The job that this intent became, if it is known."""
        return self.runs.get(intent.job_id) if intent.job_id else None

    @property
    def finished(self) -> Run | None:
        """The run of the last launch, where it ended well, all its results are stored and no other may count instead.

        Such a job has nothing left to do as long as its definition stays this one.
        """
        intent = self.last_intent
        if intent is None or intent.intended is None or intent.state is not IntentState.SUBMITTED or self.forgotten:
            return None
        runs = [run for run in self.runs.values() if run.intent == intent.id]
        if len(runs) != 1 or runs[0].status != OgcStatus.SUCCESSFUL or not runs[0].results or runs[0].pending:
            return None
        for each in self.intents.values():
            if each is not intent and each.given_up and each.state is IntentState.SUBMITTED:
                return None
        return runs[0]


def keys_of(titles: Iterable[str]) -> list[str]:
    """Return a key for each title, in their order: the title, and for later ones of the same title its number too."""
    seen: dict[str, int] = {}
    keys = []
    for title in titles:
        seen[title] = seen.get(title, 0) + 1
        keys.append(_key(title, seen[title]))
    return keys


def key_of(stored: e.ResultStored) -> str:
    """Return the key of a result that lies here."""
    return _key(stored.title, stored.ordinal or 1)


def ordinal_of(key: str, title: str) -> int | None:
    """Return the number that a key holds beside its title, None for the first of its title."""
    return int(key[len(title) + 1 :]) if key != title else None


def by_key(results: Iterable[ListedResult]) -> dict[str, ListedResult]:
    """Return listed results by their keys."""
    listed = tuple(results)
    found = {result.title: result for result in listed}
    if len(found) < len(listed):
        return dict(zip(keys_of(result.title for result in listed), listed, strict=True))
    return found


def pending(results: Iterable[ListedResult], stored: Container[str]) -> dict[str, ListedResult]:
    """Return by key what is to be fetched: neither stored nor at a key's storage."""
    return {key: result for key, result in by_key(results).items() if not result.at_key and key not in stored}


def _key(title: str, ordinal: int) -> str:
    # No title holds a line break, so that this is no other title.
    return title if ordinal == 1 else f"{title}\n{ordinal}"
