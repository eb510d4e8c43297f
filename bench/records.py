"""Commands on a campaign that has come to its end: every instance is done, and its result lies in its folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bench import project
from bench.emulated import emulator
from bench.table import Row, Scale, times
from bench.timing import Usage, in_turn, usage

_OURS = [sys.executable, "-m", "eocanvas_apply"]
_APPLY = ("apply", "--yes", "--no-wait")
_PAGE = ("--out", "report.html")
# What is measured, and at what ratio it aims. An apply has left a snapshot beside the ledger, so that the ledger is not
# read again but by `report --offline`, which trusts no snapshot.
_MEASURED = (
    ("`status`", ("status",), "<= 3x"),
    ("`results`", ("results",), "<= 3x"),
    ("`report`", ("report", *_PAGE), "<= 3x"),
    ("`report --offline`", ("report", "--offline", *_PAGE), "<= 3x"),
    ("`plan`", ("plan",), "-"),
    ("`apply --no-wait`", _APPLY, "-"),
)


def rows(folder: Path, scale: Scale) -> Iterator[Row]:
    """Measure them in an empty folder."""
    number = scale.of(10_000)
    place = folder / "campaign"
    with emulator(folder) as addresses:
        usage([sys.executable, "-m", "bench.campaign", str(place), str(number), addresses["url"]])
        _run(place, addresses, *_APPLY)
        for what, command, aim in _MEASURED:
            measured = _measured(place, addresses, command, scale)
            yield Row(f"{what} of {number:,} finished", "reading and parsing its rows and ledger", aim, measured)


def _measured(place: Path, addresses: dict[str, str], command: tuple[str, ...], scale: Scale) -> str:
    pair = in_turn(lambda: _run(place, addresses, *command), lambda: _read(place), scale.runs)
    return f"{times(pair)}, {pair.ours.megabytes:.0f} MB"


def _run(place: Path, addresses: dict[str, str], *command: str) -> Usage:
    settings = {"EOCANVAS_URL": addresses["url"], "EOCANVAS_TOKEN_URL": addresses["token_url"]}
    words = [str(place / word) if word.endswith(".html") else word for word in command]
    return usage([*_OURS, *words, "-f", str(place / "eocanvas.yaml")], env=settings | project.ACCOUNT)


def _read(place: Path) -> Usage:
    return usage([sys.executable, "-m", "bench.reading", str(place)])
