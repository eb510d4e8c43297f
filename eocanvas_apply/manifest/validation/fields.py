"""Fields that mean nothing in their job, that only a row fills in, or that are not supported yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, warning
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.substitution import refers_to_row
from eocanvas_apply.manifest.validation.references import CAMPAIGN_FIELDS, Finding, mapping_at

_OF_INSTANCES = {
    "skip": "remove the job from the manifest if it shall not run",
    "canary": "remove it: a single job has no other instances",
    "stop_after": "remove it: `retries` says how often a single job is tried again",
}
# Among more names than this it takes too long to find the nearest.
_MOST_NAMES = 5000
# What the format has and this release does not support; `*` is any name. Later work deletes lines here.
_NOT_YET: tuple[Path, ...] = (
    ("environments",),
    ("ledger",),
    ("protect",),
    ("moved",),
    ("notify",),
    ("keys", "*", "*", "command"),
    ("keys", "*", "*", "keyring"),
    ("keys", "*", "*", "sops"),
    ("jobs", "*", "points"),
)


def without_rows(data: Data) -> Iterator[Finding]:
    """Yield each field about instances in a job that has none."""
    for name, job in mapping_at(data, "jobs").items():
        fields = mapping_at(job)
        for field, hint in _OF_INSTANCES.items():
            if field in fields and "for_each" not in fields:
                message = f"`{field}` is about the instances of a campaign, and `{name[:60]}` has no for_each"
                yield error("needs-for-each", message, hint), ("jobs", name, field)


def skipped_without_row(job: str, skip: Mapping[str, str], ids: Sequence[str]) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield each id under `skip:` that no instance of the campaign has."""
    known = frozenset(ids)
    for written in skip:
        if written not in known:
            near = did_you_mean(written, ids) if len(ids) <= _MOST_NAMES else ""
            hint = near or "it skips nothing; remove it when its row is gone for good"
            yield (
                warning("skip-without-row", f"no row of `{job}` has the id `{written[:60]}`", hint),
                ("jobs", job, "skip", written),
            )


def is_open(data: Data, path: Path) -> bool:
    """Whether the value at a path of a manifest's data waits for a row."""
    if len(path) < 3 or path[0] != "jobs" or path[2] == "for_each" or path[2] in CAMPAIGN_FIELDS:
        return False
    job = _at(data, path[:2])
    value = _at(data, path)
    return isinstance(job, dict) and "for_each" in job and isinstance(value, str) and refers_to_row(value)


def without_open(data: Data, paths: list[Path]) -> Data:
    """Return the data without these fields; an input's key or job, which is required, becomes eodata."""
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


def not_yet(data: Data) -> Iterator[Path]:
    """Yield the path of every field that is given and not supported yet."""
    for pattern in _NOT_YET:
        yield from (path for path, value in _matching(data, pattern, ()) if value is not None)


def _matching(data: Data, pattern: Path, path: Path) -> Iterator[tuple[Path, Data]]:
    if not pattern:
        yield path, data
    elif isinstance(data, dict):
        names = list(data) if pattern[0] == "*" else [str(pattern[0])]
        for name in names:
            if name in data:
                yield from _matching(data[name], pattern[1:], (*path, name))
