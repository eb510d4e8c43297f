from __future__ import annotations

import pytest

from eocanvas_apply.documents.yaml.nodes import Data
from eocanvas_apply.engine.variables import typed_variables
from eocanvas_apply.errors import UsageError

MANIFEST: Data = {"vars": {"tile": "32TQM", "year": "2024", "most": 5, "share": 0.5, "dry": True}}


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
    (found,) = typed_variables({name: text}, MANIFEST).values()
    assert (found, type(found)) == (value, type(value))


def test_all_unknown_names_are_told_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        typed_variables({"tille": "x", "most": "1", "zone": "y"}, MANIFEST)
    first, second = refused.value.diagnostics
    assert {first.code, second.code} == {"unknown-variable"}
    assert first.hint == "did you mean tile?"
    assert "vars: {zone: VALUE}" in second.hint
