"""What the official client has made is taken over, and nothing of it runs again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from tests.peers.environment import OfficialClient
from tests.peers.test_official_client import CHAIN, GRAPH, KEYS

FILES = ["S3A_OL_2_WFR____20240705T092739.SEN3.zip", "S3B_OL_2_WFR____20240706T090128.SEN3.zip"]


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningEmulator]:
    """An emulator that our command finds."""
    with running(Options(job_time=0.2)) as emulator:
        user = emulator.options.users[0]
        settings = {"EOCANVAS_URL": emulator.url, "EOCANVAS_TOKEN_URL": emulator.token_url, "HDA_USER": user.name}
        for name, value in (settings | {"HDA_PASSWORD": user.password, "EOCANVAS_APPLY_POLL": "100ms"}).items():
            monkeypatch.setenv(name, value)
        for name in ("CI", "EOCANVAS_APPLY_LEDGER"):
            monkeypatch.delenv(name, raising=False)
        yield emulator


def test_an_account_of_notebooks(
    official: OfficialClient, emulator: RunningEmulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph, chain = tmp_path / "graph.xml", tmp_path / "chain.yaml"
    graph.write_text(GRAPH, encoding="utf-8")
    chain.write_text(CHAIN, encoding="utf-8")
    config = [{"name": "img1", "sub_path": "xfdumanifest.xml", "uncompress": True}]
    scenes: list[dict[str, Any]] = [
        {"process": "snap-function", "graph": str(graph), "config": config, "output": output, "inputs": [given]}
        for output, given in zip(
            (None, None, "drive"),
            ({"name": "img1", "location": f"/{file}", "key": "scenes"} for file in (*FILES, FILES[0])),
            strict=True,
        )
    ]
    given = [{"name": "img1", "location": "https://products.example/a.SEN3"}]
    tailored = {"process": "dataTailor", "chain": str(chain), "inputs": given}
    official.run("keys", emulator, keys=KEYS, delete="open")
    ran = official.run("jobs", emulator, jobs=[*scenes, tailored], folder=str(tmp_path / "by-hand"))["jobs"]
    assert {job["status"] for job in ran} == {"successful"}

    manifest = str(tmp_path / "ours" / "eocanvas.yaml")
    assert main(["import", "--all", "--yes", "--format", "json", "-f", manifest]) == 0
    taken = json.loads(capsys.readouterr().out)["import"]
    assert {each["address"]: each.get("name") or each["job_id"] for each in taken} == {
        "key.drive": "drive",
        "key.scenes": "scenes",
        f'job.read-write["{FILES[0]}"]': ran[0]["id"],
        f'job.read-write["{FILES[1]}"]': ran[1]["id"],
        "job.read-write-2": ran[2]["id"],
        "job.olci": ran[3]["id"],
    }
    assert main(["apply", "--yes", "-f", manifest]) == 0
    capsys.readouterr()
    assert main(["plan", "--detailed-exitcode", "-f", manifest]) == 0
    assert "othing to do" in capsys.readouterr().out
    with emulator.model() as wire:
        assert len(wire.service.jobs.every()) == len(ran)
