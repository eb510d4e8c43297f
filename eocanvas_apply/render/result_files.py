"""The results of jobs as a table, as CSV, and what to do about missing ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from eocanvas_apply.planning.state.stored import in_a_table
from eocanvas_apply.render.layout import PLAIN, Style, counted, html_table, table

# One result: `address`, `job_id`, `file`, `size`, `sha256` and `state`, which is here, missing (stored once, not in its
# place), pending (not fetched yet) or at-key; for the latter two `file` is the service's title, the others are unknown.
StoredRow = Mapping[str, Any]
_COLUMNS = ("job_id", "file", "size", "sha256")
_WORDS = {"at-key": "at the key", "pending": "not fetched", "missing": "missing"}


def text(results: Sequence[StoredRow], style: Style = PLAIN) -> str:
    """Return one row a result, and what to do about those that are not downloaded."""
    rows = [[each["address"], _size(each), each["file"]] for each in results]
    return (table(("job", "size", "file"), rows, style) or "No results yet.\n") + _hint(results)


def csv_text(results: Sequence[StoredRow], rows: Mapping[str, tuple[str, Mapping[str, Any]]]) -> str:
    """Return them as CSV; `rows` hold the instance of each address and the fields of its row, `each.<name>` here."""
    names = sorted({name for _, fields in rows.values() for name in fields})
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("address", "instance", *(f"each.{name}" for name in names), *_COLUMNS))
    for each in results:
        instance, fields = rows.get(each["address"], ("", {}))
        own = [in_a_table(fields.get(name)) for name in names]
        writer.writerow((each["address"], instance, *own, *(in_a_table(each[column]) for column in _COLUMNS)))
    return file.getvalue()


def _size(each: StoredRow) -> str:
    if each["size"] is None:
        return _WORDS.get(each["state"], "")
    return f"{each['size']:,} B" + (", missing" if each["state"] == "missing" else "")


def _hint(results: Sequence[StoredRow]) -> str:
    states = [each["state"] for each in results]
    pending, missing = states.count("pending"), states.count("missing")
    if not pending and not missing:
        return ""
    # Only the index of its folder, which fetching reads, says whether a missing file was ever downloaded here.
    removed = "; --refetch also fetches removed files" if missing else ""
    return f"{counted(pending + missing, 'result')} not downloaded: eocanvas-apply results --fetch{removed}\n"


def html(results: Sequence[StoredRow]) -> str:
    """Return one row a result as a table for a notebook."""
    rows = [(each["address"], each["file"], _size(each), each["state"]) for each in results]
    return html_table(counted(len(results), "result"), ("job", "file", "size", "state"), rows, _hint(results))
