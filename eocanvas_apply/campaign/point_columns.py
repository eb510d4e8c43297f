"""Which columns of a table hold the latitude, longitude, name and time of points: those named, else by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from eocanvas_apply.diagnostics import error, one_of
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.model.points import PointColumns

# The usual names by what they hold. Those of a group mean the same; the first group that a table has counts.
_USUAL: Mapping[str, Sequence[frozenset[str]]] = MappingProxyType(
    {
        "lat": (
            frozenset({"lat", "latitude", "lat_deg", "latitude_deg", "lat_dd", "decimallatitude", "lat_wgs84"}),
            frozenset({"y"}),
        ),
        "lon": (
            frozenset({"lon", "lng", "long", "longitude", "lon_deg", "longitude_deg", "lon_dd", "long_dd"})
            | frozenset({"decimallongitude", "lon_wgs84"}),
            frozenset({"x"}),
        ),
        "name": (
            frozenset({"name", "station_name", "site_name"}),
            frozenset({"station", "site", "point", "label"}),
            frozenset({"station_id", "site_id", "point_id", "code"}),
        ),
        "id": (frozenset({"id"}),),
        "time": (
            frozenset({"datetime", "date_time", "timestamp", "time_utc", "datetime_utc"}),
            frozenset({"time", "date"}),
        ),
    }
)
_NEEDED = ("lat", "lon")
_UNIT = re.compile(r"[\[(].*?[\])]")
_SHOWN = 20


class Columns(Struct, frozen=True):
    """The names of the columns; a table may have none with names, ids and times."""

    lat: str
    lon: str
    name: str | None
    id: str | None
    time: str | None


def columns_of(known: Sequence[str], asked: PointColumns) -> Columns:
    """Return the columns among those a table has; raises ManifestError where they are not there or not clear."""
    found = {what: _column(what, known, asked) for what in _USUAL}
    missing = [what for what in _NEEDED if found[what] is None]
    if missing:
        what = one_of([_WORDS[each] for each in missing])
        raise _fault(f"no column is called like a {what}", missing, known)
    return Columns(**found)  # type: ignore[arg-type]


_WORDS = {"lat": "latitude", "lon": "longitude", "name": "name", "id": "id", "time": "time"}


def _column(what: str, known: Sequence[str], asked: PointColumns) -> str | None:
    if what in asked.model_fields_set:
        named: str | None = getattr(asked, what)
        if named is not None and named not in known:
            raise _fault(f"there is no column `{named[:60]}`", [what], known)
        return named
    for group in _USUAL[what]:
        like = [name for name in known if _plain(name) in group]
        if len(like) > 1:
            both = one_of([f"`{each[:60]}`" for each in like])
            raise _fault(f"it is not clear which column holds the {_WORDS[what]}: {both}", [what], known)
        if like:
            return like[0]
    return None


def _plain(name: str) -> str:
    """Return a name without its unit, in small letters: `Latitude [deg]` is a latitude."""
    return re.sub(r"[\s._-]+", "_", _UNIT.sub("", name).strip().casefold())


def _fault(message: str, missing: Sequence[str], known: Sequence[str]) -> ManifestError:
    example = ", ".join(f"{what}: COLUMN" for what in missing)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    hint = f"write `columns: {{{example}}}`; the columns are {', '.join(known[:_SHOWN])[:200]}{more}"
    if "time" in missing:
        hint += "; `time: null` reads no time"
    return ManifestError(error("points-column", message, hint))
