"""`results`: which files the jobs left, and where; with --fetch it downloads those that are not here."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import read_now, with_project
from eocanvas_apply.cli.recorded_project import RecordedProject
from eocanvas_apply.cli.shared_options import add_allowed_paths, add_ledger, add_place, add_policy, add_variables
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.errors import UsageError
from eocanvas_apply.render.layout import counted

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.api.results import Results
    from eocanvas_apply.engine.collecting import Collected
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.planning.desired.desired import Desired
    from eocanvas_apply.report.job_rows import JobRow
    from eocanvas_apply.report.provenance.written_catalogue import Written

EPILOG = """\
Without --fetch it reads the ledger and looks at the files; the service is not asked. Files are named relative to the
manifest. `apply` downloads them; results in the storage of a key are listed with their place there, not downloaded.

csv has a line for each result, and one for each job or instance without any, with its state. geojson is a
FeatureCollection of the campaigns whose rows have a geometry: address, instance, state and files of each instance.

stac and ro-crate write what made the results into files beside them, and name the files. stac: a collection.json for
each job or campaign, and an item for each result (FILE.stac.json); with --out DIR all of that in DIR, with references
to the results where they are. ro-crate: a ro-crate-metadata.json in the folder of each job or campaign. Only results
that are here as they were downloaded, or at a key, are described. What is rewritten is only what is our own.

--fetch downloads what was listed and is not here: left by `apply --no-fetch`, or downloaded on another machine that
uses the same ledger. What is not recorded yet is recorded, the rest is checked against the ledger. --to puts a copy of
everything into another folder, in the project's layout, and changes neither the project nor its ledger; what is there
and whole is not downloaded again. Files that were edited or removed stay so unless --refetch is given; what lies in
their place then moves to .eocanvas/superseded.

Examples:
  eocanvas-apply results
  eocanvas-apply results datacube --format csv > results.csv
  eocanvas-apply results --fetch
