"""The results that lie here, as the record has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from eocanvas_apply.ledger.fold import Recorded
from eocanvas_apply.planning.runs import counted_run


class StoredResult(NamedTuple):
    """One result of one job: `file` is relative to the manifest, `size` in bytes, `sha256` in hex."""

    address: str
    job_id: str
    file: str
    size: int
    sha256: str


def stored_results(recorded: Recorded, addresses: Iterable[str]) -> Iterator[StoredResult]:
    """Yield the stored results of these jobs; those of a run that counts no more are not theirs any more."""
    for address in addresses:
        if done := recorded.jobs.finished(address):
            for file in done.files:
                yield StoredResult(address, done.job_id, file.file, file.size, file.sha256)
        elif run := counted_run(recorded.jobs[address]):
            for each in list(run.stored.values()):
                yield StoredResult(address, run.job_id, each.file, each.size, each.sha256)
