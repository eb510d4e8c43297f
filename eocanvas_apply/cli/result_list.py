"""The list of results: of which jobs, as the record has them, and in the form that was asked for."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eocanvas_apply.cli.addresses import jobs_named
from eocanvas_apply.cli.settings import manifest_file, variables
from eocanvas_apply.cli.terminal.console import Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import EocanvasApplyError, UsageError

if TYPE_CHECKING:
    from eocanvas_apply.ledger.events import ListedResult
    from eocanvas_apply.ledger.fold.job_records import JobRecord, ResultFile
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.render.json_shapes import StoredJson


def chosen(written: str | None, recorded: Recorded) -> list[str]:
    """Return the addresses that the command line names, all that are recorded where it names none."""
    if not written:
        return sorted(recorded.jobs)
    if not recorded.keys and not recorded.jobs:
        hint = "the first apply puts it there; `status` lists every address"
        raise UsageError(error("unknown-address", f"nothing is on record yet, {written!r} neither", hint))
    return sorted(str(address) for address in jobs_named(written, (), recorded))


def of_record(recorded: Recorded, addresses: Collection[str], folder: Path) -> list[StoredJson]:
    """Return the results of these addresses as the record has them; `folder` is the manifest's."""
    return [each for address in addresses for each in _of(recorded.jobs[address], folder)]


def listed(args: Namespace, found: list[StoredJson], addresses: Collection[str]) -> Outcome:
    """Return the listing of results in the form that was asked for."""
    from eocanvas_apply.render import stored as render

    if args.format == "csv":
        rows = _rows(args, addresses)
        return Outcome(text=lambda _: render.csv_text(found, rows))
    return Outcome(text=lambda style: render.text(found, style), fields=lambda: {"results": found})


def _of(record: JobRecord, folder: Path) -> list[StoredJson]:
    from eocanvas_apply.planning.state.runs import counted_run

    run = None if record.forgotten else counted_run(record)
    if run is None:
        return []
    waiting = [listed for key, listed in run.listed.items() if key not in run.stored]
    stored = [_stored(record.address, run.job_id, each, folder) for each in run.stored.values()]
    return stored + [_not_stored(record.address, run.job_id, each) for each in waiting]


def _stored(address: str, job_id: str, stored: ResultFile, folder: Path) -> StoredJson:
    return {
        "address": address,
        "job_id": job_id,
        "file": stored.file,
        "size": stored.size,
        "sha256": stored.sha256,
        "state": "here" if (folder / stored.file).exists() else "missing",
    }


def _not_stored(address: str, job_id: str, listed: ListedResult) -> StoredJson:
    return {
        "address": address,
        "job_id": job_id,
        "file": listed.title,
        "size": None,
        "sha256": None,
        "state": "at-key" if listed.at_key else "pending",
    }


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
