"""What the format has and this release does not do yet. Later work deletes lines here."""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.documents.yaml_nodes import Data, Path

# `*` is any name; the second member is the one value that may stand there all the same.
_FIELDS: tuple[tuple[Path, Data], ...] = (
    (("environments",), None),
    (("ledger",), None),
    (("protect",), None),
    (("moved",), None),
    (("notify",), None),
    (("keys", "*", "*", "command"), None),
    (("keys", "*", "*", "keyring"), None),
    (("keys", "*", "*", "sops"), None),
    (("jobs", "*", "points"), None),
)


def not_yet(data: Data) -> Iterator[Path]:
    """Yield the path of every field that is given and does nothing yet."""
    for pattern, allowed in _FIELDS:
        for path, value in _matching(data, pattern, ()):
            if value != allowed and not _of_a_raw_job(data, path):
                yield path


def _matching(data: Data, pattern: Path, path: Path) -> Iterator[tuple[Path, Data]]:
    if not pattern:
        yield path, data
    elif isinstance(data, dict):
        names = list(data) if pattern[0] == "*" else [str(pattern[0])]
        for name in names:
            if name in data:
                yield from _matching(data[name], pattern[1:], (*path, name))


def _of_a_raw_job(data: Data, path: Path) -> bool:
    # A process that takes raw inputs may well call one of their fields `product`.
    if path[0] != "jobs" or path[2] != "inputs" or not isinstance(data, dict):
        return False
    jobs = data["jobs"]
    job = jobs[str(path[1])] if isinstance(jobs, dict) else None
    return isinstance(job, dict) and not {"graph", "chain"} & job.keys() and job.get("process") not in _PROCESSING


_PROCESSING = ("snap-function", "dataTailor")
