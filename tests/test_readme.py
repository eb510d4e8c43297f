"""Holds the README to what is there: commands, exit codes, dependencies, and the first manifest."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest

from eocanvas_apply.cli.commands import SUMMARIES
from eocanvas_apply.cli.exit_codes import MEANINGS, PRECEDENCE, Exit
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.engine.project import open_project
from eocanvas_apply.manifest.model.steps import Step
from eocanvas_apply.planning.failures import FailureClass

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEADINGS = {
    re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-")
    for line in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
}
TEMPLATES = ROOT / "eocanvas_apply/cli/templates"


@pytest.mark.parametrize("command", SUMMARIES)
def test_every_command_has_its_row(command: str) -> None:
    assert re.search(rf"^\| `{command}\b", README, re.MULTILINE)


@pytest.mark.parametrize("command", sorted(SUMMARIES.keys() - {"emulator"}))
def test_every_option_is_told(command: str) -> None:
    parser = Parser(command, "")
    importlib.import_module(f"eocanvas_apply.cli.commands.{command}").add_arguments(parser)
    options = {name for name in parser._option_string_actions if name not in ("-h", "--help")}
    assert [name for name in sorted(options) if not re.search(rf"`[^`\n]*(?<![\w-]){name}(?![\w-])", README)] == []


@pytest.mark.parametrize("field", sorted(each.alias or name for name, each in Step.model_fields.items()))
def test_every_source_of_rows_and_every_option_of_a_step_has_its_row(field: str) -> None:
    assert re.search(rf"^\| `{field}: ", README, re.MULTILINE)


@pytest.mark.parametrize("name", FailureClass)
def test_every_class_of_failure_has_its_row(name: str) -> None:
    assert re.search(rf"^\| [^|]*`{name}`[^|]* \|", README, re.MULTILINE)


def test_every_exit_code_stands_with_its_meaning() -> None:
    for code in set(Exit) - {Exit.INTERRUPTED, Exit.TERMINATED, Exit.PENDING, Exit.DECISION}:
        assert f"| {int(code)} | {MEANINGS[code]} |" in README
    single = [str(int(code)) for code in PRECEDENCE[2:]]
    assert f"130/143, {', '.join(single)} counts" in README


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["emulator"]]
    explained = README.partition("## What it is built with")[2]
    names = [re.split(r"[^\w-]", each)[0] for each in needed]
    assert [name for name in names if name.lower() not in explained.lower()] == []


def test_the_first_manifest_is_sound(tmp_path: Path) -> None:
    manifest = next(block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "jobs:" in block)
    (tmp_path / "eocanvas.yaml").write_text(manifest, encoding="utf-8")
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs/subset.xml").write_bytes((TEMPLATES / "subset.xml").read_bytes())
    assert open_project(tmp_path / "eocanvas.yaml").diagnostics == ()


def test_every_link_leads_somewhere() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", README):
        path, _, heading = link.partition("#")
        assert (ROOT / path).exists()
        assert not heading or heading in HEADINGS
