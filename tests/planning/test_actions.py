"""Actions and reasons stand in one table, and no other module has a table of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import eocanvas_apply
from eocanvas_apply.planning.actions import ACTIONS, ActionKind, Outcome, Phase, State
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import JOB_ROWS, KEY_ROWS, Reason, Row

PACKAGE = Path(eocanvas_apply.__file__).parent
ROWS = [*KEY_ROWS.values(), *JOB_ROWS.values()]
TABLES = {"planning/actions.py", "planning/reasons.py"}
MEMBERS = {member.name for members in (ActionKind, Reason) for member in members}


def test_every_member_has_its_row() -> None:
    assert set(ACTIONS) == set(ActionKind) == {row.action for row in ROWS}
    assert set(Reason) == {row.reason for row in ROWS}
    assert {row.phase for row in JOB_ROWS.values()} == set(Phase)
    assert {row.outcome for row in ROWS} == set(Outcome)
    assert {row.state for row in JOB_ROWS.values()} == set(State)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.action}-{row.reason}")
def test_a_row_has_short_words_and_a_next_step(row: Row) -> None:
    assert 0 < len(row.words) <= 80
    assert row.advice.format(address="job.a", until="")
    assert not row.words.startswith("it ")


def test_an_action_without_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match=r"key\.a: launch\(new\) is not an action of a plan"):
        PlannedAction.of("key.a", ActionKind.LAUNCH, Reason.NEW)


def _tables(tree: ast.AST) -> Iterator[tuple[int, int]]:
    """Yield the line of each literal of several elements, and how many actions and reasons it names."""
    aliases = {"ActionKind", "Reason", "_A", "_R"}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Dict, ast.Set, ast.Tuple, ast.List)):
            named = {
                each.attr
                for each in ast.walk(node)
                if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in aliases
            }
            yield node.lineno, len(named & MEMBERS)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_module_keeps_a_table_of_actions_or_reasons(path: Path) -> None:
    if path.relative_to(PACKAGE).as_posix() not in TABLES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert [line for line, named in _tables(tree) if named > 3] == []


def test_the_check_finds_a_private_table() -> None:
    text = "_WELL = frozenset({Reason.DONE, Reason.KEPT, _R.UNCHANGED, _A.NONE})"
    assert [named for _, named in _tables(ast.parse(text))] == [4]
