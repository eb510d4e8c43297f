"""Where a job stands in the six words that people count by, and how many of each campaign stand where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from eocanvas_apply.planning.plan import LAUNCHES, ActionKind, PlannedAction, Reason


class Phase(StrEnum):
    """Where one job stands."""

    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    UNDECIDED = "undecided"
    LEFT_OUT = "left out"


_A, _R, _P = ActionKind, Reason, Phase
_OF_ACTION = {
    **dict.fromkeys(LAUNCHES, _P.WAITING),
    **dict.fromkeys((_A.WATCH, _A.FETCH, _A.ADOPT), _P.RUNNING),
    **dict.fromkeys((_A.FORGET, _A.DISMISS), _P.LEFT_OUT),
    _A.ASK: _P.UNDECIDED,
}
_OF_REASON = {
    **dict.fromkeys((_R.DONE, _R.KEPT), _P.DONE),
    **dict.fromkeys((_R.FAILED, _R.NO_RESULT, _R.RESULTS_GONE), _P.FAILED),
    **dict.fromkeys((_R.WAITS_FOR, _R.HELD_CANARY, _R.HELD_STOPPED, _R.HELD_BUDGET), _P.WAITING),
}


def phase(action: PlannedAction) -> Phase:
    """Return where the job of an action stands."""
    if action.action is ActionKind.NONE:
        return _OF_REASON.get(action.reason, Phase.LEFT_OUT)
    return _OF_ACTION[action.action]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many jobs of one campaign, or of all that are none, stand where; `campaign` is its address, else None."""

    campaign: str | None
    counts: Mapping[Phase, int]

    @property
    def total(self) -> int:
        """How many jobs there are."""
        return sum(self.counts.values())


def tallies(actions: Iterable[PlannedAction]) -> list[Tally]:
    """Return a tally of each campaign in the order of the plan, single jobs last."""
    found: dict[str | None, dict[Phase, int]] = {}
    for action in actions:
        if action.address.startswith("job."):
            counts = found.setdefault(action.campaign, dict.fromkeys(Phase, 0))
            counts[phase(action)] += 1
    return [Tally(name, found[name]) for name in sorted(found, key=lambda name: (name is None, name))]


def together(found: Iterable[Tally]) -> Tally:
    """Return the tally of all."""
    every = list(found)
    return Tally(None, {phase: sum(each.counts[phase] for each in every) for phase in Phase})
