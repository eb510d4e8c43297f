"""How a run goes on when the results of one job cannot be listed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.report.progress import ApplyResult
from tests.applying.simulated_runs import fault
from tests.simulation.test_first_run import MANIFEST
from tests.simulation.world import World

TWO = MANIFEST + MANIFEST[MANIFEST.index("  subset:") :].replace("  subset:", "  later:").replace("/a.zip", "/b.zip")
LISTINGS = "*/jobs/*/results"


def outcomes(result: ApplyResult) -> dict[str, str]:
    return {r.address: r.outcome for r in result.results if r.address.startswith("job.")}


def errors(result: ApplyResult) -> dict[str, str]:
    return {r.address: r.error.code for r in result.results if r.error}


@pytest.mark.parametrize("kind", [{"kind": "status"}, {"kind": "drop-before"}, {"kind": "html"}, {"kind": "truncate"}])
def test_an_unreachable_listing_is_read_later(tmp_path: Path, kind: dict[str, Any]) -> None:
    world = World(tmp_path)
    fault(world, path=LISTINGS, method="GET", times=20, **kind)
    assert set(outcomes(world.apply(TWO)).values()) == {"done"}


def test_a_refused_listing_does_not_mean_no_results(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "status", LISTINGS, "GET", status=403, times=None)
    result = world.apply(MANIFEST)
    assert (outcomes(result), errors(result)) == ({"job.subset": "failed"}, {"job.subset": "service-refused"})
    world.frontend.faults.clear()
    assert outcomes(world.apply(MANIFEST)) == {"job.subset": "done"}
    assert len(world.frontend.service.jobs.every()) == 1


def test_a_listing_unreachable_for_an_hour_fails_only_its_job(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "status", LISTINGS, "GET", status=500, times=None)
    result = world.apply(MANIFEST)
    assert (outcomes(result), errors(result)) == ({"job.subset": "failed"}, {"job.subset": "service-failed"})


def test_a_job_without_a_result_listing_delays_no_other(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(world.runner(MANIFEST).apply(Requests(), timedelta(minutes=1), lambda plan: None))
    sick = world.frontend.service.jobs.every()[0].id
    fault(world, "status", f"*/jobs/{sick}/results", "GET", status=500, times=None)
    assert outcomes(world.apply(TWO)) == {"job.subset": "failed", "job.later": "done"}
