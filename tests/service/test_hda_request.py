from __future__ import annotations

from typing import Any

import pytest

from eocanvas_apply.service.hda_client import search_request

OCEAN = "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___"


def ranges(dataset_id: str, name: str = "position") -> dict[str, Any]:
    return {"datasetId": dataset_id, "dateRangeSelectValues": [{"name": name, "start": "a", "end": "b"}]}


def test_the_current_form_of_a_query_is_kept_except_for_its_paging() -> None:
    query = {"dataset_id": OCEAN, "bbox": [1, 2, 3, 4], "odd key!": {"a": [None]}}
    assert search_request({**query, "startIndex": 20, "itemsPerPage": 200}) == query


def test_the_nested_form_becomes_flat() -> None:
    query = {
        **ranges(OCEAN),
        "boundingBoxValues": [{"name": "bbox", "bbox": [1, 2, 3, 4]}],
        "stringChoiceValues": [{"name": "sat", "value": "Sentinel-3A"}],
        "stringInputValues": [{"name": "tileId", "value": "32TQM"}],
        "multiStringSelectValues": [{"name": "band", "value": ["1", "2"]}],
    }
    assert search_request(query) == {
        "dataset_id": OCEAN,
        "dtstart": "a",
        "dtend": "b",
        "bbox": [1, 2, 3, 4],
        "sat": "Sentinel-3A",
        "tileId": "32TQM",
        "band": ["1", "2"],
    }


def test_empty_lists_of_the_nested_form_say_nothing() -> None:
    assert search_request({"datasetId": OCEAN, "stringChoiceValues": [], "boundingBoxValues": None}) == {
        "dataset_id": OCEAN
    }


@pytest.mark.parametrize(
    ("dataset_id", "ends"),
    [
        ("EO:ECMWF:DAT:CAMS_X", {"dtstart", "dtend"}),
        ("EO:ECMWF:DAT:ERA5", {"position_start", "position_end"}),
        ("EO:CLMS:DAT:X", {"start", "end"}),
        ("EO:EEA:DAT:CLMS_HRVPP_X", {"start", "end"}),
        ("EO:MO:DAT:X", {"min_date", "max_date"}),
        ("EO:CNES:DAT:SWH", {"creationDateStart", "creationDateEnd"}),
        ("EO:ESA:DAT:SENTINEL-5P", {"startDate", "completionDate"}),
    ],
)
def test_each_source_of_data_has_its_own_names_for_a_range(dataset_id: str, ends: set[str]) -> None:
    assert set(search_request(ranges(dataset_id))) == {"dataset_id", *ends}


def test_datasets_that_were_renamed_with_the_form() -> None:
    assert search_request(ranges("EO:ESA:DAT:SENTINEL-2:MSI"))["dataset_id"] == "EO:ESA:DAT:SENTINEL-2"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"dateRangeSelectValues": [{"name": "x", "start": "a"}]}, "dateRangeSelectValues without end"),
        ({"boundingBoxValues": [[1, 2, 3, 4]]}, "boundingBoxValues that is not a list of mappings"),
        ({"stringChoiceValues": {"sat": "A"}}, "stringChoiceValues that is not a list of mappings"),
        ({"stringChoiceValues": [{"value": "A"}]}, "stringChoiceValues without name"),
    ],
)
def test_unreadable_fields_of_a_query_are_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        search_request({"datasetId": OCEAN, **values})
