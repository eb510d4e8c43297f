"""`results`: which files the jobs left, and where; with --fetch it brings those that are not here."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from pathlib import Path

from eocanvas_apply.cli import fetching, records
from eocanvas_apply.cli.options import add_ledger, add_place, add_variables
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.result_list import chosen, listed, of_record
from eocanvas_apply.cli.settings import manifest_file
from eocanvas_apply.cli.terminal.console import Console, Outcome

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
