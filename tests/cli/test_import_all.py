"""A manifest is written for what an account has; nothing of it runs again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import GRAPH, Project
from tests.cli.made_by_hand import begun, ended, hand_launched, hand_made_key, launched
from tests.emulator.model_client import chain_body, snap_body

CHAIN = b"format: netcdf4\nname: Baltic chlorophyll\nproduct: OLL2WFR\nroi: {id: baltic, NSWE: [58, 53, 15, 22]}\n"


@pytest.fixture(name="account")
def _account(project: Project) -> Project:
    """The account of `project`, without a manifest."""
    project.manifest.unlink()
    (project.folder / "subset.xml").unlink()
    return project


def launches(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return len([*wire.service.jobs.every()])


def actions(project: Project) -> dict[str, tuple[str, str]]:
    return {each["address"]: (each["action"], each["reason"]) for each in project.json("plan")["actions"]}


def left_out(found: dict[str, Any]) -> dict[str, str]:
    return {each["target"]: each["why"] for each in found["import"] if not each["imported"]}


def files(folder: Path) -> set[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in found if not name.startswith(".eocanvas/")}


class TestAnAccount:
    """What notebooks have left: a campaign, a single job, a chain, keys."""

    @pytest.fixture(autouse=True)
    def _made(self, account: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "Olci Scenes".replace(" ", "."))
        hand_made_key(emulator, "my-drive", kind="WEBDAV")
        self.scenes = [hand_launched(emulator, key="Olci.Scenes", location=f"/2024/{name}.zip") for name in "ab"]
        self.single = hand_launched(emulator, key="Olci.Scenes", location="/c.zip", output="my-drive")
        self.chain = launched(emulator, chain_body(CHAIN, "https://products.example/a.SEN3"), "dataTailor")
        for job in (*self.scenes, self.single, self.chain):
            ended(emulator, job)

    def test_it_becomes_a_project_that_has_nothing_to_launch(self, account: Project, emulator: RunningEmulator) -> None:
        before = launches(emulator)
        found = account.json("import", "--all", "--yes")
        taken = {each["address"]: each.get("job_id") or each["name"] for each in found["import"]}
        assert taken == {
            "key.my-drive": "my-drive",
            "key.olci-scenes": "Olci.Scenes",
            'job.subset["a.zip"]': self.scenes[0],
            'job.subset["b.zip"]': self.scenes[1],
            "job.subset-2": self.single,
            "job.baltic-chlorophyll": self.chain,
        }
        assert account.run("validate") == 0
        assert actions(account) == {
            "key.my-drive": ("none", "existing"),
            "key.olci-scenes": ("none", "existing"),
            'job.subset["a.zip"]': ("fetch", "results-pending"),
            'job.subset["b.zip"]': ("fetch", "results-pending"),
            "job.subset-2": ("none", "done"),
            "job.baltic-chlorophyll": ("fetch", "results-pending"),
        }
        assert account.run("apply", "--yes") == 0
        assert {action for action, _ in actions(account).values()} == {"none"}
        assert launches(emulator) == before
        assert account.run("ledger", "verify") == 0

    def test_the_files(self, account: Project) -> None:
        assert account.run("import", "--all", "--yes") == 0
        assert files(account.folder) == {
            "eocanvas.yaml",
            "graphs/subset.xml",
            "graphs/subset-2.xml",
            "chains/baltic-chlorophyll.yaml",
            "rows/subset.csv",
        }
        assert (account.folder / "rows/subset.csv").read_text() == "id,img1\na.zip,/2024/a.zip\nb.zip,/2024/b.zip\n"
        text = account.manifest.read_text(encoding="utf-8")
        assert "path: ${each.img1}\n" in text
        assert "uncompress: true\n        sub_path: xfdumanifest.xml\n" in text
        assert "output:\n      key: my-drive\n" in text
        assert "NSWE" in (account.folder / "chains/baltic-chlorophyll.yaml").read_text(encoding="utf-8")

    def test_a_change_afterwards_is_seen_with_its_lines(self, account: Project) -> None:
        assert account.run("import", "--all", "--yes") == 0
        graph = account.folder / "graphs/subset-2.xml"
        graph.write_text(graph.read_text().replace("NetCDF4-CF", "GeoTIFF"), encoding="utf-8")
        assert actions(account)["job.subset-2"] == ("relaunch", "definition-changed")
        assert account.run("plan") == 0
        assert "NetCDF4-CF" in account.out

    def test_it_asks_and_writes_nothing_before(self, account: Project) -> None:
        assert account.run("import", "--all") == 5
        assert "job.subset <= 2 jobs, one for each row of its table" in account.err
        assert not files(account.folder)
        assert not (account.folder / ".eocanvas").exists()

    def test_again_it_overwrites_nothing(self, account: Project) -> None:
        assert account.run("import", "--all", "--yes") == 0
        assert account.run("import", "--all", "--yes") == 1
        assert "file-exists" in account.err

    def test_the_run_ended_before_the_manifest_was_written(self, account: Project) -> None:
        assert account.run("import", "--all", "--yes") == 0
        ledger = account.folder / ".eocanvas/default.jsonl"
        first, manifest = ledger.read_bytes(), account.manifest.read_bytes()
        account.manifest.unlink()
        assert account.run("import", "--all", "--yes") == 0
        assert (ledger.read_bytes(), account.manifest.read_bytes()) == (first, manifest)

    def test_a_graph_that_lies_there_is_kept(self, account: Project) -> None:
        (account.folder / "graphs").mkdir()
        (account.folder / "graphs/subset.xml").write_text("<graph/>")
        assert account.run("import", "--all", "--yes") == 1
        assert "graphs/subset.xml exists already" in account.err
        assert files(account.folder) == {"graphs/subset.xml"}
        assert not (account.folder / ".eocanvas/default.jsonl").exists()


class TestLeftOut:
    """What a manifest cannot or should not have, each with its reason."""

    def test_a_failed_job(self, account: Project, emulator: RunningEmulator) -> None:
        with emulator.model() as wire:
            wire.service.job_faults.append(JobFault("graph"))
        job = hand_launched(emulator, key="eodata")
        ended(emulator, job)
        assert left_out(account.json("import", "--all", "--yes")) == {job: "it failed"}
        assert actions(account) == {}

    def test_the_same_twice(self, account: Project, emulator: RunningEmulator) -> None:
        first, second = (hand_launched(emulator, key="eodata") for _ in range(2))
        for job in (first, second):
            ended(emulator, job)
        assert left_out(account.json("import", "--all", "--yes")) == {first: f"job {second} was given the same"}

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            ("https://jane:canary-one@example.org/a.zip", "the address of its input img1 holds a password"),
            ("https://example.org/a.zip?sig=canary-two", "has a query, which may hold a password"),
        ],
    )
    def test_an_address_that_may_hold_a_password(
        self, account: Project, emulator: RunningEmulator, address: str, why: str
    ) -> None:
        job = launched(emulator, snap_body(address))
        ended(emulator, job)
        assert why in left_out(account.json("import", "--all", "--yes"))[job]
        everything = [path.read_text(encoding="utf-8") for path in account.folder.rglob("*") if path.is_file()]
        assert "canary-" not in "".join((*everything, account.out, account.err))

    def test_what_another_project_manages(self, project: Project, emulator: RunningEmulator) -> None:
        assert project.run("apply", "--yes") in (0, 3)
        status = project.json("status")
        job, key = status["jobs"][0]["job_id"], status["keys"]
        other = project.folder / "other"
        other.mkdir()
        here = Project(other, project.capsys)
        found = left_out(here.json("import", "--all", "--yes"))
        assert "a project of eocanvas-apply launched it" in found[job]
        assert key == [] or "a project of eocanvas-apply manages it" in found.values()

    def test_a_log_that_shows_nothing(self, account: Project, emulator: RunningEmulator) -> None:
        with emulator.model() as wire:
            wire.service.behaviour = wire.service.behaviour.changed({"logs": "empty"})
        job = hand_launched(emulator, key="eodata")
        ended(emulator, job)
        assert left_out(account.json("import", "--all", "--yes")) == {job: "the service has no log of it"}

    def test_a_graph_with_an_error(self, account: Project, emulator: RunningEmulator) -> None:
        bad = hand_launched(emulator, key="eodata", graph=GRAPH.read_text().replace("NetCDF4-CF", "NetCDF9"))
        good = hand_launched(emulator, key="eodata")
        for job in (bad, good):
            ended(emulator, job)
        found = account.json("import", "--all", "--yes")
        assert left_out(found)[bad].startswith("a manifest cannot have it: ")
        assert actions(account) == {"job.subset": ("fetch", "results-pending")}


class TestOddAccounts:
    """Names, places and keys that a manifest must spell its own way."""

    def test_nothing_at_all(self, account: Project) -> None:
        assert account.run("import", "--all", "--yes") == 0
        assert account.run("plan") == 0
        assert "nothing to do" in account.out.lower()

    def test_a_key_that_is_gone(self, account: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "died-long-ago")
        job = hand_launched(emulator, key="died-long-ago")
        ended(emulator, job)
        with emulator.model() as wire:
            wire.service.keystore.delete(emulator.options.users[0], "died-long-ago", datetime.now(UTC))
        assert account.run("import", "--all", "--yes") == 0
        assert "which the service does not show any more" in account.err
        assert actions(account)["job.subset"] == ("fetch", "results-pending")

    def test_a_job_that_runs_is_watched(self, account: Project, emulator: RunningEmulator) -> None:
        with emulator.model() as wire:
            wire.service.job_faults.append(JobFault("stuck"))
        begun(emulator, hand_launched(emulator, key="eodata"))
        assert account.run("import", "--all", "--yes") == 0
        assert actions(account)["job.subset"] == ("watch", "in-flight")

    @pytest.mark.parametrize(
        "path",
        ["/${each.x}/$aoi.zip", "/ä ö/é.zip", "/007", "/no", "/a,b.zip", "/: #x", "/2024-07-01", "~", "/x\ty"],
    )
    def test_places_that_yaml_and_csv_could_read_otherwise(
        self, account: Project, emulator: RunningEmulator, path: str
    ) -> None:
        jobs = [hand_launched(emulator, key="eodata", location=path)]
        if len(path) % 2:
            jobs.append(hand_launched(emulator, key="eodata", location=path + "x"))
        for job in jobs:
            ended(emulator, job)
        found = account.json("import", "--all", "--yes")
        assert left_out(found) == {}
        assert {action for action, _ in actions(account).values()} == {"fetch"}

    def test_a_folder_whose_ledger_has_something_else(self, project: Project) -> None:
        assert project.run("apply", "--yes") in (0, 3)
        other = project.folder / "other.yaml"
        code = Project(project.folder, project.capsys).run(
            "import", "--all", "--yes", "--ledger", ".eocanvas/default.jsonl"
        )
        assert code == 1
        assert not other.exists()

    def test_what_does_not_belong_to_it(self, account: Project) -> None:
        for words in (["--env", "x"], ["--var", "A=1"], ["key.x", "y"]):
            assert account.run("import", "--all", *words) == 1
            assert "is not for `import --all`" in account.err
        assert account.run("import", "key.x") == 1

    def test_a_folder_is_not_the_file_to_write(self, account: Project) -> None:
        account.named = (account.folder,)
        assert account.run("import", "--all", "--yes") == 1
        assert f"name the file to write: -f {account.folder / 'eocanvas.yaml'}" in " ".join(account.err.split())
