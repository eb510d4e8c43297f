"""The plan as a value: an action and a reason for each address, and the task that carries it out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, structs

from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.documents.kept_text import text_of
from eocanvas_apply.planning.actions import QUIET, ActionKind, Phase
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredJob, JobTraits
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT, Change
from eocanvas_apply.planning.reasons import Reason, Row, row_of
from eocanvas_apply.planning.tasks import OrderProducts, ReadTask, Task

_LEAVES = frozenset({ActionKind.DELETE, ActionKind.FORGET})
# Asked of a hundred thousand: to look a member up takes Python 3.11 longer than to compare it.
_RESULTS_PENDING = Reason.RESULTS_PENDING


def campaign_of(address: str) -> str | None:
    """Return the address of the campaign that an address is an instance of, None for anything else."""
    # Asked for a hundred thousand addresses in a row: no name holds a bracket, so nothing needs to be parsed.
    whole, bracket, _ = address.partition("[")
    return whole if bracket else None


def instance_of(address: str) -> str:
    """Return the id of the instance that an address is of, the empty text for anything else."""
    # No id holds a quote or a backslash, so nothing of it is escaped.
    return address.partition("[")[2][1:-2]


class PlannedAction(Struct, frozen=True, gc=False):
    """What is to be done with one address, and why.

    `row` is its action and reason, with all that follows from them. `task` is what carries it out, None where nothing
    is to be done or it cannot be done yet; `not_before` is the service time from which it may be, or for a launch held
    back until others have ended, when it may be expected, or for results that are not listed yet, until when they are
    looked for; `awaits` are the products whose orders must be ready before; `note` what the manifest says of it, for
    people. `runs_again` is why a job that runs now, or that is held back, is run again later in this run; `goes_later`
    why a key that is in use is deleted, or a job with an unknown answer forgotten, later in this run. Of a job that is
    adopted, `ended` says whether it has ended, and `complete` whether it has succeeded and all its results are
    recorded.
    """

    address: str
    row: Row
    changes: tuple[Change, ...] = ()
    depends_on: tuple[str, ...] = ()
    task: Task | None = None
    not_before: datetime | None = None
    note: str = ""
    awaits: tuple[str, ...] = ()
    runs_again: Reason | None = None
    ended: bool = False
    complete: bool = False
    goes_later: Reason | None = None

    @classmethod
    def of(
        cls,
        address: str,
        action: ActionKind,
        reason: Reason,
        changes: tuple[Change, ...] = (),
        depends_on: tuple[str, ...] = (),
        **others: Any,
    ) -> PlannedAction:
        """Return that of an action and a reason; raises ValueError where no plan says that."""
        return cls(address, row_of(address, action, reason), changes, depends_on, **others)

    def __hash__(self) -> int:
        # Its task may hold a graph, which has no hash.
        return hash((self.address, self.action, self.reason))

    @property
    def action(self) -> ActionKind:
        """What is done."""
        return self.row.action

    @property
    def reason(self) -> Reason:
        """Why it is done."""
        return self.row.reason

    @property
    def goes(self) -> Row | None:
        """The row by which its key is deleted or its job forgotten, now or later in this run; None where it stays."""
        if self.goes_later is None:
            return self.row if self.row.action in _LEAVES else None
        leaves = ActionKind.DELETE if self.address.startswith("key.") else ActionKind.FORGET
        return row_of(self.address, leaves, self.goes_later)

    @property
    def phase(self) -> Phase:
        """Where its job stands, in the word that people count by: what has ended does not run."""
        if not self.ended:
            return self.row.phase
        return Phase.LEFT_OUT if self.reason is Reason.RETURNED else Phase.WAITING

    @property
    def wanted(self) -> bool:
        """Whether its job is still to be launched, watched or fetched, so that its keys are needed."""
        return self.row.wanted and not self.complete

    @property
    def campaign(self) -> str | None:
        """The address of the campaign that this is an instance of, None for anything else."""
        return campaign_of(self.address)

    @property
    def orders(self) -> tuple[str, ...]:
        """The ids of the products that it orders now, of those that it awaits."""
        if isinstance(self.task, OrderProducts):
            return tuple(product.id for product in self.task.products)
        return self.task.orders if isinstance(self.task, ReadTask) else ()

    @property
    def lies_ahead(self) -> bool:
        """Whether it is a launch of this run, now or later."""
        if self.row.launches:
            return self.task is not None or bool(self.awaits)
        return self.row.expected and self.not_before is not None

    @property
    def lists_nothing(self) -> bool:
        """Whether its job succeeded and lists no results yet: they are looked for until `not_before`."""
        return self.not_before is not None and self.row.reason is _RESULTS_PENDING

    def due(self, not_before: datetime | None) -> PlannedAction:
        """Return it with the moment from which it may go."""
        return structs.replace(self, not_before=not_before)

    def held(
        self, reason: Reason, *, depends_on: tuple[str, ...] = (), not_before: datetime | None = None
    ) -> PlannedAction:
        """Return that a launch of this run must wait, and why."""
        again = self.reason if self.row.repeats else None
        return PlannedAction.of(
            self.address, ActionKind.NONE, reason, (), depends_on, not_before=not_before, runs_again=again
        )

    def ready(self, now: datetime) -> bool:
        """Whether it can be carried out now."""
        # Products are ordered ahead of the launch: that is the whole point of it.
        due = self.not_before is None or self.not_before <= now or isinstance(self.task, OrderProducts)
        return self.task is not None and not self.depends_on and due


def by_traits(
    actions: Iterable[PlannedAction], jobs: Mapping[str, DesiredJob]
) -> list[tuple[JobTraits, list[PlannedAction]]]:
    """Return the actions of desired jobs, those of jobs that share their traits together.

    Most instances of a campaign do: what follows from traits alone is found out once for all of them.
    """
    traits: dict[int, JobTraits] = {}
    found: dict[int, list[PlannedAction]] = defaultdict(list)
    for action in actions:
        if job := jobs.get(action.address):
            traits[id(job.traits)] = job.traits
            found[id(job.traits)].append(action)
    return [(traits[shared], alike) for shared, alike in found.items()]


class Renewal(Struct, frozen=True):
    """A key that must be renewed so many `times` until the last launch that names it, the `first` time then."""

    address: str
    times: int
    first: datetime


class Forecast(Struct, frozen=True, omit_defaults=True):
    """How many launches go now, how many wait, and when the last of them can go (service time).

    `renewals` are those of keys on the way there.
    """

    launches_now: int = 0
    waiting: int = 0
    ends: datetime | None = None
    renewals: tuple[Renewal, ...] = ()


class WindowState(Struct, frozen=True):
    """One window: `left` units now, and when the next comes back (None: none is used)."""

    limit: int
    per: timedelta
    used: int
    left: int
    next_free: datetime | None


class Origin(Struct, frozen=True, omit_defaults=True):
    """What a plan was made from; a saved or accepted plan holds only for the same."""

    project: str
    service: str
    account: str
    manifest_digest: str
    ledger_id: str | None
    ledger_head: int
    environment: str | None = None

    @property
    def name(self) -> str:
        """The project, with its environment where it has one."""
        return f"{self.project}, environment {self.environment}" if self.environment else self.project


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan.

    `refusals` are the safety rules that hold an apply back; `wake` is the next service time at which waiting is
    worth another look, None where only polling helps; `windows` how the quota stands; `ledger_opened_by` the id of the
    plan that opened the ledger, None without one; `moves` the old and the new address of what has moved and is not on
    record yet. For people also what the
    manifest asks for (`desired`; of a plan from a file `definitions`: its fields as text, by address), and the `texts`
    of graphs and chains that differ, by digest, as far as they are kept here.
    """

    origin: Origin
    created: datetime
    actions: tuple[PlannedAction, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    refusals: tuple[Diagnostic, ...] = ()
    forecast: Forecast = field(default_factory=Forecast)
    wake: datetime | None = None
    windows: tuple[WindowState, ...] = ()
    ledger_opened_by: str | None = None
    moves: tuple[tuple[str, str], ...] = ()
    desired: Desired | None = field(default=None, repr=False, compare=False)
    definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False, compare=False)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def launched_digests(self) -> frozenset[str]:
        """The digests of the graphs and chains that differ from the manifest's."""
        changes = (change for action in self.actions for change in action.changes if change.path == DOCUMENT)
        return frozenset(change.before for change in changes if isinstance(change.before, str))

    def with_texts(self, launched: Mapping[str, str]) -> Plan:
        """Return it with the texts of graphs and chains as they were launched, and those of the manifest in place."""
        jobs = self.desired.jobs if self.desired else {}
        changed = (a.address for a in self.actions if any(change.path == DOCUMENT for change in a.changes))
        documents = (jobs[address].document for address in changed if address in jobs)
        new = {document.digest: text_of(document) for document in documents if document}
        return replace(self, texts={**launched, **new})

    @property
    def changes_pending(self) -> bool:
        """Whether an action stands that changes something, or a move is to be recorded."""
        return bool(self.moves) or any(action.action not in QUIET for action in self.actions)

    @property
    def faulty(self) -> frozenset[str]:
        """The addresses that an error of the plan is about."""
        return frozenset(d.address for d in self.diagnostics if d.address and d.severity is Severity.ERROR)

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """What is said of a plan that is only shown: what an apply of it would refuse is a warning there."""
        return (*self.diagnostics, *(structs.replace(each, severity=Severity.WARNING) for each in self.refusals))

    @property
    def plan_id(self) -> str:
        """The digest of everything but the moment it was made, `sha256:<hex>`."""
        found = [(d.code, d.severity, d.message, d.hint, d.address) for d in (*self.diagnostics, *self.refusals)]
        actions = [
            (a.address, a.row.action, a.row.reason, [structs.astuple(c) for c in a.changes], a.depends_on)
            + ((a.runs_again,) if a.runs_again else ())
            + (("goes", a.goes_later) if a.goes_later else ())
            for a in self.actions
        ]
        ahead = (self.forecast.launches_now, self.forecast.waiting, self.forecast.ends)
        moves = [self.moves] if self.moves else []
        text = json.dumps([self._origin_parts, actions, ahead, found, *moves], sort_keys=True, default=str)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    @property
    def _origin_parts(self) -> tuple[object, ...]:
        # Without an environment it is the id of plans that were made before there were any.
        parts = structs.astuple(self.origin)
        return parts if self.origin.environment else parts[:-1]

    @property
    def counts(self) -> dict[ActionKind, int]:
        """How many addresses each kind of action has, zeros too."""
        counts = Counter(action.row.action for action in self.actions)
        return {kind: counts[kind] for kind in ActionKind}

    @property
    def run_again(self) -> frozenset[str]:
        """The addresses of the jobs that it runs again, now or later in the run."""
        return frozenset(a.address for a in self.actions if a.row.repeats or a.runs_again)

    def by_address(self) -> dict[str, PlannedAction]:
        """Return the actions by address."""
        return {action.address: action for action in self.actions}


