"""The one substitution of a manifest: `${each.FIELD}` and `${var.NAME}` in texts; `$${` is a literal `${`.

It reaches the string values of jobs and the plain fields of keys, never the project, the ledger or the reference to a
secret. A bare `$name` belongs to SNAP graphs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eocanvas_apply.documents.yaml_nodes import Data, Path

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}?")
_SECRETS = frozenset({"access_key", "secret_key", "password"})


def references(data: Data) -> Iterator[tuple[Path, str]]:
    """Yield every reference in a manifest's data with its path, as `each.id` or whatever stands between the braces."""
    for path, text in _texts(data, ()):
        if _is_filled_in(path):
            yield from ((path, found[1].strip()) for found in _REFERENCE.finditer(text) if found[1] is not None)


def unescaped(data: Data) -> Data:
    """Return the data with `$${` as `${` wherever references are read."""
    return _unescaped(data, ())


def _unescaped(data: Data, path: Path) -> Data:
    if isinstance(data, dict):
        return {name: _unescaped(value, (*path, name)) for name, value in data.items()}
    if isinstance(data, list):
        return [_unescaped(value, (*path, index)) for index, value in enumerate(data)]
    if isinstance(data, str) and _is_filled_in(path):
        return data.replace("$${", "${")
    return data


def _texts(data: Data, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _texts(value, (*path, name))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, (*path, index))
    elif isinstance(data, str):
        yield path, data


def _is_filled_in(path: Path) -> bool:
    if path[:1] == ("jobs",):
        return True
    return len(path) == 3 and path[0] == "keys" and path[2] not in _SECRETS
