"""Texts that were kept beside the ledger count only as long as they are what was launched."""

from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.applying.document_store import kept_texts
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.kept_text import kept_at, text_of

EXAMPLES = Path(__file__).parents[2] / "examples"
CHAIN = b'product: OLL2WFR\nname: "Ostsee \xc3\xa4"\nroi: {id: a, NSWE: [58.0, 53, 15, 2e1]}\nformat: "012"\n'
DOCUMENTS: list[Graph | Chain] = [
    Chain.parse(CHAIN, "chain.yaml"),
    *(Graph.parse(path.read_bytes(), path.name) for path in sorted(EXAMPLES.glob("**/*.xml"))),
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_kept_text_is_found_until_another_stands_in_its_place(tmp_path: Path, document: Graph | Chain) -> None:
    file = tmp_path / kept_at(document.digest)
    file.parent.mkdir(parents=True)
    file.write_text(text_of(document), encoding="utf-8")
    assert kept_texts(Boundary(tmp_path), [document.digest]) == {document.digest: text_of(document)}
    for other in (text_of(DOCUMENTS[0] if document is not DOCUMENTS[0] else DOCUMENTS[1]), "", "<graph", "a: [", "\0"):
        file.write_text(other, encoding="utf-8")
        assert kept_texts(Boundary(tmp_path), [document.digest]) == {}
