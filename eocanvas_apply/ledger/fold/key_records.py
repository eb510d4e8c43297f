"""Keys as they are recorded: every generation that was made, or meant to be made."""

from __future__ import annotations

from msgspec import Struct, field

from eocanvas_apply.ledger.events import DeleteReason, KeyAbandoned, KeyCreated, KeyIntended


class Generation(Struct, omit_defaults=True):
    """One physical key that we made or meant to make, or that is `adopted`: made elsewhere, and imported.

    `delete_reason` is why it is deleted for good; None where the next one takes its name at once, or it is unknown.
    """

    number: int
    name: str
    intended: KeyIntended | None = None
    created: KeyCreated | None = None
    abandoned: KeyAbandoned | None = None
    draining: bool = False
    delete_intended: bool = False
    delete_reason: DeleteReason | None = None
    deleted: bool = False
    adopted: bool = False

    @property
    def open(self) -> bool:
        """Whether it is unknown yet if it was created."""
        return self.created is None and self.abandoned is None and not self.deleted

    @property
    def live(self) -> bool:
        """Whether it was created and not deleted since."""
        return self.created is not None and not self.deleted


class KeyRecord(Struct, omit_defaults=True):
    """All generations of one key, oldest first."""

    address: str
    generations: dict[int, Generation] = field(default_factory=dict)

    @property
    def latest(self) -> Generation | None:
        """The youngest generation, whatever became of it."""
        return self.generations[max(self.generations)] if self.generations else None

    @property
    def newest(self) -> Generation | None:
        """The youngest generation that was ever created, whatever became of it; where none was, the youngest."""
        created = [g for g in self.generations.values() if g.created]
        return max(created, key=lambda g: g.number, default=self.latest)

    @property
    def current(self) -> Generation | None:
        """The youngest generation that lives."""
        live = [g for g in self.generations.values() if g.live]
        return max(live, key=lambda g: g.number) if live else None

    @property
    def sealed(self) -> KeyIntended | None:
        """What the youngest generation that lives was sealed as, under the address that the key had then."""
        return self.current.intended if self.current else None
