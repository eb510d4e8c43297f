"""Rows from JSON files, and from the values that a manifest itself lists."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

from eocanvas_apply.campaign.readers.wkt import bounds, to_wkt
from eocanvas_apply.campaign.rows import ID, Row, id_of
from eocanvas_apply.diagnostics import Position, error
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


def json_rows(content: bytes, file: str, path: str | None = None) -> list[Row]:
    """Return the rows of a JSON file's list, or of the list at a dotted path in it; raises ManifestError.

    A row whose field `geometry` is a GeoJSON geometry has `wkt` and `bbox` as well, unless it has fields of that name.
    """
    data = parse_json(content, file)
    for part in path.split(".") if path else ():
        if not isinstance(data, dict) or part not in data:
            hint = f"the names there are {', '.join(map(str, data))}" if isinstance(data, dict) else ""
            _refuse(file, "json-path", f"`{path}` is not in this file: there is no `{part[:60]}`", hint)
        data = data[part]
    if isinstance(data, dict) and data and all(isinstance(value, dict) for value in data.values()):
        return [_with_outline(row) for row in entry_rows(data)]
    if not isinstance(data, list):
        hint = "name the list with `json: {file: FILE, path: NAME}`" if isinstance(data, dict) else ""
        _refuse(file, "json-path", "this is not a list of objects", hint)
    return [_with_outline(row) for row in value_rows(data)]


def parse_json(content: bytes, file: str) -> Any:
    """Return the data of a JSON file; raises ManifestError."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        _refuse(file, "file-encoding", "the text is not UTF-8", "save the file as UTF-8")
    except json.JSONDecodeError as fault:
        found = error("json-syntax", f"this is not valid JSON: {fault.msg}")
        raise ManifestError(found.at(Position(file, fault.lineno, fault.colno))) from None
    except (ValueError, RecursionError):
        _refuse(file, "json-syntax", "this JSON cannot be read", "it may hold NaN, or be nested too deeply")


def _with_outline(row: Row) -> Row:
    geometry = row.fields.get("geometry")
    if not isinstance(geometry, dict):
        return row
    try:
        return Row(row.id, {"wkt": to_wkt(geometry), "bbox": bounds(geometry), **row.fields}, row.origins)
    except (TypeError, ValueError, LookupError):
        return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(file: str, code: str, message: str, hint: str = "") -> NoReturn:
    raise ManifestError(error(code, message, hint).at(Position(file, 1, 1))) from None
