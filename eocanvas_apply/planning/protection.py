"""What is protected: addresses that no apply deletes, replaces, forgets or runs again without being allowed to.

The manifest names them in `protect:`, and an apply records that: a protection outlives its line, until it is lifted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from shlex import quote

from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.ledger.events import Protected
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address, typed
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import PlannedAction, Requests
from eocanvas_apply.planning.reasons import Row, row_of

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
    return _is_named(address, desired, recorded) and not any(names(each, address) for each in requests.unprotected)


def _is_named(address: str, desired: Desired, recorded: Recorded) -> bool:
    return any(names(each, address) for each in (*desired.protect, *recorded.protected))


def protection(
    desired: Desired, recorded: Recorded, requests: Requests, actions: Sequence[PlannedAction]
) -> tuple[Diagnostic, ...]:
    """Return what holds an apply of these actions back because an address is protected."""
    lost = [
        (a, loss) for a, loss in _losses(desired, recorded, actions) if is_protected(a, desired, recorded, requests)
    ]
    command, recorded_only = "destroy" if requests.destroy else "apply", recorded.protected - set(desired.protect)
    return tuple(_refusal(alike, command, recorded_only) for alike in _by_action(lost))


def lifted_protection(
    desired: Desired, recorded: Recorded, requests: Requests, actions: Sequence[PlannedAction]
) -> Iterator[Diagnostic]:
    """Yield what is protected and lost all the same, because the command line allows it."""
    if not requests.unprotected:
        return
    losses = _losses(desired, recorded, actions)
    lost = [(a, loss) for a, loss in losses if not is_protected(a, desired, recorded, requests)]
    for alike in _by_action(lost):
        yield warning("rule-overruled", f"{_said(alike)}: --allow-protected allows it")


def _losses(desired: Desired, recorded: Recorded, actions: Sequence[PlannedAction]) -> Iterator[tuple[str, Row]]:
    """Yield what is protected and lost, now or later in the run, with the row by which it is."""
    if desired.protect or recorded.protected:
        losses = ((action.address, loss) for action in actions if (loss := _loss(action)))
        yield from ((address, loss) for address, loss in losses if _is_named(address, desired, recorded))


def _by_action(lost: Sequence[tuple[str, Row]]) -> Iterator[list[tuple[str, Row]]]:
    kinds = dict.fromkeys(loss.action for _, loss in lost)
    return ([each for each in lost if each[1].action is kind] for kind in kinds)


def changes_of_protection(desired: Desired, recorded: Recorded, requests: Requests) -> Iterable[Protected]:
    """Yield what is to be recorded: new protections, and those lifted that the manifest has no more."""
    yield from (Protected(pattern=each) for each in desired.protect if each not in recorded.protected)
    lifted = recorded.protected & requests.unprotected - set(desired.protect)
    yield from (Protected(pattern=each, lifted=True) for each in sorted(lifted))


def _loss(action: PlannedAction) -> Row | None:
    """Return the row by which something is lost, now or later in the run: deleted, replaced, forgotten, run again."""
    if action.runs_again:
        return row_of(action.address, ActionKind.RELAUNCH, action.runs_again)
    row = action.goes or action.row
    return row if row.loses or action.row.repeats else None


def _refusal(alike: Sequence[tuple[str, Row]], command: str, recorded_only: Iterable[str]) -> Diagnostic:
    first, _ = alike[0]
    given = typed(str(Address.parse(first).whole) if first.startswith("key.") else first)
    hint = f"{command} refuses this unless --allow-protected {given} is given; also for several, such as job.x/*"
    kept = [quote(pattern) for pattern in sorted(recorded_only) if names(pattern, first)]
    if kept:
        hint += f"\nonly the ledger protects it; --allow-protected {kept[0]} ends that"
    return error("protected", _said(alike), hint, address=first if len(alike) == 1 else None)


def _said(alike: Sequence[tuple[str, Row]]) -> str:
    (_, loss), more = alike[0], len(alike) - _NAMED
    named = ", ".join(address for address, _ in alike[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{named}: protected, and the plan is to {loss.action} ({loss.reason})"
