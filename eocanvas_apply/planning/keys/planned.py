"""What is planned for the keys, and the launches that must wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind, Outcome
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import PlannedAction


@dataclass(frozen=True, slots=True)
class PlannedKeys:
    """An action for every key, and what is wrong with some."""

    actions: Sequence[PlannedAction]
    faults: tuple[Diagnostic, ...]

    @property
    def unusable(self) -> frozenset[str]:
        """The addresses of those that no job may be launched with as they are."""
        usable = {a.address for a in self.actions if a.row.usable and not a.task}
        return self._faulty | ({a.address for a in self.actions} - usable)

    @property
    def stalled(self) -> frozenset[str]:
        """The addresses of those that this run does not make usable by itself."""
        return self._faulty | {
            a.address for a in self.actions if a.action is ActionKind.NONE and a.row.outcome is not Outcome.DONE
        }

    @property
    def _faulty(self) -> frozenset[str]:
        return frozenset(fault.address for fault in self.faults if fault.address)


def after_keys(jobs: Sequence[PlannedAction], keys: PlannedKeys, desired: Desired) -> list[PlannedAction]:
    """Return the actions, each launch with the keys that it must wait for."""
    unusable = keys.unusable
    return [_after(action, unusable, desired) for action in jobs]


def _after(action: PlannedAction, unusable: frozenset[str], desired: Desired) -> PlannedAction:
    if action.action not in LAUNCHES:
        return action
    waits = tuple(address for address in desired.jobs[action.address].keys if address in unusable)
    return replace(action, depends_on=waits) if waits else action
