"""The table of outcomes of a launch, row by row: what is recorded, what the next plan says, how the run ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from tests.applying.simulated_runs import JOB_ONLY, LAUNCH, NO_WAIT, acts, endings, ends, events, fault, launched, types
from tests.simulation.world import World

JOB = "job.subset"


@dataclass(frozen=True)
class Row:
    """A fault of the one launch of a run that does not wait, and its outcome.

    `then` are the events behind job-intended; `jobs` is how many jobs there are when a later run has waited.
    """

    kind: str
    then: tuple[str, ...]
    plan: tuple[str, str]
    outcome: str
    endings: frozenset[str]
    jobs: int
    fields: Mapping[str, Any] = field(default_factory=dict)


def refused(status: int, **more: Any) -> Row:
    """A request that is refused for its content: not tried again before the definition changes."""
    fields = {"status": status, **more}
    return Row("status", ("job-refused",), ("none", "failed"), "failed", frozenset({"failed"}), 0, fields)


def denied(status: int) -> Row:
    """A refusal of the account's rights: this run launches nothing more, the next one tries again."""
    ended = frozenset({"error", "failed"})
    # A 401 is answered by one new token and one more try.
    fields = {"status": status, "times": 2 if status == 401 else 1}
    return Row("status", ("job-refused",), ("launch", "new"), "failed", ended, 1, fields)


def doubt(kind: str, **fields: Any) -> Row:
    """It is unknown whether the service acted: the launch stays open, and is never repeated blindly."""
    return Row(kind, (), ("watch", "answer-open"), "waiting", frozenset({"unfinished"}), 1, fields)


