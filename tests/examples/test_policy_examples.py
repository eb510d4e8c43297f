"""The policies in examples/policy: the file is valid, and the Rego rules judge the JSON of a real plan."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.policy.policy_file import read_policy

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "examples" / "policy"


def denied(plan: dict[str, Any]) -> list[str]:
    regopy = pytest.importorskip("regopy", reason="no wheel of the Rego engine for this machine")
    rego = regopy.Interpreter()
    rego.add_module("plan", (POLICY / "plan.rego").read_text(encoding="utf-8"))
    rego.set_input_term(json.dumps(plan))
    (found,) = json.loads(str(rego.query("data.main.deny")))["expressions"]
    return sorted(found)


@pytest.fixture
def plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    folder = shutil.copytree(ROOT / "examples" / "s3-in-and-out", tmp_path / "project")
    assert main(["plan", "--offline", "--format", "json", "-f", str(folder / "eocanvas.yaml")]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_policy_is_valid() -> None:
    assert read_policy(POLICY / "policy.yaml").rules.launches_per_run == 20


def test_a_plan_of_new_jobs_passes(plan: dict[str, Any]) -> None:
    assert denied(plan) == []


def test_relaunches_deletes_and_warnings_of_storages_are_denied(plan: dict[str, Any]) -> None:
    key, job = plan["actions"][0], plan["actions"][-1]
    key |= {"address": "key.archive", "action": "delete"}
    job |= {"action": "relaunch", "reason": "requested"}
    plan["diagnostics"].append({"code": "storage-not-for-input", "message": "a Drive"})
    assert denied(plan) == [
        f"{job['address']} would run again (requested): apply it by hand",
        "key.archive would be deleted",
        "storage-not-for-input: a Drive",
    ]
