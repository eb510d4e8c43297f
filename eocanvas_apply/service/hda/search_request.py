"""Search requests as people paste them from WEkEO's viewer, in the form that the HDA takes today.

Until 2024 the viewer wrote `datasetId` and nested lists (dateRangeSelectValues, boundingBoxValues, ...); such
requests still stand in notebooks. The present form is flat, and names its paging, which is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_PAGING = ("startIndex", "itemsPerPage")
_NAMED_VALUES = ("stringInputValues", "stringChoiceValues", "multiStringSelectValues")
_RANGES = "dateRangeSelectValues"
_BOXES = "boundingBoxValues"
_NESTED = (*_NAMED_VALUES, _RANGES, _BOXES)
# Two of the datasets were renamed with the form.
_RENAMED = {"EO:ESA:DAT:SENTINEL-1:SAR": "EO:ESA:DAT:SENTINEL-1", "EO:ESA:DAT:SENTINEL-2:MSI": "EO:ESA:DAT:SENTINEL-2"}
# How the two ends of a range are called now, by the beginning of the dataset's name.
_ENDS = (
    ("EO:ECMWF:DAT:CAMS_", "dtstart", "dtend"),
    ("EO:EUM:DAT:", "dtstart", "dtend"),
    ("EO:CLMS:DAT:", "start", "end"),
    ("EO:EEA:DAT:CLMS_HRVPP", "start", "end"),
    ("EO:MO:DAT:", "min_date", "max_date"),
    ("EO:CNES:DAT:SWH", "creationDateStart", "creationDateEnd"),
    ("EO:ESA", "startDate", "completionDate"),
)


def search_request(query: Mapping[str, object]) -> dict[str, object]:
    """Return the flat request with its `dataset_id`, without paging. Raises ValueError with words for people."""
    dataset_id = query.get("dataset_id") or query.get("datasetId")
    if not isinstance(dataset_id, str) or not dataset_id.strip():
        raise ValueError("names no dataset_id")
    if "dataset_id" not in query:
        dataset_id = _RENAMED.get(dataset_id, dataset_id)
    kept = {name: value for name, value in query.items() if name not in ("datasetId", *_PAGING, *_NESTED)}
    flat = {name: value for key in _NESTED for name, value in _flattened(key, query.get(key), dataset_id)}
    return {**kept, **flat, "dataset_id": dataset_id}


def _flattened(key: str, values: object, dataset_id: str) -> Iterator[tuple[str, object]]:
    if not values:
        return
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ValueError(f"has {key} that is no list of mappings")
    try:
        for value in values[:1] if key == _BOXES else values:
            yield from _fields(key, value, dataset_id)
    except KeyError as missing:
        raise ValueError(f"has {key} without {missing.args[0]}") from None


def _fields(key: str, value: Mapping[str, object], dataset_id: str) -> Iterator[tuple[str, object]]:
    if key == _BOXES:
        yield "bbox", value["bbox"]
    elif key == _RANGES:
        first, last = _ends(dataset_id, value)
        yield first, value["start"]
        yield last, value["end"]
    else:
        yield str(value["name"]), value["value"]


def ends_of(dataset_id: str) -> tuple[str, str] | None:
    """Return how a dataset calls the two ends of its time range, None where nobody knows."""
    return next(((first, last) for beginning, first, last in _ENDS if dataset_id.startswith(beginning)), None)


def _ends(dataset_id: str, value: Mapping[str, object]) -> tuple[str, str]:
    name = str(value["name"]).lower()
    return ends_of(dataset_id) or (f"{name}_start", f"{name}_end")
