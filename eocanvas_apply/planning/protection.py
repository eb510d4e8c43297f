"""What is protected: addresses that no apply deletes, replaces, forgets or runs again without being allowed to.

The manifest names them in `protect:`, and an apply records that: a protection outlives its line, until it is lifted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger.events import Protected
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import PlannedAction, Requests

_NAMED = 3


def names(pattern: str, address: str) -> bool:
    """Tell whether a pattern names an address: an address, a bare name, `NAME/ID`, each also with `*`."""
    found = Address.parse(address)
    spelt = {address, str(found.whole), found.name}
    if found.instance is not None:
        spelt |= {f"{found.whole}/{found.instance}", f"{found.name}/{found.instance}"}
    # An instance is written in brackets, which a pattern would take for a choice of letters.
    return pattern in spelt or any(fnmatchcase(each, pattern) for each in spelt)


def is_protected(address: str, desired: Desired, recorded: Recorded, requests: Requests) -> bool:
    """Tell whether an address is protected, and this run is not allowed to touch it."""
    patterns = (*desired.protect, *recorded.protected)
    allowed = any(names(each, address) for each in requests.unprotected)
    return not allowed and any(names(each, address) for each in patterns)


def protection(
    desired: Desired, recorded: Recorded, requests: Requests, actions: Sequence[PlannedAction]
) -> tuple[Diagnostic, ...]:
    """Return what holds an apply of these actions back because an address is protected."""
    if not (desired.protect or recorded.protected):
        return ()
    found = [a for a in actions if _is_lost(a) and is_protected(a.address, desired, recorded, requests)]
    return tuple(_refusal([a for a in found if a.action is kind]) for kind in dict.fromkeys(a.action for a in found))


def refusal(address: str, done: str) -> Diagnostic:
    """Return that one address is protected, and may not be `done`: forgotten, cancelled."""
    hint = f"--allow-protected {address} allows it"
    return error("protected", f"{address} is protected, and would be {done}", hint, address=address)


def changes_of_protection(desired: Desired, recorded: Recorded, requests: Requests) -> Iterable[Protected]:
    """Yield what is to be recorded: new protections, and those lifted that the manifest has no more."""
    yield from (Protected(pattern=each) for each in desired.protect if each not in recorded.protected)
    lifted = recorded.protected & requests.unprotected - set(desired.protect)
    yield from (Protected(pattern=each, lifted=True) for each in sorted(lifted))


def _is_lost(action: PlannedAction) -> bool:
    return action.row.loses or action.relaunches_finished or action.runs_again is not None


def _refusal(alike: Sequence[PlannedAction]) -> Diagnostic:
    first = alike[0]
    named = ", ".join(each.address for each in alike[:_NAMED])
    more = f" and {len(alike) - _NAMED} more" if len(alike) > _NAMED else ""
    hint = f"apply refuses this unless --allow-protected {first.address} is given; also for several, such as job.x/*"
    message = f"{named}{more}: protected, and the plan is to {first.action} ({first.reason})"
    return error("protected", message, hint, address=first.address if len(alike) == 1 else None)
