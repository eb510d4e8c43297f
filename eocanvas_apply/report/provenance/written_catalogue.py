"""A catalogue of results that was written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from msgspec import Struct, field


class Written(Struct, frozen=True):
    """A catalogue that was written: its path, of which job, and how many results it describes.

    `left` are the numbers of results by state that it leaves out, for they are not here as they were downloaded, and
    `lost` is how many of the results had the fields of a row before, and have none now.
    """

    path: PurePath
    address: str
    results: int
    left: Mapping[str, int] = field(default_factory=dict)
    lost: int = 0
