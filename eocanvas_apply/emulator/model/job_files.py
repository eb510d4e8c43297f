"""The files of a job: what it reads from storages and writes to them, and the results that it lists ten to a page."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random

from eocanvas_apply.emulator.formats.geotiff import geotiff
from eocanvas_apply.emulator.formats.made_up_grid import GOTLAND, Area
from eocanvas_apply.emulator.formats.netcdf import netcdf
from eocanvas_apply.emulator.model.behaviour import Behaviour, KeyHref
from eocanvas_apply.emulator.model.job_failures import chain_of, output_suffix
from eocanvas_apply.emulator.model.keystore import Credentials
from eocanvas_apply.emulator.model.messages import WireRequest, problem
from eocanvas_apply.emulator.model.submissions import BASE, Execution, JobInput

PAGE = 10
Item = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Output:
    """One file of a job. `given` is its content where a real storage decided it, None where it is made up.

    Made-up NetCDF and GeoTIFF files show their `bands` in an `area`, if that fits into their size.
    """

    name: str
    size: int
    given: bytes | None = None
    area: Area = GOTLAND
    bands: tuple[str, ...] = ("band_1",)

    def content(self, job_id: str) -> bytes:
        """Return its bytes; the same ones whenever it is asked."""
        if self.given is not None:
            return self.given
        return _made_up(f"{job_id}/{self.name}", self.size, self.area, self.bands)


def outputs_of(job_id: str, execution: Execution, count: int, size: int) -> tuple[Output, ...]:
    """Return the files that a job will leave, `count` of them with `size` bytes each."""
    suffix = output_suffix(execution)
    product = str(chain_of(execution).get("product")) if execution.process == "dataTailor" else ""
    identifiers = [str(uuid.uuid5(uuid.UUID(job_id), str(index))) for index in range(count)]
    names = [f"{product}_{i[:8]}.{suffix}" if product else f"{i}.{suffix}" for i in identifiers]
    area, bands = _area_of(execution), _bands_of(execution)
    return tuple(Output(name, size, None, area, bands) for name in names)


_POLYGON = re.compile(rb"POLYGON ?\(\(([-0-9., ]+)\)")


def _area_of(execution: Execution) -> Area:
    """Return the region of a chain, or what lies around the first polygon of a graph, as far as one can be read."""
    with suppress(ValueError, TypeError, KeyError):
        if execution.process == "dataTailor":
            north, south, west, east = (float(edge) for edge in dict(chain_of(execution)["roi"])["NSWE"])  # type: ignore[call-overload]
            return Area(south, north, west, east)
        if found := _POLYGON.search(execution.document or b""):
            points = [pair.split() for pair in found[1].split(b",")]
            longitudes, latitudes = ([float(number) for number in axis] for axis in zip(*points, strict=True))
            return Area(min(latitudes), max(latitudes), min(longitudes), max(longitudes))
    return GOTLAND


def _bands_of(execution: Execution) -> tuple[str, ...]:
    """Return the bands that a chain filters, else one."""
    with suppress(ValueError, TypeError, KeyError):
        return tuple(map(str, dict(chain_of(execution)["filter"])["bands"])) or ("band_1",)  # type: ignore[call-overload]
    return ("band_1",)


def results_page(
    request: WireRequest, behaviour: Behaviour, job_id: str, key: str | None, outputs: Sequence[Output], at: datetime
) -> list[Item]:
    """Return one page of the bare list of results, with the items that lead to the pages around it."""
    text = request.parameters().get("page", "1")
    page = int(text) if text.isdecimal() else 0
    if page < 1 or (page - 1) * PAGE >= max(1, len(outputs)):
        raise problem(404, "no-such-page", "NoSuchPage", f"there is no page {text}")
    shown = outputs[(page - 1) * PAGE : page * PAGE]
    until = at + timedelta(seconds=behaviour.link_life) if behaviour.link_life else None
    items = [_item(request, behaviour, job_id, key, output, until) for output in shown]
    if page * PAGE < len(outputs):
        items.append(_turn("next-page", job_id, page + 1))
    if page > 1:
        items.append(_turn("prev-page", job_id, page - 1))
    return items


def _item(
    request: WireRequest, behaviour: Behaviour, job_id: str, key: str | None, output: Output, until: datetime | None
) -> Item:
    if key is not None:
        return _at_key(request, behaviour, f"{key}/{job_id}/{output.name}")
    path = f"{job_id}/output/{output.name}"
    title = f"wks3:///{path}" if behaviour.result_title == "wks3" else path
    base = f"{behaviour.href_origin or request.origin}{BASE}" if behaviour.result_href == "absolute" else ""
    ends = f"?expires={until.timestamp():.0f}" if until else ""
    return {"href": f"{base}/download/{path}{ends}", "title": title, "rel": "result"}


def _at_key(request: WireRequest, behaviour: Behaviour, place: str) -> Item:
    item: Item = {"title": f"keystore://{place}", "rel": "result"}
    hrefs: dict[KeyHref, str | None] = {
        "title": item["title"],
        "empty": "",
        "null": None,
        "path": f"/{place.partition('/')[2]}",
        "absolute": f"{request.origin}{BASE}/download/{place.partition('/')[2]}",
    }
    chosen = behaviour.key_href
    return item if chosen == "missing" else {"href": hrefs[chosen], **item}


def _turn(title: str, job_id: str, page: int) -> Item:
    return {"href": f"/jobs/{job_id}/results?page={page}", "title": title, "rel": title.removesuffix("-page")}


@lru_cache(maxsize=64)
def _made_up(seed: str, size: int, area: Area, bands: tuple[str, ...]) -> bytes:
    made = None
    if seed.endswith(".nc"):
        made = netcdf(seed, size, area, bands)
    elif seed.endswith(".tif"):
        made = geotiff(seed, size, area)
    # Readers of both formats leave alone what stands behind the last number.
    start = made or b""
    return start + Random(seed).randbytes(size - len(start))  # noqa: S311 - made-up data, nothing to guard


@dataclass(frozen=True, slots=True)
class AtHand:
    """The file behind an input that the service has itself: it was ordered, or is another job's result."""

    file: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read an input. Without `credentials` it is a URL, or a path in EODATA when it names the key `eodata`."""

    input: JobInput
    credentials: Credentials | None
    at_hand: AtHand | None = None


@dataclass(frozen=True, slots=True)
class StageIn:
    """Read all inputs of a job; `outputs` are the files that it is going to make of them."""

    job_id: str
    fetches: tuple[Fetch, ...]
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class StageOut:
    """Write all outputs of a job to where its output key leads."""

    job_id: str
    credentials: Credentials
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class StagedFile:
    """An input that was read: the name of the file that the process is given, and the digest of its bytes."""

    input: str
    file: str
    size: int
    sha256: str


Work = StageIn | StageOut
