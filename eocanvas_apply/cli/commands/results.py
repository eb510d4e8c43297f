"""`results`: which files the jobs left, and where. It reads the ledger alone: no service, no credentials."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from eocanvas_apply.cli import records
from eocanvas_apply.cli.addresses import jobs_named
from eocanvas_apply.cli.console import Console, Outcome
from eocanvas_apply.cli.options import add_ledger, add_place
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.ledger.fold import JobRecord, Recorded
    from eocanvas_apply.render.documents import StoredDocument

EPILOG = """\
Files are named relative to the manifest. `apply` fetches them; what lies at a key's storage is named, not fetched.

Examples:
  eocanvas-apply results
  eocanvas-apply results subset --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare which job."""
    parser.add_argument("address", nargs="?", metavar="ADDRESS", help="of one job, or of one campaign (default: all)")
    add_ledger(parser)
    add_place(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Read the record and list what it holds."""
    from eocanvas_apply.render.stored import text

    recorded = asyncio.run(records.recorded(args))
    wanted = _recorded_jobs(args.address, recorded) if args.address else set(recorded.jobs)
    found = [each for address in sorted(wanted) for each in _of(recorded.jobs[address])]
    return Outcome(text=lambda style: text(found, style), fields=lambda: {"results": found})


def _recorded_jobs(written: str, recorded: Recorded) -> set[str]:
    if not recorded.keys and not recorded.jobs:
        hint = "the first apply puts it there; `status` lists every address"
        raise UsageError(error("unknown-address", f"nothing is on record yet, {written!r} neither", hint))
    return {str(address) for address in jobs_named(written, (), recorded)}


def _of(record: JobRecord) -> Iterator[StoredDocument]:
    from eocanvas_apply.planning.runs import counted_run

    run = None if record.forgotten else counted_run(record)
    if run is None:
        return
    for each in run.stored.values():
        yield {
            "address": record.address,
            "job_id": run.job_id,
            "file": each.file,
            "size": each.size,
            "sha256": each.sha256,
        }
    for listed in run.results or ():
        if listed.at_key:
            yield {
                "address": record.address,
                "job_id": run.job_id,
                "file": listed.title,
                "size": None,
                "sha256": None,
            }
