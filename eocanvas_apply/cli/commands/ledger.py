"""`ledger`: shows and verifies what is recorded. It needs neither manifest nor service nor credentials."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import allowed_paths, ledger_url, manifest_file, read_now
from eocanvas_apply.cli.shared_options import add_ledger, add_place
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerError
from eocanvas_apply.render.layout import counted

if TYPE_CHECKING:
    from eocanvas_apply.ledger.entry import Entry
    from eocanvas_apply.ledger.local import LocalBackend

EPILOG = """\
Every intent is written into the ledger before it is carried out, and every answer after it.

Examples:
  eocanvas-apply ledger show
  eocanvas-apply ledger show --format json
  eocanvas-apply ledger verify --ledger /backup/default.jsonl
"""


def add_arguments(parser: Parser) -> None:
    """Declare what to do with it."""
    parser.add_argument(
        "what", choices=("show", "verify"), metavar="show|verify", help="show every entry, or check that they agree"
    )
    add_ledger(parser)
    add_place(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Read all entries and show or verify them."""
    from eocanvas_apply.boundary import Boundary
    from eocanvas_apply.ledger.local import open_backend
    from eocanvas_apply.render.records import ledger_text

    backend = open_backend(ledger_url(args), Boundary(manifest_file(args).parent, allowed_paths(args)))
    entries = read_now(backend.read())
    if not entries:
        raise LedgerError(error("ledger-absent", f"no ledger at {backend.url}", "the first apply opens it"))
    if args.what == "verify":
        return _verified(entries, backend)
    return Outcome(
        text=lambda style: ledger_text(entries, style),
        fields=lambda: {"ledger": [entry.to_json() for entry in entries]},
    )


def _verified(entries: Sequence[Entry], backend: LocalBackend) -> Outcome:
    from eocanvas_apply.ledger.snapshots import Snapshots
    from eocanvas_apply.ledger.verify import snapshot_faults, verify

    kept = Snapshots(backend).load()
    faults = [*verify(entries), *(snapshot_faults(kept, entries) if kept else ())]
    beside = f", with a snapshot up to entry {kept.head}" if kept else ""
    state = "faults found" if faults else "all well"
    words = f"{backend.url}: {counted(len(entries), 'entry', 'entries')}{beside}, {state}\n"
    found = {"url": backend.url, "entries": len(entries), "faults": len(faults)}
    return Outcome(
        Exit.ERROR if faults else Exit.DONE,
        faults,
        text=lambda _: words,
        fields=lambda: {"ledger": [{**found, "snapshot": kept.head if kept else None}]},
    )
