"""The actions of a plan, one row each, and the words for what they lead to. Adding one: see CONTRIBUTING."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Phase(StrEnum):
    """The state of one job in the six words of status."""

    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    UNDECIDED = "undecided"
    LEFT_OUT = "left out"

    @property
    def slug(self) -> str:
        """The word without a blank, for labels of metrics and classes of a style."""
        return self.replace(" ", "-")


class Outcome(StrEnum):
    """How an address ended in an apply."""

    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting"
    SKIPPED = "skipped"


class State(StrEnum):
    """What an instance means to the canary and stop rules of its campaign; a blocked one cannot be launched anyway."""

    WAITING = "waiting"
    RETRYING = "retrying"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    BLOCKED = "blocked"


class ActionKind(StrEnum):
    """What is done with an address."""

    CREATE = "create"
    RENEW = "renew"
    REPLACE = "replace"
    DELETE = "delete"
    LAUNCH = "launch"
    RELAUNCH = "relaunch"
    RETRY = "retry"
    WATCH = "watch"
    FETCH = "fetch"
    ADOPT = "adopt"
    ASK = "ask"
    FORGET = "forget"
    DISMISS = "dismiss"
    NONE = "none"


class ActionTraits(Struct, frozen=True):
    """What follows from an action alone.

    `phase` and `state` are those of its job, `quiet` actions change nothing that a person must approve, `launches`
    start a job, `compares` shows the differences from what was sent. A `consequence` may follow an accepted plan
    without being asked for again. `counts_as` is what other tools call it: create, update or delete.
    """

    sign: str
    colour: str
    phase: Phase = Phase.LEFT_OUT
    state: State = State.BLOCKED
    quiet: bool = False
    launches: bool = False
    compares: bool = False
    consequence: bool = False
    counts_as: str = ""


_A, _P, _S = ActionKind, Phase, State
# In reading order: first what costs something or cannot be undone.
ACTIONS: dict[ActionKind, ActionTraits] = {
    _A.RELAUNCH: ActionTraits(
        "-/+", "yellow", _P.WAITING, _S.WAITING, launches=True, compares=True, counts_as="update"
    ),
    _A.REPLACE: ActionTraits("-/+", "yellow", compares=True, counts_as="update"),
    _A.DELETE: ActionTraits("-", "red", counts_as="delete"),
    _A.FORGET: ActionTraits("-", "red", counts_as="delete"),
    _A.DISMISS: ActionTraits("-", "red", _P.RUNNING, _S.RUNNING, consequence=True, counts_as="delete"),
    _A.CREATE: ActionTraits("+", "green", counts_as="create"),
    _A.LAUNCH: ActionTraits("+", "green", _P.WAITING, _S.WAITING, launches=True, counts_as="create"),
    _A.RETRY: ActionTraits("~", "yellow", _P.WAITING, _S.RETRYING, launches=True, consequence=True, counts_as="update"),
    _A.RENEW: ActionTraits("~", "yellow", consequence=True, counts_as="update"),
    _A.ADOPT: ActionTraits("<=", "cyan", _P.RUNNING, _S.RUNNING, compares=True, consequence=True, counts_as="update"),
    _A.FETCH: ActionTraits("<=", "cyan", _P.WAITING, _S.SUCCEEDED, consequence=True, counts_as="update"),
    _A.ASK: ActionTraits("?", "yellow", _P.UNDECIDED, _S.RUNNING, quiet=True),
    _A.WATCH: ActionTraits("…", "cyan", _P.RUNNING, _S.RUNNING, quiet=True),
    _A.NONE: ActionTraits("", "dim", quiet=True),
}
READING_ORDER = tuple(ACTIONS)
LAUNCHES = frozenset(kind for kind, traits in ACTIONS.items() if traits.launches)
QUIET = frozenset(kind for kind, traits in ACTIONS.items() if traits.quiet)
