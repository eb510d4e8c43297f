"""What the format has and this release does not do yet. Later work deletes lines here."""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.documents.yaml.nodes import Data, Path

# `*` is any name.
_FIELDS: tuple[Path, ...] = (
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


def not_yet(data: Data) -> Iterator[Path]:
    """Yield the path of every field that is given and does nothing yet."""
    for pattern in _FIELDS:
        yield from (path for path, value in _matching(data, pattern, ()) if value is not None)


def _matching(data: Data, pattern: Path, path: Path) -> Iterator[tuple[Path, Data]]:
    if not pattern:
        yield path, data
    elif isinstance(data, dict):
        names = list(data) if pattern[0] == "*" else [str(pattern[0])]
        for name in names:
            if name in data:
                yield from _matching(data[name], pattern[1:], (*path, name))
