"""`ledger`: shows, verifies, copies and compacts what is recorded, creates a table for it, and rebuilds a lost one.

Only to rebuild needs the service and its credentials; all else the manifest only where that names the ledger.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import read_now, with_project
from eocanvas_apply.cli.recorded_project import RecordedProject
from eocanvas_apply.cli.shared_options import add_allowed_paths, add_ledger, add_output, add_place, add_project, add_yes
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerError, UsageError
from eocanvas_apply.render.layout import counted

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.ledger.entry import Entry
    from eocanvas_apply.ledger.opened_ledger import OpenedLedger

EPILOG = """\
Every intent is written into the ledger before it is carried out, and every answer after it.
`eocanvas-apply ledger copy --help` shows the arguments of `copy`, and so on.

Examples:
  eocanvas-apply ledger show
  eocanvas-apply ledger verify --ledger /backup/default.jsonl
  eocanvas-apply ledger copy .eocanvas/default.jsonl s3://ledgers/coast
"""
_PARTS = {
    "show": "show every entry",
    "verify": "check that the entries agree",
    "copy": "copy all entries to another ledger, which has none",
    "compact": "write a snapshot, with which the next run opens at once",
    "create": "create the table of a ledger in PostgreSQL",
    "rebuild": "rebuild a lost ledger from the keys and jobs that the service shows",
}


def add_arguments(parser: Parser) -> None:
    """Declare what to do with it."""
    parser.add_parts(_PARTS)
    for name in ("show", "verify", "compact", "create"):
        add_ledger(parser.parts[name])
        add_allowed_paths(parser.parts[name])
        add_place(parser.parts[name])
    copy = parser.parts["copy"]
    copy.add_argument("source", metavar="FROM", help="the ledger that is read: a path or an address")
    copy.add_argument("target", metavar="TO", help="the ledger that is written")
    add_output(copy)
    add_yes(parser.parts["rebuild"])
    add_project(parser.parts["rebuild"])


def run(args: Namespace, console: Console) -> Outcome:
    """Do with the entries what is asked; raises UsageError and LedgerError."""
    if args.part == "copy":
        return _copied(args.source, args.target)
    if args.part == "rebuild":
        return _rebuilt(args, console)
    project = RecordedProject(args)
    ledger = project.ledger()
    if args.part == "create":
        return _created(ledger)
    entries = read_now(ledger.backend.read())
    if not entries:
        project.require_environment()
        raise LedgerError(error("ledger-absent", f"no ledger at {ledger.backend.url}", "the first apply opens it"))
    return {"show": _shown, "verify": _verified, "compact": _compacted}[args.part](entries, ledger)


def _shown(entries: Sequence[Entry], ledger: OpenedLedger) -> Outcome:  # noqa: ARG001 - called like the others
    from eocanvas_apply.render.records import ledger_text

    return Outcome(
        text=lambda style: ledger_text(entries, style),
        fields=lambda: {"ledger": [entry.to_json() for entry in entries]},
    )


def _copied(*places: str) -> Outcome:
    from eocanvas_apply.boundary import Boundary
    from eocanvas_apply.ledger.copies import copy_ledger
    from eocanvas_apply.ledger.opened_ledger import open_ledger

    source, target = (open_ledger(place, Boundary(Path())) for place in places)
    held, new = read_now(copy_ledger(source.backend, target.backend))
    url = target.backend.url
    words = (
        f"{url}: {counted(held, 'entry', 'entries')}, {new} of them new\n"
        "Use one of the two ledgers from now on: runs on both would launch jobs twice.\n"
    )
    found = {"from": source.backend.url, "url": url, "entries": held, "copied": new}
    return Outcome(text=lambda _: words, fields=lambda: {"ledger": [found]})


def _rebuilt(args: Namespace, console: Console) -> Outcome:
    def heard(read: int, of: int) -> None:
        console.err.write(f"read {read} of {counted(of, 'log')}\n")

    async def work(project: AsyncProject) -> Outcome:
        from eocanvas_apply.engine.adoption import ledger_rebuild
        from eocanvas_apply.render.account import rebuilt as render

        engine = await project.engine()
        found = await (await ledger_rebuild.Rebuilding.of(engine, heard)).rebuilt()
        asked = not (console.as_json and args.yes)
        if asked:
            console.err.write(render.text(found, console.err.style))
        confirm(console, "Write this ledger?", yes=args.yes)
        await ledger_rebuild.record(engine, found)
        done = f"{engine.journal.url} is written. See what follows with: eocanvas-apply plan\n"
        return Outcome(diagnostics=engine.findings, text=lambda _: done, fields=lambda: {"ledger": render.rows(found)})

    return with_project(args, console, work)


def _compacted(entries: Sequence[Entry], ledger: OpenedLedger) -> Outcome:
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.ledger.verify import verify

    url, snapshots = ledger.backend.url, ledger.snapshots
    if snapshots is None:
        raise UsageError(error("usage", f"{url} has no snapshot: each run reads its rows", "there is nothing to do"))
    if faults := verify(entries):
        raise LedgerError(*faults)
    recorded = Recorded()
    recorded.add(entries)
    if not snapshots.save(recorded):
        message = f"{snapshots.url}: the snapshot cannot be written"
        hint = "check the rights and the room there; runs go on without it"
        raise LedgerError(error("ledger-unwritable", message, hint))
    words = (
        f"{url}: {counted(len(entries), 'entry', 'entries')} in the snapshot {snapshots.url}\n"
        "All entries stay; the next run reads the snapshot, and what was appended since.\n"
    )
    found = {"url": url, "entries": len(entries), "snapshot": snapshots.url}
    return Outcome(text=lambda _: words, fields=lambda: {"ledger": [found]})


def _created(ledger: OpenedLedger) -> Outcome:
    url = ledger.backend.url
    if ledger.create is None:
        message = f"{url} needs no table; the first apply begins the ledger"
        raise UsageError(error("usage", message, "name a database: --ledger postgresql://HOST/DATABASE"))
    new = read_now(ledger.create())
    words = f"{url}: the table eocanvas_ledger {'is created' if new else 'was there before; nothing is changed'}\n"
    return Outcome(text=lambda _: words, fields=lambda: {"ledger": [{"url": url, "created": new}]})


def _verified(entries: Sequence[Entry], ledger: OpenedLedger) -> Outcome:
    from eocanvas_apply.ledger.verify import snapshot_faults, verify

    snapshots, url = ledger.snapshots, ledger.backend.url
    kept = snapshots.load() if snapshots else None
    faults = [*verify(entries), *(snapshot_faults(kept, entries, snapshots.url) if kept and snapshots else ())]
    beside = f", with a snapshot up to entry {kept.head}" if kept else ""
    state = "faults found" if faults else "all well"
    words = f"{url}: {counted(len(entries), 'entry', 'entries')}{beside}, {state}\n"
    found = {"url": url, "entries": len(entries), "faults": len(faults)}
    return Outcome(
        Exit.ERROR if faults else Exit.DONE,
        faults,
        text=lambda _: words,
        fields=lambda: {"ledger": [{**found, "snapshot": kept.head if kept else None}]},
    )
