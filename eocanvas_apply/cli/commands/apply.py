"""`apply`: plans, asks, and makes it so: keys, jobs, results."""

from __future__ import annotations

from argparse import Namespace
from functools import partial

from eocanvas_apply.cli import making, wishes
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.terminal.console import Console, Outcome

EPILOG = """\
It may be interrupted at any moment and run again: what is on record is never launched twice.
On a terminal a table shows how it stands, elsewhere (and with -v) each event is a line.
The first Ctrl-C sends nothing more and waits a few seconds for answers on the way, the second stops at once.

Examples:
  eocanvas-apply apply
  eocanvas-apply apply --yes --wait 2h
  eocanvas-apply apply --retry-failed
  eocanvas-apply apply --only datacube --limit 20
  eocanvas-apply apply --yes --no-wait --format json
"""

ALLOWED = {
    "allow-new-ledger": "open a new ledger although this project seems to have one elsewhere",
    "allow-deletes": "delete more than 2 and more than 30 %% of the recorded keys",
    "allow-relaunches": "run more than 10 finished jobs again",
    "allow-forgets": "forget more than 5 and more than 10 %% of the recorded jobs",
    "allow-empty": "apply a manifest that declares nothing",
}


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    making.add_arguments(parser)
    parser.set_defaults(accepts_licences=True)
    parser.add_argument(
        "--no-fetch", action="store_true", help="leave results at the service; `results --fetch` brings them"
    )
    wishes.add_arguments(parser)
    safety = parser.add_argument_group("what it does not do unasked")
    for flag, meaning in ALLOWED.items():
        safety.add_argument(f"--{flag}", dest="allowed", action="append_const", const=flag, default=[], help=meaning)


def run(args: Namespace, console: Console) -> Outcome:
    """Apply."""
    return making.make(args, console, "apply", partial(wishes.requests, args))
