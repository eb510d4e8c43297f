"""The snapshot in a file beside a ledger in a file."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import Any

from pydantic_core import from_json

from eocanvas_apply.file_locks import locked
from eocanvas_apply.ledger.backends.local import LocalBackend
from eocanvas_apply.ledger.entry import Place
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.snapshot_text import UNREADABLE, SnapshotReader, lines

# The end of the ledger that is compared; an entry is shorter.
_END = 1 << 20


class LocalSnapshots:
    """The one snapshot of a ledger in a local file, and the backend that reads on behind it. Methods block."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        self.path = backend.path.with_name(backend.path.name.removesuffix(".jsonl") + ".snapshot")

    @property
    def url(self) -> str:
        """The file's path."""
        return str(self.path)

    def load(self) -> Recorded | None:
        """Return the fold as the snapshot has it, and let the backend read on from there; None without one."""
        try:
            with self.path.open("rb") as file:
                reader = SnapshotReader(file)
                header = reader.header
                recorded = reader.recorded() if reader.is_current and self._fits(header) else None
        except (OSError, *UNREADABLE):
            return None
        if recorded:
            self._backend.resume(Place(header["offset"], header["head"]))
        return recorded

    def save(self, recorded: Recorded) -> bool:
        """Write the fold of the entries that the backend has read, all at once or not at all.

        Tells whether that was possible; raises ValueError for the fold of anything else.
        """
        place = self._backend.place
        if recorded.head != place.head:
            raise ValueError(f"the fold is at {recorded.head}, the ledger was read to {place.head}")
        partial = self.path.with_name(f"{self.path.name}.part")
        try:
            # Of two runs one is enough; what a killed run left is written over.
            with locked(self.path):
                header = {"offset": place.offset, "end": _digest(self._end(place.offset))}
                with open(partial, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                    file.writelines(lines(header, recorded))
                partial.replace(self.path)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            return False
        return True

    def _fits(self, header: dict[str, Any]) -> bool:
        end = self._end(header["offset"])
        last = end[end.rfind(b"\n", 0, -1) + 1 :]
        # An entry's own number and batch are in it: no other entry of this or another ledger has this digest.
        return _digest(end) == header["end"] and bool(from_json(last)["seq"] == header["head"])

    def _end(self, offset: int) -> bytes:
        """Return the last bytes of the ledger before an offset."""
        begin = max(0, offset - _END)
        with self._backend.path.open("rb") as ledger:
            ledger.seek(begin)
            return ledger.read(max(0, offset - begin))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
