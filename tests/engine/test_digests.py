"""What the digest of a manifest is made of: it says whether what was accepted still holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from eocanvas_apply.engine.definition import given_rows, open_project

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANIFEST = "version: 1\nproject: demo\nenvironments: {a: {}, b: {}}\njobs: {one: {process: shearwater-demo}}\n"


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    path = tmp_path / "eocanvas.yaml"
    path.write_text(MANIFEST, encoding="utf-8")
    return path


def digest(file: Path, environment: str | None = None) -> str:
    return given_rows(open_project(file, environment=environment), NOW).desired({}).manifest_digest


def test_each_environment_has_a_digest_of_its_own(file: Path) -> None:
    assert len({digest(file, environment) for environment in (None, "a", "b")}) == 3


def test_a_changed_overlay_changes_the_digest(file: Path) -> None:
    before = digest(file, "a")
    file.write_text(MANIFEST.replace("a: {}", "a: {max_running: 1}"), encoding="utf-8")
    assert digest(file, "a") != before


def test_the_parts_name_the_environment(file: Path) -> None:
    found = {
        environment: given_rows(open_project(file, environment=environment), NOW).parts for environment in (None, "a")
    }
    assert found["a"].keys() - found[None].keys() == {"the environment"}
