"""Plans of campaigns whose instances are all new: their time and memory, as the number of rows grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.commands import READING, on, read, service_at, write_campaign
from bench.emulated import emulator
from bench.table import Row, Scale, times
from bench.timing import in_turn

_SIZES = (1_000, 10_000, 100_000)
_APPLY = ("apply", "--yes", "--no-wait")
# As much memory as the aim gives the program itself, and each instance.
_PROGRAM_MB, _INSTANCE_KB = 60, 1.5


def rows(folder: Path, scale: Scale) -> Iterator[Row]:
    """Measure them in an empty folder: without the service in each size, and against an emulator in the largest."""
    for number in map(scale.of, _SIZES):
        place = folder / str(number)
        write_campaign(place, number)
        yield _row(place, number, scale, "plan", "--offline")
    with emulator(folder, job_time="1h") as addresses:
        settings = service_at(addresses["url"], addresses["token_url"])
        yield _row(place, number, scale, "plan", env=settings)
        # Launches what the quota allows: from now on all others wait for it.
        on(place, _APPLY, settings, ends=(3,))
        yield _row(place, number, scale, *_APPLY, env=settings)


def _row(place: Path, number: int, scale: Scale, *command: str, env: Mapping[str, str] | None = None) -> Row:
    ends = (3,) if command == _APPLY else (0,)
    pair = in_turn(lambda: on(place, command, env, ends), lambda: read(place), scale.runs)
    aim = f"<= 3x, {_PROGRAM_MB + number * _INSTANCE_KB / 1000:.0f} MB"
    waiting = ", its quota used up" if command == _APPLY else ""
    shown = " ".join(word for word in command if word != "--yes")
    measured = f"{times(pair)}, {pair.ours.megabytes:.0f} MB"
    return Row(f"`{shown}` of {number:,} new instances{waiting}", READING, aim, measured)
