"""The safety rules: what an apply does not do unasked, with the numbers and the flag that allows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger.fold import Recorded
from eocanvas_apply.planning.desired import Desired
from eocanvas_apply.planning.observed import Observed
from eocanvas_apply.planning.plan import ActionKind, PlannedAction, Reason, Requests

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
        "allow-deletes": _deletes(recorded, actions),
        "allow-relaunches": _relaunches(actions),
        "allow-forgets": _forgets(recorded, actions),
    }
    return tuple(d for flag, d in found.items() if d and flag not in requests.allowed)


def new_ledger(desired: Desired, requests: Requests, observed: Observed, *, lost_after_run: bool) -> Diagnostic | None:
    """Return what speaks against opening a new ledger: it may be that one exists elsewhere and is not in use here.

    `lost_after_run` tells that a CI machine would keep a local ledger of a real service.
    """
    ours = [key.name for key in observed.keys.values() if f"eocanvas-apply {desired.project} key." in key.description]
    if "allow-new-ledger" in requests.allowed or not (ours or lost_after_run):
        return None
    if ours:
        what = f"there is no ledger here, and the account already shows {len(ours)} keys of {desired.project!r}: "
        return _refusal("ledger-missing", what + ", ".join(sorted(ours)[:3]), "allow-new-ledger")
    what = "this is a CI machine: a ledger in a local file is gone after the run, and the next one launches all again"
    return _refusal("ledger-not-kept", what, "allow-new-ledger")


def _empty(desired: Desired, recorded: Recorded) -> Diagnostic | None:
    kept = [r for r in recorded.keys.values() if r.current] + [r for r in recorded.jobs.values() if not r.forgotten]
    if desired.keys or desired.jobs or not kept:
        return None
    what = f"the manifest declares nothing, and {len(kept)} keys and jobs are on record"
    return _refusal("empty-manifest", what, "allow-empty")


def _deletes(recorded: Recorded, actions: Iterable[PlannedAction]) -> Diagnostic | None:
    living = sum(1 for record in recorded.keys.values() if record.current)
    leaving = _count(actions, ActionKind.DELETE, Reason.NOT_IN_MANIFEST)
    if leaving <= DELETES or leaving <= DELETED_SHARE * living:
        return None
    return _refusal("too-many-deletes", f"{leaving} of {living} recorded keys would be deleted", "allow-deletes")


def _relaunches(actions: Iterable[PlannedAction]) -> Diagnostic | None:
    again = sum(1 for a in actions if a.action is ActionKind.RELAUNCH)
    if again <= RELAUNCHES:
        return None
    what = f"{again} finished jobs would be run again, which costs {again} units of quota"
    return _refusal("too-many-relaunches", what, "allow-relaunches")


def _forgets(recorded: Recorded, actions: Iterable[PlannedAction]) -> Diagnostic | None:
    known = sum(1 for record in recorded.jobs.values() if not record.forgotten)
    leaving = _count(actions, ActionKind.FORGET, Reason.NOT_IN_MANIFEST)
    if leaving <= FORGETS or leaving <= FORGOTTEN_SHARE * known:
        return None
    return _refusal("too-many-forgets", f"{leaving} of {known} recorded jobs would be forgotten", "allow-forgets")


def _count(actions: Iterable[PlannedAction], kind: ActionKind, reason: Reason) -> int:
    return sum(1 for a in actions if a.action is kind and a.reason is reason)


def _refusal(code: str, what: str, flag: str) -> Diagnostic:
    return error(code, what, f"if that is what you want, say --{flag}")
