"""Relative paths of a manifest: each is relative to the file it stands in, and files may lie in several folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from eocanvas_apply.documents.yaml.nodes import Data, Path

_EACH_NAME, _EACH_ITEM = "*", "#"
# A text at this place is a path.
_PATH: Mapping[str, Any] = {"": True}
_FILE: Mapping[str, Any] = {**_PATH, "file": _PATH}
_ROWS: Mapping[str, Any] = dict.fromkeys(("csv", "json", "geojson"), _FILE)
_SECRET: Mapping[str, Any] = {"file": _PATH, "sops": _PATH}
_JOB: Mapping[str, Any] = {
    "graph": _PATH,
    "chain": _FILE,
    "points": _ROWS,
    "for_each": {**_ROWS, _EACH_ITEM: _ROWS},
    "output": {"download": _PATH},
}
_MANIFEST: Mapping[str, Any] = {
    "keys": {_EACH_NAME: {_EACH_NAME: _SECRET}},
    "jobs": {_EACH_NAME: _JOB},
    "notify": {_EACH_ITEM: {"url": _SECRET, "headers": {_EACH_NAME: _SECRET}}},
}


def from_one_folder(manifest: Data, base_of: Callable[[Path], str]) -> Data:
    """Return the data with its relative paths as they are from the folder of the first file.

    `base_of` gives the way from there to the folder of the file that a field stands in; empty for the same one.
    """
    return _changed(manifest, _MANIFEST, (), base_of)


def _changed(data: Data, fields: Mapping[str, Any], path: Path, base_of: Callable[[Path], str]) -> Data:
    if not fields:
        return data
    if isinstance(data, str):
        return _joined(base_of(path), data) if "" in fields else data
    if isinstance(data, dict):
        inside = [(name, value, fields.get(name) or fields.get(_EACH_NAME) or {}) for name, value in data.items()]
        return {name: _changed(value, below, (*path, name), base_of) for name, value, below in inside}
    if isinstance(data, list) and (item := fields.get(_EACH_ITEM)):
        return [_changed(value, item, (*path, at), base_of) for at, value in enumerate(data)]
    return data


def _joined(base: str, written: str) -> str:
    absolute = PurePosixPath(written).is_absolute() or PureWindowsPath(written).is_absolute()
    return written if not base or absolute or not written or written.startswith("~") else f"{base}/{written}"
