from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from eocanvas_apply.manifest.model.manifest import Timing
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Desired, DesiredKey
from eocanvas_apply.planning.plan import Forecast, PlannedAction, WindowState
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render import forecast
from eocanvas_apply.render import plan as render
from eocanvas_apply.render.layout import Style
from eocanvas_apply.render.plan import LARGE
from eocanvas_apply.vocabulary import StorageType
from tests.render.plans import MIXED, NOW, plan


def test_costly_changes_come_first_and_unchanged_items_are_only_counted() -> None:
    shown = render.text(plan(*MIXED, forecast=Forecast(launches_now=1, waiting=1, ends=NOW)))
    assert shown == (
        "baltic at https://gateway.prod.wekeo2.eu/serverless as jane\n"
        "\n"
        "-/+ job.again: relaunch (definition changed), 1 unit of the quota\n"
        '      params.aoi: "p" -> "q"\n'
        "      after key.scenes\n"
        "-/+ key.scenes: replace (configuration changed)\n"
        '      bucket: "a" -> "b"\n'
        "      secret_key: (secret changed)\n"
        '      region: (none) -> "xxxxxxxxxxxxxxx…xxxxxxxxxxxxxx"\n'
        "  - key.old#1: delete (replaced by a newer generation)\n"
        "  + key.new: create\n"
        "  + job.later: launch\n"
        "  ? job.asked: decision needed: not clear which job of the service, or which result of another job, is meant\n"
        "    job.broken: failed earlier; not retried (--retry-failed)\n"
        "\n"
        "Plan: 1 to relaunch, 1 to replace, 1 to delete, 1 to create, 1 to launch; 1 failed, 1 undecided.\n"
        "Running again uses 1 unit of the quota.\n"
        "2 launches: 1 now, 1 at a time that is not known yet.\n"
        "A decision is needed: eocanvas-apply why job.asked\n"
        "Not shown: 1 up to date; see eocanvas-apply plan --full\n"
    )


def test_a_plan_without_changes_is_reported() -> None:
    quiet = plan(PlannedAction.of("key.a", ActionKind.NONE, Reason.UNCHANGED))
    assert render.text(quiet).endswith("\n\nNothing to do: 1 address up to date.\n")


def test_what_is_left_out_is_counted_with_the_command_that_shows_it() -> None:
    keys = {f"key.k{n:02}": DesiredKey(f"key.k{n:02}", f"k{n:02}", StorageType.S3) for n in range(12)}
    desired = Desired("baltic", "", keys, {}, Timing())
    rows = (PlannedAction.of(f'job.tiles["{n}"]', ActionKind.LAUNCH, Reason.NEW) for n in range(9))
    made = replace(
        plan(*(PlannedAction.of(key, ActionKind.CREATE, Reason.NEW) for key in keys), *rows), desired=desired
    )
    shown = render.text(made)
    assert shown.count("storage: public S3") == 10
    assert "  + job.tiles (9 instances): launch\n      0, 1, 2 and 6 more\n" in shown
    assert shown.endswith("\nNot shown: 6 instances, 2 definitions; see eocanvas-apply plan --full\n")
    full = render.text(made, full=True)
    assert full.count("storage: public S3") == 12
    assert "Not shown" not in full


def test_colour_only_when_asked() -> None:
    assert "\x1b[" not in render.text(plan(*MIXED))
    assert "\x1b[31m  -\x1b[0m key.old#1" in render.text(plan(*MIXED), Style(colour=True))


def test_json_names_every_action_and_shows_changes_only_where_they_belong() -> None:
    body = render.body(plan(*MIXED))
    assert body["summary"] == {kind: sum(a.action is kind for a in MIXED) for kind in ActionKind}
    assert [a["address"] for a in body["actions"]] == [a.address for a in MIXED]
    assert body["actions"][1] == {
        "address": "key.scenes",
        "action": "replace",
        "reason": "config-changed",
        "changes": [
            {"path": "bucket", "before": "a", "after": "b"},
            {"path": "secret_key", "sensitive": True},
            {"path": "region", "before": None, "after": "sha256:" + hashlib.sha256(b"x" * 201).hexdigest()},
        ],
        "depends_on": [],
    }
    assert "changes" not in body["actions"][0]
    assert (body["created"], body["ledger_head"]) == ("2026-11-23T04:00:00Z", 17)
    assert body["plan_id"] == plan(*MIXED).plan_id


@pytest.mark.parametrize(
    ("per", "used", "text"),
    [
        (timedelta(hours=1), 0, "10 of 10 left in 1h"),
        (timedelta(days=30), 10, "0 of 10 left in 30d; next free at 2026-01-05 09:00:00 UTC"),
        (timedelta(seconds=90), 1, "9 of 10 left in 90s; next free at 2026-01-05 09:00:00 UTC"),
    ],
)
def test_a_window_in_words(per: timedelta, used: int, text: str) -> None:
    back = datetime(2026, 1, 5, 9, tzinfo=UTC) if used else None
    window = WindowState(10, per, used, 10 - used, next_free=back)
    assert forecast.window(window) == text


SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/plan.json").read_text(encoding="utf-8"))
FAILED = PlannedAction.of('job.tiles["bad"]', ActionKind.NONE, Reason.FAILED)
KEPT = PlannedAction.of('job.tiles["kept"]', ActionKind.NONE, Reason.KEPT)
KEY = PlannedAction.of("key.scenes", ActionKind.NONE, Reason.UNCHANGED)
ALONE = PlannedAction.of("job.alone", ActionKind.NONE, Reason.DONE)


def done(name: str, count: int) -> list[PlannedAction]:
    return [PlannedAction.of(f'job.{name}["{n}"]', ActionKind.NONE, Reason.DONE) for n in range(count)]


def test_unchanged_instances_of_a_large_campaign_are_one_entry() -> None:
    made = plan(KEY, ALONE, *done("small", 5), FAILED, *done("tiles", LARGE - 1), KEPT)
    body = render.body(made)
    assert [entry["address"] for entry in body["actions"]] == [
        *("key.scenes", "job.alone", *(f'job.small["{n}"]' for n in range(5))),
        *('job.tiles["bad"]', "job.tiles"),
    ]
    assert body["actions"][-1] == {"address": "job.tiles", "action": "none", "none_count": LARGE}
    assert body["summary"][ActionKind.NONE] == len(made.actions)
    jsonschema.validate({**body, "format_version": "1.0", "command": "plan", "exit": 0, "diagnostics": []}, SCHEMA)


def test_a_small_campaign_is_listed_beside_a_large_one() -> None:
    made = plan(*done("a", LARGE), *done("b", LARGE + 1))
    assert [entry["address"] for entry in render.body(made)["actions"]] == [
        *(action.address for action in made.actions[:LARGE]),
        "job.b",
    ]


def test_the_full_plan_shows_every_entry() -> None:
    made = plan(*done("tiles", LARGE + 1))
    assert len(render.body(made, full=True)["actions"]) == LARGE + 1
    shown = render.text(made, full=True)
    assert all(f"    {action.address}: succeeded" in shown for action in made.actions)
    assert made.actions[0].address not in render.text(made)


def test_folding_does_not_change_which_plan_it_is() -> None:
    made = plan(*done("tiles", LARGE + 1))
    assert render.body(made)["plan_id"] == render.body(made, full=True)["plan_id"] == made.plan_id
