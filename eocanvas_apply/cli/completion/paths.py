"""Files and folders that may be meant by the beginning of a path."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from eocanvas_apply.vocabulary import SAVED_PLAN

_OF_MANIFESTS = (".yaml", ".yml")


def files(prefix: str) -> list[str]:
    """Return all files and folders."""
    return list(_paths(prefix, lambda _: True))


def manifests(prefix: str) -> list[str]:
    """Return the YAML files and the folders; where there are none all files."""
    return list(_paths(prefix, _is_manifest)) or files(prefix)


def folders(prefix: str) -> list[str]:
    """Return the folders."""
    return list(_paths(prefix, lambda _: False))


def plans(prefix: str) -> list[str]:
    """Return the files that `plan --out` saved, and the folders."""
    return list(_paths(prefix, _is_plan))


def _paths(prefix: str, fits: Callable[[os.DirEntry[str]], bool]) -> Iterator[str]:
    """Yield the folders, each with a slash, and the files that fit, as a shell would write them behind the prefix."""
    folder, begun = os.path.split(prefix)
    with os.scandir(os.path.expanduser(folder) or ".") as found:  # noqa: PTH111
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        hidden = entry.name.startswith(".") and not begun.startswith(".")
        if not entry.name.startswith(begun) or hidden:
            continue
        path = os.path.join(folder, entry.name)  # noqa: PTH118
        if entry.is_dir():
            yield f"{path}/"
        elif fits(entry):
            yield path


def _is_manifest(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(_OF_MANIFESTS)


def _is_plan(entry: os.DirEntry[str]) -> bool:
    # A pipe would be waited for.
    if not entry.is_file():
        return False
    try:
        with open(entry.path, "rb") as file:  # noqa: PTH123
            return file.read(len(SAVED_PLAN)) == SAVED_PLAN.encode()
    except OSError:
        return False
