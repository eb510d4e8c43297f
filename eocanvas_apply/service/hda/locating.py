"""Finding one product again: no search of the HDA takes a product's id, but names hold the times of sensing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from eocanvas_apply.service.hda.search_request import ends_of

MOST = 1000
_STAMP = re.compile(r"(?<!\d)(\d{8}T\d{6})(?!\d)")
# A second stamp that is later than this is when the product was made, not when its sensing ended.
_LONGEST_SENSING = timedelta(hours=3)
_MARGIN = timedelta(seconds=2)


def query_for(dataset_id: str, product_id: str) -> dict[str, object] | None:
    """Return a search that finds the products sensed when this one was; None where its name does not tell."""
    moments = [found for text in _STAMP.findall(product_id) if (found := _moment(text))]
    ends = ends_of(dataset_id)
    if not moments or ends is None:
        return None
    begin = moments[0]
    end = moments[1] if len(moments) > 1 and begin <= moments[1] <= begin + _LONGEST_SENSING else begin
    first, last = ends
    return {"dataset_id": dataset_id, first: _text(begin - _MARGIN), last: _text(end + _MARGIN)}


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
