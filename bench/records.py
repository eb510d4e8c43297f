"""Commands on a campaign that has come to its end: every instance is done, and its result lies in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.commands import READING, on, read, service_at, write_campaign
from bench.emulated import emulator
from bench.table import Row, Scale, times
from bench.timing import in_turn

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
        write_campaign(place, number, addresses["url"])
        settings = service_at(addresses["url"], addresses["token_url"])
        on(place, _APPLY, settings)
        for what, command, aim in _MEASURED:
            words = [str(place / word) if word.endswith(".html") else word for word in command]
            pair = in_turn(partial(on, place, words, settings), partial(read, place), scale.runs)
            yield Row(f"{what} of {number:,} finished", READING, aim, f"{times(pair)}, {pair.ours.megabytes:.0f} MB")