"""


# The formats with a line for each job or instance, on record or not.
_WITH_ROWS = ("csv", "geojson")
# The formats that are written beside the results.
_CATALOGUES = ("stac", "ro-crate")


def add_arguments(parser: Parser) -> None:
    """Declare which job, and what to fetch."""
    parser.add_argument("address", nargs="?", metavar="ADDRESS", help="of one job, or of one campaign (default: all)")
    parser.add_argument("--fetch", action="store_true", help="download what was listed and is not here")
    parser.add_argument("--to", metavar="DIR", type=Path, help="download a copy of everything into this folder")
    parser.add_argument("--refetch", action="store_true", help="download also what was edited or removed here")
    parser.add_argument("--out", metavar="DIR", type=Path, help="with --format stac: write into this folder instead")
    add_ledger(parser)
    add_variables(parser)
    add_allowed_paths(parser)
    add_policy(parser)
    add_place(parser, *_WITH_ROWS, *_CATALOGUES)


def run(args: Namespace, console: Console) -> Outcome:
    """List what is recorded, after fetching where that is asked for."""
    from eocanvas_apply.api.results import chosen_jobs, recorded_results

    _require_format(args)
    if args.fetch or args.to or args.refetch:
        return with_project(args, console, lambda project: _fetched(args, console, project))
    project = RecordedProject(args, rows=args.format in (*_WITH_ROWS, *_CATALOGUES))
    recorded = read_now(project.recorded())
    addresses = _described(args, chosen_jobs(args.address, recorded), recorded)
    return _listed(args, recorded_results(recorded, addresses, project.boundary), recorded, project)


def _described(args: Namespace, addresses: list[str], recorded: Recorded) -> list[str]:
    """Return the jobs to list: a catalogue is of a whole campaign."""
    from eocanvas_apply.api.provenance import whole_campaigns

    return whole_campaigns(addresses, recorded) if args.format in _CATALOGUES else addresses


async def _fetched(args: Namespace, console: Console, project: AsyncProject) -> Outcome:
    from eocanvas_apply.api.results import chosen_jobs, recorded_results
    from eocanvas_apply.cli.terminal.live import Lines
    from eocanvas_apply.engine.collecting import collect, copy_to
    from eocanvas_apply.engine.inspection.unread_versions import read_versions

    engine = await project.engine()
    engine.report = Lines(console.err).write
    addresses = chosen_jobs(args.address, await engine.recorded())
    if args.to:
        collected = await copy_to(engine, addresses, args.to.resolve(), again=args.refetch)
    else:
        engine.require_policy()
        collected = await collect(engine, addresses, again=args.refetch)
    if args.format in _CATALOGUES and not args.to:
        await read_versions(engine, _described(args, addresses, await engine.recorded()))
    recorded, boundary = engine.journal.recorded, project.project.boundary
    listed = _described(args, addresses, recorded)
    found = _copies(collected, args.to) if args.to else recorded_results(recorded, listed, boundary)
    code = Exit.ERROR if collected.failures else Exit.DONE
    irregular = engine.service.irregularities.diagnostics()
    outcome = _listed(args, found, recorded, RecordedProject(args, project.project), engine.desired)
    diagnostics = (*outcome.diagnostics, *collected.failures, *collected.left, *irregular)
    return replace(outcome, exit=code, diagnostics=diagnostics)


def _copies(collected: Collected, folder: Path) -> Results:
    from eocanvas_apply.api.results import Result, Results

    states = {"here": "here", "other": "edited"}
    return Results(
        tuple(
            Result(c.address, c.job_id, str(folder / c.file), c.size, c.sha256, states.get(how, "missing"), folder)
            for c, how in collected.stands.items()
        )
    )


def _listed(
    args: Namespace, found: Results, recorded: Recorded, project: RecordedProject, desired: Desired | None = None
) -> Outcome:
    """Return the list in the format that was asked for; `desired` has the rows of campaigns that have searched."""
    from eocanvas_apply.render.results import result_files as render

    if args.format in _CATALOGUES:
        return _written(args, found, recorded, project, desired)
    results = found.to_json()
    if args.format == "csv":
        rows, faults = _rows(args, recorded, project)
        return Outcome(diagnostics=faults, text=lambda _: render.csv_text(results, rows))
    if args.format == "geojson":
        rows, faults = _rows(args, recorded, project)
        features = render.geojson_text(results, rows)
        if features is None:
            hint = "rows have one where they come from `geojson`, or have a field `geometry` or `wkt`"
            raise UsageError(error("no-geometry", "no row of these jobs has a geometry", hint))
        return Outcome(diagnostics=faults, text=lambda _: features)
    return Outcome(text=lambda style: render.text(results, style), fields=lambda: {"results": results})


def _rows(args: Namespace, recorded: Recorded, project: RecordedProject) -> tuple[list[JobRow], tuple[Diagnostic, ...]]:
    """Return a row for each of the jobs asked for, on record or not, as far as files and the lock give them.

    With it comes a warning where the manifest does not say what makes a job fail.
    """
    from eocanvas_apply.api.addresses import jobs_named
    from eocanvas_apply.report.job_rows import job_rows

    given, (checks, faults) = project.given, project.checks()
    addresses = jobs_named([args.address], given, recorded) if args.address else {*given, *recorded.jobs}
    return job_rows(sorted(addresses), given, recorded, checks), faults


def _require_format(args: Namespace) -> None:
    """Raise UsageError where --out is given and nothing is written there."""
    if args.out and args.format != "stac":
        hint = "a crate lies with its files: --to DIR copies them first" if args.format == "ro-crate" else ""
        raise UsageError(error("usage", "--out is for --format stac", hint or "add --format stac"))


def _written(
    args: Namespace, found: Results, recorded: Recorded, project: RecordedProject, desired: Desired | None
) -> Outcome:
    """Write the catalogues of these results, and return what was written."""
    from eocanvas_apply.api.provenance import Sources, write_crates, write_stac
    from eocanvas_apply.render.provenance.written_files import text

    folder, within = (Path(), Boundary(args.to)) if args.to else (project.boundary.folder, project.boundary)
    sources = Sources(recorded, found, project.boundary, folder, within, project.campaigns, desired)
    project.require_own(recorded)
    files = write_stac(sources, args.out) if args.format == "stac" else write_crates(sources, datetime.now(UTC))
    faults = (*project.rows_not_described(), *_lost(files))
    return Outcome(diagnostics=faults, text=lambda style: text(files, style), is_told=True)


def _lost(files: Sequence[Written]) -> Iterator[Diagnostic]:
    """Yield a warning for each catalogue that says less of rows than the one before."""
    for each in files:
        if each.lost:
            message = f"{each.path}: {counted(each.lost, 'item')} had the fields and the place of a row, and lost them"
            hint = "the manifest has no such rows now: restore it, and repeat the command"
            yield warning("rows-not-described", message, hint)
