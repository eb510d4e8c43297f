"""The kinds of ledger that the conformance suite is run on: from a test to an address, from it to a backend.

A later kind adds its line here, and is held to every test of the suite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from eocanvas_apply.ledger.backends.database_session import DatabaseSession
from eocanvas_apply.ledger.backends.ledger_bucket import LedgerBucket
from eocanvas_apply.ledger.backends.local import LocalBackend
from eocanvas_apply.ledger.backends.object_store import ObjectStoreBackend
from eocanvas_apply.ledger.backends.postgres import PostgresBackend
from eocanvas_apply.ledger.journal import Backend


@dataclass(frozen=True)
class Kind:
    """`address` names a fresh ledger for one test; `open` opens what has the address, in any process."""

    name: str
    address: Callable[[pytest.FixtureRequest], str]
    open: Callable[[str], Backend]


@dataclass(frozen=True)
class Ledger:
    """One ledger, which any number of backends may be opened on."""

    kind: Kind
    address: str

    def open(self) -> Backend:
        return self.kind.open(self.address)


def _in_a_database(request: pytest.FixtureRequest) -> str:
    """Return the address of an empty table; this process and its children log in with the rights of a run."""
    server = request.getfixturevalue("database_server")
    patch = request.getfixturevalue("monkeypatch")
    for name, value in server.variables().items():
        patch.setenv(name, value)
    return str(server.new_ledger())


def _in_a_bucket(request: pytest.FixtureRequest) -> str:
    """Return the address of an empty prefix; this process and its children have the credentials."""
    server = request.getfixturevalue("bucket_server")
    patch = request.getfixturevalue("monkeypatch")
    for name, value in server.variables().items():
        patch.setenv(name, value)
    return str(server.new_ledger())


KINDS = {
    "local": Kind(
        "local",
        lambda request: str(request.getfixturevalue("tmp_path") / ".eocanvas" / "default.jsonl"),
        lambda address: LocalBackend(Path(address)),
    ),
    "postgres": Kind("postgres", _in_a_database, lambda address: PostgresBackend(DatabaseSession(address))),
    "object-store": Kind("object-store", _in_a_bucket, lambda address: ObjectStoreBackend(LedgerBucket(address))),
}
