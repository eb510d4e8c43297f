"""The results of jobs: files here and titles at storages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.render.style import PLAIN, Style
from eocanvas_apply.render.table import table

if TYPE_CHECKING:
    from eocanvas_apply.render.documents import StoredDocument


def text(results: Sequence[StoredDocument], style: Style = PLAIN) -> str:
    """Return one row a result; one that lies at a storage has no size."""
    rows = [[each["address"], _size(each["size"]), each["file"]] for each in results]
    return table(("job", "size", "file"), rows, style) or "No results yet.\n"


def _size(size: int | None) -> str:
    return f"{size:,} B" if size is not None else "at the key"
