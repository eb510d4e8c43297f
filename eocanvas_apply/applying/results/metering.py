"""The progress of downloads: counted byte by byte, reported once a second at most."""

from __future__ import annotations

from dataclasses import dataclass, field

from eocanvas_apply.applying.session import Session
from eocanvas_apply.report.progress import Transfer

_PAUSE_S = 1.0


@dataclass(slots=True)
class _File:
    arrived: int
    total: int | None


@dataclass(slots=True)
class Meter:
    """The downloads of one job: `due` files are to come, those opened are known by the name of their part."""

    session: Session
    address: str
    due: int
    _files: dict[str, _File] = field(default_factory=dict)
    _stored: int = 0
    _told: float | None = None

    def open(self, name: str, arrived: int, total: int | None) -> None:
        """Note that a file comes: so many bytes of it are here from an earlier try, so many it has in all."""
        self._files[name] = _File(arrived, total)
        self._tell()

    def take(self, name: str, size: int) -> None:
        """Note that so many bytes arrived."""
        self._files[name].arrived += size
        now = self.session.clock.monotonic()
        if self._told is None or now - self._told >= _PAUSE_S:
            self._tell()

    def close(self, name: str) -> None:
        """Note that a file is whole and in its place."""
        self._files[name].total = self._files[name].arrived
        self._stored += 1
        self._tell()

    @property
    def outstanding(self) -> int:
        """How many bytes of the opened files are still to come, as far as their sizes are known."""
        return sum(max(0, file.total - file.arrived) for file in self._files.values() if file.total is not None)

    def _tell(self) -> None:
        self._told = self.session.clock.monotonic()
        totals = [file.total for file in self._files.values()]
        known = [total for total in totals if total is not None]
        expected = sum(known) if len(known) == self.due else None
        arrived = sum(file.arrived for file in self._files.values())
        self.session.tell_transfer(self.address, Transfer(self._stored, self.due, arrived, expected))
