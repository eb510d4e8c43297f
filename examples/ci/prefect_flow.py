"""A campaign as a flow of Prefect 3: carried on in short turns until nothing waits, then its results are fetched.

Accept the manifest once yourself, with `eocanvas-apply apply --no-wait`. The flow goes on with that one, and fails
where it has changed since. A job that failed becomes a failed task run, with the class of the failure and the line of
its log.

It needs eocanvas-apply beside Prefect, HDA_USER and HDA_PASSWORD, the secrets of the keys, and a ledger that outlives
the flow run (EOCANVAS_APPLY_LEDGER). A flow run that is lost costs nothing: the next one goes on from the ledger.
"""

from __future__ import annotations

from time import sleep
from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import wait
from prefect.states import Failed
from prefect.tasks import Task

import eocanvas_apply as eoc

PAUSE_S = 15 * 60


def may_pass(task: Task, run: TaskRun, state: State) -> bool:
    """Tell whether another try may help: not where the manifest, the plan or a safety rule is the reason."""
    fault = state.result(raise_on_failure=False)
    return not isinstance(fault, eoc.ManifestError | eoc.PlanStale | eoc.SafetyRefusal)


def carried_on(manifest: str, **asked: Any) -> eoc.ApplyResult:
    """Go on with the accepted manifest, and return how that ended; an error raises, so that Prefect tries again."""
    with eoc.open(manifest) as project:
        run = project.continue_apply(on_progress=print, **asked)
    print(run)
    if run.exit_code == 1:
        raise RuntimeError("\n".join(map(str, run.diagnostics)))
    return run


@task(log_prints=True, retries=3, retry_delay_seconds=300, retry_condition_fn=may_pass)
def plan(manifest: str) -> None:
    """Show what would be done; raises ManifestError with all faults of the manifest."""
    with eoc.open(manifest) as project:
        print(project.plan())


@task(log_prints=True, retries=3, retry_delay_seconds=300, retry_condition_fn=may_pass)
def turn(manifest: str) -> bool:
    """Do what can be done now, and return whether something runs or waits."""
    return carried_on(manifest, wait="0s", fetch=False).unfinished


@task(log_prints=True, retries=3, retry_delay_seconds=300, retry_condition_fn=may_pass)
def fetch(manifest: str) -> list[tuple[str, str]]:
    """Fetch the results, and return the jobs that failed and why."""
    run = carried_on(manifest)
    if run.exit_code not in (0, 4):  # jobs that failed have task runs of their own; a decision may be needed
        raise RuntimeError(f"exit code {run.exit_code}: {run}")
    return [(each.address, str(each.error)) for each in run.results if each.outcome == "failed"]


@task(task_run_name="{address}")
def failed_job(address: str, why: str) -> State:
    """Fail as the job did."""
    return Failed(message=why)


@flow(name="eocanvas-campaign")
def eocanvas_campaign(manifest: str = "/srv/campaign/eocanvas.yaml", pause_s: float = PAUSE_S) -> State | None:
    """Show the plan, carry it on, fetch, and fail once for each job that failed."""
    plan(manifest)
    while turn(manifest):
        sleep(pause_s)
    failed = fetch(manifest)
    wait([failed_job.submit(address, why) for address, why in failed])
    return Failed(message=f"{len(failed)} failed: {', '.join(address for address, _ in failed)}") if failed else None


if __name__ == "__main__":
    eocanvas_campaign.serve(name="campaign")
