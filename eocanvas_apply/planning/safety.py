"""The safety rules: what an apply does not do unasked, with the numbers and the flag that allows it."""

from __future__ import annotations

from collections.abc import Sequence

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.keys.comparison import is_tagged
from eocanvas_apply.planning.plan import PlannedAction, Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.observed import Observed

DELETES, DELETED_SHARE = 2, 0.30
RELAUNCHES = 10
FORGETS, FORGOTTEN_SHARE = 5, 0.10


def refusals(
    desired: Desired, requests: Requests, recorded: Recorded, actions: Sequence[PlannedAction]
) -> tuple[Diagnostic, ...]:
    """Return what holds an apply of these actions back; a destroy asks for itself."""
    if requests.destroy:
        return ()
    found = {
        "allow-empty": _empty(desired, recorded),
        "allow-deletes": _deletes(desired, requests, recorded),
        "allow-relaunches": _relaunches(requests, actions),
        "allow-forgets": _forgets(desired, requests, recorded),
    }
    return tuple(d for flag, d in found.items() if d and flag not in requests.allowed)


def new_ledger(desired: Desired, requests: Requests, observed: Observed, *, lost_after_run: bool) -> Diagnostic | None:
    """Return what speaks against opening a new ledger: it may be that one exists elsewhere and is not in use here.

    `lost_after_run` tells that a CI machine would keep a local ledger of a real service.
    """
    ours = [key.name for key in observed.keys.values() if is_tagged(key.description, desired.project)]
    if "allow-new-ledger" in requests.allowed or not (ours or lost_after_run):
        return None
    if ours:
        count = "a key" if len(ours) == 1 else f"{len(ours)} keys"
        what = f"there is no ledger here, and the account already shows {count} of {desired.project!r}: "
        return _refusal("ledger-missing", what + ", ".join(sorted(ours)[:3]), "allow-new-ledger")
    what = "this is a CI machine: a ledger in a local file is gone after the run, and the next one launches all again"
    return _refusal("ledger-not-kept", what, "allow-new-ledger")


def _empty(desired: Desired, recorded: Recorded) -> Diagnostic | None:
    if desired.keys or desired.jobs or desired.campaigns:
        return None
    kept = sum(1 for record in recorded.keys.values() if record.current) + len(_known(recorded))
    if not kept:
        return None
    what = f"the manifest declares nothing, and {kept} keys and jobs are on record"
    return _refusal("empty-manifest", what, "allow-empty")


def _deletes(desired: Desired, requests: Requests, recorded: Recorded) -> Diagnostic | None:
    # What a job still uses goes later in the same run: it counts now.
    living = [record.address for record in recorded.keys.values() if record.current]
    leaving = sum(1 for each in living if each not in desired.keys and not requests.leaves_out(each))
    if leaving <= DELETES or leaving <= DELETED_SHARE * len(living):
        return None
    what = f"{leaving} of {len(living)} recorded keys would be deleted"
    return _refusal("too-many-deletes", what, "allow-deletes")


def _relaunches(requests: Requests, actions: Sequence[PlannedAction]) -> Diagnostic | None:
    # A job that vanished is not finished: its results were never safe.
    now = (a.action is ActionKind.RELAUNCH and a.reason is not Reason.VANISHED for a in actions)
    again = sum(now) + sum(a.runs_again_later for a in actions)
    if requests.limit is not None:
        again = min(again, requests.limit)
    if again <= RELAUNCHES:
        return None
    what = f"{again} finished jobs would be run again, which costs {again} units of quota"
    return _refusal("too-many-relaunches", what, "allow-relaunches")


def _forgets(desired: Desired, requests: Requests, recorded: Recorded) -> Diagnostic | None:
    gone = (each for each in recorded.jobs if each not in desired.jobs and each not in requests.forget)
    named = [each for each in gone if not requests.leaves_out(each)]
    if len(named) <= FORGETS:
        return None
    known = _known(recorded)
    leaving = len(known.intersection(named))
    if leaving <= FORGETS or leaving <= FORGOTTEN_SHARE * len(known):
        return None
    what = f"{leaving} of {len(known)} recorded jobs would be forgotten"
    return _refusal("too-many-forgets", what, "allow-forgets")


def _known(recorded: Recorded) -> set[str]:
    return {record.address for record in recorded.jobs.values() if not record.forgotten}


def _refusal(code: str, what: str, flag: str) -> Diagnostic:
    return error(code, what, f"if that is what you want, say --{flag}")
