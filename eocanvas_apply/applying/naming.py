"""The file names of a job's results: the last segment of their titles, made safe and told apart."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from eocanvas_apply.ledger.fold import Run

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_LONGEST = 200
_INDEX = "index.csv"


def file_names(run: Run, folder: Path, base: Path) -> dict[str, str]:
    """Return the file name of each listed result by its title.

    A second result of one name gets `-2`, and so does one whose place a file that is not ours has taken. `base`
    is what stored paths are relative to.
    """
    names: dict[str, str] = {}
    own = {base / stored.file for stored in run.stored.values()}
    for result in run.results or ():
        stored = run.stored.get(result.title)
        names[result.title] = Path(stored.file).name if stored else _free(result.name, names, folder, own)
    return names


def _free(name: str, names: dict[str, str], folder: Path, own: set[Path]) -> str:
    wanted = _safe(name)
    taken = {n.lower() for n in names.values()} | {path.name.lower() for path in own} | {_INDEX}
    candidate, number = wanted, 1
    while candidate.lower() in taken or (folder / candidate).exists():
        number += 1
        candidate = f"{PurePosixPath(wanted).stem}-{number}{PurePosixPath(wanted).suffix}"
    return candidate


def _safe(name: str) -> str:
    cleaned = _UNSAFE.sub("_", name).strip(" .")
    return cleaned[-_LONGEST:] or "result"
