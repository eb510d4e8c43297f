"""What the HDA finds: datasets with their licences, and a synthetic archive of products that never changes.

Sentinel-3 OLCI has three products a day and platform on their way over Europe; Sentinel-2 has one every fifth day
for each requested tile. Names and properties look like real ones, the numbers in them are made up.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from eocanvas_apply.emulator.model import clock
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.emulator.model.messages import coded

Box = tuple[float, float, float, float]
FIRST_DAY = date(2018, 6, 1)
# A product is found so long after it was sensed, so that a search of the last days finds more tomorrow.
PUBLISHED_AFTER = timedelta(hours=3)
_TILES = ("32TQM", "33UUB", "33VUE", "34VCL")


@dataclass(frozen=True, slots=True)
class ArchivedProduct:
    """A product. `bbox` is west, south, east, north; `properties` are those that a search can ask for by name."""

    id: str
    dataset_id: str
    begins: datetime
    ends: datetime
    bbox: Box
    size: int
    properties: Mapping[str, Any]

    @property
    def location(self) -> str:
        """What an order of it has to repeat."""
        return f"https://archive.invalid/{self.dataset_id.replace(':', '%3A')}/products/{self.id}"

    def feature(self, *, sized: bool) -> dict[str, Any]:
        """Return how a search shows it."""
        west, south, east, north = self.bbox
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        shown = {
            "location": self.location,
            "size": self.size if sized else "ND",
            "startdate": clock.zulu(self.begins),
            "enddate": clock.zulu(self.ends),
            **self.properties,
        }
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "id": self.id, "geometry": geometry, "properties": shown}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset. `begin`, `end` and `filters` are the names of the fields by which it can be searched.

    `of_day` gives the products of a day, for one tile where there are tiles and one is named.
    """

    id: str
    title: str
    terms: tuple[str, ...]
    begin: str
    end: str
    filters: frozenset[str]
    of_day: Callable[[str, date, str], tuple[ArchivedProduct, ...]]

    def products(self, first: date, last: date, tile: str) -> Iterator[ArchivedProduct]:
        """Yield the products of some days, the newest first; `tile` only where the dataset has tiles."""
        for ordinal in range(last.toordinal(), max(first, FIRST_DAY).toordinal() - 1, -1):
            yield from reversed(self.of_day(self.id, date.fromordinal(ordinal), tile))

    def document(self) -> dict[str, Any]:
        """Return its page in the catalogue."""
        return {"dataset_id": self.id, "title": self.title, "abstract": self.title, "terms": list(self.terms)}


@lru_cache(maxsize=20_000)
def _ocean_colour(dataset_id: str, day: date, _tile: str) -> tuple[ArchivedProduct, ...]:
    passes = [(platform, number) for number in range(3) for platform in "AB"]
    return tuple(_olci(dataset_id, day, platform, number) for platform, number in passes)


def _olci(dataset_id: str, day: date, platform: str, number: int) -> ArchivedProduct:
    turn = day.toordinal()
    begins = _at(day, hours=8, minutes=100 * number + 39 * (platform == "B"), seconds=turn * 97 % 1800)
    ends = begins + timedelta(minutes=3)
    orbit = (turn * 14 + number) % 385 + 1
    cycle = turn // 27 % 1000
    made = ends + timedelta(hours=26, minutes=turn % 60)
    kind = dataset_id.rpartition(":")[2].ljust(11, "_")
    name = f"S3{platform}_{kind}_{_compact(begins)}_{_compact(ends)}_{_compact(made)}"
    west = 28.0 - 22.0 * number - turn % 9
    properties = {
        "sat": f"Sentinel-3{platform}",
        "type": kind,
        "timeliness": "NT",
        "orbitdir": "DESCENDING",
        "relorbit": orbit,
        "cycle": cycle,
    }
    return ArchivedProduct(
        f"{name}_0179_{cycle:03d}_{orbit:03d}_1980_MAR_O_NT_003.SEN3",
        dataset_id,
        begins,
        ends,
        (west, 48.0, west + 24.0, 62.0),
        200_000_000 + zlib.crc32(name.encode()) % 400_000_000,
        properties,
    )


@lru_cache(maxsize=20_000)
def _tiles(dataset_id: str, day: date, tile: str) -> tuple[ArchivedProduct, ...]:
    names = (tile,) if tile else _TILES
    return tuple(_msi(dataset_id, day, n) for n in names if day.toordinal() % 5 == zlib.crc32(n.encode()) % 5)


def _msi(dataset_id: str, day: date, tile: str) -> ArchivedProduct:
    seed = zlib.crc32(f"{tile} {day}".encode())
    platform = "AB"[day.toordinal() // 5 % 2]
    begins = _at(day, hours=10, minutes=seed % 60, seconds=seed % 59)
    name = f"S2{platform}_MSIL2A_{_compact(begins)}_N0510_R{seed % 143 + 1:03d}_T{tile}"
    west, south = _corner(tile)
    properties = {
        "tileId": tile,
        "productType": "S2MSI2A",
        "platform": f"S2{platform}",
        "cloudCover": seed % 1000 / 10,
    }
    return ArchivedProduct(
        f"{name}_{_compact(begins + timedelta(hours=5))}",
        dataset_id,
        begins,
        begins + timedelta(seconds=15),
        (west, south, west + 1.6, south + 1.0),
        500_000_000 + seed % 700_000_000,
        properties,
    )


def _corner(tile: str) -> tuple[float, float]:
    """Return about where a tile of the military grid lies: its zone is six degrees wide, its band eight high."""
    zone, band = int(tile[:2]), "CDEFGHJKLMNPQRSTUVWX".find(tile[2])
    place = zlib.crc32(tile.encode())
    return zone * 6.0 - 186.0 + place % 5, max(band, 0) * 8.0 - 80.0 + place % 7


def _at(day: date, *, hours: int, minutes: int, seconds: int) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _compact(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%S")


_GENERAL = "Copernicus_General_License"
_OLCI_TERMS = (_GENERAL, "EUMETSAT_Core_Products_Licence")
_OLCI_FILTERS = frozenset({"sat", "type", "timeliness", "orbitdir", "relorbit", "cycle"})
_MSI_FILTERS = frozenset({"tileId", "productType", "platform", "cloudCover"})
DATASETS = (
    *(
        Dataset(f"EO:EUM:DAT:SENTINEL-3:{kind}", title, _OLCI_TERMS, "dtstart", "dtend", _OLCI_FILTERS, _ocean_colour)
        for kind, title in (("OL_2_WFR___", "OLCI water"), ("OL_1_EFR___", "OLCI radiances"))
    ),
    Dataset("EO:ESA:DAT:SENTINEL-2", "MSI", (_GENERAL,), "startDate", "completionDate", _MSI_FILTERS, _tiles),
)


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
    tile = re.search(r"_T(\d{2}[A-Z]{3})_", name)
    if day := _day_of(name):
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


def _day_of(name: str) -> date | None:
    sensed = re.search(r"_(\d{8})T", name)
    with suppress(ValueError):
        return date.fromisoformat(sensed[1]) if sensed else None
    return None
