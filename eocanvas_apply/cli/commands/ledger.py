"""`ledger`: shows and verifies what is recorded, and creates the table of a ledger in a database.

It needs neither manifest nor service nor their credentials.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import named_ledger, read_now, require_environment
from eocanvas_apply.cli.shared_options import add_ledger, add_place
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerError, UsageError
from eocanvas_apply.render.layout import counted

if TYPE_CHECKING:
    from eocanvas_apply.ledger.entry import Entry
    from eocanvas_apply.ledger.opened_ledger import OpenedLedger

EPILOG = """\
Every intent is written into the ledger before it is carried out, and every answer after it.

Examples:
  eocanvas-apply ledger show
  eocanvas-apply ledger show --format json
  eocanvas-apply ledger verify --ledger /backup/default.jsonl
  eocanvas-apply ledger create --ledger postgresql://db.example.org/eocanvas
"""


def add_arguments(parser: Parser) -> None:
    """Declare what to do with it."""
    parser.add_argument(
        "what",
        choices=("show", "verify", "create"),
        metavar="show|verify|create",
        help="show every entry, check that they agree, or create the table of a ledger in PostgreSQL",
    )
    add_ledger(parser)
    add_place(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Read all entries and show or verify them, or create the table for them."""
    from eocanvas_apply.render.records import ledger_text

    ledger = named_ledger(args)
    if args.what == "create":
        return _created(ledger)
    entries = read_now(ledger.backend.read())
    if not entries:
        require_environment(args)
        raise LedgerError(error("ledger-absent", f"no ledger at {ledger.backend.url}", "the first apply opens it"))
    if args.what == "verify":
        return _verified(entries, ledger)
    return Outcome(
        text=lambda style: ledger_text(entries, style),
        fields=lambda: {"ledger": [entry.to_json() for entry in entries]},
    )


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

    kept, url = ledger.snapshots.load() if ledger.snapshots else None, ledger.backend.url
    faults = [*verify(entries), *(snapshot_faults(kept, entries) if kept else ())]
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
