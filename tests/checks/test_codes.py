from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import eocanvas_apply
from eocanvas_apply.checks.codes import Code, codes
from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.planning.log_rules import remark_codes

PACKAGE = Path(eocanvas_apply.__file__).parent
# What builds a diagnostic, and at which argument its code stands.
BUILDERS = {
    **dict.fromkeys(("error", "warning", "info", "severity", "Diagnostic", "PydanticCustomError", "Fault"), 0),
    **dict.fromkeys(("_refusal", "_Unclear", "_Unreachable"), 0),
    "_refuse": 1,
}
# Not diagnostics: the log's `info`, the parser's `error`, and helpers that only share a name.
OTHERS = ("log.", "_log.", "parser.", "self.", "super()")
# Codes that are put together from a state.
COMPOSED = {"result-edited", "result-missing"}


def codes_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or ast.unparse(node.func).startswith(OTHERS):
            continue
        at = BUILDERS.get(ast.unparse(node.func))
        if at is not None and len(node.args) > at and isinstance(given := node.args[at], ast.Constant):
            yield str(given.value)


def trees() -> list[ast.Module]:
    paths = [path for path in PACKAGE.rglob("*.py") if "emulator" not in path.parts]
    return [ast.parse(path.read_text(encoding="utf-8")) for path in paths]


def test_every_code_that_is_used_has_a_row() -> None:
    used = {code for tree in trees() for code in codes_in(tree)}
    assert len(used) > 150
    assert sorted(used - codes().keys()) == []


def test_every_row_is_used() -> None:
    texts = {str(node.value) for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert sorted(codes().keys() - texts - COMPOSED - remark_codes()) == []


def test_every_remark_is_a_warning_that_checks_may_change() -> None:
    rows = [codes()[code] for code in sorted(remark_codes())]
    assert {(row.severity, row.adjustable) for row in rows} == {(Severity.WARNING, True)}


@pytest.mark.parametrize("code", codes().values(), ids=lambda code: code.name)
def test_the_row_of_a_code_explains_it_in_plain_sentences(code: Code) -> None:
    assert code.about[0].isupper() or code.about[0] in "`$"
    assert code.about.endswith(".")
    assert len(code.about) < 200
