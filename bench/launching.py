"""Many keys and many jobs, each intent durable before its request, against the official client in threads.

Each run has an emulator and a folder of its own; both sides wait LATENCY for every answer.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import project
from bench.commands import APPLY, service_at
from bench.emulated import LATENCY, emulator
from bench.table import Row, Scale, times
from bench.timing import Usage, in_turn, usage

PEER = Path(__file__).parent.parent / ".venv-eocanvas/bin/python"
THREADS = 16


@dataclass(frozen=True)
class _Work:
    """What is done `number` times by both sides; `ends` is the exit code of ours that says so."""

    kind: str
    write: Callable[[Path, int], None]
    number: int
    ends: int


def rows(folder: Path, scale: Scale) -> Iterator[Row]:
    """Measure them in an empty folder; without the official client or the openssl that it calls they are left out."""
    keys = _Work("keys", project.write_keys, scale.of(100), 0)
    # 3: the jobs run, which is all that --no-wait promises.
    few, many = (_Work("jobs", project.write_jobs, scale.of(number), 3) for number in (100, 1000))
    reference = f"official client, {THREADS} threads, {LATENCY} a request"
    for what, aim, work in (("create", "0.9x", keys), ("launch", "1.0x", few), ("launch", "0.8x", many)):
        yield Row(f"{what} {work.number:,} {work.kind}", reference, f"<= {aim}", _measured(work, folder, scale))


def _measured(work: _Work, folder: Path, scale: Scale) -> str:
    missing = [name for name, found in {"openssl": shutil.which("openssl"), "it": PEER.exists()}.items() if not found]
    if missing:
        return f"left out: {', '.join(missing)} not found"
    places = (folder / f"{work.kind}-{work.number}-{run}" for run in itertools.count())
    return times(in_turn(lambda: _ours(work, next(places)), lambda: _official(work, next(places)), scale.runs))


def _ours(work: _Work, place: Path) -> Usage:
    work.write(place, work.number)
    with emulator(place) as addresses:
        env = service_at(addresses["url"], addresses["token_url"])
        return usage([*APPLY, "--no-wait", "-f", str(place / "eocanvas.yaml")], env=env, ends=(work.ends,))


def _official(work: _Work, place: Path) -> Usage:
    work.write(place, work.number)
    with emulator(place) as addresses:
        words = [work.kind, json.dumps(addresses), str(place / "graph.xml"), str(work.number), str(THREADS)]
        return usage([str(PEER), str(Path(__file__).with_name("official.py")), *words])
