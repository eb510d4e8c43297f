"""Relative paths of a manifest: each is relative to the file it stands in, and files may lie in several folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from eocanvas_apply.documents.yaml.nodes import Data, Path

Fields = Mapping[Any, Any]


class _Any(Enum):
    """What stands for names and items; no name of a manifest is one of them."""

    NAME = "any name of a mapping"
    ITEM = "any item of a list"
    HERE = "the text at this place"


# A text at this place is a path.
_PATH: Fields = {_Any.HERE: True}
_FILE: Fields = {**_PATH, "file": _PATH}
_ROWS: Fields = dict.fromkeys(("csv", "json", "geojson"), _FILE)
_SECRET: Fields = {"file": _PATH, "sops": _PATH}
_JOB: Fields = {
    "graph": _PATH,
    "chain": _FILE,
    "points": _ROWS,
    "for_each": {**_ROWS, _Any.ITEM: _ROWS},
    "output": {"download": _PATH},
}
_MANIFEST: Fields = {
    "keys": {_Any.NAME: {_Any.NAME: _SECRET}},
    "jobs": {_Any.NAME: _JOB},
    "notify": {_Any.ITEM: {"url": _SECRET, "headers": {_Any.NAME: _SECRET}}},
}


def from_one_folder(manifest: Data, base_of: Callable[[Path], str]) -> Data:
    """Return the data with its relative paths as they are from the folder of the first file.

    `base_of` gives the way from there to the folder of the file that a field stands in; empty for the same one.
    """
    return _changed(manifest, _MANIFEST, (), base_of)


def _changed(data: Data, fields: Fields, path: Path, base_of: Callable[[Path], str]) -> Data:
    if not fields:
        return data
    if isinstance(data, str):
        return _joined(base_of(path), data) if _Any.HERE in fields else data
    if isinstance(data, dict):
        inside = [(name, value, fields.get(name) or fields.get(_Any.NAME) or {}) for name, value in data.items()]
        return {name: _changed(value, below, (*path, name), base_of) for name, value, below in inside}
    if isinstance(data, list) and (item := fields.get(_Any.ITEM)):
        return [_changed(value, item, (*path, at), base_of) for at, value in enumerate(data)]
    return data


def _joined(base: str, written: str) -> str:
    absolute = PurePosixPath(written).is_absolute() or PureWindowsPath(written).is_absolute()
    return written if not base or absolute or not written or written.startswith("~") else f"{base}/{written}"
