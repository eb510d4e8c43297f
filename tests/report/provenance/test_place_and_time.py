"""Where and when a result is of: the row before the job, and the job before nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eocanvas_apply.ledger.event_values import Region
from eocanvas_apply.report.provenance.place_and_time import place_and_time

MADE = datetime(2026, 11, 27, tzinfo=UTC)
REGION = Region(document="d", box=(15, 53, 22, 58))


def test_the_row_counts_before_the_region_of_the_job() -> None:
    found = place_and_time({"wkt": "POINT(20 58)", "date": "2024-07-01"}, REGION, (["a_20250101T000000"],), MADE)
    assert found.geometry == {"type": "Point", "coordinates": [20, 58]}
    assert list(found.box or ()) == [20, 58, 20, 58]
    assert found.time_of == "row"


def test_a_row_without_a_place_has_the_region_and_the_time_of_the_inputs() -> None:
    found = place_and_time({"name": "x"}, REGION, (["no time"], ["a_20250101T000000"]), MADE)
    assert list(found.box or ()) == [15, 53, 22, 58]
    assert found.times is not None
    assert (found.times.begin.year, found.time_of) == (2025, "inputs")


def test_what_is_not_known_is_not_made_up() -> None:
    found = place_and_time({}, None, (), MADE)
    assert (found.geometry, found.box, found.time_of) == (None, None, "job")
    assert place_and_time({}, None, (), None).times is None


@pytest.mark.parametrize("fields", [{"bbox": [170, -10, -170, 10]}, {}])
def test_a_place_beyond_the_antimeridian_is_cut_there(fields: dict[str, object]) -> None:
    found = place_and_time(fields, None if fields else Region(document="d", box=(170, -10, -170, 10)), (), MADE)
    assert found.geometry is not None
    assert found.geometry["type"] == "MultiPolygon"
    # A box says by its west that it crosses.
    assert list(found.box or ()) == [170, -10, -170, 10]
