"""Projects whose ledger is in PostgreSQL: its table, runs at work, rights that are taken away."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.database_server import DatabaseServer
from tests.end_to_end.shared_ledgers import LEDGER
from tests.end_to_end.test_interruptions import ManyJobs, wait_until
from tests.end_to_end.tool import Ended, Tool, expect_one_message, finished


def project_on(server: DatabaseServer, address: str, folder: Path, emulator: RunningEmulator) -> ManyJobs:
    project = ManyJobs(Tool(folder, emulator), jobs=4)
    project.tool.environ |= {LEDGER: address, **server.variables()}
    return project


@pytest.fixture(name="project")
def _project(database_server: DatabaseServer, tmp_path: Path, emulator: RunningEmulator) -> ManyJobs:
    return project_on(database_server, database_server.new_ledger(), tmp_path, emulator)


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


class TestGone:
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
