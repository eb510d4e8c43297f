"""Campaigns that send a few ahead, and those that stop after too many failures: which launches of a plan must wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address, typed
from eocanvas_apply.planning.actions import ActionKind, State
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.failures import FailureClass
from eocanvas_apply.planning.jobs.stopping import IN_A_ROW, Canaries, Instance, Launchable, Stopped, launchable
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.runs import counted_run

_HINT = (
    "see why: eocanvas-apply why {address}; then correct the definition, run with --retry-failed, "
    "name under `skip:` what cannot be mended, or {otherwise}"
)


def held(
    jobs: Sequence[PlannedAction], desired: Desired, recorded: Recorded
) -> tuple[list[PlannedAction], tuple[Diagnostic, ...]]:
    """Return the actions, launches that a campaign holds back among them as such, and warnings that say why."""
    reasons: dict[str, Reason] = {}
    told: list[Diagnostic] = []
    for name in desired.holdings:
        prefix = f"{Address.job(name)}["
        own = [each for each in jobs if each.address.startswith(prefix) and each.address in desired.jobs]
        found = _judged(name, own, desired, recorded)
        reasons |= dict.fromkeys(found.held, Reason(found.reason)) if found.reason else {}
        told += _told(name, own, found)
    return [each.held(reasons[each.address]) if each.address in reasons else each for each in jobs], tuple(told)


def _judged(name: str, own: Sequence[PlannedAction], desired: Desired, recorded: Recorded) -> Launchable:
    holding = desired.holdings[name]
    ended = _ended_lately(own, recorded)
    instances = [_instance(action, ended.get(action.address)) for action in own]
    return launchable(instances, holding.stop_after, holding.canary)


def _ended_lately(own: Sequence[PlannedAction], recorded: Recorded) -> Mapping[str, Run]:
    """Return the runs that tell whether the last ones failed in a row: to read them all would take too long."""
    failed = {each.address: counted_run(recorded.jobs[each.address]) for each in own if _state(each) is State.FAILED}
    ends = sorted(run.finished or run.created for run in failed.values() if run and run.created)
    if len(ends) < IN_A_ROW:
        return {}
    runs = ((each.address, counted_run(recorded.jobs.get(each.address))) for each in own)
    return {address: run for address, run in runs if run and not run.in_flight}


def _instance(action: PlannedAction, run: Run | None) -> Instance:
    failure = FailureClass(run.failure) if run and run.failure else None
    return Instance(action.address, _state(action), failure, (run.finished or run.created) if run else None)


def _state(action: PlannedAction) -> State:
    # Without a listing it is not known yet whether there is a result.
    unlisted = action.action is ActionKind.FETCH and not action.task
    return State.RUNNING if unlisted else action.row.state


def _told(name: str, own: Sequence[PlannedAction], found: Launchable) -> Iterator[Diagnostic]:
    failed = next((action.address for action in own if _state(action) is State.FAILED), "")
    address = str(Address.job(name))
    if found.held and found.stopped:
        otherwise = "raise `stop_after`" if not found.stopped.in_a_row else "take `stop_after` out"
        hint = _HINT.format(address=typed(failed), otherwise=otherwise)
        yield warning("campaign-stopped", _why_stopped(found.stopped, len(found.held)), hint, address=address)
    # As long as one of the first may still succeed, waiting is all there is to it.
    elif found.held and found.canaries and not found.allowed and not _any_running(own):
        hint = _HINT.format(address=typed(failed), otherwise="take `canary` out")
        yield warning("canary-failed", _why_waiting(found.canaries, len(found.held)), hint, address=address)


def _any_running(own: Sequence[PlannedAction]) -> bool:
    return any(_state(action) is State.RUNNING for action in own)


def _why_stopped(stopped: Stopped, held_back: int) -> str:
    rest = f"{held_back} more are held back"
    if stopped.in_a_row:
        return f"the last {stopped.in_a_row} instances that ended failed alike ({stopped.failure_class}): {rest}"
    return f"{stopped.failed} of {stopped.instances} instances failed, and {stopped.most} are too many: {rest}"


def _why_waiting(canaries: Canaries, held_back: int) -> str:
    first = f"{canaries.succeeded} of the first {canaries.wanted} instances succeeded and {canaries.failed} failed"
    return f"{first}: {held_back} more wait for them"
