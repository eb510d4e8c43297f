"""The DAG of the example, loaded and run by Airflow itself, with a database of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.tool import Tool
from tests.schedulers.conftest import AIRFLOW, EXAMPLES, Scheduler, accept, expect_its_results


@pytest.fixture(name="dags")
def _dags(tmp_path: Path) -> Path:
    """A folder with the DAG, whose turns are a second apart."""
    dags = tmp_path / "dags"
    dags.mkdir()
    text = (EXAMPLES / "airflow_dag.py").read_text(encoding="utf-8")
    assert text.count("timedelta(minutes=15)") == 1
    (dags / "campaign.py").write_text(text.replace("timedelta(minutes=15)", "timedelta(seconds=1)"), encoding="utf-8")
    return dags


@pytest.fixture(name="airflow")
def _airflow(tool: Tool, dags: Path) -> Scheduler:
    settings = {
        "AIRFLOW_HOME": str(tool.folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    airflow = Scheduler(AIRFLOW.python(), tool, settings)
    airflow.start("-m", "airflow", "db", "migrate")
    return airflow


def test_a_campaign_is_carried_on_in_turns_and_what_fails_is_a_failed_task(
    airflow: Scheduler, tool: Tool, dags: Path
) -> None:
    accept(tool)
    answer, said = airflow.run("airflow_run", dags)
    assert answer["state"] == "failed"
    assert answer["rescheduled"] >= 1, "the quota leaves something for another turn"
    assert {(each["task"], each["name"]): each["state"] for each in answer["tasks"]} == {
        ("plan", ""): "success",
        ("carry_on", ""): "success",
        ("fetch", ""): "success",
        ("failed_job", 'job.tiles["b"]'): "failed",
    }
    assert "failed (graph): " in said
    expect_its_results(tool)


def test_a_manifest_that_was_not_accepted_is_not_carried_on(airflow: Scheduler, tool: Tool, dags: Path) -> None:
    answer, said = airflow.run("airflow_run", dags)
    assert {each["task"]: each["state"] for each in answer["tasks"]} == {
        "plan": "success",
        "carry_on": "failed",
        "fetch": "upstream_failed",
        "failed_job": "upstream_failed",
    }
    assert "no plan of this ledger was accepted yet" in said
    assert not tool.ledger.exists()
