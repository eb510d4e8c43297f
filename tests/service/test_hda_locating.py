from __future__ import annotations

import pytest

from eocanvas_apply.service.hda_client import query_for

OCEAN = "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___"


@pytest.mark.parametrize(
    ("dataset_id", "product_id", "span"),
    [
        (
            OCEAN,
            "S3A_OL_2_WFR____20240706T094017_20240706T094317_20240707T120000_0179_114_136_1980_MAR_O_NT_003.SEN3",
            {"dtstart": "2024-07-06T09:40:15Z", "dtend": "2024-07-06T09:43:19Z"},
        ),
        (
            "EO:ESA:DAT:SENTINEL-2",
            "S2A_MSIL2A_20240703T100601_N0510_R022_T33UUB_20240703T150000",
            {"startDate": "2024-07-03T10:05:59Z", "completionDate": "2024-07-03T10:06:03Z"},
        ),
        (OCEAN, "S3A_99999999T999999", None),
        (OCEAN, "no-times", None),
        ("EO:XX:DAT:UNHEARD-OF", "S2A_20240703T100601", None),
    ],
)
def test_a_product_is_searched_by_its_sensing_time(
    dataset_id: str, product_id: str, span: dict[str, str] | None
) -> None:
    assert query_for(dataset_id, product_id) == (span and {"dataset_id": dataset_id, **span})
