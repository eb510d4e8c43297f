"""Checks the schemas in `schemas/` against the types they are made of, and real documents against the schemas."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from eocanvas_apply.cli.commands.schema import NAMES, schemas, text
from eocanvas_apply.diagnostics import Position, error
from eocanvas_apply.documents.yaml.text import YamlText
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.planning.plan import Forecast
from eocanvas_apply.render import diagnostics, plan
from eocanvas_apply.render.results import result
from tests.render.plans import MIXED, NOW
from tests.render.plans import plan as make_plan
from tests.render.test_result import RESULT

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "eocanvas_apply/cli/templates/eocanvas.yaml"


@pytest.fixture(scope="module", name="generated")
def _generated() -> dict[str, dict[str, Any]]:
    return schemas()


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_file_equals_the_generated_one(name: str, generated: dict[str, dict[str, Any]]) -> None:
    written = (ROOT / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    assert written == text(generated[name]), "run `make schemas`"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_schema(name: str, generated: dict[str, dict[str, Any]]) -> None:
    Draft202012Validator.check_schema(generated[name])


def _validate(name: str, document: object) -> None:
    schema = json.loads((ROOT / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(json.loads(json.dumps(document)))


def _wrapped(body: object, command: str) -> dict[str, object]:
    assert isinstance(body, dict)
    fault = error("c", "m", address="job.a").at(Position("f", 1, 2))
    return {
        "format_version": "1.0",
        "command": command,
        **body,
        "exit": 0,
        "diagnostics": diagnostics.all_as_json([fault]),
    }


def test_documents_fit_their_schemas() -> None:
    _validate("diagnostics", _wrapped({}, "validate"))
    _validate("plan", _wrapped(plan.body(make_plan(*MIXED, forecast=Forecast(1, 1, NOW))), "plan"))
    _validate("apply-result", _wrapped(result.body(RESULT), "apply"))


def test_an_unknown_action_fits_no_schema() -> None:
    document = _wrapped(result.body(RESULT), "apply")
    document["results"] = [{"address": "a", "action": "explode", "outcome": "done", "error": None}]
    with pytest.raises(ValidationError, match="explode"):
        _validate("apply-result", document)


EVENTS = (
    e.LedgerOpened(project="p", service="s", account="a", ledger_id="1", salt="2"),
    e.KeyDeleted(address="key.a", generation=1, name="n"),
    e.JobSubmitted(
        address="job.a", intent="i", job_id="j", status="accepted", created=datetime(2026, 1, 1, tzinfo=UTC)
    ),
    e.ResultsListed(address="job.a", job_id="j", results=None, looked=datetime(2026, 1, 1, tzinfo=UTC)),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_ledger_lines_fit_their_schema(event: e.AnyEvent) -> None:
    entry = Entry(seq=1, time=datetime(2026, 1, 1, tzinfo=UTC), writer="w", batch="b", event=event)
    _validate("ledger-event", entry.to_json())
    with pytest.raises(ValidationError):
        _validate("ledger-event", {**entry.to_json(), "stranger": 1})


def test_the_starter_manifest_fits_the_schema() -> None:
    starter = TEMPLATE.read_text(encoding="utf-8").replace("@project@", "baltic")
    _validate("manifest", YamlText.parse(starter.encode(), "eocanvas.yaml").data)
    with pytest.raises(ValidationError):
        _validate("manifest", {"version": 1, "project": "baltic", "jbos": {}})