class Requests(Struct, frozen=True):
    """What the command line asked for beyond the manifest.

    `forget`, `relaunch`, `cancel` and `only` hold addresses, `launched` those that this run has launched already: what
    is asked to run again runs once, also if it fails once more; `failed` those that this run does not try any more.
    `launches` counts the launches of this run, of which there may be `limit`; `dismissed` are the ids of the jobs that
    it has asked the service to stop. `no_fetch` leaves results where they are. `applying` says that the plan is carried
    out, so that a secret that cannot be read is an error, and not only a warning. `sealing_key` is the SHA-256 that the
    service's public key must have. `unprotected` names what is protected and may be touched.
    """

    applying: bool = False
    destroy: bool = False
    forget: frozenset[str] = frozenset()
    relaunch: frozenset[str] = frozenset()
    retry_failed: bool = False
    launched: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    launches_stopped: bool = False
    cancel: frozenset[str] = frozenset()
    dismissed: frozenset[str] = frozenset()
    no_fetch: bool = False
    only: frozenset[str] | None = None
    limit: int | None = None
    launches: int = 0
    sealing_key: str | None = None
    unprotected: frozenset[str] = frozenset()

    def leaves_out(self, address: str) -> bool:
        """Tell whether a selection was asked for that does not hold this address."""
        return self.only is not None and address not in self.only
