"""When an apply refuses: the safety rules, with their numbers and flags, and an accepted plan that does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath

from msgspec import Struct
from msgspec.structs import astuple, replace

from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.actions import QUIET, ActionKind
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.keys.comparison import is_tagged
from eocanvas_apply.planning.keys.ownership import Owners
from eocanvas_apply.planning.plan import Origin, Plan, PlannedAction, Requests
from eocanvas_apply.planning.reasons import JOB_ROWS, Reason
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.vocabulary import Allowance
from eocanvas_apply.web_addresses import same_service

_FORGOTTEN = JOB_ROWS[ActionKind.FORGET, Reason.NOT_IN_MANIFEST]
NEW_PLAN = "look at a new plan, and apply that"
# More than so many, and more than so many of a hundred that are on record.
DELETES, DELETED_PERCENT = 2, 30
RELAUNCHES = 10
FORGETS, FORGOTTEN_PERCENT = 5, 10


def refusals(
    desired: Desired, requests: Requests, recorded: Recorded, observed: Observed, actions: Sequence[PlannedAction]
) -> tuple[Diagnostic, ...]:
    """Return what holds an apply of these actions back; a destroy asks for itself."""
    if requests.destroy:
        return ()
    found = _broken(desired, requests, recorded, actions)
    rules = (_refusal(code, what, flag) for code, what, flag in found if flag not in requests.allowed)
    sealing = observed.sealing
    return (*(other_sealing_key(requests.sealing_key, sealing.digest) if sealing else ()), *rules)


def overruled(
    desired: Desired, requests: Requests, recorded: Recorded, actions: Sequence[PlannedAction]
) -> Iterator[Diagnostic]:
    """Yield what would hold an apply back if no flag allowed it: who reviews a plan must see that one does."""
    if requests.destroy or not requests.allowed:
        return
    for _, what, flag in _broken(desired, requests, recorded, actions):
        if flag in requests.allowed:
            yield warning("rule-overruled", f"{what}: --{flag} allows it")


def _broken(
    desired: Desired, requests: Requests, recorded: Recorded, actions: Sequence[PlannedAction]
) -> Iterator[tuple[str, str, Allowance]]:
    """Yield the rules that these actions break, each with its numbers and the flag that allows it."""
    found = (
        ("empty-manifest", _empty(desired, recorded), Allowance.EMPTY),
        ("too-many-deletes", _deletes(recorded, actions), Allowance.DELETES),
        ("too-many-relaunches", _relaunches(requests, actions), Allowance.RELAUNCHES),
        ("too-many-forgets", _forgets(recorded, actions), Allowance.FORGETS),
    )
    return ((code, what, flag) for code, what, flag in found if what)


class NewLedger(Struct, frozen=True):
    """Where a new ledger would be opened, and the local one of this project that is not used.

    With `lost_after_run` a CI machine would keep a local ledger of a real service.
    """

    url: str
    beside: PurePath | None = None
    lost_after_run: bool = False


def new_ledger(
    desired: Desired, requests: Requests, observed: Observed, place: NewLedger, command: str = "apply"
) -> Diagnostic | None:
    """Return what speaks against opening a new ledger: it may be that one exists elsewhere and is not in use here.

    `command` is what would open it.
    """
    if Allowance.NEW_LEDGER in requests.allowed:
        return None
    if place.beside:
        what = f"there is no ledger at {place.url}, and {place.beside} is one of this project"
        hint = f"to go on with it there: eocanvas-apply ledger copy {place.beside} {place.url}"
        return error("ledger-missing", what, f"{hint}\n{_unless(Allowance.NEW_LEDGER, command)}")
    if found := keys_without_ledger(desired, observed):
        return replace(found, hint=f"{found.hint}\n{_unless(Allowance.NEW_LEDGER, command)}")
    if not place.lost_after_run:
        return None
    what = "this is a CI machine: a ledger in a local file is gone after the run, and the next one launches all again"
    return error("ledger-not-kept", what, _unless(Allowance.NEW_LEDGER, command))


def keys_without_ledger(desired: Desired, observed: Observed) -> Diagnostic | None:
    """Return that the account has keys of this project although there is no ledger here, None where it has none."""
    owners = Owners.of(observed, Recorded())
    tagged = [key for key in observed.keys.values() if is_tagged(key.description, desired.project)]
    ours = sorted(key.name for key in tagged if not owners.exclude(key))
    if not ours:
        return None
    count = "a key" if len(ours) == 1 else f"{len(ours)} keys"
    what = f"there is no ledger here, and the account already shows {count} of {desired.project!r}: "
    hint = "if the ledger is lost, eocanvas-apply ledger rebuild makes it anew from what the service shows"
    return _with_own_project(desired, error("ledger-missing", what + ", ".join(ours[:3]), hint))


def _with_own_project(desired: Desired, refusal: Diagnostic) -> Diagnostic:
    """Return a refusal that also says how two environments of one account are kept apart."""
    if (name := desired.environment) is None:
        return refusal
    advice = f"if they are of another environment, give this one a project of its own: environments.{name}.project"
    return replace(refusal, hint=f"{advice}\n{refusal.hint}" if refusal.hint else advice)


def other_sealing_key(required: str | None, shown: str) -> tuple[Diagnostic, ...]:
    """Return that secrets would be sealed for another reader than the one who was asked for."""
    if required in (None, shown):
        return ()
    what = f"the service's public key is sha256:{shown}, and sha256:{required} is required"
    hint = "nothing is sealed for it; ask the service whether it has changed its key"
    return (error("sealing-key-refused", what, hint),)


def _empty(desired: Desired, recorded: Recorded) -> str | None:
    if desired.keys or desired.jobs or desired.campaigns:
        return None
    kept = sum(1 for record in recorded.keys.values() if record.current) + len(_known(recorded))
    if not kept:
        return None
    return f"the manifest declares nothing, and {kept} keys and jobs are on record"


def _deletes(recorded: Recorded, actions: Sequence[PlannedAction]) -> str | None:
    living = {record.address for record in recorded.keys.values() if record.current}
    if len(living) <= DELETES:
        return None
    # An old generation that goes is no loss, its key stays.
    going = {str(Address.parse(a.address).whole) for a in actions if a.goes and a.goes.reason is not Reason.SUPERSEDED}
    leaving = len(going & living)
    if leaving <= DELETES or leaving * 100 <= DELETED_PERCENT * len(living):
        return None
    return f"{leaving} of {len(living)} recorded keys would be deleted"


def _relaunches(requests: Requests, actions: Sequence[PlannedAction]) -> str | None:
    again = sum(a.row.repeats or a.runs_again is not None for a in actions)
    if requests.limit is not None:
        again = min(again, requests.limit)
    if again <= RELAUNCHES:
        return None
    return f"{again} jobs would be run again, which costs {again} units of quota"


def _forgets(recorded: Recorded, actions: Sequence[PlannedAction]) -> str | None:
    # What the command line forgets or destroys is asked for by name; a row out of its window stays on record.
    known = len(_known(recorded))
    leaving = sum(a.goes is _FORGOTTEN for a in actions) if known > FORGETS else 0
    if leaving <= FORGETS or leaving * 100 <= FORGOTTEN_PERCENT * known:
        return None
    return f"{leaving} of {known} recorded jobs would be forgotten"


def _known(recorded: Recorded) -> set[str]:
    return {record.address for record in recorded.jobs.values() if not record.forgotten}


def _refusal(code: str, what: str, flag: Allowance) -> Diagnostic:
    return error(code, what, _unless(flag, "apply"))


def _unless(flag: Allowance, command: str) -> str:
    return f"{command} refuses this unless --{flag} is given"


def departures(accepted: Plan, now: Plan) -> tuple[Diagnostic, ...]:
    """Return why an accepted plan does not hold any more, nothing where it does.

    It may be given again until its actions are done. A plan that was made without a ledger holds for the one that it
    opened.
    """
    return *changed_manifest(accepted, now), *other_departures(accepted, now)


def changed_manifest(accepted: Plan, now: Plan) -> tuple[Diagnostic, ...]:
    """Return that a plan was made from another manifest, nothing where it was not."""
    if accepted.origin.manifest_digest == now.origin.manifest_digest:
        return ()
    what = "the manifest, a file that it names, a variable or the lock changed"
    return (error("plan-stale", what, NEW_PLAN),)


def other_departures(accepted: Plan, now: Plan) -> tuple[Diagnostic, ...]:
    """Return why a plan does not hold any more, but for the manifest."""
    covers = coverage(accepted)
    new = (not_planned(action) for action in now.actions if not covers(action))
    return *_origin_faults(accepted.origin, now.origin), *_ledger_faults(accepted, now), *new


def coverage(accepted: Plan) -> Callable[[PlannedAction], bool]:
    """Return what tells of an action whether it is in an accepted plan, or a consequence of it."""
    planned, again = accepted.by_address(), accepted.run_again
    return lambda action: _covered(action, planned.get(action.address), again_too=action.address in again)


def not_planned(action: PlannedAction) -> Diagnostic:
    """Return that an action is not in the plan that was accepted."""
    what = f"{action.address}: {action.action} ({action.reason}) is not in the plan"
    return error("plan-stale", what, NEW_PLAN, address=action.address)


def _origin_faults(before: Origin, after: Origin) -> Iterator[Diagnostic]:
    same = (before.project, before.account) == (after.project, after.account)
    if not same or not same_service(before.service, after.service):
        place = f"{before.project} at {before.service} as {before.account}"
        yield error("plan-stale", f"the plan is for {place}", NEW_PLAN)


def _ledger_faults(accepted: Plan, now: Plan) -> Iterator[Diagnostic]:
    before, after = accepted.origin.ledger_id, now.origin.ledger_id
    if before not in (None, after):
        yield error("plan-stale", "the plan was made with another ledger", NEW_PLAN)
    if before is None and after is not None and now.ledger_opened_by not in (None, accepted.plan_id):
        yield error("plan-stale", "the plan was made before there was a ledger, which another plan opened", NEW_PLAN)


def _covered(action: PlannedAction, planned: PlannedAction | None, *, again_too: bool) -> bool:
    if action.runs_again:
        return again_too
    if planned is not None and (action.goes_later or planned.goes_later) and planned.goes is action.goes:
        # The plan shows that it goes, at once or when nothing uses it any more.
        return True
    if action.goes_later:
        return False
    if action.action in QUIET or action.row.consequence:
        return True
    if action.row.repeats and planned is not None and planned.runs_again:
        return True
    if action.action is ActionKind.LAUNCH and planned is not None and planned.lies_ahead:
        # The plan shows that it goes when others have ended: until then it waits or is held back.
        return True
    return planned is not None and _content(planned) == _content(action)


def _content(action: PlannedAction) -> object:
    # As JSON: a plan may come from a file, which knows no tuples.
    return action.action, [json.dumps(astuple(change), sort_keys=True, default=str) for change in action.changes]
