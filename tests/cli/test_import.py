"""Keys and jobs that exist already are taken over: made here by one project, and imported by another folder's."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import Any

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.emulator.model.submissions import read_execution
from tests.cli.conftest import Project
from tests.cli.made_by_hand import ended, hand_launched, hand_made_key
from tests.emulator.model_client import snap_body

OTHER_ID = "00000000-0000-4000-8000-000000000000"


def imported(project: Project, *words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = project.json("import", *words, code=code)["import"][0]
    return found


def refused(project: Project, *words: str, code: int = 1) -> list[str]:
    return [each["code"] for each in project.json("import", *words, code=code)["diagnostics"]]


def actions(project: Project) -> dict[str, tuple[str, str]]:
    return {each["address"]: (each["action"], each["reason"]) for each in project.json("plan")["actions"]}


def made(project: Project) -> tuple[str, str]:
    """Apply, lose the ledger, and return the name of the key and the id of the job."""
    assert project.run("apply", "--yes") in (0, 4)
    status = project.json("status")
    key, job = project.json("ledger", "show")["ledger"], status["jobs"][0]["job_id"]
    name = next(each["name"] for each in key if each["type"] == "key-created")
    shutil.rmtree(project.folder / ".eocanvas")
    return name, job


class TestALostLedger:
    """What was made by this project, and is not on record here."""

    @pytest.fixture(autouse=True)
    def _made(self, project: Project) -> None:
        self.key, self.job = made(project)

    def test_a_new_ledger_is_opened_only_with_leave(self, project: Project) -> None:
        assert refused(project, "key.scenes", self.key, code=5) == ["ledger-missing"]
        assert not (project.folder / ".eocanvas").exists()

    def test_everything_is_as_before(self, project: Project) -> None:
        key = imported(project, "key.scenes", self.key, "--allow-new-ledger")
        assert (key["imported"], key["differences"], key["cautions"]) == (True, [], [])
        assert key["next"] == {"action": "none", "reason": "not-needed"} or key["next"]["action"] == "none"
        job = imported(project, "job.subset", self.job)
        assert (job["imported"], job["differences"], job["unverified"], job["cautions"]) == (True, [], [], [])
        assert job["next"] == {"action": "fetch", "reason": "results-pending"}
        assert actions(project)["job.subset"] == ("fetch", "results-pending")
        assert project.run("apply", "--yes") == 0
        assert actions(project) == {"key.scenes": ("none", "not-needed"), "job.subset": ("none", "done")}
        assert project.run("ledger", "verify") == 0

    def test_twice_does_nothing(self, project: Project) -> None:
        imported(project, "scenes", self.key, "--allow-new-ledger")
        imported(project, "subset", self.job)
        before = (project.folder / ".eocanvas/default.jsonl").read_bytes()
        assert not imported(project, "scenes", self.key)["imported"]
        assert not imported(project, "subset", self.job)["imported"]
        assert (project.folder / ".eocanvas/default.jsonl").read_bytes() == before
        assert project.run("import", "subset", self.job) == 0
        assert "job.subset has it already; nothing was changed.\n" in project.out
        assert project.run("forget", "subset") == 0
        assert imported(project, "subset", self.job)["imported"]
        assert actions(project)["job.subset"] == ("fetch", "results-pending")
        assert project.run("ledger", "verify") == 0

    def test_the_ledger_says_adopted(self, project: Project) -> None:
        imported(project, "scenes", self.key, "--allow-new-ledger")
        imported(project, "subset", self.job)
        entries = project.json("ledger", "show")["ledger"]
        found = [(each["address"], each["reason"]) for each in entries if each["type"] == "adopted"]
        assert found == [("key.scenes", "imported"), ("job.subset", "imported")]

    def test_what_is_spelled_wrongly_is_not_found(self, project: Project) -> None:
        allow = "--allow-new-ledger"
        assert refused(project, "key.scens", self.key, allow) == ["unknown-address"]
        assert refused(project, "key.scenes", self.key + "x", allow) == ["no-such-key"]
        assert refused(project, "job.subset", OTHER_ID, allow) == ["no-such-job"]
        assert not (project.folder / ".eocanvas").exists()

    def test_a_key_for_a_job_and_a_job_for_a_key(self, project: Project) -> None:
        assert project.run("import", "job.subset", self.key, "--allow-new-ledger") == 1
        assert f"eocanvas-apply import key.NAME {self.key}" in project.err
        assert project.run("import", "key.scenes", self.job, "--allow-new-ledger") == 1
        assert f"eocanvas-apply import job.NAME {self.job}" in project.err

    def test_another_type_and_another_process(self, project: Project) -> None:
        text = "  drive: {type: wekeo-drive, username: jane, password: {env: SCENES_SECRET_KEY}}\njobs:"
        project.change("jobs:", text)
        assert refused(project, "key.drive", self.key, "--allow-new-ledger") == ["kind-differs"]
        text = "jobs:\n  water: {process: shearwater-demo, inputs: {area: Sindian}}"
        project.change("jobs:", text)
        assert refused(project, "job.water", self.job, "--allow-new-ledger") == ["kind-differs"]

    def test_what_another_address_has(self, project: Project) -> None:
        text = project.manifest.read_text(encoding="utf-8")
        key, job = text[text.index("  scenes:") : text.index("jobs:")], text[text.index("  subset:") :]
        project.change("jobs:\n", key.replace("scenes:", "others:") + "jobs:\n")
        second = job.replace("subset:", "second:").replace("results}", "second}").replace("key: scenes", "key: others")
        project.manifest.write_text(project.manifest.read_text(encoding="utf-8") + second, encoding="utf-8")
        imported(project, "key.scenes", self.key, "--allow-new-ledger")
        assert refused(project, "key.others", self.key) == ["key-taken"]
        imported(project, "job.subset", self.job)
        assert refused(project, "job.second", self.job) == ["job-taken"]

    def test_an_address_that_has_something_else(self, project: Project) -> None:
        assert project.run("apply", "--yes", "--allow-new-ledger") == 0
        assert refused(project, "key.scenes", self.key) == ["already-recorded"]
        assert refused(project, "job.subset", self.job) == ["already-recorded"]

    def test_a_secret_that_changes_later_replaces_the_key(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project.change("type: s3", "type: s3\n    keep: true")
        key = imported(project, "key.scenes", self.key, "--allow-new-ledger")
        assert "secret_key" in key["unverified"][0]
        assert actions(project)["key.scenes"] == ("none", "unchanged")
        monkeypatch.setenv("SCENES_SECRET_KEY", "another secret")
        assert actions(project)["key.scenes"] == ("replace", "secret-changed")

    def test_a_secret_that_is_not_there(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SCENES_SECRET_KEY")
        assert refused(project, "key.scenes", self.key, "--allow-new-ledger") == ["secret-unset"]

    def test_a_definition_that_differs(self, project: Project) -> None:
        imported(project, "key.scenes", self.key, "--allow-new-ledger")
        project.change("path: /a.zip", "path: /b.zip")
        project.change("21 59, 20 59", "21 59, 20 60")
        assert refused(project, "job.subset", self.job, code=5) == ["not-confirmed"]
        assert "subset" not in str(project.json("ledger", "show")["ledger"][1:])
        assert project.run("import", "job.subset", self.job, "--yes") == 0
        assert 'inputs.img1.path: "/a.zip" -> "/b.zip"' in project.err
        assert "-      <geoRegion>POLYGON((20 58," in project.err
        assert "the next apply: relaunch (definition changed)" in project.err
        assert actions(project)["job.subset"] == ("relaunch", "definition-changed")
        assert project.run("why", "subset") == 0
        assert "POLYGON((20 58" in project.out


class TestMadeByHand:
    """What another client made, and this project takes over."""

    def test_a_fixed_name_that_another_client_has_used(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "our-scenes")
        project.change("type: s3", "type: s3\n    name: our-scenes\n    keep: true")
        assert project.run("plan") == 1
        assert "eocanvas-apply import key.scenes our-scenes" in project.err
        found = imported(project, "key.scenes", "our-scenes")
        assert (found["differences"], found["cautions"]) == ([], [])
        assert found["next"] == {"action": "none", "reason": "unchanged"}
        assert actions(project) == {"key.scenes": ("none", "unchanged"), "job.subset": ("launch", "new")}
        assert project.run("apply", "--yes") == 0
        assert [each["name"] for each in project.json("status")["keys"]] == ["our-scenes"]

    def test_a_key_that_never_ends_and_one_that_ends_sooner(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "endless", expire=0)
        hand_made_key(emulator, "short", expire=3600, public=True)
        project.change("type: s3", "type: s3\n    keep: true")
        assert refused(project, "key.scenes", "short", code=5) == ["not-confirmed"]
        found = imported(project, "key.scenes", "short", "--yes")
        assert [each["path"] for each in found["differences"]] == ["expires_in_s", "shared"]
        assert found["next"] == {"action": "replace", "reason": "config-changed"}
        shutil.rmtree(project.folder / ".eocanvas")
        assert imported(project, "key.scenes", "endless")["next"] == {"action": "none", "reason": "unchanged"}

    def test_the_key_of_another_account(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "mine")
        hand_made_key(emulator, "private-key-of-ann", "ann")
        hand_made_key(emulator, "public-key-of-ann", "ann", public=True)
        assert refused(project, "key.scenes", "private-key-of-ann") == ["key-not-own"]
        assert refused(project, "key.scenes", "public-key-of-ann") == ["key-not-own"]

    def test_a_key_of_another_project_is_asked_about(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "theirs", description=f"eocanvas-apply lakes key.tiles {'0f' * 16}")
        assert refused(project, "key.scenes", "theirs", code=5) == ["not-confirmed"]
        (caution,) = imported(project, "key.scenes", "theirs", "--yes")["cautions"]
        assert "key.tiles of the project lakes" in caution

    def test_what_is_used_as_it_is(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "anns")
        project.change("jobs:\n", "  anns: {type: existing, name: anns, storage: s3}\njobs:\n")
        assert refused(project, "key.anns", "anns") == ["nothing-to-import"]

    def test_a_job_that_runs_is_watched(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "mine")
        with emulator.model() as wire:
            wire.service.job_faults.append(JobFault("stuck"))
        job = hand_launched(emulator, key="mine")
        found = imported(project, "job.subset", job)
        assert (found["differences"], found["next"]) == ([], {"action": "watch", "reason": "in-flight"})
        assert actions(project)["job.subset"] == ("watch", "in-flight")

    def test_the_result_of_a_job_is_fetched(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "mine")
        job = hand_launched(emulator, key="mine")
        ended(emulator, job)
        found = imported(project, "job.subset", job)
        assert any("'mine', which the ledger does not know" in each for each in found["unverified"])
        assert project.run("apply", "--yes") == 0
        (stored,) = project.json("results")["results"]
        assert stored["job_id"] == job
        with emulator.model() as wire:
            assert [each.id for each in wire.service.jobs.every()] == [job]

    def test_a_key_that_is_known_is_verified(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "mine")
        imported(project, "key.scenes", "mine")
        found = imported(project, "job.subset", hand_launched(emulator, key="mine"))
        assert [each for each in found["unverified"] if "img1" in each] == []
        project.change("jobs:\n", "  others: {type: existing, name: others-key, storage: s3}\njobs:\n")
        hand_made_key(emulator, "others-key")
        assert project.run("forget", "subset") == 0
        found = imported(project, "job.subset", hand_launched(emulator, key="others-key"), "--yes")
        assert found["differences"] == [{"path": "inputs.img1.key", "before": "key.others", "after": "key.scenes"}]

    def test_a_job_that_wrote_to_a_key(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "mine")
        job = hand_launched(emulator, key="mine", output="mine")
        ended(emulator, job)
        found = imported(project, "job.subset", job, "--yes")
        assert found["differences"] == [{"path": "output", "before": "key mine", "after": "download"}]

    @pytest.mark.parametrize(("kind", "then"), [("graph", ("none", "failed")), ("staging-in", ("retry", "failed"))])
    def test_a_job_that_failed(
        self, project: Project, emulator: RunningEmulator, kind: Any, then: tuple[str, str]
    ) -> None:
        hand_made_key(emulator, "mine")
        with emulator.model() as wire:
            wire.service.job_faults.append(JobFault(kind))
        job = hand_launched(emulator, key="mine")
        ended(emulator, job)
        assert tuple(imported(project, "job.subset", job)["next"].values()) == then
        assert actions(project)["job.subset"] == then

    def test_a_job_without_a_log(self, project: Project, emulator: RunningEmulator) -> None:
        hand_made_key(emulator, "mine")
        with emulator.model() as wire:
            wire.service.behaviour = wire.service.behaviour.changed({"logs": "empty"})
        job = hand_launched(emulator, key="mine")
        ended(emulator, job)
        found = imported(project, "job.subset", job)
        assert found["unverified"] == ["the service has no log of it: what it was given is taken from the manifest"]
        assert found["next"] == {"action": "fetch", "reason": "results-pending"}

    def test_an_instance_of_a_campaign(self, project: Project, emulator: RunningEmulator) -> None:
        with emulator.model() as wire:
            wire.service.job_faults.append(JobFault("stuck"))
        project.change("    graph:", "    for_each: {list: [{id: a}, {id: b}]}\n    graph:")
        hand_made_key(emulator, "mine")
        job = hand_launched(emulator, key="mine")
        assert refused(project, "subset", job) == ["ambiguous-address"]
        assert imported(project, 'job.subset["a"]', job)["address"] == 'job.subset["a"]'
        assert refused(project, "subset/b", job) == ["job-taken"]
        assert {a: what[0] for a, what in actions(project).items()} == {
            "key.scenes": "create",
            'job.subset["a"]': "watch",
            'job.subset["b"]': "launch",
        }

    def test_the_password_in_the_address_of_another_input_stays_out_of_the_ledger(
        self, project: Project, emulator: RunningEmulator
    ) -> None:
        body = snap_body("https://jane:canary-one@example.org/a.zip?token=canary-two")
        with emulator.model() as wire:
            execution = read_execution("snap-function", json.dumps(body).encode())
            job = wire.service.jobs.launch(emulator.options.users[0], execution, datetime.now(UTC)).id
        ended(emulator, job)
        assert project.run("import", "subset", job, "--yes") == 0
        kept = (project.folder / ".eocanvas/default.jsonl").read_text(encoding="utf-8")
        assert "https://example.org/a.zip?…" in kept
        assert "canary-" not in kept + project.out + project.err
