"""Three hundred jobs under ten an hour and a hundred in thirty days: the figures that docs/quota.md gives.

python -m pytest tests/simulation/test_three_hundred.py -s
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

from eocanvas_apply.emulator.model.behaviour import Quota
from eocanvas_apply.planning.desired.desired import Limit
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.schedule.windows import Windows
from eocanvas_apply.simulation.simulated_service import MemoryLedger
from tests.simulation.world import World

JOBS = 300
HOUR, MONTH = timedelta(hours=1), timedelta(days=30)
JOB_TIME = timedelta(seconds=224)
# A turn takes a few requests, and each of the 29 times that a window opens is noticed so much later.
SLACK = timedelta(seconds=30)
MANIFEST = f"""
version: 1
project: three-hundred
quota: [{{jobs: 10, per: 1h}}, {{jobs: 100, per: 30d}}]
keys:
  scenes: {{type: s3, bucket: scenes, region: r, endpoint: "https://s3.example.org", expires_in: 7d,
           access_key: {{env: ACCESS}}, secret_key: {{env: SECRET}}}}
jobs:
  scenes:
    for_each: {{list: [{", ".join(f"s{n}" for n in range(JOBS))}]}}
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: "/${{each.value}}.zip"}}}}
    output: {{key: scenes}}
"""


def optimum(begun: datetime) -> datetime:
    """The earliest possible end of the last job."""
    windows = Windows((Limit(10, HOUR), Limit(100, MONTH)))
    return windows.schedule(JOBS, begun)[-1] + JOB_TIME


def test_three_hundred_jobs_end_at_the_optimum_each_run_once(tmp_path: Path) -> None:
    quotas = (Quota(10, HOUR.total_seconds()), Quota(100, MONTH.total_seconds()))
    world = World(tmp_path, quotas=quotas, job_time=JOB_TIME.total_seconds())
    ledger = MemoryLedger()
    begun = world.clock()
    runner = world.runner(MANIFEST, ledger=ledger)
    # No other runner can change anything meanwhile.
    runner.idle = MONTH
    result = world.run(runner.apply(Requests(), None, lambda plan: None))
    jobs = world.frontend.service.jobs.every()
    ended, refused = (
        world.clock(),
        sum(r.request.path.endswith("/execution") for r in world.frontend.received) - len(jobs),
    )
    late = ended - optimum(begun)
    lines = [
        f"{len(jobs)} jobs, {len(jobs) - len({job.execution.locations for job in jobs})} launched twice",
        f"ended after {ended - begun}, {late.total_seconds():.0f} s behind the optimum",
        f"{len(world.frontend.received)} requests, {refused} launches refused, {ledger.head} entries on record",
    ]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert not result.endings
    assert sorted(job.execution.locations for job in jobs) == sorted((f"/s{n}.zip",) for n in range(JOBS))
    assert all(job.status == "successful" for job in jobs)
    assert refused == 0
    assert timedelta() <= late < SLACK
    # One of them reads the log of each job that succeeded.
    assert 1_500 < len(world.frontend.received) < 1_700
