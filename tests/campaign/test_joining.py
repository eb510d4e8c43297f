from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.campaign.join import Joined, join
from eocanvas_apply.campaign.rows import START, Row
from eocanvas_apply.manifest.model.steps import Step


def step(**options: Any) -> Step:
    return Step.model_validate({"list": [], **options})


def row(name: str | None, **fields: Any) -> Row:
    return Row(name, fields)


def joined(before: Sequence[Row], rows: Sequence[Row], **options: Any) -> Joined:
    return join(before, [rows] * len(before), step(**options), options.get("max", 1000))


def ids(found: Joined) -> list[str | None]:
    return [each.id for each in found.rows]


def codes(found: Joined) -> list[str]:
    return [each.code for each, _ in found.findings]


TILES = joined(START, [row("a", tile=33), row("b", tile=34)]).rows
DATES = [row(None, tile="33", day="1"), row(None, tile="34", day="2")]


def test_the_first_step_gives_its_rows() -> None:
    assert [(each.id, each.fields) for each in TILES] == [
        ("a", {"tile": 33, "id": "a"}),
        ("b", {"tile": 34, "id": "b"}),
    ]


def test_rows_combine_without_by() -> None:
    found = joined(TILES, [row("x", n=1), row("y", n=2)])
    assert ids(found) == ["a-x", "a-y", "b-x", "b-y"]
    assert found.rows[1].fields == {"tile": 33, "n": 2, "id": "a-y"}


def test_joining_matches_numbers_with_texts_and_keeps_the_ids() -> None:
    found = joined(TILES, DATES, by="tile")
    assert ids(found) == ["a", "b"]
    assert [each.fields["day"] for each in found.rows] == ["1", "2"]
    assert found.findings == []


def test_by_several_columns() -> None:
    before = joined(START, [row("a", x="1", y="2"), row("b", x="1", y="3")]).rows
    found = joined(before, [row(None, x="1", y="3", z="w")], by=["x", "y"], expect=">=0")
    assert ids(found) == ["b"]


def test_several_matches_keep_the_id_so_that_one_more_row_renames_nothing() -> None:
    found = joined(TILES, [*DATES, row(None, tile="33", day="3")], by="tile")
    assert ids(found) == ["a", "a", "b"]
    named = joined(TILES, [*DATES, row(None, tile="33", day="3")], by="tile", id="${each.id}/${each.day}")
    assert ids(named) == ["a/1", "a/3", "b/2"]
    assert named.rows[0].fields["id"] == "a/1"


def test_rows_without_a_match() -> None:
    found = joined(TILES, [*DATES[:1], row(None, tile="99", day="9")], by="tile")
    assert codes(found) == ["row-without-partner"] * 2
    assert [each.severity for each, _ in found.findings] == ["warning", "error"]
    allowed = joined(TILES, DATES[:1], by="tile", expect=">=0")
    assert (ids(allowed), codes(allowed)) == (["a"], [])


def test_a_blank_joins_nothing() -> None:
    before = joined(START, [row("a", tile=None), row("b", tile="33")]).rows
    found = joined(before, [row(None, tile=None, day="1"), row(None, tile="33", day="2")], by="tile", expect=">=0")
    assert [(each.id, each.fields["day"]) for each in found.rows] == [("b", "2")]
    assert [each.message for each, _ in found.findings] == [
        "1 row of this step joins no row before, first tile (blank)"
    ]


def test_no_maximum_allows_more_than_a_hundred_thousand_instances() -> None:
    crowd = [row(str(number)) for number in range(1000)]
    found = joined(joined(START, crowd).rows, crowd[:101], max=10**9)
    assert found.rows == []
    assert [each.message for each, _ in found.findings] == ["these steps make more than 100000 instances"]


