"""Where a job stands in the six words that people count by, and how many of each campaign stand where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.plan import PlannedAction


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
            counts[action.row.phase] += 1
    return [Tally(name, found[name]) for name in sorted(found, key=lambda name: (name is None, name))]


def together(found: Iterable[Tally]) -> Tally:
    """Return the tally of all."""
    every = list(found)
    return Tally(None, {phase: sum(each.counts[phase] for each in every) for phase in Phase})
