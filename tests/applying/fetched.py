"""Jobs with chosen results, and the files and requests of their downloads."""

from __future__ import annotations

import csv

from eocanvas_apply.emulator.model.job_files import Output
from tests.applying.simulated_runs import JOB_ONLY, NO_WAIT
from tests.simulation.world import World

JOB = "job.subset"

DOWNLOAD = "*/download/*"


def files(world: World, folder: str = "results/subset") -> dict[str, bytes]:
    """The files of a folder by their names, the index and its marks left out."""
    here = world.folder / folder
    found = sorted(here.iterdir()) if here.exists() else []
    return {p.name: p.read_bytes() for p in found if p.is_file() and "index.csv" not in p.name}


def index(world: World, folder: str = "results/subset") -> list[dict[str, str]]:
    with (world.folder / folder / "index.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def downloads(world: World) -> list[str]:
    """The Range of every download that was asked for, empty for a whole file."""
    found = [r.request for r in world.frontend.received if "/download/" in r.request.path]
    return [request.headers.get("range", "") for request in found]


def run_with(world: World, *outputs: tuple[str, bytes]) -> None:
    """Launch the job and decide what it will leave."""
    world.apply(JOB_ONLY, NO_WAIT)
    job = world.frontend.service.jobs.every()[-1]
    job.outputs = tuple(Output(name, len(content), content) for name, content in outputs)