QUOTA = ("job-refused", "quota-closed")
ROWS: dict[str, Row] = {
    "done": Row("delay", ("job-submitted",), ("watch", "in-flight"), "waiting", frozenset({"unfinished"}), 1),
    **{str(status): refused(status) for status in (400, 409, 411, 413, 414, 415, 422)},
    **{str(status): refused(status, headers={"location": "https://x.example/"}) for status in (301, 302, 307, 308)},
    **{str(status): denied(status) for status in (401, 403, 404, 405)},
    "429": Row("status", QUOTA, ("launch", "new"), "waiting", frozenset({"unfinished"}), 1, {"status": 429}),
    **{str(status): doubt("status", status=status) for status in (408, 418, 500, 502, 503, 504)},
    "503 after the effect": doubt("status", status=503, when="after"),
    "lost before the effect": doubt("drop-before"),
    "lost after the effect": doubt("drop-after"),
    "cut": doubt("truncate"),
    "cut to nothing": doubt("truncate", at=0),
    "a page instead of JSON": doubt("html"),
    "201 without jobID": doubt("status", status=201, body={"status": "accepted"}),
    "201 with an empty jobID": doubt("status", status=201, body={"jobID": "", "status": "accepted"}),
    "201 without JSON": doubt("status", status=201, body="created"),
    "202": doubt("status", status=202, body={"jobID": "1"}),
    "204": doubt("status", status=204, body=""),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_outcome_of_a_launch(name: str, tmp_path: Path) -> None:
    row, world = ROWS[name], World(tmp_path)
    fault(world, row.kind, LAUNCH, **row.fields)
    result = world.apply(JOB_ONLY, NO_WAIT)
    recorded = [kind for kind in types(world) if kind != "job-observed"]
    assert tuple(recorded[recorded.index("job-intended") + 1 :]) == row.then
    assert ends(result) == {JOB: row.outcome}
    assert endings(result) == row.endings
    if row.outcome == "failed":
        assert result.results[0].error
    # What came back at once may have been found by the plan already; what is open stays open without a candidate.
    planned = acts(world.plan(JOB_ONLY))[JOB]
    assert planned == row.plan or (row.plan[1] == "answer-open" and planned == ("adopt", "found"))
    world.apply(JOB_ONLY)
    assert len(launched(world)) == row.jobs
    assert acts(world.plan(JOB_ONLY))[JOB] == ("none", "done" if row.jobs else "failed")
    assert types(world).count("job-submitted") + types(world).count("adopted") == row.jobs


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_an_unsent_launch_is_withdrawn_and_retried_in_the_same_run(
    kind: type[httpx.TransportError], tmp_path: Path
) -> None:
    world, times = World(tmp_path), [2]

    async def unreachable(step: str) -> None:
        if step.startswith("before POST") and step.endswith("/execution") and times[0]:
            times[0] -= 1
            raise kind("no route")

    result = world.apply(JOB_ONLY, step=unreachable)
    assert ends(result) == {JOB: "done"}
    assert not result.endings
    assert types(world).count("job-withdrawn") == 2
    assert {event.reason for event in events(world) if isinstance(event, e.JobWithdrawn)} == {"not-sent"}
    assert len(launched(world)) == 1


def test_an_unsent_launch_is_reported_when_there_is_no_time_to_retry(tmp_path: Path) -> None:
    async def unreachable(step: str) -> None:
        if step.startswith("before POST") and step.endswith("/execution"):
            raise httpx.ConnectError("no route")

    world = World(tmp_path)
    result = world.apply(JOB_ONLY, NO_WAIT, step=unreachable)
    assert ends(result) == {JOB: "failed"}
    assert result.results[0].error
    assert result.results[0].error.code == "service-unreachable"
    assert acts(world.plan(JOB_ONLY))[JOB] == ("launch", "new")


def test_a_quota_is_waited_for_until_retry_after(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "status", LAUNCH, status=429, headers={"retry-after": "5000"})
    begun = world.clock()
    result = world.apply(JOB_ONLY)
    assert not result.endings
    (job,) = world.frontend.service.jobs.every()
    assert 5000 <= (job.created - begun).total_seconds() < 5100


def test_a_refused_definition_is_launched_again_when_it_changes(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "status", LAUNCH, status=400, body={"message": "no such parameter"})
    result = world.apply(JOB_ONLY)
    assert result.results[0].error
    assert "no such parameter" in result.results[0].error.message
    assert not launched(world)
    other = JOB_ONLY.replace("/a.zip", "/b.zip")
    assert not world.apply(other).endings
    assert len(launched(world)) == 1


def test_an_answer_with_the_job_of_another_launch_needs_a_decision(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY)
    (first,) = launched(world)
    fault(world, "status", LAUNCH, status=201, body={"jobID": first, "status": "accepted"})
    both = JOB_ONLY + "  other: {graph: graph.xml, inputs: {img1: {url: 'https://data.example.org/b.zip'}}}\n"
    result = world.apply(both)
    assert ends(result) == {JOB: "done", "job.other": "failed"}
    assert endings(result) == {"decision", "failed"}
    assert acts(world.plan(both)) == {JOB: ("none", "done"), "job.other": ("ask", "duplicated")}
    assert "job-refused" in types(world)


def test_an_answer_with_a_job_found_by_another_run_is_no_duplicate(tmp_path: Path) -> None:
    world = World(tmp_path)
    runners: list[Engine] = []

    async def found(name: str) -> None:
        if name.startswith("after POST") and name.endswith("/execution"):
            (intent,) = (event.intent for event in events(world) if isinstance(event, e.JobIntended))
            other = world.runner(JOB_ONLY).journal
            await other.refresh()
            await other.record(e.Adopted(address=JOB, job_id=launched(world)[0], reason="found", intent=intent))
            await runners[0].journal.refresh()

    runners.append(world.runner(JOB_ONLY, found))
    result = world.run(runners[0].apply(Requests(), None, lambda plan: None))
    assert (ends(result), endings(result)) == ({JOB: "done"}, set())
    assert "job-refused" not in types(world)


def test_refused_access_stops_the_launches_that_were_not_sent(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "status", LAUNCH, status=403, times=None)
    more = "".join(
        f"  j{n}: {{graph: graph.xml, inputs: {{img1: {{url: 'https://data.example.org/{n}.zip'}}}}}}\n"
        for n in range(40)
    )
    result = world.apply(JOB_ONLY + more)
    assert "error" in endings(result)
    sent = [request for request in world.frontend.received if request.request.path.endswith("/execution")]
    assert 0 < len(sent) <= 16
    assert types(world).count("job-withdrawn") == types(world).count("job-intended") - len(sent)
