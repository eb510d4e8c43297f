"""Commands that say something at once: what they take above the interpreter and the libraries that they need."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from bench import project
from bench.commands import OURS, service_at
from bench.emulated import LATENCY, emulator
from bench.table import Row, Scale, span, times
from bench.timing import Pair, in_turn, usage

_ROUND_TRIPS = 4


def rows(folder: Path, scale: Scale) -> Iterator[Row]:
    """Measure them in an empty folder."""
    for what, command in (("`--help`", "--help"), ("`--version`", "--version")):
        yield _above_bare(what, _compared([*OURS, command], "pass", scale))
    yield _above_bare("completion of a command", _compared(OURS, "pass", scale, _COMPLETION))
    yield _validate(folder, scale)
    with emulator(folder, job_time="0s") as addresses:
        yield from _online(folder, addresses, scale)


# As a shell asks how `eocanvas-apply pl` goes on.
_LINE = "eocanvas-apply pl"
_COMPLETION = {
    "_ARGCOMPLETE": "1",
    "_ARGCOMPLETE_SHELL": "bash",
    "_ARGCOMPLETE_STDOUT_FILENAME": "/dev/null",
    "COMP_LINE": _LINE,
    "COMP_POINT": str(len(_LINE)),
}


def _above_bare(what: str, pair: Pair) -> Row:
    more = span(pair.ours.seconds - pair.reference.seconds)
    measured = f"+ {more} ({span(pair.ours.seconds)} against {span(pair.reference.seconds)})"
    return Row(what, "bare interpreter", "+ 25 ms", measured)


def _validate(folder: Path, scale: Scale) -> Row:
    usage([*OURS, "init", str(folder / "first")])
    libraries = "import pydantic, yaml"
    pair = _compared([*OURS, "validate", "-f", str(folder / "first/eocanvas.yaml")], libraries, scale)
    return Row("`validate`, small manifest", f'`python -c "{libraries}"`', "<= 1.8x", times(pair))


def _online(folder: Path, addresses: Mapping[str, str], scale: Scale) -> Iterator[Row]:
    """Measure a first plan, and an apply of the same that has nothing left to do."""
    imports = "import httpx, pydantic, cryptography"
    wait = f"import time; time.sleep({_ROUND_TRIPS} * {LATENCY.removesuffix('ms')} / 1000)"
    reference = f'`python -c "{imports}"` + {_ROUND_TRIPS} round trips'
    project.write_keys_and_jobs(folder / "small", 2)
    settings = service_at(addresses["url"], addresses["token_url"])
    measured = partial(_compared, reference=f"{imports}; {wait}", scale=scale, env=settings)
    at = ["-f", str(folder / "small/eocanvas.yaml")]
    yield Row(
        f"`plan`, 2 keys and 2 jobs, {LATENCY} a request", reference, "<= 1.8x", times(measured([*OURS, "plan", *at]))
    )
    usage([*OURS, "apply", "--yes", *at], env={**settings, "EOCANVAS_APPLY_POLL": "1s"})
    yield Row(
        "`apply --no-wait`, nothing to do", reference, "<= 2x", times(measured([*OURS, "apply", "--no-wait", *at]))
    )


def _compared(ours: Sequence[str], reference: str, scale: Scale, env: Mapping[str, str] | None = None) -> Pair:
    # Three times as many runs as of longer commands: they take milliseconds, and differ more.
    return in_turn(lambda: usage(ours, env=env), lambda: usage([sys.executable, "-c", reference]), 3 * scale.runs)
