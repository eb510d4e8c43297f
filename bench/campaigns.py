"""Seconds and memory of whole commands on campaigns of growing size, new ones and finished ones."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import project
from bench.emulated import emulator
from bench.timing import Usage, usage

OURS = [sys.executable, "-m", "eocanvas_apply"]
PLAN, TURN = ("plan",), ("apply", "--yes", "--no-wait")
# What is measured, in this order: whether the campaign is finished, the title, the command and how it ends.
_RUNS = (
    (False, "new: plan", PLAN, 0),
    (False, "new: apply --no-wait", TURN, 3),
    (True, "finished: apply --no-wait, first", TURN, 0),
    (True, "finished: apply --no-wait", TURN, 0),
    (True, "finished: plan", PLAN, 0),
)


def table(folder: Path, sizes: Sequence[int]) -> None:
    """Print a line for every command and size, with its growth over the size before."""
    print("\ncampaigns under a quota of 10 an hour, seconds and peak memory of the whole process:")
    taken = {size: _measured(folder / str(size), size) for size in sizes}
    for _, title, _, _ in _RUNS:
        before: tuple[int, Usage] | None = None
        for size in sizes:
            used = taken[size][title]
            growth = _growth(size, used, before)
            print(f"  {title:<34} {size:>8,} {used.seconds:>7.1f} s {used.megabytes:>6.0f} MB{growth}", flush=True)
            before = size, used


def _measured(folder: Path, size: int) -> dict[str, Usage]:
    found = {}
    for finished in (False, True):
        place = folder / ("finished" if finished else "new")
        with emulator(_made(folder)) as addresses:
            settings = {"EOCANVAS_URL": addresses["url"], "EOCANVAS_TOKEN_URL": addresses["token_url"]}
            usage(
                [
                    sys.executable,
                    "-m",
                    "bench.campaign",
                    str(place),
                    str(size),
                    *([addresses["url"]] if finished else []),
                ]
            )
            for _, title, command, end in (run for run in _RUNS if run[0] is finished):
                ours = [*OURS, *command, "-f", str(place / "eocanvas.yaml")]
                found[title] = usage(ours, env=settings | project.ACCOUNT, ends=(end,))
        shutil.rmtree(place)
    return found


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _growth(size: int, used: Usage, before: tuple[int, Usage] | None) -> str:
    if before is None:
        return ""
    smaller, less = before
    times, memory = used.seconds / less.seconds, used.megabytes / less.megabytes
    return f"   x {size / smaller:.0f} instances: x {times:.1f} time, x {memory:.1f} memory"
