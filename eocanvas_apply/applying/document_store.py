"""The texts behind the digests: each graph and chain that was launched, kept once beside the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from eocanvas_apply.planning.desired.desired import DesiredJob
from eocanvas_apply.planning.desired.document_texts import kept_at, text_of


def keep_documents(folder: Path, jobs: Iterable[DesiredJob]) -> None:
    """Write the documents of these jobs that are not kept yet; `folder` is the manifest's.

    A ledger holds their digests only; with the text at hand `why` can show what changed. Where it cannot be
    written nothing else is lost, so that is no reason to launch nothing.
    """
    documents = {job.document.digest: job.document for job in jobs if job.document}
    for digest, document in documents.items():
        with suppress(OSError):
            _keep(folder / kept_at(digest), text_of(document))


def _keep(path: Path, text: str) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
