"""Moves that a manifest asks for and the ledger does not hold yet.

What is on record is seen under the new addresses. What is appended before the moves are recorded is written under the
addresses that the ledger has: only an apply records moves, and other manifests may still have the old names.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.ledger.events import AddressEvent, AnyEvent, Moved
from eocanvas_apply.ledger.fold.moved_records import moves_of
from eocanvas_apply.ledger.fold.recorded import Recorded


class MovesAhead(Struct):
    """The moves in their order, each as the event that records it."""

    moves: list[Moved] = field(default_factory=list)
    # The address in the ledger of each record that is seen under another one.
    _written_as: dict[str, str] = field(default_factory=dict)
    # Launches and jobs of a forgotten record that a new address had before.
    _staying: set[str] = field(default_factory=set)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The old and the new address of each move."""
        return tuple((move.address, move.to) for move in self.moves)

    def note(self, move: Moved, recorded: Recorded) -> None:
        """See what is on record as it is after this move."""
        for old, new in moves_of(move, recorded.keys, recorded.jobs).items():
            self._written_as[new] = self._written_as.pop(old, old)
            if before := recorded.jobs.get(new):
                self._staying |= {*before.intents, *before.runs}
        recorded.note([move])
        self.moves.append(move)

    def as_written(self, events: Iterable[AnyEvent]) -> list[AnyEvent]:
        """Return events as the ledger is to have them; events that record the moves are followed by new addresses."""
        given = list(events)
        return given if any(isinstance(each, Moved) for each in given) else [self._as_written(each) for each in given]

    def _as_written(self, event: AnyEvent) -> AnyEvent:
        if not isinstance(event, AddressEvent) or event.address not in self._written_as:
            return event
        stays = {getattr(event, "intent", None), getattr(event, "job_id", None)} & self._staying
        return event if stays else replace(event, address=self._written_as[event.address])

    def end(self, events: Iterable[AnyEvent]) -> None:
        """Take out the moves that are on record by these events."""
        recorded = [event for event in events if isinstance(event, Moved)]
        self.moves = [move for move in self.moves if move not in recorded]
        if not self.moves:
            self._written_as.clear()
            self._staying.clear()
