from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import nbclient
import nbformat
import pytest
from keyrings.alt.file import PlaintextKeyring

import eocanvas_apply as eoc
from eocanvas_apply.cli import main
from eocanvas_apply.diagnostics import has_errors
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from eocanvas_apply.manifest.model.keys import ExistingKey
from eocanvas_apply.secrets.secret_references import EnvReference
from tests.emulator.model_client import private_key
from tests.examples.cases import CASES, EXAMPLES, FIRST_ORBITS, Case

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(name="emulator")
def _emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningEmulator]:
    """An emulator, which the environment names, with an account at it."""
    with running(Options(job_time=0.2, private_key=private_key())) as emulator:
        settings = {"EOCANVAS_URL": emulator.url, "EOCANVAS_TOKEN_URL": emulator.token_url, "HDA_URL": emulator.hda_url}
        account = {"HDA_USER": DEFAULT_USER.name, "HDA_PASSWORD": DEFAULT_USER.password}
        timing = {"EOCANVAS_APPLY_POLL": "50ms", "EOCANVAS_APPLY_SETTLE": "1s"}
        for variable in ("EOCANVAS_APPLY_LEDGER", "CI"):
            monkeypatch.delenv(variable, raising=False)
        for variable, value in {**settings, **account, **timing}.items():
            monkeypatch.setenv(variable, value)
        yield emulator


