"""Rows from GeoJSON files (RFC 7946): one for each feature, with its geometry as WKT and its bounding box."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.campaign.readers.geometry import KINDS, GeometryFault, Outline, fault, outline
from eocanvas_apply.campaign.readers.json_text import locate, read_json
from eocanvas_apply.campaign.readers.reference_system import guard_reference_system
from eocanvas_apply.campaign.rows import ID, Found, Row, bounded, id_of
from eocanvas_apply.diagnostics import Diagnostic, Position, error, fault_of, has_errors, warning
from eocanvas_apply.documents.numbers import without_texts
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.errors import ManifestError

_DEGREES = 1e-6
_HALF_GLOBE = 180
_COORDINATES: Mapping[str, Path] = {"lat": ("coordinates", 1), "lon": ("coordinates", 0)}
_NO_FEATURES = "it needs a FeatureCollection with `features`, one Feature, or one geometry"


def geojson_rows(content: bytes, file: str) -> Found:
    """Return a row for each feature: its properties, `geometry` and `wkt` as WKT, `bbox` as [west, south, east, north].

    They are None where a feature has no geometry; its own `bbox` counts then. The feature's `id`, else its property
    `id`, names it. Raises ManifestError with each kind of fault once, at the first feature that has it.
    """
    text, data = read_json(content, file)
    features = _features(data, text, file)
    try:
        guard_reference_system(data)
    except GeometryFault as problem:
        raise ManifestError(problem.found.at(locate(text, ("crs",), file))) from None
    notes = OutlineNotes(text, file)
    rows = bounded((_row(each, number, notes) for number, each in enumerate(features, 1)), file)
    found = notes.diagnostics()
    if has_errors(found):
        raise ManifestError(*found)
    return Found(rows, warnings=found, judged=frozenset({"geometry", "wkt"}))


def feature_place(content: bytes, file: str, number: int, name: str | None) -> Position:
    """Return where a property of a feature of a valid file stands; `lat` and `lon` are the coordinates of its point.

    Features count from 0.
    """
    text, data = read_json(content, file)
    feature = next(islice(_features(data, text, file), number, None))
    path: Path = (*feature.path, "properties", *([] if name is None else [name]))
    if name is None or name in _COORDINATES:
        path = (*feature.geometry_path, *_COORDINATES.get(name or "", ()))
    elif name == ID and ID in feature.data:
        path = (*feature.path, ID)
    return locate(text, path, file)


class _Note(Struct):
    found: Diagnostic
    first: int
    path: Path
    count: int = 0


class OutlineNotes(Struct):
    """What is wrong with the geometries of a file, each kind once with the first feature and the number of features."""

    text: str
    file: str
    noun: str = "feature"
    _notes: dict[tuple[str, str], _Note] = field(default_factory=dict)

    def add(self, found: Diagnostic, number: int, path: Path) -> None:
        """Count one more of a feature, counted from 1; `path` is the place in the file."""
        self._notes.setdefault(fault_of(found), _Note(found, number, path)).count += 1

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return the diagnostics at their places."""
        return tuple(self._placed(each) for each in self._notes.values())

    def _placed(self, note: _Note) -> Diagnostic:
        first = f"{self.noun} {note.first}"
        where = f"in {first}" if note.count == 1 else f"in {note.count} {self.noun}s, first {first}"
        message = f"{note.found.message} ({where})"
        return replace(note.found, message=message).at(locate(self.text, note.path, self.file))


class _Feature(Struct, frozen=True):
    """A feature as it is written, and where it and its geometry stand."""

    data: Any
    path: Path
    geometry_path: Path


