"""Graphs and chains by their digest: where the text is kept, and what two of them differ in."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import PurePath

from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.manifest.graphs_and_chains import Document

_FOLDER = PurePath(".eocanvas") / "documents"


def kept_at(digest: str) -> PurePath:
    """Return where the text of a digest (`sha256:<hex>`) is kept, relative to the manifest's folder."""
    return _FOLDER / digest.removeprefix("sha256:")


def text_of(document: Document) -> str:
    """Return the text to keep of a document: as it is sent, without params and mark."""
    return document.to_xml() if isinstance(document, Graph) else document.to_yaml()


def difference(before: str, after: str) -> tuple[str, ...]:
    """Return the lines of a unified diff of two texts, without its file names."""
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return tuple(line for line in lines if not line.startswith(("---", "+++")))
