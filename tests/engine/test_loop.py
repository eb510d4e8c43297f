"""The loop: waiting and not waiting, a service that goes away, other runners, and a ledger of something else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.errors import Doubt, LedgerError, NotSent, SafetyRefusal
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.report.progress import ApplyResult, Happening
from eocanvas_apply.simulation.virtual_time import LoopClock
from tests.applying.simulated_runs import (
    JOB_ONLY,
    KEY_ONLY,
    LAUNCH,
    NO_WAIT,
    acts,
    endings,
    ends,
    events,
    fault,
    key_names,
    launched,
    manifest,
    requests,
    types,
)
from tests.simulation.world import World

JOB = "job.subset"
HOUR = 3600
FOR_EVER = None


class TestWaiting:
    def test_without_waiting_a_run_is_one_turn_and_the_next_one_continues(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        begun = world.clock()
        result = world.apply(manifest(), NO_WAIT)
        assert (ends(result), endings(result)) == ({"key.scenes": "done", JOB: "waiting"}, {"unfinished"})
        assert world.clock() - begun < timedelta(seconds=10)
        world.clock.advance(400)
        result = world.apply(manifest(), NO_WAIT)
        assert (ends(result), endings(result)) == ({"key.scenes": "done", JOB: "done"}, set())

    def test_waiting_ends_when_its_time_is_over(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        begun = world.clock()
        result = world.apply(manifest(), timedelta(seconds=100))
        assert endings(result) == {"unfinished"}
        assert timedelta(seconds=100) <= world.clock() - begun < timedelta(seconds=105)

    def test_results_that_come_with_the_last_look_are_done(self, tmp_path: Path) -> None:
        world = World(tmp_path, job_time=97)
        result = world.apply(manifest(), timedelta(seconds=100))
        assert list(world.folder.rglob("results/**/*.*"))
        assert (ends(result), endings(result)) == ({"key.scenes": "done", JOB: "done"}, set())

    def test_waiting_without_an_end_ends_with_the_last_job(self, tmp_path: Path) -> None:
        world = World(tmp_path, job_time=9 * HOUR)
        assert not world.apply(JOB_ONLY, FOR_EVER).endings

    def test_a_failed_job_stays_a_failure_in_every_run_until_it_is_skipped(self, tmp_path: Path) -> None:
        from eocanvas_apply.emulator.model.job_failures import JobFault

        world = World(tmp_path)
        world.frontend.service.job_faults.append(JobFault("killed"))
        result = world.apply(JOB_ONLY)
        assert (ends(result), endings(result)) == ({JOB: "failed"}, {"failed"})
        assert result.results[0].error
        assert result.results[0].error.code == "job-failed"
        again = world.apply(JOB_ONLY)
        assert (ends(again), endings(again)) == ({JOB: "failed"}, {"failed"})
        assert again.results[0].error == result.results[0].error
        skipped = world.apply(JOB_ONLY + "    skip: the scene is broken\n")
        assert (ends(skipped), endings(skipped)) == ({JOB: "skipped"}, set())
        assert len(launched(world)) == 1

    def test_polling_costs_pages_of_the_list_and_no_request_a_job(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        more = "".join(
            f"  j{n}: {{graph: graph.xml, inputs: {{img1: {{url: 'https://x.example/{n}.zip'}}}}}}\n" for n in range(9)
        )
        world.apply(JOB_ONLY + more, timedelta(seconds=240))
        assert requests(world, "GET", "/serverless/jobs") > 5
        assert not [r for r in world.frontend.received if "/serverless/jobs/" in r.request.path]

    def test_observations_of_a_plan_are_recorded_by_the_apply(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.apply(JOB_ONLY, NO_WAIT)
        world.clock.advance(400)
        world.apply(JOB_ONLY, NO_WAIT)
        seen = [event.status for event in events(world) if isinstance(event, e.JobObserved)]
        assert seen[-1] == "successful"
        assert "results-listed" in types(world)

    def test_planning_writes_nothing(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        plan = world.plan(JOB_ONLY)
        assert (plan.origin.ledger_id, plan.origin.ledger_head) == (None, 0)
        assert not (tmp_path / ".eocanvas").exists()

    def test_a_declined_plan_opens_no_ledger(self, tmp_path: Path) -> None:
        def decline(plan: Plan) -> None:
            raise SafetyRefusal

        world = World(tmp_path)
        with pytest.raises(SafetyRefusal):
            world.run(world.runner(JOB_ONLY).apply(Requests(), FOR_EVER, decline))
        assert not (tmp_path / ".eocanvas").exists()


class TestAServiceThatGoesAway:
    def test_an_outage_at_the_first_read_ends_the_run(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        fault(world, "drop-before", "*", "*", times=None)
        with pytest.raises((Doubt, NotSent)):
            world.apply(JOB_ONLY)
        assert not (tmp_path / ".eocanvas").exists()

    @pytest.mark.parametrize("status", [503, 429])
    def test_an_outage_of_less_than_an_hour_fails_nothing(self, status: int, tmp_path: Path) -> None:
        world = World(tmp_path)
        outage = _outage(world, status, after=60, until=60 + 50 * 60)
        assert not world.apply(JOB_ONLY, step=outage).endings
        silent = [p for p in world.progress if p.happening is Happening.SILENT]
        assert [int(p.detail) for p in silent] == [5, 80, 160, 320, 640, 900, 900]
        assert {p.since for p in silent} == {silent[0].at}
        assert all(p.failure_line and f"answered {status}" in p.failure_line for p in silent)
        assert sum(p.happening is Happening.ANSWERS for p in world.progress) == 1
        assert len(launched(world)) == 1

    def test_an_outage_of_an_hour_ends_the_run_and_the_next_one_completes(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        begun = world.clock()
        result = world.apply(JOB_ONLY, FOR_EVER, step=_outage(world, 503, after=60, until=1e9))
        assert _broken_off(result, "service-failed")
        assert timedelta(hours=1) < world.clock() - begun < timedelta(hours=1, minutes=25)
        assert requests(world, "GET", "/keys") < 60
        world.frontend.faults.clear()
        assert not world.apply(JOB_ONLY).endings
        assert len(launched(world)) == 1

    def test_a_silent_service_is_waited_for_at_most_until_the_wait_ends(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        begun = world.clock()
        result = world.apply(JOB_ONLY, timedelta(minutes=10), step=_outage(world, 503, after=60, until=1e9))
        assert _broken_off(result, "service-failed")
        assert timedelta(minutes=10) <= world.clock() - begun < timedelta(minutes=12)

    def test_a_silent_service_is_not_waited_for_where_all_else_needs_a_refused_key(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        fault(world, "status", "*/keys", "POST", status=400)
        begun = world.clock()

        async def then_silent(step: str) -> None:
            if step.startswith("after POST") and step.endswith("/keys"):
                fault(world, "status", "/serverless/*", "*", status=503, times=None)

        result = world.apply(manifest(), FOR_EVER, step=then_silent)
        assert (ends(result), endings(result)) == ({"key.scenes": "failed", JOB: "skipped"}, {"failed"})
        assert world.clock() - begun < timedelta(minutes=1)

    def test_a_permanent_refusal_ends_the_run_at_once(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        assert _broken_off(world.apply(JOB_ONLY, step=_outage(world, 403, after=60, until=1e9)), "service-refused")

    def test_the_log_and_the_results_of_one_job_delay_no_other(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        fault(world, "status", "*/results", "GET", status=403)
        assert not world.apply(JOB_ONLY).endings


def _broken_off(result: ApplyResult, code: str) -> bool:
    """Whether a fault of this code ended the run, which says all the same what runs and where that is known from."""
    (job,) = result.results
    assert (ends(result), endings(result)) == ({JOB: "waiting"}, {"error", "unfinished"})
    assert job.job_id
    assert job.runs
    assert result.last_seen
    return [d.code for d in result.diagnostics] == [code]


def _outage(world: World, status: int, after: float, until: float) -> Callable[[str], Awaitable[None]]:
    begun = world.clock()

    async def step(name: str) -> None:
        world.frontend.faults.clear()
        if after <= (world.clock() - begun).total_seconds() < until:
            fault(world, "status", "/serverless/*", "*", status=status, times=None)

    return step


class TestOtherRunners:
    def test_an_entry_between_plan_and_claim_causes_a_new_plan(self, tmp_path: Path) -> None:
        """Two runners begin at once: one opens the ledger and launches, the other only watches."""
        world = World(tmp_path)
        runners = [world.runner(manifest()) for _ in range(2)]

        async def both() -> None:
            runs = (r.apply(Requests(), timedelta(hours=2), lambda plan: None) for r in runners)
            for result in await asyncio.gather(*runs):
                # Virtual hours pass while the disk of the other one works: then this one has stopped waiting for it.
                assert {r.error.code for r in result.results if r.error} <= {"result-busy"}

        world.run(both())
        assert not world.apply(manifest()).endings
        assert len(launched(world)) == 1
        assert types(world).count("ledger-opened") == 1
        assert types(world).count("job-submitted") == 1
        assert len(key_names(world)) == 1
        assert len(list((tmp_path / "results" / "subset").glob("*.nc"))) == 1

    def test_several_at_once_launch_each_job_once(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        more = "".join(
            f"  j{n}: {{graph: graph.xml, inputs: {{img1: {{key: scenes, path: /{n}.zip}}}}}}\n" for n in range(5)
        )
        runners = [world.runner(manifest() + more) for _ in range(4)]

        async def all_of_them() -> None:
            await asyncio.gather(*(r.apply(Requests(), timedelta(hours=2), lambda plan: None) for r in runners))

        world.run(all_of_them())
        assert len(launched(world)) == 6
        assert acts(world.plan(manifest() + more)) | {"key.scenes": ("none", "not-needed")} == {
            "key.scenes": ("none", "not-needed"),
            JOB: ("none", "done"),
            **{f"job.j{n}": ("none", "done") for n in range(5)},
        }

    def test_a_ledger_of_another_project_is_refused_before_anything_is_sent(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.apply(KEY_ONLY)
        before = requests(world, "POST", "/keys")
        for work in (world.apply, world.plan):
            with pytest.raises(LedgerError, match="belongs to the project 'demo', not to 'other'"):
                work(KEY_ONLY.replace("project: demo", "project: other"))
        assert requests(world, "POST", "/keys") == before

    def test_a_lost_ledger_is_not_replaced_without_permission(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.apply(KEY_ONLY)
        world.ledger.unlink()
        assert [found.code for found in world.plan(KEY_ONLY).refusals] == ["ledger-missing"]
        with pytest.raises(SafetyRefusal) as caught:
            world.apply(KEY_ONLY)
        assert "--allow-new-ledger" in caught.value.diagnostics[0].hint
        assert not world.ledger.exists()
        allowed = Requests(allowed=frozenset({"allow-new-ledger"}))
        assert not world.apply(KEY_ONLY, requests=allowed).endings


class TestSendBefore:
    def test_a_machine_that_slept_before_sending_withdraws_and_launches_again(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        slept: list[str] = []

        async def sleep(step: str) -> None:
            if step == "after append" and not slept and "job-intended" in types(world):
                slept.append(step)
                world.clock.advance(7 * HOUR)

        result = world.apply(manifest(), step=sleep)
        assert not result.endings
        assert len(launched(world)) == 1
        assert [event.reason for event in events(world) if isinstance(event, e.JobWithdrawn)] == ["too-late"]

    def test_a_machine_that_slept_before_a_key_creation_abandons_it_and_tries_again(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        slept: list[str] = []

        async def sleep(step: str) -> None:
            if step == "after append" and not slept and "key-intended" in types(world):
                slept.append(step)
                world.clock.advance(7 * HOUR)

        assert not world.apply(KEY_ONLY, step=sleep).endings
        assert [event.reason for event in events(world) if isinstance(event, e.KeyAbandoned)] == ["late"]
        assert len(key_names(world)) == 1

    def test_a_lost_answer_is_settled_before_anything_is_launched_again(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        fault(world, "drop-before", LAUNCH)
        begun = world.clock()
        assert not world.apply(JOB_ONLY).endings
        (job,) = world.frontend.service.jobs.every()
        # send_within, request_timeout, settle, and two passes a minute apart.
        assert timedelta(minutes=17) <= job.created - begun < timedelta(minutes=19)
        claims = [entry for entry in types(world) if entry in ("job-abandoned", "job-intended")]
        assert claims == ["job-intended", "job-abandoned", "job-intended"]


def test_a_snapshot_holds_no_notes_of_an_earlier_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, kept = World(tmp_path), []

    async def keep(journal: Journal) -> None:
        kept.append(journal.recorded.head)

    monkeypatch.setattr(Journal, "keep", keep)
    world.apply(JOB_ONLY, NO_WAIT)
    assert len(kept) == 1

    async def planned_and_applied() -> None:
        runner = world.runner(JOB_ONLY)
        await LoopClock(world.clock).sleep(3600)
        await runner.plan(Requests())
        await runner.apply(Requests(), timedelta(), lambda plan: None)

    world.run(planned_and_applied())
    assert len(kept) == 1
