"""Every folder here is a manifest, a ledger and a service, and the plan that must follow from them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from eocanvas_apply.api.exit_codes import of_plan, of_status
from eocanvas_apply.planning.plan import Plan
from eocanvas_apply.planning.reasons import JOB_ROWS, KEY_ROWS
from eocanvas_apply.render import diagnostics
from eocanvas_apply.render import plan as render
from eocanvas_apply.report.outcomes import standing
from tests.golden.case import Case

HERE = Path(__file__).parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/manifest.yaml"))
RECORD = "EOCANVAS_APPLY_RECORD"


def as_text(plan: Plan) -> str:
    found = diagnostics.text(plan.findings)
    return render.text(plan) + (f"\n{found}" if found else "")


def as_json(plan: Plan) -> str:
    findings = diagnostics.all_as_json(plan.findings)
    return json.dumps({**render.body(plan), "diagnostics": findings}, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_plan_is_as_accepted(name: str) -> None:
    folder, plan = HERE / name, Case(HERE / name).plan()
    made = {"plan.json": as_json(plan), "plan.txt": as_text(plan)}
    if os.environ.get(RECORD):
        for file, text in made.items():
            (folder / file).write_text(text, encoding="utf-8")
    accepted = {file: (folder / file).read_text(encoding="utf-8") for file in made}
    assert made == accepted, f"is the new plan right? then {RECORD}=1 accepts it"


@pytest.mark.parametrize("name", [name for name in NAMES if (HERE / name / "ends.json").exists()])
def test_exit_codes_and_outcomes_are_as_accepted(name: str) -> None:
    plan = Case(HERE / name).plan()
    ends = {"plan": of_plan(plan), "status": of_status(plan), "outcomes": standing(plan)}
    assert ends == json.loads((HERE / name / "ends.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_case_gives_the_same_plan(name: str) -> None:
    case = Case(HERE / name)
    assert as_json(case.plan()) == as_json(case.plan())


def test_every_action_and_reason_has_a_case() -> None:
    said = {
        (action["address"].partition(".")[0], action["action"], action["reason"])
        for name in NAMES
        for action in json.loads((HERE / name / "plan.json").read_text(encoding="utf-8"))["actions"]
    }
    rows = {("key", *pair) for pair in KEY_ROWS} | {("job", *pair) for pair in JOB_ROWS}
    assert {(which, str(kind), str(reason)) for which, kind, reason in rows} == said
