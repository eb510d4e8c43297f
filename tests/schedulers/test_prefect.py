"""The flow of the example, run by Prefect itself with a server of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.tool import Tool
from tests.schedulers.conftest import EXAMPLES, PREFECT, Scheduler, accept, expect_its_results

FLOW = EXAMPLES / "prefect_flow.py"


@pytest.fixture(name="prefect")
def _prefect(tool: Tool) -> Scheduler:
    settings = {
        "PREFECT_HOME": str(tool.folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "DO_NOT_TRACK": "1",
    }
    return Scheduler(PREFECT.python(), tool, settings)


def states(answer: Any) -> list[tuple[str, str]]:
    """Return the names of the task runs and how they ended, sorted."""
    return sorted((each["name"].partition("-")[0], each["state"]) for each in answer["tasks"])


def test_a_campaign_is_carried_on_in_turns_and_what_fails_is_a_failed_task_run(prefect: Scheduler, tool: Tool) -> None:
    accept(tool)
    answer, _ = prefect.run("prefect_run", FLOW, pause_s=1)
    assert (answer["state"], answer["message"]) == ("FAILED", '1 failed: job.tiles["b"]')
    turns = states(answer).count(("turn", "COMPLETED"))
    assert turns >= 2, "the quota leaves something for another turn"
    others = [("fetch", "COMPLETED"), ('job.tiles["b"]', "FAILED"), ("plan", "COMPLETED")]
    assert states(answer) == [*others, *[("turn", "COMPLETED")] * turns]
    [failed] = [each["message"] for each in answer["tasks"] if each["state"] == "FAILED"]
    assert "failed (graph): " in failed
    expect_its_results(tool)


def test_a_manifest_that_was_not_accepted_is_not_carried_on(prefect: Scheduler, tool: Tool) -> None:
    answer, _ = prefect.run("prefect_run", FLOW, pause_s=1)
    assert answer["state"] == "FAILED"
    assert "no plan of this ledger was accepted yet" in answer["message"]
    assert states(answer) == [("plan", "COMPLETED"), ("turn", "FAILED")]
    assert not tool.ledger.exists()
