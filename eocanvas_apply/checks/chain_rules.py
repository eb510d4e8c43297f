"""The fields of a Data Tailor chain on every level, its region, and what belongs together.

What a row of a campaign fills in is judged with that row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from eocanvas_apply.checks.case import ChainCase
from eocanvas_apply.diagnostics import Diagnostic, Suggestions, did_you_mean, error, warning
from eocanvas_apply.documents.geometries.wkt import wkt_faults
from eocanvas_apply.documents.trace import CHAIN_FIELDS
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.substitution import refers_to_row, texts

_ROI = frozenset({"id", "name", "description", "NSWE"})
_FILTER = frozenset({"id", "name", "product", "bands"})
_BAND = frozenset({"id", "number", "name"})
_QUICKLOOK = frozenset(
    {"id", "name", "format", "filter", "stretch_method", "resample_method"}
    | {"x_size", "y_size", "nodatacolor", "product"}
)
_TEXTS = ("id", "name", "description", "product", "format", "projection", "aggregation", "resample_method")
_LEVELS: tuple[tuple[Path, frozenset[str]], ...] = (
    ((), CHAIN_FIELDS),
    (("roi",), _ROI),
    (("filter",), _FILTER),
    (("filter", "bands", "*"), _BAND),
    (("quicklook",), _QUICKLOOK),
    (("quicklook", "filter"), _FILTER),
    (("quicklook", "filter", "bands", "*"), _BAND),
)

# What chains that ran have used.
_SEEN = {
    "format": ("netcdf4", "geotiff", "hdf5", "png_rgb", "jpeg_rgb", "netcdf4_satellite", "hrit", "msgnative"),
    "projection": ("geographic", "mercator", "gall_stereographic"),
    "resample_method": ("near", "bilinear", "cubic"),
    "aggregation": ("orbit", "time"),
}


def fields(case: ChainCase) -> Iterator[Diagnostic]:
    """Yield fields that no chain has, and a missing product."""
    suggestions = Suggestions()
    for pattern, known in _LEVELS:
        for path, value in _found(dict(case.chain.fields), pattern, ()):
            for name in value if isinstance(value, dict) else ():
                if name not in known:
                    hint = suggestions.near(name, known) or f"the fields here are {', '.join(sorted(known))}"
                    owner = f"a chain's {'.'.join(str(part) for part in path)}" if path else "a chain"
                    yield case.at(
                        error("unknown-field", f"unknown field `{name[:60]}` in {owner}", hint), (*path, name)
                    )
    if case.chain.fields.get("product") is None:
        hint = "name the type of product, such as OLL2WFR, HRSEVIRI or SLL1RBT"
        yield case.at(error("missing-field", "the chain names no `product`", hint), ())


def shapes(case: ChainCase) -> Iterator[Diagnostic]:
    """Yield fields that hold something else than they should."""
    given = case.chain.fields
    for name in _TEXTS:
        if given.get(name) is not None and not isinstance(given[name], str):
            yield case.at(error("wrong-type", f"`{name}` must be text", "put it in quotes"), (name,))
    for pattern in (("roi",), ("filter",), ("quicklook",), ("quicklook", "filter")):
        for path, value in _found(dict(given), pattern, ()):
            if value is not None and not isinstance(value, (str, dict)):
                yield case.at(error("wrong-type", f"`{path[-1]}` must be an id or a mapping"), path)
    yield from _bands(case)


def _bands(case: ChainCase) -> Iterator[Diagnostic]:
    for pattern in (("filter", "bands"), ("quicklook", "filter", "bands")):
        for path, value in _found(dict(case.chain.fields), pattern, ()):
            if not isinstance(value, list) and not refers_to_row(value):
                yield case.at(error("wrong-type", "`bands` must be a list"), path)
        for path, value in _found(dict(case.chain.fields), (*pattern, "*"), ()):
            if not isinstance(value, (str, dict)):
                hint = "write NAME, or {id: ID, number: 1, name: NAME}; a name of digits needs quotes"
                yield case.at(error("wrong-type", "a band must be a name or a mapping", hint), path)


def region(case: ChainCase) -> Iterator[Diagnostic]:
    """Yield a region that is not [N, S, W, E] in degrees."""
    for path, value in _found(dict(case.chain.fields), ("roi", "NSWE"), ()):
        if value is not None and not refers_to_row(value) and (problem := _wrong_region(value)):
            yield case.at(error("roi-bounds", *problem), path)


def geometries(case: ChainCase) -> Iterator[Diagnostic]:
    """Yield geometries in the chain's file that cannot be read; those in the manifest are judged there."""
    for path, text in texts(dict(case.chain.fields)):
        if case.chain.in_file(path):
            yield from (case.at(found, path) for found in wkt_faults(text))


def resampling(case: ChainCase) -> Iterator[Diagnostic]:
    """Yield a resolution that is not valid, and resampling without a projection to resample to."""
    given = case.chain.fields
    resolution = given.get("resample_resolution")
    numbers = _numbers(resolution) or ()
    valid = len(numbers) == 2 and all(0 < number < math.inf for number in numbers)
    if resolution is not None and not refers_to_row(resolution) and not valid:
        found = error("bad-value", "`resample_resolution` must be two positive numbers", "write [0.003, 0.003]")
        yield case.at(found, ("resample_resolution",))
    for name in ("resample_method", "resample_resolution"):
        if given.get(name) is not None and given.get("projection") is None:
            hint = "add `projection: geographic`, or remove it"
            found = warning("resample-without-projection", f"`{name}` does nothing without a projection", hint)
            yield case.at(found, (name,))


def seen_values(case: ChainCase) -> Iterator[Diagnostic]:
    """Yield values that no known chain uses; there is no public list of them."""
    for name, values in _SEEN.items():
        value = case.chain.fields.get(name)
        if isinstance(value, str) and value not in values and not refers_to_row(value):
            hint = did_you_mean(value, values) or f"seen so far: {', '.join(values)}"
            yield case.at(warning("unknown-chain-value", f"{value[:60]} is an unknown {name}", hint), (name,))


def _wrong_region(value: Data) -> tuple[str, str] | None:
    numbers = _numbers(value)
    if numbers is None or len(numbers) != 4:
        return "`NSWE` must be four numbers", "write [north, south, west, east] in degrees"
    north, south, west, east = numbers
    if -90 <= south < north <= 90 and -360 <= west <= 360 and -360 <= east <= 360:
        return None
    # A bounding box of HDA is west, south, east, north.
    if -90 <= south < east <= 90 and -180 <= north < west <= 180:
        swapped = ", ".join(f"{number:g}" for number in (east, south, north, west))
        return "this is west, south, east, north, as HDA has it", f"as NSWE it is [{swapped}]"
    order = "the order is [north, south, west, east]"
    if -90 <= south < north <= 90:
        return "west and east must be longitudes in degrees", order
    return "north must be above south, both between -90 and 90", order


def _numbers(value: Data) -> list[float] | None:
    if not isinstance(value, list):
        return None
    numbers = [each for each in value if isinstance(each, (int, float)) and not isinstance(each, bool)]
    return [float(each) for each in numbers] if len(numbers) == len(value) else None


def _found(value: Data, pattern: Path, path: Path) -> Iterator[tuple[Path, Data]]:
    if not pattern:
        yield path, value
    elif pattern[0] == "*" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _found(item, pattern[1:], (*path, index))
    elif isinstance(value, dict) and pattern[0] in value:
        yield from _found(value[str(pattern[0])], pattern[1:], (*path, pattern[0]))


RULES = (fields, shapes, region, geometries, resampling, seen_values)