@pytest.fixture(name="secret_sources")
def _secret_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A password store, a keyring and an age key, with the secrets of the example; and settings that allow commands."""
    programs, settings = tmp_path / "bin", tmp_path / "settings" / "eocanvas-apply"
    programs.mkdir()
    settings.mkdir(parents=True)
    (programs / "pass").write_text('#!/bin/sh\n[ "$1" = show ] && echo "secret of $2"\n', encoding="utf-8")
    (programs / "pass").chmod(0o755)
    (settings / "settings.toml").write_text("allow_commands = true\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(settings.parent))
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(Path(__file__).with_name("age.txt")))
    before, own = keyring.get_keyring(), PlaintextKeyring()
    own.file_path = str(tmp_path / "keyring.cfg")
    keyring.set_keyring(own)
    keyring.set_password("wekeo-drive", "jane", "abcde-" * 5)
    yield
    keyring.set_keyring(before)


def test_every_example_is_covered() -> None:
    folders = {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()} - {"ci", "policy"}
    assert folders == {case.name for case in CASES}
    listed = re.findall(r"^\| \[(.+?)\]", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(folders)


@each_case
def test_it_validates_without_a_finding(case: Case) -> None:
    found = eoc.validate(EXAMPLES / case.name / "eocanvas.yaml")
    assert {each.code for each in found} == case.notes
    assert not has_errors(found)


@each_case
def test_it_validates_as_git_checks_it_out_on_windows(case: Case, tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / case.name, tmp_path / case.name)
    for file in (path for path in folder.rglob("*") if path.is_file()):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert {each.code for each in eoc.validate(folder / "eocanvas.yaml")} == case.notes


@each_case
@pytest.mark.usefixtures("emulator", "secret_sources")
def test_it_is_planned_applied_and_done(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in case.secrets.items():
        monkeypatch.setenv(variable, value)
    folder = shutil.copytree(EXAMPLES / case.name, tmp_path / case.name)
    policy = folder / case.policy if case.policy else None
    with eoc.open(folder / "eocanvas.yaml", policy=policy) as project:
        first = project.plan()
        assert {a.address: a.action for a in first.actions} == case.first_plan
        assert {each.code for each in first.diagnostics} <= {"lock-age"}
        run = project.apply(first, wait="60s")
        assert {r.address: r.outcome for r in run.results} == dict.fromkeys(case.first_plan, "done")
        assert run.exit_code == 0
    with eoc.open(folder / "eocanvas.yaml", policy=policy) as project:
        again = project.plan()
    assert {a.action for a in again.actions} == {"none"}
    assert not again.changes_pending
    expect_its_results(case, folder)


@pytest.mark.usefixtures("emulator")
def test_the_environment_of_the_example_is_applied_beside_the_whole(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / "environments", tmp_path / "project")
    for environment in (None, "trial"):
        with eoc.open(folder / "eocanvas.yaml", env=environment) as project:
            assert project.apply(project.plan(), wait="60s").summary["done"] == 3
    found = {path.relative_to(folder).parent.as_posix() for path in folder.rglob("*.tif")}
    assert found == {
        f"{start}/{job}" for start in ("results", "results-trial") for job in ("five-metres", "two-metres")
    }


@pytest.mark.usefixtures("emulator")
def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / "notebook", tmp_path / "notebook")
    notebook = nbformat.read(folder / "chlorophyll.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    shown = [_shown(cell) for cell in notebook.cells if cell.cell_type == "code"]
    plan, run, summary, results, scene, plot = (outputs for outputs in shown if outputs)
    first, last = (f"job.chlorophyll[&quot;orbit-{orbit}&quot;]" for orbit in (FIRST_ORBITS[0], FIRST_ORBITS[-1]))
    for table in (plan, run):
        assert "<table>" in table
        assert first in table
        assert last in table
    jobs = len(FIRST_ORBITS)
    assert f"<td>job.chlorophyll</td><td>{jobs}</td><td>{jobs}</td>" in summary
    for display in (plan, summary):
        assert display.count("data:image/svg+xml;base64,") == 2
    assert f"<b>{jobs} of {jobs} jobs done, ended after " in run
    assert f"orbit-{FIRST_ORBITS[-1]}</td>" in results
    assert "2024-07-01T" in results
    assert "chl_nn" in scene
    assert "image/png" in plot
    kept = nbformat.read(EXAMPLES / "notebook/chlorophyll.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert not any(cell.get("outputs") for cell in kept.cells), "an example is kept without outputs"


def _shown(cell: Any) -> str:
    """Return what a cell printed, its displays and its value: as HTML where it has a table, pictures by their kind."""
    printed = [output.text for output in cell.outputs if output.output_type == "stream"]
    kinds = ("display_data", "execute_result")
    values = [output.data for output in cell.outputs if output.output_type in kinds]
    pictures = ["image/png" for value in values if "image/png" in value]
    return "".join([*printed, *pictures, *(value.get("text/html", value["text/plain"]) for value in values)])


def expect_its_results(case: Case, folder: Path) -> None:
    stored = {path for path in folder.glob("results/**/*") if path.is_file() and path.name != "index.csv"}
    assert all(len(list(folder.glob(pattern))) == 1 for pattern in case.files)
    assert stored == {path for pattern in case.files for path in folder.glob(pattern)}


@each_case
def test_the_read_me_is_short_and_names_what_to_set(case: Case) -> None:
    text = (EXAMPLES / case.name / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 20
    assert {"HDA_USER", "HDA_PASSWORD", *case.secrets, *case.settings} <= set(re.findall(r"\b[A-Z][A-Z_]+\b", text))


@each_case
def test_the_secrets_of_an_example_are_references(case: Case) -> None:
    manifest = eoc.load(EXAMPLES / case.name / "eocanvas.yaml")
    managed = [key for key in manifest.keys.values() if not isinstance(key, ExistingKey)]
    references = [reference for key in managed for reference in key.secret_fields().values()]
    assert {reference.env for reference in references if isinstance(reference, EnvReference)} == set(case.secrets)
    assert len(references) == len(case.secrets) + case.others


@pytest.mark.parametrize("written", ["{env: DRIVE_PASSWORD}", "{file: drive-password}"])
def test_the_policy_beside_the_secret_references_refuses_other_sources(
    written: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(EXAMPLES / "secret-references", tmp_path / "project")
    manifest = folder / "eocanvas.yaml"
    text = manifest.read_text(encoding="utf-8").replace("{keyring: [wekeo-drive, jane]}", written)
    manifest.write_text(text, encoding="utf-8")
    assert main(["validate", "-f", str(manifest), "--policy", str(folder / "policy.yaml")]) == 5
    assert "policy rule `secrets`" in capsys.readouterr().err
