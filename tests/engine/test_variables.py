from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.engine.definition import Definition, parse_project
from eocanvas_apply.errors import UsageError

MANIFEST = """version: 1
project: demo
vars: {tile: 32TQM, year: "2024", most: 5, share: 0.5, dry: true}
"""


def opened(**variables: str) -> Definition:
    return parse_project(MANIFEST, Path("eocanvas.yaml"), lambda path: b"", variables)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("most", "07", 7),
        ("most", "many", "many"),
        ("most", "", ""),
        ("share", "1e-1", 0.1),
        ("dry", "false", False),
        ("dry", "no", "no"),
        ("year", "2025", "2025"),
        ("tile", "null", "null"),
        ("most", "null", "null"),
    ],
)
def test_a_value_is_read_as_the_manifest_would_and_text_stays_text(name: str, text: str, value: object) -> None:
    found = opened(**{name: text}).loaded.variables[name]
    assert found == value
    assert isinstance(found, type(value))


def test_all_unknown_names_are_reported_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        opened(tille="x", most="1", zone="y")
    first, second = refused.value.diagnostics
    assert {first.code, second.code} == {"unknown-variable"}
    assert first.hint == "did you mean tile?"
    assert "vars: {zone: VALUE}" in second.hint
