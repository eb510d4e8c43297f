"""Prints the table: `python -m bench [GROUP ...] [--quick] [--docs]`.

--quick measures once and at a hundredth of the sizes: to see that everything runs, not for figures.
--docs puts the whole table into docs/performance.md, with the machine.
"""

from __future__ import annotations

import argparse
import compileall
import tempfile
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from bench import machine, page
from bench.table import HEADER, Row, Scale

# The last one has an emulator in this process, whose memory would be the least that a command is seen to take.
GROUPS = ("start-up", "launching", "fetching", "plans", "records", "waiting")


def main(words: Sequence[str] | None = None) -> int:
    """Measure the groups that are named, or all, and print each row as it is known."""
    asked = _asked(words)
    scale = Scale(runs=1, divisor=100) if asked.quick else Scale()
    measured_on = f"{machine.description()}; medians of at least {scale.runs} runs"
    print(f"{measured_on}\n\n{HEADER}", end="", flush=True)
    # As an installation does: without it each command would first compile what it imports.
    compileall.compile_dir(Path(__file__).parent.parent / "eocanvas_apply", quiet=1)
    lines = []
    for line in _lines(asked.groups or GROUPS, scale):
        print(line, flush=True)
        lines.append(line)
    if asked.docs:
        page.write(measured_on, lines)
    return 0


def _lines(groups: Sequence[str], scale: Scale) -> Iterator[str]:
    for group in groups:
        with tempfile.TemporaryDirectory() as folder:
            yield from (row.line() for row in rows(group, Path(folder), scale))


def rows(group: str, folder: Path, scale: Scale) -> Iterator[Row]:
    """Measure a group in an empty folder, and yield each row as it is known."""
    measured: Iterator[Row] = import_module(f"bench.{group.replace('-', '_')}").rows(folder, scale)
    yield from measured


def _asked(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Times and memory of whole commands, as ratios."
    )
    # argparse looks for no groups, the empty list, among the choices as well.
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], metavar="GROUP", help=f"{', '.join(GROUPS)} (all)")
    parser.add_argument("--quick", action="store_true", help="once, and a hundredth of the sizes: no figures to trust")
    parser.add_argument("--docs", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args(words)
    if asked.docs and (asked.groups or asked.quick):
        parser.error("--docs is for the whole table, measured in full")
    return asked


if __name__ == "__main__":
    raise SystemExit(main())
