"""The results of jobs as a table, as CSV and as GeoJSON, and what to do about missing ones."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from eocanvas_apply.planning.plan import campaign_of
from eocanvas_apply.planning.state.stored import column_names, in_a_table
from eocanvas_apply.render.layout import PLAIN, Style, counted, html_table, table
from eocanvas_apply.report.job_rows import JobRow
from eocanvas_apply.report.row_geometry import geometry_of

# One result: `address`, `job_id`, `file`, `size`, `sha256`, `state` and `location`. The state is here, edited (not what
# was stored), missing (stored once, not in its place), pending (not fetched yet) or at-key; for the latter two `file`
# is the service's title, the others are unknown. `location` is where a result at a key lies, None where that is
# unknown, and for any other.
StoredRow = Mapping[str, Any]
_COLUMNS = ("file", "location", "size", "sha256")
_WORDS = {"at-key": "at the key", "pending": "not fetched", "missing": "missing"}


def text(results: Sequence[StoredRow], style: Style = PLAIN) -> str:
    """Return one row a result, and what to do about those that are not downloaded.

    Where results lie at a key, their place there comes first and the service's title behind it.
    """
    titled = any(each["location"] for each in results)
    head = ("job", "size", "file", "title at the service") if titled else ("job", "size", "file")
    rows = [[each["address"], _size(each), *_names(each)][: len(head)] for each in results]
    return (table(head, rows, style) or "No results yet; what jobs are doing: eocanvas-apply status\n") + _hint(results)


def _names(each: StoredRow) -> tuple[str, str]:
    return (each["location"], each["file"]) if each["location"] else (each["file"], "")


def csv_text(results: Sequence[StoredRow], rows: Sequence[JobRow]) -> str:
    """Return a line a result, and one for each job without any; the fields of its row are `each.<name>`."""
    names = column_names((row.instance, row.fields) for row in rows)
    files = _by_address(results)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        ("address", "instance", *(f"each.{name}" for name in names), "state", "job_id", *_COLUMNS, "remarks")
    )
    for row in rows:
        own = [in_a_table(row.fields.get(name)) for name in names]
        for each in files.get(row.address) or [dict.fromkeys(_COLUMNS)]:
            cells = (in_a_table(each[column]) for column in _COLUMNS)
            writer.writerow((row.address, row.instance, *own, row.state, row.job_id, *cells, row.remarks))
    return file.getvalue()


def geojson_text(results: Sequence[StoredRow], rows: Sequence[JobRow]) -> str | None:
    """Return a FeatureCollection (RFC 7946) with a feature for each instance of the campaigns whose rows are on a map.

    Properties: address, instance, state, files (paths, and where results lie at a key). None where no row has a
    geometry.
    """
    shapes = {row.address: geometry_of(row.fields) for row in rows}
    on_a_map = {campaign_of(address) or address for address, shape in shapes.items() if shape}
    files = _by_address(results)
    features = [
        _feature(row, shapes[row.address], files.get(row.address, []))
        for row in rows
        if (campaign_of(row.address) or row.address) in on_a_map
    ]
    if not features:
        return None
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"


def _feature(row: JobRow, geometry: Mapping[str, Any] | None, files: Sequence[StoredRow]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": row.address,
        "geometry": geometry,
        "properties": {
            "address": row.address,
            "instance": row.instance,
            "state": row.state,
            "files": [each["location"] or each["file"] for each in files],
        },
    }


def _by_address(results: Sequence[StoredRow]) -> Mapping[str, list[StoredRow]]:
    files: dict[str, list[StoredRow]] = defaultdict(list)
    for each in results:
        files[each["address"]].append(each)
    return files


def _size(each: StoredRow) -> str:
    if each["size"] is None:
        return _WORDS.get(each["state"], "")
    return f"{each['size']:,} B" + (f", {each['state']}" if each["state"] in ("missing", "edited") else "")


def _hint(results: Sequence[StoredRow]) -> str:
    states = [each["state"] for each in results]
    lines = []
    if pending := states.count("pending"):
        lines.append(f"{counted(pending, 'result')} not downloaded: eocanvas-apply results --fetch\n")
    # Only the index of its folder, which fetching reads, says whether a missing file was ever downloaded here.
    if missing := states.count("missing"):
        lines.append(
            f"{counted(missing, 'file')} missing: eocanvas-apply results --fetch brings what another machine stored, "
            "--refetch also what was removed here\n"
        )
    if edited := states.count("edited"):
        lines.append(f"{counted(edited, 'file')} edited: eocanvas-apply results --refetch brings what was fetched\n")
    return "".join(lines)


def html(results: Sequence[StoredRow]) -> str:
    """Return one row a result as a table for a notebook."""
    rows = [(each["address"], *_names(each), _size(each), each["state"]) for each in results]
    head = ("job", "file", "title at the service", "size", "state")
    return html_table(counted(len(results), "result"), head, rows, _hint(results))