def test_one_row_is_picked_once_for_all_rows_before_it() -> None:
    class Counted(dict[str, Any]):
        asked = 0

        def __getitem__(self, name: str) -> Any:
            Counted.asked += 1
            return super().__getitem__(name)

        def get(self, name: str, default: Any = None) -> Any:
            Counted.asked += 1
            return super().get(name, default)

    before = joined(START, [row(str(number)) for number in range(500)]).rows
    rows = [Row(f"p{number}", Counted(size=number)) for number in range(500)]
    found = joined(before, rows, pick={"largest": "size"})
    assert len(found.rows) == 500
    assert Counted.asked <= 500


@pytest.mark.parametrize(("expect", "fits"), [(2, True), (">=1", True), ("<=1", False), ("1..2", True), (3, False)])
def test_expectations_of_a_first_step(expect: int | str, fits: bool) -> None:
    assert codes(joined(START, [row("a"), row("b")], expect=expect)) == ([] if fits else ["unexpected-count"])


def test_one_expected_row_keeps_the_id() -> None:
    assert ids(joined(TILES, [row("x", n=1)], expect=1)) == ["a", "b"]


def test_a_prefix_distinguishes_columns_of_the_same_name() -> None:
    assert codes(joined(TILES, [row("x", tile=1)])) == ["column-twice"]
    found = joined(TILES, [row("x", tile=1)], **{"as": "dem"})
    assert found.rows[0].fields == {"tile": 33, "dem.tile": 1, "dem.id": "x", "id": "a-x"}


def test_too_many_rows_are_counted_and_not_built() -> None:
    many = [row(str(number)) for number in range(1000)]
    before = joined(START, many).rows
    found = joined(before, many, max=999_999)
    assert (found.rows, codes(found)) == ([], ["too-many-instances"])


PRODUCTS = [
    row("S3A_20240704T094017", size=2, clouds="0.5", made="2024-07-09"),
    row("S3A_20240705T091006", size=10, clouds="0.25", made="2024-07-06"),
    row("S3B_20240705T091006", size=3, clouds="1e0", made="2024-07-07"),
]


@pytest.mark.parametrize(
    ("pick", "number"),
    [
        ("first", 0),
        ("last", 2),
        ("latest", 2),
        ("earliest", 0),
        ({"latest": "made"}, 0),
        ({"earliest": "made"}, 1),
        ({"largest": "size"}, 1),
        ({"smallest": "clouds"}, 1),
    ],
)
def test_picking(pick: Any, number: int) -> None:
    found = joined(TILES, PRODUCTS, pick=pick)
    assert ids(found) == ["a", "b"]
    assert [each.fields["size"] for each in found.rows] == [PRODUCTS[number].fields["size"]] * 2


def test_the_time_of_a_product_is_its_field_before_the_time_in_its_name() -> None:
    rows = [
        row("A_20240101T000000", startdate="2024-07-02T00:00:00Z"),
        row("B_20240701T000000", startdate="2024-07-01"),
    ]
    assert joined(TILES, rows, pick="latest").rows[0].fields["startdate"] == "2024-07-02T00:00:00Z"


@pytest.mark.parametrize("pick", ["latest", {"latest": "tile"}, {"largest": "tile"}, {"largest": "none"}])
def test_incomparable_values_cannot_be_picked_from(pick: Any) -> None:
    assert codes(joined(START, [row("x", tile="T33"), row("y", tile="T34")], pick=pick)) == ["cannot-pick"]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("12,5", "write numbers with a decimal point"),
        (None, "fill it in, or"),
        ("NaN", "fill it in"),
        (10**400, "fill"),
    ],
)
def test_what_is_no_number_cannot_be_picked_by(value: object, hint: str) -> None:
    ((found, _),) = joined(START, [row("x", n="3"), row("y", n=value)], pick={"largest": "n"}).findings
    assert (found.code, found.message) == ("cannot-pick", "`n` holds no number in the row `y`")
    assert found.hint.startswith(hint)


@given(st.permutations(PRODUCTS), st.sampled_from(["latest", "earliest"]))
def test_the_order_of_the_rows_does_not_matter(rows: list[Row], pick: str) -> None:
    assert joined(TILES, rows, pick=pick).rows == joined(TILES, PRODUCTS, pick=pick).rows
