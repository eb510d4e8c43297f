"""Plans of campaigns whose instances are all new: their time and memory, as the number of rows grows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import project
from bench.emulated import emulator
from bench.table import Row, Scale, times
from bench.timing import Usage, in_turn, usage

_OURS = [sys.executable, "-m", "eocanvas_apply"]
_SIZES = (1_000, 10_000, 100_000)
_REFERENCE = "reading and parsing its rows and ledger"
# As much memory as the aim gives the program itself, and each instance.
_PROGRAM_MB, _INSTANCE_KB = 60, 1.5


def rows(folder: Path, scale: Scale) -> Iterator[Row]:
    """Measure them in an empty folder: without the service in each size, and against an emulator in the largest."""
    for number in map(scale.of, _SIZES):
        place = _written(folder, number)
        yield _row(place, number, scale, "plan", "--offline")
    with emulator(folder, job_time="1h") as addresses:
        settings = {"EOCANVAS_URL": addresses["url"], "EOCANVAS_TOKEN_URL": addresses["token_url"], **project.ACCOUNT}
        yield _row(place, number, scale, "plan", env=settings)
        # The first one launches what the quota allows, and does not count.
        yield _row(place, number, scale, "apply", "--no-wait", env=settings)


def _row(place: Path, number: int, scale: Scale, *command: str, env: Mapping[str, str] | None = None) -> Row:
    pair = in_turn(lambda: _run(place, *command, env=env), lambda: _read(place), scale.runs)
    aim = f"<= 3x, {_PROGRAM_MB + number * _INSTANCE_KB / 1000:.0f} MB"
    measured = f"{times(pair)}, {pair.ours.megabytes:.0f} MB"
    return Row(f"`{' '.join(command)}` of {number:,} new instances", _REFERENCE, aim, measured)


def _written(folder: Path, number: int) -> Path:
    place = folder / str(number)
    usage([sys.executable, "-m", "bench.campaign", str(place), str(number)])
    return place


def _run(place: Path, *command: str, env: Mapping[str, str] | None = None) -> Usage:
    words = [*command, *(["--yes"] if command[0] == "apply" else []), "-f", str(place / "eocanvas.yaml")]
    # 3: jobs wait for the quota.
    return usage([*_OURS, *words], env=env, ends=(0, 3))


def _read(place: Path) -> Usage:
    return usage([sys.executable, "-m", "bench.reading", str(place)])
