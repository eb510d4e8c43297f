"""NetCDF, classic format: dimensions `lat` and `lon`, and a variable for each band. All numbers are big-endian."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from eocanvas_apply.emulator.formats.made_up_grid import Area, Grid, field, grid_within

_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12
_CHAR, _FLOAT, _DOUBLE = 2, 5, 6
_SIZES = {_FLOAT: (4, "f"), _DOUBLE: (8, "d")}


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    dimensions: tuple[int, ...]
    kind: int
    values: Sequence[float]
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        return len(self.values) * _SIZES[self.kind][0]

    def data(self) -> bytes:
        return struct.pack(f">{len(self.values)}{_SIZES[self.kind][1]}", *self.values)

    def header(self, begin: int) -> bytes:
        shape = struct.pack(f">i{len(self.dimensions)}i", len(self.dimensions), *self.dimensions)
        place = struct.pack(">iii", self.kind, self.size, begin)
        return _text(self.name) + shape + _attributes(self.attributes) + place


def netcdf(seed: str, size: int, area: Area, bands: Sequence[str]) -> bytes | None:
    """Return a file of at most `size` bytes, None where so few do not hold one."""
    head = len(_file([_Variable(band, (0, 1), _FLOAT, ()) for band in bands], 0, _axes(None)))
    grid = grid_within(area, size - head, 4 * len(bands), 16)
    if grid is None:
        return None
    of_bands = [_Variable(band, (0, 1), _FLOAT, field(grid, f"{seed}/{band}")) for band in bands]
    return _file(of_bands, grid.side, _axes(grid))


def _axes(grid: Grid | None) -> list[_Variable]:
    north, east = (("units", "degrees_north"),), (("units", "degrees_east"),)
    return [
        _Variable("lat", (0,), _DOUBLE, grid.latitudes if grid else (), north),
        _Variable("lon", (1,), _DOUBLE, grid.longitudes if grid else (), east),
    ]


def _file(bands: Sequence[_Variable], side: int, axes: Sequence[_Variable]) -> bytes:
    variables = [*axes, *bands]
    start = b"CDF\x01" + struct.pack(">iii", 0, _DIMENSIONS, 2)
    start += b"".join(_text(name) + struct.pack(">i", side) for name in ("lat", "lon"))
    start += _attributes((("title", "made up by the emulator"),)) + struct.pack(">ii", _VARIABLES, len(variables))
    begin = len(start) + sum(len(each.header(0)) for each in variables)
    headers = b""
    for each in variables:
        headers += each.header(begin)
        begin += each.size
    return start + headers + b"".join(each.data() for each in variables)


def _attributes(pairs: Sequence[tuple[str, str]]) -> bytes:
    if not pairs:
        return struct.pack(">ii", 0, 0)
    each = (_text(name) + struct.pack(">i", _CHAR) + _text(value) for name, value in pairs)
    return struct.pack(">ii", _ATTRIBUTES, len(pairs)) + b"".join(each)


def _text(text: str) -> bytes:
    """Return the length of a text, and the text filled up to whole words of four bytes."""
    content = text.encode()
    return struct.pack(">i", len(content)) + content + b"\0" * (-len(content) % 4)
