"""The drift report of every folder here that holds one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from eocanvas_apply.api.exit_codes import of_drift
from eocanvas_apply.planning.drift import DriftKind
from eocanvas_apply.render.reviews import drift_report as render
from tests.golden.case import Case

HERE = Path(__file__).parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/drift.txt"))
RECORD = "EOCANVAS_APPLY_RECORD"


@pytest.mark.parametrize("name", NAMES)
def test_the_drift_report_is_as_accepted(name: str) -> None:
    report = Case(HERE / name).drift()
    document = {**render.body(report), "detailed_exit": of_drift(report)}
    as_json = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    made = {"drift.json": as_json, "drift.txt": render.text(report)}
    if os.environ.get(RECORD):
        for file, text in made.items():
            (HERE / name / file).write_text(text, encoding="utf-8")
    accepted = {file: (HERE / name / file).read_text(encoding="utf-8") for file in made}
    assert made == accepted, f"is the new report right? then {RECORD}=1 accepts it"


def test_every_kind_of_drift_has_a_case() -> None:
    documents = (json.loads((HERE / name / "drift.json").read_text(encoding="utf-8")) for name in NAMES)
    assert {each["drift"] for document in documents for each in document["drift"]} == {str(kind) for kind in DriftKind}
