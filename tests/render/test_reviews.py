"""A plan for reviewers: small, stable, and harmless whatever the manifest holds."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from eocanvas_apply.diagnostics import warning
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import Forecast, Origin, Plan, PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.tasks import ReadTask
from eocanvas_apply.render.reviews import gitlab_terraform, markdown, page
from tests.golden.case import Case
from tests.golden.test_golden import HERE, NAMES

NOW = datetime(2024, 7, 5, 12, tzinfo=UTC)
HOSTILE = "`</code></details><script>alert(1)</script> @all #1 [x](javascript:y) ![i](http://x)\n```\n# big"


def plan(actions: int, *, at: datetime = NOW, head: int = 1, note: str = "") -> Plan:
    origin = Origin("baltic", "https://example.org", "jane", "sha256:0", "1", head)
    launches = (
        PlannedAction.of(
            f'job.tiles["{number:05}"]',
            ActionKind.RELAUNCH,
            Reason.DEFINITION_CHANGED,
            note=f"{note}{number}" if note else "",
            task=ReadTask(),
            not_before=at + timedelta(hours=number),
        )
        for number in range(actions)
    )
    ends = at + timedelta(hours=actions - 1)
    return Plan(origin, at, tuple(launches), forecast=Forecast(1, actions - 1, ends))


@pytest.mark.parametrize("name", NAMES)
def test_every_plan_is_shown_in_each_form(name: str) -> None:
    made = Case(HERE / name).plan()
    shown = markdown.text(made)
    assert shown.startswith(f"<!-- eocanvas-apply plan {made.origin.project} -->\n")
    assert not re.search(r"\d\d:\d\d:\d\d UTC", re.sub(r"^- (error|warning|info): .*$", "", shown, flags=re.MULTILINE))
    assert shown.count("<details>") == shown.count("</details>")
    assert page.text(made).endswith("</html>\n")
    assert sum(gitlab_terraform.document(made).values()) <= len(made.actions)
    assert json.dumps(gitlab_terraform.document(made))


def test_a_comment_has_cost_and_day_of_the_end() -> None:
    shown = markdown.text(plan(3))
    assert "It launches 3 jobs, which uses 3 units of the quota, 3 of them again." in shown
    assert "on 2024-07-05 (UTC)" in shown


@pytest.mark.parametrize("note", ["", "é" * 150, "```"])
def test_a_comment_is_below_60_kb_whatever_the_size_of_the_plan(note: str) -> None:
    shown = markdown.text(plan(10_000, note=note))
    assert len(shown.encode()) < markdown.MOST_BYTES
    assert "relaunch: 10000" in shown


def test_many_findings_leave_room() -> None:
    found = tuple(warning("x", "ä" * 499, "ö" * 499) for _ in range(200))
    assert (
        len(markdown.text(dataclasses.replace(plan(10_000, note="n"), diagnostics=found)).encode())
        < markdown.MOST_BYTES
    )


def test_a_comment_is_the_same_at_another_moment_and_ledger_entry() -> None:
    assert markdown.text(plan(5)) == markdown.text(plan(5, at=NOW + timedelta(minutes=7), head=99))


def test_names_from_outside_are_shown_and_never_read() -> None:
    made = dataclasses.replace(plan(2, note=HOSTILE), diagnostics=(warning("x", HOSTILE, HOSTILE),))
    shown = markdown.text(made)
    without_code = re.sub(r"(`{3,})\n.*?\n\1\n", "", shown, flags=re.DOTALL)
    without_code = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", without_code)
    for harm in ("<script", "@all", "javascript:", "![i]", "# big", "#1"):
        assert harm not in without_code
    html = page.text(dataclasses.replace(made, origin=structs.replace(made.origin, project="<b>x</b>")))
    assert "<script>alert" not in html
    assert "<b>x</b>" not in html


@pytest.mark.parametrize("given", ["", "`", "``", "a`b", "`a", " a ", "```"])
def test_code_is_closed_by_what_opens_it(given: str) -> None:
    shown = markdown.code(given)
    fence = re.match("`+", shown)
    assert fence
    assert shown.endswith(fence[0])
    assert fence[0] not in shown[len(fence[0]) : -len(fence[0])].strip()


def test_a_comment_shows_what_is_new_as_far_as_there_is_room_and_counts_the_rest() -> None:
    def new(count: int) -> str:
        actions = tuple(PlannedAction.of(f"key.k{n}", ActionKind.CREATE, Reason.NEW) for n in range(count))
        definitions = {action.address: {"bucket": f"the bucket of {action.address}."} for action in actions}
        return markdown.text(Plan(plan(1).origin, NOW, actions, definitions=definitions))

    assert all(f"the bucket of key.k{n}." in new(30) for n in range(30))
    assert "Not shown" not in new(30)
    assert re.search(r"Not shown: \d+ lines, 1000 definitions; `eocanvas-apply show PLAN --full`", new(2_000))


def test_a_reviewer_sees_what_comes_later_in_the_run() -> None:
    made = Case(HERE / "key-removed-while-a-job-uses-it").plan()
    section = markdown.text(made).partition("<summary>afterwards: 2</summary>")[2]
    assert "job.subset: running, then relaunched (definition changed)" in section
    assert "key.scenes: a running job uses this generation, then deleted (no longer in the manifest)" in section
    assert gitlab_terraform.document(made) == {"create": 0, "update": 1, "delete": 1}


def test_lines_to_paste_stay_lines() -> None:
    hint = "if so, write into the manifest\nmoved:\n  - {from: key.a, to: key.b}"
    shown = markdown.text(
        dataclasses.replace(plan(1), diagnostics=(warning("looks-renamed", "one key looks renamed", hint),))
    )
    assert "\n```\nmoved:\n  - {from: key.a, to: key.b}\n```\n" in shown
