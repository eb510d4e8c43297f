"""The file names of a job's results: the last segment of their titles, made safe and unique."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import PurePath, PurePosixPath

from msgspec import Struct

from eocanvas_apply.files import is_portable
from eocanvas_apply.ledger.fold.job_records import Run

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
# In bytes: file systems take 255, and a part's name is a little longer.
_LONGEST = 200
_INDEX = "index.csv"


class FileName(Struct, frozen=True):
    """Where one result goes; `taken` are names it would have had, of files that are not recorded."""

    name: str
    taken: tuple[str, ...] = ()


def file_names(run: Run, exists: Callable[[str], bool]) -> dict[str, FileName]:
    """Return the file name of each listed result by its key; `exists` says whether a file has a name.

    A second result of one name gets `-2`, and so does one whose place a file that is not ours has taken.
    """
    names: dict[str, FileName] = {}
    own = {PurePath(stored.file).name.lower() for stored in run.stored.values()}
    for key, result in run.listed.items():
        stored = run.stored.get(key)
        others = own | {known.name.lower() for known in names.values()} | {_INDEX}
        names[key] = FileName(PurePath(stored.file).name) if stored else _free(result.name, exists, others)
    return names


def _free(name: str, exists: Callable[[str], bool], others: set[str]) -> FileName:
    taken: list[str] = []
    for candidate in _variants(safe_name(name)):
        if candidate.lower() in others:
            continue
        if not exists(candidate):
            return FileName(candidate, tuple(taken))
        taken.append(candidate)
    raise AssertionError("there is always another number")


def _variants(wanted: str) -> Iterator[str]:
    yield wanted
    path = PurePosixPath(wanted)
    for number in count(2):
        yield f"{path.stem}-{number}{path.suffix}"


def safe_name(name: str) -> str:
    """Return the name as one that every file system takes, and that stays in its folder."""
    cleaned = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip(" .")
    short = cleaned.encode(errors="replace")[-_LONGEST:].decode(errors="ignore").lstrip(" .") or "result"
    return short if is_portable(short) else f"_{short}"
