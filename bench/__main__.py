"""Measures and prints, one line a comparison: `python -m bench [NUMBER]`, NUMBER keys and jobs (default 100)."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from bench import project
from bench.emulated import LATENCY, emulator
from bench.timing import median, seconds

PEER = Path(__file__).parent.parent / ".venv-eocanvas/bin/python"
OURS = [sys.executable, "-m", "eocanvas_apply"]


def main(number: int) -> int:
    """Measure everything; a comparison whose peer is missing is said to be left out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _start_up(folder)
        ours = _ours(folder, number)
        _against_official(folder, number, ours)
    return 0


def _start_up(folder: Path) -> None:
    bare = median([sys.executable, "-c", "pass"])
    seconds([*OURS, "init", str(folder / "small")])
    _line("bare interpreter", bare, bare)
    _line("--help", median([*OURS, "--help"]), bare)
    _line("validate, small manifest", median([*OURS, "validate", "-f", str(folder / "small/eocanvas.yaml")]), bare)


def _ours(folder: Path, number: int) -> float:
    project.write(folder / "bench", number)
    with emulator(folder) as addresses:
        settings = {"EOCANVAS_URL": addresses["url"], "EOCANVAS_TOKEN_URL": addresses["token_url"]}
        command = [*OURS, "apply", "--yes", "--no-wait", "-f", str(folder / "bench/eocanvas.yaml")]
        # 3: keys exist and jobs run, which is all that --no-wait promises.
        env = settings | project.ACCOUNT | project.SECRETS
        ours = seconds(command, env=env, ends=(3,))
    print(f"\n{number} keys and {number} jobs, {LATENCY} latency:")
    _line("eocanvas-apply apply --no-wait", ours, ours)
    return ours


def _against_official(folder: Path, number: int, ours: float) -> None:
    missing = [
        name for name, there in {"openssl": shutil.which("openssl"), str(PEER): PEER.exists()}.items() if not there
    ]
    if missing:
        print(f"  official client left out: {', '.join(missing)} not found")
        return
    driver = str(Path(__file__).with_name("official.py"))
    for threads, title in ((16, "official client, 16 threads"), (1, "official client, a loop")):
        with emulator(folder) as addresses:
            graph = str(folder / "bench/graph.xml")
            command = [str(PEER), driver, json.dumps(addresses), graph, str(number), str(threads)]
            _line(title, seconds(command), ours)


def _line(title: str, measured: float, unit: float) -> None:
    print(f"  {title:<34} {measured * 1000:>8.0f} ms   x {measured / unit:.1f}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
