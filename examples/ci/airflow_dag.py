"""A campaign as a DAG of Airflow 3: carried on in short turns until nothing waits, then its results are fetched.

Accept the manifest once yourself, with `eocanvas-apply apply --no-wait`. The DAG goes on with that one, and fails
where it has changed since. A job that failed becomes a failed task, with the class of the failure and the line of its
log.

It needs eocanvas-apply beside Airflow, HDA_USER and HDA_PASSWORD, the secrets of the keys, and a ledger that
all workers reach (EOCANVAS_APPLY_LEDGER). A worker that is lost costs nothing: the next turn goes on from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow.sdk import Param, PokeReturnValue, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

import eocanvas_apply as eoc

PAUSE = timedelta(minutes=15)
LONGEST = timedelta(days=30)


@contextmanager
def opened(params: dict[str, Any]) -> Iterator[eoc.Project]:
    """Open the project of a run; what another try would not change fails at once."""
    try:
        with eoc.open(params["manifest"]) as project:
            yield project
    except (eoc.ManifestError, eoc.PlanStale, eoc.SafetyRefusal) as fault:
        raise AirflowFailException(str(fault)) from None


def carried_on(project: eoc.Project, **asked: Any) -> eoc.ApplyResult:
    """Go on with the accepted manifest, and return how that ended; an error raises, so that Airflow tries again."""
    run = project.continue_apply(on_progress=print, **asked)
    print(run)
    if run.exit_code == 1:
        raise RuntimeError("\n".join(map(str, run.diagnostics)))
    return run


@dag(
    schedule=None,
    max_active_runs=1,
    params={"manifest": Param("/srv/campaign/eocanvas.yaml", type="string")},
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
)
def eocanvas_campaign() -> None:
    """Show the plan, carry it on, fetch, and fail once for each job that failed."""

    @task
    def plan(params: dict[str, Any]) -> None:
        with opened(params) as project:
            print(project.plan())

    @task.sensor(mode="reschedule", poke_interval=PAUSE, timeout=LONGEST)
    def carry_on(params: dict[str, Any]) -> PokeReturnValue:
        with opened(params) as project:
            return PokeReturnValue(is_done=not carried_on(project, wait="0s", fetch=False).unfinished)

    @task
    def fetch(params: dict[str, Any]) -> list[dict[str, str]]:
        with opened(params) as project:
            run = carried_on(project)
        if run.exit_code not in (0, 4):  # jobs that failed have tasks of their own; a decision may be needed
            raise AirflowFailException(f"exit code {run.exit_code}: {run}")
        return [{"address": each.address, "why": str(each.error)} for each in run.results if each.outcome == "failed"]

    @task(map_index_template="{{ address }}")
    def failed_job(failure: dict[str, str]) -> None:
        get_current_context()["address"] = failure["address"]
        raise AirflowFailException(failure["why"])

    fetched = fetch()
    plan() >> carry_on() >> fetched
    failed_job.expand(failure=fetched)


eocanvas_campaign()
