"""A saved plan says after reading what it said before, and notices what has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.errors import UsageError
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.saved_plan import VERSION, SavedPlan, SecretPrints
from eocanvas_apply.render.definitions import saved_definitions
from tests.golden.case import Case
from tests.golden.test_golden import HERE, NAMES, as_json, as_text

SECRETS = SecretPrints("00ff", {"key.scenes": {"secret_key": "scrypt2:aa", "access_key": "scrypt2:bb"}})
PARTS = {"eocanvas.yaml": "sha256:1", "the file graph.xml": "sha256:2"}
ASKED = Requests(only=frozenset({"job.a"}), relaunch=frozenset({"job.a"}), limit=3, allowed=frozenset({"allow-empty"}))


def saved(name: str, asked: Requests = ASKED) -> SavedPlan:
    plan = Case(HERE / name).plan()
    return SavedPlan.of(
        plan,
        asked,
        intents={"job.a": None},
        parts=PARTS,
        secrets=SECRETS,
        definitions=saved_definitions(plan),
    )


def read_again(plan: SavedPlan, change: Callable[[dict[str, Any]], object] = lambda _: None) -> SavedPlan:
    document = json.loads(plan.to_json())
    change(document)
    return SavedPlan.parse(json.dumps(document).encode(), "review.plan")


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_that_was_read_says_what_it_said(name: str) -> None:
    plan, again = Case(HERE / name).plan(), read_again(saved(name)).plan
    assert (as_text(again), as_json(again)) == (as_text(plan), as_json(plan))


def test_what_was_asked_for_and_compared_is_read_as_it_was_saved() -> None:
    plan = saved("first-run-of-every-kind")
    again = read_again(plan)
    assert again == replace(plan, actions=again.actions)
    assert again.requests == ASKED


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_holds_for_the_plan_that_is_made_anew(name: str) -> None:
    assert read_again(saved(name)).departures(Case(HERE / name).plan(), PARTS, SECRETS) == ()


def departures(parts: dict[str, str] = PARTS, secrets: SecretPrints = SECRETS) -> tuple[Diagnostic, ...]:
    plan = read_again(saved("first-run"))
    return plan.departures(Case(HERE / "first-run").plan(), parts, secrets)


def test_what_has_changed_since_is_named() -> None:
    (changed,) = departures(parts={**PARTS, "the file graph.xml": "sha256:3"})
    assert changed.message == "the file graph.xml has changed since the plan was made"
    new, gone = departures(parts={"eocanvas.yaml": "sha256:1", "the lock": "sha256:4"})
    assert gone.message == "the lock is new since the plan was made"
    assert new.message == "the file graph.xml is gone since the plan was made"


def test_another_secret_is_named_without_a_value() -> None:
    other = SecretPrints("00ff", {"key.scenes": {"secret_key": "scrypt2:cc", "access_key": "scrypt2:bb"}})
    (found,) = departures(secrets=other)
    assert found.message == "the secrets are not those that the plan was made with"
    assert "scrypt2" not in str(found)
    (uncompared,) = departures(secrets=SecretPrints("00ff"))
    assert "EOCANVAS_APPLY_PEPPER" in uncompared.hint
    # Without a secret at planning there is nothing to compare, and apply needs it.
    plan = replace(saved("first-run"), secrets=SecretPrints("00ff"))
    assert plan.departures(Case(HERE / "first-run").plan(), PARTS, SECRETS) == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a saved plan"),
        (b"\xff\xfe", "is not a saved plan"),
        (b"[" * 100_000, "is not a saved plan"),
        (b"[]", "is not a saved plan"),
        (b'{"format_version": "1.0", "command": "plan"}', "is the JSON of a plan for programs"),
        (b'{"saved_plan": "1.0"}', "is a damaged saved plan"),
        (b'{"saved_plan": "1.2"}', "of the newer form 1.2"),
        (b'{"saved_plan": "2.0"}', "of the newer form 2.0"),
        (b'{"saved_plan": {"a": 1}}', "of the newer form"),
    ],
)
def test_what_is_no_saved_plan_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        SavedPlan.parse(content, "review.plan")
    (found,) = raised.value.diagnostics
    assert found.code == "not-a-saved-plan"
    assert found.message.startswith("review.plan ")
    assert words in found.message
    assert found.hint


def test_a_plan_that_was_edited_is_refused_and_an_older_form_is_read() -> None:
    plan = saved("first-run")
    with pytest.raises(UsageError, match="was changed after it was made"):
        read_again(plan, lambda document: document["actions"].pop())
    with pytest.raises(UsageError, match="is a damaged saved plan"):
        read_again(plan, lambda document: document["actions"][0].update(action="explode"))
    with pytest.raises(UsageError, match="was changed after it was made"):
        read_again(plan, lambda document: document["asked"].update(allowed=["allow-deletes"]))
    with pytest.raises(UsageError, match="was changed after it was made"):
        read_again(plan, lambda document: document["secrets"].update(prints={}))
    assert VERSION == (1, 1)

    def as_of_old(document: dict[str, Any]) -> None:
        document.pop("sha256")
        document.update(saved_plan="1.0")

    assert read_again(plan, as_of_old).plan_id == plan.plan_id


def test_the_folder_of_cases_is_not_empty() -> None:
    assert Path(HERE, "first-run").is_dir()
    assert len(NAMES) > 100
