"""`emulator`: serves an EOCanvas of its own, for trying things out and for tests."""

from __future__ import annotations

from argparse import Namespace

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

EPILOG = """\
It prints one line of JSON with url, token_url and hda_url, and serves until Ctrl-C. To work against it:
  export EOCANVAS_URL=... HDA_USER=jane HDA_PASSWORD=correct-horse
What an existing client needs as well: EOCANVAS_TOKEN_URL, and HDA_URL for the catalogue.

Its catalogue holds, from June 2018 to three hours ago, invented products of three datasets:
  EO:EUM:DAT:SENTINEL-3:OL_2_WFR___ and EO:EUM:DAT:SENTINEL-3:OL_1_EFR___, three a day and platform over Europe;
    search with sat (Sentinel-3A, Sentinel-3B), bbox, dtstart, dtend
  EO:ESA:DAT:SENTINEL-2, one every fifth day for each tile that is asked for;
    search with tileId (such as 33VUE), startDate, completionDate

A fault is a JSON object: `kind`, which requests (`method`, `path` as a glob), how often (`times`, null for always;
`skip` spares the first ones), and for some kinds `status`, `body`, `headers`, `seconds` or `at` (a byte).

Examples:
  eocanvas-apply emulator --port 8080 --job-time 20s
  eocanvas-apply emulator --port 0 --ready emulator.json --latency 20ms
  eocanvas-apply emulator --fault '{"kind": "drop-after", "method": "POST", "path": "*/execution"}'
"""


def add_arguments(parser: Parser) -> None:
    """Declare the emulator's own options."""
    from eocanvas_apply.emulator.http.emulator_options import add_arguments as add_emulator_arguments

    add_emulator_arguments(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - the server writes by itself
    """Serve until a signal ends it."""
    try:
        from eocanvas_apply.emulator.http.emulator_options import from_arguments
        from eocanvas_apply.emulator.http.server import serve
    except ModuleNotFoundError as missing:
        raise missing_emulator(missing) from None
    return Outcome(Exit(serve(from_arguments(args))))


def missing_emulator(missing: ModuleNotFoundError) -> UsageError:
    """Return the error for a missing package of the extra `emulator`; a missing module of ours is a fault."""
    if (missing.name or "").startswith("eocanvas_apply"):
        raise missing
    message = f"the emulator needs {missing.name}, which is not installed"
    return UsageError(error("extra-missing", message, "pip install 'eocanvas-apply[emulator]'"))
