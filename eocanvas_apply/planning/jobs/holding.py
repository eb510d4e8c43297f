"""Canary and stop rules of campaigns: which launches of a plan wait, judged by the present definition only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address, typed
from eocanvas_apply.planning.actions import ActionKind, State
from eocanvas_apply.planning.desired.desired import Desired, StopAfter
from eocanvas_apply.planning.failures import HOPELESS
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.vocabulary import FailureClass

# So many failures one after another, all of one hopeless class, and no instance is going to succeed.
IN_A_ROW = 3
# What counts as launched, whatever became of it.
_LAUNCHED = frozenset({State.RETRYING, State.RUNNING, State.SUCCEEDED, State.FAILED})
_TO_LAUNCH = frozenset({State.WAITING, State.RETRYING})
_ENDED = frozenset({State.RETRYING, State.SUCCEEDED, State.FAILED})


class Instance(Struct, frozen=True):
    """One instance: `failure_class` of its last run if that failed, `ended` when its last run ended if it did."""

    address: str
    state: State
    failure_class: FailureClass | None = None
    ended: datetime | None = None


class Stopped(Struct, frozen=True):
    """Why no more is launched: `failed` of `instances`, or `in_a_row` of them of one hopeless class."""

    failed: int
    instances: int
    most: int
    in_a_row: int = 0
    failure_class: FailureClass | None = None

    def __str__(self) -> str:
        if self.in_a_row:
            return f"the last {self.in_a_row} instances failed for the same reason ({self.failure_class})"
        return f"{self.failed} of {self.instances} instances failed, the limit is {self.most}"


class Canaries(Struct, frozen=True):
    """Why the rest waits: `succeeded` of the `wanted` first ones, `failed` of those launched."""

    wanted: int
    succeeded: int
    failed: int

    def __str__(self) -> str:
        return f"{self.succeeded} of the first {self.wanted} instances succeeded and {self.failed} failed"


class Launchable(Struct, frozen=True):
    """The instances that may be launched, in order; those that may not, and why."""

    allowed: tuple[str, ...]
    held: tuple[str, ...] = ()
    why: Stopped | Canaries | None = None


def launchable(
    instances: Sequence[Instance], stop_after: StopAfter | None = None, canary: int | None = None
) -> Launchable:
    """Return which of a campaign's instances may be launched now, judged in the order given."""
    due = tuple(each.address for each in instances if each.state in _TO_LAUNCH)
    if why_stopped := stopped(instances, stop_after) if stop_after else None:
        return Launchable((), due, why_stopped)
    waits_for = canaries(instances, canary) if canary else None
    if waits_for is None:
        return Launchable(due)
    first = _first(instances, waits_for.wanted)
    allowed = tuple(address for address in due if address in first)
    return Launchable(allowed, tuple(address for address in due if address not in first), waits_for)


def stopped(instances: Sequence[Instance], stop_after: StopAfter) -> Stopped | None:
    """Return why too much has failed, None as long as it has not."""
    states = [each.state for each in instances if each.state is not State.SKIPPED]
    failed, most = states.count(State.FAILED), stop_after.most(len(states))
    in_a_row, failure_class = _hopeless_row(instances)
    if in_a_row >= IN_A_ROW:
        return Stopped(failed, len(states), most, in_a_row, failure_class)
    return Stopped(failed, len(states), most) if failed >= most else None


def _hopeless_row(instances: Iterable[Instance]) -> tuple[int, FailureClass | None]:
    """Return how many instances that ended last failed, one after another, in one hopeless class."""
    ended = [(each.ended, each) for each in instances if each.ended and each.state in _ENDED]
    row, last = 0, None
    for _, each in sorted(ended, key=lambda pair: pair[0], reverse=True):
        failure_class = each.failure_class if each.state is State.FAILED else None
        if failure_class not in HOPELESS or failure_class is not (last or failure_class):
            break
        row, last = row + 1, failure_class
    return row, last


def canaries(instances: Sequence[Instance], canary: int) -> Canaries | None:
    """Return how the first ones stand, None when so many succeeded that all may follow."""
    states = [each.state for each in instances if each.state is not State.SKIPPED]
    wanted, succeeded = min(canary, len(states)), states.count(State.SUCCEEDED)
    return None if succeeded >= wanted else Canaries(wanted, succeeded, states.count(State.FAILED))


