"""The results that lie here, as the record has them, and the fields of rows as columns of a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from eocanvas_apply.documents.numbers import WrittenFloat, WrittenInt, number_text
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.state.runs import counted_run


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
        record = recorded.jobs[address]
        if run := record.finished or counted_run(record):
            # In a list of its own: an index is made in a thread, and more is stored meanwhile.
            for each in list(run.stored.values()):
                yield StoredResult(address, run.job_id, each.file, each.size, each.sha256)


def column_names(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return the fields of rows (instance and fields each) that are a column of their own, sorted.

    `id` is none where it is the instance, nor `geometry` where it is the `wkt` beside it.
    """
    listed = list(rows)
    names = {name for _, fields in listed for name in fields}
    if all(in_a_table(fields.get("id")) in ("", instance) for instance, fields in listed):
        names.discard("id")
    if all(fields.get("geometry") == fields.get("wkt") for _, fields in listed):
        names.discard("geometry")
    return sorted(names)


def in_a_table(value: object) -> str:
    """Return a field of a row as the cell of a table: text and numbers as written, the rest JSON, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, WrittenInt | WrittenFloat):
        return number_text(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
