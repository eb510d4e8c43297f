"""GeoTIFF of one band in geographic coordinates (EPSG:4326), one strip without compression. All is little-endian."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from eocanvas_apply.emulator.formats.made_up_grid import Area, Grid, field, grid_within

_SHORT, _LONG, _DOUBLE = 3, 4, 12
_SIZES = {_SHORT: (2, "H"), _LONG: (4, "I"), _DOUBLE: (8, "d")}
# The geographic model, cells as areas, and the coordinate system, as (key, place, count, value).
_GEO_KEYS = (1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326)
_DATA_AT, _IFD_AT = 512, 8

Entry = tuple[int, int, Sequence[float]]


def geotiff(seed: str, size: int, area: Area) -> bytes | None:
    """Return a file of at most `size` bytes, None where so few do not hold one."""
    grid = grid_within(area, size - _DATA_AT, 4, 0)
    if grid is None:
        return None
    head = struct.pack("<2sHI", b"II", 42, _IFD_AT) + _directory(_entries(grid))
    return head.ljust(_DATA_AT, b"\0") + struct.pack(f"<{grid.side**2}f", *field(grid, seed))


def _entries(grid: Grid) -> list[Entry]:
    """Return the tags of a picture: its size, how its numbers are written, where they are and where it lies."""
    across, down = grid.steps
    return [
        (256, _LONG, [grid.side]),
        (257, _LONG, [grid.side]),
        (258, _SHORT, [32]),
        (259, _SHORT, [1]),
        (262, _SHORT, [1]),
        (273, _LONG, [_DATA_AT]),
        (277, _SHORT, [1]),
        (278, _LONG, [grid.side]),
        (279, _LONG, [4 * grid.side**2]),
        (339, _SHORT, [3]),
        (33550, _DOUBLE, [across, down, 0]),
        (33922, _DOUBLE, [0, 0, 0, grid.area.west, grid.area.north, 0]),
        (34735, _SHORT, _GEO_KEYS),
    ]


def _directory(entries: Sequence[Entry]) -> bytes:
    """Return the tags, what is longer than four bytes behind them."""
    behind = _IFD_AT + 2 + 12 * len(entries) + 4
    rows, rest = struct.pack("<H", len(entries)), b""
    for tag, kind, values in entries:
        length, letter = _SIZES[kind]
        content = struct.pack(f"<{len(values)}{letter}", *values)
        if length * len(values) > 4:
            place, rest = struct.pack("<I", behind + len(rest)), rest + content
        else:
            place = content.ljust(4, b"\0")
        rows += struct.pack("<HHI", tag, kind, len(values)) + place
    return rows + struct.pack("<I", 0) + rest
