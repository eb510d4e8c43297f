"""What needs no service: a manifest is loaded and validated, a plan follows from values."""

from __future__ import annotations

import json
import pickle
from copy import copy, deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import eocanvas_apply as eoc
from eocanvas_apply.diagnostics import error
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


def test_json_of_one_line_is_a_text_and_its_secrets_are_in_no_error() -> None:
    manifest = {"version": 1, "project": "baltic", "keys": {"drive": {"type": "wekeo-drive", "username": "jane"}}}
    with pytest.raises(eoc.ManifestError) as refused:
        eoc.load(json.dumps(manifest | {"keys": {"drive": {"type": "wekeo-drive", "password": "canary"}}}))
    assert "literal-secret" in {each.code for each in refused.value.diagnostics}
    assert "canary" not in repr(refused.value) + repr(refused.value.diagnostics)
    manifest["keys"]["drive"]["password"] = {"env": "PASSWORD"}  # type: ignore[index]
    assert list(eoc.load(json.dumps(manifest)).keys) == ["drive"]
    assert list(eoc.load("version: 1\rproject: baltic\r").keys) == []


@pytest.mark.parametrize("variables", ["folder=x", [("folder", "x")], {5: "x"}, {"folder": 5}, {"folder": Path("x")}])
def test_variables_of_a_wrong_type_are_a_clear_error(manifest: Path, variables: Any) -> None:
    for call in (eoc.validate, eoc.open, eoc.aopen):
        with pytest.raises(TypeError, match="variables is a mapping of names to texts"):
            call(manifest, variables=variables)


def test_an_error_survives_pickle_and_copy() -> None:
    diagnostic = error("service-unreachable", "no answer", "try again later")
    fault = eoc.ServiceError(diagnostic, status=503, retry_after=2.0)
    for again in (pickle.loads(pickle.dumps(fault)), copy(fault)):  # our own bytes
        assert type(again) is eoc.ServiceError
        assert (str(again), again.diagnostics) == ("no answer (try again later)", (diagnostic,))
        assert (again.status, again.retry_after, again.may_pass) == (503, 2.0, False)


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
