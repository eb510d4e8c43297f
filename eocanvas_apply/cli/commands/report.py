"""`report`: one page of HTML with a map, a calendar and a table of the jobs."""

from __future__ import annotations

import argparse
import asyncio
from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import ledger_url, opened_project, read_now, with_project
from eocanvas_apply.cli.shared_options import add_project
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.report.page.report_page import ReportPage

_DEFAULT = Path("report.html")
# Each is some kilobytes of the page, and a file to be read.
_THUMBNAILS = 24
EPILOG = """\
The page is one file that asks nothing from outside: open it, mail it, or publish it as a static page. It shows how many
jobs stand where, a map of the places that they work on, a calendar of launches and ends with the quota, what depends on
what, and a table that can be searched, with why jobs failed and the last lines of their logs, without secrets.

The service is asked as `status` asks it. With --offline only manifest and ledger are read; then logs are not shown, and
jobs stand as they were recorded last. --serve does the same again whenever the ledger changes, and shows the page at an
address of this machine alone until Ctrl-C.

Examples:
  eocanvas-apply report
  eocanvas-apply report --offline --out - > report.html
  eocanvas-apply report --serve
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.add_argument(
        "--out", metavar="FILE", help=f"write the page to this file, - for standard output (default: {_DEFAULT})"
    )
    parser.add_argument(
        "--offline", action="store_true", help="from manifest and ledger only: the service is not asked"
    )
    parser.add_argument("--serve", action="store_true", help="show the page on this machine, anew with every change")
    parser.add_argument(
        "--port", type=int, metavar="N", help="with --serve: the port of 127.0.0.1 (default: one that is free)"
    )
    parser.add_argument(
        "--thumbnails",
        type=_number,
        default=_THUMBNAILS,
        metavar="N",
        help=f"at most so many small pictures of results, of the jobs that ended last (default: {_THUMBNAILS}); they "
        "need pip install 'eocanvas-apply[thumbnails]', and are left out without it",
    )
    add_project(parser)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no number from 0")
    return int(text)


def run(args: Namespace, console: Console) -> Outcome:
    """Make the page and write it, or serve it."""
    _refuse_what_does_nothing(args, console)
    if args.serve:
        return _served(args, console)
    if args.offline:
        return _written(args, read_now(_of_ledger(args)))

    async def work(project: AsyncProject) -> Outcome:
        return _written(args, await _of_service(args, project))

    return with_project(args, console, work)


def _served(args: Namespace, console: Console) -> Outcome:
    from eocanvas_apply import __version__
    from eocanvas_apply.cli.recorded_project import RecordedProject
    from eocanvas_apply.cli.report_server import serve
    from eocanvas_apply.ledger.journal import Journal
    from eocanvas_apply.render.page import report_html

    ledger = RecordedProject(args).ledger()
    journal = Journal(ledger.backend, "reader", lambda: datetime.now(UTC), lambda: "", ledger.snapshots)

    async def make(digest: str) -> str:
        return report_html.text(await _of_ledger(args), version=__version__, digest=digest)

    return serve(journal, make, console, args.port or 0)


def _refuse_what_does_nothing(args: Namespace, console: Console) -> None:
    if args.port is not None and not args.serve:
        raise UsageError(error("usage", "--port is for --serve", "add --serve, or leave out --port"))
    if args.serve and args.out:
        raise UsageError(error("usage", "--serve writes no file", "leave out --serve or --out"))
    if console.as_json and (args.serve or args.out == "-"):
        given = "--serve" if args.serve else "--out -"
        hint = f"leave out {given} or --format json"
        raise UsageError(error("usage", f"{given} and --format json both want standard output", hint))


async def _of_service(args: Namespace, project: AsyncProject) -> ReportPage:
    from eocanvas_apply.engine.inspection.failed_logs import excerpts
    from eocanvas_apply.engine.inspection.pictures import pictures
    from eocanvas_apply.report.page.report_page import ReportPage

    status, engine = (await project.status()).value, await project.engine()
    logs = await excerpts(engine.service, status.jobs)
    recorded = engine.journal.recorded
    shown = await asyncio.to_thread(pictures, recorded, project.project.boundary, args.thumbnails)
    return ReportPage(status, project.project.manifest, recorded, logs, shown)


async def _of_ledger(args: Namespace) -> ReportPage:
    """Return the page of what manifest and ledger say."""
    import os

    from eocanvas_apply.api.report_pages import page_of_ledger
    from eocanvas_apply.engine.inspection.pictures import pictures
    from eocanvas_apply.engine.opening import timing_overrides

    project = opened_project(args)
    page = await page_of_ledger(project, ledger_url(args) or project.ledger_url, timing_overrides(os.environ))
    return replace(page, thumbnails=pictures(page.recorded, project.boundary, args.thumbnails))


def _written(args: Namespace, page: ReportPage) -> Outcome:
    from eocanvas_apply import __version__
    from eocanvas_apply.files import replace_output
    from eocanvas_apply.render.layout import counted, size
    from eocanvas_apply.render.page import report_html

    content, jobs = report_html.text(page, version=__version__), len(page.status.jobs)
    if args.out == "-":
        return Outcome(text=lambda _: content)
    path, length = Path(args.out or _DEFAULT), len(content.encode())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_output(path, content, report_html.BEGINNING)
    except OSError as fault:
        message = f"{path}: the report cannot be written: {fault.strerror or fault}"
        raise UsageError(error("output", message, "name another file: --out FILE")) from fault
    return Outcome(
        text=lambda _: f"Wrote {path}: {counted(jobs, 'job')}, {size(length)}.\n",
        fields=lambda: {"report": [{"file": str(path), "size": length, "jobs": jobs}]},
    )
