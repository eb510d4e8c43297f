"""The kinds of ledger that the conformance suite is run on: from a folder to an address, from it to a backend.

A later kind adds its line here, and is held to every test of the suite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eocanvas_apply.ledger.journal import Backend
from eocanvas_apply.ledger.local import LocalBackend


@dataclass(frozen=True)
class Kind:
    """`address` names a fresh ledger with room in this folder; `open` opens what has the address, in any process."""

    name: str
    address: Callable[[Path], str]
    open: Callable[[str], Backend]


@dataclass(frozen=True)
class Ledger:
    """One ledger, which any number of backends may be opened on."""

    kind: Kind
    address: str

    def open(self) -> Backend:
        return self.kind.open(self.address)


KINDS = {
    "local": Kind(
        "local",
        lambda folder: str(folder / ".eocanvas" / "default.jsonl"),
        lambda address: LocalBackend(Path(address)),
    ),
}
