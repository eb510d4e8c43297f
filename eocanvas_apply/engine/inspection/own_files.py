"""Files that the program makes and may make again: replaced where they are its own, never where they are not."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.files import is_file, replace_text


class OwnFile(Struct, frozen=True):
    """A file to write.

    One that is there is our own where `mark` stands in it; a file that can hold no mark is, where one of `owners` is.
    """

    path: Path
    text: str
    mark: str = ""
    owners: tuple[tuple[Path, str], ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether nothing of anybody else is in its way."""
        if not os.path.lexists(self.path):
            return True
        return any(is_own(path, mark) for path, mark in ((self.path, self.mark), *self.owners) if mark)


def is_own(path: Path, mark: str) -> bool:
    """Tell whether a mark of ours stands in a file."""
    return mark in (_text_of(path) or "")


def _text_of(path: Path) -> str | None:
    # A pipe would be waited for.
    if not is_file(path):
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def write_own(files: Iterable[OwnFile], boundary: Boundary) -> None:
    """Write files within a boundary, once nothing is in the way of any.

    Raises UsageError for a file that is not ours, and OSError.
    """
    files = list(files)
    for each in files:
        if not each.is_free:
            message = f"{each.path} was not written by eocanvas-apply, and is not replaced"
            raise UsageError(error("result-name-taken", message, "move it away"))
    folders = dict.fromkeys(each.path.parent for each in files)
    for folder in folders:
        boundary.real(folder)
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for each in files:
        if _text_of(each.path) != each.text:
            replace_text(each.path, each.text, synced=False)
