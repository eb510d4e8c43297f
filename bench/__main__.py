"""Measures and prints, one line a comparison: `python -m bench [NUMBER]`, NUMBER keys and jobs (default 100)."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import campaigns, project
from bench.emulated import LATENCY, emulator
from bench.timing import median, seconds

PEER = Path(__file__).parent.parent / ".venv-eocanvas/bin/python"
OURS = [sys.executable, "-m", "eocanvas_apply"]
ROUNDS = 3
SIZES = (1_000, 10_000, 100_000)


def main(number: int) -> int:
    """Measure everything; a comparison whose peer is missing is reported as left out."""
    with tempfile.TemporaryDirectory() as name:
        _start_up(Path(name))
        _many_jobs(Path(name), number)
        campaigns.table(Path(name) / "campaigns", SIZES)
    return 0


def _start_up(folder: Path) -> None:
    bare = median([sys.executable, "-c", "pass"])
    seconds([*OURS, "init", str(folder / "small")])
    _line("bare interpreter", bare, bare)
    _line("--help", median([*OURS, "--help"]), bare)
    _line("validate, small manifest", median([*OURS, "validate", "-f", str(folder / "small/eocanvas.yaml")]), bare)


def _many_jobs(folder: Path, number: int) -> None:
    """Create keys and launch jobs in turns with the official client, so that both meet the same machine."""
    missing = _missing()
    runs: dict[str, Callable[[Path], float]] = {"eocanvas-apply apply --no-wait": _ours}
    if not missing:
        runs["official client, 16 threads"] = lambda f: _official(f, number, 16)
        runs["official client, a loop"] = lambda f: _official(f, number, 1)
    taken: dict[str, list[float]] = {title: [] for title in runs}
    for turn in range(ROUNDS):
        for title, run in runs.items():
            place = folder / f"{turn}-{len(taken[title])}-{len(title)}"
            project.write(place, number)
            taken[title].append(run(place))
    print(f"\n{number} keys and {number} jobs, {LATENCY} latency, median of {ROUNDS}:")
    ours = statistics.median(next(iter(taken.values())))
    for title, times in taken.items():
        _line(title, statistics.median(times), ours)
    if missing:
        print(f"  official client left out: {', '.join(missing)} not found")


def _ours(place: Path) -> float:
    with emulator(place) as addresses:
        settings = {"EOCANVAS_URL": addresses["url"], "EOCANVAS_TOKEN_URL": addresses["token_url"]}
        command = [*OURS, "apply", "--yes", "--no-wait", "-f", str(place / "eocanvas.yaml")]
        # 3: keys exist and jobs run, which is all that --no-wait promises.
        return seconds(command, env=settings | project.ACCOUNT | project.SECRETS, ends=(3,))


def _official(place: Path, number: int, threads: int) -> float:
    driver = str(Path(__file__).with_name("official.py"))
    with emulator(place) as addresses:
        words = [json.dumps(addresses), str(place / "graph.xml"), str(number), str(threads)]
        return seconds([str(PEER), driver, *words])


def _missing() -> list[str]:
    there = {"openssl": shutil.which("openssl") is not None, str(PEER): PEER.exists()}
    return [name for name, found in there.items() if not found]


def _line(title: str, measured: float, unit: float) -> None:
    print(f"  {title:<34} {measured * 1000:>8.0f} ms   x {measured / unit:.1f}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
