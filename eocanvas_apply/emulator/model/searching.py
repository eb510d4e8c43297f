"""How a search is understood: which products of the archive its fields leave, and which page of them is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from eocanvas_apply.emulator.model.archive import DATASETS, FIRST_DAY, PUBLISHED_AFTER, ArchivedProduct, Box, Dataset
from eocanvas_apply.emulator.model.refusals import coded
from eocanvas_apply.emulator.model.settings import Behaviour

_PAGING = ("startIndex", "itemsPerPage")
_TILE = re.compile(r"(0[1-9]|[1-5]\d|60)[C-HJ-NP-X][A-Z]{2}")


def dataset_of(name: object) -> Dataset:
    """Return a dataset by its id. Raises Refusal (404)."""
    for dataset in DATASETS:
        if dataset.id == name:
            return dataset
    raise coded(404, "NotFound", f"There is no dataset {name}")


def find(query: Mapping[str, Any], at: datetime) -> list[ArchivedProduct]:
    """Return what a search finds at a moment, the newest first. Raises Refusal (400, 404)."""
    dataset = dataset_of(query.get("dataset_id"))
    first, last = _moment(query, dataset.begin), _moment(query, dataset.end)
    box = _box(query.get("bbox"))
    wanted = _wanted(dataset, query)
    until = min(last or at, at)
    # A product of the evening before may still be sensed on the first day.
    days = (max(first.date(), FIRST_DAY) - timedelta(days=1) if first else FIRST_DAY), until.date()
    return [
        product
        for product in dataset.products(*days, _tile(query))
        if product.ends + PUBLISHED_AFTER <= at
        and (first is None or product.ends >= first)
        and product.begins <= until
        and (box is None or _overlap(product.bbox, box))
        and all(_fits(product, name, value) for name, value in wanted.items())
    ]


def product_of(dataset_id: object, product_id: object, at: datetime) -> ArchivedProduct:
    """Return a product of the archive. Raises Refusal (404)."""
    dataset = dataset_of(dataset_id)
    name = str(product_id)
    sensed = re.search(r"_(\d{4})(\d{2})(\d{2})T", name)
    tile = re.search(r"_T(\d{2}[A-Z]{3})_", name)
    if sensed is not None and _is_date(sensed):
        day = date(*map(int, sensed.groups()))
        for product in dataset.products(day, day, tile[1] if tile else ""):
            if product.id == name and product.ends + PUBLISHED_AFTER <= at:
                return product
    raise coded(404, "NotFound", f"There is no product {name}")


def page_of(query: Mapping[str, Any], found: list[ArchivedProduct], behaviour: Behaviour) -> dict[str, Any]:
    """Return the page of the products found that a search asks for. Raises Refusal (400)."""
    start = _whole(query.get("startIndex", 0), "startIndex")
    size = min(_whole(query.get("itemsPerPage", 10), "itemsPerPage") or 10, behaviour.search_limit)
    shown = found[start : start + size]
    counts: dict[str, Any] = {"startIndex": start, "itemsPerPage": size}
    if behaviour.search_paging == "total":
        counts["totalResults"] = len(found)
    else:
        counts["nextIndex"] = start + size if start + size < len(found) else None
    features = [product.feature(sized=behaviour.product_size == "bytes") for product in shown]
    return {"type": "FeatureCollection", "features": features, "properties": counts}


def _wanted(dataset: Dataset, query: Mapping[str, Any]) -> dict[str, Any]:
    handled = {"dataset_id", "bbox", dataset.begin, dataset.end, *_PAGING}
    unknown = sorted(set(query) - handled - dataset.filters)
    if unknown:
        raise coded(400, "BadRequest", f"Unknown parameter {', '.join(unknown)}")
    return {name: query[name] for name in dataset.filters & set(query)}


def _fits(product: ArchivedProduct, name: str, value: Any) -> bool:
    found = product.properties[name]
    if name == "cloudCover":
        return float(found) <= _number(value, name)
    values = value if isinstance(value, list) else [value]
    return str(found).rstrip("_") in {str(v).rstrip("_") for v in values}


def _tile(query: Mapping[str, Any]) -> str:
    tile = str(query.get("tileId", ""))
    return tile if _TILE.fullmatch(tile) else ""


def _overlap(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _box(value: Any) -> Box | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 4 or not all(isinstance(v, int | float) for v in value):
        raise coded(400, "BadRequest", "bbox must be four numbers")
    west, south, east, north = map(float, value)
    if west > east or south > north:
        raise coded(400, "BadRequest", "bbox must be west, south, east, north")
    return west, south, east, north


def _moment(query: Mapping[str, Any], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(str(query[name]))
    except ValueError:
        raise coded(400, "BadRequest", f"{name} must be a date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, int) and value >= 0:
        return value
    raise coded(400, "BadRequest", f"{name} must be a number")


def _number(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise coded(400, "BadRequest", f"{name} must be a number") from None


def _is_date(found: re.Match[str]) -> bool:
    try:
        date(*map(int, found.groups()))
    except ValueError:
        return False
    return True
