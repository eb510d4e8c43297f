"""What a run that waits asks of the service: the requests of one turn, with many jobs on record and some running."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import campaign, project
from bench.commands import APPLY, service_at
from bench.table import Row, Scale
from bench.timing import usage
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.submissions import Execution

# As many as the campaign's quota lets run.
_RUNNING = 10
_WAIT = {"EOCANVAS_APPLY_POLL": "1s"}


def rows(folder: Path, scale: Scale) -> Iterator[Row]:
    """Count them in an empty folder."""
    ended = scale.of(10_000)
    asked = requests_of_a_turn(folder, ended)
    what = f"requests: a turn that waits, {ended:,} jobs on record, {_RUNNING} running"
    yield Row(what, "-", "<= 3", f"{len(asked)} ({', '.join(asked)})")


def requests_of_a_turn(folder: Path, ended: int) -> list[str]:
    """Return what one turn asks while some jobs run and so many have ended, on record and in the service's list."""
    place = folder / "campaign"
    campaign.write(place, ended + _RUNNING)
    with running(Options(job_time=3600)) as emulator:
        asyncio.run(campaign.finish(place, emulator.url, ended))
        _take(emulator, ended)
        return _asked(emulator, [*APPLY, "-f", str(place / "eocanvas.yaml")])


def _take(emulator: RunningEmulator, number: int) -> None:
    """Have the service list as many jobs that ended long ago."""
    long_ago = datetime.now(UTC) - timedelta(days=90)
    execution = Execution("snap-function", {}, None, (), None, "")
    with emulator.model() as wire:
        for each in range(number):
            user = project.ACCOUNT["HDA_USER"]
            job = Job(f"{each:032x}", each, user, execution, long_ago, long_ago, long_ago, "")
            job.end(long_ago)
            wire.service.jobs.take(job)


def _asked(emulator: RunningEmulator, apply: list[str]) -> list[str]:
    settings = {**service_at(emulator.url, emulator.token_url), **_WAIT}
    usage([*apply, "--no-wait"], env=settings, ends=(3,))
    with emulator.model() as wire:
        wire.received.clear()
    usage([*apply, "--wait", "5s"], env=settings, ends=(3,))
    with emulator.model() as wire:
        asked = [f"{each.request.method} {each.request.path.rpartition('/')[2]}" for each in wire.received]
    first, second = [place for place, each in enumerate(asked) if each == "GET keys"][-2:]
    return asked[first:second]