def _first(instances: Sequence[Instance], wanted: int) -> frozenset[str]:
    """Return the first ones: those launched already, as many as there are, filled up with waiting ones in order.

    One that failed for good keeps its place: the rest waits until a person has seen to it.
    """
    launched = [each.address for each in instances if each.state in _LAUNCHED]
    waiting = [each.address for each in instances if each.state is State.WAITING]
    return frozenset(launched + waiting[: max(0, wanted - len(launched))])


_HINT = (
    "see why: eocanvas-apply why {address}; then correct the definition, run with --retry-failed, "
    "skip what cannot be corrected, or {otherwise}"
)


def held(
    jobs: Sequence[PlannedAction], desired: Desired, recorded: Recorded
) -> tuple[list[PlannedAction], tuple[Diagnostic, ...]]:
    """Return the actions, launches that a campaign holds back among them as such, and warnings that say why."""
    reasons: dict[str, Reason] = {}
    notes: list[Diagnostic] = []
    for name, holding in desired.holdings.items():
        own = _instances_of(name, jobs, desired)
        ended = _latest_ended(own, recorded)
        instances = [_instance(action, ended.get(action.address)) for action in own]
        found = launchable(instances, holding.stop_after, holding.canary)
        reason = Reason.HELD_STOPPED if isinstance(found.why, Stopped) else Reason.HELD_CANARY
        reasons |= dict.fromkeys(found.held, reason)
        notes += _notes(name, own, found)
    return [each.held(reasons[each.address]) if each.address in reasons else each for each in jobs], tuple(notes)


def canaries_under_way(
    planned: Mapping[str, PlannedAction], desired: Desired
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield the instances of each campaign that wait for its first ones, and those of the first that are to end yet.

    Nothing of a campaign of which so many failed that the rest waits for a person.
    """
    waiting = {each.campaign for each in planned.values() if each.reason is Reason.HELD_CANARY}
    for name, holding in desired.holdings.items():
        if str(Address.job(name)) in waiting:
            own = _instances_of(name, planned.values(), desired)
            standing = canaries([_instance(each, None) for each in own], holding.canary or 0)
            first = [each.address for each in own if each.lies_ahead or _state(each) is State.RUNNING]
            if standing and standing.succeeded + len(first) >= standing.wanted:
                yield [each.address for each in own if each.reason is Reason.HELD_CANARY], first


def _instances_of(name: str, jobs: Iterable[PlannedAction], desired: Desired) -> list[PlannedAction]:
    prefix = f"{Address.job(name)}["
    return [each for each in jobs if each.address.startswith(prefix) and each.address in desired.jobs]


def _latest_ended(own: Sequence[PlannedAction], recorded: Recorded) -> Mapping[str, Run]:
    """Return the runs that tell whether the last ones failed in a row: to read them all would take too long."""
    failed = {each.address: counted_run(recorded.jobs[each.address]) for each in own if _state(each) is State.FAILED}
    ends = sorted(run.finished or run.created for run in failed.values() if run and run.created)
    if len(ends) < IN_A_ROW:
        return {}
    runs = ((each.address, counted_run(recorded.jobs.get(each.address))) for each in own)
    return {address: run for address, run in runs if run and not run.in_flight}


def _instance(action: PlannedAction, run: Run | None) -> Instance:
    ended = (run.finished or run.created) if run else None
    return Instance(action.address, _state(action), run.failure if run else None, ended)


def _state(action: PlannedAction) -> State:
    # Without a listing it is not known yet whether there is a result.
    unlisted = action.action is ActionKind.FETCH and not action.task
    return State.RUNNING if unlisted else action.row.state


def _notes(name: str, own: Sequence[PlannedAction], found: Launchable) -> Iterator[Diagnostic]:
    failed = next((action.address for action in own if _state(action) is State.FAILED), "")
    if isinstance(found.why, Stopped):
        code, rest = "campaign-stopped", "are held back"
        otherwise = "raise `stop_after`" if not found.why.in_a_row else "remove `stop_after`"
    # As long as one of the first may still succeed, there is nothing to do but wait.
    elif found.allowed or any(_state(action) is State.RUNNING for action in own):
        return
    else:
        code, rest, otherwise = "canary-failed", "wait for them", "remove `canary`"
    if found.held:
        hint = _HINT.format(address=typed(failed), otherwise=otherwise)
        yield warning(code, f"{found.why}: {len(found.held)} more {rest}", hint, address=str(Address.job(name)))
