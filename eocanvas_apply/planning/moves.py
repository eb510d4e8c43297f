"""What `moved:` asks for: the moves that are to be recorded, and those that cannot be.

A line whose old address has nothing on record does nothing, so that it may stay in the manifest for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.ledger.events import AnyEvent, Moved
from eocanvas_apply.ledger.fold.moved_records import moved_address, moves_of
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import Requests


def note_moves(desired: Desired, requests: Requests, recorded: Recorded) -> list[Moved]:
    """Note in the record what has moved, and return the events; moves in a row are followed to their end.

    Nothing moves where jobs are only stopped: that is done under the addresses that they have on record.
    """
    noted: list[Moved] = []
    for _ in () if requests.cancel else desired.moved:
        if found := next(_pending(desired, recorded), None):
            recorded.note([found])
            noted.append(found)
    return noted


def as_pairs(facts: Iterable[AnyEvent]) -> tuple[tuple[str, str], ...]:
    """Return the old and the new address of each move among these facts, as a plan has them."""
    return tuple((fact.address, fact.to) for fact in facts if isinstance(fact, Moved))


def _pending(desired: Desired, recorded: Recorded) -> Iterator[Moved]:
    for source, target in desired.moved:
        move = Moved(address=source, to=target)
        if not is_desired(source, desired) and moves_of(move, recorded.keys, recorded.jobs):
            yield move


def is_desired(address: str, desired: Desired) -> bool:
    """Tell whether the manifest has a key, a job, a campaign or an instance of this address."""
    name = address.removeprefix("job.")
    return address in desired.keys or address in desired.jobs or (name != address and name in desired.campaigns)


def moves_left(desired: Desired, recorded: Recorded) -> Iterator[Diagnostic]:
    """Yield each line of `moved:` whose old address is still on record, and why; `recorded` holds the moves."""
    for place, (source, target) in enumerate(desired.moved):
        move = Moved(address=source, to=target)
        staying = [each for each in (*recorded.keys, *recorded.jobs) if moved_address(move, each)]
        staying = [each for each in staying if each in recorded.keys or not recorded.jobs[each].forgotten]
        if staying:
            yield replace(_left(source, target, desired), path=("moved", place, "from"))


def _left(source: str, target: str, desired: Desired) -> Diagnostic:
    if is_desired(source, desired):
        what, hint = f"{source} does not move to {target}: the campaign still has a row of this id", "remove the line"
    else:
        what = f"{source} does not move to {target}, which has a record of its own"
        hint = f"remove the line: what {source} was is given up, as of anything that the manifest does not have"
    return warning("not-moved", what, hint, address=source)
