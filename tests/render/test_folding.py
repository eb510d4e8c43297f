"""A large campaign's unchanged instances are counted in the document of a plan, and nothing else is left out."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from eocanvas_apply.planning.plan import ActionKind, PlannedAction, Reason
from eocanvas_apply.render import plan as render
from eocanvas_apply.render.folding import LARGE
from tests.render.plans import plan

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/plan.json").read_text(encoding="utf-8"))
FAILED = PlannedAction('job.tiles["bad"]', ActionKind.NONE, Reason.FAILED)
KEPT = PlannedAction('job.tiles["kept"]', ActionKind.NONE, Reason.KEPT)
KEY = PlannedAction("key.scenes", ActionKind.NONE, Reason.UNCHANGED)
ALONE = PlannedAction("job.alone", ActionKind.NONE, Reason.DONE)


def done(name: str, count: int) -> list[PlannedAction]:
    return [PlannedAction(f'job.{name}["{n}"]', ActionKind.NONE, Reason.DONE) for n in range(count)]


def test_what_is_unchanged_in_a_large_campaign_is_one_entry_with_its_number() -> None:
    made = plan(KEY, ALONE, *done("small", 5), FAILED, *done("tiles", LARGE - 1), KEPT)
    body = render.body(made)
    assert [entry["address"] for entry in body["actions"]] == [
        *("key.scenes", "job.alone", *(f'job.small["{n}"]' for n in range(5))),
        *('job.tiles["bad"]', "job.tiles"),
    ]
    assert body["actions"][-1] == {"address": "job.tiles", "action": "none", "none_count": LARGE}
    assert body["summary"][ActionKind.NONE] == len(made.actions)
    jsonschema.validate({**body, "format_version": "1.0", "command": "plan", "exit": 0, "diagnostics": []}, SCHEMA)


def test_a_campaign_that_is_not_large_is_listed_also_beside_a_large_one() -> None:
    made = plan(*done("a", LARGE), *done("b", LARGE + 1))
    assert [entry["address"] for entry in render.body(made)["actions"]] == [
        *(action.address for action in made.actions[:LARGE]),
        "job.b",
    ]


def test_in_full_nothing_is_folded_or_cut() -> None:
    made = plan(*done("tiles", LARGE + 1))
    assert len(render.body(made, full=True)["actions"]) == LARGE + 1
    shown = render.text(made, full=True)
    assert all(f"    {action.address}: (done)" in shown for action in made.actions)
    assert made.actions[0].address not in render.text(made)


def test_folding_does_not_change_which_plan_it_is() -> None:
    made = plan(*done("tiles", LARGE + 1))
    assert render.body(made)["plan_id"] == render.body(made, full=True)["plan_id"] == made.plan_id
