"""Results fetched by `results --fetch`, their SHA-256 recorded, against curl that fetches the same from one server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.commands import on, service_at, write_campaign
from bench.table import Row, Scale, times
from bench.timing import Pair, Usage, in_turn, usage

_TOKEN = "Authorization: Bearer " + "t" * 40
_AIM, _CUTS = "<= 1.1x, CPU <= 1.5x", 5
_LARGE, _SMALL = 512 * 1024 * 1024, 64 * 1024
_LATENCY_S = 0.02


@dataclass(frozen=True)
class _Results:
    """So many results of equal size, and how many of them curl fetches at once."""

    number: int
    size: int
    at_once: int


def rows(folder: Path, scale: Scale) -> Iterator[Row]:
    """Measure them in an empty folder."""
    large = _Results(2, scale.of(_LARGE), 2)
    small = _Results(scale.of(1_000), _SMALL, 16)
    if shutil.which("curl"):
        pair = _compared(folder / "large", large, 0, scale)
        yield Row(
            f"fetch 2 x {large.size / 2**20:.0f} MiB, SHA-256 included", "curl, two at a time", _AIM, _words(pair)
        )
        pair = _compared(folder / "small", small, _LATENCY_S, scale)
        what = f"fetch {small.number:,} x 64 KiB, each listed first, 20 ms a request, SHA-256 included"
        yield Row(what, "curl, the same lists and files, sixteen at a time", _AIM, _words(pair))
    ratio = _sent_ratio(folder / "cut", scale.of(_LARGE))
    yield Row(f"download that the server cuts {_CUTS} times", "uncut", "bytes <= 1.01x", f"{ratio:.4f}x")


def _compared(folder: Path, results: _Results, latency_s: float, scale: Scale) -> Pair:
    with _server(folder, results.size, latency_s, cuts=0) as url:
        place = _campaign(folder, url, results.number)
        return in_turn(lambda: _fetched(place, url), lambda: _by_curl(folder, url, results, latency_s), scale.runs)


def _sent_ratio(folder: Path, size: int) -> float:
    """Return how many bytes the server sends of a file whose download it cuts, by the size of the file."""
    with _server(folder, size, 0, _CUTS) as url:
        _fetched(_campaign(folder, url, 1), url)
        return int(httpx.get(url.removesuffix("/serverless") + "/sent", trust_env=False).text) / size


def _campaign(folder: Path, url: str, number: int) -> Path:
    """Write a finished campaign whose results are listed and not fetched."""
    place = folder / "campaign"
    write_campaign(place, number, url, "listed")
    return place


def _fetched(place: Path, url: str) -> Usage:
    """Fetch into a copy of the project, so that nothing is there yet."""
    run = place.with_name("run")
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(place, run)
    settings = service_at(url, url.replace("/serverless", "/identity/gettoken"))
    return on(run, ["results", "--fetch"], settings)


def _by_curl(folder: Path, url: str, results: _Results, latency_s: float) -> Usage:
    out = folder / "curl"
    shutil.rmtree(out, ignore_errors=True)
    jobs = range(results.number)
    # The lists are small; they count where a request takes time.
    lists = [(f"{url}/jobs/{job}/results", out / str(job) / "list") for job in jobs if latency_s]
    files = [(f"{url}/download/{job}/output/result.nc", out / str(job) / "file") for job in jobs]
    settings = folder / "curl.txt"
    settings.write_text("".join(f'url = "{address}"\noutput = "{file}"\n' for address, file in (*lists, *files)))
    at_once = ["--parallel", "--parallel-max", str(results.at_once)]
    return usage(["curl", "-sSf", "--create-dirs", *at_once, "-H", _TOKEN, "-K", str(settings)])


@contextmanager
def _server(folder: Path, size: int, latency_s: float, cuts: int) -> Iterator[str]:
    """Serve a file of this size from a process of its own; yields the service's address."""
    folder.mkdir()
    file = folder / "result.nc"
    with file.open("wb") as made:
        for done in range(0, size, 1 << 20):
            made.write(os.urandom(min(1 << 20, size - done)))
    command = [sys.executable, "-m", "bench.file_server", str(file), str(latency_s), str(cuts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"http://127.0.0.1:{port}/serverless"
        finally:
            process.terminate()


def _words(pair: Pair) -> str:
    return f"{times(pair)}, CPU {pair.cpu_ratio:.2f}x"
