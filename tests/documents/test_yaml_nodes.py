from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.documents.numbers import number_text, without_texts
from eocanvas_apply.documents.yaml.nodes import Plain, reads_otherwise, resolve_plain

SURPRISES = ["no", "On", "y", "012", "0o17", "1_000", "12:30:00", "2024-07-01", "2024-07-01T10:00:00Z", "2024_07_01"]
SURPRISES += ["1e3", "1.5e3", "0b11", "089", "+.5", "190:20:30.15"]
SAME = [
    "",
    "~",
    "null",
    "true",
    "FALSE",
    "0",
    "-17",
    "0x1F",
    "1.5",
    ".5",
    "1.5e+3",
    ".inf",
    "-.INF",
    ".nan",
    "text",
    "00",
    "a:b",
]


@pytest.mark.parametrize("text", SURPRISES)
def test_values_read_differently_by_yaml_1_1_are_known(text: str) -> None:
    assert reads_otherwise(text)


@pytest.mark.parametrize("text", SAME)
def test_equal_values_in_both_yaml_versions_give_no_warning(text: str) -> None:
    assert not reads_otherwise(text)
    assert alike(resolve_plain(text), yaml.safe_load(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [("no", "no"), ("012", 12), ("0o17", 15), ("12:30:00", "12:30:00"), ("2024-07-01", "2024-07-01"), ("1e3", 1000.0)],
)
def test_plain_text_follows_the_core_schema(text: str, value: Plain) -> None:
    assert alike(resolve_plain(text), value)


@pytest.mark.parametrize("text", ["7", "007", "05.10", "33e5", "+1", ".50", "0x1F", "0o17", "-0", "1.0", "5.", ".inf"])
def test_a_number_remembers_how_it_is_written(text: str) -> None:
    number = resolve_plain(text)
    assert isinstance(number, int | float)
    assert number_text(number) == text


def test_a_very_long_number_stays_text() -> None:
    assert resolve_plain("9" * 5000) == "9" * 5000


@given(st.text(alphabet="0123456789_.:-+exobEnyTZ", min_size=1, max_size=8))
def test_a_warning_is_given_where_pyyaml_reads_another_value(text: str) -> None:
    try:
        theirs = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return
    if isinstance(theirs, (dict, list)) or text.startswith("---") or text in ("-", "?"):
        return
    assert alike(resolve_plain(text), theirs) or reads_otherwise(text)


def alike(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    one = without_texts(one)
    return type(one) is type(other) and one == other
