from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from eocanvas_apply.engine.campaigns import given_rows, offline_findings
from eocanvas_apply.engine.opening import Settings, open_engine
from eocanvas_apply.engine.project import open_project
from eocanvas_apply.manifest.model.keys import ExistingKey
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.report.progress import ApplyResult
from eocanvas_apply.secrets.references import EnvReference
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.urls import Endpoints
from tests.emulator.stage import private_key
from tests.examples.cases import CASES, EXAMPLES, Case

TIMING = {"poll": timedelta(milliseconds=50), "settle": timedelta(seconds=1)}
WAIT = timedelta(seconds=60)

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


class Scientist:
    """Somebody with a copy of an example, its secrets at hand, and an account."""

    def __init__(self, case: Case, folder: Path, emulator: RunningEmulator) -> None:
        shutil.copytree(EXAMPLES / case.name, folder)
        self.project = open_project(folder / "eocanvas.yaml")
        me = Credentials(DEFAULT_USER.name, Secret(DEFAULT_USER.password))
        addresses = Endpoints(emulator.url, emulator.token_url)
        self.settings = Settings(addresses, me, environ=case.secrets, timing=TIMING)

    def plan(self) -> Plan:
        async def planned() -> Plan:
            async with open_engine(self.project, self.settings) as engine:
                return (await engine.plan(Requests()))[0]

        return asyncio.run(planned())

    def apply(self) -> ApplyResult:
        async def applied() -> ApplyResult:
            async with open_engine(self.project, self.settings) as engine:
                return await engine.apply(Requests(), WAIT, lambda _: None)

        return asyncio.run(applied())


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.2, private_key=private_key())) as emulator:
        yield emulator


def test_every_example_is_covered() -> None:
    folders = {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()}
    assert folders == {case.name for case in CASES}
    listed = re.findall(r"^\| \[(.+?)\]", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(folders)


@each_case
def test_it_validates_without_a_finding(case: Case) -> None:
    project = open_project(EXAMPLES / case.name / "eocanvas.yaml")
    assert offline_findings(given_rows(project, datetime.now(UTC))) == ()


@each_case
def test_it_is_planned_applied_and_done(case: Case, emulator: RunningEmulator, tmp_path: Path) -> None:
    scientist = Scientist(case, tmp_path / case.name, emulator)

    first = scientist.plan()
    assert {a.address: a.action for a in first.actions} == case.first_plan
    assert not (*first.diagnostics, *first.refusals)

    result = scientist.apply()
    assert {r.address: r.outcome for r in result.results} == dict.fromkeys(case.first_plan, "done")
    assert not result.endings

    again = scientist.plan()
    assert {a.action for a in again.actions} == {"none"}
    assert not again.changes_pending
    expect_its_results(case, scientist.project.folder)


def expect_its_results(case: Case, folder: Path) -> None:
    stored = {path for path in folder.glob("results/**/*") if path.is_file() and path.name != "index.csv"}
    assert all(len(list(folder.glob(pattern))) == 1 for pattern in case.files)
    assert stored == {path for pattern in case.files for path in folder.glob(pattern)}


@each_case
def test_the_read_me_is_short_and_names_what_to_set(case: Case) -> None:
    text = (EXAMPLES / case.name / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 12
    assert {"HDA_USER", "HDA_PASSWORD", *case.secrets} <= set(re.findall(r"\b[A-Z][A-Z_]+\b", text))


@each_case
def test_its_secrets_come_from_outside(case: Case) -> None:
    manifest = open_project(EXAMPLES / case.name / "eocanvas.yaml").manifest
    managed = [key for key in manifest.keys.values() if not isinstance(key, ExistingKey)]
    references = [reference for key in managed for reference in key.secret_fields().values()]
    assert {reference.env for reference in references if isinstance(reference, EnvReference)} == set(case.secrets)
    assert len(references) == len(case.secrets)
