"""What needs no service: a manifest is loaded and validated, a plan follows from values."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest

import eocanvas_apply as eoc
from eocanvas_apply.planning.state.observed import Pass
from tests.api.conftest import MANIFEST
from tests.planning.scene import Scene

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_manifest_is_loaded_from_text_and_from_a_file(tmp_path: Path) -> None:
    text = MANIFEST.format(project="baltic")
    path = tmp_path / "eocanvas.yaml"
    path.write_text(text, encoding="utf-8")
    assert eoc.load(text) == eoc.load(path) == eoc.load(str(path))
    assert (eoc.load(text).project, list(eoc.load(text).jobs)) == ("baltic", ["tiles"])
    with pytest.raises(eoc.ManifestError) as refused:
        eoc.load(text.replace("bucket:", "buckett:"))
    assert "unknown-field" in {each.code for each in refused.value.diagnostics}
    with pytest.raises(eoc.ManifestError):
        eoc.load(tmp_path / "none.yaml")


def test_validate_returns_all_faults_with_their_lines(manifest: Path) -> None:
    assert eoc.validate(manifest) == []
    (manifest.parent / "subset.xml").unlink()
    found = eoc.validate(manifest)
    assert [each.code for each in found] == ["file-missing"]
    assert found[0].position is not None
    assert found[0].position.line == 10


def test_a_plan_is_built_from_values_and_changes_none_of_them() -> None:
    scene = Scene()
    desired, recorded, observed = scene.desired, scene.recorded, scene.observed
    before = deepcopy((desired, recorded, observed))
    plan = eoc.build_plan(desired, recorded, observed, eoc.Requests(), NOW)
    assert (desired, recorded, observed) == before
    assert plan.value.created == NOW
    assert {a.address: str(a.action) for a in plan.actions} == {"key.scenes": "create", "job.subset": "launch"}
    nothing = eoc.Observed(at=NOW, account="jane", keys={}, jobs=Pass(NOW, complete=True, jobs={}))
    assert eoc.build_plan(desired, eoc.Recorded(), nothing, eoc.Requests(), NOW).summary["launch"] == 1
