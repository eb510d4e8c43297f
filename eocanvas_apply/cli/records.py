"""What is on record, for commands that ask the ledger alone: no service, no credentials."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import TYPE_CHECKING

from eocanvas_apply.cli.settings import ledger_url, manifest_file
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.ledger.fold.recorded import Recorded


async def recorded(args: Namespace) -> Recorded:
    """Return the fold of the ledger; raises UsageError where there is neither ledger nor manifest."""
    from datetime import UTC, datetime

    from eocanvas_apply.engine.opening import draw_token
    from eocanvas_apply.ledger.journal import Journal
    from eocanvas_apply.ledger.place import open_backend, snapshots_of

    manifest = manifest_file(args)
    backend = open_backend(ledger_url(args, os.environ), manifest.parent)
    journal = Journal(backend, "reader", lambda: datetime.now(UTC), draw_token, snapshots_of(backend))
    found = await journal.refresh()
    if not found.head and not manifest.exists():
        raise UsageError(error("file-missing", f"there is no manifest {manifest} and no ledger", "name it with -f"))
    return found