def _features(data: Any, text: str, file: str) -> Iterator[_Feature]:
    kind = data.get("type") if isinstance(data, dict) else None
    if isinstance(data, dict) and "features" in data:
        if not isinstance(features := data["features"], list):
            raise _no_features("`features` must be a list", locate(text, ("features",), file))
        paths: Iterator[Path] = (("features", number) for number in range(len(features)))
        return (_Feature(each, path, (*path, "geometry")) for each, path in zip(features, paths, strict=True))
    if kind == "Feature":
        return iter((_Feature(data, (), ("geometry",)),))
    if isinstance(kind, str) and kind in KINDS:
        return iter((_Feature({"type": "Feature", "geometry": data}, (), ()),))
    what = "this is TopoJSON" if kind == "Topology" else "this file has no GeoJSON features"
    raise _no_features(what, Position(file, 1, 1))


def _no_features(message: str, place: Position) -> ManifestError:
    return ManifestError(error("geojson-shape", message, _NO_FEATURES).at(place))


def _row(feature: _Feature, number: int, notes: OutlineNotes) -> Row:
    try:
        properties, found = _read(feature.data)
    except GeometryFault as problem:
        notes.add(problem.found, number, feature.geometry_path)
        return Row(None, {})
    own = feature.data.get("bbox")
    for each in found.warnings:
        notes.add(each, number, feature.geometry_path)
    for each in _bbox_warnings(own, found.bbox):
        notes.add(each, number, (*feature.path, "bbox"))
    wkt = found.wkt or None
    fields = {**properties, "geometry": wkt, "wkt": wkt, "bbox": _bbox(_own_bbox(own), found.bbox)}
    name = feature.data.get(ID)
    return Row(id_of(properties.get(ID) if name is None else name), fields)


def _read(feature: Any) -> tuple[Mapping[str, Any], Outline]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise fault("geojson-shape", "this is no Feature", _NO_FEATURES)
    properties, geometry = feature.get("properties") or {}, feature.get("geometry")
    if not isinstance(properties, dict):
        raise fault("geojson-shape", "`properties` must be an object", _NO_FEATURES)
    guard_reference_system(feature)
    if isinstance(geometry, dict):
        guard_reference_system(geometry)
    nothing = Outline("", [])
    return properties, nothing if geometry is None else outline(geometry) or nothing


def _own_bbox(given: Any) -> list[float] | None:
    """Return a feature's own `bbox` as four numbers, None where it has none that can be read."""
    if not isinstance(given, list) or len(given) not in (4, 6):
        return None
    half = len(given) // 2
    box = [given[0], given[1], given[half], given[half + 1]]
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in box)
    if not numbers or not all(abs(each) <= 180 for each in box) or not -90 <= box[1] <= box[3] <= 90:
        return None
    plain: list[float] = without_texts(box)
    return plain


def _bbox(own: list[float] | None, bbox: list[float]) -> list[float] | None:
    """Return the box of a geometry; the feature's own one without a geometry, or where only that says what crosses."""
    if own is None or not bbox:
        return own or bbox or None
    is_wide = bbox[2] - bbox[0] > _HALF_GLOBE
    return own if is_wide and own[0] > own[2] and _holds(own, bbox) else bbox


def _bbox_warnings(given: Any, bbox: Sequence[float]) -> Iterator[Diagnostic]:
    if given is None:
        return
    own = _own_bbox(given)
    if own is None:
        message = "the bbox of a feature is not [west, south, east, north]"
        yield warning("geojson-bbox", message, "it is passed over; correct it, or take it out")
    elif bbox and not _holds(own, bbox):
        message = f"the bbox {own} of a feature does not hold its geometry, which lies in {list(bbox)}"
        yield warning("geojson-bbox", message, "the geometry counts; correct the bbox, or take it out")


def _holds(outer: Sequence[float], inner: Sequence[float]) -> bool:
    if outer[1] > inner[1] + _DEGREES or outer[3] < inner[3] - _DEGREES:
        return False
    return all(any(low - _DEGREES <= each <= high + _DEGREES for low, high in _spans(outer)) for each in inner[0::2])


def _spans(box: Sequence[float]) -> list[tuple[float, float]]:
    """Return the longitudes of a box; one across the antimeridian has two spans."""
    return [(box[0], box[2])] if box[0] <= box[2] else [(box[0], 180), (-180, box[2])]
