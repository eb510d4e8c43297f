"""Which texts are meant as a geometry. What is wrong with one is shown in `tests/diagnostics/bad-wkt`."""

from __future__ import annotations

import pytest

from eocanvas_apply.documents.geometries.wkt import wkt_faults

LEGAL = (
    "POINT(20 58)",
    " point Z ( -20.5 +58. 1e2 ) ",
    "LINESTRING(20 58, 21 58)",
    "LINEARRING(20 58, 21 58, 21 59, 20 58)",
    "POLYGON ((20 58,21 58,21 59,2.0e1 58.0))",
    "POLYGON((0 0, 9 0, 9 9, 0 0), (1 1, 2 1, 2 2, 1 1))",
    "MULTIPOLYGON(((0 0, 9 0, 9 9, 0 0)), ((10 1, 12 1, 12 2, 10 1)))",
    "MULTIPOINT(1 2, 3 4)",
    "MULTIPOINT((1 2), (3 4))",
    "MULTILINESTRING((1 2, 3 4), (5 6, 7 8))",
    "GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(1 2, 3 4))",
)
OTHER_TEXTS = (
    "POLYGON",
    "point of view",
    "POINTLESS(1)",
    "Polygons (two)",
    "",
    "20,58,21,59",
    "MULTIPOINTS(1)",
    "max(1 2)",
    "box(20 58, 21 59)",
    "POLYFIT(1, 2)",
    "pointed (at 3 4)",
)


@pytest.mark.parametrize("text", [*LEGAL, *OTHER_TEXTS])
def test_a_legal_geometry_and_any_other_text_have_no_fault(text: str) -> None:
    assert list(wkt_faults(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "POLYGON((" + "1" * 1_000_000,
        "POLYGON" + "(" * 500_000 + ")" * 500_000,
        "POLYGON((" + "1 2, " * 200_000 + "x))",
        "POINT(" + " " * 1_000_000 + ")",
    ],
    ids=["digits", "brackets", "points", "blanks"],
)
def test_a_long_text_is_judged_in_one_pass(text: str) -> None:
    assert [each.code for each in wkt_faults(text)] == ["bad-wkt"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("POLIGON((20 58, 21 58, 21 59, 20 58))", "POLYGON"),
        (" polygn ((20 58, 21 58, 21 59, 20 58))", "POLYGON"),
        ("MULTYPOLYGON(((20 58, 21 58, 21 59, 20 58)))", "MULTIPOLYGON"),
        ("Piont(20 58)", "POINT"),
        ("LINE_STRING Z (20 58 1, 21 58 1)", "LINESTRING"),
    ],
)
def test_a_misspelt_kind_is_an_error_with_the_kind_that_was_meant(text: str, kind: str) -> None:
    (found,) = wkt_faults(text)
    assert (found.code, found.hint) == ("bad-wkt", f"did you mean {kind}?")


def test_points_of_different_size_are_judged_one_by_one() -> None:
    assert list(wkt_faults("LINESTRING(20 58, 100 58 120, 21 59)")) == []


def test_a_geometry_of_too_many_points_is_refused_with_the_limit() -> None:
    (found,) = wkt_faults(f"MULTIPOINT({'1 1,' * 1_000_000}1 1)")
    assert (found.code, "1,000,000 points" in found.message) == ("bad-wkt", True)
    assert list(wkt_faults(f"MULTIPOINT({'1 1,' * 1_000}1 1)")) == []
