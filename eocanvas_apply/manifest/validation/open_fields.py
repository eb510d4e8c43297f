"""Fields of a campaign that only a row fills in with a value of their type, such as `uncompress: "${each.packed}"`."""

from __future__ import annotations

from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.substitution import refers_to_row
from eocanvas_apply.manifest.validation.references import CAMPAIGN_FIELDS


def is_open(data: Data, path: Path) -> bool:
    """Whether the value at a path of a manifest's data waits for a row."""
    if len(path) < 3 or path[0] != "jobs" or path[2] == "for_each" or path[2] in CAMPAIGN_FIELDS:
        return False
    job = _at(data, path[:2])
    value = _at(data, path)
    return isinstance(job, dict) and "for_each" in job and isinstance(value, str) and refers_to_row(value)


def without_open(data: Data, paths: list[Path]) -> Data:
    """Return the data without these fields; an input's key or job, which must be there, becomes one that always is."""
    for path in paths:
        if path[2] == "output":
            data = _changed(data, path[:3], None)
        else:
            data = _changed(data, path, EODATA if path[-1] in ("key", "result") else None)
    return data


def _at(data: Data, path: Path) -> Data:
    for part in path:
        if isinstance(data, dict):
            data = data.get(str(part))
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _changed(data: Data, path: Path, value: str | None) -> Data:
    if not isinstance(data, dict):
        return data
    name, rest = str(path[0]), path[1:]
    if rest:
        return {**data, name: _changed(data.get(name), rest, value)}
    return {**data, name: value} if value else {own: kept for own, kept in data.items() if own != name}
