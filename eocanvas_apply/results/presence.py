"""How results stand in a folder, by what lies there and what its indexes say has come."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from eocanvas_apply.files import digest_of
from eocanvas_apply.results.copies import Copy, Presence
from eocanvas_apply.results.index_file import IndexFiles


def presence(folder: Path, copies: Iterable[Copy]) -> dict[Copy, Presence]:
    """Return of each how it stands, with size and digest where only this folder's index knows them.

    Files of the right size are read where their time of change is not the recorded one. Blocks.
    """
    indexes = IndexFiles()
    return dict(_presence(Path(os.path.normpath(folder / copy.file)), copy, indexes) for copy in copies)


def _presence(path: Path, copy: Copy, indexes: IndexFiles) -> tuple[Copy, Presence]:
    entry = indexes.entry(path)
    came = entry if entry and entry.job_id == copy.job_id else None
    known = replace(copy, size=came.size, sha256=came.sha256) if came and not copy.recorded else copy
    if not path.is_file():
        return known, Presence.REMOVED if came else Presence.ABSENT
    return known, Presence.HERE if _same(path, known) else Presence.OTHER


def _same(path: Path, known: Copy) -> bool:
    stat = path.stat()
    if stat.st_size != known.size:
        return False
    return stat.st_mtime_ns == known.modified_ns or digest_of(path) == known.sha256
