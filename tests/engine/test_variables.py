from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from eocanvas_apply.engine.definition import Definition, given_rows, parse_project
from eocanvas_apply.errors import UsageError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
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


def test_a_number_stays_as_it_is_given_inside_a_text() -> None:
    text = MANIFEST + 'jobs:\n  a: {process: x, inputs: {path: "/N${var.share}/", share: "${var.share}"}}\n'
    one, other = (
        parse_project(text, Path("eocanvas.yaml"), lambda path: b"", {"share": share}) for share in ("05.10", "5.1")
    )
    assert one.manifest.jobs["a"].inputs == {"path": "/N05.10/", "share": 5.1}
    digests = {given_rows(each, NOW).desired({}).manifest_digest for each in (one, other)}
    assert len(digests) == 2
