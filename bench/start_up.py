"""Commands that say something at once: what they take above the interpreter and the libraries that they need."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.table import Row, Scale, span, times
from bench.timing import Pair, in_turn, usage

OURS = [sys.executable, "-m", "eocanvas_apply"]


def rows(folder: Path, scale: Scale) -> Iterator[Row]:
    """Measure them in an empty folder."""
    usage([*OURS, "init", str(folder / "small")])
    for what, command in (("`--help`", "--help"), ("`--version`", "--version")):
        yield Row(what, "bare interpreter", "+ 25 ms", _above(_compared([*OURS, command], "pass", scale)))
    validate = [*OURS, "validate", "-f", str(folder / "small/eocanvas.yaml")]
    libraries = "import pydantic, yaml"
    yield Row(
        "`validate`, small manifest",
        f'`python -c "{libraries}"`',
        "<= 1.8x",
        times(_compared(validate, libraries, scale)),
    )


def _compared(ours: Sequence[str], reference: str, scale: Scale) -> Pair:
    # Three times as many runs as of longer commands: they take milliseconds, and differ more.
    return in_turn(lambda: usage(ours), lambda: usage([sys.executable, "-c", reference]), 3 * scale.runs)


def _above(pair: Pair) -> str:
    more = pair.ours.seconds - pair.reference.seconds
    return f"+ {span(more)} ({span(pair.ours.seconds)} against {span(pair.reference.seconds)})"
