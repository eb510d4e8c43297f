"""Projects whose ledger several machines share, in a bucket and in PostgreSQL: what holds of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.end_to_end.shared_ledgers import SharedLedger, in_bucket, in_database
from tests.end_to_end.test_interruptions import ManyJobs, wait_until
from tests.end_to_end.tool import Ended, expect_one_message, finished

KINDS: dict[str, Callable[[pytest.FixtureRequest], SharedLedger]] = {
    "bucket": lambda request: in_bucket(request.getfixturevalue("bucket_server")),
    "database": lambda request: in_database(request.getfixturevalue("database_server_to_end")),
}


@pytest.fixture(name="shared", params=KINDS)
def _shared(request: pytest.FixtureRequest) -> Iterator[SharedLedger]:
    shared = KINDS[request.param](request)
    yield shared
    shared.come_back()


@pytest.fixture(name="project")
def _project(shared: SharedLedger, tmp_path: Path, emulator: RunningEmulator) -> ManyJobs:
    return shared.project(tmp_path, emulator)


def expect_one_message_without_secret(ended: Ended, shared: SharedLedger, code: str) -> None:
    expect_one_message(ended, code)
    assert shared.secret not in ended.out + ended.err, ended


def expect_all_done_with_the_next_run(project: ManyJobs) -> None:
    last = project.tool.run("apply", "--yes")
    assert last.code == 0, last
    project.expect_all_done_once()


class TestSharing:
    def test_a_project_is_applied_once_and_its_ledger_outlives_the_machine(self, project: ManyJobs) -> None:
        # CI counts as a machine that loses its files.
        assert project.tool.run("apply", "--yes", CI="true").code == 0
        project.expect_all_done_once()
        assert not project.tool.ledger.exists()
        assert "all well" in project.tool.run("ledger", "verify").out
        written = project.tool.run("ledger", "show").out
        again = project.tool.run("plan", "--detailed-exitcode")
        assert again.code == 0, again
        assert project.tool.run("ledger", "show").out == written

    def test_two_runs_at_once_launch_each_job_once(self, project: ManyJobs) -> None:
        runs = [project.start() for _ in range(2)]
        assert {finished(run).code for run in runs} <= {0, 3}
        assert project.tool.run("apply", "--yes").code == 0
        project.expect_whole_ledger()
        assert project.launched == project.jobs

    def test_a_killed_run_is_continued_from_another_folder(
        self, project: ManyJobs, shared: SharedLedger, tmp_path: Path, emulator: RunningEmulator
    ) -> None:
        run = project.start()
        assert wait_until(project.has_launched, run), finished(run)
        run.kill()
        finished(run)
        expect_all_done_with_the_next_run(shared.project(tmp_path / "other", emulator))

    def test_the_ledger_of_another_project_is_refused(self, project: ManyJobs, shared: SharedLedger) -> None:
        assert project.tool.run("apply", "--yes", "--no-wait").code == 3
        manifest = project.tool.project / "eocanvas.yaml"
        manifest.write_text(manifest.read_text(encoding="utf-8").replace("many-jobs", "others"), encoding="utf-8")
        before = project.launched
        writing = (("apply", "--yes"), ("destroy", "--yes"), ("ledger", "rebuild", "--yes"), ("forget", "j0"))
        for words in (*writing, ("import", "key.k0", "x"), ("plan", "--offline")):
            expect_one_message_without_secret(project.tool.run(*words), shared, "ledger-bound")
        assert project.launched == before


class TestGone:
    def test_a_server_that_is_gone_for_a_moment_in_mid_apply_delays_the_run_only(
        self, project: ManyJobs, shared: SharedLedger
    ) -> None:
        run = project.start()
        assert wait_until(project.has_launched, run), finished(run)
        shared.falter()
        ended = finished(run)
        assert ended.code == 0, ended
        project.expect_all_done_once()

    def test_a_server_that_goes_away_in_mid_apply_ends_the_run_and_nothing_is_lost(
        self, project: ManyJobs, shared: SharedLedger
    ) -> None:
        run = shared.start_impatient(project)
        assert wait_until(project.has_launched, run), finished(run)
        shared.go_away()
        ended = finished(run)
        shared.come_back()
        assert ended.code == 1, ended
        assert "Traceback" not in ended.err
        assert shared.secret not in ended.err + ended.out
        assert len([line for line in ended.err.splitlines() if line.startswith("error:")]) == 1, ended
        expect_all_done_with_the_next_run(project)


class TestSecrets:
    @pytest.mark.parametrize("words", [("apply", "--yes"), ("ledger", "show")])
    def test_a_wrong_one_is_one_message_that_does_not_hold_it(
        self, words: tuple[str, ...], project: ManyJobs, shared: SharedLedger, tmp_path: Path
    ) -> None:
        log = tmp_path / "log"
        ended = project.tool.run(*words, "-v", "--log", str(log), **{shared.secret_in: "canary-password"})
        expect_one_message_without_secret(ended, shared, "ledger-unreadable")
        assert shared.refusal in ended.err
        written = log.read_text(encoding="utf-8") if log.exists() else ""
        assert "canary-password" not in ended.out + ended.err + written

    def test_one_in_the_address_is_refused_without_repeating_it(
        self, project: ManyJobs, shared: SharedLedger, tmp_path: Path
    ) -> None:
        log = tmp_path / "log"
        verify = ("ledger", "verify", "--format", "json")
        for words in (("plan",), ("status", "--offline"), verify, ("ledger", "create")):
            ended = project.tool.run(*words, "-v", "--ledger", shared.with_secret, "--log", str(log))
            assert ended.code == 1, ended
            assert "ledger-unsupported" in " ".join((ended.err + ended.out).split()), ended
            written = log.read_text(encoding="utf-8") if log.exists() else ""
            assert "canary-password" not in ended.out + ended.err + written
