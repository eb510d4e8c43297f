"""From rows to points for PixEx: each value as it is written, once it is seen to be a place on Earth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct, field, structs

from eocanvas_apply.campaign.point_columns import Columns, columns_of
from eocanvas_apply.campaign.row_faults import RowFaults
from eocanvas_apply.campaign.rows import Row
from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.documents.numbers import number_text
from eocanvas_apply.documents.pixex import Point
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.model.points import PointColumns, PointsFile
from eocanvas_apply.manifest.model.times import read_moment
from eocanvas_apply.manifest.substitution import is_empty, text_of

# A graph of more takes long to read at the service, and its body grows by 0.2 KB a point.
MOST_POINTS = 10_000
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WHOLE = re.compile(r"[-+]?[0-9]{1,9}")
_WITH_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_SEXAGESIMAL = re.compile(r"""(?i)[-+]?[0-9.,]+\s*[°d:'].*|[-+]?[0-9.]+\s*[NSEW]""")
_POINT = re.compile(r"POINT\((\S+) (\S+)(?: \S+)*\)")
# What XML cannot hold.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The names that PixEx takes.
_NAME = re.compile(r"[A-Za-z0-9_]+")
_LIMITS = {"lat": 90, "lon": 180}
_WORDS = {"lat": "latitude", "lon": "longitude"}


class Numbered(NamedTuple):
    """A row and its number in its file or list, counted from 0."""

    number: int
    row: Row


class Points(Struct):
    """The points of a job that can be used, and what is wrong with the others, each kind once.

    The path of a fault is the number of its row, and the column.
    """

    usable: list[Point] = field(default_factory=list)
    faults: RowFaults = field(default_factory=RowFaults)
    _seen: set[tuple[str, str | None]] = field(default_factory=set)

    def add(self, given: Numbered, columns: Columns) -> None:
        """Add the point of a row."""
        places = {
            what: self._degrees(what, given, column) for what, column in (("lat", columns.lat), ("lon", columns.lon))
        }
        latitude, longitude = places["lat"], places["lon"]
        if latitude is None or longitude is None:
            return
        if not self._lies_on_earth(given, columns, float(latitude), float(longitude)):
            return
        time, number = self._time(given, columns.time), len(self.usable)
        name = self._name(given, columns.name, time)
        id_ = _text(given.row.fields.get(columns.id)) if columns.id else None
        self.usable.append(Point(name, latitude, longitude, time, id_ or str(number)))

    def as_a_whole(self) -> Iterator[Diagnostic]:
        """Yield what is wrong with all points together: there are none, or too many."""
        if not self.usable and not self.faults:
            yield error("no-points", "there are no points", "add one, or remove `points`")
        if len(self.usable) > MOST_POINTS:
            hint = "write several jobs, each with a part of them"
            yield error(
                "too-many-points", f"a job takes at most {MOST_POINTS:,} points, not {len(self.usable):,}", hint
            )

    def fault(self, given: Numbered, found: Diagnostic, column: str | None = None) -> None:
        """Count one more row with a fault."""
        path = (given.number,) if column is None else (given.number, column)
        self.faults.add((found.code, found.message), given.row, partial(_itself, found), path)

    def _degrees(self, what: str, given: Numbered, column: str) -> str | None:
        value = given.row.fields.get(column)
        text = _text(value)
        if text is not None and _NUMBER.fullmatch(text):
            # The same number, however it is written, is the same graph.
            return str(int(text)) if _WHOLE.fullmatch(text) else repr(float(text))
        self.fault(given, _not_degrees(_WORDS[what], text), column)
        return None

    def _lies_on_earth(self, given: Numbered, columns: Columns, latitude: float, longitude: float) -> bool:
        if abs(latitude) <= _LIMITS["lat"] and abs(longitude) <= _LIMITS["lon"]:
            return True
        column = columns.lat if abs(latitude) > _LIMITS["lat"] else columns.lon
        if abs(longitude) <= _LIMITS["lat"] and abs(latitude) <= _LIMITS["lon"]:
            message, hint = "a latitude is beyond 90 degrees", "latitude and longitude seem to be swapped"
        elif abs(latitude) > _LIMITS["lon"] or abs(longitude) > 2 * _LIMITS["lon"]:
            message = "a point is beyond 90 degrees north or 180 degrees east"
            hint = "write degrees in WGS 84 (EPSG:4326); these look like metres of a map projection"
        elif abs(latitude) > _LIMITS["lat"]:
            message, hint = "a latitude is beyond 90 degrees", "latitudes run from -90 to 90"
        else:
            message, hint = "a longitude is beyond 180 degrees", "longitudes run from -180 to 180"
        self.fault(given, error("bad-point", message, hint), column)
        return False

    def _time(self, given: Numbered, column: str | None) -> str | None:
        value = given.row.fields.get(column) if column else None
        if is_empty(value):
            return None
        moment = read_moment(text_of(value))
        if moment is None or moment.fixed is None:
            hint = "write 2024-07-01 or 2024-07-01T10:00:00Z; `columns: {time: null}` reads no time"
            self.fault(given, error("bad-point", "this is not the time of a point", hint), column)
            return None
        return f"{moment.fixed:%Y-%m-%dT%H:%M:%S}"

    def _name(self, given: Numbered, column: str | None, time: str | None) -> str:
        value = given.row.fields.get(column) if column else None
        # As SNAP's own tool names them, which counts from 0.
        name = f"Coord_{len(self.usable)}" if is_empty(value) else text_of(value).strip()
        if isinstance(value, list | dict) or _NOT_XML.search(name):
            hint = "write a text of letters, digits and _"
            self.fault(given, error("bad-point", "the name of a point is no text that a graph can hold", hint), column)
        elif not _NAME.fullmatch(name):
            hint = "PixEx takes letters, digits and _; without a name a point is called Coord_0, Coord_1, ..."
            self.fault(given, warning("point-name", "PixEx may refuse the name of a point", hint), column)
        if (name, time) in self._seen:
            hint = "give each its own name, or its own time, so that their pixels can be kept apart"
            self.fault(given, error("point-twice", "two points have the same name", hint), column)
        self._seen.add((name, time))
        return name


def points_in_rows(rows: Sequence[Row], given: PointsFile) -> Points:
    """Return the points of a file's rows; raises ManifestError where the columns are not clear."""
    points = Points()
    numbered = list(map(Numbered, range(len(rows)), rows))
    return _points_of(_feature_rows(numbered, points) if given.kind == "geojson" else numbered, given.columns, points)


def points_in_list(values: Any) -> Points:
    """Return the points that stand in a manifest; raises ManifestError where their fields are not clear."""
    points = Points()
    try:
        return _points_of(_listed_rows(values, points), PointColumns(), points)
    except ManifestError as problem:
        # Only a file has columns with names of their own.
        hint = "call the fields of each point lat, lon, name and time"
        raise ManifestError(*(structs.replace(each, hint=hint) for each in problem.diagnostics)) from None


def _points_of(given: Sequence[Numbered], asked: PointColumns, points: Points) -> Points:
    known = list(dict.fromkeys(name for _, row in given for name in row.fields))
    if not given:
        return points
    columns = columns_of(known, asked)
    if columns.id and not all(_is_number(row.fields.get(columns.id)) for _, row in given):
        # PixEx numbers its points; any other id is a name.
        name = None if "name" in asked.model_fields_set else columns.id
        columns = structs.replace(columns, id=None, name=columns.name or name)
    for each in given:
        points.add(each, columns)
    return points


def _is_number(value: object) -> bool:
    text = _text(value)
    return text is not None and _WHOLE.fullmatch(text) is not None


def _listed_rows(values: Sequence[Any], points: Points) -> list[Numbered]:
    """Return the rows of a list in a manifest; what is no mapping is a fault."""
    hint = "write {lat: 54.4, lon: 10.2}, for a pair does not say which of the two comes first"
    for number, value in enumerate(values):
        if not isinstance(value, Mapping):
            row = Row(None, {"value": value if not isinstance(value, list) else text_of(value)})
            points.fault(Numbered(number, row), error("bad-point", "a point is a mapping of its fields", hint))
    return [Numbered(number, Row(None, each)) for number, each in enumerate(values) if isinstance(each, Mapping)]


def _feature_rows(given: Iterable[Numbered], points: Points) -> list[Numbered]:
    """Return the rows of a GeoJSON file with `lat` and `lon` of their points; other geometries are a fault."""
    placed = []
    for number, row in given:
        found = _POINT.fullmatch(str(row.fields.get("wkt")))
        if found is None:
            message, hint = "a feature is not a point", "keep the features whose geometry is a Point"
            named = Numbered(number, Row(row.id or f"feature {number + 1}", {}))
            points.fault(named, error("bad-point", message, hint))
            continue
        properties = {name: value for name, value in row.fields.items() if name not in _GEOMETRY}
        fields = {"id": row.id, **properties, "lat": found[2], "lon": found[1]}
        placed.append(Numbered(number, Row(row.id, fields)))
    return placed


_GEOMETRY = frozenset({"geometry", "wkt", "bbox", "lat", "lon"})


def _itself(found: Diagnostic) -> Diagnostic:
    return found


def _text(value: object) -> str | None:
    """Return a number or a text as it is written, None for anything else and for nothing."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return None


def _not_degrees(what: str, text: str | None) -> Diagnostic:
    if text is None:
        return error("bad-point", f"a point has no {what}", "give it one in degrees, or leave the point out")
    hint = "write degrees as a number, such as 54.4"
    if _WITH_COMMA.fullmatch(text):
        hint = f"write it with a decimal point: {text.replace(',', '.')}"
    elif _SEXAGESIMAL.fullmatch(text):
        hint = "write decimal degrees, south and west negative: 54.4, not 54°24'N"
    return error("bad-point", f"a {what} is not a number", hint)
