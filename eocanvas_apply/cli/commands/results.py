"""`results`: which files the jobs left, and where; with --fetch it brings those that are not here."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eocanvas_apply.cli import fetching, records
from eocanvas_apply.cli.addresses import jobs_named
from eocanvas_apply.cli.console import Console, Outcome
from eocanvas_apply.cli.options import add_ledger, add_place, add_variables
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.settings import manifest_file, variables
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import EocanvasApplyError, UsageError

if TYPE_CHECKING:
    from eocanvas_apply.ledger.fold import JobRecord, Recorded
    from eocanvas_apply.render.documents import StoredDocument

EPILOG = """\
Unless it is to fetch it reads the ledger and looks at the files: no service, no credentials. Files are named
relative to the manifest. `apply` fetches them; what lies at a key's storage is named, not fetched.

--fetch asks the service for what was listed and is not here: left by `apply --no-fetch`, or fetched on another machine
that uses the same ledger. What has no record yet goes on it, the rest is checked against it. --to puts a copy of all of
it into another folder, in the project's layout, and leaves the project and its ledger as they are; what is there and
whole is not fetched again. Files that were edited or removed stay so unless --refetch asks for them; what lies in their
place then moves to .eocanvas/superseded.

Examples:
  eocanvas-apply results
  eocanvas-apply results subset --format json
  eocanvas-apply results --format csv > results.csv
  eocanvas-apply results --fetch
  eocanvas-apply results datacube --to /data/baltic
"""


def add_arguments(parser: Parser) -> None:
    """Declare which job, and what to fetch."""
    parser.add_argument("address", nargs="?", metavar="ADDRESS", help="of one job, or of one campaign (default: all)")
    parser.add_argument("--fetch", action="store_true", help="bring what was listed and is not here")
    parser.add_argument("--to", metavar="DIR", type=Path, help="bring a copy of all of it there")
    parser.add_argument("--refetch", action="store_true", help="bring also what was edited or removed here")
    add_ledger(parser)
    add_variables(parser)
    add_place(parser, ("text", "json", "csv"))


def run(args: Namespace, console: Console) -> Outcome:
    """List what the record holds, after fetching where that is asked for."""
    if args.fetch or args.to or args.refetch:
        return fetching.fetch(args, console)
    recorded = asyncio.run(records.recorded(args))
    addresses = chosen(args.address, recorded)
    return listed(args, of_record(recorded, addresses, manifest_file(args).parent), addresses)


def chosen(written: str | None, recorded: Recorded) -> list[str]:
    """Return the addresses that the command line names, all that are recorded where it names none."""
    if not written:
        return sorted(recorded.jobs)
    if not recorded.keys and not recorded.jobs:
        hint = "the first apply puts it there; `status` lists every address"
        raise UsageError(error("unknown-address", f"nothing is on record yet, {written!r} neither", hint))
    return sorted(str(address) for address in jobs_named(written, (), recorded))


def of_record(recorded: Recorded, addresses: Collection[str], folder: Path) -> list[StoredDocument]:
    """Return the results of these addresses as the record has them; `folder` is the manifest's."""
    return [each for address in addresses for each in _of(recorded.jobs[address], folder)]


def listed(args: Namespace, found: list[StoredDocument], addresses: Collection[str]) -> Outcome:
    """Return the listing of results in the form that was asked for."""
    from eocanvas_apply.render import stored as render

    if args.format == "csv":
        rows = _rows(args, addresses)
        return Outcome(text=lambda _: render.csv_text(found, rows))
    return Outcome(text=lambda style: render.text(found, style), fields=lambda: {"results": found})


def _of(record: JobRecord, folder: Path) -> list[StoredDocument]:
    from eocanvas_apply.planning.runs import counted_run

    run = None if record.forgotten else counted_run(record)
    if run is None:
        return []
    found: list[StoredDocument] = [
        {
            "address": record.address,
            "job_id": run.job_id,
            "file": each.file,
            "size": each.size,
            "sha256": each.sha256,
            "state": "here" if (folder / each.file).exists() else "missing",
        }
        for each in run.stored.values()
    ]
    found += [
        {
            "address": record.address,
            "job_id": run.job_id,
            "file": listed.title,
            "size": None,
            "sha256": None,
            "state": "at-key" if listed.at_key else "pending",
        }
        for key, listed in run.listed.items()
        if key not in run.stored
    ]
    return found


def _rows(args: Namespace, addresses: Collection[str]) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """Return instance and fields of each address, as far as the manifest gives its rows without asking anybody."""
    from eocanvas_apply.engine.campaigns import given_rows
    from eocanvas_apply.engine.project import open_project
    from eocanvas_apply.manifest.address import Address

    rows: dict[tuple[str, str], Mapping[str, Any]] = {}
    try:
        project = open_project(manifest_file(args), variables(args))
        instances = given_rows(project, datetime.now(UTC)).expansion.instances
        rows = {(name, row.id): row.fields for name, found in instances.items() for row in found}
    except EocanvasApplyError:
        # A manifest that is gone or broken takes no result from the list.
        pass
    known = {text: Address.parse(text) for text in addresses}
    return {text: (each.instance or "", rows.get((each.name, each.instance or ""), {})) for text, each in known.items()}
