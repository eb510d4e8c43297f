"""When a result is of: the fields of rows, and the names of products."""

from __future__ import annotations

import pytest

from eocanvas_apply.report.provenance.sensing_times import Interval, times_of_names, times_of_row


def _shown(times: Interval | None) -> str | None:
    return f"{times.begin:%Y-%m-%dT%H:%M:%SZ}/{times.end:%Y-%m-%dT%H:%M:%SZ}" if times else None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (
            "S3A_OL_2_WFR____20240706T094017_20240706T094317_20240707T221212_0180_114_193",
            "2024-07-06T09:40:17Z/2024-07-06T09:43:17Z",
        ),
        # The second stamp of Sentinel-2 is when the product was made.
        (
            "S2A_MSIL2A_20240716T101031_N0510_R022_T32TQM_20240716T161802.SAFE.zip",
            "2024-07-16T10:10:31Z/2024-07-16T10:10:31Z",
        ),
        ("MSG3-SEVI-MSG15-0100-NA-20240613095742.896000000Z-NA", "2024-06-13T09:57:42Z/2024-06-13T09:57:42Z"),
        ("AVHR_xxx_1B_M03_20220709215503Z_20220709233703Z_N_O", "2022-07-09T21:55:03Z/2022-07-09T23:37:03Z"),
        ("/LC08_L2SP_193024_20240706_20240716_02_T1.tar", "2024-07-06T00:00:00Z/2024-07-06T23:59:59Z"),
        ("a-file-of-20249999", None),
        ("1d8f5cbe-4d1c-5c1f-9a55-0b6a9e1f9a10.nc", None),
        ("orbit_123456789012345678.dat", None),
    ],
)
def test_the_name_of_a_product_holds_its_time(name: str, shown: str | None) -> None:
    assert _shown(times_of_names([name])) == shown


def test_several_products_are_a_stretch_from_the_first_to_the_last() -> None:
    names = ["b_20240708T000000_x", "no time", "a_20240706T094017_20240706T094317_x"]
    assert _shown(times_of_names(names)) == "2024-07-06T09:40:17Z/2024-07-08T00:00:00Z"


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        (
            {"startdate": "2024-07-06T09:40:17.123Z", "enddate": "2024-07-06T09:43:17+02:00"},
            # An end before the begin is none.
            "2024-07-06T09:40:17Z/2024-07-06T09:40:17Z",
        ),
        (
            {"start": "2024-07-01T00:00:00Z", "end": "2024-07-02T00:00:00Z", "day": "2024-07-01"},
            "2024-07-01T00:00:00Z/2024-07-02T00:00:00Z",
        ),
        ({"scene.date": "2024-07-01"}, "2024-07-01T00:00:00Z/2024-07-01T23:59:59Z"),
        ({"Date": "2024-07-01 10:00:00"}, "2024-07-01T10:00:00Z/2024-07-01T10:00:00Z"),
        ({"start": 5, "end": 7, "date": "soon", "time": None}, None),
        ({"date": 20240701}, None),
        ({}, None),
    ],
)
def test_the_fields_of_a_row_hold_its_time(fields: dict[str, object], shown: str | None) -> None:
    assert _shown(times_of_row(fields)) == shown
