"""The snapshot of a ledger in a bucket: an object beside its segments, one for each version of the fold."""

from __future__ import annotations

import io

from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.backends.object_store import ObjectStoreBackend, Segment
from eocanvas_apply.ledger.fold.recorded import VERSION, Recorded
from eocanvas_apply.ledger.snapshot_text import UNREADABLE, SnapshotReader, lines


class BucketSnapshots:
    """The snapshot of a ledger in a bucket, and the backend that reads on behind it. Methods block."""

    def __init__(self, backend: ObjectStoreBackend) -> None:
        self._backend = backend
        # Programs of several versions may work on one ledger: none takes the snapshot of another for its own.
        self._name = f"snapshots/{VERSION}.jsonl"

    @property
    def url(self) -> str:
        """The address of the object."""
        return f"{self._backend.url}/{self._name}"

    def load(self) -> Recorded | None:
        """Return the fold as the snapshot has it, and let the backend read on from there; None without one."""
        try:
            content = self._backend.bucket.content(self._name)
            reader = SnapshotReader(io.BytesIO(content or b""))
            header = reader.header
            last = Segment(header["segment"], header["batch"], header["tag"], header["head"])
            # The content names the append: no other segment of this or another ledger has it.
            fits = reader.is_current and self._backend.has(last)
            recorded = reader.recorded() if fits else None
        except (LedgerError, *UNREADABLE):
            # Where the storage does not answer, reading the ledger says so.
            return None
        if recorded:
            self._backend.resume(last)
        return recorded

    def save(self, recorded: Recorded) -> bool:
        """Write the fold of the entries that the backend has read.

        Tells whether that was possible; raises ValueError for the fold of anything else.
        """
        last = self._backend.last
        if recorded.head != last.head:
            raise ValueError(f"the fold is at {recorded.head}, the ledger was read to {last.head}")
        header = {"segment": last.name, "batch": last.batch, "tag": last.tag}
        try:
            self._backend.bucket.replace(self._name, b"".join(lines(header, recorded)))
        except LedgerError:
            return False
        return True
