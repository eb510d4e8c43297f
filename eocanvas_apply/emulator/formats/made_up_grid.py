"""A made-up field on a geographic grid: what the files of the emulator's jobs show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

_LARGEST = 60


class Area(NamedTuple):
    """The edges of an area in degrees."""

    south: float
    north: float
    west: float
    east: float


GOTLAND = Area(south=56.9, north=58.0, west=18.0, east=19.4)


@dataclass(frozen=True, slots=True)
class Grid:
    """As many cells along each side, rows from north to south."""

    area: Area
    side: int

    @property
    def steps(self) -> tuple[float, float]:
        """The size of a cell in degrees of longitude and latitude."""
        return (self.area.east - self.area.west) / self.side, (self.area.north - self.area.south) / self.side

    @property
    def latitudes(self) -> list[float]:
        """The latitudes of the middles of cells, from north to south."""
        return [self.area.north - self.steps[1] * (row + 0.5) for row in range(self.side)]

    @property
    def longitudes(self) -> list[float]:
        """The longitudes of the middles of cells, from west to east."""
        return [self.area.west + self.steps[0] * (column + 0.5) for column in range(self.side)]


def grid_within(area: Area, room: int, cell: int, edge: int) -> Grid | None:
    """Return the largest grid that fits into `room` bytes, with `cell` for each cell and `edge` for each row."""
    side = next((n for n in range(_LARGEST, 0, -1) if n * n * cell + n * edge <= room), 0)
    return Grid(area, side) if side > 1 else None


def field(grid: Grid, seed: str) -> Sequence[float]:
    """Return a smooth field between 0 and 10, row by row."""
    numbers = Random(seed)  # noqa: S311 - made-up data, nothing to guard
    waves = [(numbers.uniform(1, 3), numbers.uniform(1, 3), numbers.uniform(0, 6)) for _ in range(3)]
    turn = 2 * math.pi / grid.side
    return [
        5 + 5 / 3 * sum(math.sin(turn * (x * column + y * row) + phase) for x, y, phase in waves)
        for row in range(grid.side)
        for column in range(grid.side)
    ]
