"""The texts behind the digests: each graph and chain that was launched, kept once beside the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePath

from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.file_locks import locked
from eocanvas_apply.manifest.graphs_and_chains import Document
from eocanvas_apply.planning.desired.desired import DesiredJob


def keep_documents(folder: Path, jobs: Iterable[DesiredJob]) -> None:
    """Write the documents of these jobs that are not kept yet into the manifest's folder, so that `why` can compare.

    Where that fails nothing else is lost: the jobs are launched all the same.
    """
    documents = {job.document.digest: job.document for job in jobs if job.document}
    for digest, document in documents.items():
        with suppress(OSError):
            _keep(folder / kept_at(digest), text_of(document))


def _keep(path: Path, text: str) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Where another run writes it, that one is enough.
    with locked(path):
        temporary = path.with_suffix(".part")
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)


def kept_at(digest: str) -> PurePath:
    """Return where the text of a digest (`sha256:<hex>`) is kept, relative to the manifest's folder."""
    return PurePath(".eocanvas") / "documents" / digest.removeprefix("sha256:")


def text_of(document: Document) -> str:
    """Return the text to keep of a document: as it is sent, without params and mark."""
    return document.to_xml() if isinstance(document, Graph) else document.to_yaml()
