"""What `moved:` asks for: the moves that are to be recorded, and those that cannot be.

A line whose old address has nothing on record does nothing, so that it may stay in the manifest for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.ledger.events import Moved
from eocanvas_apply.ledger.fold.moved_records import moves_of, recorded_of
from eocanvas_apply.ledger.fold.moves_ahead import MovesAhead
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired

Lines = Iterable[tuple[str, str]]


def see_moves(desired: Desired, recorded: Recorded, ahead: MovesAhead) -> None:
    """See what is on record through the moves that the manifest asks for and that are not on record yet."""
    see_lines(desired.moved, lambda address: is_desired(address, desired), recorded, ahead)


def see_lines(lines: Lines, stays: Callable[[str], bool], recorded: Recorded, ahead: MovesAhead) -> None:
    """See what is on record through lines of `moved:`; what `stays` in the manifest does not move.

    Moves in a row are followed to their end.
    """
    moves = [Moved(address=source, to=target) for source, target in lines]
    # An instance that has a line of its own does not go with its campaign.
    moves.sort(key=lambda move: "[" not in move.address)
    for _ in moves:
        seen = len(ahead.moves)
        for move in moves:
            if moves_of(move, recorded.keys, recorded.jobs) and not stays(move.address):
                ahead.note(move, recorded)
        # A line may have waited for one behind it.
        if len(ahead.moves) == seen:
            break


def is_desired(address: str, desired: Desired) -> bool:
    """Tell whether the manifest has a key, a job, a campaign or an instance of this address."""
    name = address.removeprefix("job.")
    return address in desired.keys or address in desired.jobs or (name != address and name in desired.campaigns)


def moves_left(desired: Desired, recorded: Recorded) -> Iterator[Diagnostic]:
    """Yield each line of `moved:` whose old address is still on record, and why; `recorded` holds the moves."""
    for place, (source, target) in enumerate(desired.moved):
        move = Moved(address=source, to=target)
        staying = recorded_of(move, recorded.keys, recorded.jobs)
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
