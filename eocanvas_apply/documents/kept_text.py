"""The text of a graph or chain that is kept beside the ledger, and the name of its file."""

from __future__ import annotations

from pathlib import PurePath

from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.errors import ManifestError


def kept_at(digest: str) -> PurePath:
    """Return where the text of a digest (`sha256:<hex>`) is kept, relative to the manifest's folder."""
    return PurePath(".eocanvas") / "documents" / digest.removeprefix("sha256:")


def text_of(document: Graph | Chain) -> str:
    """Return the text to keep of a document: as it is sent, without params and mark."""
    return document.to_xml() if isinstance(document, Graph) else document.to_yaml()


def digest_of_text(text: str) -> str | None:
    """Return the digest of the document that a kept text is, None where it is none."""
    kind = Graph if text.startswith("<") else Chain
    try:
        return kind.parse(text.encode(), "kept text").digest
    except ManifestError:
        return None
