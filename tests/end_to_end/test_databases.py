"""Projects whose ledger is in PostgreSQL: its table, several runs, a database that goes away, wrong passwords."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.database_server import DatabaseServer
from tests.emulator.model_client import private_key
from tests.end_to_end.test_interruptions import ManyJobs, wait_until
from tests.end_to_end.tool import Ended, Tool, expect_one_message, finished

LEDGER = "EOCANVAS_APPLY_LEDGER"


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.6, latency=0.03, private_key=private_key())) as emulator:
        yield emulator


def project_on(server: DatabaseServer, address: str, folder: Path, emulator: RunningEmulator) -> ManyJobs:
    project = ManyJobs(Tool(folder, emulator), jobs=4)
    project.tool.environ |= {LEDGER: address, **server.variables()}
    return project


@pytest.fixture(name="project")
def _project(database_server: DatabaseServer, tmp_path: Path, emulator: RunningEmulator) -> ManyJobs:
    return project_on(database_server, database_server.new_ledger(), tmp_path, emulator)


@pytest.fixture(name="ending")
def _ending(database_server_to_end: DatabaseServer, tmp_path: Path, emulator: RunningEmulator) -> ManyJobs:
    return project_on(database_server_to_end, database_server_to_end.new_ledger(), tmp_path, emulator)


def runs_beside(ended: Ended) -> list[str]:
    """Return what a run says of others at work."""
    return [each["message"] for each in ended.document["diagnostics"] if each["code"] == "run-at-work"]


class TestSetUp:
    def test_an_administrator_creates_the_table_and_a_run_uses_it(
        self, database_server: DatabaseServer, tmp_path: Path, emulator: RunningEmulator
    ) -> None:
        project = project_on(database_server, database_server.new_schema(), tmp_path, emulator)
        expect_one_message(project.tool.run("plan"), "ledger-no-table")
        admin = database_server.variables("admin")
        assert "the table eocanvas_ledger is created" in project.tool.run("ledger", "create", **admin).out
        again = project.tool.run("ledger", "create", "--format", "json", **admin)
        assert [row["created"] for row in again.document["ledger"]] == [False]
        # CI counts as a machine that loses its files: this ledger outlives it.
        assert project.tool.run("apply", "--yes", CI="true").code == 0
        project.expect_all_done_once()
        assert not project.tool.ledger.exists()

    def test_a_run_that_may_not_create_the_table_says_so(
        self, database_server: DatabaseServer, tmp_path: Path, emulator: RunningEmulator
    ) -> None:
        project = project_on(database_server, database_server.new_schema(), tmp_path, emulator)
        expect_one_message(project.tool.run("ledger", "create"), "ledger-unwritable")

    def test_the_table_of_a_file_is_a_usage_error(self, project: ManyJobs) -> None:
        expect_one_message(project.tool.run("ledger", "create", "--ledger", "ledger.jsonl"), "usage")


class TestSharing:
    def test_two_runs_at_once_launch_each_job_once(self, project: ManyJobs) -> None:
        runs = [project.start() for _ in range(2)]
        assert {finished(run).code for run in runs} <= {0, 3}
        assert project.tool.run("apply", "--yes").code == 0
        project.expect_whole_ledger()
        assert project.launched == project.jobs

    def test_a_killed_run_is_continued_from_another_folder(
        self, project: ManyJobs, tmp_path: Path, emulator: RunningEmulator
    ) -> None:
        run = project.start()
        assert wait_until(project.has_launched, run), finished(run)
        run.kill()
        finished(run)
        other = ManyJobs(Tool(tmp_path / "other", emulator), jobs=4)
        other.tool.environ |= project.tool.environ
        assert other.tool.run("apply", "--yes").code == 0
        other.expect_all_done_once()

    def test_a_run_beside_one_at_work_says_so_and_a_killed_one_is_not_at_work(
        self, project: ManyJobs, emulator: RunningEmulator
    ) -> None:
        with emulator.model() as wire:
            wire.service.job_faults.append(JobFault("stuck", "*"))
        run = project.start()
        try:
            assert wait_until(project.has_launched, run), finished(run)
            for words in (["plan"], ["apply", "--no-wait"]):
                [beside] = runs_beside(project.tool.run(*words, "--format", "json"))
                assert f"(process {run.pid} on " in beside
        finally:
            run.kill()
            finished(run)
        # The server takes a moment to notice it.
        end = time.monotonic() + 60
        while runs_beside(project.tool.run("plan", "--format", "json")):
            assert time.monotonic() < end

    def test_the_ledger_of_another_project_is_refused(self, project: ManyJobs) -> None:
        assert project.tool.run("apply", "--yes", "--no-wait").code == 3
        manifest = project.tool.project / "eocanvas.yaml"
        manifest.write_text(manifest.read_text(encoding="utf-8").replace("many-jobs", "others"), encoding="utf-8")
        before = project.launched
        for words in (("apply", "--yes"), ("plan", "--offline")):
            expect_one_message(project.tool.run(*words), "ledger-bound")
        assert project.launched == before


class TestGone:
    def test_a_database_that_restarts_in_mid_apply_delays_the_run_only(
        self, ending: ManyJobs, database_server_to_end: DatabaseServer
    ) -> None:
        run = ending.start()
        assert wait_until(ending.has_launched, run), finished(run)
        database_server_to_end.stop()
        database_server_to_end.start()
        ended = finished(run)
        assert ended.code == 0, ended
        ending.expect_all_done_once()

    def test_a_database_that_goes_away_in_mid_apply_ends_the_run_and_nothing_is_lost(
        self, ending: ManyJobs, database_server_to_end: DatabaseServer
    ) -> None:
        run = _impatient(ending)
        assert wait_until(ending.has_launched, run), finished(run)
        database_server_to_end.stop(signal.SIGQUIT)
        ended = finished(run)
        try:
            assert ended.code == 1, ended
            assert "Traceback" not in ended.err
            assert database_server_to_end.password not in ended.err + ended.out
            assert len([line for line in ended.err.splitlines() if line.startswith("error:")]) == 1, ended
        finally:
            database_server_to_end.start()
        last = ending.tool.run("apply", "--yes")
        assert last.code == 0, last
        ending.expect_all_done_once()

    def test_a_database_that_takes_the_rights_away_in_mid_apply_ends_the_run_and_the_same_command_goes_on(
        self, project: ManyJobs, database_server: DatabaseServer
    ) -> None:
        table = f"{project.tool.environ[LEDGER].rpartition('%3D')[2]}.eocanvas_ledger"
        run = project.start()
        assert wait_until(project.has_launched, run), finished(run)
        database_server.execute(f"REVOKE INSERT ON {table} FROM runner")
        ended = finished(run)
        database_server.execute(f"GRANT INSERT ON {table} TO runner")
        expect_one_message(ended, "ledger-unwritable")
        assert "a run needs SELECT and INSERT" in " ".join(ended.err.split())
        assert project.tool.run("apply", "--yes").code == 0
        project.expect_all_done_once()


def _impatient(project: ManyJobs) -> subprocess.Popen[str]:
    """Start a run that does not wait for a database to come back."""
    code = (
        "import sys; from eocanvas_apply.ledger.backends import database_session; database_session._PATIENCE_S = 0.2; "
        "from eocanvas_apply.cli import main; sys.exit(main(['apply', '--yes']))"
    )
    return project.tool.start_python("-c", code)


class TestSecrets:
    @pytest.mark.parametrize("words", [("apply", "--yes"), ("ledger", "show")])
    def test_a_wrong_password_is_one_message_that_does_not_hold_it(
        self, words: tuple[str, ...], project: ManyJobs, tmp_path: Path
    ) -> None:
        log = tmp_path / "log"
        ended = project.tool.run(*words, "-v", "--log", str(log), PGPASSWORD="canary-password")
        assert ended.code == 1, ended
        said = ended.out + ended.err
        assert "password authentication failed" in said
        assert "canary-password" not in said + (log.read_text(encoding="utf-8") if log.exists() else "")

    def test_a_password_in_the_address_is_refused_without_repeating_it(self, project: ManyJobs, tmp_path: Path) -> None:
        log = tmp_path / "log"
        address = "postgresql://jane:canary-password@127.0.0.1:9/ledgers"
        for words in (
            ("plan",),
            ("status", "--offline"),
            ("ledger", "verify", "--format", "json"),
            ("ledger", "create"),
        ):
            ended = project.tool.run(*words, "-v", "--ledger", address, "--log", str(log))
            assert ended.code == 1, ended
            assert "ledger-unsupported" in " ".join((ended.err + ended.out).split()), ended
            written = log.read_text(encoding="utf-8") if log.exists() else ""
            assert "canary-password" not in ended.out + ended.err + written
