"""A ledger by its address: what keeps its entries, and what stands beside one in a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from msgspec import Struct

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.ledger.backends.local import open_backend
from eocanvas_apply.ledger.backends.local_runs import LocalRuns
from eocanvas_apply.ledger.backends.local_snapshots import LocalSnapshots
from eocanvas_apply.ledger.backends.runs_at_work import RunsAtWork
from eocanvas_apply.ledger.journal import Backend
from eocanvas_apply.ledger.snapshot_text import Snapshots

# As libpq takes them.
_POSTGRES = ("postgresql://", "postgres://")
_BUCKET = "s3://"
_LONGEST_LINE = 100_000


class OpenedLedger(Struct, frozen=True):
    """A ledger; nothing is read or written yet.

    One in a file or a bucket has a snapshot beside it; `runs` knows the runs at work. `create` creates the table of one
    in a database and tells whether it was not there before.
    """

    backend: Backend
    runs: RunsAtWork
    snapshots: Snapshots | None = None
    create: Callable[[], Coroutine[Any, Any, bool]] | None = None
    file: Path | None = None


def open_ledger(url: str | None, boundary: Boundary, environment: str | None = None) -> OpenedLedger:
    """Return the ledger of an address; None is the file of the environment, beside the manifest.

    An address is a path, `s3://BUCKET/PREFIX` or `postgresql://HOST/DATABASE`.
    Raises UsageError for another address, and where its extra is not installed.
    """
    if url is not None and url.startswith(_POSTGRES):
        return _in_database(url)
    if url is not None and url.startswith(_BUCKET):
        return _in_bucket(url)
    backend = open_backend(url, boundary, environment)
    return OpenedLedger(backend, LocalRuns(backend.path), LocalSnapshots(backend), file=backend.path)


def local_ledger_of(project: str, boundary: Boundary, environment: str | None) -> Path | None:
    """Return the file beside the manifest where it holds a ledger of this project, None where it does not."""
    path = open_backend(None, boundary, environment).path
    try:
        with path.open("rb") as file:
            first = json.loads(file.readline(_LONGEST_LINE))
    except (OSError, ValueError):
        return None
    return path if isinstance(first, dict) and first.get("project") == project else None


def _in_database(url: str) -> OpenedLedger:
    try:
        from eocanvas_apply.ledger.backends.database_runs import DatabaseRuns
        from eocanvas_apply.ledger.backends.database_session import DatabaseSession
        from eocanvas_apply.ledger.backends.postgres import PostgresBackend
    except ImportError:
        # psycopg raises it also where it finds no libpq.
        message = "a ledger in PostgreSQL needs psycopg, which is not installed"
        raise UsageError(error("extra-missing", message, "pip install 'eocanvas-apply[postgres]'")) from None
    session = DatabaseSession(url)
    backend = PostgresBackend(session)
    return OpenedLedger(backend, DatabaseRuns(session), create=backend.create)


def _in_bucket(url: str) -> OpenedLedger:
    try:
        from eocanvas_apply.ledger.backends.ledger_bucket import LedgerBucket
    except ModuleNotFoundError:
        message = "a ledger in a bucket needs obstore, which is not installed"
        raise UsageError(error("extra-missing", message, "pip install 'eocanvas-apply[s3]'")) from None
    from eocanvas_apply.ledger.backends.bucket_runs import BucketRuns
    from eocanvas_apply.ledger.backends.bucket_snapshots import BucketSnapshots
    from eocanvas_apply.ledger.backends.object_store import ObjectStoreBackend

    backend = ObjectStoreBackend(LedgerBucket(url))
    return OpenedLedger(backend, BucketRuns(backend.bucket), BucketSnapshots(backend))
