"""The texts behind the digests: each graph and chain that was launched, kept once beside the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.documents.kept_text import digest_of_text, kept_at, text_of
from eocanvas_apply.file_locks import locked
from eocanvas_apply.files import LARGEST, replace_text
from eocanvas_apply.planning.desired.desired_job import DesiredJob


def keep_documents(folder: Path, jobs: Iterable[DesiredJob]) -> None:
    """Write the documents of these jobs that are not kept yet into the manifest's folder, so that `why` can compare.

    Where that fails nothing else is lost: the jobs are launched all the same.
    """
    keep_texts(folder, {job.document.digest: text_of(job.document) for job in jobs if job.document})


def keep_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the texts of graphs and chains, by their digests, that are not kept yet."""
    for digest, text in texts.items():
        with suppress(OSError):
            _keep(folder / kept_at(digest), text)


def _keep(path: Path, text: str) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Where another run writes it, that one is enough.
    with locked(path):
        replace_text(path, text)


def kept_texts(boundary: Boundary, digests: Iterable[str]) -> dict[str, str]:
    """Return the texts of these digests, as far as they were kept in the manifest's folder and can be read.

    A text of another digest is left out: who put it there would decide what a plan shows as changed.
    """
    texts: dict[str, str] = {}
    for digest in digests:
        with suppress(OSError, UnicodeDecodeError), boundary.open(boundary.folder / kept_at(digest)) as file:
            text = file.read(LARGEST).decode()
            if digest_of_text(text) == digest:
                texts[digest] = text
    return texts
