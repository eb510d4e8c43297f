"""Rows from JSON files, and from the values that a manifest itself lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from eocanvas_apply.campaign.readers.geojson import OutlineNotes
from eocanvas_apply.campaign.readers.geometry import KINDS, GeometryFault, outline
from eocanvas_apply.campaign.readers.json_text import locate, read_json
from eocanvas_apply.campaign.readers.reference_system import guard_reference_system
from eocanvas_apply.campaign.rows import ID, Found, Row, bounded, id_of
from eocanvas_apply.diagnostics import Diagnostic, Position, Severity, error
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.errors import ManifestError

VALUE = "value"


def value_rows(values: Iterable[Any]) -> Iterator[Row]:
    """Yield a row for each value: a mapping is its fields, anything else is the field `value` and the id."""
    for value in values:
        if isinstance(value, Mapping):
            yield Row(id_of(value.get(ID)), dict(value))
        else:
            yield Row(id_of(value), {VALUE: value})


def entry_rows(entries: Mapping[str, Any]) -> Iterator[Row]:
    """Yield a row for each entry; its name is the id, and a value that is no mapping is the field `value`."""
    for name, value in entries.items():
        yield Row(name, dict(value) if isinstance(value, Mapping) else {VALUE: value})


def json_rows(content: bytes, file: str, path: str | None = None) -> Found:
    """Return the rows of a JSON file's list, or of the list at a dotted path in it; raises ManifestError.

    A row whose field `geometry` is a GeoJSON geometry has `wkt` and `bbox` as well, unless it has fields of that name.
    """
    text, data = read_json(content, file)
    parts = path.split(".") if path else []
    for number, part in enumerate(parts):
        if not isinstance(data, dict) or part not in data:
            hint = f"the names there are {', '.join(map(str, data))}" if isinstance(data, dict) else ""
            message = f"`{path}` is not in this file: there is no `{part[:60]}`"
            raise _no_list(message, hint, locate(text, parts[:number], file))
        data = data[part]
    if isinstance(data, dict) and data and all(isinstance(value, dict) for value in data.values()):
        names: Sequence[str | int] = list(data)
        rows = entry_rows(data)
    elif isinstance(data, list):
        names, rows = range(len(data)), value_rows(data)
    else:
        raise _no_list("this is not a list of objects", _where_the_list_is(data), locate(text, parts, file))
    notes = OutlineNotes(text, file, "row")
    outlined = bounded(_with_outlines(rows, lambda number: (*parts, names[number]), notes), file)
    # A geometry that a row itself writes as WKT is judged where it is used.
    own = any("wkt" in each for each in (data.values() if isinstance(data, dict) else data) if isinstance(each, dict))
    return Found(outlined, warnings=notes.diagnostics(), judged=frozenset() if own else frozenset({"wkt"}))


def entry_place(content: bytes, file: str, number: int, name: str | None, path: str | None = None) -> Position:
    """Return where the field `name` of a row of a valid file stands; rows count from 0."""
    text, data = read_json(content, file)
    parts = path.split(".") if path else []
    for part in parts:
        data = data[part]
    row = list(data)[number] if isinstance(data, dict) else number
    return locate(text, (*parts, row, *([] if name is None else [name])), file)


def _where_the_list_is(data: Any) -> str:
    if not isinstance(data, dict):
        return ""
    is_geojson = data.get("type") in ("FeatureCollection", "Feature")
    return (
        "this is GeoJSON: write `geojson: FILE`"
        if is_geojson
        else "name the list with `json: {file: FILE, path: NAME}`"
    )


def _no_list(message: str, hint: str, place: Position) -> ManifestError:
    return ManifestError(error("json-path", message, hint).at(place))


def _with_outlines(rows: Iterator[Row], places: Callable[[int], Path], notes: OutlineNotes) -> Iterator[Row]:
    for number, row in enumerate(rows):
        geometry = row.fields.get("geometry")
        if not isinstance(geometry, dict) or geometry.get("type") not in KINDS:
            yield row
            continue
        own, findings = _outline(geometry)
        for each in findings:
            notes.add(each, number + 1, (*places(number), "geometry"))
        yield Row(row.id, {**own, **row.fields}, row.origins)


def _outline(geometry: dict[str, Any]) -> tuple[Mapping[str, Any], Sequence[Diagnostic]]:
    """Return `wkt` and `bbox` of a geometry; neither, and a warning, for one that cannot be used."""
    try:
        guard_reference_system(geometry)
        found = outline(geometry)
    except GeometryFault as problem:
        return {}, [replace(problem.found, severity=Severity.WARNING)]
    return ({"wkt": found.wkt, "bbox": found.bbox}, found.warnings) if found else ({"wkt": None, "bbox": None}, ())
